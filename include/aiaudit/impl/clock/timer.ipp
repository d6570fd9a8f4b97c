// SPDX-License-Identifier: MIT
//
// timer.ipp: the definitions of timer.hpp.
#ifndef AIAUDIT_IMPL_CLOCK_TIMER_IPP
#define AIAUDIT_IMPL_CLOCK_TIMER_IPP

#include <aiaudit/clock/timer.hpp>
#include <aiaudit/config.hpp>  // AIAUDIT_INLINE

#include <condition_variable>
#include <mutex>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE void steady_timer::wait_until(steady_time until, std::stop_token const& stop) const {
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    stopped.wait_until(lock, stop, until, [] { return false; });
}

AIAUDIT_INLINE void manual_timer::wait_until(steady_time until,
                                             std::stop_token const& stop) noexcept {
    if (stop.stop_requested()) return;
    std::int64_t const to = std::chrono::nanoseconds{until.time_since_epoch()}.count();
    std::int64_t seen = ns_.load();
    while (seen < to && !ns_.compare_exchange_weak(seen, to)) {
    }
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_CLOCK_TIMER_IPP
