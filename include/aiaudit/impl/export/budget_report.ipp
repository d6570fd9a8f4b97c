// SPDX-License-Identifier: MIT
//
// budget_report.ipp: the definitions of budget_report.hpp.
#ifndef AIAUDIT_IMPL_EXPORT_BUDGET_REPORT_IPP
#define AIAUDIT_IMPL_EXPORT_BUDGET_REPORT_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/export/budget_report.hpp>

#include <cstdlib>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::string local_text(timestamp at, time_zone const& zone) {
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

AIAUDIT_INLINE std::uint32_t percent_reached(budget_state const& of) noexcept {
    std::uint32_t reached = 0;
    if (of.budget.window.period == budget_period::minute) return reached;
    for (std::uint32_t const percent : of.budget.alert_percents) {
        if (has_reached(of, percent)) reached = percent;
    }
    return reached;
}

AIAUDIT_INLINE std::string_view state_name(budget_state const& of) noexcept {
    if (of.left < 0) return "over";
    if (of.left == 0) return "full";
    return percent_reached(of) != 0 ? "alert" : "ok";
}

AIAUDIT_INLINE std::vector<report_cell> cells_of(budget_state const& of) {
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
        text_cell("added", amount(of.added)),
        text_cell("advance", amount(of.advance)),
        text_cell("ceiling", of.ceiling ? std::optional(amount(*of.ceiling)) : std::nullopt),
    };
}

AIAUDIT_INLINE std::vector<report_cell> table_cells(budget_state const& of) {
    auto const amount = [&of](int128 value) { return amount_text(value, of.budget.unit); };
    std::string state(state_name(of));
    if (std::uint32_t const percent = percent_reached(of); percent != 0)
        state = (of.left > 0 ? "" : state + ", ") + "past " + std::to_string(percent) + " %";
    if (of.ceiling) state += ", ceiling " + amount(*of.ceiling);
    if (of.budget.then == budget_action::warn && of.left <= 0) state += ", warns only";
    return {
        label_cell("budget", of.budget.name),
        label_cell("subject", printable(of.subject)),
        label_cell("window", window_text(of.budget.window)),
        label_cell("unit", std::string(name_of(of.budget.unit))),
        text_cell("limit", amount(of.budget.limit + of.added)),
        text_cell("spent", amount(of.spent)),
        text_cell("reserved", of.reserved == 0 ? std::string{} : amount(of.reserved)),
        text_cell("advance", of.advance == 0 ? std::string{} : amount(of.advance)),
        text_cell("left", amount(of.left)),
        label_cell("resets at",
                   of.resets_at ? local_text(*of.resets_at, of.budget.window.zone) : "never"),
        text_cell("forecast", of.forecast ? amount(*of.forecast) : std::string{}),
        label_cell("state", state),
    };
}

AIAUDIT_INLINE std::vector<report_cell> cells_of(budget const& of) {
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

AIAUDIT_INLINE std::vector<report_cell> table_cells(budget const& of) {
    std::vector<report_cell> cells = cells_of(of);
    for (report_cell& cell : cells) {
        cell.text = printable(cell.text);
        cell.label = cell.name != "limit";
    }
    return cells;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_EXPORT_BUDGET_REPORT_IPP
