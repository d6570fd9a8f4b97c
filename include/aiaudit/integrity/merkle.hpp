// SPDX-License-Identifier: MIT
//
// merkle.hpp: the Merkle tree of RFC 6962, section 2.1, grown a leaf at a time.
//
// A compact range is all that has to be remembered of a tree to make it grow and to know its root:
// the hash of one complete subtree for each set bit of the size. Whoever wants proofs too keeps the
// hashes that append() hands out.
// Threads: plain values.
// Floor 4.
#ifndef AIAUDIT_INTEGRITY_MERKLE_HPP
#define AIAUDIT_INTEGRITY_MERKLE_HPP

#include <aiaudit/config.hpp>         // AIAUDIT_ASSERT
#include <aiaudit/core/digest.hpp>    // digest
#include <aiaudit/detail/sha256.hpp>  // sha256_joined
#include <aiaudit/limits.hpp>         // tree_size

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {

// The root of a tree without leaves.
[[nodiscard]] inline digest empty_root() { return {detail::sha256({})}; }

// The first byte keeps leaves and nodes apart: without it, the two hashes under a node could be
// shown as the content of a leaf.
[[nodiscard]] inline digest leaf_hash(std::string_view content) {
    return {detail::sha256_joined({std::string_view("\0", 1), content})};
}
[[nodiscard]] inline digest node_hash(digest const& left, digest const& right) {
    return {detail::sha256_pair('\1', left.bytes, right.bytes)};
}

class compact_range {
public:
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

    // Adds a leaf. on_node(level, index, hash) is called for each subtree that it completes, of
    // level 1 and up, lowest first: the subtree over the leaves [index << level, (index+1) <<
    // level). Where on_node throws, the range is as before. Precondition: size() <
    // limits::tree_size.
    template <class OnNode>
    void append(digest const& leaf, OnNode&& on_node) {
        AIAUDIT_ASSERT(size_ < limits::tree_size);
        digest hash = leaf;
        unsigned level = 0;
        for (; ((size_ >> level) & 1) != 0; ++level) {
            hash = node_hash(hashes_[level], hash);
            on_node(level + 1, size_ >> (level + 1), std::as_const(hash));
        }
        hashes_[level] = hash;
        ++size_;
    }
    void append(digest const& leaf) {
        append(leaf, [](unsigned, std::uint64_t, digest const&) {});
    }

    [[nodiscard]] digest root() const;

    // The size in 8 bytes, least significant first, then the hashes, the largest subtree first.
    [[nodiscard]] std::string to_bytes() const;
    // Errors: corrupt, for anything that to_bytes() does not write.
    [[nodiscard]] static result<compact_range> from_bytes(std::string_view bytes);

    // The range of the first `size` leaves of a tree whose hashes are kept: node(level, index) is
    // the hash of a complete subtree as result<digest>, level 0 the leaves. Errors: node's;
    // bad_argument for a size over the maximum.
    template <class Node>
    [[nodiscard]] static result<compact_range> from_nodes(std::uint64_t size, Node&& node);

    friend bool operator==(compact_range const& left, compact_range const& right) noexcept {
        if (left.size_ != right.size_) return false;
        for (unsigned level = 0; level < levels; ++level) {
            bool const used = ((left.size_ >> level) & 1) != 0;
            if (used && left.hashes_[level] != right.hashes_[level]) return false;
        }
        return true;
    }

private:
    static constexpr unsigned levels = 64;

    std::uint64_t size_ = 0;
    std::array<digest, levels> hashes_{};  // by level; in use where the size has that bit
};

template <class Node>
result<compact_range> compact_range::from_nodes(std::uint64_t size, Node&& node) {
    if (size > limits::tree_size) return fail(errc::bad_argument, "a Merkle tree is too large");
    compact_range range;
    range.size_ = size;
    for (unsigned level = 0; level < levels; ++level) {
        if (((size >> level) & 1) == 0) continue;
        // The subtree of a set bit ends where the size has zeros from that bit down.
        result<digest> hash = node(level, (size >> level) - 1);
        if (!hash) return hash.error();
        range.hashes_[level] = *hash;
    }
    return range;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/integrity/merkle.ipp>
#endif

#endif  // AIAUDIT_INTEGRITY_MERKLE_HPP
