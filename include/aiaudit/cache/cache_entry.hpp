// SPDX-License-Identifier: MIT
//
// cache_entry.hpp: an answer to the bytes that a cache keeps, and back.
//
// The bytes begin with a checksum over all that follows, and the key is among that: bytes that
// were damaged, or stand under another key, decode to nothing.
// Threads: plain functions.
// Floor 6.
#ifndef AIAUDIT_CACHE_CACHE_ENTRY_HPP
#define AIAUDIT_CACHE_CACHE_ENTRY_HPP

#include <aiaudit/cache/response_cache.hpp>  // cached_response
#include <aiaudit/detail/bytes.hpp>          // varints

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// The end of time at the latest.
[[nodiscard]] constexpr timestamp expiry_of(timestamp stored_at,
                                            std::chrono::seconds ttl) noexcept {
    std::int64_t ns = 0;
    bool const later =
        __builtin_mul_overflow(std::int64_t{ttl.count()}, nanoseconds_per_second, &ns) ||
        __builtin_add_overflow(ns, stored_at.ns, &ns);
    return {later ? (std::numeric_limits<std::int64_t>::max)() : ns};
}

// What an entry takes, with its place in a table of expiries: what bytes_max counts.
inline constexpr std::size_t cache_entry_overhead = 96;
[[nodiscard]] constexpr std::uint64_t charged_bytes(std::string_view entry) noexcept {
    return entry.size() + cache_entry_overhead;
}

// CHECKSUM KEY EXPIRES_AT STORED_AT STATUS COST, then texts, then the body to the end.
[[nodiscard]] std::string encode_entry(cache_key const& key, cached_response const& answer,
                                       timestamp stored_at, timestamp expires_at);

// Of an entry, what one must know to decide whether to read on.
struct entry_head {
    timestamp expires_at{};
    byte_reader rest;
};

// Nothing where the bytes are not what was stored under that key.
[[nodiscard]] std::optional<entry_head> open_entry(cache_key const& key,
                                                   std::string_view bytes) noexcept;

[[nodiscard]] std::optional<cached_response> read_entry(byte_reader in);

[[nodiscard]] result<void> check_entry_bytes(std::uint64_t bytes, cache_options const& options);

// How many expired entries a put removes beside what it must to make room.
inline constexpr int expired_removed_at_once = 16;

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/cache/cache_entry.ipp>
#endif

#endif  // AIAUDIT_CACHE_CACHE_ENTRY_HPP
