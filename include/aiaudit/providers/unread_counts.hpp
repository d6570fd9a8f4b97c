// SPDX-License-Identifier: MIT
//
// unread_counts.hpp: the counts of a usage object that no rule reads.
//
// A provider may charge for a field that it invents tomorrow. Every number above zero in a usage
// object is therefore read by a rule, or stands in the list of harmless names here, or is named in
// the record, whose cost is then `partial`.
// Threads: pure functions.
// Floor 4.
#ifndef AIAUDIT_PROVIDERS_UNREAD_COUNTS_HPP
#define AIAUDIT_PROVIDERS_UNREAD_COUNTS_HPP

#include <aiaudit/providers/usage_reader.hpp>  // rules_of

#include <boost/json/value.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

inline constexpr std::size_t unread_bytes_max = 256;

// Numbers that are no charge of their own. A name that ends in '*' stands for all that begin so.
inline constexpr std::array harmless_counts{
    // Totals, which are checked against their parts.
    std::string_view{"total_tokens"},
    std::string_view{"totalTokens"},
    std::string_view{"totalTokenCount"},
    // The text among the parts of a whole; its rate is that of the whole.
    std::string_view{"prompt_tokens_details.text_tokens"},
    std::string_view{"completion_tokens_details.text_tokens"},
    std::string_view{"input_tokens_details.text_tokens"},
    std::string_view{"output_tokens_details.text_tokens"},
    std::string_view{"text_tokens"},
    // Within the completion, and billed like it.
    std::string_view{"completion_tokens_details.accepted_prediction_tokens"},
    std::string_view{"completion_tokens_details.rejected_prediction_tokens"},
    // What the cache did not hold: the rest of the prompt.
    std::string_view{"prompt_cache_miss_tokens"},
    // Mistral's older name, from before it charged cached input less.
    std::string_view{"num_cached_tokens"},
    // What the model saw, where billed units are what is charged; Cohere.
    std::string_view{"tokens.*"},
    std::string_view{"cached_tokens"},
    // The charge itself, read as the provider's own.
    std::string_view{"cost"},
    std::string_view{"cost.*"},
    std::string_view{"cost_details.*"},
    std::string_view{"cost_in_usd_ticks"},
    std::string_view{"estimated_cost"},  // DeepInfra: by the list, not the bill
    // Anthropic: fetches and searches for tools cost tokens only.
    std::string_view{"server_tool_use.web_fetch_requests"},
    std::string_view{"server_tool_use.tool_search_requests"},
    // xAI: the sum of the tools beside it, and tools that cost tokens only.
    std::string_view{"num_server_side_tools_used"},
    std::string_view{"server_side_tool_usage_details.mcp_calls"},
    std::string_view{"server_side_tool_usage_details.view_image_calls"},
    std::string_view{"server_side_tool_usage_details.view_x_video_calls"},
    // Durations, rates and instants of the server: Groq, SambaNova, Bedrock.
    std::string_view{"queue_time"},
    std::string_view{"prompt_time"},
    std::string_view{"completion_time"},
    std::string_view{"total_time"},
    std::string_view{"start_time"},
    std::string_view{"end_time"},
    std::string_view{"time_to_first_token"},
    std::string_view{"total_latency"},
    std::string_view{"acceptance_rate"},
    std::string_view{"completion_tokens_per_sec"},
    std::string_view{"total_tokens_per_sec"},
    std::string_view{"completion_tokens_after_first_per_sec*"},
    std::string_view{"invocationLatency"},
    std::string_view{"firstByteLatency"},
    // Beside the counts of a body whose model answers InvokeModel in a shape of its own.
    std::string_view{"created"},
    std::string_view{"index"},
};

// The paths of the counts that nothing reads, separated by spaces; empty where there are none.
// Bounds: 256 bytes, a last "..." for more. `counts` is what was read of the object.
[[nodiscard]] std::string unread_counts(dialect api, vendor seller,
                                        boost::json::value const& source, usage const& counts);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/providers/unread_counts.ipp>
#endif

#endif  // AIAUDIT_PROVIDERS_UNREAD_COUNTS_HPP
