// SPDX-License-Identifier: MIT
//
// utf8.ipp: the definitions of utf8.hpp.
#ifndef AIAUDIT_IMPL_DETAIL_UTF8_IPP
#define AIAUDIT_IMPL_DETAIL_UTF8_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/detail/utf8.hpp>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Calls visit(bytes, point) for each code point, and visit(byte, nullopt) for each byte of none.
template <class Visitor>
void for_each_code_point(std::string_view text, Visitor visit) {
    while (!text.empty()) {
        std::string_view rest = text;
        auto const point = take_code_point(rest);
        std::size_t const size = point ? text.size() - rest.size() : 1;
        if (!visit(text.substr(0, size), point)) return;
        text.remove_prefix(size);
    }
}

AIAUDIT_INLINE std::string valid_text(std::string_view text) {
    std::string valid;
    valid.reserve(text.size());
    for_each_code_point(text, [&valid](std::string_view bytes, std::optional<char32_t> point) {
        valid.append(point ? bytes : std::string_view("\xEF\xBF\xBD"));
        return true;
    });
    return valid;
}

AIAUDIT_INLINE std::string escaped_text(std::string_view text) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string shown;
    shown.reserve(text.size());
    for_each_code_point(text, [&shown](std::string_view bytes, std::optional<char32_t> point) {
        if (point && !is_control_point(*point) && !is_misleading_point(*point)) {
            shown.append(bytes);
            return true;
        }
        for (char const c : bytes) {
            auto const byte = static_cast<unsigned char>(c);
            shown.append("\\x").append(1, digits[byte >> 4U]).append(1, digits[byte & 15U]);
        }
        return true;
    });
    return shown;
}

AIAUDIT_INLINE std::string clean_text(std::string_view text, std::size_t bytes_most) {
    std::string clean;
    for_each_code_point(text, [&](std::string_view bytes, std::optional<char32_t> point) {
        if (clean.size() + bytes.size() > bytes_most) return false;
        clean.append(point && !is_control_point(*point) ? bytes : std::string_view("?"));
        return true;
    });
    return clean;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_DETAIL_UTF8_IPP
