// SPDX-License-Identifier: MIT
//
// report.hpp: the rows of a report, in the order in which people read them.
//
// Threads: as the rollup's queries.
// Floor 4.
#ifndef AIAUDIT_ROLLUP_REPORT_HPP
#define AIAUDIT_ROLLUP_REPORT_HPP

#include <aiaudit/rollup/query.hpp>   // report_query, group_names
#include <aiaudit/rollup/totals.hpp>  // totals

#include <cstdint>
#include <memory>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

class rollup;

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
    std::uint64_t row_count = 0;     // of all groups, those that the query left out included
    totals sum{};                    // of all groups
    // Holds the texts of the rows' names; also outlives the rollup.
    std::shared_ptr<void const> texts{};
};

// The same report as the records say, without their corrections.
[[nodiscard]] report as_recorded(report source);

// Precondition: from.ready(query).
[[nodiscard]] report make_report(rollup const& from, report_query const& query);

namespace detail {

// Leaves the rows that the query asks for.
void take_page(report& from, report_query const& query);

}  // namespace detail

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/rollup/report.ipp>
#endif

#endif  // AIAUDIT_ROLLUP_REPORT_HPP
