// SPDX-License-Identifier: MIT
//
// unknown_outcome.ipp: the definitions of unknown_outcome.hpp.
#ifndef AIAUDIT_IMPL_BUDGET_UNKNOWN_OUTCOME_IPP
#define AIAUDIT_IMPL_BUDGET_UNKNOWN_OUTCOME_IPP

#include <aiaudit/budget/unknown_outcome.hpp>
#include <aiaudit/config.hpp>  // AIAUDIT_INLINE

#include <algorithm>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE record unknown_outcome(record intent) {
    record outcome = std::move(intent);
    outcome.kind = record_kind::outcome;
    outcome.duration_ns.reset();
    outcome.finish_reason.clear();  // how an intent says that it was held ahead
    outcome.error_type = "outcome_unknown";
    outcome.complete = false;
    if (outcome.cost_status != cost_status::unpriced &&
        outcome.cost_status != cost_status::unknown) {
        outcome.cost_status = cost_status::estimated;
        // It went no further than the step that was held for it.
        if (outcome.cost_low && !outcome.iterations.empty()) {
            outcome.cost = (std::min)(outcome.cost, *outcome.cost_low);
            for (unit const each : {unit::input_tokens, unit::output_tokens}) {
                auto const count = outcome.iterations.front().usage.count(each);
                outcome.usage.set(each, count, provenance::estimated);
            }
        }
        outcome.cost_low = money{};
    }
    outcome.iterations.clear();
    return outcome;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_BUDGET_UNKNOWN_OUTCOME_IPP
