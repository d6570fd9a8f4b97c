// SPDX-License-Identifier: MIT
//
// merkle.ipp: the definitions of merkle.hpp.
#ifndef AIAUDIT_IMPL_INTEGRITY_MERKLE_IPP
#define AIAUDIT_IMPL_INTEGRITY_MERKLE_IPP

#include <aiaudit/config.hpp>        // AIAUDIT_INLINE
#include <aiaudit/detail/bytes.hpp>  // byte_reader
#include <aiaudit/integrity/merkle.hpp>

#include <bit>
#include <cstddef>
#include <cstring>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE digest compact_range::root() const {
    if (size_ == 0) return empty_root();
    auto level = static_cast<unsigned>(std::countr_zero(size_));
    digest hash = hashes_[level];
    while (++level < levels) {
        if (((size_ >> level) & 1) != 0) hash = node_hash(hashes_[level], hash);
    }
    return hash;
}

AIAUDIT_INLINE std::string compact_range::to_bytes() const {
    std::string bytes;
    detail::append_little_endian(bytes, size_);
    for (unsigned level = levels; level-- > 0;) {
        if (((size_ >> level) & 1) == 0) continue;
        for (std::uint8_t const byte : hashes_[level].bytes)
            bytes.push_back(static_cast<char>(byte));
    }
    return bytes;
}

AIAUDIT_INLINE result<compact_range> compact_range::from_bytes(std::string_view bytes) {
    compact_range range;
    detail::byte_reader in{bytes};
    range.size_ = in.little_endian<std::uint64_t>();
    auto const hashes = static_cast<std::size_t>(std::popcount(range.size_));
    if (!in.ok() || range.size_ > limits::tree_size || in.rest().size() != hashes * 32)
        return fail(errc::corrupt, "the state of a Merkle tree has a wrong length");
    for (unsigned level = levels; level-- > 0;) {
        if (((range.size_ >> level) & 1) == 0) continue;
        std::string_view const hash = in.take(32);
        std::memcpy(range.hashes_[level].bytes.data(), hash.data(), hash.size());
    }
    return range;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_INTEGRITY_MERKLE_IPP
