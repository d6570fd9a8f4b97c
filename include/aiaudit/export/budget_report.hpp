// SPDX-License-Identifier: MIT
//
// budget_report.hpp: budgets, and how they stand, as an aligned table, JSON, JSON Lines or CSV.
//
// Amounts are exact decimals in every format, and text in JSON, whatever their unit. Instants are
// UTC; the table has those of a calendar's window in the budget's own zone.
// Threads: plain functions.
// Floor 8.
#ifndef AIAUDIT_EXPORT_BUDGET_REPORT_HPP
#define AIAUDIT_EXPORT_BUDGET_REPORT_HPP

#include <aiaudit/budget/budget_text.hpp>  // amount_text, scope_text
#include <aiaudit/budget/decision.hpp>     // budget_state
#include <aiaudit/export/cell_text.hpp>    // text_format, report_cell

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// "2026-12-01T00:00:00+07:00". UTC for a zone whose offset has seconds, which ISO 8601 cannot say.
[[nodiscard]] inline std::string local_text(timestamp at, time_zone const& zone) {
    std::int32_t const offset = zone.offset_at(at.seconds());
    if (offset == 0 || offset % 60 != 0) return at.to_string();
    std::string text = timestamp{at.ns + offset * nanoseconds_per_second}.to_string();
    text.back() = offset < 0 ? '-' : '+';
    std::int64_t const minutes = std::abs(std::int64_t{offset}) / 60;
    append_padded(text, minutes / 60, 2);
    text.push_back(':');
    append_padded(text, minutes % 60, 2);
    return text;
}

// The highest of the budget's alert_percents that is spent; 0: none. A bucket has no alerts.
[[nodiscard]] inline std::uint32_t percent_reached(budget_state const& of) noexcept {
    std::uint32_t reached = 0;
    if (of.budget.window.period == budget_period::minute) return reached;
    for (std::uint32_t const percent : of.budget.alert_percents) {
        if (has_reached(of, percent)) reached = percent;
    }
    return reached;
}

// "ok"; "alert", past one of its percents; "full", nothing is left; "over", more than that.
[[nodiscard]] inline std::string_view state_name(budget_state const& of) noexcept {
    if (of.left < 0) return "over";
    if (of.left == 0) return "full";
    return percent_reached(of) != 0 ? "alert" : "ok";
}

[[nodiscard]] inline report_cell label_cell(std::string name, std::string text) {
    return {std::move(name), std::move(text), false, true, false};
}
[[nodiscard]] inline report_cell text_cell(std::string name, std::string text) {
    return {std::move(name), std::move(text), false, false, false};
}
[[nodiscard]] inline report_cell text_cell(std::string name, std::optional<std::string> text) {
    bool const absent = !text;
    return {std::move(name), std::move(text).value_or(std::string{}), false, false, absent};
}
[[nodiscard]] inline report_cell number_cell(std::string name, std::uint64_t value) {
    return {std::move(name), std::to_string(value), true, false, false};
}

[[nodiscard]] inline std::optional<std::string> zone_text(budget_window const& window) {
    if (!is_calendar(window.period)) return std::nullopt;
    return window.zone.name();
}

[[nodiscard]] inline std::vector<report_cell> cells_of(budget_state const& of) {
    auto const amount = [&of](int128 value) { return amount_text(value, of.budget.unit); };
    auto const instant = [](std::optional<timestamp> at) {
        return at ? std::optional(at->to_string()) : std::nullopt;
    };
    return {
        text_cell("budget", of.budget.name),
        text_cell("subject", of.subject),
        text_cell("window", window_text(of.budget.window)),
        text_cell("zone", zone_text(of.budget.window)),
        text_cell("unit", std::string(name_of(of.budget.unit))),
        text_cell("limit", amount(of.budget.limit)),
        text_cell("spent", amount(of.spent)),
        text_cell("reserved", amount(of.reserved)),
        text_cell("left", amount(of.left)),
        number_cell("open", of.open),
        text_cell("window_begins", instant(of.window_begins)),
        text_cell("resets_at", instant(of.resets_at)),
        text_cell("forecast", of.forecast ? std::optional(amount(*of.forecast)) : std::nullopt),
        text_cell("then", action_text(of.budget)),
        text_cell("state", std::string(state_name(of))),
        number_cell("alert_percent", percent_reached(of)),
    };
}

// Fewer, for the eye.
[[nodiscard]] inline std::vector<report_cell> table_cells(budget_state const& of) {
    auto const amount = [&of](int128 value) { return amount_text(value, of.budget.unit); };
    std::string state(state_name(of));
    if (std::uint32_t const percent = percent_reached(of); percent != 0)
        state = (of.left > 0 ? "" : state + ", ") + "past " + std::to_string(percent) + " %";
    if (of.budget.then == budget_action::warn && of.left <= 0) state += ", warns only";
    return {
        label_cell("budget", of.budget.name),
        label_cell("subject", printable(of.subject)),
        label_cell("window", window_text(of.budget.window)),
        label_cell("unit", std::string(name_of(of.budget.unit))),
        text_cell("limit", amount(of.budget.limit)),
        text_cell("spent", amount(of.spent)),
        text_cell("reserved", of.reserved == 0 ? std::string{} : amount(of.reserved)),
        text_cell("left", amount(of.left)),
        label_cell("resets at",
                   of.resets_at ? local_text(*of.resets_at, of.budget.window.zone) : "never"),
        text_cell("forecast", of.forecast ? amount(*of.forecast) : std::string{}),
        label_cell("state", state),
    };
}

[[nodiscard]] inline std::vector<report_cell> cells_of(budget const& of) {
    return {
        label_cell("budget", of.name),
        label_cell("scope", scope_text(of.scope)),
        label_cell("unit", std::string(name_of(of.unit))),
        text_cell("limit", amount_text(of.limit, of.unit)),
        label_cell("window", window_text(of.window)),
        text_cell("zone", zone_text(of.window)),
        label_cell("then", action_text(of)),
        label_cell("alerts", percents_text(of.alert_percents)),
    };
}

[[nodiscard]] inline std::vector<report_cell> table_cells(budget const& of) {
    std::vector<report_cell> cells = cells_of(of);
    for (report_cell& cell : cells) {
        cell.text = printable(cell.text);
        cell.label = cell.name != "limit";
    }
    return cells;
}

template <class Row>
[[nodiscard]] std::string budget_rows_text(std::vector<Row> const& rows, text_format format) {
    std::vector<std::vector<report_cell>> lines;
    if (format != text_format::table) {
        for (Row const& row : rows) lines.push_back(cells_of(row));
        return machine_text(cells_of(Row{}), lines, format);
    }
    if (rows.empty()) return "no budgets\n";
    for (Row const& row : rows) lines.push_back(table_cells(row));
    return aligned_text(lines.front(), lines);
}

}  // namespace detail

// The whole text, with its last newline.
[[nodiscard]] inline std::string to_text(std::vector<budget_state> const& states,
                                         text_format format) {
    return detail::budget_rows_text(states, format);
}
[[nodiscard]] inline std::string to_text(std::vector<budget> const& budgets, text_format format) {
    return detail::budget_rows_text(budgets, format);
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_EXPORT_BUDGET_REPORT_HPP
