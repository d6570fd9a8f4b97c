// SPDX-License-Identifier: MIT
//
// utf8.hpp: text that strangers wrote: what of it is UTF-8, and what a terminal would obey.
//
// Threads: pure functions.
// Floor 1.
#ifndef AIAUDIT_DETAIL_UTF8_HPP
#define AIAUDIT_DETAIL_UTF8_HPP

#include <aiaudit/config.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Takes a code point of UTF-8 from the front of a text that is not empty. Nothing where it is not
// in its shortest form, or is no code point.
[[nodiscard]] constexpr std::optional<char32_t> take_code_point(std::string_view& text) noexcept {
    auto const first = static_cast<unsigned char>(text.front());
    if (first >= 0x80 && (first < 0xC2 || first > 0xF4)) return std::nullopt;
    std::size_t const size = first < 0x80 ? 1U : first < 0xE0 ? 2U : first < 0xF0 ? 3U : 4U;
    if (text.size() < size) return std::nullopt;
    char32_t value = size == 1 ? first : first & (0x7FU >> size);
    for (std::size_t i = 1; i < size; ++i) {
        auto const next = static_cast<unsigned char>(text[i]);
        if ((next & 0xC0U) != 0x80U) return std::nullopt;
        value = (value << 6) | (next & 0x3FU);
    }
    constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    bool const surrogate = value >= 0xD800 && value <= 0xDFFF;
    if (value < least[size] || surrogate || value > 0x10FFFF) return std::nullopt;
    text.remove_prefix(size);
    return value;
}

// C0, DEL and C1.
[[nodiscard]] constexpr bool is_control_point(char32_t c) noexcept {
    return c < 0x20 || (c >= 0x7F && c <= 0x9F);
}

// Ends a line of text for some readers, or turns the direction of what follows: a row of a table
// would show another one.
[[nodiscard]] constexpr bool is_misleading_point(char32_t c) noexcept {
    return c == 0x2028 || c == 0x2029 || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069);
}

// True for UTF-8 without control characters: what may become a name in a record.
[[nodiscard]] constexpr bool is_name_text(std::string_view text) noexcept {
    bool plain = true;  // nearly every name is, and this needs no branch a byte
    for (char const c : text) plain &= c >= 0x20 && c < 0x7F;
    if (plain) return true;
    while (!text.empty()) {
        auto const c = take_code_point(text);
        if (!c || is_control_point(*c)) return false;
    }
    return true;
}

// Makes a text fit for a record: what is no UTF-8 or a control character becomes '?', and what goes
// beyond so many bytes is cut.
inline void make_name_text(std::string& text, std::size_t bytes_most);

// The text with U+FFFD in place of each byte that is not UTF-8.
[[nodiscard]] std::string valid_text(std::string_view text);

// For a terminal, on one line: what is no UTF-8, is a control character or turns the direction of
// text is written as "\xNN", a byte each.
[[nodiscard]] std::string escaped_text(std::string_view text);

// Valid UTF-8 on one line, of at most so many bytes: what is anything else becomes '?'. JSON that a
// client cannot parse would hide the very error that it is told.
[[nodiscard]] std::string clean_text(std::string_view text, std::size_t bytes_most);

inline void make_name_text(std::string& text, std::size_t bytes_most) {
    if (text.size() > bytes_most || !is_name_text(text)) text = clean_text(text, bytes_most);
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/detail/utf8.ipp>
#endif

#endif  // AIAUDIT_DETAIL_UTF8_HPP
