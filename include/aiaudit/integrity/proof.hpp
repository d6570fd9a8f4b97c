// SPDX-License-Identifier: MIT
//
// proof.hpp: that a record is in a log, and that a log has only grown: the audit paths of RFC 9162,
// sections 2.1.3 and 2.1.4.
//
// An inclusion proof does not bind the size of the tree: where two sizes give a path of one shape,
// it verifies under both. So a size comes from a signed checkpoint, together with the root, and
// what verifies here for others takes only verified checkpoints.
// Threads: pure functions.
// Floor 4.
#ifndef AIAUDIT_INTEGRITY_PROOF_HPP
#define AIAUDIT_INTEGRITY_PROOF_HPP

#include <aiaudit/integrity/checkpoint.hpp>  // verified_checkpoint
#include <aiaudit/integrity/merkle.hpp>      // node_hash

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Leaves [begin, end) under one node of a tree; begin is a multiple of the next power of two.
struct leaf_span {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

// The nodes beside the way from the ancestor of `leaf` at `level` up to the root, lowest first:
// these are the components of a proof. Precondition: leaf < size <= limits::tree_size.
template <class Visitor>
void for_each_sibling(std::uint64_t leaf, unsigned level, std::uint64_t size, Visitor&& visit) {
    for (; ((size - 1) >> level) != 0; ++level) {
        std::uint64_t const sibling = (leaf >> level) ^ 1;
        std::uint64_t const begin = sibling << level;
        if (begin < size) {
            visit(leaf_span{begin, (std::min)(begin + (std::uint64_t{1} << level), size)});
        }
    }
}

// Where a consistency proof of two sizes sets out: the largest complete subtree at the right edge
// of the old tree. Its hash is the first component, unless it is the whole old tree, whose root the
// verifier has.
struct consistency_start {
    std::uint64_t leaf = 0;  // the last one of the old tree
    unsigned level = 0;
    bool is_root = false;
};
[[nodiscard]] constexpr consistency_start start_of_consistency(std::uint64_t old_size) noexcept {
    return {old_size - 1, static_cast<unsigned>(std::countr_zero(old_size)),
            std::has_single_bit(old_size)};
}

// Both are exact, so that nothing can be put before, behind or into a proof.
[[nodiscard]] std::size_t inclusion_proof_length(std::uint64_t index, std::uint64_t size);
[[nodiscard]] std::size_t consistency_proof_length(std::uint64_t old_size, std::uint64_t new_size);

// The hash over leaves under one node, complete or not, from complete subtrees.
template <class Node>
[[nodiscard]] result<digest> span_hash(leaf_span leaves, Node&& node) {
    std::array<digest, 64> hashes;
    std::size_t count = 0;
    while (leaves.begin < leaves.end) {
        auto const level = static_cast<unsigned>(std::bit_width(leaves.end - leaves.begin) - 1);
        result<digest> hash = node(level, leaves.begin >> level);
        if (!hash) return hash;
        hashes[count++] = *hash;
        leaves.begin += std::uint64_t{1} << level;
    }
    digest hash = hashes[count - 1];
    for (--count; count > 0; --count) hash = node_hash(hashes[count - 1], hash);
    return hash;
}

template <class Node>
[[nodiscard]] result<std::vector<digest>> span_hashes(std::vector<leaf_span> const& spans,
                                                      Node&& node) {
    std::vector<digest> hashes;
    hashes.reserve(spans.size());
    for (leaf_span const leaves : spans) {
        auto const hash = span_hash(leaves, node);
        if (!hash) return hash.error();
        hashes.push_back(*hash);
    }
    return hashes;
}

// Follows a path of siblings up a tree, in the numbers of RFC 9162: `fn` is the place of the node,
// `sn` that of the last one, on the level that was reached.
struct path_walk {
    std::uint64_t fn = 0;
    std::uint64_t sn = 0;

    // True where the next sibling stands to the left.
    [[nodiscard]] constexpr bool is_left() const noexcept { return (fn & 1) != 0 || fn == sn; }
    constexpr void rise() noexcept {
        if (is_left()) {
            for (; (fn & 1) == 0 && fn != 0; fn >>= 1) sn >>= 1;
        }
        fn >>= 1;
        sn >>= 1;
    }
};

[[nodiscard]] bool inclusion_holds(std::uint64_t index, std::uint64_t size, digest const& leaf,
                                   std::span<digest const> path, digest const& root);

[[nodiscard]] bool consistency_holds(std::uint64_t old_size, std::uint64_t new_size,
                                     std::span<digest const> path, digest const& old_root,
                                     digest const& new_root);

}  // namespace detail

// The proof that leaf `index` (the first is 0) is in the tree of the first `size` leaves, the
// leaf's sibling first. node(level, index) gives the hash of a complete subtree of that tree as
// result<digest>, level 0 the leaves. Errors: bad_argument for an index that the tree has not;
// node's.
template <class Node>
[[nodiscard]] result<std::vector<digest>> inclusion_proof(std::uint64_t index, std::uint64_t size,
                                                          Node&& node) {
    if (index >= size || size > limits::tree_size)
        return fail(errc::bad_argument, "an inclusion proof needs a leaf that is in the tree");
    std::vector<detail::leaf_span> spans;
    detail::for_each_sibling(index, 0, size,
                             [&](detail::leaf_span leaves) { spans.push_back(leaves); });
    return detail::span_hashes(spans, node);
}

// The proof that the tree of the first `old_size` leaves is the beginning of that of `new_size`;
// node as above. Errors: bad_argument for an old size that is 0, of which nothing can be proved, or
// over the new one; node's.
template <class Node>
[[nodiscard]] result<std::vector<digest>> consistency_proof(std::uint64_t old_size,
                                                            std::uint64_t new_size, Node&& node) {
    if (old_size == 0 || old_size > new_size || new_size > limits::tree_size)
        return fail(errc::bad_argument, "a consistency proof needs sizes from 1 that do not fall");
    std::vector<detail::leaf_span> spans;
    if (old_size == new_size) return std::vector<digest>{};
    auto const start = detail::start_of_consistency(old_size);
    if (!start.is_root) spans.push_back({old_size - (std::uint64_t{1} << start.level), old_size});
    detail::for_each_sibling(start.leaf, start.level, new_size,
                             [&](detail::leaf_span leaves) { spans.push_back(leaves); });
    return detail::span_hashes(spans, node);
}

// Checks that a leaf stands at an index of the log that the checkpoint states. Errors:
// verification_failed.
[[nodiscard]] result<void> verify_inclusion(verified_checkpoint const& state, std::uint64_t index,
                                            digest const& leaf, std::span<digest const> path);

// Checks that the newer log begins with all that the older had. Errors: verification_failed, also
// where the older is empty: that would prove nothing.
[[nodiscard]] result<void> verify_consistency(verified_checkpoint const& older,
                                              verified_checkpoint const& newer,
                                              std::span<digest const> path);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/integrity/proof.ipp>
#endif

#endif  // AIAUDIT_INTEGRITY_PROOF_HPP
