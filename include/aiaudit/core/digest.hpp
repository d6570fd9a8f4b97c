// SPDX-License-Identifier: MIT
//
// digest.hpp: a SHA-256 value and its hexadecimal text. The hashing itself is detail/sha256.hpp.
//
// Threads: plain values.
// Floor 2.
#ifndef AIAUDIT_CORE_DIGEST_HPP
#define AIAUDIT_CORE_DIGEST_HPP

#include <aiaudit/error.hpp>  // result

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

struct digest {
    std::array<std::uint8_t, 32> bytes{};

    friend constexpr auto operator<=>(digest const&, digest const&) noexcept = default;

    // True for the value that no hash has in practice: "none".
    [[nodiscard]] constexpr bool is_zero() const noexcept { return *this == digest{}; }
    [[nodiscard]] std::string to_string() const;
    // 64 hexadecimal digits. Errors: bad_argument.
    [[nodiscard]] static result<digest> parse(std::string_view text);
};

namespace detail {

template <class Bytes>
[[nodiscard]] std::string to_hex(Bytes const& bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (auto const element : bytes) {
        auto const byte = static_cast<std::uint8_t>(element);
        text.push_back(digits[byte >> 4]);
        text.push_back(digits[byte & 15]);
    }
    return text;
}

[[nodiscard]] constexpr int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace detail

inline std::string digest::to_string() const { return detail::to_hex(bytes); }

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/core/digest.ipp>
#endif

#endif  // AIAUDIT_CORE_DIGEST_HPP
