// SPDX-License-Identifier: MIT
//
// report.hpp: the rows of a report, in the order in which people read them.
//
// Threads: as the rollup's queries.
// Floor 4.
#ifndef AIAUDIT_ROLLUP_REPORT_HPP
#define AIAUDIT_ROLLUP_REPORT_HPP

#include <aiaudit/rollup/rollup.hpp>  // rollup

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v1 {

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

struct report_query {
    report_kind kind = report_kind::daily;
    time_zone zone{};    // whose calendar days
    day_range days{};    // all, by default
    std::string user{};  // for report_kind::user
};

struct report_row {
    civil_day day{};      // daily
    group_names names{};  // the others
    totals sum{};
    // 0 where nothing was timed, and in reports that keep no latencies (all but daily, models and
    // user).
    std::uint64_t p50_ns = 0;
    std::uint64_t p95_ns = 0;
    std::uint64_t p99_ns = 0;
};

struct report {
    report_kind kind = report_kind::daily;
    std::vector<report_row> rows{};  // newest first (daily), else dearest first, then by name
    totals sum{};                    // of all rows
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

[[nodiscard]] inline bool dearer(report_row const& a, report_row const& b) {
    if (a.sum.cost != b.sum.cost) return a.sum.cost > b.sum.cost;
    auto const key = [](report_row const& row) {
        group_names const& n = row.names;
        return std::tie(n.provider, n.model, n.user, n.project, n.key_id, n.status);
    };
    return key(a) < key(b);
}

// Sorts places first and moves each row once: rows are large.
inline void sort_dearest_first(std::vector<report_row>& rows) {
    std::vector<std::size_t> places(rows.size());
    std::iota(places.begin(), places.end(), std::size_t{0});
    std::sort(places.begin(), places.end(),
              [&rows](std::size_t a, std::size_t b) { return dearer(rows[a], rows[b]); });
    std::vector<report_row> sorted;
    sorted.reserve(rows.size());
    for (std::size_t const place : places) sorted.push_back(std::move(rows[place]));
    rows = std::move(sorted);
}

}  // namespace detail

// Precondition: from.knows(query.zone), but for report_kind::user.
[[nodiscard]] inline report make_report(rollup const& from, report_query const& query) {
    report made{query.kind, {}, {}};
    auto const add = [&made](civil_day day, group_names const& names, totals const& sum,
                             latency_sum const& latency) {
        made.sum.add(sum);
        made.rows.push_back({day, names, sum, latency.percentile_ns(50), latency.percentile_ns(95),
                             latency.percentile_ns(99)});
    };
    auto const add_group = [&add](group_names const& names, totals const& sum,
                                  latency_sum const& latency) { add({}, names, sum, latency); };
    if (query.kind == report_kind::daily) {
        from.daily(query.zone, query.days, [&](civil_day day, cell const& value) {
            latency_sum latency;
            latency.add(value.latency);
            add(day, {}, value.sum, latency);
        });
        std::reverse(made.rows.begin(), made.rows.end());
        return made;
    }
    if (query.kind == report_kind::user) {
        from.user(query.zone, query.user, query.days, add_group);
    } else {
        from.groups(query.zone, detail::dimension_of(query.kind), query.days, add_group);
    }
    detail::sort_dearest_first(made.rows);
    return made;
}

}  // namespace v1
}  // namespace aiaudit

#endif  // AIAUDIT_ROLLUP_REPORT_HPP
