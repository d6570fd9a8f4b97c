// SPDX-License-Identifier: MIT
//
// budget_windows.hpp: in which window of a budget an instant lies.
//
// A window has a number that grows with time: of a day the days since 1970, of a week, a month, a
// quarter or a year as many of them since its anchor of then, of a rolling budget the 60th parts of
// its hours. Calendar windows begin at the first
// instant at which the zone's clock shows their date, as days do everywhere here: they may last
// an hour more or less, and where a clock is put back over midnight they do not begin twice.
// Threads: plain values.
// Floor 4.
#ifndef AIAUDIT_BUDGET_BUDGET_WINDOWS_HPP
#define AIAUDIT_BUDGET_BUDGET_WINDOWS_HPP

#include <aiaudit/budget/budget.hpp>   // budget_window
#include <aiaudit/core/timestamp.hpp>  // timestamp

#include <algorithm>
#include <cstdint>
#include <optional>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// How many parts a rolling window has. One counts until all of it is out, so a part more is looked
// at than the window has.
inline constexpr std::int64_t rolling_parts = 60;

// A stretch of time and its number.
struct window_span {
    std::int64_t number = 0;
    std::int64_t begins_ns = 0;
    std::int64_t ends_ns = 0;  // the first instant after it; equal where there is no such window
    [[nodiscard]] constexpr bool holds(std::int64_t ns) const noexcept {
        return begins_ns <= ns && ns < ends_ns;
    }
};

// An instant so far from the ends of time (1687 to 2252) that any window around it can be reckoned.
[[nodiscard]] constexpr std::int64_t reckonable_ns(timestamp at) noexcept {
    constexpr std::int64_t most = 8'900'000'000'000'000'000;
    return std::clamp(at.ns, -most, most);
}

[[nodiscard]] constexpr std::int64_t rolling_part_ns(std::uint32_t hours) noexcept {
    // An hour has 60 minutes, so the 60th part of some hours has as many minutes.
    return std::int64_t{hours} * 60 * nanoseconds_per_second;
}

[[nodiscard]] window_span span_numbered(budget_window const& window, std::int64_t number);

[[nodiscard]] window_span span_of(budget_window const& window, timestamp at);

// Since when records matter to a budget that is defined at `at`: its window and two before it; none
// for the beginning.
[[nodiscard]] std::optional<timestamp> matters_since(budget_window const& window, timestamp at);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/budget/budget_windows.ipp>
#endif

#endif  // AIAUDIT_BUDGET_BUDGET_WINDOWS_HPP
