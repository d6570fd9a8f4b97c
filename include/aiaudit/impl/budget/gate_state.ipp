// SPDX-License-Identifier: MIT
//
// gate_state.ipp: the definitions of gate_state.hpp.
#ifndef AIAUDIT_IMPL_BUDGET_GATE_STATE_IPP
#define AIAUDIT_IMPL_BUDGET_GATE_STATE_IPP

#include <aiaudit/budget/gate_state.hpp>
#include <aiaudit/config.hpp>  // AIAUDIT_INLINE

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::pair<std::uint32_t, bool> gate_state::find(std::string_view name) const {
    auto const place = std::lower_bound(budgets.begin(), budgets.end(), name,
                                        [](kept_budget const& each, std::string_view wanted) {
                                            return each.definition().name < wanted;
                                        });
    return {static_cast<std::uint32_t>(place - budgets.begin()),
            place != budgets.end() && place->definition().name == name};
}

AIAUDIT_INLINE void gate_state::remove(std::uint32_t place) {
    open.for_each([&](std::uint32_t number) {
        open.drop_holds(number, [&](hold const& each) { return each.budget == place; });
        drop_if_empty(number);
    });
    std::erase_if(passed, [place](passed_threshold const& each) { return each.budget == place; });
    budgets.erase(budgets.begin() + place);
    renumber([place](std::uint32_t number) { return number < place ? number : number - 1; });
}

AIAUDIT_INLINE bool gate_state::forget_tentative(std::uint32_t number) {
    open_attempt& attempt = open[number];
    if (!attempt.tentative) return false;
    attempt.tentative = false;
    bool const is_advance = attempt.is_advance();
    open.drop_holds(number, [&](hold& each) {
        kept_budget& of = budgets[each.budget];
        if (!is_advance) give_back(each);
        if (each.logged == hold::not_logged) {
            if (is_advance)
                of.drop_advance(each);
            else
                of.settle(each, 0);
            return true;
        }
        int128 const change = each.logged - each.amount;
        each.apart = 0;
        if (is_advance)
            of.change_advance(each, change, false);
        else if (change != 0)
            of.change_hold(each, change, false);
        if (!is_advance || each.amount != 0) return false;
        of.drop_advance(each);
        return true;
    });
    return drop_if_empty(number);
}

AIAUDIT_INLINE void gate_state::confirm(std::uint32_t number, timestamp at) {
    open[number].tentative = false;
    open.for_each_hold(number, [&](hold& each) {
        budgets[each.budget].log_hold(each);
        budgets[each.budget].use(each.account, at);
        if (each.apart == 0) return;
        auto const from = find_advance(own_holder, each.budget, each.account, each.window);
        if (from != open_attempts::none) held_ahead(from).logged -= each.apart;
        each.apart = 0;
    });
}

AIAUDIT_INLINE operation_id gate_state::advance_id(std::uint64_t of, kept_budget const& budget,
                                                   std::uint32_t account, std::int64_t window) {
    constexpr std::uint64_t odd = 0xC2B2'AE3D'27D4'EB4FULL;
    // Of a rate a window is an instant.
    std::uint64_t const when = budget.is_bucket() ? 0 : static_cast<std::uint64_t>(window);
    std::uint64_t const whose =
        mixed(account_table::hash_of(budget.definition().name) ^ odd,
              account_table::hash_of(budget.accounts()[account].name()) + when * odd);
    return id_of_holder(of, whose);
}

AIAUDIT_INLINE std::uint32_t gate_state::find_advance(std::uint64_t of, std::uint32_t budget,
                                                      std::uint32_t account,
                                                      std::int64_t window) const {
    if (of == 0 || account == account_table::none) return open_attempts::none;
    kept_budget const& kept = budgets[budget];
    std::uint32_t const found =
        open.find(advance_id(of, kept, account, window), open_attempt::advance);
    if (found == open_attempts::none) return found;
    // Two of one hash are one: the other has none.
    bool is_it = false;
    open.for_each_hold(found, [&](hold const& each) {
        is_it = each.budget == budget && each.account == account &&
                (kept.is_bucket() || each.window == window);
    });
    return is_it ? found : open_attempts::none;
}

AIAUDIT_INLINE std::uint32_t gate_state::make_advance(std::uint64_t of, std::uint32_t budget,
                                                      std::uint32_t account, std::int64_t window) {
    std::uint32_t made = find_advance(of, budget, account, window);
    if (made != open_attempts::none) return made;
    operation_id const id = advance_id(of, budgets[budget], account, window);
    if (open.find(id, open_attempt::advance) != open_attempts::none) return open_attempts::none;
    made = open.add(id, open_attempt::advance);
    hold& added = open.add_hold(made, {.window = window, .budget = budget, .account = account});
    budgets[budget].change_advance(added, 0, true);
    return made;
}

AIAUDIT_INLINE hold& gate_state::held_ahead(std::uint32_t advance) noexcept {
    hold* found = nullptr;
    open.for_each_hold(advance, [&found](hold& each) { found = &each; });
    AIAUDIT_ASSERT(found != nullptr);
    return *found;
}

AIAUDIT_INLINE void gate_state::drop_if_spent(std::uint32_t advance) {
    hold const& held = held_ahead(advance);
    if (held.amount == 0 && held.logged <= 0 && held.apart == 0) drop_advance(advance);
}

AIAUDIT_INLINE void gate_state::drop_advance(std::uint32_t advance) {
    open.drop_holds(advance, [this](hold const& each) {
        budgets[each.budget].drop_advance(each);
        return true;
    });
    open.remove(advance);
}

AIAUDIT_INLINE void gate_state::give_back(hold& drawn) {
    if (drawn.apart == 0) return;
    auto const to = find_advance(own_holder, drawn.budget, drawn.account, drawn.window);
    if (to != open_attempts::none)
        budgets[drawn.budget].change_advance(held_ahead(to), drawn.apart, false);
    drawn.apart = 0;
}

AIAUDIT_INLINE void gate_state::drop_runs() {
    for (std::uint32_t place = 0; place < budgets.size(); ++place) {
        kept_budget& of = budgets[place];
        if (!of.has_many_runs()) continue;
        std::vector<bool> holds(of.accounts().size());
        auto const each_hold = [&](auto&& visit) {
            open.for_each([&](std::uint32_t number) {
                open.for_each_hold(number, [&](hold& each) {
                    if (each.budget == place) visit(each);
                });
            });
        };
        each_hold([&holds](hold const& each) { holds[each.account] = true; });
        auto const numbers = of.drop_runs(holds);
        each_hold([&numbers](hold& each) { each.account = numbers[each.account]; });
        std::erase_if(passed, [&](passed_threshold& each) {
            if (each.budget != place) return false;
            each.account = numbers[each.account];
            return each.account == account_table::none;
        });
    }
}

AIAUDIT_INLINE void gate_state::note_passed(std::uint32_t budget, std::uint32_t account,
                                            std::int64_t window) {
    budgets[budget].take_passed(account, window, [&](std::uint32_t percent) {
        if (passed.size() >= passed_most)
            passed.erase(passed.begin(), passed.begin() + passed_most / 2);
        passed.push_back({budget, account, window, percent});
    });
}

AIAUDIT_INLINE bool gate_state::forget_future(std::uint32_t place, timestamp after) {
    kept_budget& of = budgets[place];
    std::int64_t const last = of.window_at(after);
    std::erase_if(passed, [&](passed_threshold const& each) {
        return each.budget == place && each.window > last;
    });
    // What ends later fills a bucket at the instant of its hold.
    if (of.is_bucket()) {
        open.for_each([&](std::uint32_t number) {
            open.for_each_hold(number, [&](hold& each) {
                if (each.budget == place) each.window = (std::min)(each.window, last);
            });
        });
    }
    return of.forget_future(after);
}

AIAUDIT_INLINE void gate_state::take_lost(std::uint32_t place, gate_state const& from,
                                          std::uint32_t there, timestamp after) {
    kept_budget& of = budgets[place];
    kept_budget const& read = from.budgets[there];
    std::vector<std::int64_t> since;  // by account there
    std::vector<std::uint32_t> here;
    for (std::uint32_t i = 0; i < read.accounts().size(); ++i) {
        since.push_back(of.kept_since(of.account_named(read.accounts()[i].name())));
        here.push_back(of.take_lost(read, i, after));
    }
    of.end_taking(after);
    from.open.for_each([&](std::uint32_t number) {
        from.open.for_each_hold(number, [&](hold each) {
            if (each.budget != there || each.window >= since[each.account]) return;
            each.budget = place;
            each.account = here[each.account];
            std::uint32_t const attempt = attempt_like(from.open[number]);
            hold* const held = open.find_hold(attempt, place);
            of.restore_hold(held != nullptr ? *held : each);
            if (held == nullptr) open.add_hold(attempt, each);
        });
    });
}

AIAUDIT_INLINE std::uint32_t gate_state::attempt_like(open_attempt const& other) {
    std::uint32_t here = open.find(other.operation, other.attempt);
    if (here != open_attempts::none) return here;
    here = open.add(other.operation, other.attempt);
    open[here].intent = other.intent;
    open[here].deadline = other.deadline;
    return here;
}

AIAUDIT_INLINE void gate_state::adopt(std::uint32_t place, gate_state const& from,
                                      std::uint32_t there, timestamp at) {
    open.for_each([&](std::uint32_t number) {
        open.drop_holds(number, [&](hold const& each) { return each.budget == place; });
        drop_if_empty(number);
    });
    kept_budget& of = budgets[place];
    of.take_accounts(from.budgets[there].accounts());
    from.open.for_each([&](std::uint32_t number) {
        from.open.for_each_hold(number, [&](hold each) {
            if (each.budget != there) return;
            each.budget = place;
            open.add_hold(attempt_like(from.open[number]), each);
        });
    });
    std::int64_t const window = of.window_at(at);
    for (passed_threshold each : from.passed) {
        bool const counts = each.budget == there && each.window <= window &&
                            window - each.window <= of.keeping().reach;
        each.budget = place;
        if (counts) passed.push_back(each);
    }
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_BUDGET_GATE_STATE_IPP
