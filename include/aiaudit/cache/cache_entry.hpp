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
#include <aiaudit/detail/crc32c.hpp>         // the checksum

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

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
[[nodiscard]] inline std::string encode_entry(cache_key const& key, cached_response const& answer,
                                              timestamp stored_at, timestamp expires_at) {
    std::string out;
    out.reserve(256 + answer.body.size());
    append_little_endian(out, std::uint32_t{0});
    out.append(view_of(key.bytes));
    append_little_endian(out, expires_at.ns);
    append_little_endian(out, stored_at.ns);
    append_varint(out, zigzag(answer.status));
    append_varint128(out, answer.cost.pico());
    auto const text = [&out](std::string_view bytes) { append_text(out, bytes); };
    text(answer.content_type);
    text(answer.paid_by);
    append_varint(out, answer.headers.size());
    for (auto const& [name, value] : answer.headers) {
        text(name);
        text(value);
    }
    out.append(answer.body);
    store_little_endian(out.data(), crc32c(std::string_view(out).substr(sizeof(std::uint32_t))));
    return out;
}

// Of an entry, what one must know to decide whether to read on.
struct entry_head {
    timestamp expires_at{};
    byte_reader rest;
};

// Nothing where the bytes are not what was stored under that key.
[[nodiscard]] inline std::optional<entry_head> open_entry(cache_key const& key,
                                                          std::string_view bytes) noexcept {
    byte_reader in(bytes);
    auto const checksum = in.little_endian<std::uint32_t>();
    if (!in.ok() || crc32c(in.rest()) != checksum) return std::nullopt;
    if (in.take(key.bytes.size()) != view_of(key.bytes)) return std::nullopt;
    timestamp const expires_at{in.little_endian<std::int64_t>()};
    if (!in.ok()) return std::nullopt;
    return entry_head{expires_at, in};
}

[[nodiscard]] inline std::optional<cached_response> read_entry(byte_reader in) {
    auto const text = [&in] { return std::string(in.take(in.varint())); };
    cached_response answer;
    answer.stored_at.ns = in.little_endian<std::int64_t>();
    answer.status = static_cast<int>(unzigzag(in.varint()));
    answer.cost = money::from_pico(in.varint128());
    answer.content_type = text();
    answer.paid_by = text();
    auto const headers = in.varint();
    for (std::uint64_t i = 0; i < headers && in.ok(); ++i) {
        auto name = text();
        answer.headers.emplace_back(std::move(name), text());
    }
    if (!in.ok()) return std::nullopt;
    answer.body = in.rest();
    return answer;
}

[[nodiscard]] inline result<void> check_entry_bytes(std::uint64_t bytes,
                                                    cache_options const& options) {
    auto const most = (std::min)(options.entry_bytes_max, options.bytes_max);
    if (bytes <= most) return {};
    return fail(errc::too_large, "an answer of " + std::to_string(bytes) +
                                     " bytes is not cached; the most is " + std::to_string(most));
}

// How many expired entries a put removes beside what it must to make room.
inline constexpr int expired_removed_at_once = 16;

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_CACHE_CACHE_ENTRY_HPP
