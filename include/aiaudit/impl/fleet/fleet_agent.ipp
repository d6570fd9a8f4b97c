// SPDX-License-Identifier: MIT
//
// fleet_agent.ipp: the definitions of fleet_agent.hpp that are no templates.
#ifndef AIAUDIT_IMPL_FLEET_FLEET_AGENT_IPP
#define AIAUDIT_IMPL_FLEET_FLEET_AGENT_IPP

#include <aiaudit/budget/budget_text.hpp>  // amount_text
#include <aiaudit/config.hpp>              // AIAUDIT_INLINE
#include <aiaudit/detail/metric_text.hpp>  // metric_writer
#include <aiaudit/fleet/fleet_agent.hpp>

#include <array>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// "12.345" of 12,345 ms.
[[nodiscard]] inline std::string seconds_text(std::chrono::milliseconds of) {
    return format_scaled_decimal(int128{of.count()}, 3);
}

}  // namespace detail

AIAUDIT_INLINE std::string metrics_text(fleet_status const& of) {
    std::string text;
    detail::metric_writer writer(text);
    auto const head = [&writer](std::string_view name, std::string_view help) {
        writer.head("aiaudit_fleet_" + std::string(name), "gauge", help);
    };
    auto const line = [&writer](std::string const& labels, std::string_view value) {
        writer.line({}, labels, value);
    };
    head("store_reachable", "1 while the store of ceilings answers.");
    line({}, of.reachable ? "1" : "0");
    head("state", "1 for the state that this node of the fleet is in.");
    for (auto const each : {fleet_health::starting, fleet_health::connected,
                            fleet_health::recovering, fleet_health::away, fleet_health::refused})
        line("state=\"" + std::string(name_of(each)) + "\"", of.health == each ? "1" : "0");
    if (of.since_answer) {
        head("last_answer_age_seconds", "How long ago the store answered last.");
        line({}, detail::seconds_text(*of.since_answer));
    }
    if (of.clock_ahead) {
        head("clock_ahead_seconds", "How far this machine's clock is ahead of the store's.");
        line({}, detail::seconds_text(*of.clock_ahead));
    }
    head("messages", "Messages to the store since this process began.");
    line({}, std::to_string(of.messages));
    head("failures", "Of these, those without an answer.");
    line({}, std::to_string(of.failures));
    if (of.budgets.empty()) return text;
    using amount = int128 (*)(fleet_budget_status const&);
    struct figure {
        std::string_view name;
        std::string_view help;
        amount value;
    };
    constexpr std::string_view unit = ", in the budget's unit.";
    for (figure const& each : std::array<figure, 5>{{
             {"limit", "The fleet's limit", [](fleet_budget_status const& b) { return b.limit; }},
             {"ceiling", "This node's ceiling in the present window",
              [](fleet_budget_status const& b) { return b.ceiling; }},
             {"ceiling_beyond", "Of it, what no store has given",
              [](fleet_budget_status const& b) { return b.beyond; }},
             {"spent", "What this node has spent in it",
              [](fleet_budget_status const& b) { return b.spent; }},
             {"reserved", "What it holds for calls under way",
              [](fleet_budget_status const& b) { return b.reserved; }},
         }}) {
        head(each.name, std::string(each.help).append(unit));
        for (fleet_budget_status const& budget : of.budgets)
            line("budget=\"" + budget.budget + "\",unit=\"" + std::string(name_of(budget.unit)) +
                     "\"",
                 amount_text(each.value(budget), budget.unit));
    }
    return text;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_FLEET_FLEET_AGENT_IPP
