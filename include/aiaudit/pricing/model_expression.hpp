// SPDX-License-Identifier: MIT
//
// model_expression.hpp: the regexes of price files, as rules of model_match.
//
// Threads: functions without state.
// Floor 4.
#ifndef AIAUDIT_PRICING_MODEL_EXPRESSION_HPP
#define AIAUDIT_PRICING_MODEL_EXPRESSION_HPP

#include <aiaudit/error.hpp>                // result
#include <aiaudit/pricing/model_match.hpp>  // model_match

#include <cstddef>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

inline constexpr std::size_t regex_bytes_max = 200;

}  // namespace detail

// ECMAScript syntax, found anywhere in the name; at most 200 bytes. Errors: bad_price.
[[nodiscard]] result<model_match> match_expression(std::string_view pattern);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/pricing/model_expression.ipp>
#endif

#endif  // AIAUDIT_PRICING_MODEL_EXPRESSION_HPP
