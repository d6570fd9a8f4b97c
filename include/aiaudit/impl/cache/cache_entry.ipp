// SPDX-License-Identifier: MIT
//
// cache_entry.ipp: the definitions of cache_entry.hpp.
#ifndef AIAUDIT_IMPL_CACHE_CACHE_ENTRY_IPP
#define AIAUDIT_IMPL_CACHE_CACHE_ENTRY_IPP

#include <aiaudit/cache/cache_entry.hpp>
#include <aiaudit/config.hpp>         // AIAUDIT_INLINE
#include <aiaudit/detail/crc32c.hpp>  // the checksum

#include <algorithm>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::string encode_entry(cache_key const& key, cached_response const& answer,
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

AIAUDIT_INLINE std::optional<entry_head> open_entry(cache_key const& key,
                                                    std::string_view bytes) noexcept {
    byte_reader in(bytes);
    auto const checksum = in.little_endian<std::uint32_t>();
    if (!in.ok() || crc32c(in.rest()) != checksum) return std::nullopt;
    if (in.take(key.bytes.size()) != view_of(key.bytes)) return std::nullopt;
    timestamp const expires_at{in.little_endian<std::int64_t>()};
    if (!in.ok()) return std::nullopt;
    return entry_head{expires_at, in};
}

AIAUDIT_INLINE std::optional<cached_response> read_entry(byte_reader in) {
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

AIAUDIT_INLINE result<void> check_entry_bytes(std::uint64_t bytes, cache_options const& options) {
    auto const most = (std::min)(options.entry_bytes_max, options.bytes_max);
    if (bytes <= most) return {};
    return fail(errc::too_large, "an answer of " + std::to_string(bytes) +
                                     " bytes is not cached; the most is " + std::to_string(most));
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_CACHE_CACHE_ENTRY_IPP
