// SPDX-License-Identifier: MIT
//
// budget_windows.ipp: the definitions of budget_windows.hpp.
#ifndef AIAUDIT_IMPL_BUDGET_BUDGET_WINDOWS_IPP
#define AIAUDIT_IMPL_BUDGET_BUDGET_WINDOWS_IPP

#include <aiaudit/budget/budget_windows.hpp>
#include <aiaudit/config.hpp>         // AIAUDIT_INLINE
#include <aiaudit/core/calendar.hpp>  // month_of, first_of_month

#include <limits>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// The last day that has begun.
AIAUDIT_INLINE civil_day day_begun(time_zone const& zone, std::int64_t seconds) noexcept {
    civil_day day = zone.day_of(timestamp::from_seconds(seconds));
    while (zone.start_seconds(day.plus(1)) <= seconds) day = day.plus(1);
    return day;
}

// How many months a window has; 0: it is none of months.
[[nodiscard]] constexpr std::int64_t months_of(budget_period period) noexcept {
    switch (period) {
    case budget_period::month: return 1;
    case budget_period::quarter: return 3;
    case budget_period::year: return 12;
    default: return 0;
    }
}

// How many months after January, and days after the first, windows of months begin.
struct month_anchor {
    std::int64_t months = 0;
    std::int32_t days = 0;
};
[[nodiscard]] constexpr month_anchor anchor_of(budget_window const& window) noexcept {
    if (window.anchor == 0) return {};
    auto const anchor = static_cast<std::int32_t>(window.anchor);
    if (window.period == budget_period::month) return {0, anchor - 1};
    return {anchor / 100 - 1, anchor % 100 - 1};
}

// The day on which a window of the calendar begins. 1970 began on a Thursday.
AIAUDIT_INLINE civil_day first_day(budget_window const& window, std::int64_t number) noexcept {
    if (window.period == budget_period::day) return {static_cast<std::int32_t>(number)};
    if (window.period == budget_period::week)
        return {static_cast<std::int32_t>(number * 7 - 3 + window.anchor)};
    auto const [months, days] = anchor_of(window);
    return first_of_month(number * months_of(window.period) + months).plus(days);
}

AIAUDIT_INLINE std::int64_t number_of_day(budget_window const& window, civil_day day) noexcept {
    if (window.period == budget_period::day) return day.days;
    if (window.period == budget_period::week)
        return floor_divide(std::int64_t{day.days} + 3 - window.anchor, 7);
    auto const [months, days] = anchor_of(window);
    return floor_divide(month_of(day.plus(-days)) - months, months_of(window.period));
}

AIAUDIT_INLINE window_span span_numbered(budget_window const& window, std::int64_t number) {
    auto const starts_ns = [&window](civil_day day) {
        return window.zone.start_seconds(day) * nanoseconds_per_second;
    };
    switch (window.period) {
    case budget_period::day:
    case budget_period::week:
    case budget_period::month:
    case budget_period::quarter:
    case budget_period::year:
        return {number, starts_ns(first_day(window, number)),
                starts_ns(first_day(window, number + 1))};
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

AIAUDIT_INLINE window_span span_of(budget_window const& window, timestamp at) {
    std::int64_t const ns = reckonable_ns(at);
    std::int64_t const seconds = floor_divide(ns, nanoseconds_per_second);
    std::int64_t number = 0;
    switch (window.period) {
    case budget_period::day:
    case budget_period::week:
    case budget_period::month:
    case budget_period::quarter:
    case budget_period::year:
        number = number_of_day(window, day_begun(window.zone, seconds));
        break;
    case budget_period::rolling: number = floor_divide(ns, rolling_part_ns(window.hours)); break;
    case budget_period::total:
    case budget_period::minute: break;
    }
    return span_numbered(window, number);
}

AIAUDIT_INLINE std::optional<timestamp> matters_since(budget_window const& window, timestamp at) {
    constexpr std::int64_t windows = 3;
    std::int64_t const number = span_of(window, at).number;
    switch (window.period) {
    case budget_period::total: return std::nullopt;
    case budget_period::minute:
        return timestamp{reckonable_ns(at) - windows * 60 * nanoseconds_per_second};
    case budget_period::day:
    case budget_period::week:
    case budget_period::month:
    case budget_period::quarter:
    case budget_period::year:
        return timestamp{span_numbered(window, number - (windows - 1)).begins_ns};
    case budget_period::rolling: break;
    }
    return timestamp{span_numbered(window, number - windows * rolling_parts).begins_ns};
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_BUDGET_BUDGET_WINDOWS_IPP
