// SPDX-License-Identifier: MIT
//
// text_form.hpp: what the texts of this room are made of: lines, decimal numbers, base64, names.
//
// Everything is strict: a value has one text, and any other text is refused. What is signed or
// hashed must not be readable in two ways.
// Threads: pure functions.
// Floor 4.
#ifndef AIAUDIT_INTEGRITY_TEXT_FORM_HPP
#define AIAUDIT_INTEGRITY_TEXT_FORM_HPP

#include <aiaudit/core/digest.hpp>   // digest
#include <aiaudit/detail/bytes.hpp>  // view_of
#include <aiaudit/detail/utf8.hpp>   // take_code_point

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Overwrites what a string held. Texts that may hold a secret key are wiped before they are freed.
void wipe(std::string& text) noexcept;

// RFC 4648, section 4, with padding.
[[nodiscard]] std::string base64_encode(std::string_view bytes);

// Nothing for any text that base64_encode does not write. libcrypto's decoder is lenient (spaces,
// padding anywhere, bits after the end), so what it read is encoded again and compared.
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);

[[nodiscard]] inline std::string base64_of(digest const& value) {
    return base64_encode(view_of(value.bytes));
}
[[nodiscard]] std::optional<digest> digest_of_base64(std::string_view text);

// Digits alone, without leading zeros.
[[nodiscard]] std::optional<std::uint64_t> decimal_of(std::string_view text);

// Takes a line from the front, and its line feed. Nothing where no line feed is left.
[[nodiscard]] std::optional<std::string_view> take_line(std::string_view& rest);

// True for UTF-8 without control characters but the line feed.
[[nodiscard]] constexpr bool is_plain_text(std::string_view text) noexcept {
    while (!text.empty()) {
        auto const c = take_code_point(text);
        if (!c || (*c < 0x20 && *c != '\n')) return false;
    }
    return true;
}

// The white space of Unicode.
[[nodiscard]] constexpr bool is_space(char32_t c) noexcept {
    return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
           c == 0x205F || c == 0x3000;
}

// True for what may name a key: UTF-8 without spaces, control characters and '+'.
[[nodiscard]] constexpr bool is_key_name(std::string_view name) noexcept {
    constexpr std::size_t longest = 255;  // a host name has at most that
    if (name.empty() || name.size() > longest) return false;
    while (!name.empty()) {
        auto const c = take_code_point(name);
        if (!c || *c < 0x20 || *c == '+' || is_space(*c)) return false;
    }
    return true;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/integrity/text_form.ipp>
#endif

#endif  // AIAUDIT_INTEGRITY_TEXT_FORM_HPP
