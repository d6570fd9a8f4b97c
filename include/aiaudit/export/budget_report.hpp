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

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// "2026-12-01T00:00:00+07:00". UTC for a zone whose offset has seconds, which ISO 8601 cannot say.
[[nodiscard]] std::string local_text(timestamp at, time_zone const& zone);

// The highest of the budget's alert_percents that is spent; 0: none. A bucket has no alerts.
[[nodiscard]] std::uint32_t percent_reached(budget_state const& of) noexcept;

// "ok"; "alert", past one of its percents; "full", nothing is left; "over", more than that.
[[nodiscard]] std::string_view state_name(budget_state const& of) noexcept;

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

[[nodiscard]] std::vector<report_cell> cells_of(budget_state const& of);

// Fewer, for the eye.
[[nodiscard]] std::vector<report_cell> table_cells(budget_state const& of);

[[nodiscard]] std::vector<report_cell> cells_of(budget const& of);

[[nodiscard]] std::vector<report_cell> table_cells(budget const& of);

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

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/export/budget_report.ipp>
#endif

#endif  // AIAUDIT_EXPORT_BUDGET_REPORT_HPP
