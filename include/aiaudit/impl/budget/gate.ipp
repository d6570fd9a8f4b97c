// SPDX-License-Identifier: MIT
//
// gate.ipp: the definitions of gate.hpp.
#ifndef AIAUDIT_IMPL_BUDGET_GATE_IPP
#define AIAUDIT_IMPL_BUDGET_GATE_IPP

#include <aiaudit/budget/gate.hpp>
#include <aiaudit/config.hpp>  // AIAUDIT_INLINE

#include <cstddef>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE budget_gate budget_gate::history_gate() const {
    budget_gate past;
    past.folds_history_ = true;
    if (!needs_) return past;
    detail::kept_budget& made = past.state_.budgets.emplace_back(state_.budgets[new_].definition());
    made.restore_known_since(state_.budgets[new_].known_since());
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
    if (is_there) state_.remove(place);
    state_.insert(place, std::move(definition));
    state_.budgets[place].forget_before(at);
    new_ = place;
    defined_at_ = at;
    needs_ = history{detail::matters_since(state_.budgets[place].definition().window, at)};
}

AIAUDIT_INLINE void budget_gate::remove(std::string_view name) {
    auto const [place, is_there] = state_.find(name);
    if (!is_there) return;
    ++version_;
    if (state_.budgets[place].definition().reserve == budget_reserve::stepwise) --stepwise_;
    state_.remove(place);
    if (!needs_ || place > new_) return;
    if (place == new_)
        needs_.reset();
    else
        --new_;
}

AIAUDIT_INLINE void budget_gate::top_up(budget_top_up const& of, timestamp at) {
    auto const [place, is_there] = state_.find(of.budget);
    if (!is_there) return;
    detail::kept_budget& to = state_.budgets[place];
    if (to.is_bucket() || to.of_lives() || to.definition().unit != of.unit) return;
    to.add_credit(to.window_at(at), of.subject, of.amount);
}

AIAUDIT_INLINE void budget_gate::adopt(budget_gate const& folded) {
    if (!needs_ || folded.state_.budgets.size() != 1) return;
    needs_.reset();
    // What was held of it tentatively is held again when it is applied.
    ++version_;
    state_.adopt(new_, folded.state_, defined_at_);
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
