// SPDX-License-Identifier: MIT
//
// usage_bounds.hpp: the least and the most that an attempt can have used, where nobody said.
//
// For an attempt that was sent and whose usage is not known in full: cut, timed out, or silent.
// Input is bounded by the bytes of the body, because a token stands for at least one byte of text,
// and JSON writes each byte of a text in one byte or more. What the model's template puts around a
// message is shorter than the JSON around it; what it puts around them all, and the provider's own
// words where there are tools, is covered by the two constants below. Nothing bounds an image, a
// sound, a file or a stored conversation by its bytes, nor what a tool of the provider's reads: the
// range then says so.
// Threads: pure functions.
// Floor 4.
#ifndef AIAUDIT_PROVIDERS_USAGE_BOUNDS_HPP
#define AIAUDIT_PROVIDERS_USAGE_BOUNDS_HPP

#include <aiaudit/core/call.hpp>              // request_parameters
#include <aiaudit/core/usage.hpp>             // usage
#include <aiaudit/providers/dialect.hpp>      // vendor
#include <aiaudit/providers/json_fields.hpp>  // parse_json

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

// Tokens that a provider adds to every prompt. The most that recorded calls show over their bytes
// is below zero without tools (some 70 tokens on a body of 120 bytes), and 545 with them.
inline constexpr std::uint64_t template_tokens_max = 256;
inline constexpr std::uint64_t tool_prompt_tokens_max = 1024;

struct usage_range {
    // What was reported; all input and all output are 0 where they were not. Gemini has been seen
    // to take back some of an input count in a later chunk (169, then 79).
    usage lower{};
    usage upper{};
    // False where the request refers to what its bytes do not bound, so that `upper` is no bound
    // but a guess.
    bool bounded = true;
};

// What the bounds of a request's usage depend on, beside its size and its parameters.
struct request_shape {
    bool bounded = false;  // its bytes bound its input
    bool tools = true;     // or a shape for the answer; a body that cannot be read may have them
};

namespace detail {

template <std::size_t Size>
[[nodiscard]] inline bool is_one_of(std::array<std::string_view, Size> const& names,
                                    std::string_view name) noexcept {
    return std::find(names.begin(), names.end(), name) != names.end();
}

// Members of a request that bring in text, or work, from elsewhere; and those that stand deeper.
inline constexpr std::array<std::string_view, 14> outside_members{"previous_response_id",
                                                                  "conversation",
                                                                  "container",
                                                                  "mcp_servers",
                                                                  "cachedContent",
                                                                  "plugins",
                                                                  "web_search_options",
                                                                  "search_parameters",
                                                                  "context_management",
                                                                  "documents",
                                                                  "cached_content",
                                                                  "compound_custom",
                                                                  "models",
                                                                  "prediction"};
inline constexpr std::array<std::string_view, 2> outside_paths{"reasoning.mode", "prompt.id"};

// Members that are prompts.
inline constexpr std::array<std::string_view, 10> prompt_members{"messages",
                                                                 "system",
                                                                 "input",
                                                                 "instructions",
                                                                 "contents",
                                                                 "content",
                                                                 "systemInstruction",
                                                                 "system_instruction",
                                                                 "prompt",
                                                                 "requests"};

// Members of Gemini's parts that are no text; its parts have no type.
inline constexpr std::array<std::string_view, 4> media_members{"inlineData", "inline_data",
                                                               "fileData", "file_data"};

// Types of items, messages and parts that are text.
inline constexpr std::array<std::string_view, 17> text_types{"text",
                                                             "input_text",
                                                             "output_text",
                                                             "refusal",
                                                             "message",
                                                             "function",
                                                             "function_call",
                                                             "function_call_output",
                                                             "custom_tool_call",
                                                             "thinking",
                                                             "redacted_thinking",
                                                             "custom_tool_call_output",
                                                             "reasoning",
                                                             "summary_text",
                                                             "reasoning_text",
                                                             "tool_use",
                                                             "tool_result"};

// Members whose inside is the caller's data, where a "type" means nothing.
inline constexpr std::array<std::string_view, 6> data_members{
    "cache_control", "arguments", "functionCall", "functionResponse", "metadata", "logprobs"};

// True where a prompt holds text alone. The depth is bounded by the parser.
[[nodiscard]] inline bool is_text_alone(boost::json::value const& prompt) noexcept {
    if (auto const* list = prompt.if_array()) {
        return std::all_of(list->begin(), list->end(), is_text_alone);
    }
    auto const* object = prompt.if_object();
    if (object == nullptr) return true;
    std::string_view const type = text_at(&prompt, "type");
    if (!type.empty() && !is_one_of(text_types, type)) return false;
    for (auto const& field : *object) {
        std::string_view const name{field.key().data(), field.key().size()};
        if (is_one_of(media_members, name)) return false;
        bool const data = is_one_of(data_members, name) || (type == "tool_use" && name == "input");
        if (!data && !is_text_alone(field.value())) return false;
    }
    return true;
}

// True where each tool is a function of the caller's.
[[nodiscard]] inline bool are_functions(boost::json::value const* tools) noexcept {
    auto const* list = tools == nullptr ? nullptr : tools->if_array();
    if (list == nullptr) return tools == nullptr;
    return std::all_of(list->begin(), list->end(), [](boost::json::value const& tool) {
        auto const* object = tool.if_object();
        if (object == nullptr) return false;
        auto const type = text_at(&tool, "type");
        if (!type.empty()) return type == "function" || type == "custom";
        // Anthropic's, and Mistral's.
        if (object->contains("input_schema") || object->contains("function")) return true;
        return object->size() == 1 && (object->contains("functionDeclarations") ||
                                       object->contains("function_declarations"));
    });
}

[[nodiscard]] inline bool is_bounded_by_bytes(boost::json::value const& request) noexcept {
    auto const* object = request.if_object();
    if (object == nullptr || !are_functions(at_path(&request, "tools"))) return false;
    for (auto const& field : *object) {
        if (field.value().is_null()) continue;
        std::string_view const name{field.key().data(), field.key().size()};
        if (is_one_of(outside_members, name)) return false;
        if (is_one_of(prompt_members, name) && !is_text_alone(field.value())) return false;
    }
    return std::all_of(outside_paths.begin(), outside_paths.end(),
                       [&](std::string_view path) { return at_path(&request, path) == nullptr; });
}

// Tools, or a shape for the answer, which a provider may write into the prompt as well.
[[nodiscard]] inline bool has_tools(boost::json::value const& request) noexcept {
    for (char const* name :
         {"tools", "response_format", "text.format", "output_config", "output_format",
          "generationConfig.responseSchema", "generationConfig.responseJsonSchema"}) {
        if (at_path(&request, name) != nullptr) return true;
    }
    return false;
}

[[nodiscard]] constexpr std::uint64_t saturated_product(std::uint64_t a, std::uint64_t b) noexcept {
    return b != 0 && a > usage::count_max / b ? usage::count_max : a * b;
}

[[nodiscard]] inline bool asks_for_cache_writes(std::string_view request_body) noexcept {
    return request_body.find("\"cache_control\"") != std::string_view::npos ||
           request_body.find("\"cachePoint\"") != std::string_view::npos;
}

// What goes into a cache may cost more than other input: where the request asks for that, all that
// was not read from it counts as written; for an hour, the dearest, where the request names that.
inline void bound_cache_writes(std::string_view request_body, usage const& known, usage& upper) {
    if (!asks_for_cache_writes(request_body)) return;
    auto const all = upper.count(unit::input_tokens);
    auto const written = all - (std::min)(all, known.count(unit::cache_read_tokens));
    auto const raise = [&](unit which, std::uint64_t bound) {
        if (!known.has(which) || known.count(which) < bound) {
            upper.set(which, bound, provenance::estimated);
        }
    };
    raise(unit::cache_write_tokens, written);
    if (request_body.find("\"1h\"") == std::string_view::npos) return;
    raise(unit::cache_write_1h_tokens,
          written - (std::min)(written, known.count(unit::cache_write_5m_tokens)));
}

}  // namespace detail

// Whether a call's tokens are all that it is billed for, as far as its kind, its provider and its
// model tell. Images, sounds and documents to rank are billed by other things; some models search
// the web unasked.
[[nodiscard]] inline bool is_billed_by_tokens(operation what, vendor who,
                                              std::string_view model) noexcept {
    if (what != operation::chat && what != operation::responses && what != operation::embeddings)
        return false;
    if (who == vendor::perplexity) return false;
    for (std::string_view const word : {"search-preview", "search-api", "compound", ":online"}) {
        if (model.find(word) != std::string_view::npos) return false;
    }
    return true;
}

// Of the parsed body of a request.
[[nodiscard]] inline request_shape shape_of(boost::json::value const& request) noexcept {
    return {detail::is_bounded_by_bytes(request), detail::has_tools(request)};
}
[[nodiscard]] inline request_shape shape_of(std::string_view request_body) {
    boost::json::monotonic_resource memory;
    auto const request = detail::parse_json(request_body, "request", &memory);
    return request ? shape_of(*request) : request_shape{};
}

// The range of an attempt's usage. `known` is what was reported so far; it is not taken as final,
// because some servers begin with too little. Output is bounded by the limit that the request sets,
// for each choice that it asks for, else by `output_ceiling`: the model's own limit, or 0 where the
// call has no output (embeddings). Estimates are marked as such; no count of `upper` is below
// what was reported.
[[nodiscard]] inline usage_range bounds_of(usage const& known, std::string_view request_body,
                                           request_shape shape, request_parameters const& asked,
                                           std::uint64_t output_ceiling) {
    usage_range range{known, known, shape.bounded};
    for (unit const whole : {unit::input_tokens, unit::output_tokens}) {
        if (!known.has(whole)) range.lower.set(whole, 0, provenance::estimated);
    }
    std::uint64_t input = request_body.size() + template_tokens_max;
    if (shape.tools) input += tool_prompt_tokens_max;
    std::uint64_t const choices = std::max<std::uint64_t>(asked.choices.value_or(1), 1);
    std::uint64_t const output =
        detail::saturated_product(asked.max_output_tokens.value_or(output_ceiling), choices);
    auto const raise = [&](unit which, std::uint64_t bound) {
        bound = (std::min)(bound, usage::count_max);
        if (!known.has(which) || known.count(which) < bound) {
            range.upper.set(which, bound, provenance::estimated);
        }
    };
    raise(unit::input_tokens, input);
    raise(unit::output_tokens, output);
    detail::bound_cache_writes(request_body, known, range.upper);
    return range;
}
[[nodiscard]] inline usage_range bounds_of(usage const& known, std::string_view request_body,
                                           request_parameters const& asked,
                                           std::uint64_t output_ceiling) {
    return bounds_of(known, request_body, shape_of(request_body), asked, output_ceiling);
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_PROVIDERS_USAGE_BOUNDS_HPP
