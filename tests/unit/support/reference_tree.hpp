// SPDX-License-Identifier: MIT
//
// reference_tree.hpp: the Merkle tree by the recursive definitions of RFC 6962, section 2.1,
// against which the tests hold the quick ones. Slow, and written to be compared with the standard
// by eye.
#ifndef AIAUDIT_TESTS_UNIT_SUPPORT_REFERENCE_TREE_HPP
#define AIAUDIT_TESTS_UNIT_SUPPORT_REFERENCE_TREE_HPP

#include <aiaudit/detail/bytes.hpp>
#include <aiaudit/integrity/merkle.hpp>
#include <aiaudit/integrity/tile.hpp>

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

namespace aiaudit_test {

using aiaudit::digest;

struct reference_tree {
    std::vector<digest> leaves{};

    // Its leaves are the single bytes 0, 1, 2, ...
    static reference_tree of_bytes(std::uint64_t count) {
        reference_tree tree;
        for (std::uint64_t i = 0; i < count; ++i)
            tree.leaves.push_back(aiaudit::leaf_hash(std::string(1, static_cast<char>(i))));
        return tree;
    }

    // The largest power of two under n.
    static std::uint64_t split(std::uint64_t n) { return std::bit_ceil(n) / 2; }

    digest root(std::uint64_t begin, std::uint64_t end) const {
        if (begin == end) return aiaudit::empty_root();
        if (end - begin == 1) return leaves.at(begin);
        std::uint64_t const k = begin + split(end - begin);
        return aiaudit::node_hash(root(begin, k), root(k, end));
    }
    digest root(std::uint64_t size) const { return root(0, size); }

    // A tile by the standard's definition, from the leaves alone.
    std::string tile(aiaudit::tile_place place) const {
        std::string bytes;
        std::uint64_t const span = std::uint64_t{1} << (8 * place.level);
        for (std::uint64_t i = 0; i < place.width; ++i) {
            std::uint64_t const begin = (place.index * 256 + i) * span;
            bytes += aiaudit::detail::view_of(root(begin, begin + span).bytes);
        }
        return bytes;
    }

    // PATH(m, D[begin:end]), m counted from `begin`.
    std::vector<digest> path(std::uint64_t m, std::uint64_t begin, std::uint64_t end) const {
        if (end - begin <= 1) return {};
        std::uint64_t const k = split(end - begin);
        auto hashes = m < k ? path(m, begin, begin + k) : path(m - k, begin + k, end);
        hashes.push_back(m < k ? root(begin + k, end) : root(begin, begin + k));
        return hashes;
    }

    // SUBPROOF(m, D[begin:end], whole)
    std::vector<digest> subproof(std::uint64_t m, std::uint64_t begin, std::uint64_t end,
                                 bool whole) const {
        if (m == end - begin)
            return whole ? std::vector<digest>{} : std::vector<digest>{root(begin, end)};
        std::uint64_t const k = split(end - begin);
        auto hashes =
            m <= k ? subproof(m, begin, begin + k, whole) : subproof(m - k, begin + k, end, false);
        hashes.push_back(m <= k ? root(begin + k, end) : root(begin, begin + k));
        return hashes;
    }

    // The hashes of complete subtrees, as the builders of proofs ask for them. Asking for one that
    // is not in the first `size` leaves is a fault of theirs, and an error.
    auto nodes(std::uint64_t size) const {
        return [this, size](unsigned level, std::uint64_t index) -> aiaudit::result<digest> {
            std::uint64_t const begin = index << level;
            std::uint64_t const end = (index + 1) << level;
            if (end > size) return aiaudit::fail(aiaudit::errc::not_found, "no complete subtree");
            return root(begin, end);
        };
    }
};

}  // namespace aiaudit_test

#endif  // AIAUDIT_TESTS_UNIT_SUPPORT_REFERENCE_TREE_HPP
