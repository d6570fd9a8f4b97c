// SPDX-License-Identifier: MIT
//
// log_keys.ipp: the definitions of log_keys.hpp.
#ifndef AIAUDIT_IMPL_ENGINE_LOG_KEYS_IPP
#define AIAUDIT_IMPL_ENGINE_LOG_KEYS_IPP

#include <aiaudit/config.hpp>        // AIAUDIT_INLINE
#include <aiaudit/detail/bytes.hpp>  // little-endian integers
#include <aiaudit/engine/log_keys.hpp>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::string big_endian_key(std::uint64_t value) {
    std::string key(8, '\0');
    for (std::size_t i = 0; i < 8; ++i)
        key[i] = static_cast<char>(static_cast<std::uint8_t>(value >> (56 - 8 * i)));
    return key;
}

AIAUDIT_INLINE std::uint64_t from_big_endian_key(std::string_view key) noexcept {
    std::uint64_t value = 0;
    for (char const byte : key) value = value << 8 | static_cast<std::uint8_t>(byte);
    return value;
}

AIAUDIT_INLINE std::string day_key(civil_day day) {
    // Biased, so that days before 1970 sort before those after.
    auto const biased =
        static_cast<std::uint64_t>(std::int64_t{day.days} + (std::int64_t{1} << 31));
    return big_endian_key(biased).substr(4);
}

AIAUDIT_INLINE std::string user_totals_key(std::uint64_t through) {
    return std::string(user_totals_prefix) + big_endian_key(through);
}

AIAUDIT_INLINE std::string user_totals_key(std::uint64_t through, std::uint32_t number) {
    return user_totals_key(through) + big_endian_key(number).substr(4);
}

AIAUDIT_INLINE std::optional<part_key> part_key::parse(std::string_view key) noexcept {
    if (key.size() != bytes && key.size() != bytes + 8) return std::nullopt;
    auto const biased = static_cast<std::int64_t>(from_big_endian_key(key.substr(0, 4)));
    part_key found;
    found.day.days = static_cast<std::int32_t>(biased - (std::int64_t{1} << 31));
    found.through = from_big_endian_key(key.substr(4, 8));
    found.after = from_big_endian_key(key.substr(12, 8));
    found.segment = from_big_endian_key(key.substr(bytes));
    return found;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ENGINE_LOG_KEYS_IPP
