// SPDX-License-Identifier: MIT
//
// record_input.hpp: a record from its JSON text, the reverse of aiaudit::to_json(sequence, record).
//
// Threads: plain functions.
#ifndef AIAUDIT_BINDINGS_RECORD_INPUT_HPP
#define AIAUDIT_BINDINGS_RECORD_INPUT_HPP

#include "json_input.hpp"

#include <aiaudit/core/record.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace aiaudit_c {

// The value of an enumeration that has this name; throws where there is none.
template <class Enum>
[[nodiscard]] Enum enum_of(json_input const& input, std::string_view member,
                           std::string const& text, std::initializer_list<Enum> all) {
    std::string list;
    for (Enum const each : all) {
        if (name_of(each) == text) return each;
        list.append(list.empty() ? "one of " : ", ").append(name_of(each));
    }
    input.wrong(member, list);
}

inline void set_call(aiaudit::record& entry, json_input const& input) {
    using aiaudit::operation;
    entry.user = input.text_or("user", "");
    entry.project = input.text_or("project", "");
    entry.key_id = input.text_or("key", "");
    entry.provider = input.text_or("provider", "");
    entry.model_requested = input.text_or("model_requested", "");
    entry.model_served = input.text_or("model_served", "");
    entry.operation =
        enum_of(input, "operation", input.text_or("operation", "chat"),
                {operation::other, operation::chat, operation::responses, operation::embeddings,
                 operation::count_tokens, operation::images, operation::audio, operation::rerank});
    entry.path = input.text_or("path", "");
    entry.path.resize(std::min(entry.path.size(), entry.path.find('?')));  // it may carry a key
    entry.service_tier = input.text_or("service_tier", "");
    entry.region = input.text_or("region", "");
    entry.speed = input.text_or("speed", "");
    entry.parameters.max_output_tokens = input.number("max_output_tokens");
    if (auto const count = input.number("choices", 1, std::numeric_limits<std::uint32_t>::max()))
        entry.parameters.choices = static_cast<std::uint32_t>(*count);
    entry.parameters.stream = input.flag("stream").value_or(false);
    entry.parameters.batch = input.flag("batch").value_or(false);
}

inline void set_ids(aiaudit::record& entry, json_input const& input) {
    if (auto const text = input.text("operation_id"))
        entry.operation_id = take_member(aiaudit::operation_id::parse(*text), "operation_id");
    if (entry.operation_id.is_zero())
        entry.operation_id = aiaudit::make_operation_id(entry.started_at);
    entry.attempt = static_cast<std::uint32_t>(
        input.number("attempt", 1, std::numeric_limits<std::uint32_t>::max()).value_or(1));
    if (auto const text = input.text("trace_id"))
        entry.trace_id = take_member(aiaudit::trace_id::parse(*text), "trace_id");
    entry.provider_request_id = input.text_or("provider_request_id", "");
    entry.tags = input.pairs("tags");
}

// Returns whether the cost is given, or said not to be known.
inline bool set_cost_given(aiaudit::record& entry, json_input const& input) {
    using aiaudit::cost_status;
    bool const given = input.has("cost_usd") || input.has("cost_status");
    auto const cost = input.money("cost_usd");
    if (cost && cost->pico() < 0) input.wrong("cost_usd", "0 or more");
    entry.cost = cost.value_or(aiaudit::money{});
    entry.cost_status = cost ? cost_status::priced : cost_status::unknown;
    if (auto const text = input.text("cost_status")) {
        entry.cost_status =
            enum_of(input, "cost_status", *text,
                    {cost_status::priced, cost_status::estimated, cost_status::unpriced,
                     cost_status::no_charge, cost_status::unknown, cost_status::partial});
    }
    bool const unknown =
        entry.cost_status == cost_status::unpriced || entry.cost_status == cost_status::unknown;
    if (unknown && cost) input.wrong("cost_usd", "null where the cost is not known");
    if (!unknown && given && !cost && entry.cost_status != cost_status::no_charge)
        input.wrong("cost_usd", "given where the cost is known");
    entry.cost_low = input.money("cost_low_usd");
    entry.saved = input.money("saved_usd");
    entry.provider_cost = input.money("provider_cost_usd");
    entry.upstream_cost = input.money("upstream_cost_usd");
    entry.computed_cost = input.money("computed_cost_usd");
    using aiaudit::price_basis;
    entry.price_basis = enum_of(
        input, "price_basis", input.text_or("price_basis", "listed"),
        {price_basis::listed, price_basis::assumed, price_basis::stale, price_basis::provider});
    entry.unread = input.text_or("unread", "");
    entry.price_entry = input.text_or("price_entry", "");
    if (auto const text = input.text("price_book"))
        entry.price_book = take_member(aiaudit::digest::parse(*text), "price_book");
    return given;
}

inline void set_end(aiaudit::record& entry, json_input const& input) {
    entry.duration_ns = input.number("duration_ns");
    entry.time_to_first_token_ns = input.number("time_to_first_token_ns");
    entry.http_status = static_cast<std::uint16_t>(input.number("http_status", 0, 999).value_or(0));
    entry.finish_reason = input.text_or("finish_reason", "");
    entry.error_type = input.text_or("error", "");
    entry.complete = input.flag("complete").value_or(true);
    entry.usage = input.usage("usage");
    for (json_input const& run : input.objects("iterations")) {
        run.allow({"kind", "model", "usage"});
        entry.iterations.push_back(
            {run.text_or("kind", ""), run.text_or("model", ""), run.usage("usage")});
    }
}

struct record_input {
    aiaudit::record entry{};
    bool has_cost = false;  // given, or said not to be known
};

// Throws: bad_json, bad_input, bad_argument, bad_time.
[[nodiscard]] inline record_input read_record(char const* text, aiaudit::timestamp now) {
    json_input const input(text, "record");
    input.allow({"sequence",
                 "problem",
                 "kind",
                 "at",
                 "user",
                 "project",
                 "key",
                 "provider",
                 "model_requested",
                 "model_served",
                 "operation",
                 "path",
                 "service_tier",
                 "region",
                 "speed",
                 "max_output_tokens",
                 "choices",
                 "stream",
                 "batch",
                 "duration_ns",
                 "time_to_first_token_ns",
                 "http_status",
                 "finish_reason",
                 "error",
                 "complete",
                 "usage",
                 "iterations",
                 "cost_status",
                 "cost_usd",
                 "cost_low_usd",
                 "saved_usd",
                 "upstream_cost_usd",
                 "computed_cost_usd",
                 "price_basis",
                 "unread",
                 "provider_cost_usd",
                 "price_entry",
                 "price_book",
                 "operation_id",
                 "attempt",
                 "provider_request_id",
                 "trace_id",
                 "tags"});
    record_input read;
    aiaudit::record& entry = read.entry;
    entry.kind = enum_of(input, "kind", input.text_or("kind", "outcome"),
                         {aiaudit::record_kind::outcome, aiaudit::record_kind::refusal});
    entry.started_at = now;
    if (auto const at = input.text("at"))
        entry.started_at = take_member(aiaudit::timestamp::parse(*at), "at");
    set_call(entry, input);
    set_ids(entry, input);
    set_end(entry, input);
    read.has_cost = set_cost_given(entry, input);
    if (entry.kind == aiaudit::record_kind::refusal && !read.has_cost) {
        entry.cost_status = aiaudit::cost_status::no_charge;
        read.has_cost = true;
    }
    return read;
}

}  // namespace aiaudit_c

#endif  // AIAUDIT_BINDINGS_RECORD_INPUT_HPP
