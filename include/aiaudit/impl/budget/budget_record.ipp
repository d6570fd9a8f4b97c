// SPDX-License-Identifier: MIT
//
// budget_record.ipp: the definitions of budget_record.hpp.
#ifndef AIAUDIT_IMPL_BUDGET_BUDGET_RECORD_IPP
#define AIAUDIT_IMPL_BUDGET_BUDGET_RECORD_IPP

#include <aiaudit/budget/budget_record.hpp>
#include <aiaudit/config.hpp>  // AIAUDIT_INLINE

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE record budget_record_base(timestamp at, std::string_view change,
                                         std::string_view name) {
    record entry;
    entry.kind = record_kind::budget;
    entry.operation = operation::other;
    entry.started_at = at;
    entry.cost_status = cost_status::no_charge;
    entry.tags = {{"change", std::string(change)}, {"budget", std::string(name)}};
    return entry;
}

// What holds two years before `at`, then each change as "seconds:offset", to 2099.
AIAUDIT_INLINE std::string offsets_text(time_zone const& zone, timestamp at) {
    std::int64_t const from = at.seconds() - 2 * 366 * seconds_per_day;
    std::int64_t const until = 4'102'444'800;  // 2100-01-01
    std::string text = std::to_string(zone.offset_at(from));
    for (time_zone::transition const& change : zone.transitions()) {
        if (change.from_seconds <= from || change.from_seconds >= until) continue;
        text.append(" ").append(std::to_string(change.from_seconds));
        text.append(":").append(std::to_string(change.offset_seconds));
    }
    return text;
}

AIAUDIT_INLINE bool take_mark(std::string_view& text, char mark) noexcept {
    if (!text.starts_with(mark)) return false;
    text.remove_prefix(1);
    return true;
}

AIAUDIT_INLINE std::optional<time_zone> parse_offsets(std::string_view name,
                                                      std::string_view text) {
    std::int32_t first = 0;
    std::vector<time_zone::transition> changes;
    if (!take_number(text, first)) return std::nullopt;
    while (!text.empty()) {
        time_zone::transition change;
        if (!take_mark(text, ' ') || !take_number(text, change.from_seconds) ||
            !take_mark(text, ':') || !take_number(text, change.offset_seconds))
            return std::nullopt;
        changes.push_back(change);
    }
    return time_zone(std::string(name), first, std::move(changes));
}

}  // namespace detail

AIAUDIT_INLINE result<record> to_record(budget const& of, timestamp at) {
    if (auto ok = validate(of); !ok) return ok.error();
    record entry = detail::budget_record_base(at, "set", of.name);
    auto const tag = [&entry](std::string key, std::string value) {
        entry.tags.emplace_back(std::move(key), std::move(value));
    };
    tag("unit", std::string(name_of(of.unit)));
    tag("limit", amount_text(of.limit, of.unit));
    tag("scope", scope_text(of.scope));
    tag("window", window_text(of.window));
    if (detail::is_calendar(of.window.period)) {
        tag("zone", of.window.zone.name());
        tag("offsets", detail::offsets_text(of.window.zone, at));
    }
    tag("then", action_text(of));
    tag("alerts", detail::percents_text(of.alert_percents));
    return entry;
}

AIAUDIT_INLINE result<void> detail::check_pardon(std::string_view by, std::string_view why) {
    constexpr std::size_t by_most = 128;
    if (!is_subject_name(by) || by.size() > by_most)
        return bad_budget("who forgets it is a name of 1 to 128 bytes on one line");
    if (!is_subject_name(why))
        return bad_budget("why it is forgotten is 1 to 1024 bytes on one line");
    return {};
}

AIAUDIT_INLINE result<void> detail::check_top_up(budget const& to, budget_top_up const& of) {
    auto const bad = [&to](std::string_view why) {
        return bad_budget("budget '" + to.name + "' " + std::string(why));
    };
    if (to.unit != of.unit) return bad("has another unit");
    if (to.fleet != fleet_rule::none) return bad("is of a fleet: set another limit in its store");
    if (to.window.period == budget_period::minute || is_of_lives(to))
        return bad("is a rate, or of runs for as long as they go on: set another limit");
    if (!of.subject.empty() && !to.scope.each) return bad("is for all of its calls together");
    return {};
}

AIAUDIT_INLINE result<record> to_record(budget_top_up const& of, timestamp at) {
    if (!detail::is_budget_name(of.budget)) return detail::bad_budget("a budget has another name");
    if (of.unit > budget_unit::requests) return detail::bad_budget("unknown unit");
    if (of.amount <= 0 || of.amount > detail::budget_amount_most)
        return detail::bad_budget("what is added to a limit is more than 0, and not too much");
    if (!of.subject.empty() && !detail::is_subject_name(of.subject))
        return detail::bad_budget("a subject is a name of at most 1024 bytes on one line");
    record entry = detail::budget_record_base(at, "top-up", of.budget);
    entry.tags.emplace_back("unit", std::string(name_of(of.unit)));
    entry.tags.emplace_back("amount", amount_text(of.amount, of.unit));
    if (!of.subject.empty()) entry.tags.emplace_back("subject", of.subject);
    return entry;
}

AIAUDIT_INLINE std::optional<advance_end> detail::advance_end_named(
    std::string_view change) noexcept {
    if (change == "return") return advance_end::returned;
    if (change == "abandon") return advance_end::abandoned;
    if (change == "write-off") return advance_end::written_off;
    return std::nullopt;
}

AIAUDIT_INLINE record end_record(advance_end how, std::uint64_t holder, timestamp at) {
    constexpr std::array<std::string_view, 3> names{"return", "abandon", "write-off"};
    record entry =
        detail::budget_record_base(at, names[static_cast<std::size_t>(how)], detail::all_budgets);
    entry.operation_id = detail::id_of_holder(holder);
    return entry;
}

AIAUDIT_INLINE result<record> to_record(budget_advance const& of, timestamp at) {
    if (!detail::is_budget_name(of.budget)) return detail::bad_budget("a budget has another name");
    if (of.unit > budget_unit::requests) return detail::bad_budget("unknown unit");
    if (of.amount <= 0 || of.amount > detail::budget_amount_most || of.holder == 0)
        return detail::bad_budget("a process advances more than 0, and not too much");
    if (!of.subject.empty() && !detail::is_subject_name(of.subject))
        return detail::bad_budget("a subject is a name of at most 1024 bytes on one line");
    record entry = detail::budget_record_base(at, of.back ? "return" : "advance", of.budget);
    entry.operation_id = detail::id_of_holder(of.holder);
    entry.tags.emplace_back("unit", std::string(name_of(of.unit)));
    entry.tags.emplace_back("limit", amount_text(of.limit, of.unit));
    entry.tags.emplace_back("amount", amount_text(of.amount, of.unit));
    if (!of.subject.empty()) entry.tags.emplace_back("subject", of.subject);
    return entry;
}

AIAUDIT_INLINE result<record> to_record(advance_pardon const& of, timestamp at) {
    if (auto ok = detail::check_pardon(of.by, of.why); !ok) return ok.error();
    record entry = end_record(advance_end::written_off, 0, at);
    entry.tags.emplace_back("by", of.by);
    entry.tags.emplace_back("why", of.why);
    if (!of.forgotten.empty()) entry.tags.emplace_back("forgotten", of.forgotten);
    return entry;
}

AIAUDIT_INLINE result<record> to_record(budget_ceiling const& of, timestamp at) {
    if (!detail::is_budget_name(of.budget)) return detail::bad_budget("a budget has another name");
    if (of.unit > budget_unit::requests) return detail::bad_budget("unknown unit");
    if (of.amount < 0 || of.amount > detail::budget_amount_most || of.beyond < 0 ||
        of.beyond > of.amount)
        return detail::bad_budget("a ceiling is 0 or more, and not too much");
    if (!of.why.empty() && !detail::is_subject_name(of.why))
        return detail::bad_budget("why a ceiling changes is at most 1024 bytes on one line");
    record entry = detail::budget_record_base(at, "ceiling", of.budget);
    entry.tags.emplace_back("unit", std::string(name_of(of.unit)));
    entry.tags.emplace_back("amount", amount_text(of.amount, of.unit));
    if (of.beyond != 0) entry.tags.emplace_back("beyond", amount_text(of.beyond, of.unit));
    entry.tags.emplace_back("window", std::to_string(of.window));
    entry.tags.emplace_back("version", std::to_string(of.version));
    if (!of.why.empty()) entry.tags.emplace_back("why", of.why);
    return entry;
}

AIAUDIT_INLINE result<record> to_record(fleet_node const& of, timestamp at) {
    if (!detail::is_budget_name(of.name))
        return detail::bad_budget("a node's name is 1 to 64 of A-Z a-z 0-9 . _ -");
    if (of.id.is_zero() || of.incarnation == 0)
        return detail::bad_budget("a node of a fleet has an id, and begins at 1");
    record entry = detail::budget_record_base(at, detail::change_join, detail::all_budgets);
    entry.operation_id = of.id;
    entry.tags.emplace_back("node", of.name);
    entry.tags.emplace_back("incarnation", std::to_string(of.incarnation));
    return entry;
}

AIAUDIT_INLINE std::string advance_text(std::vector<budget_advance> const& all) {
    constexpr std::size_t bytes_most = 4'096;
    std::string text;
    for (std::size_t i = 0; i < all.size() && text.size() < bytes_most;) {
        std::size_t end = i;
        int128 sum = 0;
        for (; end < all.size() && all[end].budget == all[i].budget; ++end) sum += all[end].amount;
        text += (text.empty() ? "" : "; ") + detail::amount_and_unit(sum, all[i].unit) + " of '" +
                all[i].budget + "'";
        if (!all[i].subject.empty()) text += " in " + std::to_string(end - i) + " parts";
        i = end;
    }
    return text;
}

AIAUDIT_INLINE std::string future_text(std::vector<future_state> const& all) {
    constexpr std::size_t bytes_most = 4'096;
    std::string text;
    for (future_state const& each : all) {
        std::string next = text.empty() ? "" : "; ";
        next += std::to_string(each.windows) + " windows of '" + each.budget + "' with " +
                detail::amount_and_unit(each.spent, each.unit) + " spent, " +
                detail::amount_and_unit(each.reserved, each.unit) + " reserved";
        if (each.closed != 0) next += ", " + std::to_string(each.closed) + " subjects shut";
        if (text.size() + next.size() > bytes_most - 4) return text + " ...";
        text += next;
    }
    return text;
}

AIAUDIT_INLINE result<record> to_record(future_pardon const& of, timestamp at) {
    if (auto ok = detail::check_pardon(of.by, of.why); !ok) return ok.error();
    if (of.after < at)
        return detail::bad_budget(
            "only windows that begin later than now can be forgotten: give "
            "an instant after " +
            at.to_string());
    record entry =
        detail::budget_record_base(at, detail::change_forget_future, detail::all_budgets);
    entry.tags.emplace_back("after", of.after.to_string());
    entry.tags.emplace_back("by", of.by);
    entry.tags.emplace_back("why", of.why);
    if (!of.forgotten.empty()) entry.tags.emplace_back("forgotten", of.forgotten);
    return entry;
}

AIAUDIT_INLINE record refusal_record(record intent, budget_refusal const& refused) {
    record entry = std::move(intent);
    entry.kind = record_kind::refusal;
    entry.complete = false;
    entry.error_type = name_of(code_of(refused));
    entry.cost_status = cost_status::no_charge;
    entry.cost = {};
    entry.cost_low.reset();
    entry.iterations.clear();
    entry.duration_ns.reset();
    auto const tag = [&entry](std::string key, std::string value) {
        entry.tags.emplace_back(std::move(key), std::move(value));
    };
    tag("budget", refused.budget);
    tag("subject", refused.subject);
    tag("reason", std::string(name_of(refused.reason)));
    tag("limit", amount_text(refused.limit, refused.unit));
    tag("spent", amount_text(refused.spent, refused.unit));
    tag("reserved", amount_text(refused.reserved, refused.unit));
    tag("asked", amount_text(refused.asked, refused.unit));
    if (!refused.because.empty()) tag("because", refused.because);
    if (refused.resets_at) tag("resets_at", refused.resets_at->to_string());
    return entry;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_BUDGET_BUDGET_RECORD_IPP
