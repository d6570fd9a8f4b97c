// SPDX-License-Identifier: MIT
//
// gate_state.hpp: what a gate remembers: the budgets with their accounts, the open attempts with
// what they hold, and the thresholds that were passed.
//
// Threads: plain values.
// Floor 4.
#ifndef AIAUDIT_BUDGET_GATE_STATE_HPP
#define AIAUDIT_BUDGET_GATE_STATE_HPP

#include <aiaudit/budget/kept_budget.hpp>  // kept_budget

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// When an attempt must have ended.
template <class String>
[[nodiscard]] timestamp deadline_of(basic_record<String> const& intent) noexcept {
    constexpr std::int64_t most = (std::numeric_limits<std::int64_t>::max)();
    std::uint64_t const given = intent.duration_ns.value_or(0);
    auto const room =
        static_cast<std::uint64_t>(most) - static_cast<std::uint64_t>(intent.started_at.ns);
    if (intent.started_at.ns > 0 && given > room) return {most};
    return {static_cast<std::int64_t>(static_cast<std::uint64_t>(intent.started_at.ns) +
                                      (std::min)(given, static_cast<std::uint64_t>(most)))};
}

struct gate_state {
    std::vector<kept_budget> budgets{};  // by name
    open_attempts open{};
    std::vector<passed_threshold> passed{};

    // Where a budget is, or would be.
    [[nodiscard]] std::pair<std::uint32_t, bool> find(std::string_view name) const {
        auto const place = std::lower_bound(budgets.begin(), budgets.end(), name,
                                            [](kept_budget const& each, std::string_view wanted) {
                                                return each.definition().name < wanted;
                                            });
        return {static_cast<std::uint32_t>(place - budgets.begin()),
                place != budgets.end() && place->definition().name == name};
    }
    void insert(std::uint32_t place, budget definition) {
        budgets.emplace(budgets.begin() + place, std::move(definition));
        renumber([place](std::uint32_t number) { return number < place ? number : number + 1; });
    }
    // What is held of it is forgotten.
    void remove(std::uint32_t place) {
        open.for_each([&](std::uint32_t number) {
            open.drop_holds(number, [&](hold const& each) { return each.budget == place; });
            drop_if_empty(number);
        });
        std::erase_if(passed,
                      [place](passed_threshold const& each) { return each.budget == place; });
        budgets.erase(budgets.begin() + place);
        renumber([place](std::uint32_t number) { return number < place ? number : number - 1; });
    }

    // Gives back what an attempt holds over what the log says. Whether it holds nothing any more,
    // and is forgotten.
    bool forget_tentative(std::uint32_t number) {
        open_attempt& attempt = open[number];
        if (!attempt.tentative) return false;
        attempt.tentative = false;
        open.drop_holds(number, [this](hold& each) {
            kept_budget& of = budgets[each.budget];
            if (each.logged == hold::not_logged) {
                of.settle(each, 0);
                return true;
            }
            if (each.amount != each.logged) of.change_hold(each, each.logged - each.amount, false);
            return false;
        });
        return drop_if_empty(number);
    }
    void forget_all_tentative() {
        open.for_each([this](std::uint32_t number) { forget_tentative(number); });
    }

    // After something was booked there.
    void note_passed(std::uint32_t budget, std::uint32_t account, std::int64_t window) {
        budgets[budget].take_passed(account, window, [&](std::uint32_t percent) {
            if (passed.size() >= passed_most)
                passed.erase(passed.begin(), passed.begin() + passed_most / 2);
            passed.push_back({budget, account, window, percent});
        });
    }

    // The accounts and the open attempts of the one budget of `from` become those of the budget at
    // `place`; of its thresholds those that were passed in the window of an instant, too.
    void adopt(std::uint32_t place, gate_state const& from, timestamp at) {
        open.for_each([&](std::uint32_t number) {
            open.drop_holds(number, [&](hold const& each) { return each.budget == place; });
            drop_if_empty(number);
        });
        kept_budget& of = budgets[place];
        of.take_accounts(from.budgets.front().accounts());
        from.open.for_each([&](std::uint32_t number) {
            open_attempt const& old = from.open[number];
            std::uint32_t here = open.find(old.operation, old.attempt);
            if (here == open_attempts::none) {
                here = open.add(old.operation, old.attempt);
                open[here].intent = old.intent;
                open[here].deadline = old.deadline;
            }
            from.open.for_each_hold(number, [&](hold each) {
                each.budget = place;
                open.add_hold(here, each);
            });
        });
        std::int64_t const window = of.window_at(at);
        for (passed_threshold each : from.passed) {
            bool const counts = each.window <= window && window - each.window <= of.keeping().reach;
            each.budget = place;
            if (counts) passed.push_back(each);
        }
    }

private:
    static constexpr std::size_t passed_most = 65'536;

    bool drop_if_empty(std::uint32_t number) {
        if (open[number].first_hold != open_attempts::none) return false;
        open.remove(number);
        return true;
    }
    template <class Renumber>
    void renumber(Renumber&& renumbered) {
        open.for_each([&](std::uint32_t number) {
            open.for_each_hold(number, [&](hold& each) { each.budget = renumbered(each.budget); });
        });
        for (passed_threshold& each : passed) each.budget = renumbered(each.budget);
    }
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_BUDGET_GATE_STATE_HPP
