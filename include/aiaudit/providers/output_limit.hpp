// SPDX-License-Identifier: MIT
//
// output_limit.hpp: the most output that a request asks for, put into a body that is written.
//
// Each API has its own word for it. Without it nobody knows the most that an answer may cost.
// Threads: pure functions.
// Floor 4.
#ifndef AIAUDIT_PROVIDERS_OUTPUT_LIMIT_HPP
#define AIAUDIT_PROVIDERS_OUTPUT_LIMIT_HPP

#include <aiaudit/providers/dialect.hpp>       // endpoint
#include <aiaudit/providers/request_body.hpp>  // prepared_request, chat_limit_name

#include <cstdint>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

// Where a request's body names its limit ("generationConfig.maxOutputTokens"); empty where the call
// writes no text, or its API has no word that we know.
[[nodiscard]] std::string_view output_limit_path(endpoint const& where, std::string_view target);

// Sets the limit of a request, in place of whatever stands there; its other bytes stay as they are
// where it has none yet and the member stands at the top. What it sets apart for thinking is
// lowered in proportion. Errors: bad_argument where output_limit_path() is empty, or the limit
// leaves no room for the least thinking that Anthropic takes; bad_json.
[[nodiscard]] result<void> set_output_limit(prepared_request& request, endpoint const& where,
                                            std::uint64_t limit);

// How often a provider's own tools may run where the request, and its tool, set no limit and one
// is needed.
inline constexpr std::uint64_t tool_uses_default = 4;
// The least that Anthropic takes for thinking.budget_tokens; it is below max_tokens besides.
inline constexpr std::uint64_t thinking_tokens_least = 1024;

// Sets that limit for the tools that have none. Errors: bad_json.
[[nodiscard]] result<void> set_tool_limit(prepared_request& request, endpoint const& where,
                                          std::uint64_t uses);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/providers/output_limit.ipp>
#endif

#endif  // AIAUDIT_PROVIDERS_OUTPUT_LIMIT_HPP
