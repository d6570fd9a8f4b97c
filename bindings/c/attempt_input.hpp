// SPDX-License-Identifier: MIT
//
// attempt_input.hpp: attempts as JSON: the intent of one that asks to be admitted, and the outcome
// that settles it.
//
// Threads: plain functions.
#ifndef AIAUDIT_BINDINGS_ATTEMPT_INPUT_HPP
#define AIAUDIT_BINDINGS_ATTEMPT_INPUT_HPP

#include "json_input.hpp"

#include <aiaudit/client/intent.hpp>
#include <aiaudit/import.hpp>
#include <aiaudit/pricing/price_book.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit_c {

struct attempt_key {
    aiaudit::operation_id operation{};
    std::uint32_t attempt = 1;
    friend auto operator<=>(attempt_key const&, attempt_key const&) = default;
};

[[nodiscard]] inline attempt_key read_attempt_number(json_input const& input) {
    attempt_key key;
    key.attempt = static_cast<std::uint32_t>(
        input.number("attempt", 1, std::numeric_limits<std::uint32_t>::max()).value_or(1));
    return key;
}

// What the path asks for. One that is not known needs a bound of the caller's.
[[nodiscard]] inline aiaudit::endpoint endpoint_asked(std::string const& provider,
                                                      std::string const& path, bool has_bound) {
    auto found = aiaudit::endpoint_of(provider, path);
    if (found) return std::move(*found);
    if (!has_bound) throw failure{found.error()};
    aiaudit::endpoint other;
    other.vendor = aiaudit::vendor_of(provider);
    return other;
}

// The intent: who, what, and the most that it may cost. `must_hold`: a budget may cover it.
[[nodiscard]] inline aiaudit::record read_intent(json_input const& input,
                                                 aiaudit::price_book const& prices,
                                                 aiaudit::timestamp now, bool must_hold) {
    input.allow({"provider", "path", "request", "user", "project", "key", "tags", "trace_id",
                 "operation_id", "attempt", "timeout_ms", "output_tokens_max", "max_cost_usd"});
    aiaudit::provider_entry provider;
    provider.name = input.needed_text("provider");
    std::string const path = input.needed_text("path");
    auto const most_cost = input.money("max_cost_usd");
    if (most_cost && most_cost->pico() < 0) input.wrong("max_cost_usd", "0 or more");
    aiaudit::endpoint const endpoint = endpoint_asked(provider.name, path, most_cost.has_value());

    aiaudit::prepared_request request;
    request.target = path;
    request.body = input.body("request");
    request.dialect = endpoint.dialect;
    if (!most_cost && endpoint.billable) {
        // Without the body nothing bounds the input.
        if (request.body.empty())
            bad_argument(input.what() + ": 'request' or 'max_cost_usd' is required");
        take_member(aiaudit::detail::parse_json(request.body, "not JSON, so give 'max_cost_usd'"),
                    "request");
    }
    request.facts = aiaudit::facts_of_request(request.body);
    auto& output = request.facts.parameters.max_output_tokens;
    if (!output) output = input.number("output_tokens_max", 0, aiaudit::usage::count_max);

    aiaudit::call_options caller;
    caller.user = input.text_or("user", "");
    caller.project = input.text_or("project", "");
    caller.tags = input.pairs("tags");
    if (auto const text = input.text("trace_id"))
        caller.trace_id = take_member(aiaudit::trace_id::parse(*text), "trace_id");
    aiaudit::api_key const key{provider.name, {}, input.text_or("key", "")};

    constexpr std::uint64_t timeout_ms_default = 600'000;
    constexpr std::uint64_t timeout_ms_most = 30ULL * 24 * 3'600'000;
    std::chrono::milliseconds const timeout{static_cast<std::int64_t>(
        input.number("timeout_ms", 1, timeout_ms_most).value_or(timeout_ms_default))};
    aiaudit::steady_time const begun = std::chrono::steady_clock::now();
    aiaudit::detail::attempt_plan plan;
    plan.to = &provider;
    plan.key = &key;
    plan.request = &request;
    plan.where = &endpoint;
    plan.model = request.facts.model.empty() ? endpoint.model : request.facts.model;
    plan.who = &caller;
    attempt_key const number = read_attempt_number(input);
    plan.id = aiaudit::make_operation_id(now);
    if (auto const text = input.text("operation_id"))
        plan.id = take_member(aiaudit::operation_id::parse(*text), "operation_id");
    plan.number = number.attempt;
    plan.limits.deadline = begun + timeout;
    aiaudit::detail::intent_rules const rules{aiaudit::limits::output_tokens, must_hold, nullptr};
    aiaudit::record intent = aiaudit::detail::intent_of(plan, now, begun, rules, prices);
    if (most_cost) {
        intent.cost = *most_cost;
        intent.cost_status = aiaudit::cost_status::estimated;
        intent.price_entry.clear();
        intent.price_book = {};
    }
    return intent;
}

// The outcome's common part: whose and what it is, and how long it took.
[[nodiscard]] inline aiaudit::record outcome_of(aiaudit::record intent, json_input const& input) {
    aiaudit::record outcome = std::move(intent);
    outcome.kind = aiaudit::record_kind::outcome;
    outcome.usage = {};
    outcome.price_entry.clear();
    outcome.price_book = {};
    outcome.cost = {};
    outcome.cost_low.reset();
    constexpr std::uint64_t ns_per_ms = 1'000'000;
    constexpr std::uint64_t ms_most = (std::uint64_t{1} << 62) / ns_per_ms;
    auto const ms = [&input](std::string_view name) { return input.number(name, 0, ms_most); };
    outcome.duration_ns.reset();
    if (auto const taken = ms("duration_ms")) outcome.duration_ns = *taken * ns_per_ms;
    if (auto const taken = ms("ttft_ms")) outcome.time_to_first_token_ns = *taken * ns_per_ms;
    return outcome;
}

// What the response says of the attempt. The request was read when it was admitted.
[[nodiscard]] inline aiaudit::import_result read_response(aiaudit::record const& intent,
                                                          json_input const& input,
                                                          aiaudit::price_book const& prices) {
    aiaudit::exchange exchange;
    exchange.provider = intent.provider;
    exchange.path = intent.path;
    boost::json::object asked;
    asked["model"] = intent.model_requested;
    asked["stream"] = intent.parameters.stream;
    if (intent.parameters.batch) asked["service_tier"] = "batch";
    exchange.request = boost::json::serialize(asked);
    exchange.status = static_cast<int>(input.number("status", 0, 999).value_or(0));
    exchange.content_type = input.text_or("content_type", "");
    exchange.response = input.body("response");
    exchange.headers = input.pairs("headers");
    auto draft = take(aiaudit::record_of(exchange, prices, intent.started_at,
                                         aiaudit::detail::lookup_cache_of<aiaudit::price_book>()));
    aiaudit::record const common = outcome_of(intent, input);
    aiaudit::record& entry = draft.entry;
    entry.user = common.user;
    entry.project = common.project;
    entry.key_id = common.key_id;
    entry.parameters = common.parameters;
    entry.operation_id = common.operation_id;
    entry.attempt = common.attempt;
    entry.trace_id = common.trace_id;
    entry.tags = common.tags;
    entry.duration_ns = common.duration_ns;
    entry.time_to_first_token_ns = common.time_to_first_token_ns;
    return draft;
}

// Throws bad_argument where not exactly one of the ways to end is given.
inline void check_one_end(json_input const& input) {
    int const ends = static_cast<int>(input.has("response")) + static_cast<int>(input.has("sent")) +
                     static_cast<int>(input.has("cost_usd"));
    if (ends != 1)
        bad_argument(input.what() + ": one of 'response', 'cost_usd' or 'sent' is required");
    if (input.has("sent") && input.flag("sent").value_or(true))
        input.wrong("sent", "false, or be left out");
    if (input.has("usage") && !input.has("cost_usd"))
        bad_argument(input.what() + ": 'usage' belongs to 'cost_usd'");
    for (std::string_view const name : {"status", "content_type", "headers"}) {
        if (input.has(name) && !input.has("response"))
            bad_argument(input.what() + ": '" + std::string(name) + "' belongs to 'response'");
    }
}

// Reads the end of an attempt, without knowing yet what was admitted.
[[nodiscard]] inline attempt_key read_settled_key(json_input const& input) {
    input.allow({"operation_id", "attempt", "response", "status", "content_type", "headers", "sent",
                 "cost_usd", "usage", "duration_ms", "ttft_ms", "error"});
    check_one_end(input);
    attempt_key key = read_attempt_number(input);
    key.operation = take_member(aiaudit::operation_id::parse(input.needed_text("operation_id")),
                                "operation_id");
    return key;
}

// The outcome of what was admitted by this intent.
[[nodiscard]] inline aiaudit::import_result read_outcome(aiaudit::record const& intent,
                                                         json_input const& input,
                                                         aiaudit::price_book const& prices) {
    using aiaudit::cost_status;
    aiaudit::import_result draft;
    if (input.has("response")) {
        draft = read_response(intent, input, prices);
    } else {
        draft.entry = outcome_of(intent, input);
        if (input.has("cost_usd")) {
            auto const cost = input.money("cost_usd");
            if (!cost || cost->pico() < 0) input.wrong("cost_usd", "0 or more");
            draft.entry.cost = *cost;
            draft.entry.cost_status = cost_status::priced;
            draft.entry.usage = input.usage("usage");
        } else {
            draft.entry.cost_status = cost_status::no_charge;
            draft.entry.complete = false;
            draft.entry.error_type = "not_sent";
        }
    }
    if (auto const code = input.text("error")) {
        if (!aiaudit::detail::is_machine_code(*code))
            input.wrong("error", "a code of at most 48 of A-Z a-z 0-9 . _ -");
        draft.entry.error_type = *code;
    }
    return draft;
}

}  // namespace aiaudit_c

#endif  // AIAUDIT_BINDINGS_ATTEMPT_INPUT_HPP
