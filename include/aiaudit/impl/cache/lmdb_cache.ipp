// SPDX-License-Identifier: MIT
//
// lmdb_cache.ipp: the definitions of lmdb_cache.hpp.
#ifndef AIAUDIT_IMPL_CACHE_LMDB_CACHE_IPP
#define AIAUDIT_IMPL_CACHE_LMDB_CACHE_IPP

#include <aiaudit/cache/cache_directory.hpp>  // the directory
#include <aiaudit/cache/cache_entry.hpp>      // entries
#include <aiaudit/cache/lmdb_cache.hpp>
#include <aiaudit/config.hpp>  // AIAUDIT_INLINE

#include <algorithm>
#include <string>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Room for pages that are half full, and for values that leave half of a page empty; and then what
// is free between values of many sizes.
AIAUDIT_INLINE std::uint64_t cache_map_bytes(cache_options const& options) noexcept {
    if (options.map_bytes != 0) return options.map_bytes;
    constexpr std::uint64_t bytes_most = limits::map_bytes / 4;
    return fitting_map_bytes(4 * (std::min)(options.bytes_max, bytes_most) +
                             (std::uint64_t{64} << 20));
}

}  // namespace detail

AIAUDIT_INLINE result<lmdb_cache> lmdb_cache::open(cache_options const& options) {
    auto opened = std::make_unique<state>(options);
    if (options.path.empty()) return lmdb_cache(std::move(opened));
    auto const map_bytes = detail::cache_map_bytes(options);
    if (auto ok = detail::check_map_bytes(map_bytes); !ok) return ok.error();
    std::string path = options.path;
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    if (auto ok = detail::prepare_cache(path, map_bytes); !ok) return ok.error();
    auto claimed = detail::file_claim::of(path + "/" + detail::cache_marker_name);
    if (!claimed) return claimed.error();
    opened->marker = std::move(*claimed);
    auto alone = detail::process_lock::take(path + "/" + detail::cache_marker_name);
    if (!alone) return alone.error();
    opened->alone = std::move(*alone);
    auto const lock_file = path + "/" + detail::write_lock_name;
    if (auto ok = opened->lock.open(lock_file); !ok) return ok.error();
    detail::lmdb_settings how;
    how.map_bytes = map_bytes;
    opened->environment.emplace(path + "/" + detail::cache_entries_name, how, history);
    lmdb_cache cache(std::move(opened));
    if (auto const begun = cache.state_->environment->begin(false); !begun) {
        return cache.explained(begun.error());
    }
    return cache;
}

AIAUDIT_INLINE result<std::optional<cached_response>> lmdb_cache::get(cache_key const& key,
                                                                      timestamp now) const {
    std::optional<cached_response> const miss{};
    if (!state_) return moved_from();
    if (!state_->environment) return miss;
    auto const begun = state_->environment->begin(false);
    if (!begun) return explained(begun.error());
    detail::lmdb_read_view const view(&*begun);
    auto const bytes = view.get(detail::cache_tables::entries, detail::view_of(key.bytes));
    if (!bytes) return explained(bytes.error());
    if (!*bytes) return miss;
    auto const head = detail::open_entry(key, **bytes);
    if (head && now >= head->expires_at) return miss;
    auto answer = head ? detail::read_entry(head->rest) : miss;
    if (!answer) state_->damaged.fetch_add(1, std::memory_order_relaxed);
    return answer;
}

AIAUDIT_INLINE result<void> lmdb_cache::put(cache_key const& key, cached_response const& answer,
                                            timestamp now) {
    if (!state_) return moved_from();
    if (!state_->environment) return {};
    auto const& options = state_->options;
    auto const expires_at = detail::expiry_of(now, options.ttl);
    auto const bytes = detail::encode_entry(key, answer, now, expires_at);
    if (auto ok = detail::check_entry_bytes(detail::charged_bytes(bytes), options); !ok) return ok;
    auto const add = [&](detail::cache_tables& tables) -> result<void> {
        if (auto ok = tables.remove(key); !ok) return ok;
        auto const room = options.bytes_max - detail::charged_bytes(bytes);
        if (auto ok = tables.make_room(room, now); !ok) return ok;
        return tables.add(key, expires_at, bytes);
    };
    auto const added = write(add);
    if (added || added.error().code != errc::log_full) return added;
    // Dropping frees every page, but needs a few for itself.
    if (auto ok = state_->environment->grow_map(); !ok) return ok;
    if (auto ok = drop_all(); !ok) return ok;
    return write(add);
}

AIAUDIT_INLINE result<void> lmdb_cache::erase(cache_key const& key) {
    if (!state_) return moved_from();
    if (!state_->environment) return {};
    return write([&](detail::cache_tables& tables) -> result<void> {
        if (auto ok = tables.remove(key); !ok) return ok;
        return tables.keep_sums();
    });
}

AIAUDIT_INLINE result<cache_size> lmdb_cache::size() const {
    if (!state_) return moved_from();
    if (!state_->environment) return cache_size{};
    auto const begun = state_->environment->begin(false);
    if (!begun) return explained(begun.error());
    auto const sums = detail::read_cache_sums(detail::lmdb_read_view(&*begun));
    if (!sums) return explained(sums.error());
    return cache_size{sums->entries, sums->bytes, state_->damaged.load(std::memory_order_relaxed)};
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_CACHE_LMDB_CACHE_IPP
