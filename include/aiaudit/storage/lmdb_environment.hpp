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
#include <aiaudit/storage/process_mark.hpp>  // process_mark
#include <aiaudit/storage/store.hpp>         // table, sealed_key

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
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
    // Of the last commit of any process; 0 where it is not open, or its files are not in their
    // place.
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
    std::optional<file_id> walked_{};      // whose trees were found whole; protected by gate_
    std::atomic<bool> is_open_ = false;    // what open_ says, for a look without the gate
    std::atomic<bool> dropped_ = false;
    // The last commit after which the segment was seen not to be sealed.
    std::atomic<std::uint64_t> unsealed_at_ = ~std::uint64_t{0};
    std::atomic<std::int64_t> next_reader_check_ = 0;  // steady seconds
    tick_counter size_looks_{};
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
    ~lmdb_transaction();
    [[nodiscard]] MDB_txn* get() const noexcept { return txn_; }
    [[nodiscard]] lmdb_environment& environment() const noexcept { return *env_; }
    [[nodiscard]] MDB_dbi table_handle(table which) const noexcept {
        return handle_->table_handle(which);
    }
    // Of a writer: whether a few small entries more are sure to find room.
    [[nodiscard]] bool has_room() const noexcept { return handle_->has_room(); }
    // The files that it is on.
    [[nodiscard]] file_watch& files() const noexcept { return handle_->files(); }
    // The last commit that it sees.
    [[nodiscard]] std::uint64_t sees() const noexcept {
        return ::mdb_txn_id(txn_) - (writing_ ? 1 : 0);
    }

    // Of a writer. LMDB writes the pages, waits for the disk, then writes the meta page through a
    // descriptor opened with O_DSYNC.
    [[nodiscard]] result<void> commit();

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

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/storage/lmdb_environment.ipp>
#endif

#endif  // AIAUDIT_STORAGE_LMDB_ENVIRONMENT_HPP
