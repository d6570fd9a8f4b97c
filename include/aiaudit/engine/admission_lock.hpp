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
    // alone, or `alone` and others decide, with their numbers where the system tells them; those of
    // the file system.
    [[nodiscard]] result<void> take(std::string const& directory, bool alone);

private:
    std::atomic<bool> taken_{false};
    std::mutex mutex_{};
    file_handle file_{};
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/engine/admission_lock.ipp>
#endif

#endif  // AIAUDIT_ENGINE_ADMISSION_LOCK_HPP
