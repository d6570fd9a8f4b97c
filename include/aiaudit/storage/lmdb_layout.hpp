// SPDX-License-Identifier: MIT
//
// lmdb_layout.hpp: the few bytes of LMDB's file format that must be checked before LMDB maps the
// file. LMDB believes the file: past the end of one that was cut short it dies of SIGBUS.
//
// Read with pread, never through a map. The layout is that of data version 1 (LMDB 0.9) on 64-bit
// little-endian machines, as mdb.c has it; the offsets are pinned by a test on a real file.
// Threads: functions without state. Another process may be writing: what was read is read again
// before anything is called corrupt.
// Floor 5.
#ifndef AIAUDIT_STORAGE_LMDB_LAYOUT_HPP
#define AIAUDIT_STORAGE_LMDB_LAYOUT_HPP

#include <aiaudit/error.hpp>              // result
#include <aiaudit/storage/lmdb_tree.hpp>  // the walk

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// One of the two meta pages at the head of the file. The one with the greater txnid holds.
struct lmdb_meta {
    static constexpr std::size_t bytes = 152;
    static constexpr std::uint32_t magic = 0xBEEFC0DE;
    static constexpr std::uint16_t meta_page_flag = 0x08;
    static constexpr std::uint32_t version_known = 1;

    std::uint32_t version = 0;
    std::uint32_t page_bytes = 0;
    std::uint64_t last_page = 0;
    std::uint64_t txnid = 0;
    // The trees of free pages and of the tables, as the page describes them.
    std::array<char, 2 * lmdb_tree_check::database_bytes> databases{};

    // Nothing where the bytes are not a meta page.
    [[nodiscard]] static std::optional<lmdb_meta> parse(char const* page) noexcept;
};

using lmdb_metas = std::array<lmdb_meta, 2>;

[[nodiscard]] result<void> check_lmdb_size(int descriptor, std::string const& path,
                                           bool always_walk = false);

// Walks what a transaction sees, which keeps its pages from being used again. False: its meta page
// holds another commit by now, so it must begin anew.
[[nodiscard]] result<bool> check_lmdb_snapshot(int descriptor, std::string const& path,
                                               std::uint64_t txnid);

// Whether a meta page is that of this commit.
[[nodiscard]] result<bool> has_lmdb_commit(int descriptor, std::string const& path,
                                           std::uint64_t txnid);

// Takes back a commit that was refused, but whose meta page is there: the page is made as old as it
// was before, durably. The caller holds LMDB's write lock, and is the only one who knows what the
// last commit is: the one before `txnid`.
[[nodiscard]] result<void> take_back_lmdb_commit(int descriptor, std::string const& path,
                                                 std::uint64_t txnid);

// always_walk: looks at every branch and leaf page, however long the file is.
[[nodiscard]] result<void> check_lmdb_file(std::string const& path, bool always_walk = false);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/storage/lmdb_layout.ipp>
#endif

#endif  // AIAUDIT_STORAGE_LMDB_LAYOUT_HPP
