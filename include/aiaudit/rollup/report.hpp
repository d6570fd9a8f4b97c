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
#include <cstdint>
#include <memory>
#include <tuple>
#include <vector>

namespace aiaudit {
inline namespace v1 {

struct report_row {
    civil_day day{};      // daily
    group_names names{};  // the others; the texts live as long as the report or a copy of it
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
    // Holds the texts of the rows' names; also outlives the rollup.
    std::shared_ptr<void const> texts{};
};

namespace detail {

struct priced_group {
    int128 cost = 0;
    std::uint32_t group = 0;
};

// The groups with records in these days, dearest first, then by name.
[[nodiscard]] inline std::vector<priced_group> dearest_first(rollup const& from, dimension by,
                                                             span_sums const& sums) {
    std::vector<priced_group> order;
    std::size_t const count = sums.group_count();
    order.reserve(count);
    for (std::size_t group = 0; group < count; ++group) {
        if (sums.attempts(group) != 0)
            order.push_back({sums.cost(group).pico(), static_cast<std::uint32_t>(group)});
    }
    auto const key = [](group_names const& n) {
        return std::tie(n.provider, n.model, n.user, n.project, n.key_id, n.status);
    };
    std::sort(order.begin(), order.end(), [&](priced_group const& a, priced_group const& b) {
        if (a.cost != b.cost) return a.cost > b.cost;
        group_names const left = from.names_of(by, a.group);
        group_names const right = from.names_of(by, b.group);
        return key(left) < key(right);
    });
    return order;
}

}  // namespace detail

// Precondition: from.ready(query).
[[nodiscard]] inline report make_report(rollup const& from, report_query const& query) {
    AIAUDIT_ASSERT(from.ready(query));
    report made{query.kind, {}, {}, from.texts()};
    auto const set_percentiles = [](report_row& row, latency_percentiles const& latency) {
        row.p50_ns = latency.ns[0];
        row.p95_ns = latency.ns[1];
        row.p99_ns = latency.ns[2];
    };
    if (query.kind == report_kind::daily) {
        from.for_each_day(
            query, [&](civil_day day, totals const& sum, latency_percentiles const& latency) {
                made.sum.add(sum);
                report_row& row = made.rows.emplace_back();
                row.day = day;
                row.sum = sum;
                set_percentiles(row, latency);
            });
        return made;
    }
    from.with_groups(query, [&](detail::span_sums const& sums) {
        dimension const by = detail::dimension_of(query.kind);
        auto const order = detail::dearest_first(from, by, sums);
        made.rows.reserve(order.size());
        for (detail::priced_group const& each : order) {
            report_row& row = made.rows.emplace_back();
            row.names = from.names_of(by, each.group);
            sums.read(each.group, row.sum);
            if (detail::keeps_latency(by)) set_percentiles(row, sums.percentiles(each.group));
            made.sum.add(row.sum);
        }
    });
    return made;
}

}  // namespace v1
}  // namespace aiaudit

#endif  // AIAUDIT_ROLLUP_REPORT_HPP
