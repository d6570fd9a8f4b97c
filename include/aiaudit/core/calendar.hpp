// SPDX-License-Identifier: MIT
//
// calendar.hpp: calendar days, and the instants at which they begin in a time zone.
//
// A time_zone is a plain list of offset changes, so this header needs no zone database;
// timezone/tzdb.hpp fills one from the system's. Days are found by their first instant, which makes
// them safe across changes of clock: a day may last 23 or 25 hours, and begins at the first instant
// that the clock shows that date.
// Threads: plain values.
// Floor 2.
#ifndef AIAUDIT_CORE_CALENDAR_HPP
#define AIAUDIT_CORE_CALENDAR_HPP

#include <aiaudit/core/timestamp.hpp>  // timestamp, digit helpers

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// A date, as days since 1970-01-01 in the proleptic Gregorian calendar.
struct civil_day {
    std::int32_t days = 0;

    friend constexpr auto operator<=>(civil_day, civil_day) noexcept = default;
    [[nodiscard]] constexpr civil_day plus(std::int32_t count) const noexcept {
        return {days + count};
    }

    // "2026-08-15". Errors: bad_time.
    [[nodiscard]] static result<civil_day> parse(std::string_view text);
    [[nodiscard]] std::string to_string() const {
        return timestamp::from_seconds(std::int64_t{days} * seconds_per_day)
            .to_string()
            .substr(0, 10);
    }
};

namespace detail {

// Months since January 1970.
[[nodiscard]] constexpr std::int64_t month_of(civil_day day) noexcept {
    using namespace std::chrono;
    year_month_day const date{sys_days{days{day.days}}};
    return (static_cast<int>(date.year()) - 1970) * std::int64_t{12} +
           static_cast<unsigned>(date.month()) - 1;
}
[[nodiscard]] constexpr civil_day first_of_month(std::int64_t month) noexcept {
    using namespace std::chrono;
    std::int64_t const years = floor_divide(month, 12);
    sys_days const first{year{static_cast<int>(1970 + years)} /
                         std::chrono::month{static_cast<unsigned>(month - years * 12 + 1)} / 1};
    return {static_cast<std::int32_t>(first.time_since_epoch().count())};
}

}  // namespace detail

// Which offset a place's clock has when.
class time_zone {
public:
    struct transition {
        std::int64_t from_seconds = 0;    // since 1970, UTC
        std::int32_t offset_seconds = 0;  // local time minus UTC, from that instant on
        friend constexpr bool operator==(transition, transition) noexcept = default;
    };

    // UTC.
    time_zone() = default;
    // `transitions` ascending; `first_offset_seconds` holds before the first of them.
    time_zone(std::string name, std::int32_t first_offset_seconds,
              std::vector<transition> transitions)
        : name_(std::move(name)),
          first_offset_(first_offset_seconds),
          transitions_(std::move(transitions)) {}

    [[nodiscard]] std::string const& name() const noexcept { return name_; }
    [[nodiscard]] std::int32_t first_offset_seconds() const noexcept { return first_offset_; }
    [[nodiscard]] std::vector<transition> const& transitions() const noexcept {
        return transitions_;
    }
    [[nodiscard]] std::int32_t offset_at(std::int64_t utc_seconds) const noexcept;
    [[nodiscard]] civil_day day_of(timestamp at) const noexcept {
        std::int64_t const local = at.seconds() + offset_at(at.seconds());
        return {static_cast<std::int32_t>(detail::floor_divide(local, seconds_per_day))};
    }
    // The first instant at which the clock shows that day or a later one.
    [[nodiscard]] std::int64_t start_seconds(civil_day day) const noexcept;

private:
    std::string name_ = "UTC";
    std::int32_t first_offset_ = 0;
    std::vector<transition> transitions_{};
};

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/core/calendar.ipp>
#endif

#endif  // AIAUDIT_CORE_CALENDAR_HPP
