// SPDX-License-Identifier: MIT
//
// clock.hpp: where the ledger takes the time from.
//
// Threads: now() may be called from any thread at once.
// Floor 5.
#ifndef AIAUDIT_CLOCK_CLOCK_HPP
#define AIAUDIT_CLOCK_CLOCK_HPP

#include <aiaudit/core/timestamp.hpp>  // timestamp

#include <atomic>
#include <chrono>
#include <concepts>

namespace aiaudit {
inline namespace v0_1_0 {

// Tells the time of day. It may step back; the log's order is its sequence, not its times.
template <class Clock>
concept clock_policy = std::default_initializable<Clock> && requires(Clock const& clock) {
    { clock.now() }
    noexcept->std::same_as<timestamp>;
};

struct system_clock {
    [[nodiscard]] timestamp now() const noexcept {
        auto const since_epoch = std::chrono::system_clock::now().time_since_epoch();
        return {std::chrono::duration_cast<std::chrono::nanoseconds>(since_epoch).count()};
    }
};
static_assert(clock_policy<system_clock>);

// A clock that stands still until it is set: for tests, demonstrations and replays.
class manual_clock {
public:
    manual_clock() = default;
    [[nodiscard]] timestamp now() const noexcept { return {ns_.load(std::memory_order_relaxed)}; }
    void set(timestamp to) noexcept { ns_.store(to.ns, std::memory_order_relaxed); }

private:
    std::atomic<std::int64_t> ns_{0};
};
static_assert(clock_policy<manual_clock>);

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_CLOCK_CLOCK_HPP
