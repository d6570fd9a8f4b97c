// SPDX-License-Identifier: MIT
//
// calendar.ipp: the definitions of calendar.hpp.
#ifndef AIAUDIT_IMPL_CORE_CALENDAR_IPP
#define AIAUDIT_IMPL_CORE_CALENDAR_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/core/calendar.hpp>

#include <algorithm>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE result<civil_day> civil_day::parse(std::string_view text) {
    if (text.size() != 10)
        return fail(errc::bad_time, "not a date: '" + std::string(text.substr(0, 40)) + "'");
    auto const at = timestamp::parse(text);
    if (!at) return at.error();
    return civil_day{
        static_cast<std::int32_t>(detail::floor_divide(at->seconds(), seconds_per_day))};
}

AIAUDIT_INLINE std::int32_t time_zone::offset_at(std::int64_t utc_seconds) const noexcept {
    auto const next = std::upper_bound(transitions_.begin(), transitions_.end(), utc_seconds,
                                       [](std::int64_t seconds, transition const& change) {
                                           return seconds < change.from_seconds;
                                       });
    return next == transitions_.begin() ? first_offset_ : std::prev(next)->offset_seconds;
}

AIAUDIT_INLINE std::int64_t time_zone::start_seconds(civil_day day) const noexcept {
    std::int64_t const midnight = std::int64_t{day.days} * seconds_per_day;
    // Offsets lie within a day of zero, so only changes near midnight matter. Walk the stretches of
    // constant offset that can show this midnight, earliest first, and take the first instant at
    // which the local time has reached it.
    auto next =
        std::upper_bound(transitions_.begin(), transitions_.end(), midnight - seconds_per_day,
                         [](std::int64_t seconds, transition const& change) {
                             return seconds < change.from_seconds;
                         });
    std::int32_t offset =
        next == transitions_.begin() ? first_offset_ : std::prev(next)->offset_seconds;
    std::int64_t stretch_start = midnight - 2 * seconds_per_day;
    for (;; ++next) {
        std::int64_t const candidate = (std::max)(stretch_start, midnight - offset);
        if (next == transitions_.end() || candidate < next->from_seconds) return candidate;
        stretch_start = next->from_seconds;
        offset = next->offset_seconds;
    }
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_CORE_CALENDAR_IPP
