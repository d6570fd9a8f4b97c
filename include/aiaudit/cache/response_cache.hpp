// SPDX-License-Identifier: MIT
//
// response_cache.hpp: what a client asks of its cache of answers, and an answer as it is kept.
//
// Models: lmdb_cache (lmdb_cache.hpp), which lasts and is shared by processes, memory_cache
// (memory_cache.hpp), and no_cache. A fourth one is right when it passes
// tests/engine/support/cache_conformance.hpp.
// Threads: plain values; see cache_policy for those of a cache.
// Floor 6.
#ifndef AIAUDIT_CACHE_RESPONSE_CACHE_HPP
#define AIAUDIT_CACHE_RESPONSE_CACHE_HPP

#include <aiaudit/core/digest.hpp>     // cache_key
#include <aiaudit/core/http.hpp>       // header_list
#include <aiaudit/core/money.hpp>      // money
#include <aiaudit/core/timestamp.hpp>  // timestamp
#include <aiaudit/error.hpp>           // result

#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>

namespace aiaudit {
inline namespace v0_1_0 {

// Of a request and of who may share its answer: key_of in cache_key.hpp makes it.
using cache_key = digest;

// An answer that was paid for once.
struct cached_response {
    int status = 200;
    std::string content_type{};
    header_list headers{};  // those that reading its usage takes, none that hold secrets
    std::string body{};
    money cost{};           // what it cost then
    std::string paid_by{};  // the operation_id, or the sequence, of the record that says so
    timestamp stored_at{};  // set by put

    friend bool operator==(cached_response const&, cached_response const&) = default;
};

// Whose questions may be answered with an answer that was paid for. An answer may hold what its
// asker alone may know, so the default shares none.
enum class cache_scope : std::uint8_t { per_user = 0, per_project = 1, everyone = 2 };

// A cache that keeps nothing on disk ignores `path` and `map_bytes`.
struct cache_options {
    // A directory of its own; its parent must exist. Empty: nothing is kept, every get is a miss.
    std::string path{};
    // How long an answer is given again; of those that are put from now on.
    std::chrono::seconds ttl{86'400};
    // Of all entries, with all that is kept of them; the file is larger by what its pages leave
    // free, seldom more than twice that.
    std::uint64_t bytes_max = std::uint64_t{256} << 20;
    std::uint64_t entry_bytes_max = std::uint64_t{8} << 20;
    // Address space, as in store_options. 0: what bytes_max takes at the worst.
    std::uint64_t map_bytes = 0;
};

struct cache_size {
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;    // as bytes_max counts
    std::uint64_t damaged = 0;  // entries that this object met and did not believe, since it opened
};

// Answers that were paid for, to be given again. Losing all of them loses money, never truth: the
// ledger says what was asked and paid. So an error of a cache never fails a call: the caller shows
// it and goes on as after a miss.
//
//   Cache::open(options)   Opens or makes one. Errors: bad_argument, and those of its storage.
//   get(key, now)          The answer, or nothing: a miss. An answer that was put at t is given
//                          while now < t + ttl, so the caller's clock decides. What does not match
//                          its checksum (a torn page, a flipped bit) is a miss and counted in
//                          size().damaged: never another answer than was put under that key.
//   put(key, answer, now)  Keeps it, instead of any before, until it expires or its room is needed:
//                          what expires first goes first. What has expired is removed by puts, a
//                          few entries each. too_large: over entry_bytes_max or bytes_max; nothing
//                          was changed. Entries never measure more than bytes_max, at no time.
//   erase(key), clear()    It is, or they all are, not given again.
//   size()                 What is kept, expired entries that are still there included.
//
// Threads: every member from any thread at any time; open, moves and destruction are the usual
// exception. Processes: several may use one that is on disk; in one process it is opened once
// (already_open). After fork() the child's copy of one on disk answers errc::closed, and the child
// may open its own. A moved-from cache answers errc::closed.
template <class Cache>
concept cache_policy = std::movable<Cache> &&
    requires(Cache& cache, Cache const& reader, cache_options const& options, cache_key const& key,
             cached_response const& answer, timestamp now) {
    { Cache::open(options) } -> std::same_as<result<Cache>>;
    { reader.get(key, now) } -> std::same_as<result<std::optional<cached_response>>>;
    { cache.put(key, answer, now) } -> std::same_as<result<void>>;
    { cache.erase(key) } -> std::same_as<result<void>>;
    { cache.clear() } -> std::same_as<result<void>>;
    { reader.size() } -> std::same_as<result<cache_size>>;
};

// Keeps nothing: every get is a miss.
struct no_cache {
    [[nodiscard]] static result<no_cache> open(cache_options const&) { return no_cache{}; }
    [[nodiscard]] result<std::optional<cached_response>> get(cache_key const&, timestamp) const {
        return std::optional<cached_response>{};
    }
    result<void> put(cache_key const&, cached_response const&, timestamp) { return {}; }
    result<void> erase(cache_key const&) { return {}; }
    result<void> clear() { return {}; }
    [[nodiscard]] result<cache_size> size() const { return cache_size{}; }
};
static_assert(cache_policy<no_cache>);

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_CACHE_RESPONSE_CACHE_HPP
