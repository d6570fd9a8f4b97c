// SPDX-License-Identifier: MIT
//
// lmdb_environment.hpp: one directory with an LMDB environment, its rules kept for it.
//
// The rules (LMDB 0.9): an environment is opened once in a process, never used or closed in a
// forked child, and remapped or closed only when none of its transactions is active; after a commit
// that failed half-way it answers nothing until it is opened anew; a dead process's readers are
// cleared by hand; past the end of a file that was cut short it dies of SIGBUS; and what the disk
// refuses comes back as one of several errors.
// It is opened by its first transaction, and again after it was closed or has failed.
// MDB_NOTLS, and no flag that trades durability for speed, but in a directory that is being made.
// Threads: any, as its store allows.
// Floor 5.
#ifndef AIAUDIT_STORAGE_LMDB_ENVIRONMENT_HPP
#define AIAUDIT_STORAGE_LMDB_ENVIRONMENT_HPP

#include <aiaudit/error.hpp>                 // result
#include <aiaudit/limits.hpp>                // storage maxima
#include <aiaudit/storage/lmdb_handle.hpp>   // what is open
#include <aiaudit/storage/posix_file.hpp>    // errors
#include <aiaudit/storage/process_mark.hpp>  // process_mark
#include <aiaudit/storage/store.hpp>         // table, sealed_key

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <utility>

#include <lmdb.h>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class lmdb_transaction;

class lmdb_environment {
public:
    lmdb_environment(std::string directory, lmdb_settings const& how, segment_number number)
        : directory_(std::move(directory)), how_(how), number_(number) {}
    lmdb_environment(lmdb_environment const&) = delete;
    lmdb_environment& operator=(lmdb_environment const&) = delete;
    // A forked child leaves alone what its parent has open: closing would clear the parent's
    // readers and locks.
    ~lmdb_environment() {
        if (forked()) (void)open_.release();
    }

    // Opens the environment where it is not. not_found: its directory is gone, or was dropped.
    [[nodiscard]] result<lmdb_transaction> begin(bool writing);
    // Whether the segment is sealed, as that transaction on it sees it.
    [[nodiscard]] result<bool> is_sealed(lmdb_transaction const& transaction);
    // Of the last commit of any process; 0 where it is not open.
    [[nodiscard]] std::uint64_t last_txnid() noexcept;
    // Closes it unless a transaction is active on it. It is open again when it is needed.
    bool try_close();
    // Makes room in a map that is full, for as long as it is open.
    [[nodiscard]] result<void> grow_map();
    // Nobody begins a transaction here any more.
    void drop() noexcept { dropped_.store(true, std::memory_order_relaxed); }

    [[nodiscard]] bool dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }
    [[nodiscard]] bool is_open() const noexcept { return is_open_.load(std::memory_order_relaxed); }
    [[nodiscard]] segment_number number() const noexcept { return number_; }
    [[nodiscard]] std::string const& directory() const noexcept { return directory_; }
    [[nodiscard]] bool forked() const noexcept { return mark_.forked(); }
    [[nodiscard]] error failure(int code, char const* call) const {
        return lmdb_error(code, call, directory_);
    }

    // When it was last asked for, by the count of whoever keeps many of them.
    std::atomic<std::uint64_t> last_use = 0;

private:
    friend class lmdb_transaction;
    using gate = std::shared_mutex;
    [[nodiscard]] result<void> open_anew(std::uint64_t seen_openings);
    [[nodiscard]] result<void> adopt_map_of_others();
    [[nodiscard]] result<std::unique_lock<gate>> wait_for_transactions();
    [[nodiscard]] bool is_cut_short(bool writing) noexcept;
    void clear_dead_readers_now_and_then() noexcept;

    std::string const directory_;
    lmdb_settings const how_;
    segment_number const number_;
    process_mark const mark_{};

    // Shared by every transaction for as long as it is active, exclusive while what is open or its
    // map changes.
    gate gate_{};
    std::unique_ptr<lmdb_handle> open_{};  // protected by gate_
    std::uint64_t openings_ = 0;           // protected by gate_
    bool walked_ = false;                  // its trees were found whole once; protected by gate_
    std::atomic<bool> is_open_ = false;    // what open_ says, for a look without the gate
    std::atomic<bool> dropped_ = false;
    // The last commit after which the segment was seen not to be sealed.
    std::atomic<std::uint64_t> unsealed_at_ = ~std::uint64_t{0};
    std::atomic<std::int64_t> next_reader_check_ = 0;  // steady seconds
    std::atomic<std::int64_t> size_checked_at_ = 0;    // coarse nanoseconds
};

// One transaction; aborted unless it was committed.
class lmdb_transaction {
public:
    lmdb_transaction(lmdb_transaction&& other) noexcept
        : env_(other.env_),
          handle_(other.handle_),
          txn_(std::exchange(other.txn_, nullptr)),
          writing_(other.writing_),
          gate_(std::move(other.gate_)) {}
    lmdb_transaction& operator=(lmdb_transaction&&) = delete;
    // In a forked child it is left alone: to abort it would unlock the parent's write lock.
    ~lmdb_transaction() {
        if (txn_ == nullptr || env_->forked()) return;
        if (writing_) {
            ::mdb_txn_abort(txn_);
        } else {
            handle_->end_read(txn_);
        }
    }
    [[nodiscard]] MDB_txn* get() const noexcept { return txn_; }
    [[nodiscard]] lmdb_environment& environment() const noexcept { return *env_; }
    [[nodiscard]] MDB_dbi table_handle(table which) const noexcept {
        return handle_->table_handle(which);
    }
    // Of a writer: whether a few small entries more are sure to find room.
    [[nodiscard]] bool has_room() const noexcept { return handle_->has_room(); }
    // The last commit that it sees.
    [[nodiscard]] std::uint64_t sees() const noexcept {
        return ::mdb_txn_id(txn_) - (writing_ ? 1 : 0);
    }

    // Of a writer. LMDB writes the pages, waits for the disk, then writes the meta page through a
    // descriptor opened with O_DSYNC.
    [[nodiscard]] result<void> commit() {
        if (env_->forked()) return fail(errc::closed, "this process was forked inside a body");
        int const code = ::mdb_txn_commit(std::exchange(txn_, nullptr));
        if (code != 0) return env_->failure(code, "commit");
        handle_->note_commit();
        return {};
    }

private:
    friend class lmdb_environment;
    lmdb_transaction(lmdb_environment& env, MDB_txn* txn, bool writing,
                     std::shared_lock<lmdb_environment::gate> gate) noexcept
        : env_(&env),
          handle_(env.open_.get()),
          txn_(txn),
          writing_(writing),
          gate_(std::move(gate)) {}

    lmdb_environment* env_;
    lmdb_handle* handle_;
    MDB_txn* txn_;
    bool writing_;
    std::shared_lock<lmdb_environment::gate> gate_;
};

inline result<lmdb_transaction> lmdb_environment::begin(bool writing) {
    int code = 0;
    for (int tries = 0; tries < 8; ++tries) {
        if (forked()) {
            return fail(errc::closed, directory_ + ": was opened before this process forked");
        }
        if (dropped()) return fail(errc::not_found, directory_ + ": was dropped");
        std::shared_lock inside(gate_);
        auto const openings = openings_;
        code = MDB_PANIC;  // as good as: there is nothing open
        if (open_) {
            if (writing) clear_dead_readers_now_and_then();
            if (is_cut_short(writing)) return open_->cut_short();
            MDB_txn* txn = nullptr;
            code = writing ? open_->begin_write(&txn) : open_->begin_read(&txn);
            if (code == 0) {
                lmdb_transaction begun(*this, txn, writing, std::move(inside));
                if (auto ok = open_->check_size(); !ok) return ok.error();
                return begun;
            }
        }
        inside.unlock();
        if (code == MDB_PANIC) {
            if (auto ok = open_anew(openings); !ok) return ok.error();
        } else if (code == MDB_MAP_RESIZED) {
            if (auto ok = adopt_map_of_others(); !ok) return ok.error();
        } else {
            break;
        }
    }
    return failure(code, "begin");
}

inline result<std::unique_lock<lmdb_environment::gate>> lmdb_environment::wait_for_transactions() {
    // By trying: the thread sanitizer does not know of waiting for a mutex by the steady clock.
    auto const end =
        std::chrono::steady_clock::now() + std::chrono::seconds(limits::storage_wait_seconds);
    std::unique_lock alone(gate_, std::try_to_lock);
    while (!alone.owns_lock() && std::chrono::steady_clock::now() < end) {
        std::this_thread::sleep_for(std::chrono::microseconds(200));
        (void)alone.try_lock();
    }
    if (alone.owns_lock()) return alone;
    return fail(
        errc::storage_failed,
        directory_ + ": must be mapped anew, but a transaction of this process does not end");
}

// Opens it where it is not open, or is still what was open at that opening, which has failed.
inline result<void> lmdb_environment::open_anew(std::uint64_t seen_openings) {
    auto const alone = wait_for_transactions();
    if (!alone) return alone.error();
    if (openings_ != seen_openings) return {};
    bool const again = open_ != nullptr;
    is_open_ = false;
    open_.reset();
    auto how = how_;
    how.walk = !walked_;  // nothing but this library writes to it since
    auto opened = lmdb_handle::open(directory_, how);
    if (!opened && again) {
        return fail(opened.error().code,
                    "after a commit failed half-way it cannot be opened: " + opened.error().where);
    }
    if (!opened) return opened.error();
    open_ = std::move(*opened);
    walked_ = true;
    is_open_ = true;
    ++openings_;
    return {};
}

// Another process, with a larger map, wrote past the end of ours.
inline result<void> lmdb_environment::adopt_map_of_others() {
    auto const alone = wait_for_transactions();
    if (!alone) return alone.error();
    return open_ ? open_->adopt_map_of_others() : result<void>{};
}

inline result<void> lmdb_environment::grow_map() {
    auto const alone = wait_for_transactions();
    if (!alone) return alone.error();
    return open_ ? open_->grow_map() : result<void>{};
}

inline bool lmdb_environment::try_close() {
    if (forked()) return false;
    std::unique_lock const alone(gate_, std::try_to_lock);
    if (!alone.owns_lock()) return false;
    is_open_ = false;
    open_.reset();
    ++openings_;
    return true;
}

inline result<bool> lmdb_environment::is_sealed(lmdb_transaction const& transaction) {
    if (number_ == history) return false;
    auto const seen = transaction.sees();
    if (unsealed_at_.load(std::memory_order_relaxed) == seen) return false;
    MDB_val key = to_lmdb(sealed_key);
    MDB_val value{};
    auto const in = transaction.table_handle(table::meta);
    int const code = ::mdb_get(transaction.get(), in, &key, &value);
    if (code == 0) return true;
    if (code != MDB_NOTFOUND) return failure(code, "get");
    unsealed_at_.store(seen, std::memory_order_relaxed);
    return false;
}

inline std::uint64_t lmdb_environment::last_txnid() noexcept {
    if (forked()) return 0;
    std::shared_lock const inside(gate_);
    if (!open_ || is_cut_short(false)) return 0;
    return open_->last_txnid();
}

// Whether the file is shorter than it was. Readers look once in a tick of the system's clock, some
// milliseconds: asking costs more than all else that a read does. The caller holds gate_ shared.
inline bool lmdb_environment::is_cut_short(bool writing) noexcept {
    struct timespec now {};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    auto const tick = static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
    if (!writing && size_checked_at_.load(std::memory_order_relaxed) == tick) return false;
    bool const cut = !open_->covers_what_was_seen();
    // Where it is, everybody is told, for as long as it is.
    size_checked_at_.store(cut ? 0 : tick, std::memory_order_relaxed);
    return cut;
}

// The caller holds gate_ shared.
inline void lmdb_environment::clear_dead_readers_now_and_then() noexcept {
    auto const now = std::chrono::duration_cast<std::chrono::seconds>(
                         std::chrono::steady_clock::now().time_since_epoch())
                         .count();
    auto due = next_reader_check_.load(std::memory_order_relaxed);
    if (now < due) return;
    auto const next = now + limits::storage_reader_check_seconds;
    if (!next_reader_check_.compare_exchange_strong(due, next)) return;  // another thread does it
    open_->clear_dead_readers();
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_STORAGE_LMDB_ENVIRONMENT_HPP
