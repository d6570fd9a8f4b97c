// SPDX-License-Identifier: MIT
//
// attempt.ipp: the definitions of attempt.hpp.
#ifndef AIAUDIT_IMPL_CLIENT_ATTEMPT_IPP
#define AIAUDIT_IMPL_CLIENT_ATTEMPT_IPP

#include <aiaudit/client/attempt.hpp>
#include <aiaudit/config.hpp>                  // AIAUDIT_INLINE
#include <aiaudit/detail/utf8.hpp>             // make_name_text
#include <aiaudit/providers/usage_reader.hpp>  // tier_named

#include <algorithm>
#include <array>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE record record_of_attempt(attempt_plan const& plan, record_kind kind, timestamp at) {
    record entry;
    entry.kind = kind;
    entry.user = plan.who->user;
    entry.project = plan.who->project;
    constexpr std::size_t name_bytes = 1'024;  // as budgets have them
    for (std::string* const name : {&entry.user, &entry.project}) make_name_text(*name, name_bytes);
    entry.trace_id = plan.who->trace_id;
    entry.tags = plan.who->tags;
    if (!plan.downgraded_from.empty())
        entry.tags.emplace_back("downgraded_from", plan.downgraded_from);
    entry.key_id = plan.key->id;
    entry.provider = plan.to->name;
    entry.path = plan.request->target.substr(0, plan.request->target.find('?'));
    entry.started_at = at;
    entry.operation_id = plan.id;
    entry.attempt = plan.number;
    return entry;
}

AIAUDIT_INLINE exchange exchange_of(attempt_plan const& plan) {
    exchange head;  // without the request, whose facts the plan has
    head.provider = plan.to->name;
    head.path = plan.request->target;
    return head;
}

AIAUDIT_INLINE http_request http_request_of(attempt_plan const& plan) {
    http_request request;
    request.origin = plan.to->origin;
    request.target = plan.request->target;
    request.headers = auth_headers(*plan.to, plan.key->value);
    request.headers.emplace_back("Content-Type", "application/json");
    request.headers.emplace_back("Accept", plan.stream ? "text/event-stream" : "application/json");
    // The same for every attempt, so that a provider that knows it bills one of them.
    request.headers.emplace_back("Idempotency-Key", plan.id.to_string());
    for (auto const& header : plan.who->headers) request.headers.push_back(header);
    request.body = plan.request->body;
    return request;
}

AIAUDIT_INLINE price_doubts doubts_of(prepared_request const& request) noexcept {
    rate_words const& words = request.facts.shape.rates;
    price_doubts doubts;
    doubts.cache_writes = words.cache_writes;
    doubts.speed = words.speed;
    // Where bytes do not bound it, it may be anything.
    doubts.media_input = !request.facts.shape.bounded;
    doubts.picture_input = request.facts.shape.pictures != 0;
    return doubts;
}

AIAUDIT_INLINE bool ends_when_left(attempt_plan const& plan) noexcept {
    request_facts const& asked = plan.request->facts;
    request_shape const& shape = asked.shape;
    bool const seen = asked.parameters.choices.value_or(1) <= 1 && !shape.endless && !shape.draws &&
                      shape.tool_uses == 0 && shape.compactions == 0;
    return plan.to->stops_when_left && plan.stream && seen && !asked.background;
}

AIAUDIT_INLINE void take_terms(reading& read, request_facts const& asked) {
    attempt_facts& facts = read.facts;
    facts.parameters.batch = false;
    // Whatever else it is called, it may be dearer.
    constexpr std::array<std::string_view, 8> plain_tiers{
        "", "auto", "default", "standard", "standard_only", "on_demand", "flex", "batch"};
    bool const plain =
        std::find(plain_tiers.begin(), plain_tiers.end(), asked.service_tier) != plain_tiers.end();
    if (!plain && !read.told.tier) facts.service_tier = tier_named(asked.service_tier);
    auto const is_dearer = [](std::string const& word, char const* usual) {
        return !word.empty() && word != usual;
    };
    if (is_dearer(asked.region, "global") && !read.told.region) facts.region = asked.region;
    if (is_dearer(asked.speed, "standard") && !read.told.speed) facts.speed = asked.speed;
}

AIAUDIT_INLINE std::optional<error> failure_of(attempt_plan const& plan,
                                               std::optional<error> const& transport,
                                               reading const& read, int status,
                                               bool ended_by_caller) {
    auto const here = [&plan](errc code, std::string const& why, std::string remote = {}) {
        return error{code, place_of(plan) + ": " + why, std::move(remote)};
    };
    // Whatever came in the same bytes, behind the piece that was enough.
    if (ended_by_caller) return std::nullopt;
    if (status >= 300 || (read.problem && read.problem->code == errc::provider_error)) {
        // A whole head that says no is an answer, whatever became of its body.
        std::string why = "HTTP " + std::to_string(status);
        if (!read.facts.error_type.empty()) why += ", " + read.facts.error_type;
        return here(errc::provider_error, why, read.facts.error_message);
    }
    if (transport) {
        error failure = here(transport->code, transport->where, transport->remote);
        failure.sent = transport->sent;
        return failure;
    }
    if (!read.facts.error_type.empty())
        return here(errc::provider_error, read.facts.error_type, read.facts.error_message);
    if (read.problem && read.problem->code == errc::bad_json)
        return here(errc::bad_response, read.problem->where);
    if (read.problem && read.problem->code == errc::too_large)
        return here(errc::too_large, read.problem->where);
    if (!read.facts.complete && !read.facts.under_way)
        return here(errc::truncated, "the stream ended before its end");
    return std::nullopt;
}

AIAUDIT_INLINE void withhold_key(std::string_view key, reading& read) {
    if (key.empty()) return;
    auto& facts = read.facts;
    for (std::string* text :
         {&facts.model_served, &facts.finish_reason, &facts.error_type, &facts.provider_request_id,
          &facts.service_tier, &facts.region, &facts.speed, &facts.unread,
          read.problem ? &read.problem->where : nullptr}) {
        if (text == nullptr || text->find(key) == std::string::npos) continue;
        *text = text == &facts.error_type ? "withheld" : "";
    }
    auto& message = facts.error_message;
    for (std::size_t at = 0; (at = message.find(key, at)) != std::string::npos;)
        message.replace(at, key.size(), "withheld");
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_CLIENT_ATTEMPT_IPP
