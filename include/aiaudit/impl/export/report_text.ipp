// SPDX-License-Identifier: MIT
//
// report_text.ipp: the definitions of report_text.hpp.
#ifndef AIAUDIT_IMPL_EXPORT_REPORT_TEXT_IPP
#define AIAUDIT_IMPL_EXPORT_REPORT_TEXT_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/export/report_text.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::vector<report_cell> labels_of(report_kind kind, report_row const& row) {
    auto const label = [](std::string name, std::string_view text) {
        return report_cell{std::move(name), std::string(text), false, true};
    };
    group_names const& n = row.names;
    switch (kind) {
    case report_kind::daily: return {label("date", row.day.to_string())};
    case report_kind::models:
    case report_kind::user: return {label("provider", n.provider), label("model", n.model)};
    case report_kind::users: return {label("user", n.user)};
    case report_kind::projects: return {label("project", n.project)};
    case report_kind::keys: return {label("key", n.key_id)};
    case report_kind::providers: return {label("provider", n.provider)};
    case report_kind::statuses: return {label("status", n.status)};
    }
    return {};
}

AIAUDIT_INLINE std::vector<report_cell> figures_of(report_kind kind, report_row const& row) {
    totals const& sum = row.sum;
    std::vector<report_cell> cells;
    auto const number = [&cells](std::string_view name, std::string text) {
        cells.push_back({std::string(name), std::move(text), true, false});
    };
    auto const usd = [&cells](std::string_view name, money amount) {
        cells.push_back({std::string(name), amount.to_string(), false, false});
    };
    number("requests", std::to_string(sum.requests));
    number("errors", std::to_string(sum.errors));
    for (std::size_t i = 0; i < reported_units.size(); ++i) {
        number(name_of(reported_units[i]), std::to_string(sum.counts[i]));
    }
    number("total_tokens", std::to_string(sum.total_tokens()));
    usd("cost_usd", sum.cost);
    usd("avg_cost_usd", sum.average_cost());
    number("uncosted", std::to_string(sum.uncosted));
    number("attempts", std::to_string(sum.attempts));
    usd("cost_low_usd", sum.cost_low());
    usd("estimated_cost_usd", sum.estimated.value());
    number("unsure", std::to_string(sum.unsure));
    usd("corrected_cost_usd", sum.corrected.value());
    number("unsplit", std::to_string(sum.unsplit));
    if (kind == report_kind::daily) return cells;
    number("avg_latency_ms", milliseconds(sum.timed == 0 ? 0 : sum.latency_ns / sum.timed));
    if (dimension_of(kind) != dimension::model) return cells;
    number("p50_latency_ms", milliseconds(row.p50_ns));
    number("p95_latency_ms", milliseconds(row.p95_ns));
    number("p99_latency_ms", milliseconds(row.p99_ns));
    return cells;
}

AIAUDIT_INLINE std::vector<report_cell> cells_of(report_kind kind, report_row const& row) {
    std::vector<report_cell> cells = labels_of(kind, row);
    std::vector<report_cell> figures = figures_of(kind, row);
    cells.insert(cells.end(), std::make_move_iterator(figures.begin()),
                 std::make_move_iterator(figures.end()));
    return cells;
}

// "1234567" -> "1,234,567"; other text is left as it is.
AIAUDIT_INLINE std::string grouped(std::string text) {
    if (text.find_first_not_of("0123456789") != std::string::npos) return text;
    for (std::size_t place = text.size(); place > 3;) {
        place -= 3;
        text.insert(place, 1, ',');
    }
    return text;
}

// Decimal text cut for the eye to `places`, rounded half to even.
AIAUDIT_INLINE std::string rounded_decimal(int128 value, int scale, int places) {
    int128 divisor = 1;
    for (int i = places; i < scale; ++i) divisor *= 10;
    std::string text = format_scaled_decimal(divide_half_even(value, divisor), places);
    std::size_t const point = text.find('.');
    std::size_t const have = point == std::string::npos ? 0 : text.size() - point - 1;
    if (point == std::string::npos) text.push_back('.');
    return text.append(static_cast<std::size_t>(places) - have, '0');
}

AIAUDIT_INLINE std::vector<report_cell> table_cells(report_kind kind, report_row const& row) {
    totals const& sum = row.sum;
    std::vector<report_cell> cells = labels_of(kind, row);
    auto const number = [&cells](std::string name, std::string text) {
        cells.push_back({std::move(name), std::move(text), true, false});
    };
    for (report_cell& cell : cells) {
        if (cell.text.empty()) cell.text = "-";
    }
    number("requests", grouped(std::to_string(sum.requests)));
    number("errors", grouped(std::to_string(sum.errors)));
    number("input", grouped(std::to_string(sum.count(unit::input_tokens))));
    number("cached", grouped(std::to_string(sum.count(unit::cache_read_tokens))));
    number("output", grouped(std::to_string(sum.count(unit::output_tokens))));
    number("cost USD", rounded_decimal(sum.cost.pico(), money::scale, 6));
    number("avg USD", rounded_decimal(sum.average_cost().pico(), money::scale, 6));
    auto const number_if = [&number](std::string name, std::uint64_t count) {
        number(std::move(name), count == 0 ? std::string{} : grouped(std::to_string(count)));
    };
    auto const money_if = [&number](std::string name, money amount, bool shown) {
        number(std::move(name),
               shown ? rounded_decimal(amount.pico(), money::scale, 6) : std::string{});
    };
    number_if("uncosted", sum.uncosted);
    money_if("estimated USD", sum.estimated.value(), sum.estimated != money_parts{});
    money_if("at least USD", sum.cost_low(), sum.margin != money_parts{});
    money_if("corrected USD", sum.corrected.value(), sum.corrections != 0);
    number_if("unsure", sum.unsure);
    number_if("unsplit", sum.unsplit);
    if (kind == report_kind::daily) return cells;
    auto const ms = [](std::uint64_t ns) {
        return ns == 0 ? std::string{} : grouped(std::to_string(ns / 1'000'000));
    };
    number("avg ms", ms(sum.timed == 0 ? 0 : sum.latency_ns / sum.timed));
    if (dimension_of(kind) != dimension::model) return cells;
    number("p50 ms", ms(row.p50_ns));
    number("p95 ms", ms(row.p95_ns));
    number("p99 ms", ms(row.p99_ns));
    return cells;
}

// `share` of 20 columns, in eighths of a column.
AIAUDIT_INLINE std::string bar_of(int128 part, int128 whole) {
    if (whole <= 0 || part <= 0) return {};
    auto eighths = static_cast<std::size_t>(divide_half_even(part * 160, whole));
    std::string bar;
    for (; eighths >= 8; eighths -= 8) bar.append("\xE2\x96\x88");
    if (eighths > 0)
        bar.append("\xE2\x96").push_back(static_cast<char>(0x90 - static_cast<int>(eighths)));
    return bar;
}

AIAUDIT_INLINE std::string table_text(report const& from) {
    std::vector<std::vector<report_cell>> lines;
    money most;
    for (report_row const& row : from.rows) {
        lines.push_back(table_cells(from.kind, row));
        most = (std::max)(most, row.sum.cost);
    }
    report_row total;
    total.sum = from.sum;
    lines.push_back(table_cells(from.kind, total));
    for (report_cell& cell : lines.back()) {
        if (cell.label) cell.text = &cell == &lines.back().front() ? "total" : "";
    }
    std::vector<std::string> bars;
    for (report_row const& row : from.rows)
        bars.push_back(bar_of(row.sum.cost.pico(), most.pico()));
    return aligned_text(lines.back(), lines, bars);
}

}  // namespace detail

AIAUDIT_INLINE std::string to_text(report const& from, text_format format) {
    if (format == text_format::table) return detail::table_text(from);
    detail::machine_writer out(detail::cells_of(from.kind, report_row{}), format);
    for (report_row const& row : from.rows) out.add(detail::cells_of(from.kind, row));
    out.finish();
    return out.take();
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_EXPORT_REPORT_TEXT_IPP
