// SPDX-License-Identifier: MIT
//
// ranked_report.hpp: the rows of a report whose dimension has more groups than are kept in memory.
//
// The parts are read twice at least: for which groups cost the most, then for all numbers of these.
// Threads: one thread.
// Floor 4.
#ifndef AIAUDIT_ROLLUP_RANKED_REPORT_HPP
#define AIAUDIT_ROLLUP_RANKED_REPORT_HPP

#include <aiaudit/error.hpp>                 // result
#include <aiaudit/rollup/group_ranking.hpp>  // group_ranking
#include <aiaudit/rollup/group_reader.hpp>   // group_reader
#include <aiaudit/rollup/report.hpp>         // report

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// How many of the dearest groups the query needs. Errors: too_large.
[[nodiscard]] result<std::size_t> places_of(report_query const& query);
// Errors: too_large, where the query asks for all rows and there are too many.
[[nodiscard]] result<void> check_row_count(report_query const& query, std::uint64_t groups);

// The sum of a row, and its durations.
struct gathered_row {
    totals sum{};
    dense_histogram latency{};
};
// Rows for the ranked groups behind the query's offset, in their order; the texts are the report's
// own. `rows` are by the groups' names, ascending, at `places`.
[[nodiscard]] report report_of(report_query const& query, group_ranking const& ranking,
                               std::vector<gathered_row> const& rows,
                               std::vector<std::size_t> const& places, totals const& sum);

// Reads nothing beside a group_reader.
struct no_base {
    template <class Visitor, class Settle>
    [[nodiscard]] result<void> read_costs(Visitor&&, Settle&&) const {
        return {};
    }
    template <class Visitor>
    [[nodiscard]] result<void> read_some(std::span<group_name const>, Visitor&&) const {
        return {};
    }
};

// `base` reads, as the reader does, sums that the reader leaves out, each group once. `sum`: of all
// groups. `memory_bytes`: what gathering may take. Errors: those of the readers; too_large.
template <class Reader, class Base>
[[nodiscard]] result<report> make_ranked_report(report_query const& query, Reader reader,
                                                Base const& base, std::uint64_t memory_bytes,
                                                totals const& sum) {
    auto const places = places_of(query);
    if (!places) return places.error();
    group_ranking ranking(*places, memory_bytes);
    auto const cost_of = [&query](totals const& part) {
        return query.as_recorded ? part.as_recorded().cost : part.cost;
    };
    auto const costs_of = [&cost_of](auto& from) {
        return [&](auto&& add, auto&& settle) {
            return from.read_costs(
                [&](group_name name, totals const& part) {
                    add(name, part.attempts, cost_of(part));
                },
                settle);
        };
    };
    auto const ranked = ranking.rank(costs_of(reader), costs_of(base));
    if (!ranked) return ranked.error();
    if (auto ok = check_row_count(query, ranking.group_count()); !ok) return ok.error();

    // The rows' groups by name, and where the ranking has them.
    auto const& dearest = ranking.dearest();
    std::vector<std::size_t> order;
    for (std::size_t i = query.offset; i < dearest.size(); ++i) order.push_back(i);
    std::sort(order.begin(), order.end(), [&dearest](std::size_t a, std::size_t b) {
        return dearest[a].name.view() < dearest[b].name.view();
    });
    std::vector<group_name> wanted;
    wanted.reserve(order.size());
    for (std::size_t const place : order) wanted.push_back(dearest[place].name.view());
    std::vector<gathered_row> rows(wanted.size());
    auto const add = [&rows](std::size_t place, totals const& part,
                             latency_histogram const& latency) {
        wrapping_add(rows[place].sum, part);
        for (auto const& e : latency.entries()) rows[place].latency.add(e.bucket, e.count);
    };
    if (auto const read = reader.read_some(wanted, add); !read) return read.error();
    if (auto const read = base.read_some(wanted, add); !read) return read.error();
    return report_of(query, ranking, rows, order, sum);
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/rollup/ranked_report.ipp>
#endif

#endif  // AIAUDIT_ROLLUP_RANKED_REPORT_HPP
