// SPDX-License-Identifier: MIT
//
// cache_tables.hpp: the three tables of a cache in LMDB: entries by key, their places by expiry,
// and the sums of the places. They change together, in one transaction.
//
//     entries   KEY -> bytes of cache_entry.hpp
//     expiries  EXPIRES_AT KEY -> CHARGED_BYTES    in the order in which entries go
//     sums      "sums" -> ENTRIES BYTES CHECKSUM   of the expiries
//
// The tables are those of a ledger's segment, under its names. Nothing here is believed that is
// damaged: a place that leads to no entry is removed when its turn comes, an entry that has lost
// its place expires all the same, and sums that do not match their checksum are added up anew.
// Threads: belongs to the thread of its transaction.
// Floor 6.
#ifndef AIAUDIT_CACHE_CACHE_TABLES_HPP
#define AIAUDIT_CACHE_CACHE_TABLES_HPP

#include <aiaudit/cache/cache_entry.hpp>         // entries
#include <aiaudit/core/timestamp.hpp>            // timestamp
#include <aiaudit/detail/bytes.hpp>              // integers
#include <aiaudit/detail/crc32c.hpp>             // the checksum of the sums
#include <aiaudit/error.hpp>                     // result
#include <aiaudit/storage/lmdb_environment.hpp>  // transactions
#include <aiaudit/storage/lmdb_views.hpp>        // tables
#include <aiaudit/storage/store.hpp>             // table

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

struct cache_sums {
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
};

class cache_tables {
public:
    static constexpr table entries = table::blocks;
    static constexpr table expiries = table::snapshots;
    static constexpr table sums = table::meta;
    static constexpr std::string_view sums_key = "sums";

    explicit cache_tables(lmdb_transaction& transaction) noexcept
        : transaction_(&transaction), view_(&transaction) {}

    // The entry and its place, where they are.
    [[nodiscard]] result<void> remove(cache_key const& key);
    // Removes what expires first until the rest is within `bytes`, and a few that have expired.
    [[nodiscard]] result<void> make_room(std::uint64_t bytes, timestamp now);
    // Of a key that is not there.
    [[nodiscard]] result<void> add(cache_key const& key, timestamp expires_at,
                                   std::string_view bytes);
    [[nodiscard]] result<void> keep_sums();
    [[nodiscard]] result<void> drop_all();

private:
    [[nodiscard]] result<void> load_sums();
    [[nodiscard]] result<void> remove_place(std::string_view place);
    [[nodiscard]] result<void> remove_first(std::string const& place);

    lmdb_transaction* transaction_;
    lmdb_write_view view_;
    std::optional<cache_sums> sums_{};  // none: not read yet
    bool sums_changed_ = false;
};

// Big-endian, so that the bytes sort as the instants do.
[[nodiscard]] std::string place_of(cache_key const& key, timestamp expires_at);
inline constexpr std::size_t place_time_bytes = 8;
inline constexpr std::size_t place_bytes = place_time_bytes + sizeof(cache_key::bytes);

[[nodiscard]] inline std::uint64_t bytes_at_place(std::string_view value) noexcept {
    return byte_reader(value).little_endian<std::uint64_t>();
}

[[nodiscard]] result<cache_sums> read_cache_sums(lmdb_read_view const& view);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/cache/cache_tables.ipp>
#endif

#endif  // AIAUDIT_CACHE_CACHE_TABLES_HPP
