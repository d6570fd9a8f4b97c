// SPDX-License-Identifier: MIT
//
// timer.hpp: how long something took, and how to wait: time that never steps back.
//
// Threads: all members may be called from any thread at once.
// Floor 5.
#ifndef AIAUDIT_CLOCK_TIMER_HPP
#define AIAUDIT_CLOCK_TIMER_HPP

#include <aiaudit/core/timestamp.hpp>  // steady_time

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <stop_token>

namespace aiaudit {
inline namespace v0_1_0 {

// Tells steady time and waits for it. wait_until() returns at the time or as soon as the token is
// stopped, whichever is first.
template <class Timer>
concept timer_policy = std::default_initializable<Timer> &&
    requires(Timer& timer, steady_time until, std::stop_token stop) {
    { timer.now() }
    noexcept->std::same_as<steady_time>;
    { timer.wait_until(until, stop) } -> std::same_as<void>;
};

struct steady_timer {
    [[nodiscard]] steady_time now() const noexcept { return std::chrono::steady_clock::now(); }
    void wait_until(steady_time until, std::stop_token const& stop) const;
};
static_assert(timer_policy<steady_timer>);

// A timer whose waits take no time: each sets it to the time that was waited for. For tests.
class manual_timer {
public:
    [[nodiscard]] steady_time now() const noexcept {
        return steady_time{std::chrono::nanoseconds{ns_.load()}};
    }
    void advance(std::chrono::nanoseconds by) noexcept { ns_ += by.count(); }
    void wait_until(steady_time until, std::stop_token const& stop) noexcept;

private:
    std::atomic<std::int64_t> ns_{0};
};
static_assert(timer_policy<manual_timer>);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/clock/timer.ipp>
#endif

#endif  // AIAUDIT_CLOCK_TIMER_HPP
