// SPDX-License-Identifier: MIT
//
// lmdb_environment.ipp: the definitions of lmdb_environment.hpp.
#ifndef AIAUDIT_IMPL_STORAGE_LMDB_ENVIRONMENT_IPP
#define AIAUDIT_IMPL_STORAGE_LMDB_ENVIRONMENT_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/storage/lmdb_environment.hpp>
#include <aiaudit/storage/posix_file.hpp>  // errors

#include <chrono>
#include <thread>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE lmdb_transaction::~lmdb_transaction() {
    if (txn_ == nullptr || env_->forked()) return;
    if (writing_) {
        ::mdb_txn_abort(txn_);
    } else {
        handle_->end_read(txn_);
    }
}

AIAUDIT_INLINE result<void> lmdb_transaction::commit() {
    if (env_->forked()) return fail(errc::closed, "this process was forked inside a body");
    int const code = ::mdb_txn_commit(std::exchange(txn_, nullptr));
    if (code != 0) {
        handle_->sync_what_was_taken_back();
        return env_->failure(code, "commit");
    }
    handle_->note_commit();
    return {};
}

AIAUDIT_INLINE result<lmdb_transaction> lmdb_environment::begin(bool writing) {
    int code = 0;
    for (int tries = 0; tries < 8; ++tries) {
        if (forked()) {
            return fail(errc::closed, directory_ + ": was opened before this process forked");
        }
        if (dropped()) return fail(errc::not_found, directory_ + ": was dropped");
        std::uint64_t openings = 0;
        {
            std::shared_lock inside(gate_);
            openings = openings_;
            code = MDB_PANIC;  // as good as: there is nothing open
            if (open_) {
                if (writing) clear_dead_readers_now_and_then();
                if (is_cut_short(writing)) return open_->cut_short();
                MDB_txn* txn = nullptr;
                code = writing ? open_->begin_write(&txn) : open_->begin_read(&txn);
                if (code == 0) {
                    lmdb_transaction begun(*this, txn, writing, std::move(inside));
                    if (auto ok = open_->check_size(); !ok) return ok.error();
                    auto const in_step = writing ? open_->is_in_step(txn) : result<bool>(true);
                    if (!in_step) return in_step.error();
                    if (*in_step) return begun;
                    code = MDB_PANIC;
                }
            }
        }
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

AIAUDIT_INLINE result<std::unique_lock<lmdb_environment::gate>>
lmdb_environment::wait_for_transactions() {
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
AIAUDIT_INLINE result<void> lmdb_environment::open_anew(std::uint64_t seen_openings) {
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
                    "it had to be opened anew after a failure: " + opened.error().where);
    }
    if (!opened) return opened.error();
    if (walked_ && *walked_ != (*opened)->file()) {
        return fail(errc::moved, directory_ +
                                     "/data.mdb: was replaced since it was first opened; close "
                                     "all, and open what is there now");
    }
    open_ = std::move(*opened);
    walked_ = open_->file();
    is_open_ = true;
    ++openings_;
    return {};
}

AIAUDIT_INLINE bool lmdb_environment::try_close() {
    if (forked()) return false;
    std::unique_lock const alone(gate_, std::try_to_lock);
    if (!alone.owns_lock()) return false;
    is_open_ = false;
    open_.reset();
    ++openings_;
    return true;
}

AIAUDIT_INLINE result<bool> lmdb_environment::is_sealed(lmdb_transaction const& transaction) {
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

AIAUDIT_INLINE std::uint64_t lmdb_environment::last_txnid() noexcept {
    if (forked()) return 0;
    std::shared_lock const inside(gate_);
    if (!open_ || is_cut_short(false) || !open_->files().probe_now_and_then()) return 0;
    return open_->last_txnid();
}

// Whether the file is shorter than it was. Readers look once in a tick of the system's clock, some
// milliseconds: asking costs more than all else that a read does. The caller holds gate_ shared.
AIAUDIT_INLINE bool lmdb_environment::is_cut_short(bool writing) noexcept {
    if (!size_looks_.has_ticked() && !writing) return false;
    bool const cut = !open_->covers_what_was_seen();
    if (cut) size_looks_.reset();  // everybody is told, for as long as it is
    return cut;
}

// The caller holds gate_ shared.
AIAUDIT_INLINE void lmdb_environment::clear_dead_readers_now_and_then() noexcept {
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

#endif  // AIAUDIT_IMPL_STORAGE_LMDB_ENVIRONMENT_IPP
