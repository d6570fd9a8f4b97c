// SPDX-License-Identifier: MIT
//
// gate_views.hpp: a budget as it stands, and why it refused, for those who read.
//
// Threads: functions without state.
// Floor 4.
#ifndef AIAUDIT_BUDGET_GATE_VIEWS_HPP
#define AIAUDIT_BUDGET_GATE_VIEWS_HPP

#include <aiaudit/budget/gate_state.hpp>    // gate_state
#include <aiaudit/detail/function_ref.hpp>  // function_ref

#include <cstdint>
#include <optional>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// What would be spent at the end of a window; none where less than a hundredth of it has gone by.
[[nodiscard]] std::optional<int128> forecast_of(window_span const& span, timestamp now,
                                                int128 spent);

// What is held ahead of an account in a window.
struct advance_sum {
    std::uint32_t account = 0;
    std::int64_t window = 0;
    int128 amount = 0;
};
// Of one budget, by account.
using advance_sums = std::vector<advance_sum>;
// Of each of them.
[[nodiscard]] std::vector<advance_sums> sums_ahead(gate_state const& of);

// `window` as kept_budget::window_at() has it; `account` may be none. What is in `ahead` is told
// apart from what attempts have reserved.
[[nodiscard]] budget_state state_of(kept_budget const& of, std::uint32_t account,
                                    std::int64_t window, advance_sums const& ahead = {});

// The same for whom a place is of, with a forecast.
[[nodiscard]] budget_state state_at(kept_budget const& of, budget_place const& place, timestamp now,
                                    advance_sums const& ahead);

// Visits those of a budget at an instant: of one for each, one a subject that has anything, the
// largest first, and, of the same size, by name. Of these as many as `rows` says, which then says
// how many of the next budget's; others take no more than 32 bytes each. False: enough.
[[nodiscard]] bool visit_states(kept_budget const& of, timestamp now, advance_sums const& ahead,
                                budget_rows& rows, function_ref<void(budget_state&&)> visit);

// All the words on a refusal of so much at a place.
[[nodiscard]] budget_refusal refusal_of(kept_budget const& of, budget_place const& place,
                                        timestamp at, refusal_reason reason, int128 asked);

// How much a refusal weighs: where one budget refuses for good, it is of no use to wait for
// another. Of those that do the same, that of the wider scope: who has raised a team's limit would
// next be told of the organisation's.
[[nodiscard]] inline int weight_of(budget const& of) noexcept {
    constexpr std::array<int, budget_dimension_names.size()> widths{9, 4, 7, 7, 5, 3, 2, 1, 6, 8};
    int const width = widths[static_cast<std::size_t>(of.scope.of)];
    switch (of.then) {
    case budget_action::warn: return 0;
    case budget_action::wait: return 10 + width;
    case budget_action::downgrade: return 20 + width;
    case budget_action::refuse: break;
    }
    return 30 + width;
}

// Of a budget of a fleet.
[[nodiscard]] fleet_state fleet_state_of(kept_budget& of, timestamp now);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/budget/gate_views.ipp>
#endif

#endif  // AIAUDIT_BUDGET_GATE_VIEWS_HPP
