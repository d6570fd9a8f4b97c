// SPDX-License-Identifier: MIT
//
// model_pattern.ipp: the definitions of model_pattern.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_MODEL_PATTERN_IPP
#define AIAUDIT_IMPL_GATEWAY_MODEL_PATTERN_IPP

#include <aiaudit/config.hpp>        // AIAUDIT_INLINE
#include <aiaudit/detail/ascii.hpp>  // lower_case
#include <aiaudit/gateway/model_pattern.hpp>
#include <aiaudit/pricing/model_match.hpp>  // is_edition

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE bool matches_any_model(std::vector<std::string> const& patterns,
                                      std::string_view model) noexcept {
    return std::any_of(patterns.begin(), patterns.end(), [model](std::string const& pattern) {
        return matches_model(pattern, model);
    });
}

AIAUDIT_INLINE bool denies_model(std::vector<std::string> const& patterns, std::string_view model) {
    std::string const whole = lower_case(model);
    auto const denied = [&patterns](std::string_view name) {
        return std::any_of(patterns.begin(), patterns.end(), [name](std::string const& pattern) {
            std::string const pattern_name = lower_case(pattern);
            return matches_model(pattern_name, name) ||
                   (name.starts_with(pattern_name) && is_edition(name.substr(pattern_name.size())));
        });
    };
    constexpr std::string_view blanks = " \t";
    std::string_view name = whole;
    name.remove_prefix((std::min)(name.find_first_not_of(blanks), name.size()));
    name = name.substr(0, name.find_last_not_of(blanks) + 1);
    for (;;) {
        constexpr std::string_view tuned = "ft:";
        std::string_view const base =
            name.starts_with(tuned) ? name.substr(tuned.size()) : std::string_view{};
        if (denied(name) || denied(name.substr(0, name.find_first_of(":@"))) ||
            (!base.empty() && denied(base.substr(0, base.find(':')))))
            return true;
        auto const slash = name.find_first_of("/.");
        if (slash == std::string_view::npos) return false;
        name.remove_prefix(slash + 1);
    }
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_MODEL_PATTERN_IPP
