// SPDX-License-Identifier: MIT
//
// tile.hpp: a log's Merkle tree as tiles of 256 hashes, and its records as bundles of 256
// (c2sp.org/tlog-tiles): where each lies, and what is read out of them.
//
// The tile of level L and index N has the hashes of the subtrees of 256^L leaves from the leaf N *
// 256^(L+1) on. The last one of a level may be partial: its width is then in its path.
// Threads: plain values; a tile_nodes belongs to one thread at a time.
// Floor 4.
#ifndef AIAUDIT_INTEGRITY_TILE_HPP
#define AIAUDIT_INTEGRITY_TILE_HPP

#include <aiaudit/core/digest.hpp>       // digest
#include <aiaudit/error.hpp>             // result
#include <aiaudit/integrity/merkle.hpp>  // compact_range

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

inline constexpr unsigned tile_height = 8;
inline constexpr unsigned tile_width = 1U << tile_height;

struct tile_place {
    unsigned level = 0;  // 0 to 7: 256^8 leaves are more than any tree has
    std::uint64_t index = 0;
    unsigned width = tile_width;  // 1 to 256
    bool entries = false;         // the records under a tile of level 0

    friend bool operator==(tile_place const&, tile_place const&) noexcept = default;

    [[nodiscard]] bool is_partial() const noexcept { return width != tile_width; }
    // The leaf behind the last one that the place is about, as if it were full.
    [[nodiscard]] std::uint64_t end() const noexcept {
        return level < 7 ? (index + 1) << (tile_height * (level + 1)) : std::uint64_t{1} << 63;
    }
    // "tile/0/x001/234", "tile/1/000.p/5", "tile/entries/000": what stands behind the log's prefix.
    [[nodiscard]] std::string path() const;
    // Only what path() writes.
    [[nodiscard]] static std::optional<tile_place> parse(std::string_view path);
};

// How many hashes a tile has in a tree of that size: 0 where the tree has no such tile.
[[nodiscard]] constexpr unsigned tile_width_of(unsigned level, std::uint64_t index,
                                               std::uint64_t size) noexcept {
    std::uint64_t const there = size >> (tile_height * level);
    if (there >> tile_height > index) return tile_width;
    if (there >> tile_height < index) return 0;
    return static_cast<unsigned>(there & (tile_width - 1));
}

// Adds a record to a bundle. Errors: too_large, over 65,535 bytes.
[[nodiscard]] result<void> append_entry(std::string& bundle, std::string_view entry);
// The records of a bundle, as views into it. Errors: bad_input where it has not exactly so many.
[[nodiscard]] result<std::vector<std::string_view>> split_entries(std::string_view bundle,
                                                                  unsigned width);

// The hashes of complete subtrees of the first `size` leaves, out of tiles: what proofs are built
// with. fetch(tile_place) gives a tile's bytes as result<std::string>; nothing is verified. It
// remembers some tiles. Errors: fetch's; bad_input for a tile of a wrong length.
template <class Fetch>
class tile_nodes {
public:
    tile_nodes(std::uint64_t size, Fetch fetch) : size_(size), fetch_(std::move(fetch)) {}

    [[nodiscard]] result<digest> operator()(unsigned level, std::uint64_t index) {
        unsigned const tile_level = level / tile_height;
        unsigned const above = level % tile_height;
        std::uint64_t const first = index << above;  // in hashes of that level of tiles
        auto const tile = tile_at(tile_level, first >> tile_height);
        if (!tile) return tile.error();
        std::size_t const begin = first & (tile_width - 1);
        std::size_t const count = std::size_t{1} << above;
        if ((begin + count) * 32 > (*tile)->size())
            return fail(errc::not_found, "the tree has no such node");
        compact_range sum;
        for (std::size_t at = begin; at < begin + count; ++at) {
            digest hash;
            std::memcpy(hash.bytes.data(), (*tile)->data() + at * 32, 32);
            sum.append(hash);
        }
        return sum.root();
    }

private:
    static constexpr std::size_t tiles_kept = 32;

    struct kept_tile {
        tile_place place{};
        std::string bytes{};
    };

    [[nodiscard]] result<std::string const*> tile_at(unsigned level, std::uint64_t index) {
        tile_place const place{level, index, tile_width_of(level, index, size_), false};
        if (place.width == 0) return fail(errc::not_found, "the tree has no such node");
        for (auto at = tiles_.begin(); at != tiles_.end(); ++at) {
            if (!(at->place == place)) continue;
            tiles_.splice(tiles_.begin(), tiles_, at);
            return &tiles_.front().bytes;
        }
        result<std::string> bytes = fetch_(place);
        if (!bytes) return bytes.error();
        if (bytes->size() != std::size_t{place.width} * 32)
            return fail(errc::bad_input, place.path() + " has not the length of " +
                                             std::to_string(place.width) + " hashes");
        if (tiles_.size() == tiles_kept) tiles_.pop_back();
        tiles_.push_front({place, std::move(*bytes)});
        return &tiles_.front().bytes;
    }

    std::uint64_t size_;
    Fetch fetch_;
    std::list<kept_tile> tiles_{};
};

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/integrity/tile.ipp>
#endif

#endif  // AIAUDIT_INTEGRITY_TILE_HPP
