// SPDX-License-Identifier: MIT
//
// json_string.ipp: the definitions of json_string.hpp.
#ifndef AIAUDIT_IMPL_DETAIL_JSON_STRING_IPP
#define AIAUDIT_IMPL_DETAIL_JSON_STRING_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/detail/json_string.hpp>

#include <cstdint>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::string json_string(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out = "\"";
    for (char const c : text) {
        auto const byte = static_cast<std::uint8_t>(c);
        if (c == '"' || c == '\\') {
            out.push_back('\\');
            out.push_back(c);
        } else if (byte < 0x20) {
            out.append("\\u00").append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
        } else {
            out.push_back(c);
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
