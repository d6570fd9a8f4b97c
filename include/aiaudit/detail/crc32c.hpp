// SPDX-License-Identifier: MIT
//
// crc32c.hpp: the CRC-32C checksum (Castagnoli) of stored bytes: the processor's instruction where
// there is one, else tables.
//
// Threads: any.
// Floor 1.
#ifndef AIAUDIT_DETAIL_CRC32C_HPP
#define AIAUDIT_DETAIL_CRC32C_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Eight tables, so that eight bytes take eight look-ups which do not wait for each other: table k
// has what a byte becomes when k zero bytes follow it.
using crc32c_table_set = std::array<std::array<std::uint32_t, 256>, 8>;

[[nodiscard]] constexpr crc32c_table_set make_crc32c_tables() noexcept {
    constexpr std::uint32_t polynomial = 0x82F63B78;  // Castagnoli's, its bits in reverse
    crc32c_table_set all{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t rest = byte;
        for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1) ^ ((rest & 1) * polynomial);
        all[0][byte] = rest;
    }
    for (std::size_t k = 1; k < all.size(); ++k) {
        for (std::size_t byte = 0; byte < 256; ++byte) {
            std::uint32_t const rest = all[k - 1][byte];
            all[k][byte] = (rest >> 8) ^ all[0][rest & 0xFF];
        }
    }
    return all;
}

[[nodiscard]] inline std::uint32_t crc32c_tables(std::string_view bytes) noexcept {
    static constexpr crc32c_table_set tables = make_crc32c_tables();
    std::uint32_t state = 0xFFFFFFFF;
    while (bytes.size() >= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), sizeof word);
        word ^= state;
        state = 0;
        for (std::size_t k = 0; k < 8; ++k) state ^= tables[7 - k][(word >> (8 * k)) & 0xFF];
        bytes.remove_prefix(8);
    }
    for (char const byte : bytes)
        state = (state >> 8) ^ tables[0][(state ^ static_cast<unsigned char>(byte)) & 0xFF];
    return ~state;
}

#if defined(__x86_64__)

__attribute__((target("sse4.2,crc32"))) inline std::uint32_t crc32c_instruction(
    std::string_view bytes) noexcept {
    std::uint64_t state = 0xFFFFFFFF;
    while (bytes.size() >= sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), sizeof word);
        state = __builtin_ia32_crc32di(state, word);
        bytes.remove_prefix(sizeof word);
    }
    auto tail = static_cast<std::uint32_t>(state);
    for (char const byte : bytes)
        tail = __builtin_ia32_crc32qi(tail, static_cast<unsigned char>(byte));
    return ~tail;
}

[[nodiscard]] inline std::uint32_t crc32c(std::string_view bytes) noexcept {
    static bool const has_instruction = __builtin_cpu_supports("sse4.2") != 0;
    return has_instruction ? crc32c_instruction(bytes) : crc32c_tables(bytes);
}

#else

[[nodiscard]] inline std::uint32_t crc32c(std::string_view bytes) noexcept {
    return crc32c_tables(bytes);
}

#endif

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_DETAIL_CRC32C_HPP
