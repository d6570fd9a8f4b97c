// SPDX-License-Identifier: MIT
//
// memory_decision.hpp: whether an attempt may be made, decided in memory by who is alone in
// deciding, and what of its budgets is held ahead of use.
//
// Threads: a function on plain values.
// Floor 6.
#ifndef AIAUDIT_ENGINE_MEMORY_DECISION_HPP
#define AIAUDIT_ENGINE_MEMORY_DECISION_HPP

#include <aiaudit/budget/gate.hpp>  // budget_gate

#include <cstdint>
#include <iterator>
#include <optional>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// The answer, and whether the cost is held. It is not where there was no budget to ask.
struct memory_decision {
    bool held = false;
    bool drawn = false;  // from what is held ahead: it need not wait for the disk
    bool warned = false;
    std::optional<budget_refusal> refused{};
    // What must enter the log as well, whatever was decided: before the intent, so that who waits
    // for that has waited for all.
    std::vector<record> before{};
};

// Asks budgets, and gives back to them what is held ahead where they have no room else. Waits for
// what is on its way to the log, since that cannot be given back.
template <class Wait>
[[nodiscard]] budget_gate::verdict reserve_with_advances(budget_gate& gate, record const& intent,
                                                         std::vector<record>& before,
                                                         Wait&& wait_for_log) {
    constexpr int waits_most = 8;
    for (int waited = 0;;) {
        auto const verdict = gate.reserve(intent);
        if (verdict.admitted || verdict.reason != refusal_reason::full) return verdict;
        bool waits = false;
        auto more = gate.give_back(intent, waits);
        before.insert(before.end(), more.begin(), more.end());
        if (!more.empty()) continue;
        if (!waits || ++waited > waits_most) return verdict;
        wait_for_log();
    }
}

// `draws`: the attempt would begin before its intent is on disk, so it may only draw from what the
// log says is held ahead. `holder`: this process. `wait_for_log()` returns when a batch is written,
// or after some time; the gate may be another one then.
template <class Wait>
[[nodiscard]] memory_decision decide_in_memory(budget_gate& gate, record const& intent, bool draws,
                                               std::uint64_t& holder, Wait&& wait_for_log) {
    memory_decision made;
    budget_gate::verdict verdict{.admitted = false};
    if (draws) verdict = gate.draw(intent);
    made.drawn = verdict.admitted;
    if (!made.drawn) verdict = reserve_with_advances(gate, intent, made.before, wait_for_log);
    made.held = verdict.admitted;
    made.warned = verdict.warned;
    if (!verdict.admitted) made.refused = gate.describe(verdict, intent);
    if (made.held && draws && (!made.drawn || gate.is_short())) {
        // A gate that was read anew does not know what is on its way to the log.
        if (!gate.holds_ahead() && gate.holder() == holder) holder = make_holder();
        auto more = gate.advance(intent, holder);
        made.before.insert(made.before.end(), std::make_move_iterator(more.begin()),
                           std::make_move_iterator(more.end()));
    }
    return made;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_ENGINE_MEMORY_DECISION_HPP
