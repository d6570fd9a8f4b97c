// SPDX-License-Identifier: MIT
//
// report.ipp: the definitions of report.hpp.
#ifndef AIAUDIT_IMPL_ROLLUP_REPORT_IPP
#define AIAUDIT_IMPL_ROLLUP_REPORT_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/rollup/report.hpp>
#include <aiaudit/rollup/rollup.hpp>  // rollup

#include <algorithm>
#include <array>
#include <iterator>
#include <tuple>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

struct priced_group {
    int128 cost = 0;
    std::uint32_t group = 0;
    std::uint32_t rank = 0;  // how far the cost is below the highest, in 65,536 steps
};

// By rank, in two passes that count: costs are nearly all of different ranks.
AIAUDIT_INLINE void order_by_rank(std::vector<priced_group>& groups) {
    std::vector<priced_group> to(groups.size());
    for (unsigned const shift : {0U, 8U}) {
        std::array<std::uint32_t, 257> next{};
        for (priced_group const& each : groups) ++next[(each.rank >> shift & 0xFF) + 1];
        for (std::size_t i = 1; i < next.size(); ++i) next[i] += next[i - 1];
        for (priced_group const& each : groups) to[next[each.rank >> shift & 0xFF]++] = each;
        groups.swap(to);
    }
}

// The groups with records in these days, dearest first, then by name.
AIAUDIT_INLINE std::vector<priced_group> dearest_first(rollup const& from, dimension by,
                                                       span_sums const& sums) {
    std::vector<priced_group> order;
    std::size_t const count = sums.group_count();
    order.reserve(count);
    int128 lowest = 0;
    int128 highest = 0;
    for (std::size_t group = 0; group < count; ++group) {
        if (sums.attempts(group) == 0) continue;
        int128 const cost = sums.cost(group).pico();
        lowest = order.empty() ? cost : (std::min)(lowest, cost);
        highest = order.empty() ? cost : (std::max)(highest, cost);
        order.push_back({cost, static_cast<std::uint32_t>(group), 0});
    }
    auto const span = static_cast<uint128>(highest) - static_cast<uint128>(lowest);
    unsigned shift = 0;
    while (span >> shift >> 16 != 0) ++shift;
    for (priced_group& each : order) {
        each.rank = static_cast<std::uint32_t>(
            (static_cast<uint128>(highest) - static_cast<uint128>(each.cost)) >> shift);
    }
    order_by_rank(order);
    auto const key = [](group_names const& n) {
        return std::tie(n.provider, n.model, n.user, n.project, n.key_id, n.status);
    };
    auto const before = [&](priced_group const& a, priced_group const& b) {
        if (a.cost != b.cost) return a.cost > b.cost;
        group_names const left = from.names_of(by, a.group);
        group_names const right = from.names_of(by, b.group);
        return key(left) < key(right);
    };
    for (auto begin = order.begin(); begin != order.end();) {
        auto end = std::next(begin);
        while (end != order.end() && end->rank == begin->rank) ++end;
        if (end - begin > 1) std::sort(begin, end, before);
        begin = end;
    }
    return order;
}

}  // namespace detail

AIAUDIT_INLINE report as_recorded(report source) {
    source.sum = source.sum.as_recorded();
    for (report_row& row : source.rows) row.sum = row.sum.as_recorded();
    if (source.kind == report_kind::daily) return source;
    std::stable_sort(
        source.rows.begin(), source.rows.end(),
        [](report_row const& a, report_row const& b) { return a.sum.cost > b.sum.cost; });
    return source;
}

namespace detail {

AIAUDIT_INLINE void take_page(report& from, report_query const& query) {
    from.row_count = from.rows.size();
    if (query.as_recorded) from = as_recorded(std::move(from));
    auto const first = from.rows.begin();
    from.rows.erase(
        first, first + static_cast<std::ptrdiff_t>((std::min)(query.offset, from.rows.size())));
    if (query.top != 0 && from.rows.size() > query.top) from.rows.resize(query.top);
}

AIAUDIT_HOT AIAUDIT_INLINE report make_whole_report(rollup const& from, report_query const& query) {
    report made{query.kind, {}, 0, {}, from.texts()};
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
    from.with_groups(query, [&](span_sums const& sums) {
        dimension const by = dimension_of(query.kind);
        auto const order = dearest_first(from, by, sums);
        made.rows.reserve(order.size());
        constexpr std::size_t ahead = 4;
        for (std::size_t i = 0; i < order.size(); ++i) {
            priced_group const& each = order[i];
            if (i + ahead < order.size()) sums.prefetch(order[i + ahead].group);
            report_row& row = made.rows.emplace_back();
            row.names = from.names_of(by, each.group);
            sums.read(each.group, row.sum);
            if (keeps_latency(by)) set_percentiles(row, sums.percentiles(each.group));
            money const cost = made.sum.cost;
            wrapping_add(made.sum, row.sum);
            made.sum.cost = cost + row.sum.cost;
        }
    });
    return made;
}

}  // namespace detail

AIAUDIT_HOT AIAUDIT_INLINE report make_report(rollup const& from, report_query const& query) {
    AIAUDIT_ASSERT(from.ready(query));
    report made = detail::make_whole_report(from, query);
    detail::take_page(made, query);
    return made;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ROLLUP_REPORT_IPP
