// SPDX-License-Identifier: MIT
//
// lmdb_store.hpp: the store that lasts: a ledger directory with its segments in LMDB.
//
// After a crash or a power cut the last transaction that write() acknowledged is there, and none
// in part. A machine whose disk acknowledges what it has not kept is outside that.
// Space that replaced values free is used again, a file does not shrink.
// A commit that fails half-way does not stop the store: it opens the segment anew by itself. What
// was refused is taken back; should the disk refuse that too, or the power go, it may be there.
// Every branch and leaf page is looked at when a segment is first opened: LMDB believes them, and
// would end the process where one is damaged. What is damaged after that is outside this.
// Reading where the lock file cannot be written (a read-only file system, another's files) is
// sound only while nobody writes there; see lmdb_handle.hpp.
// Where the ledger's directory, its marker, a lock file or a data file is no more what was opened,
// moved. The data file is looked at after each commit, before it is reported, the others and all of
// a reader once in a few milliseconds. A relative path is that of the directory in which the
// process was at opening. A data file that somebody cuts short while it is open is reported as
// corrupt by the next transaction; one that reads the missing part at that very moment dies of
// SIGBUS.
// Threads: and processes, as storage_policy says. Not on network file systems.
// Floor 5.
#ifndef AIAUDIT_STORAGE_LMDB_STORE_HPP
#define AIAUDIT_STORAGE_LMDB_STORE_HPP

#include <aiaudit/storage/lmdb_segments.hpp>  // the segments
#include <aiaudit/storage/lmdb_views.hpp>     // what bodies see
#include <aiaudit/storage/store.hpp>          // the promise

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {

class lmdb_store {
public:
    using read_view = detail::lmdb_read_view;
    using write_view = detail::lmdb_write_view;

    [[nodiscard]] static result<lmdb_store> open(store_options const& options) {
        auto opened = detail::lmdb_segments::open(options);
        if (!opened) return opened.error();
        return lmdb_store(std::move(*opened));
    }

    [[nodiscard]] result<segment_range> segments() const {
        if (!segments_) return moved_from();
        return segments_->range();
    }
    template <class Body>
    result<void> write(Body body);
    template <class Body>
    result<void> read(Body body) const;
    template <class Body>
    result<void> read(segment_number segment, Body body) const;
    template <class Body>
    result<void> rotate(Body body);
    template <class Body>
    result<void> write_history(Body body);
    result<void> drop_oldest(segment_number segment) {
        if (!segments_) return moved_from();
        return segments_->drop_oldest(segment);
    }

    [[nodiscard]] result<void> probe() const {
        if (!segments_) return moved_from();
        return segments_->probe();
    }
    [[nodiscard]] std::uint64_t generation() const noexcept {
        return segments_ ? segments_->generation() : 0;
    }
    // The sizes of the data files.
    [[nodiscard]] std::uint64_t bytes_on_disk() const noexcept {
        return segments_ ? segments_->bytes_on_disk() : 0;
    }
    [[nodiscard]] std::uint64_t bytes_on_disk(segment_number segment) const noexcept {
        return segments_ ? segments_->bytes_on_disk(segment) : 0;
    }

private:
    explicit lmdb_store(std::unique_ptr<detail::lmdb_segments> segments) noexcept
        : segments_(std::move(segments)) {}
    [[nodiscard]] static error moved_from() {
        return fail(errc::closed, "the store was moved from");
    }
    template <class Body>
    result<void> write_in(result<detail::lmdb_transaction> transaction, Body& body);

    std::unique_ptr<detail::lmdb_segments> segments_;  // none: moved from
};

template <class Body>
result<void> lmdb_store::write_in(result<detail::lmdb_transaction> transaction, Body& body) {
    if (!transaction) return transaction.error();
    write_view view(&*transaction);
    if (result<void> done = body(view); !done) return done;
    if (auto ok = transaction->commit(); !ok) return ok;
    return segments_->check_commit(*transaction);
}

template <class Body>
result<void> lmdb_store::write(Body body) {
    if (!segments_) return moved_from();
    auto const turn = segments_->wait_for_turn();
    if (!turn) return turn.error();
    return write_in(segments_->begin_newest(true), body);
}

template <class Body>
result<void> lmdb_store::write_history(Body body) {
    if (!segments_) return moved_from();
    auto const turn = segments_->wait_for_turn();
    if (!turn) return turn.error();
    return write_in(segments_->begin_write_history(), body);
}

template <class Body>
result<void> lmdb_store::read(Body body) const {
    if (!segments_) return moved_from();
    auto const transaction = segments_->begin_newest(false);
    if (!transaction) return transaction.error();
    read_view const view(&*transaction);
    return body(view);
}

template <class Body>
result<void> lmdb_store::read(segment_number segment, Body body) const {
    if (!segments_) return moved_from();
    auto const transaction = segments_->begin_read(segment);
    if (!transaction) return transaction.error();
    read_view const view(*transaction ? &**transaction : nullptr);
    return body(view);
}

// It is this one's turn from before the next is made until after the old is sealed: nobody else
// makes one, and where this is cut off, the next is not yet anybody's.
template <class Body>
result<void> lmdb_store::rotate(Body body) {
    if (!segments_) return moved_from();
    auto const turn = segments_->wait_for_turn();
    if (!turn) return turn.error();
    auto transaction = segments_->begin_sealing();
    if (!transaction) return transaction.error();
    if (auto ok = segments_->check_commit(*transaction); !ok) return ok;
    write_view old(&*transaction);
    auto const fill = [&](detail::lmdb_transaction& begun) -> result<void> {
        write_view next(&begun);
        write_view const& sealed_soon = old;
        return body(sealed_soon, next);
    };
    if (auto ok = segments_->make_next(*transaction, fill); !ok) return ok;
    if (auto ok = old.replace(table::meta, sealed_key, std::to_string(old.segment() + 1)); !ok) {
        return ok;
    }
    if (auto ok = transaction->commit(); !ok) return ok;
    return segments_->check_commit();
}

static_assert(storage_policy<lmdb_store>);

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_STORAGE_LMDB_STORE_HPP
