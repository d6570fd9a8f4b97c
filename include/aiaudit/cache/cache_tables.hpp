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

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <lmdb.h>

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
[[nodiscard]] inline std::string place_of(cache_key const& key, timestamp expires_at) {
    auto const order = static_cast<std::uint64_t>(expires_at.ns) ^ (std::uint64_t{1} << 63);
    std::string place;
    for (int shift = 56; shift >= 0; shift -= 8) {
        place.push_back(static_cast<char>(static_cast<std::uint8_t>(order >> shift)));
    }
    return place.append(view_of(key.bytes));
}
inline constexpr std::size_t place_time_bytes = 8;
inline constexpr std::size_t place_bytes = place_time_bytes + sizeof(cache_key::bytes);

[[nodiscard]] inline std::uint64_t bytes_at_place(std::string_view value) noexcept {
    return byte_reader(value).little_endian<std::uint64_t>();
}

[[nodiscard]] inline result<cache_sums> read_cache_sums(lmdb_read_view const& view) {
    auto const stored = view.get(cache_tables::sums, cache_tables::sums_key);
    if (!stored) return stored.error();
    cache_sums found;
    if (*stored) {
        byte_reader in(**stored);
        found.entries = in.little_endian<std::uint64_t>();
        found.bytes = in.little_endian<std::uint64_t>();
        auto const checksum = in.little_endian<std::uint32_t>();
        if (in.ok() && in.at_end() && crc32c((*stored)->substr(0, 16)) == checksum) return found;
    }
    found = {};
    auto const added = view.scan(cache_tables::expiries, {}, [&](auto, std::string_view value) {
        ++found.entries;
        found.bytes += bytes_at_place(value);
        return true;
    });
    if (!added) return added.error();
    return found;
}

inline result<void> cache_tables::load_sums() {
    if (sums_) return {};
    auto const read = read_cache_sums(view_);
    if (!read) return read.error();
    sums_ = *read;
    return {};
}

inline result<void> cache_tables::keep_sums() {
    if (!sums_changed_) return {};
    std::string value;
    append_little_endian(value, sums_->entries);
    append_little_endian(value, sums_->bytes);
    append_little_endian(value, crc32c(value));
    return view_.replace(sums, sums_key, value);
}

// Sums count places, so this is where they become less.
inline result<void> cache_tables::remove_place(std::string_view place) {
    if (auto ok = load_sums(); !ok) return ok;
    auto const found = view_.get(expiries, place);
    if (!found) return found.error();
    if (!*found) return {};
    sums_->bytes -= (std::min)(sums_->bytes, bytes_at_place(**found));
    sums_->entries -= std::min<std::uint64_t>(sums_->entries, 1);
    sums_changed_ = true;
    return view_.erase(expiries, place);
}

inline result<void> cache_tables::remove(cache_key const& key) {
    auto const name = view_of(key.bytes);
    auto const found = view_.get(entries, name);
    if (!found) return found.error();
    if (!*found) return {};
    // The place of one that is damaged stays, and leads to another entry or to none.
    if (auto const head = open_entry(key, **found)) {
        if (auto ok = remove_place(place_of(key, head->expires_at)); !ok) return ok;
    }
    return view_.erase(entries, name);
}

// What is at the first place, unless another place is its own.
inline result<void> cache_tables::remove_first(std::string const& place) {
    if (place.size() == place_bytes) {
        cache_key key;
        std::copy(place.begin() + place_time_bytes, place.end(), key.bytes.begin());
        auto const found = view_.get(entries, view_of(key.bytes));
        if (!found) return found.error();
        auto const head = *found ? open_entry(key, **found) : std::nullopt;
        bool const is_its_own = !head || place_of(key, head->expires_at) == place;
        if (*found && is_its_own) {
            if (auto ok = view_.erase(entries, view_of(key.bytes)); !ok) return ok;
        }
    }
    return remove_place(place);
}

inline result<void> cache_tables::make_room(std::uint64_t bytes, timestamp now) {
    if (auto ok = load_sums(); !ok) return ok;
    auto const end_of_past = place_of({}, {now.ns}).substr(0, place_time_bytes);
    for (int removed = 0;; ++removed) {
        std::string first;
        auto const looked = view_.scan(expiries, {}, [&](std::string_view place, auto) {
            first = place;
            return false;
        });
        if (!looked) return looked;
        if (first.empty()) return {};
        bool const expired = std::string_view(first).substr(0, place_time_bytes) <= end_of_past &&
                             removed < expired_removed_at_once;
        if (!expired && sums_->bytes <= bytes) return {};
        if (auto ok = remove_first(first); !ok) return ok;
    }
}

inline result<void> cache_tables::add(cache_key const& key, timestamp expires_at,
                                      std::string_view bytes) {
    if (auto ok = load_sums(); !ok) return ok;
    auto const place = place_of(key, expires_at);
    // One that is there is left from a damaged entry.
    if (auto ok = remove_place(place); !ok) return ok;
    auto const room = view_.reserve(entries, view_of(key.bytes), bytes.size());
    if (!room) return room.error();
    std::copy(bytes.begin(), bytes.end(), room->begin());
    std::string charged;
    append_little_endian(charged, charged_bytes(bytes));
    if (auto ok = view_.insert(expiries, place, charged); !ok) return ok;
    sums_->entries += 1;
    sums_->bytes += charged_bytes(bytes);
    sums_changed_ = true;
    return keep_sums();
}

inline result<void> cache_tables::drop_all() {
    for (auto const which : {entries, expiries, sums}) {
        int const code = ::mdb_drop(transaction_->get(), transaction_->table_handle(which), 0);
        if (code != 0) return transaction_->environment().failure(code, "drop");
    }
    sums_ = cache_sums{};
    return {};
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_CACHE_CACHE_TABLES_HPP
