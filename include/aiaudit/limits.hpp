// SPDX-License-Identifier: MIT
//
// limits.hpp: every maximum, with its reason.
//
// A limit that a user may want to move is an option that defaults to the value here.
// Threads: constants.
// Floor 1.
#ifndef AIAUDIT_LIMITS_HPP
#define AIAUDIT_LIMITS_HPP

#include <cstddef>
#include <cstdint>

namespace aiaudit {
inline namespace v0_1_0 {
namespace limits {

// The longest encoding of a record: what an entry of a tiled log may have (C2SP tlog-tiles), which
// has its length in 16 bits.
inline constexpr std::size_t record_bytes = 65'535;

// The longest key of a table. LMDB takes 511 bytes; short keys keep many on a page, and the
// longest that the engine makes (a tile: level, index, width) is under half of this.
inline constexpr std::size_t storage_key_bytes = 64;

// The largest value of a table. LMDB takes 4 GiB, but holds a whole value in memory until it is
// committed; a snapshot of the largest ledger that fits the memory bound is well under this.
inline constexpr std::uint64_t storage_value_bytes = std::uint64_t{256} << 20;

// Address space that one segment reserves, and so the most it can hold. It is not allocated:
// neither memory nor disk is used before there is data. 16 times what a segment is meant to
// reach, so that a map is never resized under way; and 1/2048 of the address space of x86-64.
inline constexpr std::uint64_t map_bytes = std::uint64_t{64} << 30;

// The least that is chosen where address space is short (RLIMIT_AS, an emulator): several times
// what one transaction takes. A segment that is full is followed by the next.
inline constexpr std::uint64_t map_bytes_chosen_least = std::uint64_t{64} << 20;

// The smallest map worth opening: a fresh segment takes some pages, one transaction some more.
inline constexpr std::uint64_t map_bytes_least = std::uint64_t{1} << 20;

// Named tables in one environment: four today; LMDB searches them one after the other.
inline constexpr unsigned storage_tables = 8;

// Read transactions at one time, over all processes: 64 bytes each in the lock file. LMDB's own
// 126 are too few for a busy service beside its command-line tools.
inline constexpr unsigned storage_readers = 1024;

// How often a writer looks for readers that died, whose snapshots would pin freed pages.
inline constexpr std::int64_t storage_reader_check_seconds = 30;

// Segments of a ledger. Their number shares 64 bits with that of a transaction, which takes 40: at
// a thousand commits a second that lasts for 34 years in one segment.
inline constexpr std::uint32_t storage_segments = (std::uint32_t{1} << 24) - 1;

// What sealing a segment may take of a map that is otherwise full: the path to one entry in its
// table, in that of the tables and in that of free pages, and what these lists grow by.
inline constexpr std::uint64_t storage_seal_bytes = std::uint64_t{256} << 10;

// Segments before the newest that are kept open at one time: three descriptors and a map each.
inline constexpr std::size_t storage_old_segments_open = 8;

// Read transactions of one segment that wait to be used again, each with its place among
// storage_readers. More readers at once are served, at the cost of a new one each.
inline constexpr std::size_t storage_idle_readers = 16;

// How long a segment that must be mapped or opened anew waits for this process's transactions on
// it to end. A body that waits for the very thread that waits here would otherwise stop both.
inline constexpr std::int64_t storage_wait_seconds = 5;

// Free bytes below which a disk is called full before a write has failed: some times what a commit
// of one record takes.
inline constexpr std::uint64_t storage_room_least = std::uint64_t{256} << 10;

// How long the file that marks a ledger may be: it has a few lines.
inline constexpr std::size_t storage_marker_bytes = 4096;

// The most leaves of a tree: what a signed 64-bit integer holds, because that is what other
// programs read the size of a checkpoint into.
inline constexpr std::uint64_t tree_size = (std::uint64_t{1} << 63) - 1;

// The longest note. Ours have some 200 bytes; 16 post-quantum signatures of witnesses, which must
// be let pass, have 80 KiB.
inline constexpr std::size_t note_bytes = std::size_t{256} << 10;

// The most signatures of a note: the standard demands 16; each costs a look through the keys.
inline constexpr std::size_t note_signatures = 64;

// The largest body that is no stream. It is held whole, because JSON cannot be read before its end;
// an answer with several generated images is some tens of MiB.
inline constexpr std::size_t response_bytes = std::size_t{128} << 20;

// Nesting of JSON that is followed. Tool schemas reach some 40 levels (Boost.JSON's own limit is
// 32); a stack frame for each level of 256 is well within any thread's stack.
inline constexpr std::size_t json_depth = 256;

// Output that an attempt is assumed to have at the most where nothing else is known: what the
// largest models of today may write in one answer.
inline constexpr std::uint64_t output_tokens = 128'000;

// The longest proof file: a record of 12 MB in base64, far over any that a call makes.
inline constexpr std::size_t proof_file_bytes = std::size_t{16} << 20;

}  // namespace limits
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_LIMITS_HPP
