// SPDX-License-Identifier: MIT
//
// clean_text.hpp: a stranger's text made fit for the gateway's own answers.
//
// Threads: pure functions.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_CLEAN_TEXT_HPP
#define AIAUDIT_GATEWAY_CLEAN_TEXT_HPP

#include <cstddef>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Valid UTF-8 on one line, of at most so many bytes: what is anything else becomes '?'. JSON that a
// client cannot parse would hide the very error that it is told.
[[nodiscard]] std::string clean_text(std::string_view text, std::size_t bytes_most);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/clean_text.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_CLEAN_TEXT_HPP
