// SPDX-License-Identifier: MIT
//
// gate.ipp: the definitions of gate.hpp.
#ifndef AIAUDIT_IMPL_BUDGET_GATE_IPP
#define AIAUDIT_IMPL_BUDGET_GATE_IPP

#include <aiaudit/budget/gate.hpp>
#include <aiaudit/config.hpp>  // AIAUDIT_INLINE

#include <cstddef>
#include <limits>
#include <tuple>

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

AIAUDIT_INLINE detail::kept_budget* budget_gate::fleet_budget(budget_ceiling const& of) {
    auto const [place, is_there] = state_.find(of.budget);
    if (!is_there) return nullptr;
    detail::kept_budget& found = state_.budgets[place];
    bool const fits =
        found.of_fleet() && found.definition().unit == of.unit && found.may_be_window(of.window);
    return fits ? &found : nullptr;
}

AIAUDIT_INLINE void budget_gate::set_ceiling(budget_ceiling const& of) {
    state_.store_seen = (std::max)(state_.store_seen, of.version);
    if (detail::kept_budget* const to = fleet_budget(of))
        to->set_ceiling({of.window, of.amount, of.beyond});
}

AIAUDIT_INLINE bool budget_gate::may_set(budget_ceiling const& of) {
    detail::kept_budget* const to = fleet_budget(of);
    return to != nullptr && to->lower_ceiling(of.window, of.amount);
}

AIAUDIT_INLINE void budget_gate::cancel_ceiling(budget_ceiling const& of) {
    if (detail::kept_budget* const to = fleet_budget(of)) to->end_lowering(of.window);
}

AIAUDIT_INLINE std::vector<fleet_state> budget_gate::take_fleet_states(timestamp now) {
    std::vector<fleet_state> all;
    for (detail::kept_budget& each : state_.budgets)
        if (each.of_fleet()) all.push_back(detail::fleet_state_of(each, now));
    return all;
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

AIAUDIT_INLINE std::uint32_t budget_gate::advance_for(planned_hold const& of, drawing from) const {
    std::uint64_t const holder = from == drawing::ready ? state_.own_holder : state_.holder;
    std::uint32_t const found =
        state_.find_advance(holder, of.budget, of.place.account, of.place.window);
    if (found == detail::open_attempts::none) return found;
    int128 room = 0;
    state_.open.for_each_hold(found, [&](detail::hold const& each) {
        room = from == drawing::ready ? each.amount - each.apart : each.logged;
    });
    return room >= of.change ? found : detail::open_attempts::none;
}

AIAUDIT_INLINE void budget_gate::draw_planned(planned_hold const& of, bool logged) {
    detail::hold& from = state_.held_ahead(of.advance);
    state_.budgets[of.budget].change_advance(from, -of.change, false);
    if (logged) {
        from.logged -= of.change;
        state_.drop_if_spent(of.advance);
        return;
    }
    int128 const step =
        detail::step_of(state_.budgets[of.budget], of.change, state_.open[of.advance].calls);
    if (from.apart == 0 && from.amount < step / 2) short_ = true;
}

AIAUDIT_INLINE std::optional<detail::account_place> budget_gate::place_of(budget_advance const& of,
                                                                          timestamp at) {
    auto const [budget, is_there] = state_.find(of.budget);
    if (!is_there) return std::nullopt;
    detail::kept_budget& kept = state_.budgets[budget];
    bool const fits =
        kept.definition().unit == of.unit && kept.definition().scope.each == !of.subject.empty();
    if (!fits) return std::nullopt;
    detail::budget_place place;
    place.name = of.subject;
    place.hash = detail::account_table::hash_of(of.subject);
    place.window = kept.window_at(at);
    kept.find_account(place);
    if (kept.forgot(place)) return std::nullopt;
    return detail::account_place{budget, kept.account_of(place), place.window};
}

AIAUDIT_INLINE void budget_gate::apply_advance(sequence number, budget_advance const& of,
                                               timestamp at) {
    bool const own = of.holder == state_.own_holder && under_way_ != 0;
    if (own) --under_way_;
    state_.holder = of.holder;
    auto const place = place_of(of, at);
    if (!place) return;
    std::uint32_t found =
        state_.find_advance(of.holder, place->budget, place->account, place->window);
    if (found == detail::open_attempts::none) {
        if (of.back) return;
        found = state_.make_advance(of.holder, place->budget, place->account, place->window);
        if (found == detail::open_attempts::none) return;
    }
    detail::kept_budget& kept = state_.budgets[place->budget];
    detail::hold& held = state_.held_ahead(found);
    if (of.back) {
        if (!own) kept.change_advance(held, -(std::min)(of.amount, held.amount), false);
        held.logged -= (std::min)(of.amount, held.logged);
        return state_.drop_if_spent(found);
    }
    bool const known = own && held.apart >= of.amount;
    if (known)
        held.apart -= of.amount;
    else
        kept.change_advance(held, of.amount, false);
    kept.log_advance(held, place->window);
    held.logged = (std::max)(held.logged, int128{0}) + of.amount;
    state_.open[found].intent = number;
    state_.open[found].deadline = at;
    kept.use(place->account, at);
}

AIAUDIT_INLINE void budget_gate::cancel_advance(budget_advance const& of, timestamp at) {
    if (of.holder != state_.own_holder || under_way_ == 0) return;
    --under_way_;
    auto const place = place_of(of, at);
    if (!place) return;
    std::uint32_t const found =
        state_.find_advance(of.holder, place->budget, place->account, place->window);
    if (found == detail::open_attempts::none) return;
    detail::hold& held = state_.held_ahead(found);
    if (!of.back && held.apart < of.amount) return;
    if (!of.back) held.apart -= of.amount;
    state_.budgets[place->budget].change_advance(held, of.back ? of.amount : -of.amount, false);
    state_.drop_if_spent(found);
}

AIAUDIT_INLINE void budget_gate::end_advances(advance_end how, std::uint64_t holder, timestamp at) {
    state_.for_each_advance([&](std::uint32_t number, std::uint64_t of) {
        bool drops = false;
        switch (how) {
        case advance_end::returned: drops = of == holder; break;
        case advance_end::written_off: drops = of != state_.holder; break;
        case advance_end::abandoned: {
            detail::hold const& held = state_.held_ahead(number);
            detail::kept_budget& kept = state_.budgets[held.budget];
            drops = kept.is_bucket();
            if (drops) kept.fill_lost(held, at);
            break;
        }
        }
        if (drops) state_.drop_advance(number);
    });
    bool const ends = how == advance_end::abandoned || state_.holder == holder;
    if (ends) state_.holder = 0;
    if (how == advance_end::returned && state_.own_holder == holder) state_.own_holder = 0;
}

// How much should be held ahead for so many calls: at most a 64th of the limit, or one call.
AIAUDIT_INLINE int128 detail::step_of(kept_budget const& of, int128 asked,
                                      std::uint32_t calls) noexcept {
    constexpr int128 part_of_limit = 64;
    int128 limit = of.definition().limit;
    // Of a fleet's limit this ledger has a part.
    if (of.of_fleet()) limit = of.ceilings().empty() ? int128{0} : of.ceilings().back().now();
    return (std::max)(asked, (std::min)(asked * calls, limit / part_of_limit));
}

// How much more should be held ahead of a place of which so much is. 0: there is no room.
AIAUDIT_INLINE int128 detail::step_ahead(kept_budget const& of, budget_place const& place,
                                         int128 asked, std::uint32_t calls, int128 there) {
    int128 more = step_of(of, asked, calls) - there;
    if (!of.is_bucket()) more = (std::min)(more, of.room_at(place));
    return there + more < asked ? int128{0} : more;
}

// For how many calls is asked next: twice as many as last, where those were used up quickly.
AIAUDIT_INLINE std::uint32_t budget_gate::calls_ahead(std::uint32_t advance,
                                                      timestamp at) const noexcept {
    constexpr std::uint32_t calls_first = 16;
    constexpr std::uint32_t calls_most = 65'536;
    constexpr std::int64_t quick_ns = nanoseconds_per_second;
    if (advance == detail::open_attempts::none) return calls_first;
    detail::open_attempt const& last = state_.open[advance];
    if (last.calls == 0) return calls_first;
    bool const quick = detail::reckonable_ns(at) < detail::reckonable_ns(last.deadline) + quick_ns;
    return quick ? (std::min)(2 * last.calls, calls_most) : last.calls;
}

AIAUDIT_INLINE std::vector<record> budget_gate::advance(record const& intent,
                                                        std::uint64_t holder) {
    // For so many at a time; and only while there are few, for those that ask for the first time.
    constexpr std::size_t open_most = 65'536;
    constexpr std::size_t open_few = 4'096;
    std::vector<record> all;
    short_ = false;
    if (under_way_ == 0) advance_version_ = version_;
    if (advance_version_ != version_ || empty()) return all;
    state_.own_holder = holder;
    find_places(intent);
    for (planned_hold& next : planned()) {
        detail::kept_budget& of = state_.budgets[next.budget];
        of.find_account(next.place);
        auto const asked = detail::asked_by(intent, of.definition());
        if (of.only_warns() || asked.unknown || asked.amount == 0 ||
            next.place.account == detail::account_table::none || of.forgot(next.place))
            continue;
        std::uint32_t found =
            state_.find_advance(holder, next.budget, next.place.account, next.place.window);
        bool const is_new = found == detail::open_attempts::none;
        if (is_new) {
            sweep(intent.started_at, all);
            bool const first = !of.is_bucket() && !of.was_used(next.place);
            if (state_.open.size() >= (first ? open_few : open_most)) continue;
        }
        int128 const there = is_new ? int128{0} : state_.held_ahead(found).amount;
        if (!is_new) {
            int128 const last = detail::step_of(of, asked.amount, state_.open[found].calls);
            bool const enough = there >= asked.amount && there * 2 >= last;
            if (enough || state_.held_ahead(found).apart != 0) continue;
        }
        std::uint32_t const calls = calls_ahead(found, intent.started_at);
        int128 const more = detail::step_ahead(of, next.place, asked.amount, calls, there);
        auto entry = to_record(
            budget_advance{of.definition().name, std::string(next.place.name), of.definition().unit,
                           more, of.definition().limit, holder, false},
            intent.started_at);
        if (!entry) continue;  // there is no room
        found = state_.make_advance(holder, next.budget, next.place.account, next.place.window);
        if (found == detail::open_attempts::none) continue;
        detail::hold& held = state_.held_ahead(found);
        of.change_advance(held, more, false);
        held.apart += more;
        state_.open[found].tentative = true;
        state_.open[found].calls = calls;
        ++under_way_;
        all.push_back(std::move(*entry));
    }
    return all;
}

AIAUDIT_INLINE record budget_gate::return_of(detail::hold const& of, int128 amount,
                                             timestamp at) const {
    detail::kept_budget const& kept = state_.budgets[of.budget];
    auto made = to_record(
        budget_advance{kept.definition().name, std::string(kept.accounts()[of.account].name()),
                       kept.definition().unit, amount, kept.definition().limit, state_.own_holder,
                       true},
        at);
    return made ? std::move(*made) : record{};
}

AIAUDIT_INLINE std::vector<record> budget_gate::give_back(record const& intent, bool& waits) {
    std::vector<record> all;
    waits = false;
    if (state_.own_holder == 0 || (under_way_ != 0 && advance_version_ != version_)) return all;
    if (under_way_ == 0) advance_version_ = version_;
    find_places(intent);
    for (planned_hold& next : planned()) {
        detail::kept_budget& of = state_.budgets[next.budget];
        of.find_account(next.place);
        std::uint32_t const found = state_.find_advance(state_.own_holder, next.budget,
                                                        next.place.account, next.place.window);
        if (found == detail::open_attempts::none || of.is_bucket()) continue;
        detail::hold& held = state_.held_ahead(found);
        if (held.apart != 0) waits = true;
        int128 const free = held.amount - held.apart;
        if (free <= 0) continue;
        all.push_back(return_of(held, free, intent.started_at));
        of.change_advance(held, -free, false);
        ++under_way_;
    }
    return all;
}

// Gives back what is held of windows that are over, some at a time.
AIAUDIT_INLINE void budget_gate::sweep(timestamp now, std::vector<record>& to) {
    constexpr std::uint32_t looks = 8;
    for (std::uint32_t i = 0; i < looks && state_.open.places() != 0; ++i) {
        swept_ = (swept_ + 1) % state_.open.places();
        if (!state_.open.is_taken(swept_) || !state_.open[swept_].is_advance() ||
            detail::holder_of(state_.open[swept_].operation) != state_.own_holder)
            continue;
        detail::hold& held = state_.held_ahead(swept_);
        detail::kept_budget& of = state_.budgets[held.budget];
        bool const old = !of.is_bucket() && held.window < of.window_at(now);
        if (old) state_.drop_if_spent(swept_);
        if (!old || !state_.open.is_taken(swept_) || held.apart != 0 || held.amount <= 0) continue;
        // At the beginning of its window.
        timestamp const then = of.instant_in(held.window);
        to.push_back(return_of(held, held.amount, then));
        of.change_advance(held, -held.amount, false);
        ++under_way_;
    }
}

AIAUDIT_INLINE bool budget_gate::has_lost() const {
    bool lost = false;
    state_.for_each_advance([&](std::uint32_t number, std::uint64_t holder) {
        state_.open.for_each_hold(number, [&](detail::hold const& each) {
            lost = lost || (holder == state_.own_holder && each.logged != each.amount);
        });
    });
    return lost;
}

AIAUDIT_INLINE std::vector<budget_advance> budget_gate::lost_advances() const {
    std::vector<budget_advance> all;
    state_.for_each_advance([&](std::uint32_t number, std::uint64_t holder) {
        if (holder == state_.holder) return;
        state_.open.for_each_hold(number, [&](detail::hold const& each) {
            detail::kept_budget const& of = state_.budgets[each.budget];
            all.push_back({of.definition().name, std::string(of.accounts()[each.account].name()),
                           of.definition().unit, each.amount, of.definition().limit, holder,
                           false});
        });
    });
    std::sort(all.begin(), all.end(), [](budget_advance const& a, budget_advance const& b) {
        return std::tie(a.budget, a.subject, a.holder) < std::tie(b.budget, b.subject, b.holder);
    });
    return all;
}

AIAUDIT_INLINE void budget_gate::visit_states(
    timestamp now, budget_rows rows, detail::function_ref<void(budget_state&&)> visit) const {
    auto const ahead = detail::sums_ahead(state_);
    for (std::size_t i = 0; i < ahead.size(); ++i)
        if (!detail::visit_states(state_.budgets[i], now, ahead[i], rows, visit)) break;
}

AIAUDIT_INLINE std::vector<budget_state> budget_gate::states(timestamp now,
                                                             budget_rows rows) const {
    std::vector<budget_state> all;
    visit_states(now, rows, [&all](budget_state&& each) { all.push_back(std::move(each)); });
    return all;
}

AIAUDIT_INLINE std::vector<budget_state> budget_gate::states_of(record const& who,
                                                                timestamp now) const {
    std::vector<budget_state> all;
    detail::record_subjects<std::string> subjects(who);
    auto const ahead = detail::sums_ahead(state_);
    for (std::size_t i = 0; i < ahead.size(); ++i) {
        detail::kept_budget const& each = state_.budgets[i];
        detail::budget_place place;
        if (each.find_place(subjects, now, place))
            all.push_back(detail::state_at(each, place, now, ahead[i]));
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
        bool const in_log = value_of(each.intent) != 0 && !each.is_advance();
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
