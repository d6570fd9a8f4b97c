// SPDX-License-Identifier: MIT
//
// gate.ipp: the definitions of gate.hpp.
#ifndef AIAUDIT_IMPL_BUDGET_GATE_IPP
#define AIAUDIT_IMPL_BUDGET_GATE_IPP

#include <aiaudit/budget/gate.hpp>
#include <aiaudit/config.hpp>  // AIAUDIT_INLINE

#include <cstddef>
#include <limits>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE budget_gate budget_gate::history_gate() const {
    budget_gate past;
    past.folds_history_ = true;
    for (awaited_history const& each : awaited_) {
        detail::kept_budget& made =
            past.state_.budgets.emplace_back(state_.budgets[each.budget].definition());
        made.forget_before(each.at);
        if (!each.is_new) made.count_until(each.at);
    }
    return past;
}

AIAUDIT_INLINE result<budget_gate> budget_gate::from_snapshot(std::string_view bytes) {
    auto state = detail::read_gate(bytes);
    if (!state) return state.error();
    budget_gate gate;
    gate.state_ = std::move(*state);
    for (detail::kept_budget const& each : gate.state_.budgets)
        gate.stepwise_ += each.definition().reserve == budget_reserve::stepwise ? 1U : 0U;
    return gate;
}

AIAUDIT_INLINE void budget_gate::set(budget definition, timestamp at) {
    ++version_;
    auto const [place, is_there] = state_.find(definition.name);
    if (is_there && state_.budgets[place].definition().reserve == budget_reserve::stepwise)
        --stepwise_;
    if (definition.reserve == budget_reserve::stepwise) ++stepwise_;
    if (is_there && state_.budgets[place].counts_as(definition)) {
        state_.budgets[place].redefine(std::move(definition));
        return;
    }
    if (is_there) remove_at(place);
    state_.insert(place, std::move(definition));
    state_.budgets[place].forget_before(at);
    for (awaited_history& each : awaited_)
        if (each.budget >= place) ++each.budget;
    awaited_.push_back({place, at, true});
}

AIAUDIT_INLINE void budget_gate::remove(std::string_view name) {
    auto const [place, is_there] = state_.find(name);
    if (!is_there) return;
    ++version_;
    if (state_.budgets[place].definition().reserve == budget_reserve::stepwise) --stepwise_;
    remove_at(place);
}

AIAUDIT_INLINE void budget_gate::remove_at(std::uint32_t place) {
    state_.remove(place);
    std::erase_if(awaited_, [&](awaited_history& each) {
        bool const gone = each.budget == place;
        if (each.budget > place) --each.budget;
        return gone;
    });
}

AIAUDIT_INLINE void budget_gate::top_up(budget_top_up const& of, timestamp at) {
    auto const [place, is_there] = state_.find(of.budget);
    if (!is_there) return;
    detail::kept_budget& to = state_.budgets[place];
    if (to.is_bucket() || to.of_lives() || to.definition().unit != of.unit) return;
    to.add_credit(to.window_at(at), of.subject, of.amount);
}

AIAUDIT_INLINE void budget_gate::forget_future(timestamp after) {
    // What is held tentatively is held again when it is applied.
    ++version_;
    for (std::uint32_t i = 0; i < state_.budgets.size(); ++i)
        if (state_.forget_future(i, after)) awaited_.push_back({i, after, false});
}

AIAUDIT_INLINE std::optional<budget_gate::history> budget_gate::needs_history() const {
    if (awaited_.empty()) return std::nullopt;
    history all{timestamp{(std::numeric_limits<std::int64_t>::max)()}};
    for (awaited_history const& each : awaited_) {
        auto const from =
            detail::matters_since(state_.budgets[each.budget].definition().window, each.at);
        if (!from || !all.from)
            all.from.reset();
        else
            all.from = (std::min)(*all.from, *from);
    }
    return all;
}

AIAUDIT_INLINE void budget_gate::adopt(budget_gate const& folded) {
    if (awaited_.empty() || folded.state_.budgets.size() != awaited_.size()) return;
    // What was held of it tentatively is held again when it is applied.
    ++version_;
    auto const awaited = std::exchange(awaited_, {});
    for (std::uint32_t i = 0; i < awaited.size(); ++i) {
        auto const& [place, at, is_new] = awaited[i];
        if (is_new)
            state_.adopt(place, folded.state_, i, at);
        else
            state_.take_lost(place, folded.state_, i, at);
    }
}

AIAUDIT_INLINE std::vector<budget_state> budget_gate::states(timestamp now) const {
    std::vector<budget_state> all;
    for (detail::kept_budget const& each : state_.budgets) {
        std::size_t const first = all.size();
        detail::add_states(each, now, all);
        std::stable_sort(all.begin() + static_cast<std::ptrdiff_t>(first), all.end(),
                         [](budget_state const& a, budget_state const& b) {
                             return a.spent + a.reserved > b.spent + b.reserved;
                         });
    }
    return all;
}

AIAUDIT_INLINE std::vector<budget_state> budget_gate::states_of(record const& who,
                                                                timestamp now) const {
    std::vector<budget_state> all;
    detail::record_subjects<std::string> subjects(who);
    for (detail::kept_budget const& each : state_.budgets) {
        detail::budget_place place;
        if (each.find_place(subjects, now, place))
            all.push_back(detail::state_at(each, place, now));
    }
    return all;
}

AIAUDIT_INLINE std::vector<future_state> budget_gate::futures(timestamp after) const {
    std::vector<future_state> all;
    for (detail::kept_budget const& each : state_.budgets) {
        auto found = each.future(after);
        if (found.windows != 0 || found.closed != 0) all.push_back(std::move(found));
    }
    return all;
}

AIAUDIT_INLINE std::vector<open_reservation> budget_gate::open(
    std::optional<timestamp> deadline_before) const {
    std::vector<open_reservation> all;
    state_.open.for_each([&](std::uint32_t number) {
        detail::open_attempt const& each = state_.open[number];
        bool const in_log = value_of(each.intent) != 0;
        if (in_log && (!deadline_before || each.deadline < *deadline_before))
            all.push_back({each.operation, each.attempt, each.intent, each.deadline});
    });
    std::sort(all.begin(), all.end(), [](open_reservation const& a, open_reservation const& b) {
        return a.intent < b.intent;
    });
    return all;
}

AIAUDIT_INLINE std::vector<budget_crossing> budget_gate::take_crossings() {
    std::vector<budget_crossing> all;
    for (detail::passed_threshold const& each : state_.passed)
        all.push_back({detail::state_of(state_.budgets[each.budget], each.account, each.window),
                       each.percent});
    state_.passed.clear();
    return all;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_BUDGET_GATE_IPP
