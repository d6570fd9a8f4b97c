// SPDX-License-Identifier: MIT
//
// text_tokens.hpp: how many tokens a text may be, for who cannot ask its model's tokenizer.
//
// Threads: pure functions.
// Floor 4.
#ifndef AIAUDIT_PROVIDERS_TEXT_TOKENS_HPP
#define AIAUDIT_PROVIDERS_TEXT_TOKENS_HPP

#include <cstdint>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// A count on the high side, no bound (that is a token a byte): two letters of a word are a token,
// and each digit and each mark; a character outside ASCII is two and a half at the most; a space
// belongs to the word behind it. English prose comes to about twice what it is.
[[nodiscard]] constexpr std::uint64_t high_token_count(std::string_view text) noexcept {
    std::uint64_t halves = 0;
    std::uint64_t letters = 0;  // of the word
    char before = '\0';
    for (char const c : text) {
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
            ++letters;
            ++halves;
        } else {
            halves += letters % 2;
            letters = 0;
            bool const continues = (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
            halves += c == ' ' ? (before == ' ' ? 1 : 0) : (continues ? 1 : 2);
        }
        before = c;
    }
    halves += letters % 2;
    return text.empty() ? 0 : (halves < 2 ? 1 : (halves + 1) / 2);
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_PROVIDERS_TEXT_TOKENS_HPP
