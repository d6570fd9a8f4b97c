// SPDX-License-Identifier: MIT
//
// json_string.ipp: the definitions of json_string.hpp.
#ifndef AIAUDIT_IMPL_DETAIL_JSON_STRING_IPP
#define AIAUDIT_IMPL_DETAIL_JSON_STRING_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/detail/json_string.hpp>
#include <aiaudit/detail/utf8.hpp>  // take_code_point

#include <cstddef>
#include <cstdint>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// How many bytes at its beginning JSON takes as they are: printable ASCII, which most text is.
[[nodiscard]] constexpr std::size_t plain_json_size(std::string_view text) noexcept {
    char const* const begin = text.data();
    char const* const end = begin + text.size();
    char const* next = begin;
    while (next != end && *next >= 0x20 && *next < 0x7F && *next != '"' && *next != '\\') ++next;
    return static_cast<std::size_t>(next - begin);
}

AIAUDIT_INLINE std::string json_string(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out = "\"";
    for (std::string_view rest = text; !rest.empty();) {
        if (std::size_t const plain = plain_json_size(rest); plain != 0) {
            out.append(rest.substr(0, plain));
            rest.remove_prefix(plain);
            continue;
        }
        std::string_view const before = rest;
        auto const point = take_code_point(rest);
        if (!point) {
            rest.remove_prefix(1);
            out.append("\xEF\xBF\xBD");
        } else if (*point == '"' || *point == '\\') {
            out.push_back('\\');
            out.push_back(before.front());
        } else if (is_control_point(*point)) {
            auto const byte = static_cast<std::uint8_t>(*point);
            out.append("\\u00").append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
        } else if (*point == 0x2028 || *point == 0x2029) {
            out.append(*point == 0x2028 ? "\\u2028" : "\\u2029");
        } else {
            out.append(before.substr(0, before.size() - rest.size()));
        }
    }
    out.push_back('"');
    return out;
}

AIAUDIT_INLINE std::string json_list_of(std::vector<std::string> const& texts) {
    std::string out = "[";
    for (std::string const& each : texts) out.append(out.size() > 1 ? "," : "").append(each);
    return out + "]";
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_DETAIL_JSON_STRING_IPP
