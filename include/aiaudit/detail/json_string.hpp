// SPDX-License-Identifier: MIT
//
// json_string.hpp: text in quotes, for the small JSON that is written without a library.
//
// Threads: plain functions.
// Floor 1.
#ifndef AIAUDIT_DETAIL_JSON_STRING_HPP
#define AIAUDIT_DETAIL_JSON_STRING_HPP

#include <cstdint>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Text in quotes, as JSON has it. Bytes that are not UTF-8 are passed on as they came.
[[nodiscard]] inline std::string json_string(std::string_view text) {
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

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_DETAIL_JSON_STRING_HPP
