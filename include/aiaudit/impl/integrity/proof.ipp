// SPDX-License-Identifier: MIT
//
// proof.ipp: the definitions of proof.hpp.
#ifndef AIAUDIT_IMPL_INTEGRITY_PROOF_IPP
#define AIAUDIT_IMPL_INTEGRITY_PROOF_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/integrity/proof.hpp>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::size_t inclusion_proof_length(std::uint64_t index, std::uint64_t size) {
    std::size_t length = 0;
    for_each_sibling(index, 0, size, [&](leaf_span) { ++length; });
    return length;
}

AIAUDIT_INLINE std::size_t consistency_proof_length(std::uint64_t old_size,
                                                    std::uint64_t new_size) {
    if (old_size == new_size) return 0;
    consistency_start const start = start_of_consistency(old_size);
    std::size_t length = start.is_root ? 0 : 1;
    for_each_sibling(start.leaf, start.level, new_size, [&](leaf_span) { ++length; });
    return length;
}

AIAUDIT_INLINE bool inclusion_holds(std::uint64_t index, std::uint64_t size, digest const& leaf,
                                    std::span<digest const> path, digest const& root) {
    if (index >= size || size > limits::tree_size) return false;
    if (path.size() != inclusion_proof_length(index, size)) return false;
    path_walk walk{index, size - 1};
    digest hash = leaf;
    for (digest const& sibling : path) {
        if (walk.sn == 0) return false;
        hash = walk.is_left() ? node_hash(sibling, hash) : node_hash(hash, sibling);
        walk.rise();
    }
    return walk.sn == 0 && hash == root;
}

AIAUDIT_INLINE bool consistency_holds(std::uint64_t old_size, std::uint64_t new_size,
                                      std::span<digest const> path, digest const& old_root,
                                      digest const& new_root) {
    if (old_size == 0 || old_size > new_size || new_size > limits::tree_size) return false;
    if (path.size() != consistency_proof_length(old_size, new_size)) return false;
    if (old_size == new_size) return old_root == new_root;
    consistency_start const start = start_of_consistency(old_size);
    path_walk walk{start.leaf >> start.level, (new_size - 1) >> start.level};
    digest old_hash = start.is_root ? old_root : path.front();
    digest new_hash = old_hash;
    for (digest const& sibling : path.subspan(start.is_root ? 0 : 1)) {
        if (walk.sn == 0) return false;
        if (walk.is_left()) {
            old_hash = node_hash(sibling, old_hash);
            new_hash = node_hash(sibling, new_hash);
        } else {
            new_hash = node_hash(new_hash, sibling);
        }
        walk.rise();
    }
    return walk.sn == 0 && old_hash == old_root && new_hash == new_root;
}

}  // namespace detail

AIAUDIT_INLINE result<void> verify_inclusion(verified_checkpoint const& state, std::uint64_t index,
                                             digest const& leaf, std::span<digest const> path) {
    if (!detail::inclusion_holds(index, state.size(), leaf, path, state.root()))
        return fail(errc::verification_failed, "the proof does not lead to the checkpoint's root");
    return {};
}

AIAUDIT_INLINE result<void> verify_consistency(verified_checkpoint const& older,
                                               verified_checkpoint const& newer,
                                               std::span<digest const> path) {
    if (older.origin() != newer.origin())
        return fail(errc::verification_failed, "the checkpoints are of two logs");
    if (!detail::consistency_holds(older.size(), newer.size(), path, older.root(), newer.root()))
        return fail(errc::verification_failed, "the proof does not join the two checkpoints");
    return {};
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_INTEGRITY_PROOF_IPP
