// SPDX-License-Identifier: MIT
//
// admission_lock.hpp: which processes decide about budgets: several, each in the log's transaction,
// or one alone, from memory.
//
// A file in the ledger's directory, locked by flock: the kernel takes it back from the dead, whose
// forked children do not keep it. Where the file is removed or replaced, another process could lock
// the next one; so it is watched.
// Threads: any. Processes: a forked child leaves its parent's lock alone.
// Floor 6.
#ifndef AIAUDIT_ENGINE_ADMISSION_LOCK_HPP
#define AIAUDIT_ENGINE_ADMISSION_LOCK_HPP

#include <aiaudit/storage/file_watch.hpp>  // file_watch
#include <aiaudit/storage/posix_file.hpp>  // unshared_file

#include <atomic>
#include <mutex>
#include <optional>
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
    ~admission_lock() = default;

    [[nodiscard]] bool taken() const noexcept { return taken_.load(std::memory_order_acquire); }
    // Takes it once, for as long as this lives. Errors: already_open, where a process decides
    // alone, or `alone` and others decide, with their numbers where the system tells them; those of
    // the file system.
    [[nodiscard]] result<void> take(std::string const& directory, bool alone);

    // Whether what was taken still stands at its path; before that, nothing can be wrong. Errors:
    // moved, and from then on always; those of the file system.
    [[nodiscard]] result<void> probe() { return taken() ? watch_.probe() : result<void>{}; }
    // The same, at most once in a tick of the system's clock.
    [[nodiscard]] result<void> probe_now_and_then() {
        return taken() ? watch_.probe_now_and_then() : result<void>{};
    }

private:
    [[nodiscard]] result<void> lock_path(std::string const& directory, bool alone);

    std::atomic<bool> taken_{false};
    std::mutex mutex_{};
    std::optional<unshared_file> file_{};  // under mutex_
    file_watch watch_{};                   // complete once it is taken
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/engine/admission_lock.ipp>
#endif

#endif  // AIAUDIT_ENGINE_ADMISSION_LOCK_HPP
