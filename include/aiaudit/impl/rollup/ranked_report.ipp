// SPDX-License-Identifier: MIT
//
// ranked_report.ipp: the definitions of ranked_report.hpp.
#ifndef AIAUDIT_IMPL_ROLLUP_RANKED_REPORT_IPP
#define AIAUDIT_IMPL_ROLLUP_RANKED_REPORT_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/rollup/ranked_report.hpp>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE result<std::size_t> places_of(report_query const& query) {
    if (query.top == 0 && query.offset == 0) return report_rows_max;
    std::size_t const rows = query.top == 0 ? report_rows_max : query.top;
    if (rows > report_rows_max)
        return fail(errc::too_large, "a page has at most " + std::to_string(report_rows_max) +
                                         " rows; ask for fewer");
    if (query.offset > report_places_max - rows)
        return fail(errc::too_large, "rows behind the first " + std::to_string(report_places_max) +
                                         " cannot be asked for by offset; ask for fewer days");
    return query.offset + rows;
}

AIAUDIT_INLINE result<void> check_row_count(report_query const& query, std::uint64_t groups) {
    if (query.top != 0 || groups <= query.offset + std::uint64_t{report_rows_max}) return {};
    return fail(errc::too_large, "the report has " + std::to_string(groups) +
                                     " rows; ask for the dearest of them (top, offset)");
}

AIAUDIT_INLINE report report_of(report_query const& query, group_ranking const& ranking,
                                std::vector<gathered_row> const& rows,
                                std::vector<std::size_t> const& places, totals const& sum) {
    dimension const by = dimension_of(query.kind);
    auto texts = std::make_shared<std::deque<held_name>>();
    report made{query.kind, std::vector<report_row>(rows.size()), ranking.group_count(), sum, {}};
    for (std::size_t i = 0; i < rows.size(); ++i) {
        report_row& row = made.rows[places[i] - query.offset];
        texts->push_back(ranking.dearest()[places[i]].name);
        row.names = row_names(by, texts->back().view());
        row.sum = rows[i].sum;
        if (!keeps_latency(by) || rows[i].latency.empty()) continue;
        std::uint64_t before = 0;
        std::vector<std::uint64_t> up_to;
        for (std::uint32_t bucket = 0; bucket < latency_histogram::bucket_count; ++bucket)
            up_to.push_back(before += rows[i].latency[bucket]);
        auto const percentiles =
            percentiles_of([&up_to](std::uint32_t bucket) { return up_to[bucket]; });
        row.p50_ns = percentiles.ns[0];
        row.p95_ns = percentiles.ns[1];
        row.p99_ns = percentiles.ns[2];
    }
    made.texts = std::move(texts);
    if (!query.as_recorded) return made;
    made.sum = made.sum.as_recorded();
    for (report_row& row : made.rows) row.sum = row.sum.as_recorded();
    return made;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ROLLUP_RANKED_REPORT_IPP
