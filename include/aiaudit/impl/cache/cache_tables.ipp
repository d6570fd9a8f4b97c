// SPDX-License-Identifier: MIT
//
// cache_tables.ipp: the definitions of cache_tables.hpp.
#ifndef AIAUDIT_IMPL_CACHE_CACHE_TABLES_IPP
#define AIAUDIT_IMPL_CACHE_CACHE_TABLES_IPP

#include <aiaudit/cache/cache_tables.hpp>
#include <aiaudit/config.hpp>  // AIAUDIT_INLINE

#include <lmdb.h>

#include <algorithm>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::string place_of(cache_key const& key, timestamp expires_at) {
    auto const order = static_cast<std::uint64_t>(expires_at.ns) ^ (std::uint64_t{1} << 63);
    std::string place;
    for (int shift = 56; shift >= 0; shift -= 8) {
        place.push_back(static_cast<char>(static_cast<std::uint8_t>(order >> shift)));
    }
    return place.append(view_of(key.bytes));
}

AIAUDIT_INLINE result<cache_sums> read_cache_sums(lmdb_read_view const& view) {
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

AIAUDIT_INLINE result<void> cache_tables::load_sums() {
    if (sums_) return {};
    auto const read = read_cache_sums(view_);
    if (!read) return read.error();
    sums_ = *read;
    return {};
}

AIAUDIT_INLINE result<void> cache_tables::keep_sums() {
    if (!sums_changed_) return {};
    std::string value;
    append_little_endian(value, sums_->entries);
    append_little_endian(value, sums_->bytes);
    append_little_endian(value, crc32c(value));
    return view_.replace(sums, sums_key, value);
}

// Sums count places, so this is where they become less.
AIAUDIT_INLINE result<void> cache_tables::remove_place(std::string_view place) {
    if (auto ok = load_sums(); !ok) return ok;
    auto const found = view_.get(expiries, place);
    if (!found) return found.error();
    if (!*found) return {};
    sums_->bytes -= (std::min)(sums_->bytes, bytes_at_place(**found));
    sums_->entries -= std::min<std::uint64_t>(sums_->entries, 1);
    sums_changed_ = true;
    return view_.erase(expiries, place);
}

AIAUDIT_INLINE result<void> cache_tables::remove(cache_key const& key) {
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
AIAUDIT_INLINE result<void> cache_tables::remove_first(std::string const& place) {
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

AIAUDIT_INLINE result<void> cache_tables::make_room(std::uint64_t bytes, timestamp now) {
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

AIAUDIT_INLINE result<void> cache_tables::add(cache_key const& key, timestamp expires_at,
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

AIAUDIT_INLINE result<void> cache_tables::drop_all() {
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

#endif  // AIAUDIT_IMPL_CACHE_CACHE_TABLES_IPP
