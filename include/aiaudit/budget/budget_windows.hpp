// SPDX-License-Identifier: MIT
//
// budget_windows.hpp: in which window of a budget an instant lies.
//
// A window has a number that grows with time: of a day the days since 1970, of a month the months
// since then, of a rolling budget the 60th parts of its hours. Calendar windows begin at the first
// instant at which the zone's clock shows their date, as days do everywhere here: they may last
// an hour more or less, and where a clock is put back over midnight they do not begin twice.
// Threads: plain values.
// Floor 4.
#ifndef AIAUDIT_BUDGET_BUDGET_WINDOWS_HPP
#define AIAUDIT_BUDGET_BUDGET_WINDOWS_HPP

#include <aiaudit/budget/budget.hpp>   // budget_window
#include <aiaudit/core/calendar.hpp>   // month_of, first_of_month
#include <aiaudit/core/timestamp.hpp>  // timestamp

#include <algorithm>
#include <cstdint>
#include <limits>
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

// The last day that has begun.
[[nodiscard]] inline civil_day day_begun(time_zone const& zone, std::int64_t seconds) noexcept {
    civil_day day = zone.day_of(timestamp::from_seconds(seconds));
    while (zone.start_seconds(day.plus(1)) <= seconds) day = day.plus(1);
    return day;
}
[[nodiscard]] inline window_span span_numbered(budget_window const& window, std::int64_t number) {
    auto const starts_ns = [&window](civil_day day) {
        return window.zone.start_seconds(day) * nanoseconds_per_second;
    };
    switch (window.period) {
    case budget_period::day: {
        civil_day const day{static_cast<std::int32_t>(number)};
        return {number, starts_ns(day), starts_ns(day.plus(1))};
    }
    case budget_period::month:
        return {number, starts_ns(first_of_month(number)), starts_ns(first_of_month(number + 1))};
    case budget_period::rolling: {
        std::int64_t const part = rolling_part_ns(window.hours);
        return {number, number * part, (number + 1) * part};
    }
    case budget_period::total:
    case budget_period::minute: break;
    }
    return {0, (std::numeric_limits<std::int64_t>::min)(),
            (std::numeric_limits<std::int64_t>::max)()};
}

[[nodiscard]] inline window_span span_of(budget_window const& window, timestamp at) {
    std::int64_t const ns = reckonable_ns(at);
    std::int64_t const seconds = floor_divide(ns, nanoseconds_per_second);
    std::int64_t number = 0;
    switch (window.period) {
    case budget_period::day: number = day_begun(window.zone, seconds).days; break;
    case budget_period::month: number = month_of(day_begun(window.zone, seconds)); break;
    case budget_period::rolling: number = floor_divide(ns, rolling_part_ns(window.hours)); break;
    case budget_period::total:
    case budget_period::minute: break;
    }
    return span_numbered(window, number);
}

// Since when records matter to a budget that is defined at `at`: its window and two before it; none
// for the beginning.
[[nodiscard]] inline std::optional<timestamp> matters_since(budget_window const& window,
                                                            timestamp at) {
    constexpr std::int64_t windows = 3;
    std::int64_t const number = span_of(window, at).number;
    switch (window.period) {
    case budget_period::total: return std::nullopt;
    case budget_period::minute:
        return timestamp{reckonable_ns(at) - windows * 60 * nanoseconds_per_second};
    case budget_period::day:
    case budget_period::month:
        return timestamp{span_numbered(window, number - (windows - 1)).begins_ns};
    case budget_period::rolling: break;
    }
    return timestamp{span_numbered(window, number - windows * rolling_parts).begins_ns};
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_BUDGET_BUDGET_WINDOWS_HPP
