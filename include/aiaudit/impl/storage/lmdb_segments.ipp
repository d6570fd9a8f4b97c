// SPDX-License-Identifier: MIT
//
// lmdb_segments.ipp: the definitions of lmdb_segments.hpp.
#ifndef AIAUDIT_IMPL_STORAGE_LMDB_SEGMENTS_IPP
#define AIAUDIT_IMPL_STORAGE_LMDB_SEGMENTS_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/storage/lmdb_segments.hpp>

#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE result<std::unique_ptr<lmdb_segments>> lmdb_segments::open(
    store_options const& options) {
    std::unique_ptr<lmdb_segments> opened(new lmdb_segments(options));
    auto const map_bytes = opened->settings_.map_bytes;
    if (auto ok = check_map_bytes(map_bytes); !ok) return ok.error();
    auto const ledger = prepare_ledger(options, empty_environment{map_bytes});
    if (!ledger) return ledger.error();
    auto path = absolute_path(*ledger);  // the process may go elsewhere
    if (!path) return path.error();
    opened->path_ = std::move(*path) + "/segments";
    auto claimed = file_claim::of(*ledger + "/" + marker_name);
    if (!claimed) return claimed.error();
    opened->marker_ = std::move(*claimed);
    // Before LMDB has a descriptor: to close it again would drop the locks of another copy.
    auto alone = process_lock::take(*ledger + "/" + marker_name);
    if (!alone) return alone.error();
    opened->alone_ = std::move(*alone);
    if (!options.read_only) {
        directory_lock const lock(opened->path_);
        if (!lock.held()) return posix_error(errno, "flock", opened->path_);
        if (auto ok = remove_dropped(opened->path_); !ok) return ok.error();
        auto const lock_file = opened->path_ + "/" + write_lock_name;
        if (auto ok = opened->write_lock_.open(lock_file); !ok) return ok.error();
    }
    if (auto ok = opened->watch_files(parent_of(opened->path_)); !ok) return ok.error();
    if (auto ok = opened->find_newest(); !ok) return ok.error();
    auto const looked = opened->begin_newest(false);
    if (!looked) return looked.error();
    if (auto ok = opened->check_files(*looked, look::always); !ok) return ok.error();
    return opened;
}

AIAUDIT_INLINE result<void> lmdb_segments::watch_files(std::string const& ledger) {
    if (auto ok = files_.add(ledger); !ok) return ok;
    if (auto ok = files_.add(ledger + "/" + marker_name); !ok) return ok;
    if (settings_.read_only) return {};
    return files_.add(path_ + "/" + write_lock_name);
}

AIAUDIT_INLINE result<void> lmdb_segments::check_files(look when) {
    auto found = when == look::always ? files_.probe() : files_.probe_now_and_then();
    if (found && moved_.load(std::memory_order_relaxed)) {
        return fail(errc::moved, path_ +
                                     ": files in it were moved, replaced or removed while they "
                                     "were open; close the ledger, and open what is there now");
    }
    if (!found && found.error().code == errc::moved) moved_ = true;
    return found;
}

// A segment that was dropped is not in its place either: it may be read on.
AIAUDIT_INLINE result<void> lmdb_segments::check_files(lmdb_transaction const& on, look when) {
    if (auto ok = check_files(when); !ok) return ok;
    auto found = when == look::always         ? on.files().probe()
                 : when == look::after_commit ? on.files().check_first()
                                              : on.files().probe_now_and_then();
    if (found || found.error().code != errc::moved) return found;
    auto& at = on.environment();
    if (!is_there(at.directory())) {
        if (at.dropped()) return {};
        auto const now = at.begin(false);
        auto const sealed = now ? at.is_sealed(*now) : result<bool>(now.error());
        if (sealed && *sealed) return {};
    }
    moved_ = true;
    return found;
}

AIAUDIT_INLINE result<void> lmdb_segments::probe() {
    if (auto ok = check_writable(); !ok) return ok;
    auto const looked = begin_newest(false);
    if (!looked) return looked.error();
    if (auto ok = check_files(*looked, look::always); !ok) return ok;
    return check_room(path_, limits::storage_room_least);
}

// Where to begin to look. The last one counts only when the one before it is sealed, or dropped.
AIAUDIT_INLINE result<void> lmdb_segments::find_newest() {
    result<void> last_try;
    for (int tries = 0; tries < 8; ++tries) {
        auto const listed = list_segments(path_);
        if (!listed) return listed.error();
        oldest_ = listed->oldest;
        auto newest = listed->newest;
        if (newest > listed->oldest) {
            auto const sealed = is_sealed(newest - 1);
            if (!sealed && sealed.error().code == errc::not_found) {
                last_try = sealed.error();  // dropped since
                continue;
            }
            if (!sealed) return sealed.error();
            if (!*sealed) --newest;
        }
        newest_ = &environment(newest);
        return {};
    }
    return last_try;
}

AIAUDIT_INLINE result<bool> lmdb_segments::is_sealed(segment_number number) {
    auto& at = environment(number);
    auto const transaction = at.begin(false);
    if (!transaction) return transaction.error();
    return at.is_sealed(*transaction);
}

AIAUDIT_INLINE lmdb_environment& lmdb_segments::environment(segment_number number) {
    std::scoped_lock const lock(mutex_);
    auto& known = known_[number];
    if (!known) {
        known = std::make_unique<lmdb_environment>(directory_of(number), settings_, number);
    }
    return *known;
}

AIAUDIT_INLINE result<lmdb_transaction> lmdb_segments::begin_newest(bool writing) {
    if (auto ok = check_not_forked(); !ok) return ok.error();
    // Each round moves on by a segment, so it ends.
    for (;;) {
        auto& at = *newest_.load(std::memory_order_acquire);
        {
            auto transaction = at.begin(writing);
            bool const gone = !transaction && transaction.error().code == errc::not_found;
            if (!transaction && !gone) return transaction.error();
            if (transaction) {
                auto const sealed = at.is_sealed(*transaction);
                if (!sealed) return sealed.error();
                if (!*sealed) {
                    auto const here = check_files(*transaction, look::now_and_then);
                    if (!here) return here.error();
                    return transaction;
                }
            }
            // Before what is there instead is looked at.
            if (auto ok = check_files(gone ? look::always : look::now_and_then); !ok)
                return ok.error();
        }
        if (auto ok = move_on(at); !ok) return ok.error();
    }
}

// A segment that is full must still take the entry that seals it.
AIAUDIT_INLINE result<lmdb_transaction> lmdb_segments::begin_sealing() {
    for (int tries = 0; tries < 8; ++tries) {
        lmdb_environment* full = nullptr;
        {
            auto transaction = begin_newest(true);
            if (!transaction || transaction->has_room()) return transaction;
            full = &transaction->environment();
        }
        if (auto ok = full->grow_map(); !ok) return ok.error();
    }
    return fail(errc::log_full, path_ + ": others fill it faster than it can be sealed");
}

// From a segment that is sealed, or was dropped, to the one after it that is there.
AIAUDIT_INLINE result<void> lmdb_segments::move_on(lmdb_environment const& from) {
    if (newest_.load(std::memory_order_acquire) != &from) return {};  // another thread did
    auto next = from.number() + 1;
    if (!is_there(directory_of(next))) {
        // Others rotated and dropped until none of what this process knew was left.
        auto const listed = list_segments(path_);
        if (!listed) return listed.error();
        next = listed->oldest;
        if (next <= from.number()) {
            return fail(errc::corrupt, directory_of(from.number() + 1) +
                                           ": is missing, though the segment before it is sealed");
        }
    }
    environment(from.number()).last_use.store(++uses_, std::memory_order_relaxed);
    auto& to = environment(next);
    auto* expected = const_cast<lmdb_environment*>(&from);
    newest_.compare_exchange_strong(expected, &to);
    close_least_used();
    return {};
}

AIAUDIT_INLINE result<std::optional<lmdb_transaction>> lmdb_segments::begin_read(
    segment_number number) {
    using answer = std::optional<lmdb_transaction>;
    if (auto ok = check_not_forked(); !ok) return ok.error();
    if (number > newest_.load(std::memory_order_acquire)->number()) {
        auto const looked = begin_newest(false);
        if (!looked) return looked.error();
        auto const newest = looked->environment().number();
        // What is there beyond it is what a rotation left that was cut off.
        if (number > newest) {
            return fail(errc::not_found, directory_of(number) + ": there is no such segment yet");
        }
    }
    auto& at = environment(number);
    at.last_use.store(++uses_, std::memory_order_relaxed);
    bool const was_open = at.is_open();
    if (number == history && !was_open && !is_there(at.directory())) {
        if (auto ok = check_files(look::now_and_then); !ok) return ok.error();
        return answer{};
    }
    auto transaction = at.begin(false);
    if (!transaction && transaction.error().code == errc::not_found) {
        if (auto ok = check_files(look::always); !ok) return ok.error();
    }
    if (!transaction) return transaction.error();
    if (auto ok = check_files(*transaction, look::now_and_then); !ok) return ok.error();
    if (!was_open) close_least_used();
    return answer(std::move(*transaction));
}

AIAUDIT_INLINE result<lmdb_transaction> lmdb_segments::begin_write_history() {
    auto& at = environment(history);
    if (!at.is_open() && !is_there(at.directory())) {
        if (auto ok = check_files(look::always); !ok) return ok.error();
        auto const made = make_history(path_, empty_environment{settings_.map_bytes});
        if (!made) return made.error();
    }
    return at.begin(true);
}

AIAUDIT_INLINE result<void> lmdb_segments::drop_oldest(segment_number number) {
    if (auto ok = check_writable(); !ok) return ok;
    auto const there = range();
    if (!there) return there.error();
    if (number != history && number < there->oldest) {
        return fail(errc::not_found, directory_of(number) + ": is gone");
    }
    if (number != there->oldest || number == there->newest) {
        return fail(errc::bad_argument,
                    directory_of(number) + ": is not the oldest segment, or the only one");
    }
    if (auto ok = check_files(look::always); !ok) return ok;
    if (auto ok = drop_segment(path_, number); !ok) return ok;
    auto& dropped = environment(number);
    dropped.drop();
    (void)dropped.try_close();  // else once its last transaction has ended
    oldest_ = number + 1;
    return {};
}

AIAUDIT_INLINE result<segment_range> lmdb_segments::range() {
    for (int tries = 0; tries < 8; ++tries) {
        auto const looked = begin_newest(false);
        if (!looked) return looked.error();
        auto const newest = looked->environment().number();
        if (!is_there(directory_of(oldest_))) {
            auto const listed = list_segments(path_);
            if (!listed) return listed.error();
            oldest_ = listed->oldest;
        }
        segment_range const found{oldest_, newest};
        if (found.oldest <= found.newest) return found;  // else both moved on since
    }
    return fail(errc::corrupt, path_ + ": its oldest segment is behind its newest");
}

AIAUDIT_INLINE void lmdb_segments::close_least_used() {
    std::scoped_lock const lock(mutex_);
    std::size_t open = 0;
    for (auto const& [number, at] : known_) {
        if (number == history || at.get() == newest_ || !at->is_open()) continue;
        ++open;
        if (at->dropped() && at->try_close()) --open;
    }
    std::uint64_t tried = 0;
    while (open > limits::storage_old_segments_open) {
        lmdb_environment* least = nullptr;
        for (auto const& [number, at] : known_) {
            if (number == history || at.get() == newest_ || !at->is_open()) continue;
            auto const use = at->last_use.load(std::memory_order_relaxed);
            if (use < tried || (least != nullptr && use >= least->last_use)) continue;
            least = at.get();
        }
        if (least == nullptr) return;
        tried = least->last_use.load(std::memory_order_relaxed) + 1;
        if (least->try_close()) --open;
    }
}

AIAUDIT_INLINE std::uint64_t lmdb_segments::bytes_on_disk(segment_number number) const {
    struct stat status {};
    auto const file = directory_of(number) + "/data.mdb";
    bool const there = !marker_.forked() && ::stat(file.c_str(), &status) == 0;
    return there ? static_cast<std::uint64_t>(status.st_size) : 0;
}

// What is sealed does not change: it is measured when another segment was sealed or dropped.
AIAUDIT_INLINE std::uint64_t lmdb_segments::bytes_on_disk() {
    auto const there = range();
    if (!there) return 0;
    std::scoped_lock const lock(mutex_);
    if (sealed_ != *there) {
        sealed_bytes_ = 0;
        for (auto number = there->oldest; number < there->newest; ++number) {
            sealed_bytes_ += bytes_on_disk(number);
        }
        sealed_ = *there;
    }
    return sealed_bytes_ + bytes_on_disk(there->newest) + bytes_on_disk(history);
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_STORAGE_LMDB_SEGMENTS_IPP
