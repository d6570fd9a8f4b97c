// SPDX-License-Identifier: MIT
//
// lmdb_cache.hpp: the cache that lasts and is shared by processes: a directory with an LMDB
// environment, held as a ledger's segments are (storage/lmdb_environment.hpp).
//
// A get only reads: it takes no lock that a put holds. A put is one durable transaction, so it
// takes what the disk takes, some milliseconds; whoever is to wait for an answer need not wait for
// it. A crash leaves all of a put or none.
// Damage that LMDB's own pages show makes open answer errc::corrupt. It can be deleted at any time
// that no process has it open, and the errors that only this helps against say so.
// Threads: and processes, as cache_policy says. Not on network file systems.
// Floor 6.
#ifndef AIAUDIT_CACHE_LMDB_CACHE_HPP
#define AIAUDIT_CACHE_LMDB_CACHE_HPP

#include <aiaudit/cache/cache_directory.hpp>     // the directory
#include <aiaudit/cache/cache_entry.hpp>         // entries
#include <aiaudit/cache/cache_tables.hpp>        // what they are kept in
#include <aiaudit/cache/response_cache.hpp>      // the promise
#include <aiaudit/storage/lmdb_environment.hpp>  // LMDB
#include <aiaudit/storage/lmdb_views.hpp>        // its tables
#include <aiaudit/storage/process_lock.hpp>      // one opening a process
#include <aiaudit/storage/write_lock.hpp>        // one writer at a time

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {

class lmdb_cache {
public:
    // Errors: not_a_ledger (the directory holds something else; nothing was touched), newer_format,
    // not_found (its parent), read_only, already_open, unsafe_file_system, disk_full, corrupt,
    // storage_failed, bad_argument.
    [[nodiscard]] static result<lmdb_cache> open(cache_options const& options);

    [[nodiscard]] result<std::optional<cached_response>> get(cache_key const& key,
                                                             timestamp now) const;
    // Where the map is full although the entries are within bytes_max, all entries are dropped.
    result<void> put(cache_key const& key, cached_response const& answer, timestamp now);
    result<void> erase(cache_key const& key);
    result<void> clear();
    [[nodiscard]] result<cache_size> size() const;

private:
    struct state {
        explicit state(cache_options how) : options(std::move(how)) {}

        cache_options const options;
        detail::file_claim marker{};
        detail::process_lock alone{};
        detail::write_lock lock{};
        std::optional<detail::lmdb_environment> environment{};  // none: nothing is kept
        std::atomic<std::uint64_t> damaged = 0;
    };
    explicit lmdb_cache(std::unique_ptr<state> opened) noexcept : state_(std::move(opened)) {}
    [[nodiscard]] static error moved_from() {
        return fail(errc::closed, "the cache was moved from");
    }
    [[nodiscard]] error explained(error failed) const {
        if (failed.code == errc::corrupt) failed.where += " (the cache can be deleted)";
        return failed;
    }
    template <class Body>
    result<void> write(Body body);
    result<void> drop_all();

    std::unique_ptr<state> state_;  // none: moved from
};

namespace detail {

// Room for pages that are half full, and for values that leave half of a page empty; and then what
// is free between values of many sizes.
[[nodiscard]] inline std::uint64_t cache_map_bytes(cache_options const& options) noexcept {
    if (options.map_bytes != 0) return options.map_bytes;
    constexpr std::uint64_t bytes_most = limits::map_bytes / 4;
    return fitting_map_bytes(4 * (std::min)(options.bytes_max, bytes_most) +
                             (std::uint64_t{64} << 20));
}

}  // namespace detail

inline result<lmdb_cache> lmdb_cache::open(cache_options const& options) {
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

inline result<std::optional<cached_response>> lmdb_cache::get(cache_key const& key,
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

// body(tables): result<void>, in one transaction.
template <class Body>
result<void> lmdb_cache::write(Body body) {
    auto& environment = *state_->environment;
    // Before a mutex is locked, which another thread may have held when this process was forked.
    if (state_->marker.forked()) {
        return fail(errc::closed, state_->options.path + ": was opened before this process forked");
    }
    auto const turn = state_->lock.wait_for_turn();
    if (!turn) return turn.error();
    auto begun = environment.begin(true);
    if (!begun) return explained(begun.error());
    detail::cache_tables tables(*begun);
    if (result<void> done = body(tables); !done) return explained(done.error());
    if (auto done = begun->commit(); !done) return explained(done.error());
    return {};
}

inline result<void> lmdb_cache::drop_all() {
    return write([](detail::cache_tables& tables) { return tables.drop_all(); });
}

inline result<void> lmdb_cache::put(cache_key const& key, cached_response const& answer,
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

inline result<void> lmdb_cache::erase(cache_key const& key) {
    if (!state_) return moved_from();
    if (!state_->environment) return {};
    return write([&](detail::cache_tables& tables) -> result<void> {
        if (auto ok = tables.remove(key); !ok) return ok;
        return tables.keep_sums();
    });
}

inline result<void> lmdb_cache::clear() {
    if (!state_) return moved_from();
    if (!state_->environment) return {};
    return drop_all();
}

inline result<cache_size> lmdb_cache::size() const {
    if (!state_) return moved_from();
    if (!state_->environment) return cache_size{};
    auto const begun = state_->environment->begin(false);
    if (!begun) return explained(begun.error());
    auto const sums = detail::read_cache_sums(detail::lmdb_read_view(&*begun));
    if (!sums) return explained(sums.error());
    return cache_size{sums->entries, sums->bytes, state_->damaged.load(std::memory_order_relaxed)};
}

static_assert(cache_policy<lmdb_cache>);

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_CACHE_LMDB_CACHE_HPP
