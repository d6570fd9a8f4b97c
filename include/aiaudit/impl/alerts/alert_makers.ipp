// SPDX-License-Identifier: MIT
//
// alert_makers.ipp: the definitions of alert_makers.hpp.
#ifndef AIAUDIT_IMPL_ALERTS_ALERT_MAKERS_IPP
#define AIAUDIT_IMPL_ALERTS_ALERT_MAKERS_IPP

#include <aiaudit/alerts/alert_makers.hpp>
#include <aiaudit/budget/budget_text.hpp>  // amount_and_unit
#include <aiaudit/config.hpp>              // AIAUDIT_INLINE

#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE alert alert_of(budget_crossing const& of, timestamp now) {
    budget_state const& state = of.state;
    budget const& full = state.budget;
    std::string const percent = std::to_string(of.percent);
    std::string const begins = state.window_begins ? state.window_begins->to_string() : "";
    alert made;
    made.key =
        make_alert_key(alert_kind::budget_threshold, {full.name, state.subject, begins, percent});
    made.kind = alert_kind::budget_threshold;
    made.at = now;
    made.text = "budget '" + full.name + "' of " + printable(state.subject) + " has reached " +
                percent + " %: spent " + amount_and_unit(state.spent, full.unit) + " of " +
                amount_and_unit(full.limit, full.unit);
    if (state.window_begins) made.text += " since " + begins;
    if (state.resets_at) made.text += "; resets at " + state.resets_at->to_string();
    made.facts = {{"budget", full.name},
                  {"subject", state.subject},
                  {"percent", percent},
                  {"unit", std::string(name_of(full.unit))},
                  {"limit", amount_text(full.limit, full.unit)},
                  {"spent", amount_text(state.spent, full.unit)},
                  {"reserved", amount_text(state.reserved, full.unit)}};
    if (state.window_begins) made.facts.emplace_back("window_begins", begins);
    if (state.resets_at) made.facts.emplace_back("resets_at", state.resets_at->to_string());
    return made;
}

AIAUDIT_INLINE alert alert_of(anomaly const& of, timestamp now) {
    std::string const since = of.since.to_string();
    alert made;
    made.key = make_alert_key(alert_kind::anomaly, {name_of(of.metric), of.subject, since});
    made.kind = alert_kind::anomaly;
    made.at = now;
    made.text = of.text;
    made.facts = {{"metric", std::string(name_of(of.metric))},
                  {"subject", of.subject},
                  {"since", since},
                  {"value", anomaly_amount(of.metric, of.value)},
                  {"usual", anomaly_amount(of.metric, of.usual)},
                  {"seldom_over", anomaly_amount(of.metric, of.limit)},
                  {"periods", std::to_string(of.periods)}};
    return made;
}

AIAUDIT_INLINE alert price_missing(record const& entry, civil_day day, timestamp now) {
    alert made;
    made.key =
        make_alert_key(alert_kind::price_missing, {entry.provider, entry.model(), day.to_string()});
    made.kind = alert_kind::price_missing;
    made.at = now;
    made.text = "no price is known for " + printable(entry.provider) + "/" +
                printable(entry.model()) + ": its calls are in no report's cost since " +
                entry.started_at.to_string();
    made.facts = {{"provider", entry.provider},
                  {"model", entry.model()},
                  {"since", entry.started_at.to_string()}};
    return made;
}

AIAUDIT_INLINE bool drifts(record const& entry) noexcept {
    if (entry.kind != record_kind::outcome || !entry.computed_cost || !entry.provider_cost)
        return false;
    // A rounded charge of a few pico-USD is no drift.
    constexpr int128 least = 1'000'000;
    int128 const charged = entry.provider_cost->pico();
    int128 const computed = entry.computed_cost->pico();
    int128 const difference = charged < computed ? computed - charged : charged - computed;
    return difference > least && difference > (std::max)(charged, computed) / 100;
}

AIAUDIT_INLINE alert price_drift(record const& entry, civil_day day, timestamp now) {
    std::string const charged = entry.provider_cost.value_or(money{}).to_string();
    std::string const computed = entry.computed_cost.value_or(money{}).to_string();
    alert drift;
    drift.key =
        make_alert_key(alert_kind::price_drift, {entry.provider, entry.model(), day.to_string()});
    drift.kind = alert_kind::price_drift;
    drift.at = now;
    drift.text = printable(entry.provider) + " charged " + charged + " USD for a call of " +
                 printable(entry.model()) + " that costs " + computed +
                 " USD by the price book: see `aiaudit report drift`";
    drift.facts = {{"provider", entry.provider},
                   {"model", entry.model()},
                   {"charged_usd", charged},
                   {"computed_usd", computed},
                   {"since", entry.started_at.to_string()}};
    return drift;
}

AIAUDIT_INLINE alert circuit_opened(record const& entry, timestamp now) {
    std::string const hour = std::to_string(floor_divide(entry.started_at.seconds(), 3'600));
    alert made;
    made.key =
        make_alert_key(alert_kind::circuit_open, {entry.provider, entry.model_requested, hour});
    made.kind = alert_kind::circuit_open;
    made.at = now;
    made.text = "the circuit to " + printable(entry.provider) + "/" +
                printable(entry.model_requested) + " is open since " +
                entry.started_at.to_string() + ", after " + printable(tag_of(entry, "failures")) +
                " failures of " + printable(tag_of(entry, "calls")) + " calls";
    made.facts = {{"provider", entry.provider},
                  {"model", entry.model_requested},
                  {"since", entry.started_at.to_string()}};
    return made;
}

inline constexpr std::string_view clock_advice =
    ": if budgets refuse by clock_behind, see `aiaudit budget forget-future`";

AIAUDIT_INLINE alert clock_jumped(clock_step const& of) {
    bool const back = of.jump_ns() < 0;
    std::string const hour = std::to_string(floor_divide(of.after.seconds(), 3'600));
    alert made;
    made.key = make_alert_key(alert_kind::clock_jump, {back ? "back" : "ahead", hour});
    made.kind = alert_kind::clock_jump;
    made.at = of.after;
    int128 const distance_ns = back ? -of.jump_ns() : of.jump_ns();
    std::string const seconds =
        std::to_string(static_cast<std::uint64_t>(distance_ns / nanoseconds_per_second));
    made.text = "the clock jumped " + std::string(back ? "back" : "ahead") + " by " + seconds +
                " s, from " + of.before.to_string() + " to " + of.after.to_string() +
                std::string(clock_advice);
    made.facts = {{"direction", back ? "back" : "ahead"},
                  {"seconds", seconds},
                  {"before", of.before.to_string()},
                  {"after", of.after.to_string()}};
    return made;
}

AIAUDIT_INLINE alert record_ahead(record const& entry, civil_day day, timestamp now) {
    alert made;
    made.key = make_alert_key(alert_kind::clock_jump, {"record", day.to_string()});
    made.kind = alert_kind::clock_jump;
    made.at = now;
    made.text = "the log has a record of " + entry.started_at.to_string() +
                ", which has not come: a clock stood ahead, or this one stands behind" +
                std::string(clock_advice);
    made.facts = {{"record", entry.started_at.to_string()}, {"now", now.to_string()}};
    return made;
}

AIAUDIT_INLINE alert records_apart(timestamp before, timestamp after, timestamp now) {
    alert made;
    made.key =
        make_alert_key(alert_kind::clock_jump, {"apart", before.to_string(), after.to_string()});
    made.kind = alert_kind::clock_jump;
    made.at = now;
    made.text = "the log's records step from " + before.to_string() + " to " + after.to_string() +
                ": nothing was called in between, or the clock jumped" + std::string(clock_advice);
    made.facts = {{"before", before.to_string()}, {"after", after.to_string()}};
    return made;
}

AIAUDIT_INLINE alert log_nearly_full(std::string const& directory, std::uint64_t free_bytes,
                                     std::uint64_t least, civil_day day, timestamp now) {
    alert made;
    made.key = make_alert_key(alert_kind::log_nearly_full, {directory, day.to_string()});
    made.kind = alert_kind::log_nearly_full;
    made.at = now;
    made.text = "the file system of the log has " + std::to_string(free_bytes >> 20) +
                " MiB left, less than " + std::to_string(least >> 20) + " MiB: " + directory;
    made.facts = {{"directory", directory},
                  {"free_bytes", std::to_string(free_bytes)},
                  {"free_bytes_least", std::to_string(least)}};
    return made;
}

AIAUDIT_INLINE alert log_damaged(std::string const& notice, civil_day day, timestamp now) {
    alert made;
    made.key = make_alert_key(alert_kind::log_damaged, {notice, day.to_string()});
    made.kind = alert_kind::log_damaged;
    made.at = now;
    made.text = notice;
    return made;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ALERTS_ALERT_MAKERS_IPP
