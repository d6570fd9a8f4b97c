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
#include <aiaudit/providers/recent_prompts.hpp>   // recent_prompts

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

struct intent_rules {
    std::uint64_t output_tokens_max = 0;  // assumed where the request sets no limit
    bool must_hold = false;               // for budgets: what is only assumed is no bound
    input_estimator const* learned = nullptr;
    recent_prompts const* recent = nullptr;  // beside `learned`
    bool steps = false;  // where budgets reserve stepwise, and more can be asked for at any time
};

// Output that is held beyond what a stream has had: what may come before more is held.
inline constexpr std::uint64_t step_margin_tokens = 1'024;

// Whose prompts are compared.
[[nodiscard]] inline std::string sender_of(attempt_plan const& plan) {
    std::string name = plan.key->id;
    return name.append(1, '\n').append(plan.to->name).append(1, '\n').append(plan.model);
}

// What so much usage costs at the most. Input that is expected from the provider's cache
// (`cache_read_tokens`, which no bound has) counts twice its plain price there, which covers the
// dearer tiers and regions.
template <pricing_policy Prices>
[[nodiscard]] result<quote> most_for(record const& entry, usage const& used,
                                     attempt_plan const& plan, Prices const& prices) {
    auto& cache = lookup_cache_of<Prices>();
    auto const most = [&](usage const& of) {
        return most_of_attempt(prices, entry.provider, plan.model, of, doubts_of(*plan.request),
                               entry.started_at, cache, plan.request->facts.service_tier);
    };
    auto const kept = used.count(unit::cache_read_tokens);
    if (kept == 0) return most(used);
    usage fresh = used;
    fresh.clear(unit::cache_read_tokens);
    for (unit const each :
         {unit::input_tokens, unit::cache_write_tokens, unit::cache_write_1h_tokens}) {
        auto const count = fresh.count(each);
        if (fresh.has(each))
            fresh.set(each, count - (std::min)(count, kept), provenance::estimated);
    }
    usage read;
    for (unit const each : {unit::input_tokens, unit::cache_read_tokens})
        read.set(each, 2 * kept, provenance::estimated);
    auto all = most(fresh);
    auto const cheap =
        prices.price({entry.provider, plan.model, read, entry.started_at, {}, {}, {}}, cache);
    if (!all || !cheap) return most(used);
    if (auto added = all->exact.add(cheap->exact); !added) return added.error();
    return all;
}

// Sets the cost of so much input and output, as a bound; false where there is no price.
template <pricing_policy Prices>
bool set_most(record& entry, attempt_plan const& plan, Prices const& prices) {
    auto const most = most_for(entry, entry.usage, plan, prices);
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

// Puts what is likely in the place of the most input.
inline void estimate_input(usage& upper, record const& entry, attempt_plan const& plan,
                           intent_rules const& rules) {
    std::string_view const body = plan.request->body;
    auto const strict = upper.count(unit::input_tokens);
    auto const estimate = rules.learned->estimate(entry.provider, plan.model, body.size(), strict);
    for (unit const each :
         {unit::input_tokens, unit::cache_write_tokens, unit::cache_write_1h_tokens}) {
        if (upper.has(each))
            upper.set(each, (std::min)(upper.count(each), estimate), provenance::estimated);
    }
    // Nothing is known of the model yet: the bound stays one.
    if (rules.recent == nullptr || estimate == strict || body.empty()) return;
    auto const known = rules.recent->known_bytes(sender_of(plan), body, entry.started_at);
    auto const kept = estimate * known / body.size();
    if (kept != 0) upper.set(unit::cache_read_tokens, kept, provenance::estimated);
}

// The most input and output; without a bound for either, and rules that must hold, it is left out.
template <pricing_policy Prices>
void hold_the_most(record& entry, attempt_plan const& plan, intent_rules const& rules,
                   Prices const& prices) {
    request_facts const& asked = plan.request->facts;
    std::string_view const body = plan.request->body;
    auto& cache = lookup_cache_of<Prices>();
    std::uint64_t const known = known_output_of(prices, entry.provider, plan.model, cache);
    bool const by_model = rules.must_hold && known != 0;
    std::uint64_t const most = by_model ? known
                                        : output_limit_of(prices, entry.provider, plan.model,
                                                          rules.output_tokens_max, cache);
    auto const picture = picture_ceiling(entry.operation, asked, plan.model);
    std::uint64_t const ceiling = picture.value_or(output_ceiling(entry.operation, most));
    usage_range range = bounds_of({}, body, asked.shape, entry.parameters, ceiling,
                                  context_of(prices, entry.provider, plan.model, cache),
                                  shown_picture_ceiling(*plan.where, plan.model));
    bool const by_tokens =
        picture || is_billed_by_tokens(entry.operation, plan.where->vendor, plan.model);
    bool const input_known = range.bounded && by_tokens;
    bool const limited =
        entry.parameters.max_output_tokens.has_value() || ceiling == 0 || by_model || picture;
    bool const output_known = by_tokens && (limited || !rules.must_hold);
    if (rules.learned != nullptr && input_known && asked.shape.bounded)
        estimate_input(range.upper, entry, plan, rules);
    entry.usage = range.upper;
    bool priced = set_most(entry, plan, prices);
    if (priced && !add_drawings(entry, plan, prices, cache)) {
        priced = false;
        entry.cost_status = cost_status::unpriced;
        entry.cost = {};
    }
    if (rules.must_hold && !input_known) entry.usage.clear(unit::input_tokens);
    if (rules.must_hold && !output_known) entry.usage.clear(unit::output_tokens);
    if (!priced || (input_known && output_known)) return;
    // What an image or a stored conversation adds nobody knows: such a cost is no upper bound.
    entry.cost_status = cost_status::unknown;
    entry.cost = {};
}

// Sets what budgets that reserve stepwise hold of an intent: its input, or so much of it as there
// is, and so much of its output. False where that has no price.
template <pricing_policy Prices>
bool set_step(record& intent, std::uint64_t output_tokens, attempt_plan const& plan,
              Prices const& prices, std::uint64_t input_tokens = usage::count_max) {
    usage held = intent.usage;
    for (unit const each :
         {unit::input_tokens, unit::cache_write_tokens, unit::cache_write_1h_tokens}) {
        if (held.count(each) > input_tokens) held.set(each, input_tokens, provenance::estimated);
    }
    auto const most = held.count(unit::output_tokens);
    held.set(unit::output_tokens, (std::min)(output_tokens, most), provenance::estimated);
    auto const cost = most_for(intent, held, plan, prices);
    if (!cost) return false;
    intent.cost_low = cost->cost();
    iteration step;
    step.kind = "step";
    for (unit const each : {unit::input_tokens, unit::output_tokens})
        step.usage.set(each, held.count(each));
    intent.iterations.assign(1, step);
    return true;
}

// How much output the step of an intent holds; none where it has no steps, or is at its last.
[[nodiscard]] inline std::optional<std::uint64_t> step_output(record const& intent) {
    if (!intent.cost_low || intent.iterations.empty()) return std::nullopt;
    auto const held = intent.iterations.front().usage.count(unit::output_tokens);
    if (held >= intent.usage.count(unit::output_tokens)) return std::nullopt;
    return held;
}

// Why an attempt has no bound, or no price, as its caller is told.
template <pricing_policy Prices>
[[nodiscard]] std::string why_no_bound(record const& intent, attempt_plan const& plan,
                                       bool has_price, Prices const& prices) {
    request_shape const& shape = plan.request->facts.shape;
    if (!has_price) {
        auto const most = most_of_attempt(
            prices, intent.provider, plan.model, intent.usage, doubts_of(*plan.request),
            intent.started_at, lookup_cache_of<Prices>(), plan.request->facts.service_tier);
        if (!most) return most.error().where;
        auto const drawn = most_of_drawings(intent, plan, prices, lookup_cache_of<Prices>());
        return drawn ? std::string{} : drawn.error().where;
    }
    bool const draws = intent.operation == operation::images;
    picture_wish const& wish = plan.request->facts.picture;
    if (draws && !most_picture_tokens(plan.model, wish)) {
        std::string const quality =
            wish.quality.empty() ? "" : " of quality '" + printable(wish.quality) + "'";
        return "nothing says how many tokens a picture" + quality + " of model '" +
               printable(plan.model) +
               "' may have: ask for another (docs/budgets.md lists them), or " +
               "let the budget hold a stated amount (--unbounded hold=AMOUNT)";
    }
    if (!draws && !is_billed_by_tokens(intent.operation, plan.where->vendor, plan.model))
        return "a call of the kind '" + std::string(name_of(intent.operation)) + "' of model '" +
               printable(plan.model) + "' is billed by more than its tokens";
    if (!shape.bounded) {
        std::string const what = shape.outside.empty() ? "the body" : "'" + shape.outside + "'";
        if (shape.endless)
            return "nothing bounds what " + what +
                   " adds: leave it out, or set its limit where it has one (max_uses, "
                   "max_tool_calls)";
        return "only the model's context bounds what " + what +
               " adds, and the prices do not say how large it is: load prices that do "
               "(max_input_tokens), or leave it out";
    }
    return "nothing bounds its output: set a limit of output";
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
        bool const known = entry.cost_status == cost_status::estimated;
        if (rules.steps && known && ends_when_left(plan))
            static_cast<void>(set_step(entry, 2 * step_margin_tokens, plan, prices));
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
    larger.cost_low.reset();  // its steps have come to their end
    larger.iterations.clear();
    for (unit const each : {unit::input_tokens, unit::output_tokens}) {
        if (used.count(each) <= held.usage.count(each)) continue;
        larger.usage.set(each, (std::min)(2 * used.count(each), usage::count_max),
                         provenance::estimated);
    }
    if (!set_most(larger, plan, prices)) return std::nullopt;
    larger.cost = (std::max)(larger.cost, held.cost);
    return larger;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_CLIENT_INTENT_HPP
