// SPDX-License-Identifier: MIT
//
// crc32c.hpp: the CRC-32C checksum (Castagnoli) of stored bytes: the processor's instruction where
// there is one, else Boost.CRC's tables.
//
// Threads: any.
// Floor 1.
#ifndef AIAUDIT_DETAIL_CRC32C_HPP
#define AIAUDIT_DETAIL_CRC32C_HPP

#include <boost/crc.hpp>

#include <cstdint>
#include <cstring>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

[[nodiscard]] inline std::uint32_t crc32c_tables(std::string_view bytes) noexcept {
    boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> checksum;
    checksum.process_bytes(bytes.data(), bytes.size());
    return checksum.checksum();
}

#if defined(__x86_64__)

__attribute__((target("sse4.2"))) inline std::uint32_t crc32c_instruction(
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
