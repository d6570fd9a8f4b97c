// SPDX-License-Identifier: MIT
//
// clean_text.ipp: the definitions of clean_text.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_CLEAN_TEXT_IPP
#define AIAUDIT_IMPL_GATEWAY_CLEAN_TEXT_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/gateway/clean_text.hpp>
#include <aiaudit/integrity/text_form.hpp>  // take_code_point

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::string clean_text(std::string_view text, std::size_t bytes_most) {
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

#endif  // AIAUDIT_IMPL_GATEWAY_CLEAN_TEXT_IPP
