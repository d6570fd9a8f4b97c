// SPDX-License-Identifier: MIT
//
// gate_views.hpp: a budget as it stands, and why it refused, for those who read.
//
// Threads: functions without state.
// Floor 4.
#ifndef AIAUDIT_BUDGET_GATE_VIEWS_HPP
#define AIAUDIT_BUDGET_GATE_VIEWS_HPP

#include <aiaudit/budget/kept_budget.hpp>  // kept_budget

#include <cstdint>
#include <optional>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// What would be spent at the end of a window; none where less than a hundredth of it has gone by.
[[nodiscard]] std::optional<int128> forecast_of(window_span const& span, timestamp now,
                                                int128 spent);

// `window` as kept_budget::window_at() has it; `account` may be none.
[[nodiscard]] budget_state state_of(kept_budget const& of, std::uint32_t account,
                                    std::int64_t window);

// The same for whom a place is of, with a forecast.
[[nodiscard]] budget_state state_at(kept_budget const& of, budget_place const& place,
                                    timestamp now);

// Adds those of a budget at an instant: of one for each, one a subject that has anything.
void add_states(kept_budget const& of, timestamp now, std::vector<budget_state>& to);

// All the words on a refusal of so much at a place.
[[nodiscard]] budget_refusal refusal_of(kept_budget const& of, budget_place const& place,
                                        timestamp at, refusal_reason reason, int128 asked);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/budget/gate_views.ipp>
#endif

#endif  // AIAUDIT_BUDGET_GATE_VIEWS_HPP
