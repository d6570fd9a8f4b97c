// SPDX-License-Identifier: MIT
//
// model_expression.ipp: the definitions of model_expression.hpp.
#ifndef AIAUDIT_IMPL_PRICING_MODEL_EXPRESSION_IPP
#define AIAUDIT_IMPL_PRICING_MODEL_EXPRESSION_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/pricing/model_expression.hpp>

#include <memory>
#include <regex>
#include <string>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// A regex that is too costly on a name does not match: an error then, and never a wrong price.
AIAUDIT_INLINE bool search_name(void const* compiled, std::string_view name) {
    try {
        return std::regex_search(name.begin(), name.end(),
                                 *static_cast<std::regex const*>(compiled));
    } catch (std::regex_error const&) {
        return false;
    }
}

}  // namespace detail

AIAUDIT_INLINE result<model_match> match_expression(std::string_view pattern) {
    auto const bad = [&](std::string_view why) {
        return fail(errc::bad_price,
                    "regex '" + std::string(pattern.substr(0, 40)) + "': " + std::string(why));
    };
    if (pattern.size() > detail::regex_bytes_max) return bad("too long");
    try {
        auto compiled = std::make_shared<std::regex const>(
            std::string(pattern), std::regex::ECMAScript | std::regex::optimize);
        return model_match::expression(pattern, std::move(compiled), &detail::search_name);
    } catch (std::regex_error const&) {
        return bad("not one");
    }
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PRICING_MODEL_EXPRESSION_IPP
