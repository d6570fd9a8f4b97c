// SPDX-License-Identifier: MIT
//
// process_lock.hpp: that a process opens a directory once, whichever copy of this library in it
// asks: a plugin's own does not see the registry of the program's.
//
// The copies meet at an open file description lock on the directory's marker, on a byte that is the
// process's own. Unlike a POSIX lock it belongs to who opened the file, so that two copies exclude
// each other, and that closing another descriptor on the file does not drop it. Where the marker
// cannot be written, as on a read-only file system, a read lock stands there, and is looked for.
// Threads: any, as its store allows. Processes: do not exclude each other.
// Floor 5.
#ifndef AIAUDIT_STORAGE_PROCESS_LOCK_HPP
#define AIAUDIT_STORAGE_PROCESS_LOCK_HPP

#include <aiaudit/error.hpp>                 // result
#include <aiaudit/storage/posix_file.hpp>    // file_handle
#include <aiaudit/storage/process_mark.hpp>  // process_mark

#include <cstdint>
#include <string>

#include <sys/auxv.h>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class process_lock {
public:
    process_lock() noexcept = default;
    process_lock(process_lock&& other) noexcept = default;
    process_lock& operator=(process_lock&& other) noexcept = default;
    // Unlocks rather than closes: a child forked meanwhile holds the same lock open. In that child
    // it is left alone.
    ~process_lock() {
        if (file_ && !mark_.forked()) (void)set(F_UNLCK);
    }

    // Errors: already_open; those of the file system.
    [[nodiscard]] static result<process_lock> take(std::string const& marker);

private:
    [[nodiscard]] struct flock own_byte(short kind) const noexcept;
    [[nodiscard]] int set(short kind) const noexcept {
        auto const place = own_byte(kind);
        return ::fcntl(file_.get(), F_OFD_SETLK, &place);
    }
    [[nodiscard]] bool has_rival() const noexcept {
        auto place = own_byte(F_WRLCK);
        return ::fcntl(file_.get(), F_OFD_GETLK, &place) == 0 && place.l_type != F_UNLCK;
    }

    file_handle file_{};
    std::uint64_t byte_ = 0;
    process_mark mark_{};
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/storage/process_lock.ipp>
#endif

#endif  // AIAUDIT_STORAGE_PROCESS_LOCK_HPP
