// SPDX-License-Identifier: MIT
//
// unknown_outcome.hpp: how an attempt is settled of which nobody knows how it ended.
//
// Threads: functions without state.
// Floor 4.
#ifndef AIAUDIT_BUDGET_UNKNOWN_OUTCOME_HPP
#define AIAUDIT_BUDGET_UNKNOWN_OUTCOME_HPP

#include <aiaudit/core/record.hpp>  // record

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// The outcome of an attempt of which nobody knows how it ended: it stays charged at its reserved
// cost, of which any part may be true.
[[nodiscard]] record unknown_outcome(record intent);

}  // namespace detail

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/budget/unknown_outcome.ipp>
#endif

#endif  // AIAUDIT_BUDGET_UNKNOWN_OUTCOME_HPP
