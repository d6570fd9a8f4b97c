// SPDX-License-Identifier: MIT
//
// gate_check.ipp: the definitions of gate_check.hpp.
#ifndef AIAUDIT_IMPL_ENGINE_GATE_CHECK_IPP
#define AIAUDIT_IMPL_ENGINE_GATE_CHECK_IPP

#include <aiaudit/budget/gate_snapshot.hpp>  // read_gate
#include <aiaudit/config.hpp>                // AIAUDIT_INLINE
#include <aiaudit/engine/gate_check.hpp>

#include <algorithm>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// What a process has not told of yet is its own; `ordered`: nor what follows the order of asking.
AIAUDIT_INLINE result<gate_state> comparable_gate(std::string_view snapshot, bool ordered) {
    auto state = read_gate(snapshot);
    if (!state) return state;
    state->passed.clear();
    for (auto i = static_cast<std::uint32_t>(state->budgets.size()); i-- > 0;) {
        kept_budget const& each = state->budgets[i];
        if (!ordered && (each.is_bucket() || each.of_lives())) state->remove(i);
    }
    return state;
}

// The first budget that is not the same, or what else.
AIAUDIT_INLINE std::string first_difference(gate_state const& saved, gate_state const& folded) {
    std::size_t const count = (std::max)(saved.budgets.size(), folded.budgets.size());
    for (std::size_t i = 0; i < count; ++i) {
        if (i >= saved.budgets.size())
            return "the budget '" + folded.budgets[i].definition().name + "' is missing";
        std::string const& name = saved.budgets[i].definition().name;
        if (i >= folded.budgets.size()) return "no record sets the budget '" + name + "'";
        gate_state one;
        gate_state other;
        one.budgets.push_back(saved.budgets[i]);
        other.budgets.push_back(folded.budgets[i]);
        if (write_gate(one) != write_gate(other)) return "the budget '" + name + "'";
    }
    return "what is held for calls under way";
}

AIAUDIT_INLINE gate_difference compare_gates(saved_gate const& saved, saved_gate const& folded) {
    if (saved.book.snapshot() != folded.book.snapshot()) return {true, "the alerts"};
    std::string const bytes = saved.gate.snapshot();
    std::string const wanted = folded.gate.snapshot();
    if (bytes == wanted) return {};
    for (bool const ordered : {true, false}) {
        auto const one = comparable_gate(bytes, ordered);
        auto const other = comparable_gate(wanted, ordered);
        if (!one || !other) return {true, "it cannot be read"};
        if (write_gate(*one) == write_gate(*other)) return {!ordered, {}};
        if (!ordered) return {true, first_difference(*one, *other)};
    }
    return {};
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ENGINE_GATE_CHECK_IPP
