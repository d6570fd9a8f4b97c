// SPDX-License-Identifier: MIT
//
// memory_cache.ipp: the definitions of memory_cache.hpp.
#ifndef AIAUDIT_IMPL_CACHE_MEMORY_CACHE_IPP
#define AIAUDIT_IMPL_CACHE_MEMORY_CACHE_IPP

#include <aiaudit/cache/memory_cache.hpp>
#include <aiaudit/config.hpp>  // AIAUDIT_INLINE

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE void memory_cache::state::remove(cache_key const& key) {
    auto const found = entries.find(key);
    if (found == entries.end()) return;
    bytes -= detail::charged_bytes(*found->second.bytes);
    expiries.erase({found->second.expires_at, key});
    entries.erase(found);
}

AIAUDIT_INLINE result<std::optional<cached_response>> memory_cache::get(cache_key const& key,
                                                                        timestamp now) const {
    if (!state_) return moved_from();
    std::shared_ptr<std::string const> bytes;
    {
        std::scoped_lock const lock(state_->mutex);
        auto const found = state_->entries.find(key);
        if (found == state_->entries.end() || now >= found->second.expires_at) {
            return std::optional<cached_response>{};
        }
        bytes = found->second.bytes;
    }
    if (auto const head = detail::open_entry(key, *bytes)) return detail::read_entry(head->rest);
    std::scoped_lock const lock(state_->mutex);
    ++state_->damaged;
    return std::optional<cached_response>{};
}

AIAUDIT_INLINE result<void> memory_cache::put(cache_key const& key, cached_response const& answer,
                                              timestamp now) {
    if (!state_) return moved_from();
    auto& in = *state_;
    auto const expires_at = detail::expiry_of(now, in.options.ttl);
    auto bytes =
        std::make_shared<std::string const>(detail::encode_entry(key, answer, now, expires_at));
    auto const charged = detail::charged_bytes(*bytes);
    if (auto ok = detail::check_entry_bytes(charged, in.options); !ok) return ok;
    std::scoped_lock const lock(in.mutex);
    in.remove(key);
    for (int removed = 0; !in.expiries.empty(); ++removed) {
        auto const first = *in.expiries.begin();
        bool const expired = first.first <= now && removed < detail::expired_removed_at_once;
        if (!expired && in.bytes + charged <= in.options.bytes_max) break;
        in.remove(first.second);
    }
    in.expiries.emplace(expires_at, key);
    in.entries[key] = {expires_at, std::move(bytes)};
    in.bytes += charged;
    return {};
}

AIAUDIT_INLINE result<void> memory_cache::erase(cache_key const& key) {
    if (!state_) return moved_from();
    std::scoped_lock const lock(state_->mutex);
    state_->remove(key);
    return {};
}

AIAUDIT_INLINE result<void> memory_cache::clear() {
    if (!state_) return moved_from();
    std::scoped_lock const lock(state_->mutex);
    state_->entries.clear();
    state_->expiries.clear();
    state_->bytes = 0;
    return {};
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_CACHE_MEMORY_CACHE_IPP
