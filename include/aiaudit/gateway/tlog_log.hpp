// SPDX-License-Identifier: MIT
//
// tlog_log.hpp: a ledger as c2sp.org/tlog-tiles serves it: tiles of the hashes that it stores, and
// bundles of its records' canonical bytes.
//
// Threads: any number at once.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_TLOG_LOG_HPP
#define AIAUDIT_GATEWAY_TLOG_LOG_HPP

#include <aiaudit/basic_ledger.hpp>         // basic_ledger
#include <aiaudit/codec/record_codec.hpp>   // encode_record
#include <aiaudit/engine/ledger_share.hpp>  // ledger_share
#include <aiaudit/engine/log_reader.hpp>    // log_reader
#include <aiaudit/integrity/proof.hpp>      // consistency_proof
#include <aiaudit/integrity/tile.hpp>       // tile_place

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// What is asked of the log. Errors of all: those of reading.
struct tlog_log {
    std::function<result<compact_range>()> tree{};
    std::function<result<compact_range>(std::uint64_t size)> tree_of{};
    // The first record that is there still, from 1 on.
    std::function<result<std::uint64_t>()> first{};
    // Precondition: the tree has them. A tile has at most 8 KiB, a bundle 16 MiB; others by far.
    std::function<result<std::string>(tile_place)> hashes{};
    std::function<result<std::string>(tile_place)> entries{};
    std::function<result<std::vector<digest>>(std::uint64_t old_size, std::uint64_t size)> prove{};
};

template <class Log>
[[nodiscard]] result<std::string> tile_of(Log const& log, tile_place place) {
    std::string bytes;
    bytes.reserve(std::size_t{place.width} * 32);
    if (place.level == 0) {
        auto const leaves = log.leaves_of_group(place.index);
        if (!leaves) return leaves.error();
        if (leaves->size() < place.width) return fail(errc::not_found, "the tree has no such tile");
        for (unsigned at = 0; at < place.width; ++at) bytes += view_of((*leaves)[at].bytes);
        return bytes;
    }
    auto node = log.nodes();
    for (unsigned at = 0; at < place.width; ++at) {
        auto const hash = node(tile_height * place.level, (place.index << tile_height) + at);
        if (!hash) return hash.error();
        bytes += view_of(hash->bytes);
    }
    return bytes;
}

template <class Log>
[[nodiscard]] result<std::string> bundle_of(Log const& log, tile_place place) {
    std::string bundle;
    std::string room;
    unsigned count = 0;
    result<void> added{};
    auto const read =
        log.views(place.index * tile_width + 1, [&](sequence, record_view const& entry) {
            added = append_entry(bundle, encode_record(entry, room));
            return added.has_value() && ++count < place.width;
        });
    if (!read) return read.error();
    if (!added) return added.error();
    if (count < place.width) return fail(errc::not_found, "the log has no such records");
    return bundle;
}

// It keeps the log open.
template <class Ledger>
[[nodiscard]] tlog_log tlog_log_of(Ledger& of) {
    auto const held = std::make_shared<ledger_share<Ledger>>(of);
    tlog_log made;
    made.tree = [held] { return (*held)->log().tree(); };
    made.tree_of = [held](std::uint64_t size) { return (*held)->log().tree_of(size); };
    made.first = [held] { return (*held)->log().first(); };
    made.hashes = [held](tile_place place) { return tile_of((*held)->log(), place); };
    made.entries = [held](tile_place place) { return bundle_of((*held)->log(), place); };
    made.prove = [held](std::uint64_t old_size, std::uint64_t size) {
        return consistency_proof(old_size, size, (*held)->log().nodes());
    };
    return made;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_GATEWAY_TLOG_LOG_HPP
