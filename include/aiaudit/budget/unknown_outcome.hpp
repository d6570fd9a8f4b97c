// SPDX-License-Identifier: MIT
//
// unknown_outcome.hpp: how an attempt is settled of which nobody knows how it ended.
//
// Threads: functions without state.
// Floor 4.
#ifndef AIAUDIT_BUDGET_UNKNOWN_OUTCOME_HPP
#define AIAUDIT_BUDGET_UNKNOWN_OUTCOME_HPP

#include <aiaudit/core/record.hpp>  // record

#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// The outcome of an attempt of which nobody knows how it ended: it stays charged at its reserved
// cost, of which any part may be true.
[[nodiscard]] inline record unknown_outcome(record intent) {
    record outcome = std::move(intent);
    outcome.kind = record_kind::outcome;
    outcome.duration_ns.reset();
    outcome.error_type = "outcome_unknown";
    outcome.complete = false;
    if (outcome.cost_status != cost_status::unpriced &&
        outcome.cost_status != cost_status::unknown) {
        outcome.cost_status = cost_status::estimated;
        outcome.cost_low = money{};
    }
    return outcome;
}

}  // namespace detail

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_BUDGET_UNKNOWN_OUTCOME_HPP
