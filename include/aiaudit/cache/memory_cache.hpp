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

inline result<cache_size> memory_cache::size() const {
    if (!state_) return moved_from();
    std::scoped_lock const lock(state_->mutex);
    return cache_size{state_->entries.size(), state_->bytes, state_->damaged};
}

static_assert(cache_policy<memory_cache>);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/cache/memory_cache.ipp>
#endif

#endif  // AIAUDIT_CACHE_MEMORY_CACHE_HPP
