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

// An account of a budget, in a window.
struct account_place {
    std::uint32_t budget = 0;
    std::uint32_t account = 0;
    std::int64_t window = 0;
};

// An intent of which all that it asks was drawn from advances says so as its finish reason.
inline constexpr std::string_view advance_mark = "advance";

struct gate_state {
    std::vector<kept_budget> budgets{};  // by name
    open_attempts open{};                // advances among them
    std::vector<passed_threshold> passed{};
    std::uint64_t holder = 0;      // whose advances intents of the log are drawn from
    std::uint64_t own_holder = 0;  // this process, where it has some; not stored
    fleet_node node{};             // which this is; incarnation 0: none
    std::uint64_t store_seen = 0;  // the highest version of the fleet's store in a record

    // What a holder has advanced of an account in a window; none where it has not.
    [[nodiscard]] std::uint32_t find_advance(std::uint64_t of, std::uint32_t budget,
                                             std::uint32_t account, std::int64_t window) const;
    // The same, made where it is not there.
    [[nodiscard]] std::uint32_t make_advance(std::uint64_t of, std::uint32_t budget,
                                             std::uint32_t account, std::int64_t window);
    [[nodiscard]] hold& held_ahead(std::uint32_t advance) noexcept;
    // Where nothing of it is left.
    void drop_if_spent(std::uint32_t advance);
    // Calls visit(number, holder) for each; it may drop that one.
    template <class Visitor>
    void for_each_advance(Visitor&& visit) const {
        open.for_each([&](std::uint32_t number) {
            if (open[number].is_advance()) visit(number, holder_of(open[number].operation));
        });
    }
    void drop_advance(std::uint32_t advance);

    // Where a budget is, or would be.
    [[nodiscard]] std::pair<std::uint32_t, bool> find(std::string_view name) const;
    void insert(std::uint32_t place, budget definition) {
        budgets.emplace(budgets.begin() + place, std::move(definition));
        renumber([place](std::uint32_t number) { return number < place ? number : number + 1; });
    }
    // What is held of it is forgotten.
    void remove(std::uint32_t place);

    // Gives back what an attempt holds over what the log says. Whether it holds nothing any more,
    // and is forgotten.
    bool forget_tentative(std::uint32_t number);
    // The log has what an attempt holds tentatively.
    void confirm(std::uint32_t number, timestamp at);

    // Drops accounts of runs that are over, where a budget has very many.
    void drop_runs();

    // After something was booked there.
    void note_passed(std::uint32_t budget, std::uint32_t account, std::int64_t window);

    // What a budget counts after an instant is forgotten: as kept_budget::forget_future().
    bool forget_future(std::uint32_t place, timestamp after);
    // The windows that a budget lost to that, as they were read again for the budget `there` of
    // `from`, are its own again, with what attempts under way hold in them.
    void take_lost(std::uint32_t place, gate_state const& from, std::uint32_t there,
                   timestamp after);

    // The accounts and the open attempts of the budget `there` of `from` become those of the budget
    // at `place`; of its thresholds those that were passed in the window of an instant, too.
    void adopt(std::uint32_t place, gate_state const& from, std::uint32_t there, timestamp at);

private:
    static constexpr std::size_t passed_most = 65'536;

    // What an attempt has drawn for a hold is in the advance again.
    void give_back(hold& drawn);
    [[nodiscard]] static operation_id advance_id(std::uint64_t of, kept_budget const& budget,
                                                 std::uint32_t account, std::int64_t window);
    // The same attempt as one of another state.
    [[nodiscard]] std::uint32_t attempt_like(open_attempt const& other);
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

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/budget/gate_state.ipp>
#endif

#endif  // AIAUDIT_BUDGET_GATE_STATE_HPP
