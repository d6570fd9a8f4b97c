// SPDX-License-Identifier: MIT
//
// posix_file.hpp: the few file operations that making and checking a ledger directory needs.
//
// Threads: functions without state; a file_handle belongs to one thread at a time.
// Floor 5.
#ifndef AIAUDIT_STORAGE_POSIX_FILE_HPP
#define AIAUDIT_STORAGE_POSIX_FILE_HPP

#include <aiaudit/error.hpp>  // result

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class file_handle {
public:
    file_handle() noexcept = default;
    explicit file_handle(int descriptor) noexcept : descriptor_(descriptor) {}
    file_handle(file_handle&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    file_handle& operator=(file_handle&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    ~file_handle() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    [[nodiscard]] explicit operator bool() const noexcept { return descriptor_ >= 0; }
    [[nodiscard]] int get() const noexcept { return descriptor_; }

    // -1 in it (and errno) on failure. Never inherited by a program that is executed.
    [[nodiscard]] static file_handle open(std::string const& path, int flags,
                                          mode_t mode = 0600) noexcept;

private:
    int descriptor_ = -1;
};

// What a file is, whatever its name: its device and its inode.
using file_id = std::pair<dev_t, ino_t>;

[[nodiscard]] inline std::string text_of_errno(int number) {
    return std::generic_category().message(number);
}

// What a failed system call on `path` means. `call` names it in the text.
[[nodiscard]] error posix_error(int number, std::string_view call, std::string const& path);

// Errors: those of stat().
[[nodiscard]] result<file_id> file_at(std::string const& path);
// The same of an open file; `path` is for the text.
[[nodiscard]] result<file_id> file_of(int descriptor, std::string const& path);

// Seen from the root, by where the process is now.
[[nodiscard]] result<std::string> absolute_path(std::string const& path);

// Whether the file system at `path` can be written, and has so many bytes free for this user.
// Errors: read_only, disk_full; those of statvfs().
[[nodiscard]] result<void> check_room(std::string const& path, std::uint64_t bytes);

// Makes the entries of a directory durable: a rename is not before this.
[[nodiscard]] result<void> sync_path(std::string const& path);

// A file with these bytes, durable, but for its entry in the directory.
[[nodiscard]] result<void> write_file(std::string const& path, std::string_view bytes);

// Puts these bytes in the place of a file, durable: whole, or the old file stays. They are written
// beside it first, under its name with ".new" behind it. `owner` is whom the file is given to, if
// it is another.
[[nodiscard]] result<void> replace_file(std::string const& path, std::string_view bytes,
                                        std::optional<uid_t> owner = {});

// Disk blocks for at least the first `bytes` of a file, which is made where it is missing: a map of
// a file without them dies of SIGBUS when it is written to and the disk is full. The size stays as
// it is. A file system that cannot do this is left to its own ways.
[[nodiscard]] result<void> reserve_blocks(std::string const& path, std::uint64_t bytes);

// Fills `to` from `offset`; how many bytes there were before the end of the file. -1: errno.
[[nodiscard]] std::int64_t read_at(int descriptor, char* to, std::size_t size,
                                   std::uint64_t offset) noexcept;

// flock(), where no signal ends the wait.
[[nodiscard]] int lock_file(int descriptor, int how) noexcept;

// A file that is locked by flock(), of this process alone: a child that is forked meanwhile would
// have the same lock open, and keep it when its parent is killed. A handler of fork() closes it
// there. Unlocked when it is destroyed.
class unshared_file {
public:
    // -1 in it (and errno) on failure, as file_handle::open().
    unshared_file(std::string const& path, int flags) noexcept;
    unshared_file(unshared_file const&) = delete;
    unshared_file& operator=(unshared_file const&) = delete;
    ~unshared_file();
    [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(file_); }
    [[nodiscard]] int get() const noexcept { return file_.get(); }

private:
    friend class unshared_file_list;
    file_handle file_{};
    unshared_file* before_ = nullptr;  // in the list of the process
    unshared_file* after_ = nullptr;
};

// Held from when it is made until it is destroyed, or its process dies; others of any thread or
// process wait. For the few system calls of making a directory, or opening what is in it.
class directory_lock {
public:
    explicit directory_lock(std::string const& path) noexcept
        : directory_(path, O_RDONLY | O_DIRECTORY),
          held_(directory_ && lock_file(directory_.get(), LOCK_EX) == 0) {}
    [[nodiscard]] bool held() const noexcept { return held_; }

private:
    unshared_file directory_;
    bool held_;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/storage/posix_file.ipp>
#endif

#endif  // AIAUDIT_STORAGE_POSIX_FILE_HPP
