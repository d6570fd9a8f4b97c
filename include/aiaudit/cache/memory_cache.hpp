// SPDX-License-Identifier: MIT
//
// memory_cache.hpp: a cache that is gone with its process.
//
// Threads: any. A forked child has a copy of its own.
// Floor 6.
#ifndef AIAUDIT_CACHE_MEMORY_CACHE_HPP
#define AIAUDIT_CACHE_MEMORY_CACHE_HPP

#include <aiaudit/cache/cache_entry.hpp>     // entries
#include <aiaudit/cache/response_cache.hpp>  // the promise

#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {

class memory_cache {
public:
    [[nodiscard]] static result<memory_cache> open(cache_options const& options) {
        return memory_cache(options);
    }
    [[nodiscard]] result<std::optional<cached_response>> get(cache_key const& key,
                                                             timestamp now) const;
    result<void> put(cache_key const& key, cached_response const& answer, timestamp now);
    result<void> erase(cache_key const& key);
    result<void> clear();
    [[nodiscard]] result<cache_size> size() const;

private:
    struct hash {
        std::size_t operator()(cache_key const& key) const noexcept {
            std::size_t value = 0;
            std::memcpy(&value, key.bytes.data(), sizeof value);  // it is a hash
            return value;
        }
    };
    struct entry {
        timestamp expires_at{};
        std::shared_ptr<std::string const> bytes{};  // shared with who reads it meanwhile
    };
    struct state {
        explicit state(cache_options const& how) : options(how) {}
        void remove(cache_key const& key);

        cache_options const options;
        std::mutex mutex{};  // protects the rest
        std::unordered_map<cache_key, entry, hash> entries{};
        std::set<std::pair<timestamp, cache_key>> expiries{};
        std::uint64_t bytes = 0;
        std::uint64_t damaged = 0;
    };
    explicit memory_cache(cache_options const& options)
        : state_(std::make_unique<state>(options)) {}
    [[nodiscard]] static error moved_from() {
        return fail(errc::closed, "the cache was moved from");
    }

    std::unique_ptr<state> state_;  // none: moved from
};

inline void memory_cache::state::remove(cache_key const& key) {
    auto const found = entries.find(key);
    if (found == entries.end()) return;
    bytes -= detail::charged_bytes(*found->second.bytes);
    expiries.erase({found->second.expires_at, key});
    entries.erase(found);
}

inline result<std::optional<cached_response>> memory_cache::get(cache_key const& key,
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

inline result<void> memory_cache::put(cache_key const& key, cached_response const& answer,
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

inline result<void> memory_cache::erase(cache_key const& key) {
    if (!state_) return moved_from();
    std::scoped_lock const lock(state_->mutex);
    state_->remove(key);
    return {};
}

inline result<void> memory_cache::clear() {
    if (!state_) return moved_from();
    std::scoped_lock const lock(state_->mutex);
    state_->entries.clear();
    state_->expiries.clear();
    state_->bytes = 0;
    return {};
}

inline result<cache_size> memory_cache::size() const {
    if (!state_) return moved_from();
    std::scoped_lock const lock(state_->mutex);
    return cache_size{state_->entries.size(), state_->bytes, state_->damaged};
}

static_assert(cache_policy<memory_cache>);

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_CACHE_MEMORY_CACHE_HPP
