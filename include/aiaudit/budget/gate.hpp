// SPDX-License-Identifier: MIT
//
// gate.hpp: decides whether an attempt may be made, and knows what every budget has spent and
// reserved.
//
// A gate is a fold of the log: an intent reserves what the attempt may cost at the most, its
// outcome books what it did cost and gives back the rest. Whoever applies the same records has the
// same sums. Between records it holds tentatively what it let through, until that is applied or
// cancelled; so spent + reserved never passes the limit of a budget that refuses, unless an attempt
// cost more than its bound. The window of an attempt is that in which it started, not that of now.
// Threads: one gate for one thread at a time.
// Floor 4.
#ifndef AIAUDIT_BUDGET_GATE_HPP
#define AIAUDIT_BUDGET_GATE_HPP

#include <aiaudit/budget/budget_amounts.hpp>
#include <aiaudit/budget/budget_record.hpp>  // read_budget_change
#include <aiaudit/budget/gate_snapshot.hpp>  // gate_state
#include <aiaudit/budget/gate_views.hpp>     // state_of

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

class budget_gate {
public:
    // No budget is defined: everything is let through, and nothing is remembered.
    [[nodiscard]] bool empty() const noexcept { return state_.budgets.empty(); }
    // Whether any budget reserves stepwise.
    [[nodiscard]] bool has_steps() const noexcept { return stepwise_ != 0; }

    // Folds the next record of the log. Errors: corrupt, for a definition that cannot be read; the
    // gate is then as it was.
    template <class String>
    [[nodiscard]] result<void> apply(sequence number, basic_record<String> const& entry) {
        switch (entry.kind) {
        case record_kind::intent: apply_intent(number, entry); break;
        case record_kind::outcome: apply_outcome(entry); break;
        case record_kind::budget:
            if (!folds_history_) return apply_change(number, entry);
            break;
        case record_kind::retention:
        case record_kind::circuit:
        case record_kind::refusal:
        case record_kind::alert:
        case record_kind::prices:
        case record_kind::key:
        case record_kind::storage: break;
        case record_kind::correction: apply_correction(entry); break;
        }
        return {};
    }

    // What a budget that was just defined, or that lost windows to a clock that stood ahead, must
    // be told of the time before: records from then on, by started_at; none: all.
    struct history {
        std::optional<timestamp> from{};
    };
    // To be asked after a record of the kind budget, and heeded before anything else is applied.
    [[nodiscard]] std::optional<history> needs_history() const;
    // A gate to apply the records before that one to; it passes over definitions.
    [[nodiscard]] budget_gate history_gate() const;
    // Its sums and open attempts become those of the budgets that need it.
    void adopt(budget_gate const& folded);

    // What reserve() says. `budget` and `reason` are of the budget that refused.
    struct verdict {
        bool admitted = true;
        bool warned = false;  // a budget that only warns would be over its limit
        refusal_reason reason{};
        std::uint32_t budget = 0;
    };
    // Asks for all that an attempt may take, of all budgets that cover it or of none. What is
    // admitted is held until apply() of the same intent, or cancel(). For an attempt that is open,
    // asks for what it would hold more.
    template <class String>
    [[nodiscard]] AIAUDIT_HOT verdict reserve(basic_record<String> const& intent) {
        return ask(intent, drawing::none);
    }

    // For who decides alone, and lets attempts begin before the log has their intents: all that an
    // attempt may take is drawn from what the log says is held ahead, of all budgets that cover it.
    // Not admitted: there is not so much, and reserve() is to be asked. The intent goes into the
    // log with advance_mark as its finish reason.
    template <class String>
    [[nodiscard]] AIAUDIT_HOT verdict draw(basic_record<String> const& intent) {
        if (state_.own_holder == 0) return {.admitted = false};
        return ask(intent, drawing::ready);
    }
    // Whether what draw() has left should soon be more.
    [[nodiscard]] bool is_short() const noexcept { return short_; }
    // What should be held ahead for more attempts like one that was let through: records for the
    // log, held from now on, and to be drawn from once they are applied. At most a 64th of a limit,
    // or one such attempt; of very many subjects, none of those that ask for the first time.
    [[nodiscard]] std::vector<record> advance(record const& intent, std::uint64_t holder);
    // What is held ahead and not used of the budgets that cover an intent, for where they refuse
    // it: records for the log, before that intent. `waits`: some of it is not in the log yet.
    [[nodiscard]] std::vector<record> give_back(record const& intent, bool& waits);
    // Of a record of these that did not enter the log.
    void cancel_advance(budget_advance const& of, timestamp at);
    // Whether this process, or another, holds anything ahead.
    [[nodiscard]] bool holds_ahead() const noexcept { return state_.own_holder != 0; }
    // Whether the log lacks something that was drawn from that.
    [[nodiscard]] bool has_lost() const;
    // Who draws from advances, by the log; 0: nobody.
    [[nodiscard]] std::uint64_t holder() const noexcept { return state_.holder; }
    // By name and subject: what processes that are dead held ahead, and nobody has written off.
    [[nodiscard]] std::vector<budget_advance> lost_advances() const;

    // Of a ceiling whose record is to enter the log: false, where more is used already. One that is
    // lower than what is in force counts from now on, until apply() of its record, or cancel.
    [[nodiscard]] bool may_set(budget_ceiling const& of);
    void cancel_ceiling(budget_ceiling const& of);
    // By name: the budgets of a fleet, with what their windows have used here, and the most that
    // was refused since this was last asked. Windows: those that have a ceiling, and that of now.
    [[nodiscard]] std::vector<fleet_state> take_fleet_states(timestamp now);
    // Which node of a fleet this is; incarnation 0: none.
    [[nodiscard]] fleet_node const& node() const noexcept { return state_.node; }
    // The highest version of the fleet's store that a record has.
    [[nodiscard]] std::uint64_t store_seen() const noexcept { return state_.store_seen; }

    // The words on a refusal, before anything else is applied.
    template <class String>
    [[nodiscard]] budget_refusal describe(verdict const& said,
                                          basic_record<String> const& intent) const {
        if (said.admitted || said.budget >= state_.budgets.size()) return {};
        detail::kept_budget const& of = state_.budgets[said.budget];
        detail::record_subjects<String> subjects(intent);
        detail::budget_place place;
        if (!of.find_place(subjects, intent.started_at, place)) return {};
        int128 const asked = detail::asked_by(intent, of.definition()).amount;
        return detail::refusal_of(of, place, intent.started_at, said.reason, asked);
    }
    // Gives back what reserve() holds of an intent that did not enter the log.
    template <class String>
    void cancel(basic_record<String> const& intent) {
        std::uint32_t const open = state_.open.find(intent.operation_id, intent.attempt);
        if (open != detail::open_attempts::none) state_.forget_tentative(open);
    }

    [[nodiscard]] bool is_open(operation_id const& operation, std::uint32_t attempt) const {
        return state_.open.find(operation, attempt) != detail::open_attempts::none;
    }

    // By name.
    [[nodiscard]] std::vector<budget> budgets() const {
        std::vector<budget> all;
        for (detail::kept_budget const& each : state_.budgets) all.push_back(each.definition());
        return all;
    }
    // By name; of a budget for each, one a subject that has anything in the window, the largest
    // first. Of all these rows those that are wanted.
    [[nodiscard]] std::vector<budget_state> states(timestamp now, budget_rows rows = {}) const;
    void visit_states(timestamp now, budget_rows rows,
                      detail::function_ref<void(budget_state&&)> visit) const;
    // By name: those that would cover a record of an instant, as they stand for its subjects.
    [[nodiscard]] std::vector<budget_state> states_of(record const& who, timestamp now) const;
    // By name: what each has counted in windows that begin after an instant, where it has any, or
    // refuses until then.
    [[nodiscard]] std::vector<future_state> futures(timestamp after) const;
    // Attempts in the log of which no end is, by sequence; those whose deadline is before an
    // instant.
    [[nodiscard]] std::vector<open_reservation> open(
        std::optional<timestamp> deadline_before = {}) const;
    // Thresholds that were passed since this was last asked, each once a window and subject. The
    // oldest are dropped where nobody asks.
    [[nodiscard]] std::vector<budget_crossing> take_crossings();

    // What the log says, without what is held tentatively.
    [[nodiscard]] std::string snapshot() const { return detail::write_gate(state_); }
    // Errors: corrupt, for anything but what snapshot() made.
    [[nodiscard]] static result<budget_gate> from_snapshot(std::string_view bytes);

private:
    // What an intent asks of one budget.
    struct planned_hold {
        std::uint32_t budget = 0;
        detail::budget_place place{};
        int128 change = 0;
        bool is_new = true;
        std::uint32_t advance = detail::open_attempts::none;  // from which it is drawn
    };
    // Whether attempts draw from advances: from none, as the log says, or as far as it is on disk.
    enum class drawing : std::uint8_t { none, logged, ready };

    [[nodiscard]] std::span<planned_hold> planned() noexcept {
        return {planned_.data(), planned_count_};
    }
    template <class String>
    void find_places(basic_record<String> const& intent);
    template <class String>
    verdict plan(basic_record<String> const& intent, std::uint32_t open, bool may_refuse,
                 drawing from);
    template <class String>
    verdict ask(basic_record<String> const& intent, drawing from) {
        if (empty()) return {};
        find_places(intent);
        std::uint32_t const open = state_.open.find(intent.operation_id, intent.attempt);
        verdict const said = plan(intent, open, true, from);
        if (said.admitted)
            hold_planned(intent, open, {});
        else if (from == drawing::none && state_.budgets[said.budget].of_fleet())
            note_refused(intent, said.budget);
        return said;
    }
    [[nodiscard]] std::uint32_t advance_for(planned_hold const& of, drawing from) const;
    template <class String>
    void note_refused(basic_record<String> const& intent, std::uint32_t by) {
        detail::kept_budget& of = state_.budgets[by];
        of.note_refused(detail::asked_by(intent, of.definition()).amount);
    }
    void draw_planned(planned_hold const& of, bool logged);
    void apply_advance(sequence number, budget_advance const& of, timestamp at);
    void end_advances(advance_end how, std::uint64_t holder, timestamp at);
    // Where an advance is of; none where its budget is another one now.
    [[nodiscard]] std::optional<detail::account_place> place_of(budget_advance const& of,
                                                                timestamp at);
    [[nodiscard]] std::uint32_t calls_ahead(std::uint32_t advance, timestamp at) const noexcept;
    void sweep(timestamp now, std::vector<record>& to);
    [[nodiscard]] record return_of(detail::hold const& of, int128 amount, timestamp at) const;
    [[nodiscard]] detail::hold& add_hold(std::uint32_t open, planned_hold const& of);
    template <class String>
    void hold_planned(basic_record<String> const& intent, std::uint32_t open,
                      std::optional<sequence> logged);
    template <class String>
    void apply_intent(sequence number, basic_record<String> const& intent);
    template <class String>
    void apply_outcome(basic_record<String> const& outcome);
    template <class String>
    void apply_correction(basic_record<String> const& entry);
    template <class String, class AmountAt>
    void charge_each(basic_record<String> const& entry, AmountAt const& amount_at);
    template <class String>
    [[nodiscard]] result<void> apply_change(sequence number, basic_record<String> const& entry);
    void set(budget definition, timestamp at);
    void remove(std::string_view name);
    void remove_at(std::uint32_t place);
    void top_up(budget_top_up const& of, timestamp at);
    void set_ceiling(budget_ceiling const& of);
    // None, where it is none of a fleet with that unit.
    [[nodiscard]] detail::kept_budget* fleet_budget(budget_ceiling const& of);
    void forget_future(timestamp after);

    // A budget that needs the records before the last one.
    struct awaited_history {
        std::uint32_t budget = 0;
        timestamp at{};      // of which the windows matter
        bool is_new = true;  // else it lost some of them
    };

    detail::gate_state state_{};
    std::vector<planned_hold> planned_{};  // scratch: the first so many
    std::uint32_t planned_count_ = 0;
    std::uint32_t version_ = 0;   // of the budgets
    std::uint32_t stepwise_ = 0;  // budgets that reserve so
    bool folds_history_ = false;
    std::vector<awaited_history> awaited_{};
    // Of this process, while it decides alone.
    bool short_ = false;
    std::uint32_t under_way_ = 0;        // records of advances that the log does not have yet
    std::uint32_t advance_version_ = 0;  // of the budgets, when the first of these was made
    std::uint32_t swept_ = 0;            // where the search for old ones goes on
};

namespace detail {

[[nodiscard]] int128 step_of(kept_budget const& of, int128 asked, std::uint32_t calls) noexcept;
[[nodiscard]] int128 step_ahead(kept_budget const& of, budget_place const& place, int128 asked,
                                std::uint32_t calls, int128 there);

}  // namespace detail

// Fills planned_ with a place of each budget that covers an intent, what finds their accounts being
// on its way.
template <class String>
void budget_gate::find_places(basic_record<String> const& intent) {
    planned_.resize(state_.budgets.size());
    planned_count_ = 0;
    detail::record_subjects<String> subjects(intent);
    for (std::uint32_t i = 0; i < state_.budgets.size(); ++i) {
        detail::kept_budget& of = state_.budgets[i];
        of.look_at(intent.started_at);
        planned_hold& next = planned_[planned_count_];
        next.budget = i;
        next.place = {};
        if (of.find_window(subjects, intent.started_at, next.place)) ++planned_count_;
    }
}

// Leaves in planned_ what is to be held. `may_refuse`: or says who refuses.
template <class String>
budget_gate::verdict budget_gate::plan(basic_record<String> const& intent, std::uint32_t open,
                                       bool may_refuse, drawing from) {
    verdict said;
    int weight = 0;
    bool const nameless =
        intent.operation_id.is_zero() || intent.attempt == detail::open_attempt::advance;
    for (planned_hold const& each : planned())
        state_.budgets[each.budget].expect_account(each.place);
    std::uint32_t kept = 0;
    for (planned_hold& next : planned()) {
        detail::kept_budget const& of = state_.budgets[next.budget];
        of.find_account(next.place);
        detail::amount_asked const asked = detail::asked_by(intent, of.definition());
        next.change = asked.amount;
        next.is_new = true;
        next.advance = detail::open_attempts::none;
        if (open != detail::open_attempts::none) {
            detail::hold const* const held = state_.open.find_hold(open, next.budget);
            next.is_new = held == nullptr;
            if (held != nullptr) {
                next.change = (std::max)(asked.amount - held->amount, int128{0});
                if (of.of_lives()) next.place.window = held->window;
            }
        }
        if (from != drawing::none && next.change != 0 && !asked.unknown && !nameless) {
            next.advance = advance_for(next, from);
            bool const lacks = next.advance == detail::open_attempts::none && !of.only_warns();
            if (from == drawing::ready && lacks) return {.admitted = false};
        }
        if (may_refuse) {
            auto why = asked.unknown;
            if (!why && nameless) why = refusal_reason::unbounded;
            bool const drawn = next.advance != detail::open_attempts::none && !of.is_bucket();
            if (!why && !drawn && (next.is_new || next.change != 0))
                why = of.refuses(next.place, next.change);
            if (why && of.only_warns()) {
                said.warned = said.warned || *why == refusal_reason::full;
            } else if (why && detail::weight_of(of.definition()) > weight) {
                weight = detail::weight_of(of.definition());
                said.admitted = false;
                said.reason = *why;
                said.budget = next.budget;
            }
        }
        if (next.is_new && of.forgot(next.place)) continue;
        if (&planned_[kept] != &next) planned_[kept] = next;
        ++kept;
    }
    planned_count_ = kept;
    return said;
}

inline detail::hold& budget_gate::add_hold(std::uint32_t open, planned_hold const& of) {
    return state_.open.add_hold(open, {.window = of.place.window,
                                       .budget = of.budget,
                                       .account = state_.budgets[of.budget].account_of(of.place)});
}

// Holds what is planned; `logged`: the intent is in the log.
template <class String>
void budget_gate::hold_planned(basic_record<String> const& intent, std::uint32_t open,
                               std::optional<sequence> logged) {
    if (planned_count_ == 0) return;
    if (open == detail::open_attempts::none)
        open = state_.open.add(intent.operation_id, intent.attempt);
    detail::open_attempt& attempt = state_.open[open];
    if (logged) {
        attempt.intent = *logged;
        attempt.deadline = (std::max)(attempt.deadline, detail::deadline_of(intent));
    } else {
        attempt.tentative = true;
        attempt.version = version_;
    }
    for (planned_hold const& next : planned()) {
        detail::kept_budget& of = state_.budgets[next.budget];
        bool const draws = next.advance != detail::open_attempts::none;
        if (draws) draw_planned(next, logged.has_value());
        detail::hold& held =
            next.is_new ? add_hold(open, next) : *state_.open.find_hold(open, next.budget);
        of.change_hold(held, next.change, next.is_new);
        if (draws && !logged) held.apart += next.change;
        if (logged) {
            of.log_hold(held);
            of.use(held.account, intent.started_at);
        }
    }
}

template <class String>
void budget_gate::apply_intent(sequence number, basic_record<String> const& intent) {
    // An attempt without a name could not be settled: its outcome is charged when it comes.
    bool const nameless =
        intent.operation_id.is_zero() || intent.attempt == detail::open_attempt::advance;
    if (empty() || nameless) return;
    state_.drop_runs();
    std::uint32_t open = state_.open.find(intent.operation_id, intent.attempt);
    if (open != detail::open_attempts::none && state_.open[open].tentative) {
        detail::open_attempt& attempt = state_.open[open];
        if (attempt.version == version_) {
            attempt.intent = number;
            attempt.deadline = (std::max)(attempt.deadline, detail::deadline_of(intent));
            return state_.confirm(open, intent.started_at);
        }
        // The budgets are others than those that were asked.
        if (state_.forget_tentative(open)) open = detail::open_attempts::none;
    }
    find_places(intent);
    bool const draws = std::string_view(intent.finish_reason) == detail::advance_mark;
    plan(intent, open, false, draws ? drawing::logged : drawing::none);
    hold_planned(intent, open, number);
}

template <class String>
void budget_gate::apply_outcome(basic_record<String> const& outcome) {
    if (empty()) return;
    std::uint32_t const open = state_.open.find(outcome.operation_id, outcome.attempt);
    if (open != detail::open_attempts::none && outcome.attempt != detail::open_attempt::advance) {
        state_.open.drop_holds(open, [&](detail::hold const& each) {
            detail::kept_budget& of = state_.budgets[each.budget];
            of.settle(each, detail::taken_by(outcome, of.definition().unit, each.amount));
            state_.note_passed(each.budget, each.account, each.window);
            return true;
        });
        state_.open.remove(open);
        return;
    }
    charge_each(outcome, [&](detail::kept_budget const& budget, detail::budget_place const&) {
        return detail::taken_by(outcome, budget.definition().unit, 0);
    });
}

template <class String>
void budget_gate::apply_correction(basic_record<String> const& entry) {
    if (empty()) return;
    charge_each(entry, [&](detail::kept_budget const& budget, detail::budget_place const& place) {
        return budget.correction_at(place, entry.cost.pico());
    });
}

// Books what amount_at(budget, place) says, in each budget that covers a record and keeps its
// window.
template <class String, class AmountAt>
void budget_gate::charge_each(basic_record<String> const& entry, AmountAt const& amount_at) {
    state_.drop_runs();
    detail::record_subjects<String> subjects(entry);
    for (std::uint32_t i = 0; i < state_.budgets.size(); ++i) {
        detail::kept_budget& budget = state_.budgets[i];
        budget.look_at(entry.started_at);
        detail::budget_place place;
        if (!budget.find_place(subjects, entry.started_at, place) || budget.forgot(place)) continue;
        int128 const amount = amount_at(budget, place);
        if (amount == 0) continue;
        std::uint32_t const account = budget.account_of(place);
        budget.use(account, entry.started_at);
        budget.charge(account, place.window, amount);
        state_.note_passed(i, account, place.window);
    }
}

template <class String>
result<void> budget_gate::apply_change(sequence number, basic_record<String> const& entry) {
    auto change = read_budget_change(entry);
    if (!change) return change.error();
    if (change->set)
        set(std::move(*change->set), entry.started_at);
    else if (change->added)
        top_up(*change->added, entry.started_at);
    else if (change->forgets_after)
        forget_future((std::max)(*change->forgets_after, entry.started_at));
    else if (change->ceiling)
        set_ceiling(*change->ceiling);
    else if (change->joined)
        state_.node = *change->joined;
    else if (change->advanced)
        apply_advance(number, *change->advanced, entry.started_at);
    else if (change->ended)
        end_advances(*change->ended, change->holder, entry.started_at);
    else
        remove(change->removed);
    return {};
}

#ifdef AIAUDIT_SEPARATE
// Where the accounts are compiled too: a decision calls nothing out of line.
extern template result<void> budget_gate::apply(sequence, record const&);
extern template result<void> budget_gate::apply(sequence, record_view const&);
extern template budget_gate::verdict budget_gate::reserve(record const&);
extern template budget_gate::verdict budget_gate::reserve(record_view const&);
#endif

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/budget/gate.ipp>
#endif

#endif  // AIAUDIT_BUDGET_GATE_HPP
