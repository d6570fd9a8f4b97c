// SPDX-License-Identifier: MIT
//
// admission_lock.hpp: which processes decide about budgets: several, each in the log's transaction,
// or one alone, from memory.
//
// A file in the ledger's directory, locked by flock: the kernel takes it back from the dead.
// Threads: any. Processes: a forked child leaves its parent's lock alone.
// Floor 6.
#ifndef AIAUDIT_ENGINE_ADMISSION_LOCK_HPP
#define AIAUDIT_ENGINE_ADMISSION_LOCK_HPP

#include <aiaudit/storage/posix_file.hpp>  // file_handle

#include <atomic>
#include <mutex>
#include <string>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class admission_lock {
public:
    static constexpr char const* file_name = "admission.lock";

    admission_lock() = default;
    admission_lock(admission_lock const&) = delete;
    admission_lock& operator=(admission_lock const&) = delete;
    // Unlocks rather than closes: a child forked meanwhile holds the same lock open.
    ~admission_lock() {
        if (file_) ::flock(file_.get(), LOCK_UN);
    }

    [[nodiscard]] bool taken() const noexcept { return taken_.load(std::memory_order_acquire); }
    // Takes it once, for as long as this lives. Errors: already_open, where a process decides
    // alone, or `alone` and others decide; those of the file system.
    [[nodiscard]] result<void> take(std::string const& directory, bool alone) {
        std::lock_guard const lock(mutex_);
        if (taken_.load(std::memory_order_relaxed)) return {};
        std::string const path = directory + "/" + file_name;
        auto file = file_handle::open(path, O_RDWR | O_CREAT);
        if (!file) return posix_error(errno, "open", path);
        if (lock_file(file.get(), (alone ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0) {
            if (errno != EWOULDBLOCK) return posix_error(errno, "flock", path);
            return fail(errc::already_open,
                        directory + (alone ? ": other processes decide about its budgets"
                                           : ": another process alone decides about its budgets"));
        }
        file_ = std::move(file);
        taken_.store(true, std::memory_order_release);
        return {};
    }

private:
    std::atomic<bool> taken_{false};
    std::mutex mutex_{};
    file_handle file_{};
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_ENGINE_ADMISSION_LOCK_HPP
