// SPDX-License-Identifier: MIT
//
// intent.hpp: the record of an attempt before it is made: the most that it may use and cost, and
// the time it has. It is what budgets hold.
//
// Threads: plain functions.
// Floor 7.
#ifndef AIAUDIT_CLIENT_INTENT_HPP
#define AIAUDIT_CLIENT_INTENT_HPP

#include <aiaudit/client/attempt.hpp>             // attempt_plan
#include <aiaudit/providers/input_estimator.hpp>  // input_estimator

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

struct intent_rules {
    std::uint64_t output_tokens_max = 0;  // assumed where the request sets no limit
    bool must_hold = false;               // for budgets: what is only assumed is no bound
    input_estimator const* learned = nullptr;
};

// Sets the cost of so much input and output, as a bound; false where there is no price.
template <pricing_policy Prices>
bool set_most(record& entry, attempt_plan const& plan, Prices const& prices) {
    auto const most =
        most_of_attempt(prices, entry.provider, plan.model, entry.usage,
                        doubts_of(plan.request->body), entry.started_at, lookup_cache_of<Prices>());
    if (!most) {
        entry.cost_status = cost_status::unpriced;
        return false;
    }
    entry.cost_status = cost_status::estimated;
    entry.cost = most->cost();
    entry.price_entry = most->entry_id;
    entry.price_book = prices.revision();
    return true;
}

// The most input and output; without a bound for either, and rules that must hold, it is left out.
template <pricing_policy Prices>
void hold_the_most(record& entry, attempt_plan const& plan, intent_rules const& rules,
                   Prices const& prices) {
    request_facts const& asked = plan.request->facts;
    std::string_view const body = plan.request->body;
    std::uint64_t const most = output_limit_of(prices, entry.provider, plan.model,
                                               rules.output_tokens_max, lookup_cache_of<Prices>());
    std::uint64_t const ceiling = output_ceiling(entry.operation, most);
    usage_range range = bounds_of({}, body, asked.shape, entry.parameters, ceiling);
    bool const by_tokens = is_billed_by_tokens(entry.operation, plan.where->vendor, plan.model);
    bool const input_known = range.bounded && by_tokens;
    bool const limited = entry.parameters.max_output_tokens.has_value() || ceiling == 0;
    bool const output_known = by_tokens && (limited || !rules.must_hold);
    if (rules.learned != nullptr && input_known) {
        auto const strict = range.upper.count(unit::input_tokens);
        auto const estimate =
            rules.learned->estimate(entry.provider, plan.model, body.size(), strict);
        for (unit const each :
             {unit::input_tokens, unit::cache_write_tokens, unit::cache_write_1h_tokens}) {
            if (range.upper.has(each))
                range.upper.set(each, (std::min)(range.upper.count(each), estimate),
                                provenance::estimated);
        }
    }
    entry.usage = range.upper;
    bool const priced = set_most(entry, plan, prices);
    if (rules.must_hold && !input_known) entry.usage.clear(unit::input_tokens);
    if (rules.must_hold && !output_known) entry.usage.clear(unit::output_tokens);
    if (!priced || (input_known && output_known)) return;
    // What an image or a stored conversation adds nobody knows: such a cost is no upper bound.
    entry.cost_status = cost_status::unknown;
    entry.cost = {};
}

// Before an attempt: what it may cost at the most, and the time it has.
template <pricing_policy Prices>
[[nodiscard]] record intent_of(attempt_plan const& plan, timestamp at, steady_time now,
                               intent_rules const& rules, Prices const& prices) {
    record entry = record_of_attempt(plan, record_kind::intent, at);
    attempt_facts facts = facts_before(*plan.where, plan.request->facts);
    facts.model_requested = plan.model;
    set_facts(entry, facts);
    if (plan.where->billable) {
        hold_the_most(entry, plan, rules, prices);
    } else {
        entry.cost_status = cost_status::no_charge;
        for (unit const each : {unit::input_tokens, unit::output_tokens})
            entry.usage.set(each, 0, provenance::estimated);
    }
    if (plan.limits.deadline) entry.duration_ns = nanoseconds_between(now, *plan.limits.deadline);
    return entry;
}

// The intent of an attempt that has used more than was held for it, or is about to: twice as much
// of what it outran. None where that has no price.
template <pricing_policy Prices>
[[nodiscard]] std::optional<record> larger_intent(record const& held, usage const& used,
                                                  attempt_plan const& plan, Prices const& prices) {
    record larger = held;
    for (unit const each : {unit::input_tokens, unit::output_tokens}) {
        if (used.count(each) <= held.usage.count(each)) continue;
        larger.usage.set(each, (std::min)(2 * used.count(each), usage::count_max),
                         provenance::estimated);
    }
    if (!set_most(larger, plan, prices)) return std::nullopt;
    return larger;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_CLIENT_INTENT_HPP
