// SPDX-License-Identifier: MIT
//
// model_pattern.hpp: which models a name in a list of the gateway's stands for.
//
// Threads: pure functions.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_MODEL_PATTERN_HPP
#define AIAUDIT_GATEWAY_MODEL_PATTERN_HPP

#include <aiaudit/error.hpp>  // is_control_byte

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

inline constexpr std::size_t model_pattern_bytes = 256;

// A model's name, or the beginning of one and a '*'.
[[nodiscard]] constexpr bool is_model_pattern(std::string_view pattern) noexcept {
    return !pattern.empty() && pattern.size() <= model_pattern_bytes &&
           pattern.find('*') >= pattern.size() - 1 &&
           std::none_of(pattern.begin(), pattern.end(),
                        [](char c) { return c == ' ' || is_control_byte(c); });
}

[[nodiscard]] constexpr bool matches_model(std::string_view pattern,
                                           std::string_view model) noexcept {
    if (!pattern.ends_with('*')) return pattern == model;
    return model.starts_with(pattern.substr(0, pattern.size() - 1));
}
[[nodiscard]] bool matches_any_model(std::vector<std::string> const& patterns,
                                     std::string_view model) noexcept;

// Whether a list of what may not be used has the model, under any name that servers may take for
// it: in any case, behind a vendor ("openai/gpt-5", "eu.anthropic.claude-opus-4"), before a variant
// or an edition ("gpt-5:free", "claude-opus-4@20250514", "gpt-5-2025-08-07"), or as what a model
// was tuned from
// ("ft:gpt-5:team::id").
[[nodiscard]] bool denies_model(std::vector<std::string> const& patterns, std::string_view model);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/model_pattern.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_MODEL_PATTERN_HPP
