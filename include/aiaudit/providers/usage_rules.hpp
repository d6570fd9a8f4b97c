// SPDX-License-Identifier: MIT
//
// usage_rules.hpp: how each dialect counts, as tables, and the one loop that reads them.
//
// A rule takes the number at a path of the provider's usage object into a unit. The tables are the
// whole difference between the dialects; docs/usage.md explains them.
// Threads: pure functions.
// Floor 4.
#ifndef AIAUDIT_PROVIDERS_USAGE_RULES_HPP
#define AIAUDIT_PROVIDERS_USAGE_RULES_HPP

#include <aiaudit/core/usage.hpp>         // usage, unit
#include <aiaudit/error.hpp>              // result
#include <aiaudit/providers/dialect.hpp>  // dialect, vendor_set

#include <boost/json/value.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

enum class take : std::uint8_t {
    set,        // the unit is this number
    add,        // the unit includes this number: the provider counts it apart
    otherwise,  // another name for the unit, read only while it is absent: never both
    larger,     // another name for the unit: the larger of the two counts stands, never both
};

struct usage_rule {
    std::string_view path;  // in the usage object
    unit to;
    take how = take::set;
    // Vendors whose API documents the field. Elsewhere a zero is the habit of a compatibility layer
    // and says nothing, so that the unit stays absent; any other number is taken all the same.
    vendor_set documented = every_vendor;
    vendor_set only = every_vendor;  // others do not mean this by the field
    // Where the path leads to an array: the element with this member ("modality") of this value,
    // and the member that holds its number.
    std::string_view key{};
    std::string_view value{};
    std::string_view number{};
    std::uint32_t scale = 1;
    std::size_t leaf = path.rfind('.') + 1;  // where the path's last name begins
};

inline constexpr vendor_set no_vendor{};
// Who documents audio and cache-write counts in a chat usage.
inline constexpr vendor_set audio_in_vendors =
    vendors(vendor::openai, vendor::azure, vendor::google, vendor::groq, vendor::openrouter,
            vendor::huggingface, vendor::other, vendor::ollama, vendor::dashscope);
inline constexpr vendor_set audio_out_vendors =
    vendors(vendor::openai, vendor::azure, vendor::google, vendor::groq, vendor::openrouter,
            vendor::huggingface, vendor::deepseek, vendor::fireworks, vendor::xai, vendor::other,
            vendor::ollama, vendor::dashscope);
inline constexpr vendor_set cache_write_vendors =
    vendors(vendor::openai, vendor::openrouter, vendor::huggingface, vendor::other, vendor::ollama,
            vendor::dashscope);

// Whose Anthropic models itemise no more than reads and writes of the cache: a zero of the parts
// comes from Anthropic's code behind them.
inline constexpr vendor_set anthropic_part_vendors{
    every_vendor.bits & ~vendors(vendor::aws, vendor::azure, vendor::google, vendor::minimax).bits};

inline constexpr std::array chat_rules{
    usage_rule{"prompt_tokens", unit::input_tokens},
    usage_rule{"completion_tokens", unit::output_tokens},
    // Cerebras does not document its count, and charges cached input like any other.
    usage_rule{"prompt_tokens_details.cached_tokens",
               unit::cache_read_tokens,
               take::set,
               {every_vendor.bits & ~vendors(vendor::cerebras).bits}},
    usage_rule{"prompt_cache_hit_tokens", unit::cache_read_tokens, take::otherwise,
               vendors(vendor::deepseek)},
    usage_rule{"cached_prompt_text_tokens", unit::cache_read_tokens, take::otherwise,
               vendors(vendor::xai)},
    // num_cached_tokens is not read: Mistral printed it before it charged cached input less, so
    // that it may only repeat the count above.
    usage_rule{"cached_tokens", unit::cache_read_tokens, take::otherwise, no_vendor},
    usage_rule{"prompt_tokens_details.cache_write_tokens", unit::cache_write_tokens, take::set,
               cache_write_vendors},
    usage_rule{"prompt_tokens_details.audio_tokens", unit::input_audio_tokens, take::set,
               audio_in_vendors},
    usage_rule{"completion_tokens_details.audio_tokens", unit::output_audio_tokens, take::set,
               audio_out_vendors},
    usage_rule{"prompt_tokens_details.image_tokens", unit::input_image_tokens, take::set,
               no_vendor},
    usage_rule{"prompt_tokens_details.video_tokens", unit::input_video_tokens, take::set,
               no_vendor},
    usage_rule{"completion_tokens_details.image_tokens", unit::output_image_tokens, take::set,
               no_vendor},
    usage_rule{"completion_tokens_details.video_tokens", unit::output_video_tokens, take::set,
               no_vendor},
    // Gateways hand Anthropic's cache counts on in names of their own.
    usage_rule{"prompt_tokens_details.cache_creation_tokens", unit::cache_write_tokens,
               take::larger, no_vendor},
    usage_rule{"prompt_tokens_details.cache_creation_input_tokens", unit::cache_write_tokens,
               take::larger, no_vendor},
    usage_rule{"cache_creation_input_tokens", unit::cache_write_tokens, take::larger, no_vendor},
    usage_rule{"cache_creation_tokens", unit::cache_write_tokens, take::larger, no_vendor},
    usage_rule{"cache_write_tokens", unit::cache_write_tokens, take::larger, no_vendor},
    usage_rule{"cache_read_input_tokens", unit::cache_read_tokens, take::larger, no_vendor},
    usage_rule{"cache_read_tokens", unit::cache_read_tokens, take::larger, no_vendor},
    usage_rule{"prompt_tokens_details.cache_read_input_tokens", unit::cache_read_tokens,
               take::larger, no_vendor},
    usage_rule{"prompt_tokens_details.cache_read_tokens", unit::cache_read_tokens, take::larger,
               no_vendor},
    usage_rule{"cache_creation.ephemeral_5m_input_tokens", unit::cache_write_5m_tokens,
               take::larger, no_vendor},
    usage_rule{"cache_creation.ephemeral_1h_input_tokens", unit::cache_write_1h_tokens,
               take::larger, no_vendor},
    usage_rule{"prompt_tokens_details.cache_creation.ephemeral_5m_input_tokens",
               unit::cache_write_5m_tokens, take::larger, no_vendor},
    usage_rule{"prompt_tokens_details.cache_creation.ephemeral_1h_input_tokens",
               unit::cache_write_1h_tokens, take::larger, no_vendor},
    usage_rule{"prompt_tokens_details.cache_creation_token_details.ephemeral_5m_input_tokens",
               unit::cache_write_5m_tokens, take::larger, no_vendor},
    usage_rule{"prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens",
               unit::cache_write_1h_tokens, take::larger, no_vendor},
    usage_rule{"completion_tokens_details.reasoning_tokens", unit::output_reasoning_tokens},
    usage_rule{"reasoning_tokens", unit::output_reasoning_tokens, take::otherwise,
               vendors(vendor::xai, vendor::perplexity)},
    // Perplexity's answers cite and reason beside the completion.
    usage_rule{"reasoning_tokens", unit::output_tokens, take::add, every_vendor,
               vendors(vendor::perplexity)},
    usage_rule{"citation_tokens", unit::output_tokens, take::add, every_vendor,
               vendors(vendor::perplexity)},
    usage_rule{"citation_tokens", unit::output_citation_tokens, take::set, every_vendor,
               vendors(vendor::perplexity)},
    usage_rule{"num_search_queries", unit::web_searches, take::set, every_vendor,
               vendors(vendor::perplexity)},
    usage_rule{"server_tool_use.web_search_requests", unit::web_searches, take::set, no_vendor},
    usage_rule{"prompt_audio_seconds",
               unit::input_audio_milliseconds,
               take::set,
               no_vendor,
               vendors(vendor::mistral),
               {},
               {},
               {},
               1000},
};

// Runs of xAI's own tools, in either API.
inline constexpr std::array xai_tool_rules{
    usage_rule{"server_side_tool_usage_details.web_search_calls", unit::web_searches, take::set,
               no_vendor},
    usage_rule{"server_side_tool_usage_details.x_search_calls", unit::x_searches, take::set,
               no_vendor},
    usage_rule{"server_side_tool_usage_details.code_interpreter_calls", unit::code_executions,
               take::set, no_vendor},
    usage_rule{"server_side_tool_usage_details.file_search_calls", unit::file_searches, take::set,
               no_vendor},
    usage_rule{"server_side_tool_usage_details.document_search_calls", unit::file_searches,
               take::add, no_vendor},
};

inline constexpr std::array responses_rules{
    usage_rule{"input_tokens", unit::input_tokens},
    usage_rule{"output_tokens", unit::output_tokens},
    usage_rule{"input_tokens_details.cached_tokens", unit::cache_read_tokens},
    usage_rule{"input_tokens_details.cache_write_tokens", unit::cache_write_tokens, take::set,
               cache_write_vendors},
    usage_rule{"output_tokens_details.reasoning_tokens", unit::output_reasoning_tokens},
    usage_rule{"input_tokens_details.audio_tokens", unit::input_audio_tokens, take::set, no_vendor},
    usage_rule{"input_tokens_details.image_tokens", unit::input_image_tokens, take::set, no_vendor},
    usage_rule{"output_tokens_details.audio_tokens", unit::output_audio_tokens, take::set,
               no_vendor},
    usage_rule{"output_tokens_details.image_tokens", unit::output_image_tokens, take::set,
               no_vendor},
    usage_rule{"input_tokens_details.cache_creation_tokens", unit::cache_write_tokens, take::larger,
               no_vendor},
    usage_rule{"input_tokens_details.cache_creation_input_tokens", unit::cache_write_tokens,
               take::larger, no_vendor},
    usage_rule{"cache_creation_input_tokens", unit::cache_write_tokens, take::larger, no_vendor},
    usage_rule{"cache_read_input_tokens", unit::cache_read_tokens, take::larger, no_vendor},
    // The last event says how often each tool ran, beside the usage; facts_collector puts it in.
    usage_rule{"tool_usage.web_search.num_requests", unit::web_searches, take::set, no_vendor},
    usage_rule{"tool_usage.file_search.num_requests", unit::file_searches, take::set, no_vendor},
    usage_rule{"tool_usage.code_interpreter.num_requests", unit::code_executions, take::set,
               no_vendor},
};

inline constexpr std::array embeddings_rules{
    usage_rule{"prompt_tokens", unit::input_tokens},
    usage_rule{"total_tokens", unit::input_tokens, take::otherwise},
    usage_rule{"prompt_tokens_details.image_tokens", unit::input_image_tokens, take::set,
               no_vendor},
    usage_rule{"prompt_tokens_details.audio_tokens", unit::input_audio_tokens, take::set,
               no_vendor},
    usage_rule{"prompt_tokens_details.video_tokens", unit::input_video_tokens, take::set,
               no_vendor},
};

inline constexpr std::array images_rules{
    usage_rule{"input_tokens", unit::input_tokens},
    usage_rule{"output_tokens", unit::output_tokens},
    usage_rule{"input_tokens_details.text_tokens", unit::input_text_tokens},
    usage_rule{"input_tokens_details.image_tokens", unit::input_image_tokens},
    usage_rule{"output_tokens_details.text_tokens", unit::output_text_tokens},
    usage_rule{"output_tokens_details.image_tokens", unit::output_image_tokens},
    usage_rule{"input_tokens_details.cached_tokens", unit::cache_read_tokens},
    usage_rule{"input_tokens_details.cached_tokens_details.text_tokens",
               unit::cache_text_read_tokens},
    usage_rule{"input_tokens_details.cached_tokens_details.image_tokens",
               unit::cache_image_read_tokens},
};

inline constexpr std::array audio_rules{
    usage_rule{"input_tokens", unit::input_tokens},
    usage_rule{"output_tokens", unit::output_tokens},
    usage_rule{"input_token_details.text_tokens", unit::input_text_tokens},
    usage_rule{"input_token_details.audio_tokens", unit::input_audio_tokens},
    usage_rule{"input_tokens_details.text_tokens", unit::input_text_tokens, take::otherwise},
    usage_rule{"input_tokens_details.audio_tokens", unit::input_audio_tokens, take::otherwise},
    usage_rule{"output_token_details.text_tokens", unit::output_text_tokens},
    usage_rule{"output_token_details.audio_tokens", unit::output_audio_tokens},
    usage_rule{"output_tokens_details.audio_tokens", unit::output_audio_tokens, take::otherwise},
    usage_rule{"input_token_details.cached_tokens", unit::cache_read_tokens},
    usage_rule{.path = "seconds", .to = unit::input_audio_milliseconds, .scale = 1000},
    usage_rule{"prompt_tokens", unit::input_tokens, take::otherwise},
    usage_rule{"completion_tokens", unit::output_tokens, take::otherwise},
    usage_rule{.path = "prompt_audio_seconds",
               .to = unit::input_audio_milliseconds,
               .how = take::otherwise,
               .scale = 1000},
};

// input_tokens is what neither came from the cache nor went into it.
inline constexpr std::array anthropic_rules{
    usage_rule{"input_tokens", unit::input_tokens},
    usage_rule{"cache_creation_input_tokens", unit::input_tokens, take::add},
    usage_rule{"cache_read_input_tokens", unit::input_tokens, take::add},
    usage_rule{"cache_creation_input_tokens", unit::cache_write_tokens},
    usage_rule{"cache_creation.ephemeral_5m_input_tokens", unit::cache_write_5m_tokens, take::set,
               anthropic_part_vendors},
    usage_rule{"cache_creation.ephemeral_1h_input_tokens", unit::cache_write_1h_tokens, take::set,
               anthropic_part_vendors},
    usage_rule{"cache_read_input_tokens", unit::cache_read_tokens},
    usage_rule{"output_tokens", unit::output_tokens},
    usage_rule{"output_tokens_details.thinking_tokens", unit::output_reasoning_tokens, take::set,
               anthropic_part_vendors},
    usage_rule{"server_tool_use.web_search_requests", unit::web_searches, take::set,
               anthropic_part_vendors},
    usage_rule{"server_tool_use.code_execution_requests", unit::code_executions, take::set,
               no_vendor},
};

// The wire repeats each cache count under a second name.
inline constexpr std::array bedrock_rules{
    usage_rule{"inputTokens", unit::input_tokens},
    usage_rule{"outputTokens", unit::output_tokens},
    usage_rule{"cacheReadInputTokens", unit::cache_read_tokens},
    usage_rule{"cacheReadInputTokenCount", unit::cache_read_tokens, take::otherwise},
    usage_rule{"cacheWriteInputTokens", unit::cache_write_tokens},
    usage_rule{"cacheWriteInputTokenCount", unit::cache_write_tokens, take::otherwise},
    usage_rule{"cacheDetails", unit::cache_write_5m_tokens, take::add, no_vendor, every_vendor,
               "ttl", "5m", "inputTokens"},
    usage_rule{"cacheDetails", unit::cache_write_1h_tokens, take::add, no_vendor, every_vendor,
               "ttl", "1h", "inputTokens"},
    usage_rule{"serverToolUsage.webSearchRequests", unit::web_searches, take::set, no_vendor},
};

// Metrics of the last event of InvokeModelWithResponseStream, and what Llama and Titan answer.
inline constexpr std::array invoke_rules{
    usage_rule{"inputTokenCount", unit::input_tokens},
    usage_rule{"outputTokenCount", unit::output_tokens},
    usage_rule{"cacheReadInputTokenCount", unit::cache_read_tokens},
    usage_rule{"cacheWriteInputTokenCount", unit::cache_write_tokens},
    usage_rule{"prompt_token_count", unit::input_tokens, take::otherwise},
    usage_rule{"generation_token_count", unit::output_tokens, take::otherwise},
    usage_rule{"inputTextTokenCount", unit::input_tokens, take::otherwise},
    usage_rule{"prompt_tokens", unit::input_tokens, take::otherwise},
    usage_rule{"completion_tokens", unit::output_tokens, take::otherwise},
};

// Billed units are what is charged; `tokens` counts what the model saw, and is read without them.
inline constexpr std::array cohere_billed_rules{
    usage_rule{"billed_units.input_tokens", unit::input_tokens},
    usage_rule{"billed_units.output_tokens", unit::output_tokens},
    usage_rule{"billed_units.search_units", unit::search_units},
    // Text and images of an embedding are billed apart.
    usage_rule{"billed_units.image_tokens", unit::input_tokens, take::add, no_vendor},
    usage_rule{"billed_units.image_tokens", unit::input_image_tokens, take::set, no_vendor},
    usage_rule{"billed_units.images", unit::input_images, take::set, no_vendor},
};
inline constexpr std::array cohere_tokens_rules{
    usage_rule{"tokens.input_tokens", unit::input_tokens},
    usage_rule{"tokens.output_tokens", unit::output_tokens},
    usage_rule{"cached_tokens", unit::cache_read_tokens},
};

inline constexpr std::array gemini_rules{
    usage_rule{"promptTokenCount", unit::input_tokens, take::add},
    usage_rule{"toolUsePromptTokenCount", unit::input_tokens, take::add},
    usage_rule{"toolUsePromptTokenCount", unit::input_tool_tokens},
    usage_rule{"cachedContentTokenCount", unit::cache_read_tokens},
    usage_rule{"candidatesTokenCount", unit::output_tokens},
    usage_rule{"responseTokenCount", unit::output_tokens, take::otherwise},  // the Live API's name
    usage_rule{"thoughtsTokenCount", unit::output_tokens, take::add},
    usage_rule{"thoughtsTokenCount", unit::output_reasoning_tokens},
};

// The Interactions API: all output is in total_output_tokens but for thoughts.
inline constexpr std::array interactions_rules{
    usage_rule{"total_input_tokens", unit::input_tokens},
    usage_rule{"total_tool_use_tokens", unit::input_tokens, take::add, no_vendor},
    usage_rule{"total_tool_use_tokens", unit::input_tool_tokens, take::set, no_vendor},
    usage_rule{"total_cached_tokens", unit::cache_read_tokens, take::set, no_vendor},
    usage_rule{"total_output_tokens", unit::output_tokens},
    usage_rule{"total_thought_tokens", unit::output_tokens, take::add, no_vendor},
    usage_rule{"total_thought_tokens", unit::output_reasoning_tokens, take::set, no_vendor},
    usage_rule{"total_reasoning_tokens", unit::output_tokens, take::add, no_vendor},
    usage_rule{"total_reasoning_tokens", unit::output_reasoning_tokens, take::set, no_vendor},
};

// Ollama's own API counts beside the answer; durations are in nanoseconds.
inline constexpr std::array ollama_rules{
    usage_rule{"prompt_eval_count", unit::input_tokens},
    usage_rule{"eval_count", unit::output_tokens},
};

// DashScope's own API. Multimodal models list parts of the input beside the whole.
inline constexpr std::array dashscope_rules{
    usage_rule{"input_tokens", unit::input_tokens},
    usage_rule{"output_tokens", unit::output_tokens},
    usage_rule{"total_tokens", unit::input_tokens, take::otherwise},  // embeddings
    usage_rule{"prompt_tokens_details.cached_tokens", unit::cache_read_tokens, take::set,
               no_vendor},
    usage_rule{"input_tokens_details.cached_tokens", unit::cache_read_tokens, take::larger,
               no_vendor},
    usage_rule{"cached_tokens", unit::cache_read_tokens, take::larger, no_vendor},
    usage_rule{"prompt_tokens_details.cache_creation_input_tokens", unit::cache_write_tokens,
               take::set, no_vendor},
    usage_rule{"output_tokens_details.reasoning_tokens", unit::output_reasoning_tokens, take::set,
               no_vendor},
    usage_rule{"input_tokens_details.image_tokens", unit::input_image_tokens, take::set, no_vendor},
    usage_rule{"input_tokens_details.audio_tokens", unit::input_audio_tokens, take::set, no_vendor},
    usage_rule{"input_tokens_details.video_tokens", unit::input_video_tokens, take::set, no_vendor},
    usage_rule{"image_tokens", unit::input_image_tokens, take::otherwise, no_vendor},
    usage_rule{"audio_tokens", unit::input_audio_tokens, take::otherwise, no_vendor},
    usage_rule{"video_tokens", unit::input_video_tokens, take::otherwise, no_vendor},
    usage_rule{"output_tokens_details.audio_tokens", unit::output_audio_tokens, take::set,
               no_vendor},
    usage_rule{"image_count", unit::output_images, take::set, no_vendor},
};

// Gemini's APIs list parts by modality.
struct modality_list {
    std::string_view path;
    std::array<unit, 4> to;         // text, audio, image, video
    std::string_view instead_of{};  // read only where that member is missing
};
inline constexpr std::array<unit, 4> input_units{unit::input_text_tokens, unit::input_audio_tokens,
                                                 unit::input_image_tokens,
                                                 unit::input_video_tokens};
inline constexpr std::array<unit, 4> output_units{
    unit::output_text_tokens, unit::output_audio_tokens, unit::output_image_tokens,
    unit::output_video_tokens};
inline constexpr std::array<unit, 4> cache_read_units{
    unit::cache_text_read_tokens, unit::cache_audio_read_tokens, unit::cache_image_read_tokens,
    unit::cache_video_read_tokens};
inline constexpr std::array<unit, 4> tool_units{
    unit::input_text_tool_tokens, unit::input_audio_tool_tokens, unit::input_image_tool_tokens,
    unit::input_video_tool_tokens};
inline constexpr std::array gemini_lists{
    modality_list{"promptTokensDetails", input_units},
    modality_list{"promptTokenDetails", input_units, "promptTokensDetails"},  // embeddings
    modality_list{"toolUsePromptTokensDetails", input_units},  // input too, beside the prompt
    modality_list{"toolUsePromptTokensDetails", tool_units},
    modality_list{"cacheTokensDetails", cache_read_units},
    modality_list{"candidatesTokensDetails", output_units},
    modality_list{"responseTokensDetails", output_units, "candidatesTokensDetails"},
};
inline constexpr std::array interactions_lists{
    modality_list{"input_tokens_by_modality", input_units},
    modality_list{"cached_tokens_by_modality", cache_read_units},
    modality_list{"output_tokens_by_modality", output_units},
    modality_list{"tool_use_tokens_by_modality", input_units},  // as above
    modality_list{"tool_use_tokens_by_modality", tool_units},
};

// How an API names a modality, and its place in `modality_list::to`. Documents are seen as images,
// and priced so.
struct modality_name {
    std::string_view name;
    std::size_t index;
};
inline constexpr std::array gemini_modalities{
    modality_name{"TEXT", 0}, modality_name{"AUDIO", 1}, modality_name{"IMAGE", 2},
    modality_name{"DOCUMENT", 2}, modality_name{"VIDEO", 3}};
inline constexpr std::array interactions_modalities{
    modality_name{"text", 0}, modality_name{"audio", 1}, modality_name{"image", 2},
    modality_name{"document", 2}, modality_name{"video", 3}};

// {"modality": "TEXT", "tokenCount": 12}, {"modality": "text", "tokens": 12}
struct modality_lists {
    std::span<modality_list const> lists{};
    std::span<modality_name const> names{};
    std::string_view number{};  // the member that holds the count
};

// Empty for an API that has none.
[[nodiscard]] constexpr modality_lists modality_lists_of(dialect api) noexcept {
    switch (api) {
    case dialect::gemini: return {gemini_lists, gemini_modalities, "tokenCount"};
    case dialect::gemini_interactions:
        return {interactions_lists, interactions_modalities, "tokens"};
    default: return {};
    }
}

// The name of an element's modality; null where the API has no such name.
[[nodiscard]] modality_name const* modality_of(modality_lists const& table,
                                               boost::json::value const& element) noexcept;

[[nodiscard]] inline error bad_count(std::string_view path) {
    return fail(errc::bad_usage, std::string(path) + " is not a whole number from 0 to 2^44");
}

[[nodiscard]] result<void> apply_rules(std::span<usage_rule const> rules,
                                       boost::json::value const& source, vendor seller, usage& to);

[[nodiscard]] result<void> apply_modality_lists(modality_lists const& table,
                                                boost::json::value const& source, vendor seller,
                                                usage& counts);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/providers/usage_rules.ipp>
#endif

#endif  // AIAUDIT_PROVIDERS_USAGE_RULES_HPP
