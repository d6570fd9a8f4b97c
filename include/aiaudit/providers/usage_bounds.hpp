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

#include <aiaudit/core/call.hpp>          // request_parameters
#include <aiaudit/core/usage.hpp>         // usage
#include <aiaudit/providers/dialect.hpp>  // vendor

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

[[nodiscard]] bool is_bounded_by_bytes(boost::json::value const& request) noexcept;

// Tools, or a shape for the answer, which a provider may write into the prompt as well.
[[nodiscard]] bool has_tools(boost::json::value const& request) noexcept;

[[nodiscard]] constexpr std::uint64_t saturated_product(std::uint64_t a, std::uint64_t b) noexcept {
    return b != 0 && a > usage::count_max / b ? usage::count_max : a * b;
}

// What a request names that has a rate of its own.
struct rate_words {
    bool cache_writes = false;
    bool hour_writes = false;  // "1h", where cache writes have a time to live
    bool speed = false;
};
// One pass over the text: a word counts wherever it stands.
[[nodiscard]] rate_words rate_words_of(std::string_view request_body) noexcept;

}  // namespace detail

// Whether a call's tokens are all that it is billed for, as far as its kind, its provider and its
// model tell. Images, sounds and documents to rank are billed by other things; some models search
// the web unasked.
[[nodiscard]] bool is_billed_by_tokens(operation what, vendor who, std::string_view model) noexcept;

// Of the parsed body of a request.
[[nodiscard]] inline request_shape shape_of(boost::json::value const& request) noexcept {
    return {detail::is_bounded_by_bytes(request), detail::has_tools(request)};
}
[[nodiscard]] request_shape shape_of(std::string_view request_body);

// The range of an attempt's usage. `known` is what was reported so far; it is not taken as final,
// because some servers begin with too little. Output is bounded by the limit that the request sets,
// for each choice that it asks for, else by `output_ceiling`: the model's own limit, or 0 where the
// call has no output (embeddings). Estimates are marked as such; no count of `upper` is below
// what was reported.
[[nodiscard]] usage_range bounds_of(usage const& known, std::string_view request_body,
                                    request_shape shape, request_parameters const& asked,
                                    std::uint64_t output_ceiling);
[[nodiscard]] inline usage_range bounds_of(usage const& known, std::string_view request_body,
                                           request_parameters const& asked,
                                           std::uint64_t output_ceiling) {
    return bounds_of(known, request_body, shape_of(request_body), asked, output_ceiling);
}

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/providers/usage_bounds.ipp>
#endif

#endif  // AIAUDIT_PROVIDERS_USAGE_BOUNDS_HPP
