// SPDX-License-Identifier: MIT
//
// model_pattern.ipp: the definitions of model_pattern.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_MODEL_PATTERN_IPP
#define AIAUDIT_IMPL_GATEWAY_MODEL_PATTERN_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/gateway/model_pattern.hpp>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE bool matches_any_model(std::vector<std::string> const& patterns,
                                      std::string_view model) noexcept {
    return std::any_of(patterns.begin(), patterns.end(), [model](std::string const& pattern) {
        return matches_model(pattern, model);
    });
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_MODEL_PATTERN_IPP
