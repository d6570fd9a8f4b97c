// SPDX-License-Identifier: MIT
//
// budget_amounts.hpp: what an attempt asks of a budget, and what it took in the end.
//
// Threads: functions without state.
// Floor 4.
#ifndef AIAUDIT_BUDGET_BUDGET_AMOUNTS_HPP
#define AIAUDIT_BUDGET_BUDGET_AMOUNTS_HPP

#include <aiaudit/budget/budget_text.hpp>  // budget_amount_most
#include <aiaudit/budget/decision.hpp>     // refusal_reason
#include <aiaudit/core/record.hpp>         // record

#include <algorithm>
#include <cstdint>
#include <optional>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Sums are of amounts from 0 to budget_amount_most, so that no record can make them wrap.
[[nodiscard]] constexpr int128 bounded_amount(int128 amount) noexcept {
    return std::clamp(amount, int128{0}, budget_amount_most);
}

struct amount_asked {
    int128 amount = 0;  // as far as it is known
    // Why nobody knows the most that it may be.
    std::optional<refusal_reason> unknown{};
};

template <class String>
[[nodiscard]] bool counts_all_tokens(basic_record<String> const& entry) noexcept {
    return entry.usage.has(unit::input_tokens) && entry.usage.has(unit::output_tokens);
}
template <class String>
[[nodiscard]] int128 tokens_of(basic_record<String> const& entry) noexcept {
    return static_cast<int128>(entry.usage.total_tokens());
}

// The most that an attempt may take, as its intent says.
template <class String>
[[nodiscard]] amount_asked asked_by(basic_record<String> const& intent, budget_unit unit) noexcept {
    switch (unit) {
    case budget_unit::usd: {
        amount_asked asked{bounded_amount(intent.cost.pico()), {}};
        if (intent.cost_status == cost_status::unknown) asked.unknown = refusal_reason::unbounded;
        if (intent.cost_status == cost_status::unpriced) asked.unknown = refusal_reason::unpriced;
        return asked;
    }
    case budget_unit::tokens: {
        amount_asked asked{tokens_of(intent), {}};
        if (!counts_all_tokens(intent)) asked.unknown = refusal_reason::unbounded;
        return asked;
    }
    case budget_unit::requests: break;
    }
    return {1, {}};
}

// The part of it that an intent holds for now, where it goes in steps: `cost_low`, and the tokens
// of its only iteration. None where it does not.
template <class String>
[[nodiscard]] std::optional<int128> step_of(basic_record<String> const& intent,
                                            budget_unit unit) noexcept {
    if (!intent.cost_low || intent.iterations.empty()) return std::nullopt;
    switch (unit) {
    case budget_unit::usd: return bounded_amount(intent.cost_low->pico());
    case budget_unit::tokens:
        return static_cast<int128>(intent.iterations.front().usage.total_tokens());
    case budget_unit::requests: break;
    }
    return std::nullopt;
}

// The same for a budget, which may hold a stated amount where the intent names no most, and less
// than the most where it reserves stepwise.
template <class String>
[[nodiscard]] amount_asked asked_by(basic_record<String> const& intent, budget const& of) noexcept {
    amount_asked asked = asked_by(intent, of.unit);
    if (asked.unknown) {
        if (of.unbounded_hold == 0) return asked;
        return {bounded_amount(of.unbounded_hold), {}};
    }
    if (of.reserve == budget_reserve::full) return asked;
    if (auto const step = step_of(intent, of.unit)) asked.amount = (std::min)(asked.amount, *step);
    return asked;
}

// What an attempt took, as its outcome says. Where that is not known, what was reserved for it
// stays charged.
template <class String>
[[nodiscard]] int128 taken_by(basic_record<String> const& outcome, budget_unit unit,
                              int128 reserved) noexcept {
    cost_status const status = outcome.cost_status;
    bool const free = status == cost_status::no_charge;
    switch (unit) {
    case budget_unit::usd:
        if (free) return 0;
        if (status == cost_status::unknown || status == cost_status::unpriced)
            return (std::max)(reserved, bounded_amount(outcome.cost.pico()));
        return bounded_amount(outcome.cost.pico());
    case budget_unit::tokens: {
        // What is priced was reported in full: an embedding has no output.
        bool const known = free || status == cost_status::priced ||
                           status == cost_status::partial || counts_all_tokens(outcome);
        return known ? tokens_of(outcome) : (std::max)(reserved, tokens_of(outcome));
    }
    case budget_unit::requests: break;
    }
    // Nothing was sent, or the answer came from a cache.
    bool const not_sent = free && (outcome.http_status == 0 || outcome.saved.has_value());
    return not_sent ? 0 : 1;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_BUDGET_BUDGET_AMOUNTS_HPP
