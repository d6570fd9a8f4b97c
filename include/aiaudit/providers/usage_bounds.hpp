// SPDX-License-Identifier: MIT
//
// usage_bounds.hpp: the least and the most that an attempt can have used, where nobody said.
//
// For an attempt that was sent and whose usage is not known in full: cut, timed out, or silent.
// Input is bounded by the bytes of the body, because a token stands for at least one byte of text,
// and JSON writes each byte of a text in one byte or more. What the model's template puts around a
// message is shorter than the JSON around it; what it puts around them all, and the provider's own
// words where there are tools, is covered by the two constants below. Nothing bounds an image, a
// sound, a file or a stored conversation by its bytes: there the bound is the model's context, once
// for each run of the model. The range says so where there is none.
// Threads: pure functions.
// Floor 4.
#ifndef AIAUDIT_PROVIDERS_USAGE_BOUNDS_HPP
#define AIAUDIT_PROVIDERS_USAGE_BOUNDS_HPP

#include <aiaudit/core/call.hpp>                   // request_parameters
#include <aiaudit/core/usage.hpp>                  // usage
#include <aiaudit/providers/deciding_members.hpp>  // apis
#include <aiaudit/providers/dialect.hpp>           // vendor
#include <aiaudit/providers/picture_tokens.hpp>    // picture_wish

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
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

// What a request names that has a rate of its own, wherever in it, in any case.
struct rate_words {
    bool cache_writes = false;
    bool hour_writes = false;  // "1h", where cache writes have a time to live
    bool speed = false;

    friend bool operator==(rate_words const&, rate_words const&) = default;
};
inline constexpr rate_words all_rate_words{true, true, true};

// What the bounds of a request's usage depend on, beside its size and its parameters.
struct request_shape {
    bool bounded = false;  // its bytes bound its input
    bool tools = true;     // or a shape for the answer; a body that cannot be read may have them
    // Not even the model's context bounds it.
    bool endless = true;
    // The first member that makes it so: "messages[0].content[1]: image_url"; empty where the whole
    // body does.
    std::string outside{};
    // How often the provider's own tools may run at the most, each time followed by another run of
    // the model; and those of them that have a price of their own.
    std::uint64_t tool_uses = 0;
    std::uint64_t web_searches = 0;
    std::uint64_t file_searches = 0;
    std::uint64_t code_executions = 0;
    std::uint64_t client_tools = 0;   // of the provider's making, that the caller runs
    std::uint64_t compactions = 0;    // runs of the model that shorten a conversation
    std::uint64_t pictures = 0;       // that stand in the body, in base64
    std::uint64_t picture_bytes = 0;  // of their base64, which is no text
    rate_words rates{};
    // Pictures elsewhere, at an address or in a file of the provider's; and whether they are all
    // that its bytes do not bound.
    std::uint64_t distant_pictures = 0;
    bool distant_pictures_alone = false;
    bool draws = false;  // it asks for pictures, each of which is billed with all of the input
    // Pictures that the provider's tool may make, by which model (empty: the provider's choice),
    // and of how many others each.
    std::uint64_t drawings = 0;
    std::uint64_t originals = 0;
    std::string drawing_model{};
    picture_wish drawing{};
    bool tool_limit_missing =
        false;  // it is endless for want of a limit that its API has a word for

    friend bool operator==(request_shape const&, request_shape const&) = default;
};

namespace detail {

template <std::size_t Size>
[[nodiscard]] inline bool is_one_of(std::array<std::string_view, Size> const& names,
                                    std::string_view name) noexcept {
    return std::find(names.begin(), names.end(), name) != names.end();
}

// Members that nothing bounds: they bring in other models, or tools that have no limit.
inline constexpr std::array<std::string_view, 16> endless_members{"models",
                                                                  "fallbacks",
                                                                  "fallback",
                                                                  "fallback_model",
                                                                  "fallback_models",
                                                                  "route",
                                                                  "preset",
                                                                  "plugins",
                                                                  "mcp_servers",
                                                                  "web_search_options",
                                                                  "search_parameters",
                                                                  "compound_custom",
                                                                  "prediction",
                                                                  "connectors",
                                                                  "search_queries_only",
                                                                  "enable_search"};
inline constexpr std::array<std::string_view, 2> endless_paths{"reasoning.mode", "prompt.id"};

// Members that are prompts.
inline constexpr std::array<std::string_view, 11> prompt_members{"messages",
                                                                 "system",
                                                                 "input",
                                                                 "instructions",
                                                                 "contents",
                                                                 "content",
                                                                 "systemInstruction",
                                                                 "system_instruction",
                                                                 "prompt",
                                                                 "requests",
                                                                 "suffix"};

// Members that bring in nothing, whatever they hold.
inline constexpr auto plain_members =
    std::to_array<std::string_view>({"add_generation_prompt",
                                     "additionalModelResponseFieldPaths",
                                     "allowed_token_ids",
                                     "anthropic_beta",
                                     "anthropic_version",
                                     "api_version",
                                     "audio",
                                     "background",
                                     "bad_words",
                                     "beam_search",
                                     "best_of",
                                     "betas",
                                     "cache_control",
                                     "chat_template_kwargs",
                                     "citation_options",
                                     "client_metadata",
                                     "custom_id",
                                     "dimensions",
                                     "disable_parallel_tool_use",
                                     "dry_run",
                                     "early_stopping",
                                     "echo",
                                     "embedding_types",
                                     "enable_thinking",
                                     "encoding_format",
                                     "format",
                                     "frequency_penalty",
                                     "function_call",
                                     "functions",
                                     "generationConfig",
                                     "generation_config",
                                     "guardrailConfig",
                                     "guided_choice",
                                     "guided_decoding_backend",
                                     "guided_grammar",
                                     "guided_json",
                                     "guided_regex",
                                     "ignore_eos",
                                     "include",
                                     "include_reasoning",
                                     "include_stop_str_in_output",
                                     "inferenceConfig",
                                     "inference_geo",
                                     "input_type",
                                     "k",
                                     "keep_alive",
                                     "labels",
                                     "language",
                                     "length_penalty",
                                     "logit_bias",
                                     "logprobs",
                                     "max_completion_tokens",
                                     "max_output_tokens",
                                     "max_tokens",
                                     "max_tool_calls",
                                     "metadata",
                                     "min_p",
                                     "min_tokens",
                                     "mirostat",
                                     "modalities",
                                     "model",
                                     "n",
                                     "n_keep",
                                     "normalize",
                                     "options",
                                     "outputDimensionality",
                                     "outputConfig",
                                     "output_config",
                                     "output_dimension",
                                     "output_format",
                                     "p",
                                     "parallel_tool_calls",
                                     "parameters",
                                     "performanceConfig",
                                     "presence_penalty",
                                     "priority",
                                     "prompt_cache_key",
                                     "prompt_cache_options",
                                     "prompt_cache_retention",
                                     "prompt_logprobs",
                                     "prompt_mode",
                                     "provider",
                                     "random_seed",
                                     "raw",
                                     "reasoning",
                                     "reasoning_effort",
                                     "reasoning_format",
                                     "repetition_penalty",
                                     "requestMetadata",
                                     "response_format",
                                     "return_token_ids",
                                     "role",
                                     "safe_prompt",
                                     "safetySettings",
                                     "safety_identifier",
                                     "safety_settings",
                                     "seed",
                                     "serviceTier",
                                     "service_tier",
                                     "skip_special_tokens",
                                     "speed",
                                     "stop",
                                     "stop_sequences",
                                     "stop_token_ids",
                                     "store",
                                     "stream",
                                     "stream_options",
                                     "strict_tools",
                                     "taskType",
                                     "temperature",
                                     "template",
                                     "text",
                                     "think",
                                     "thinking",
                                     "thinking_budget",
                                     "title",
                                     "toolConfig",
                                     "tool_choice",
                                     "tool_config",
                                     "tool_stream",
                                     "top_a",
                                     "top_k",
                                     "top_logprobs",
                                     "top_p",
                                     "topk",
                                     "topp",
                                     "transforms",
                                     "truncate",
                                     "truncate_prompt_tokens",
                                     "truncation",
                                     "typical_p",
                                     "usage",
                                     "use_beam_search",
                                     "user",
                                     "user_id",
                                     "verbosity"});

// Members of a request for pictures: how they are to be, and pictures to make them of.
inline constexpr std::array<std::string_view, 8> drawing_members{
    "size",       "quality",        "style",          "moderation",
    "background", "partial_images", "input_fidelity", "output_compression"};
inline constexpr std::array<std::string_view, 3> drawn_members{"image", "images", "mask"};

inline constexpr std::array<std::string_view, 13> drawing_tool_members{"type",
                                                                       "model",
                                                                       "size",
                                                                       "quality",
                                                                       "partial_images",
                                                                       "background",
                                                                       "output_format",
                                                                       "output_compression",
                                                                       "moderation",
                                                                       "input_fidelity",
                                                                       "input_image_mask",
                                                                       "action",
                                                                       "n"};

// Members of Gemini's parts that are no text; its parts have no type.
inline constexpr std::array<std::string_view, 4> media_members{"inlineData", "inline_data",
                                                               "fileData", "file_data"};

// Members of OpenAI's parts that are no text; some servers read such a part without its type.
inline constexpr std::array<std::string_view, 7> linked_members{
    "image_url", "audio_url", "video_url", "input_audio", "file", "file_id", "file_url"};

// Of the pictures that vendors read; of one frame, as they read it.
inline constexpr std::array<std::string_view, 6> picture_types{
    "image/png", "image/jpeg", "image/webp", "image/gif", "image/heic", "image/heif"};

// Types of items, messages and parts that are text.
inline constexpr std::array<std::string_view, 21> text_types{"text",
                                                             "input_text",
                                                             "output_text",
                                                             "refusal",
                                                             "message",
                                                             "function",
                                                             "custom",
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
                                                             "tool_result",
                                                             "additional_tools",
                                                             "local_shell_call",
                                                             "local_shell_call_output"};

// Members whose inside is the caller's data, where a "type" means nothing.
inline constexpr std::array<std::string_view, 7> data_members{
    "cache_control",
    "arguments",
    "functionCall",
    "metadata",
    "logprobs",
    "action",
    "internal_chat_message_metadata_passthrough"};

// Tools of the provider's making. Who runs them, and what a use of them costs beside tokens.
enum class tool_runner : std::uint8_t { caller, provider };
struct provider_tool {
    std::string_view prefix;  // of its type
    tool_runner runs = tool_runner::provider;
    std::optional<unit> charged{};
};
inline constexpr std::array<provider_tool, 12> provider_tools{{
    {"web_search", tool_runner::provider, unit::web_searches},
    {"web_fetch_", tool_runner::provider, {}},
    {"file_search", tool_runner::provider, unit::file_searches},
    {"code_interpreter", tool_runner::provider, unit::code_executions},
    {"mcp", tool_runner::provider, {}},
    {"bash_", tool_runner::caller, {}},
    {"text_editor_", tool_runner::caller, {}},
    {"computer", tool_runner::caller, {}},
    {"memory_", tool_runner::caller, {}},
    {"local_shell", tool_runner::caller, {}},
    {"apply_patch", tool_runner::caller, {}},
    {"tool_search", tool_runner::provider, {}},
}};

// What a request, or a tool, says of pictures to make.
[[nodiscard]] picture_wish picture_wish_of(boost::json::value const& from);

// Tools, or a shape for the answer, which a provider may write into the prompt as well.
[[nodiscard]] bool has_tools(boost::json::value const& request) noexcept;

[[nodiscard]] constexpr std::uint64_t saturated_product(std::uint64_t a, std::uint64_t b) noexcept {
    return b != 0 && a > usage::count_max / b ? usage::count_max : a * b;
}

}  // namespace detail

// Whether a call's tokens are all that it is billed for, as far as its kind, its provider and its
// model tell. Images, sounds and documents to rank are billed by other things; some models search
// the web unasked.
[[nodiscard]] bool is_billed_by_tokens(operation what, vendor who, std::string_view model) noexcept;

// Of the parsed body of a request to one API, or to any.
[[nodiscard]] request_shape shape_of(boost::json::value const& request, unsigned api = apis::all);
[[nodiscard]] request_shape shape_of(std::string_view request_body);

// The range of an attempt's usage. `known` is what was reported so far; it is not taken as final,
// because some servers begin with too little. Output is bounded by the limit that the request sets,
// for each choice that it asks for, else by `output_ceiling`: the model's own limit, or 0 where the
// call has no output (embeddings). Input that its bytes do not bound is bounded by
// `context_tokens`, for each run of the model; 0: not known. `picture_tokens`: of a picture, at the
// most; where that is less than of any model, pictures elsewhere count as much. Estimates are
// marked as such; no count of `upper` is below what was reported.
[[nodiscard]] usage_range bounds_of(usage const& known, std::string_view request_body,
                                    request_shape const& shape, request_parameters const& asked,
                                    std::uint64_t output_ceiling, std::uint64_t context_tokens = 0,
                                    std::uint64_t picture_tokens = picture_tokens_max);
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
