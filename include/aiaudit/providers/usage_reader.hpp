// SPDX-License-Identifier: MIT
//
// usage_reader.hpp: one provider's usage object, turned into units that mean the same everywhere.
//
// After the tables come the few rules that are no look-up: which API leaves cached input out of its
// input count, who counts reasoning beside the answer, and that no part may exceed its whole.
// Threads: pure functions.
// Floor 4.
#ifndef AIAUDIT_PROVIDERS_USAGE_READER_HPP
#define AIAUDIT_PROVIDERS_USAGE_READER_HPP

#include <aiaudit/core/call.hpp>              // attempt_facts, iteration
#include <aiaudit/providers/usage_rules.hpp>  // the tables

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

[[nodiscard]] std::uint64_t sum_of(usage const& counts, std::initializer_list<unit> parts);

// Both counts of a generation, by the names of its API; empty where the API may leave one out.
struct needed_counts {
    std::string_view input{};
    std::string_view output{};
    std::string_view total{};  // of just these two, where the API gives one
};
[[nodiscard]] constexpr needed_counts counts_needed(dialect api) noexcept {
    switch (api) {
    case dialect::openai_chat: return {"prompt_tokens", "completion_tokens", "total_tokens"};
    case dialect::openai_responses: return {"input_tokens", "output_tokens", "total_tokens"};
    case dialect::anthropic_messages: return {"input_tokens", "output_tokens", {}};
    case dialect::bedrock_converse: return {"inputTokens", "outputTokens", {}};
    case dialect::gemini_interactions:
        return {"total_input_tokens", "total_output_tokens", "total_tokens"};
    default: return {};
    }
}

// Where an API prints the total of its input and output; empty where it has none.
[[nodiscard]] constexpr std::string_view total_path(dialect api) noexcept {
    switch (api) {
    case dialect::openai_chat:
    case dialect::openai_responses:
    case dialect::openai_embeddings:
    case dialect::openai_images:
    case dialect::openai_audio:
    case dialect::openai_speech:
    case dialect::gemini_interactions:
    case dialect::dashscope: return "total_tokens";
    case dialect::gemini: return "totalTokenCount";
    case dialect::bedrock_converse: return "totalTokens";
    default: return {};
    }
}

struct whole_and_parts {
    unit whole;
    std::array<unit, 4> parts;  // filled up with the whole itself
    vendor_set except{};
};

// OpenRouter reports the cache that a Gemini call makes and then reads as written and as read, so
// that the two overlap; other relays may hand the same on.
inline constexpr vendor_set overlapping_cache_vendors = vendors(
    vendor::openrouter, vendor::huggingface, vendor::other, vendor::ollama, vendor::dashscope);

inline constexpr std::array wholes{
    whole_and_parts{
        unit::input_tokens,
        {unit::cache_read_tokens, unit::cache_write_tokens, unit::input_tokens, unit::input_tokens},
        overlapping_cache_vendors},
    whole_and_parts{
        unit::input_tokens,
        {unit::cache_read_tokens, unit::input_tokens, unit::input_tokens, unit::input_tokens}},
    whole_and_parts{
        unit::input_tokens,
        {unit::cache_write_tokens, unit::input_tokens, unit::input_tokens, unit::input_tokens}},
    whole_and_parts{unit::input_tokens, input_units},
    whole_and_parts{
        unit::input_tokens,
        {unit::input_tool_tokens, unit::input_tokens, unit::input_tokens, unit::input_tokens}},
    whole_and_parts{unit::cache_write_tokens,
                    {unit::cache_write_5m_tokens, unit::cache_write_1h_tokens,
                     unit::cache_write_tokens, unit::cache_write_tokens}},
    whole_and_parts{unit::cache_read_tokens,
                    {unit::cache_text_read_tokens, unit::cache_audio_read_tokens,
                     unit::cache_image_read_tokens, unit::cache_video_read_tokens}},
    whole_and_parts{unit::output_tokens, output_units},
};

}  // namespace detail

// Reads one usage object. bad_usage where a count is none or the counts contradict each other,
// no_usage where all input or all output is missing. The answer is empty where the object names
// nothing that the dialect counts.
[[nodiscard]] result<usage> read_usage(dialect api, vendor seller,
                                       boost::json::value const& source);

namespace detail {

// A usage object in our units.
struct counts_read {
    aiaudit::usage usage{};
    bool derived = false;  // the total says more than its parts: the rest was taken for output
};

// As read_usage().
[[nodiscard]] result<counts_read> read_counts(dialect api, vendor seller,
                                              boost::json::value const& source);

// The tables that read the usage object of an API, in turn.
[[nodiscard]] std::span<usage_rule const> rules_of(dialect api,
                                                   boost::json::value const& source) noexcept;
[[nodiscard]] std::span<usage_rule const> more_rules_of(dialect api, vendor seller) noexcept;

}  // namespace detail

namespace detail {

// Replaces an Anthropic top-level usage by the sum of the runs where there are several, or where
// the only one is not what the top level says. The top level leaves out compaction and advisors.
[[nodiscard]] result<void> bill_iterations(boost::json::value const& source, vendor seller,
                                           attempt_facts& facts);

// The pictures of OpenAI's tool are made and billed by another model: they become a run of it,
// beside that of the model that answered. `model`: empty where the answer does not name it. No
// price fits a run without a model or without its tokens.
[[nodiscard]] result<void> bill_drawings(boost::json::value const& source, vendor seller,
                                         std::string_view model, attempt_facts& facts);

// What a provider says that it charges, where it says so.
struct provider_charge {
    std::optional<money> total{};
    std::optional<money> upstream{};  // the part that another company charges
};
[[nodiscard]] provider_charge read_provider_cost(boost::json::value const& source, vendor seller);

// The tier as bills name it: empty for the standard one.
[[nodiscard]] std::string tier_named(std::string_view name);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/providers/usage_reader.ipp>
#endif

#endif  // AIAUDIT_PROVIDERS_USAGE_READER_HPP
