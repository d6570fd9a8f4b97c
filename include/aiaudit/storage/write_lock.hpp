// SPDX-License-Identifier: MIT
//
// write_lock.hpp: whose turn it is to write a ledger, over all threads and processes.
//
// LMDB has a lock of its own, a robust mutex in shared memory. Where several processes wait for it
// and one is killed just when it was woken, the others may sleep for ever: nobody wakes them until
// the next process comes by. The kernel takes a file lock back from the dead and wakes who waits,
// so writers wait for this one, and LMDB's is free whenever one of them asks for it.
// It is a POSIX record lock: it belongs to the process, so that a forked child has none of it, as
// it would of flock and of open file description locks. The process loses it when it closes any
// descriptor on the file; then LMDB's own still keeps writers apart.
// Threads: any. Processes: any; a forked child uses it no more.
// Floor 5.
#ifndef AIAUDIT_STORAGE_WRITE_LOCK_HPP
#define AIAUDIT_STORAGE_WRITE_LOCK_HPP

#include <aiaudit/error.hpp>                  // result
#include <aiaudit/storage/lmdb_registry.hpp>  // one opening a process
#include <aiaudit/storage/posix_file.hpp>     // errors

#include <mutex>
#include <string>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

inline constexpr char const* write_lock_name = "write.lock";

class write_lock {
public:
    write_lock() = default;
    write_lock(write_lock const&) = delete;
    write_lock& operator=(write_lock const&) = delete;

    // Makes the file where it is missing. Called once, before any turn.
    [[nodiscard]] result<void> open(std::string path);

    // For as long as it lives it is the holder's turn. In a forked child it is nobody's, and ends
    // without touching the parent's.
    class turn {
    public:
        turn(turn&& other) noexcept
            : lock_(std::exchange(other.lock_, nullptr)), alone_(std::move(other.alone_)) {}
        turn& operator=(turn&&) = delete;
        ~turn() {
            if (lock_ != nullptr) (void)lock_->set(F_UNLCK, F_SETLK);
        }

    private:
        friend class write_lock;
        turn(write_lock& of, std::unique_lock<std::mutex> alone) noexcept
            : lock_(&of), alone_(std::move(alone)) {}
        write_lock* lock_;
        std::unique_lock<std::mutex> alone_;
    };

    [[nodiscard]] result<turn> wait_for_turn();

private:
    [[nodiscard]] int set(short kind, int command) const noexcept;

    std::string path_{};
    file_claim claim_{};
    file_handle file_{};
    std::mutex mutex_{};  // the lock does not keep the threads of a process apart
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/storage/write_lock.ipp>
#endif

#endif  // AIAUDIT_STORAGE_WRITE_LOCK_HPP
