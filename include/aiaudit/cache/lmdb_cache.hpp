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

#include <aiaudit/cache/cache_tables.hpp>        // what they are kept in
#include <aiaudit/cache/response_cache.hpp>      // the promise
#include <aiaudit/storage/lmdb_environment.hpp>  // LMDB
#include <aiaudit/storage/lmdb_views.hpp>        // its tables
#include <aiaudit/storage/process_lock.hpp>      // one opening a process
#include <aiaudit/storage/write_lock.hpp>        // one writer at a time

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
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

inline result<void> lmdb_cache::clear() {
    if (!state_) return moved_from();
    if (!state_->environment) return {};
    return drop_all();
}

static_assert(cache_policy<lmdb_cache>);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/cache/lmdb_cache.ipp>
#endif

#endif  // AIAUDIT_CACHE_LMDB_CACHE_HPP
