// SPDX-License-Identifier: MIT
//
// query.hpp: what a report may be asked for.
//
// Threads: plain values.
// Floor 4.
#ifndef AIAUDIT_ROLLUP_QUERY_HPP
#define AIAUDIT_ROLLUP_QUERY_HPP

#include <aiaudit/core/calendar.hpp>  // civil_day, time_zone

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

// By what a report adds up. Stored in day parts: a number is never changed or used again.
enum class dimension : std::uint8_t { everything, model, user, project, key, provider, status };
inline constexpr std::size_t dimension_count = 7;

// A span of calendar days, both ends included.
struct day_range {
    civil_day first{(std::numeric_limits<std::int32_t>::min)()};
    civil_day last{(std::numeric_limits<std::int32_t>::max)()};

    [[nodiscard]] constexpr bool holds(civil_day day) const noexcept {
        return first <= day && day <= last;
    }
    friend constexpr bool operator==(day_range, day_range) noexcept = default;
};

enum class report_kind : std::uint8_t {
    daily,
    models,
    users,
    user,
    projects,
    keys,
    providers,
    statuses
};

[[nodiscard]] constexpr std::string_view name_of(report_kind kind) noexcept {
    constexpr std::array<std::string_view, 8> names{"daily",    "models", "users",     "user",
                                                    "projects", "keys",   "providers", "statuses"};
    return names[static_cast<std::size_t>(kind)];
}
[[nodiscard]] constexpr std::optional<report_kind> report_named(std::string_view name) noexcept {
    for (int i = 0; i < 8; ++i) {
        if (name_of(static_cast<report_kind>(i)) == name) return static_cast<report_kind>(i);
    }
    return std::nullopt;
}

// Memory for sums of past days (rollup.hpp).
struct rollup_options {
    std::uint64_t memory_bytes = std::uint64_t{128} << 20;
};

// The most rows of one report. Of more groups than that, ask for the dearest (`top`, `offset`).
inline constexpr std::size_t report_rows_max = std::size_t{1} << 18;
// How far `offset` and `top` reach together where there are more than some thousands of groups.
inline constexpr std::size_t report_places_max = std::size_t{1} << 20;

struct report_query {
    report_kind kind = report_kind::daily;
    time_zone zone{};    // whose calendar days
    day_range days{};    // all, by default
    std::string user{};  // for report_kind::user
    // Which rows, in the report's order: at most `top` (0: all) behind the first `offset`. The
    // report's sum is of all groups.
    std::size_t top = 0;
    std::size_t offset = 0;
    // As the records say, without their corrections (as_recorded()); also where rows are ordered.
    bool as_recorded = false;
};

// The names that a group of a report stands for; only those of its dimension are filled.
struct group_names {
    std::string_view user{};
    std::string_view project{};
    std::string_view key_id{};
    std::string_view provider{};
    std::string_view model{};
    std::string_view status{};
};

namespace detail {

[[nodiscard]] constexpr dimension dimension_of(report_kind kind) noexcept {
    switch (kind) {
    case report_kind::daily: return dimension::everything;
    case report_kind::models:
    case report_kind::user: return dimension::model;
    case report_kind::users: return dimension::user;
    case report_kind::projects: return dimension::project;
    case report_kind::keys: return dimension::key;
    case report_kind::providers: return dimension::provider;
    case report_kind::statuses: return dimension::status;
    }
    return dimension::everything;
}

[[nodiscard]] constexpr std::size_t index_of(dimension by) noexcept {
    return static_cast<std::size_t>(by);
}
// Latencies are kept for everything and by model; other dimensions have none.
[[nodiscard]] constexpr bool keeps_latency(dimension by) noexcept {
    return by == dimension::everything || by == dimension::model;
}

inline constexpr std::int64_t slot_seconds = 900;
inline constexpr std::int64_t slots_per_day = seconds_per_day / slot_seconds;

// A quarter of an hour of UTC, counted from 1970.
[[nodiscard]] constexpr std::int64_t slot_of(timestamp at) noexcept {
    return floor_divide(at.seconds(), slot_seconds);
}
[[nodiscard]] constexpr civil_day utc_day_of_slot(std::int64_t slot) noexcept {
    return {static_cast<std::int32_t>(floor_divide(slot, slots_per_day))};
}
[[nodiscard]] constexpr std::int64_t first_slot_of(civil_day utc_day) noexcept {
    return std::int64_t{utc_day.days} * slots_per_day;
}
// A slot counts whole with the day that it begins in.
[[nodiscard]] inline civil_day day_of_slot(time_zone const& zone, std::int64_t slot) noexcept {
    return zone.day_of(timestamp::from_seconds(slot * slot_seconds));
}

// Which of a UTC day's slots count with those days of the zone.
enum class day_overlap : std::uint8_t { none, part, whole };
[[nodiscard]] day_overlap overlap_of(time_zone const& zone, civil_day utc_day,
                                     day_range days) noexcept;

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/rollup/query.ipp>
#endif

#endif  // AIAUDIT_ROLLUP_QUERY_HPP
