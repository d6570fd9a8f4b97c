// SPDX-License-Identifier: MIT
//
// ids.hpp: the numbers and names by which records are found.
//
// Threads: the types are plain values; make_operation_id may be called from any thread.
// Floor 2.
#ifndef AIAUDIT_CORE_IDS_HPP
#define AIAUDIT_CORE_IDS_HPP

#include <aiaudit/core/digest.hpp>     // hex helpers
#include <aiaudit/core/timestamp.hpp>  // timestamp

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

// A record's place in the log: dense, the first is 1. Zero is "none".
enum class sequence : std::uint64_t {};
[[nodiscard]] constexpr std::uint64_t value_of(sequence number) noexcept {
    return static_cast<std::uint64_t>(number);
}

// A UUID version 7 (RFC 9562, section 5.7): sorts by the millisecond it was made in.
struct operation_id {
    std::array<std::uint8_t, 16> bytes{};

    friend constexpr auto operator<=>(operation_id const&, operation_id const&) noexcept = default;
    [[nodiscard]] constexpr bool is_zero() const noexcept { return *this == operation_id{}; }
    // "01890a5d-ac96-774b-bcce-b302099a8057"
    [[nodiscard]] std::string to_string() const;
    // Any UUID in that form. Errors: bad_argument.
    [[nodiscard]] static result<operation_id> parse(std::string_view text);
};

// The version and variant bits are set over the 74 random bits given.
[[nodiscard]] constexpr operation_id make_operation_id(timestamp at, std::uint64_t random_high,
                                                       std::uint64_t random_low) noexcept {
    operation_id id;
    auto const milliseconds = static_cast<std::uint64_t>(at.ns / 1'000'000);
    for (std::size_t i = 0; i < 6; ++i)
        id.bytes[i] = static_cast<std::uint8_t>(milliseconds >> (40 - 8 * i));
    id.bytes[6] = static_cast<std::uint8_t>(0x70U | ((random_high >> 8) & 0x0FU));
    id.bytes[7] = static_cast<std::uint8_t>(random_high);
    for (std::size_t i = 0; i < 8; ++i)
        id.bytes[8 + i] = static_cast<std::uint8_t>(random_low >> (56 - 8 * i));
    id.bytes[8] = static_cast<std::uint8_t>(0x80U | (id.bytes[8] & 0x3FU));
    return id;
}

namespace detail {

// From a generator of this thread, seeded by the operating system: for what must be unlikely to
// meet, not for secrets.
[[nodiscard]] std::uint64_t random_bits();

}  // namespace detail

// Unique, not secret.
[[nodiscard]] inline operation_id make_operation_id(timestamp at) {
    std::uint64_t const high = detail::random_bits();
    return make_operation_id(at, high, detail::random_bits());
}

// A W3C trace id; all zero is "none".
struct trace_id {
    std::array<std::uint8_t, 16> bytes{};
    friend constexpr auto operator<=>(trace_id const&, trace_id const&) noexcept = default;
    [[nodiscard]] constexpr bool is_zero() const noexcept { return *this == trace_id{}; }
    [[nodiscard]] std::string to_string() const { return detail::to_hex(bytes); }
    // 32 hexadecimal digits. Errors: bad_argument.
    [[nodiscard]] static result<trace_id> parse(std::string_view text);
};

namespace detail {

// Reads 32 hexadecimal digits into 16 bytes, skipping hyphens at the places of a UUID where
// `hyphens` says so.
[[nodiscard]] bool parse_hex16(std::string_view text, bool hyphens,
                               std::array<std::uint8_t, 16>& out);

}  // namespace detail

inline std::string operation_id::to_string() const {
    std::string text = detail::to_hex(bytes);
    for (std::size_t const place : {8U, 13U, 18U, 23U}) text.insert(place, 1, '-');
    return text;
}

inline result<operation_id> operation_id::parse(std::string_view text) {
    operation_id id;
    if (!detail::parse_hex16(text, true, id.bytes)) return fail(errc::bad_argument, "not a UUID");
    return id;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/core/ids.ipp>
#endif

#endif  // AIAUDIT_CORE_IDS_HPP
