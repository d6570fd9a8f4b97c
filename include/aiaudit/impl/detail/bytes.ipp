// SPDX-License-Identifier: MIT
//
// bytes.ipp: the definitions of bytes.hpp.
#ifndef AIAUDIT_IMPL_DETAIL_BYTES_IPP
#define AIAUDIT_IMPL_DETAIL_BYTES_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/detail/bytes.hpp>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE void append_varint(std::string& out, std::uint64_t value) {
    char bytes[10];
    std::size_t size = 0;
    while (value >= 0x80) {
        bytes[size++] = static_cast<char>(static_cast<std::uint8_t>(value) | 0x80U);
        value >>= 7;
    }
    bytes[size++] = static_cast<char>(static_cast<std::uint8_t>(value));
    out.append(bytes, size);
}

AIAUDIT_INLINE void append_varint128(std::string& out, int128 value) {
    uint128 rest = (static_cast<uint128>(value) << 1) ^ (value < 0 ? ~uint128{0} : uint128{0});
    while (rest >= 0x80) {
        out.push_back(static_cast<char>(static_cast<std::uint8_t>(rest) | 0x80U));
        rest >>= 7;
    }
    out.push_back(static_cast<char>(static_cast<std::uint8_t>(rest)));
}

AIAUDIT_INLINE void byte_writer::varint(std::uint64_t value) noexcept {
    while (value >= 0x80) {
        byte(static_cast<std::uint8_t>(value | 0x80U));
        value >>= 7;
    }
    byte(static_cast<std::uint8_t>(value));
}

AIAUDIT_INLINE void byte_writer::varint128(int128 value) noexcept {
    uint128 rest = (static_cast<uint128>(value) << 1) ^ (value < 0 ? ~uint128{0} : uint128{0});
    while (rest >= 0x80) {
        byte(static_cast<std::uint8_t>(static_cast<std::uint8_t>(rest) | 0x80U));
        rest >>= 7;
    }
    byte(static_cast<std::uint8_t>(rest));
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_DETAIL_BYTES_IPP
