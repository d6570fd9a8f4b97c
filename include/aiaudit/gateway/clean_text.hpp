// SPDX-License-Identifier: MIT
//
// clean_text.hpp: a stranger's text made fit for the gateway's own answers.
//
// Threads: pure functions.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_CLEAN_TEXT_HPP
#define AIAUDIT_GATEWAY_CLEAN_TEXT_HPP

#include <aiaudit/integrity/text_form.hpp>  // take_code_point

#include <cstddef>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Valid UTF-8 on one line, of at most so many bytes: what is anything else becomes '?'. JSON that a
// client cannot parse would hide the very error that it is told.
[[nodiscard]] inline std::string clean_text(std::string_view text, std::size_t bytes_most) {
    std::string clean;
    while (!text.empty()) {
        std::string_view rest = text;
        auto const point = take_code_point(rest);
        std::size_t const size = point ? text.size() - rest.size() : 1;
        if (clean.size() + size > bytes_most) break;
        bool const fit = point && *point >= 0x20 && (*point < 0x7F || *point > 0x9F);
        if (fit) {
            clean.append(text.substr(0, size));
        } else {
            clean.push_back('?');
        }
        text.remove_prefix(size);
    }
    return clean;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_GATEWAY_CLEAN_TEXT_HPP
