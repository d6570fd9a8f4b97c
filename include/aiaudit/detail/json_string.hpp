// SPDX-License-Identifier: MIT
//
// json_string.hpp: text in quotes, for the small JSON that is written without a library.
//
// Threads: plain functions.
// Floor 1.
#ifndef AIAUDIT_DETAIL_JSON_STRING_HPP
#define AIAUDIT_DETAIL_JSON_STRING_HPP

#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Text in quotes, as JSON has it. A byte that is not UTF-8 becomes U+FFFD; control characters, C1
// and DEL among them, are written as escapes, so that a terminal that shows the JSON obeys none;
// likewise U+2028 and U+2029, at which some readers end a line.
[[nodiscard]] std::string json_string(std::string_view text);

// "[a,b]" of texts that are JSON already.
[[nodiscard]] std::string json_list_of(std::vector<std::string> const& texts);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/detail/json_string.ipp>
#endif

#endif  // AIAUDIT_DETAIL_JSON_STRING_HPP
