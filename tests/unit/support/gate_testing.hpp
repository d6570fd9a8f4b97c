// SPDX-License-Identifier: MIT
//
// gate_testing.hpp: budgets, intents and outcomes of few words, and a gate that is its own log.
#ifndef AIAUDIT_TESTS_UNIT_SUPPORT_GATE_TESTING_HPP
#define AIAUDIT_TESTS_UNIT_SUPPORT_GATE_TESTING_HPP

#include <aiaudit/budget/gate.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace aiaudit_tests {

inline aiaudit::timestamp instant(std::string const& text) {
    return aiaudit::timestamp::parse(text).value();
}

inline aiaudit::timestamp const noon = instant("2026-11-26T12:00:00Z");
inline aiaudit::timestamp day(std::int64_t later) {
    return {noon.ns + later * 86'400 * aiaudit::nanoseconds_per_second};
}

// Of 100 pico-USD.
inline aiaudit::budget budget_of(std::string name, std::string const& window,
                                 std::string const& scope = "everyone",
                                 aiaudit::time_zone zone = {}) {
    aiaudit::budget made;
    made.name = std::move(name);
    made.limit = 100;
    made.scope = aiaudit::parse_budget_scope(scope).value();
    made.window = aiaudit::parse_budget_window(window, std::move(zone)).value();
    return made;
}

// Of alice, with a bound of so many pico-USD and as many output tokens.
inline aiaudit::record intent_of(std::uint64_t id, std::int64_t bound, aiaudit::timestamp at) {
    aiaudit::record intent;
    intent.kind = aiaudit::record_kind::intent;
    intent.user = "alice";
    intent.model_requested = "gpt-5";
    intent.started_at = at;
    intent.duration_ns = 60'000'000'000;
    intent.operation_id = aiaudit::make_operation_id(at, 1, id);
    intent.cost_status = aiaudit::cost_status::priced;
    intent.cost = aiaudit::money::from_pico(bound);
    intent.usage.set(aiaudit::unit::input_tokens, 0);
    intent.usage.set(aiaudit::unit::output_tokens, static_cast<std::uint64_t>(bound));
    return intent;
}

inline aiaudit::record outcome_of(aiaudit::record intent, std::int64_t cost) {
    intent.kind = aiaudit::record_kind::outcome;
    intent.http_status = 200;
    intent.cost = aiaudit::money::from_pico(cost);
    intent.usage.set(aiaudit::unit::output_tokens, static_cast<std::uint64_t>(cost));
    return intent;
}

// A gate with the log that it folds.
struct logged_gate {
    aiaudit::budget_gate gate{};
    std::vector<aiaudit::record> log{};

    void append(aiaudit::record const& entry) {
        log.push_back(entry);
        gate.apply(aiaudit::sequence{log.size()}, entry).value();
        auto const needs = gate.needs_history();
        if (!needs) return;
        auto past = gate.history_gate();
        for (std::size_t i = 0; i + 1 < log.size(); ++i)
            if (!needs->from || log[i].started_at >= *needs->from)
                past.apply(aiaudit::sequence{i + 1}, log[i]).value();
        gate.adopt(past);
    }
    void set(aiaudit::budget const& made, aiaudit::timestamp at) {
        append(aiaudit::to_record(made, at).value());
    }
    // Whether it was let through; it is then in the log.
    bool ask(aiaudit::record const& intent) {
        bool const admitted = gate.reserve(intent).admitted;
        if (admitted) append(intent);
        return admitted;
    }
    aiaudit::budget_state state(aiaudit::timestamp now) const { return gate.states(now).at(0); }
};

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_UNIT_SUPPORT_GATE_TESTING_HPP
