// SPDX-License-Identifier: MIT
//
// admission_lock.ipp: the definitions of admission_lock.hpp.
#ifndef AIAUDIT_IMPL_ENGINE_ADMISSION_LOCK_IPP
#define AIAUDIT_IMPL_ENGINE_ADMISSION_LOCK_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/engine/admission_lock.hpp>

#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE result<void> admission_lock::take(std::string const& directory, bool alone) {
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

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ENGINE_ADMISSION_LOCK_IPP
