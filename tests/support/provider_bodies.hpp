// SPDX-License-Identifier: MIT
//
// provider_bodies.hpp: answers of AI APIs in the shapes in which they really come, with content of
// our own.
//
// A stream's function takes `done`: false leaves out the event that says that it is whole, as when
// a provider breaks off.
#ifndef AIAUDIT_TESTS_SUPPORT_PROVIDER_BODIES_HPP
#define AIAUDIT_TESTS_SUPPORT_PROVIDER_BODIES_HPP

#include "support/chaos_step.hpp"

#include <aiaudit/detail/json_string.hpp>  // json_string

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit_tests {

// The numbers as the API itself counts them: `input` of OpenAI and Gemini holds the cached tokens,
// that of Anthropic does not; `output` of Gemini holds no reasoning tokens, those of the others do.
struct body_usage {
    std::int64_t input = 12;
    std::int64_t output = 7;
    std::int64_t cached = 0;
    std::int64_t reasoning = 0;
};

using word_list = std::vector<std::string>;

namespace provider_detail {

// The template with each '$' replaced by the next of `values`, which are JSON text.
[[nodiscard]] inline std::string filled(std::string_view pattern,
                                        std::vector<std::string> const& values) {
    std::string text;
    std::size_t next = 0;
    for (char const c : pattern) {
        if (c == '$') {
            text += values.at(next++);
        } else {
            text += c;
        }
    }
    return text;
}
[[nodiscard]] inline std::string json_text(std::string_view text) {
    return aiaudit::detail::json_string(text);
}
[[nodiscard]] inline std::string joined(word_list const& words) {
    std::string text;
    for (auto const& word : words) text += word;
    return text;
}
[[nodiscard]] inline std::string data_event(std::string const& json) {
    return "data: " + json + "\n\n";
}
[[nodiscard]] inline std::string named_event(std::string const& name, std::string const& json) {
    return "event: " + name + "\n" + data_event(json);
}

[[nodiscard]] inline std::string openai_chat_usage(body_usage const& usage) {
    return filled(R"({"prompt_tokens":$,"completion_tokens":$,"total_tokens":$,)"
                  R"("prompt_tokens_details":{"cached_tokens":$,"audio_tokens":0},)"
                  R"("completion_tokens_details":{"reasoning_tokens":$,"audio_tokens":0,)"
                  R"("accepted_prediction_tokens":0,"rejected_prediction_tokens":0}})",
                  {std::to_string(usage.input), std::to_string(usage.output),
                   std::to_string(usage.input + usage.output), std::to_string(usage.cached),
                   std::to_string(usage.reasoning)});
}
[[nodiscard]] inline std::string openai_response(std::string_view model, std::string const& status,
                                                 std::string const& output,
                                                 std::string const& usage) {
    return filled(
        R"({"id":"resp_chaos0001","object":"response","created_at":1760000000,"status":$,)"
        R"("background":false,"error":null,"incomplete_details":null,"instructions":null,)"
        R"("max_output_tokens":null,"model":$,"output":[$],"parallel_tool_calls":true,)"
        R"("previous_response_id":null,"reasoning":{"effort":"low","summary":null},)"
        R"("service_tier":"default","store":false,"temperature":1.0,)"
        R"("text":{"format":{"type":"text"},"verbosity":"medium"},"tool_choice":"auto",)"
        R"("tools":[],"top_p":1.0,"truncation":"disabled","usage":$,"user":null,"metadata":{}})",
        {json_text(status), json_text(model), output, usage});
}
[[nodiscard]] inline std::string openai_responses_usage(body_usage const& usage) {
    return filled(
        R"({"input_tokens":$,"input_tokens_details":{"cached_tokens":$},"output_tokens":$,)"
        R"("output_tokens_details":{"reasoning_tokens":$},"total_tokens":$})",
        {std::to_string(usage.input), std::to_string(usage.cached), std::to_string(usage.output),
         std::to_string(usage.reasoning), std::to_string(usage.input + usage.output)});
}
[[nodiscard]] inline std::string openai_output_item(std::string const& status,
                                                    std::string const& content) {
    return filled(
        R"({"id":"msg_chaos0001","type":"message","status":$,"content":[$],"role":"assistant"})",
        {json_text(status), content});
}
[[nodiscard]] inline std::string openai_output_text(std::string_view text) {
    return filled(R"({"type":"output_text","annotations":[],"logprobs":[],"text":$})",
                  {json_text(text)});
}

[[nodiscard]] inline std::string anthropic_message(std::string_view model,
                                                   std::string const& content,
                                                   std::string const& stop_reason,
                                                   body_usage const& usage) {
    return filled(
        R"({"model":$,"id":"msg_01Chaos0001","type":"message","role":"assistant","content":[$],)"
        R"("stop_reason":$,"stop_sequence":null,"stop_details":null,"usage":{"input_tokens":$,)"
        R"("cache_creation_input_tokens":0,"cache_read_input_tokens":$,"cache_creation":)"
        R"({"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":$,)"
        R"("service_tier":"standard","inference_geo":"global"}})",
        {json_text(model), content, stop_reason, std::to_string(usage.input),
         std::to_string(usage.cached), std::to_string(usage.output)});
}

[[nodiscard]] inline std::string gemini_response(std::string_view model, std::string_view text,
                                                 bool last, body_usage const& usage) {
    return filled(
        R"({"candidates":[{"content":{"parts":[{"text":$}],"role":"model"},$"index":0}],)"
        R"("usageMetadata":{"promptTokenCount":$,"candidatesTokenCount":$,"totalTokenCount":$,)"
        R"("promptTokensDetails":[{"modality":"TEXT","tokenCount":$}],)"
        R"("cachedContentTokenCount":$,"thoughtsTokenCount":$,"serviceTier":"standard"},)"
        R"("modelVersion":$,"responseId":"chaos0001"})",
        {json_text(text), last ? R"("finishReason":"STOP",)" : "", std::to_string(usage.input),
         std::to_string(usage.output), std::to_string(usage.input + usage.output + usage.reasoning),
         std::to_string(usage.input), std::to_string(usage.cached), std::to_string(usage.reasoning),
         json_text(model)});
}

}  // namespace provider_detail

[[nodiscard]] inline std::string openai_chat_body(std::string_view model, std::string_view text,
                                                  body_usage const& usage = {}) {
    return provider_detail::filled(
        R"({"id":"chatcmpl-Chaos0001","object":"chat.completion","created":1760000000,"model":$,)"
        R"("choices":[{"index":0,"message":{"role":"assistant","content":$,"refusal":null,)"
        R"("annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":$,)"
        R"("service_tier":"default","system_fingerprint":"fp_chaos0001"})",
        {provider_detail::json_text(model), provider_detail::json_text(text),
         provider_detail::openai_chat_usage(usage)});
}

// Without `usage` it is the stream of a request that did not ask for it.
[[nodiscard]] inline std::string openai_chat_stream(std::string_view model, word_list const& words,
                                                    std::optional<body_usage> usage = body_usage{},
                                                    bool done = true) {
    auto const chunk = [&](std::string const& choices, std::string const& counts) {
        return provider_detail::data_event(provider_detail::filled(
            R"({"id":"chatcmpl-Chaos0001","object":"chat.completion.chunk","created":1760000000,)"
            R"("model":$,"service_tier":"default","system_fingerprint":"fp_chaos0001",)"
            R"("choices":[$]$,"obfuscation":"k3Jq"})",
            {provider_detail::json_text(model), choices, counts}));
    };
    auto const choice = [](std::string const& delta, std::string const& finish) {
        return provider_detail::filled(
            R"({"index":0,"delta":{$},"logprobs":null,"finish_reason":$})", {delta, finish});
    };
    std::string const none = usage ? R"(,"usage":null)" : "";
    std::string text =
        chunk(choice(R"("role":"assistant","content":"","refusal":null)", "null"), none);
    for (auto const& word : words)
        text += chunk(choice(R"("content":)" + provider_detail::json_text(word), "null"), none);
    if (!done) return text;
    text += chunk(choice("", R"("stop")"), none);
    if (usage) text += chunk("", R"(,"usage":)" + provider_detail::openai_chat_usage(*usage));
    return text + "data: [DONE]\n\n";
}

[[nodiscard]] inline std::string openai_responses_body(std::string_view model,
                                                       std::string_view text,
                                                       body_usage const& usage = {}) {
    return provider_detail::openai_response(
        model, "completed",
        provider_detail::openai_output_item("completed", provider_detail::openai_output_text(text)),
        provider_detail::openai_responses_usage(usage));
}

[[nodiscard]] inline std::string openai_responses_stream(std::string_view model,
                                                         word_list const& words,
                                                         body_usage const& usage = {},
                                                         bool done = true) {
    std::string text;
    int sequence = 0;
    auto const event = [&](std::string const& name, std::string const& members) {
        text += provider_detail::named_event(
            name, provider_detail::filled(
                      R"({"type":$,$,"sequence_number":$})",
                      {provider_detail::json_text(name), members, std::to_string(sequence++)}));
    };
    std::string const place = R"("item_id":"msg_chaos0001","output_index":0,"content_index":0,)";
    std::string const begun = provider_detail::openai_response(model, "in_progress", "", "null");
    event("response.created", R"("response":)" + begun);
    event("response.in_progress", R"("response":)" + begun);
    event("response.output_item.added",
          R"("output_index":0,"item":)" + provider_detail::openai_output_item("in_progress", ""));
    event("response.content_part.added",
          place + R"("part":)" + provider_detail::openai_output_text(""));
    for (auto const& word : words)
        event("response.output_text.delta",
              place + R"("logprobs":[],"delta":)" + provider_detail::json_text(word));
    if (!done) return text;
    std::string const whole = provider_detail::openai_output_text(provider_detail::joined(words));
    std::string const item = provider_detail::openai_output_item("completed", whole);
    event("response.output_text.done",
          place + R"("logprobs":[],"text":)" +
              provider_detail::json_text(provider_detail::joined(words)));
    event("response.content_part.done", place + R"("part":)" + whole);
    event("response.output_item.done", R"("output_index":0,"item":)" + item);
    event("response.completed",
          R"("response":)" +
              provider_detail::openai_response(model, "completed", item,
                                               provider_detail::openai_responses_usage(usage)));
    return text;
}

[[nodiscard]] inline std::string anthropic_message_body(std::string_view model,
                                                        std::string_view text,
                                                        body_usage const& usage = {}) {
    return provider_detail::anthropic_message(
        model,
        provider_detail::filled(R"({"type":"text","text":$})", {provider_detail::json_text(text)}),
        R"("end_turn")", usage);
}

[[nodiscard]] inline std::string anthropic_stream(std::string_view model, word_list const& words,
                                                  body_usage const& usage = {}, bool done = true) {
    body_usage begun = usage;
    begun.output = 1;
    std::string text = provider_detail::named_event(
        "message_start", R"({"type":"message_start","message":)" +
                             provider_detail::anthropic_message(model, "", "null", begun) + "}");
    text += provider_detail::named_event("content_block_start",
                                         R"({"type":"content_block_start","index":0,)"
                                         R"("content_block":{"type":"text","text":""}})");
    text += provider_detail::named_event("ping", R"({"type": "ping"})");
    for (auto const& word : words)
        text += provider_detail::named_event(
            "content_block_delta",
            provider_detail::filled(
                R"({"type":"content_block_delta","index":0,)"
                R"("delta":{"type":"text_delta","text":$}  })",  // padded, as it comes
                {provider_detail::json_text(word)}));
    if (!done) return text;
    text += provider_detail::named_event("content_block_stop",
                                         R"({"type":"content_block_stop","index":0})");
    text += provider_detail::named_event(
        "message_delta",
        provider_detail::filled(
            R"({"type":"message_delta","delta":{"stop_reason":"end_turn",)"
            R"("stop_sequence":null,"stop_details":null},"usage":{"input_tokens":$,)"
            R"("cache_creation_input_tokens":0,"cache_read_input_tokens":$,)"
            R"("output_tokens":$}})",
            {std::to_string(usage.input), std::to_string(usage.cached),
             std::to_string(usage.output)}));
    return text + provider_detail::named_event("message_stop", R"({"type":"message_stop"})");
}

[[nodiscard]] inline std::string gemini_body(std::string_view model, std::string_view text,
                                             body_usage const& usage = {}) {
    return provider_detail::gemini_response(model, text, true, usage);
}

// Of streamGenerateContent?alt=sse. Its only sign of the end is the last chunk's finishReason; the
// chunks before it count the output so far.
[[nodiscard]] inline std::string gemini_stream(std::string_view model, word_list const& words,
                                               body_usage const& usage = {}, bool done = true) {
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i) {
        bool const last = done && i + 1 == words.size();
        body_usage so_far = usage;
        if (!last) so_far.output = std::min(usage.output, static_cast<std::int64_t>(i));
        text +=
            "data: " + provider_detail::gemini_response(model, words[i], last, so_far) + "\r\n\r\n";
    }
    return text;
}

// `dimensions` numbers that are the same in every run.
[[nodiscard]] inline std::string embeddings_body(std::string_view model, std::int64_t input,
                                                 std::size_t dimensions = 8) {
    std::string numbers;
    for (std::size_t i = 0; i < dimensions; ++i)
        numbers += (i == 0 ? "0.0" : ",-0.0") + std::to_string(i % 90 + 10);
    return provider_detail::filled(
        R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":[$]}],"model":$,)"
        R"("usage":{"prompt_tokens":$,"total_tokens":$}})",
        {numbers, provider_detail::json_text(model), std::to_string(input), std::to_string(input)});
}

enum class provider_error {
    openai_bad_request,
    openai_bad_key,
    openai_unknown_model,
    openai_rate_limited,
    openai_out_of_quota,  // a 429 that no retry mends
    openai_server_error,
    anthropic_rate_limited,
    anthropic_overloaded,
    anthropic_overloaded_mid_stream,  // an event, not a body
    gemini_exhausted,                 // with the provider's own RetryInfo
    gemini_unavailable,
    bedrock_throttled,
    gateway_page,  // HTML of a proxy in between
};

namespace provider_detail {

struct error_shape {
    provider_error kind;
    int status;
    std::string_view body;
};
inline constexpr std::array<error_shape, 13> error_shapes{{
    {provider_error::openai_bad_request, 400,
     R"({"error":{"message":"Unsupported value for a parameter.","type":"invalid_request_error",)"
     R"("param":"temperature","code":"unsupported_value"}})"},
    {provider_error::openai_bad_key, 401,
     R"({"error":{"message":"That key was not accepted.","type":"invalid_request_error",)"
     R"("param":null,"code":"invalid_api_key"}})"},
    {provider_error::openai_unknown_model, 404,
     R"({"error":{"message":"There is no model of that name.","type":"invalid_request_error",)"
     R"("param":null,"code":"model_not_found"}})"},
    {provider_error::openai_rate_limited, 429,
     R"({"error":{"message":"Too many tokens in a minute. Try again in 20ms.","type":"tokens",)"
     R"("param":null,"code":"rate_limit_exceeded"}})"},
    {provider_error::openai_out_of_quota, 429,
     R"({"error":{"message":"The quota of this account is used up.",)"
     R"("type":"insufficient_quota","param":null,"code":"insufficient_quota"}})"},
    {provider_error::openai_server_error, 500,
     R"({"error":{"message":"Something failed on our side.","type":"server_error",)"
     R"("param":null,"code":null}})"},
    {provider_error::anthropic_rate_limited, 429,
     R"({"type":"error","error":{"type":"rate_limit_error","message":"Too many input tokens."},)"
     R"("request_id":"req_01Chaos0001"})"},
    {provider_error::anthropic_overloaded, 529,
     R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},)"
     R"("request_id":"req_01Chaos0001"})"},
    {provider_error::anthropic_overloaded_mid_stream, 200,
     "event: error\ndata: "
     R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})"
     "\n\n"},
    {provider_error::gemini_exhausted, 429,
     R"({"error":{"code":429,"message":"Quota exceeded for this minute.",)"
     R"("status":"RESOURCE_EXHAUSTED","details":[)"
     R"({"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"0.020s"}]}})"},
    {provider_error::gemini_unavailable, 503,
     R"({"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}})"},
    {provider_error::bedrock_throttled, 429, R"({"message":"Too many requests, wait."})"},
    {provider_error::gateway_page, 502,
     "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
     "<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"},
}};
[[nodiscard]] inline error_shape const& shape_of(provider_error kind) {
    return error_shapes.at(static_cast<std::size_t>(kind));
}

}  // namespace provider_detail

[[nodiscard]] inline std::string error_body(provider_error kind) {
    return std::string{provider_detail::shape_of(kind).body};
}

// Whole answers, to be changed further.
[[nodiscard]] inline chaos_step json_step(std::string body, int status = 200) {
    return {.status = status, .body = std::move(body)};
}
[[nodiscard]] inline chaos_step stream_step(std::string body, std::uint32_t piece_seed = 0) {
    return {.content_type = "text/event-stream; charset=utf-8",
            .body = std::move(body),
            .piece_seed = piece_seed,
            .chunked = true};
}
[[nodiscard]] inline chaos_step error_step(provider_error kind) {
    auto step = json_step(error_body(kind), provider_detail::shape_of(kind).status);
    if (kind == provider_error::gateway_page) step.content_type = "text/html";
    if (kind == provider_error::anthropic_overloaded_mid_stream)
        step.content_type = "text/event-stream; charset=utf-8";
    return step;
}

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_SUPPORT_PROVIDER_BODIES_HPP
