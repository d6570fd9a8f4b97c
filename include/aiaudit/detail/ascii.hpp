// SPDX-License-Identifier: MIT
//
// ascii.hpp: letters of ASCII without regard to their case, whatever the locale.
//
// Threads: pure functions.
// Floor 1.
#ifndef AIAUDIT_DETAIL_ASCII_HPP
#define AIAUDIT_DETAIL_ASCII_HPP

#include <aiaudit/config.hpp>

#include <algorithm>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

[[nodiscard]] constexpr char ascii_lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

[[nodiscard]] constexpr bool same_name(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return ascii_lower(x) == ascii_lower(y); });
}

[[nodiscard]] inline std::string lower_case(std::string_view text) {
    std::string lower{text};
    std::transform(lower.begin(), lower.end(), lower.begin(), ascii_lower);
    return lower;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_DETAIL_ASCII_HPP
