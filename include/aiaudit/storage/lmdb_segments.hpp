// SPDX-License-Identifier: MIT
//
// lmdb_segments.hpp: the segments of one ledger directory, as one process has them open.
//
// The newest is found by looking: a transaction on the segment that this process believes newest
// sees whether it is sealed, and then moves on to the next. So no process needs to be told.
// Older ones are opened when they are asked for, and the least recently used closed.
// Threads: any, as its store allows.
// Floor 5.
#ifndef AIAUDIT_STORAGE_LMDB_SEGMENTS_HPP
#define AIAUDIT_STORAGE_LMDB_SEGMENTS_HPP

#include <aiaudit/error.hpp>                     // result
#include <aiaudit/limits.hpp>                    // how many are kept open
#include <aiaudit/storage/file_watch.hpp>        // file_watch
#include <aiaudit/storage/ledger_directory.hpp>  // names, making, dropping
#include <aiaudit/storage/lmdb_environment.hpp>  // LMDB
#include <aiaudit/storage/lmdb_registry.hpp>     // one opening a process
#include <aiaudit/storage/process_lock.hpp>      // one opening a process
#include <aiaudit/storage/store.hpp>             // store_options
#include <aiaudit/storage/write_lock.hpp>        // one writer at a time

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class lmdb_segments {
public:
    [[nodiscard]] static result<std::unique_ptr<lmdb_segments>> open(store_options const& options);

    // Held around each transaction that writes.
    [[nodiscard]] result<write_lock::turn> wait_for_turn() {
        if (auto ok = check_writable(); !ok) return ok.error();
        if (auto ok = check_not_forked(); !ok) return ok.error();
        if (auto ok = check_files(look::now_and_then); !ok) return ok.error();
        return write_lock_.wait_for_turn();
    }
    // A transaction on the newest segment. A writer's stays the newest: it is nobody else's turn.
    [[nodiscard]] result<lmdb_transaction> begin_newest(bool writing);
    // One that can be sealed, be its map full.
    [[nodiscard]] result<lmdb_transaction> begin_sealing();
    // One that reads any segment, or the history; none: there is no history yet.
    [[nodiscard]] result<std::optional<lmdb_transaction>> begin_read(segment_number number);
    [[nodiscard]] result<lmdb_transaction> begin_write_history();
    // Makes the segment after the one that `old` writes; old seals its own then. fill(transaction):
    // result<void> enters what the new one begins with.
    template <class Fill>
    result<void> make_next(lmdb_transaction const& old, Fill fill);
    [[nodiscard]] result<void> drop_oldest(segment_number number);

    // Whether a writer would find the files in their place, and room.
    [[nodiscard]] result<void> probe();
    // To be asked after a commit, before anybody is told of it: whether the file that it went into
    // is the one at its path. What is not of the transaction's own segment is looked at now and
    // then; without a transaction at once, for one that sealed its segment, which others may have
    // dropped since.
    [[nodiscard]] result<void> check_commit(lmdb_transaction const& committed) {
        return check_files(committed, look::after_commit);
    }
    [[nodiscard]] result<void> check_commit() { return check_files(look::always); }

    [[nodiscard]] result<segment_range> range();
    [[nodiscard]] std::uint64_t generation() noexcept;
    [[nodiscard]] std::uint64_t bytes_on_disk();
    [[nodiscard]] std::uint64_t bytes_on_disk(segment_number number) const;

private:
    explicit lmdb_segments(store_options const& options)
        : settings_{chosen_map_bytes(options.map_bytes), options.read_only, false} {}
    enum class look : std::uint8_t { always, after_commit, now_and_then };

    [[nodiscard]] result<void> watch_files(std::string const& ledger);
    [[nodiscard]] result<void> check_files(look when);
    [[nodiscard]] result<void> check_files(lmdb_transaction const& on, look when);
    [[nodiscard]] result<void> find_newest();
    [[nodiscard]] result<bool> is_sealed(segment_number number);
    [[nodiscard]] result<void> move_on(lmdb_environment const& from);
    [[nodiscard]] lmdb_environment& environment(segment_number number);
    void close_least_used();
    // Before a mutex is locked, which another thread may have held when this process was forked.
    [[nodiscard]] result<void> check_not_forked() const {
        if (!marker_.forked()) return {};
        return fail(errc::closed, path_ + ": were opened before this process forked");
    }
    [[nodiscard]] result<void> check_writable() const {
        if (!settings_.read_only) return {};
        return fail(errc::read_only, "the store was opened for reading");
    }
    [[nodiscard]] std::string directory_of(segment_number number) const {
        return path_ + "/" + segment_name(number);
    }

    // Constant once open.
    lmdb_settings settings_;
    std::string path_{};  // of the segments
    file_claim marker_{};
    process_lock alone_{};
    write_lock write_lock_{};  // not open where the store is read only
    file_watch files_{};       // the ledger's, but for those of its segments

    // Never null once open; what it points to lives as long as this.
    std::atomic<lmdb_environment*> newest_ = nullptr;
    std::atomic<segment_number> oldest_ = 0;  // there may be fewer by now, never older ones
    std::atomic<std::uint64_t> uses_ = 0;
    std::atomic<bool> moved_ = false;  // some file is not in its place: for good
    std::mutex mutex_{};
    // Every one that was asked for, open or not: small, and never removed, so that a pointer to one
    // stays good. Protected by mutex_.
    std::map<segment_number, std::unique_ptr<lmdb_environment>> known_{};
    segment_range sealed_{};          // when its segments were measured; protected by mutex_
    std::uint64_t sealed_bytes_ = 0;  // of all but the newest of it; protected by mutex_
};

template <class Fill>
result<void> lmdb_segments::make_next(lmdb_transaction const& old, Fill fill) {
    auto const number = old.environment().number() + 1;
    if (number > limits::storage_segments) {
        return fail(errc::log_full, path_ + ": has no number left for another segment");
    }
    return make_segment(path_, number, [&](std::string const& directory) -> result<void> {
        lmdb_environment next(directory, {settings_.map_bytes, false, true}, number);
        auto transaction = next.begin(true);
        if (!transaction) return transaction.error();
        if (result<void> filled = fill(*transaction); !filled) return filled;
        return transaction->commit();
    });
}

// A process that does not know yet that its segment is sealed sees the transaction that sealed it.
// The number is that of the meta page, which may still be on its way to the disk: a reader sees it
// once it is there.
inline std::uint64_t lmdb_segments::generation() noexcept {
    auto& at = *newest_.load(std::memory_order_acquire);
    if (marker_.forked() || moved_.load(std::memory_order_relaxed)) return 0;
    if (!files_.probe_now_and_then()) return 0;
    return generation_of(at.number(), at.last_txnid());
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/storage/lmdb_segments.ipp>
#endif

#endif  // AIAUDIT_STORAGE_LMDB_SEGMENTS_HPP
