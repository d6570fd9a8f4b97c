// SPDX-License-Identifier: MIT
//
// hash_index.ipp: the definitions of hash_index.hpp.
#ifndef AIAUDIT_IMPL_DETAIL_HASH_INDEX_IPP
#define AIAUDIT_IMPL_DETAIL_HASH_INDEX_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/detail/hash_index.hpp>

#include <algorithm>
#include <cstring>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::uint64_t load_word(char const* from) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, from, sizeof word);
    return word;
}

AIAUDIT_INLINE std::uint64_t hash_of_text(std::string_view text) noexcept {
    constexpr std::uint64_t odd = 0x9E37'79B9'7F4A'7C15ULL;
    constexpr std::uint64_t other = 0xC2B2'AE3D'27D4'EB4FULL;
    std::uint64_t state = text.size() * other;
    if (text.size() < 8) {
        std::uint64_t word = 0;
        for (char const c : text) word = word << 8 | static_cast<std::uint8_t>(c);
        return mixed(state ^ word ^ odd, other);
    }
    char const* at = text.data();
    char const* const last = at + text.size() - 8;
    for (; last - at > 8; at += 16)
        state = mixed(state ^ load_word(at) ^ odd, load_word(at + 8) ^ other);
    return mixed(state ^ load_word((std::min)(at, last)) ^ odd, load_word(last) ^ other);
}

AIAUDIT_INLINE bool same_text(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    std::size_t const size = a.size();
    if (size >= 8) {
        for (std::size_t at = 0; at + 8 < size; at += 8) {
            if (load_word(a.data() + at) != load_word(b.data() + at)) return false;
        }
        return load_word(a.data() + size - 8) == load_word(b.data() + size - 8);
    }
    for (std::size_t at = 0; at < size; ++at) {
        if (a[at] != b[at]) return false;
    }
    return true;
}

AIAUDIT_INLINE void hash_index::put(std::uint64_t hash, std::uint32_t number) noexcept {
    std::size_t const mask = slots_.size() - 1;
    std::size_t at = hash & mask;
    while (slots_[at].number != none) at = (at + 1) & mask;
    slots_[at] = {static_cast<std::uint32_t>(hash >> 32), number};
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_DETAIL_HASH_INDEX_IPP
