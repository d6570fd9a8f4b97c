// SPDX-License-Identifier: MIT
//
// shipper.tpp: the members of shipper.hpp, for any policies.
#ifndef AIAUDIT_IMPL_SINKS_SHIPPER_TPP
#define AIAUDIT_IMPL_SINKS_SHIPPER_TPP

#include <aiaudit/engine/log_reader.hpp>     // log_reader
#include <aiaudit/engine/sink_mark.hpp>      // write_sink_mark
#include <aiaudit/integrity/checkpoint.hpp>  // sign_checkpoint
#include <aiaudit/sinks/shipper.hpp>
#include <aiaudit/storage/lmdb_store.hpp>  // lmdb_store

#include <algorithm>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Whether a sink that failed so is worth another try.
[[nodiscard]] constexpr bool may_pass(errc code) noexcept {
    switch (code) {
    case errc::storage_failed:
    case errc::disk_full:
    case errc::already_open:
    case errc::connect_failed:
    case errc::connection_lost:
    case errc::timed_out:
    case errc::bad_response: return true;
    default: return false;
    }
}

// How often the sink hears of a log, whether it grows or not.
inline constexpr std::chrono::seconds sink_beat_interval{30};

// A mark is written so often at the most: it is a file that is synced.
inline constexpr std::chrono::seconds sink_mark_interval{1};

}  // namespace detail

template <class Policies>
result<std::string> log_name(basic_ledger<Policies> const& log) {
    auto const leaves = log.log().leaves_of_group(0);
    if (!leaves) return leaves.error();
    if (leaves->empty()) return fail(errc::not_found, "an empty log has no name yet");
    return "log-" + leaves->front().to_string().substr(0, 16);
}

template <class Policies>
result<std::unique_ptr<basic_shipper<Policies>>> basic_shipper<Policies>::make(
    basic_ledger<Policies> const& log, std::unique_ptr<record_sink> sink, ship_options options) {
    if (options.batch_records < 1 || options.batch_records > 100'000)
        return fail(errc::bad_argument, "a batch has 1 to 100,000 records");
    if (options.origin.size() > 200 ||
        options.origin.find_first_of(std::string_view("\n\r\0", 3)) != std::string::npos)
        return fail(errc::bad_argument, "an origin is one line of at most 200 bytes");
    std::unique_ptr<basic_shipper> made(
        new basic_shipper(log, std::move(sink), std::move(options)));
    made->status_.sink = made->sink_->name();
    made->status_.mark_name = made->options_.mark_name;
    made->status_.origin = made->options_.origin;
    return made;
}

template <class Policies>
result<void> basic_shipper<Policies>::open() {
    if (options_.origin.empty()) {
        auto name = log_name(*log_);
        if (!name) return name.error();
        options_.origin = std::move(*name);
        std::lock_guard const lock(mutex_);
        status_.origin = options_.origin;
    }
    auto const cursor = sink_->open(options_.origin);
    if (!cursor) return cursor.error();
    if (auto ok = prove(*cursor); !ok) return ok;
    cursor_ = *cursor;
    if (auto ok = pass_dropped(); !ok) return ok;
    open_ = true;
    beaten_at_.reset();
    mark(true);
    return {};
}

template <class Policies>
result<void> basic_shipper<Policies>::prove(sink_cursor const& cursor) const {
    auto const size = log_->last_sequence();
    if (!size) return size.error();
    std::string const has = sink_->name() + " has " + std::to_string(cursor.size) +
                            " records of '" + options_.origin + "'";
    if (cursor.size > value_of(*size)) {
        auto const here = log_->log().tree_of(value_of(*size));
        if (here) sink_->note_other({value_of(*size), here->root(), 1});
        return fail(errc::verification_failed,
                    has + ", this log has " + std::to_string(value_of(*size)) +
                        ": it is another one, or was rolled back. Nothing is shipped");
    }
    auto const tree = log_->log().tree_of(cursor.size);
    if (!tree) return tree.error();
    if (tree->root() != cursor.root) {
        sink_->note_other({cursor.size, tree->root(), cursor.first});
        return fail(errc::verification_failed,
                    has + " with the root " + cursor.root.to_string() + ", this log had " +
                        tree->root().to_string() +
                        " then: it is another one, or was forked. Nothing is shipped");
    }
    return {};
}

template <class Policies>
result<void> basic_shipper<Policies>::pass_dropped() {
    auto const first = log_->first_sequence();
    if (!first) return first.error();
    std::uint64_t const oldest = value_of(*first);
    if (cursor_.size + 1 < oldest) {
        if (cursor_.size > 0 && !options_.skip_dropped)
            return fail(errc::not_found,
                        "retention dropped the records " + std::to_string(cursor_.size + 1) +
                            " to " + std::to_string(oldest - 1) + " before " + sink_->name() +
                            " got them; ship with --skip-dropped to go on behind them");
        auto const tree = log_->log().tree_of(oldest - 1);
        if (!tree) return tree.error();
        tree_ = *tree;
        return {};
    }
    auto const tree = log_->log().tree_of(cursor_.size);
    if (!tree) return tree.error();
    tree_ = *tree;
    return {};
}

// Whether records up to `size` are to be sent now.
template <class Policies>
bool basic_shipper<Policies>::is_due(std::uint64_t size, bool all) {
    if (size <= tree_.size()) {
        behind_since_.reset();
        return false;
    }
    steady_time const now = timer_.now();
    if (!behind_since_) behind_since_ = now;
    return all || size >= border() || now - *behind_since_ >= options_.linger;
}

// The batch of the records behind the tree, up to `last` or a border.
template <class Policies>
result<void> basic_shipper<Policies>::gather(std::uint64_t last) {
    last = (std::min)(last, border());
    batch_.begin(tree_);
    auto const read =
        log_->log().views(tree_.size() + 1, [&](sequence number, record_view const& entry) {
            batch_.add(entry);
            return value_of(number) < last && batch_.bytes() < options_.batch_bytes;
        });
    if (!read) return read.error();
    if (batch_.size() == 0) return fail(errc::corrupt, "the log ends before its last record");
    auto const tree = log_->log().tree_of(batch_.tree().size());
    if (!tree) return tree.error();
    if (tree->root() != batch_.tree().root())
        return fail(errc::corrupt, "the records " + std::to_string(tree_.size() + 1) + " to " +
                                       std::to_string(batch_.tree().size()) +
                                       " are not those of the log's tree; aiaudit verify says "
                                       "what is wrong. Nothing is shipped");
    return batch_.end();
}

template <class Policies>
result<void> basic_shipper<Policies>::send() {
    sink_cursor after{batch_.tree().size(), batch_.tree().root(), cursor_.first};
    // What lies before is not in the sink.
    if (cursor_.size == 0 || cursor_.size < tree_.size()) after.first = tree_.size() + 1;
    std::string note;
    if (options_.key) {
        auto made = sign_checkpoint({options_.origin, after.size, after.root}, *options_.key);
        if (!made) return made.error();
        note = std::move(*made);
    }
    auto const sent = sink_->write({options_.origin, batch_.rows(), cursor_, after, note});
    if (!sent) return sent.error();
    cursor_ = after;
    tree_ = batch_.tree();
    return {};
}

template <class Policies>
result<std::uint64_t> basic_shipper<Policies>::step(bool all) {
    auto const size = log_->last_sequence();
    if (!size) return size.error();
    if (!open_) {
        if (*size == sequence{0}) return std::uint64_t{0};
        if (auto ok = open(); !ok) return ok.error();
    }
    if (auto ok = beat(value_of(*size)); !ok) {
        open_ = false;
        return ok.error();
    }
    if (!is_due(value_of(*size), all)) {
        note_stand(value_of(*size));
        if (behind_since_ == std::nullopt) mark(false);
        return std::uint64_t{0};
    }
    auto gathered = gather(value_of(*size));
    if (!gathered && gathered.error().code == errc::not_found) {  // retention was there meanwhile
        if (auto ok = pass_dropped(); !ok) return ok.error();
        gathered = gather(value_of(*size));
    }
    if (!gathered) return gathered.error();
    if (auto ok = send(); !ok) {
        open_ = false;  // the sink's own cursor says what it got
        return ok.error();
    }
    mark(false);
    {
        std::lock_guard const lock(mutex_);
        status_.rows += batch_.size();
        ++status_.batches;
        status_.error.clear();
    }
    if (tree_.size() >= value_of(*size)) behind_since_.reset();
    note_stand(value_of(*size));
    return std::uint64_t{batch_.size()};
}

// Waits after a failure, each time for twice as long. False where no other try is worth it before
// the deadline.
template <class Policies>
bool basic_shipper<Policies>::pause(error const& reason, std::chrono::milliseconds& wait,
                                    steady_time deadline, std::stop_token const& stop) {
    bool const lasting = !detail::may_pass(reason.code) || timer_.now() + wait > deadline;
    note_failure(reason, lasting);
    if (lasting) return false;
    timer_.wait_until(timer_.now() + wait, stop);
    wait = (std::min)(wait * 2, options_.retry_wait_max);
    return true;
}

template <class Policies>
result<void> basic_shipper<Policies>::run(std::stop_token const& stop) {
    claim();
    auto wait = options_.retry_wait_min;
    while (!stop.stop_requested()) {
        auto const shipped = step();
        if (shipped) {
            wait = options_.retry_wait_min;
            if (*shipped == 0)
                timer_.wait_until(timer_.now() + std::chrono::milliseconds(50), stop);
            continue;
        }
        if (!pause(shipped.error(), wait, (steady_time::max)(), stop)) return shipped.error();
    }
    mark(true);
    return {};
}

template <class Policies>
result<void> basic_shipper<Policies>::run_once(std::stop_token const& stop,
                                               std::chrono::milliseconds patience) {
    auto const end = log_->last_sequence();
    if (!end) return end.error();
    auto wait = options_.retry_wait_min;
    steady_time deadline = timer_.now() + patience;
    while (!stop.stop_requested()) {
        auto const shipped = step(true);
        if (shipped) {
            wait = options_.retry_wait_min;
            deadline = timer_.now() + patience;
            if (*shipped == 0 || tree_.size() >= value_of(*end)) break;
            continue;
        }
        if (!pause(shipped.error(), wait, deadline, stop)) return shipped.error();
    }
    mark(true);
    return {};
}

template <class Policies>
result<void> basic_shipper<Policies>::beat(std::uint64_t size) {
    steady_time const now = timer_.now();
    if (beaten_at_ && now - *beaten_at_ < detail::sink_beat_interval) return {};
    if (auto ok = sink_->beat(size); !ok) return ok;
    beaten_at_ = now;
    return {};
}

// Retention waits for a sink from the start, also if the sink cannot be reached yet.
template <class Policies>
void basic_shipper<Policies>::claim() {
    if (options_.mark_name.empty()) return;
    auto const marks = read_sink_marks(log_->path());
    if (!marks) return note_mark_failure(marks.error());
    auto const same = [&](sink_mark const& each) { return each.name == options_.mark_name; };
    if (std::any_of(marks->begin(), marks->end(), same)) return;
    auto const written =
        write_sink_mark(log_->path(), {options_.mark_name, sink_->name(), options_.origin, 0});
    if (!written) note_mark_failure(written.error());
}

template <class Policies>
void basic_shipper<Policies>::mark(bool now) {
    if (options_.mark_name.empty() || !open_) return;
    steady_time const time = timer_.now();
    bool const first = marked_at_ == steady_time{};
    if (!first && marked_ == cursor_.size) return;
    if (!now && !first && time - marked_at_ < detail::sink_mark_interval) return;
    auto const written = write_sink_mark(
        log_->path(), {options_.mark_name, sink_->name(), options_.origin, cursor_.size});
    if (!written) return note_mark_failure(written.error());
    marked_ = cursor_.size;
    marked_at_ = time;
}

// No reason not to ship: an old mark holds back more than it must.
template <class Policies>
void basic_shipper<Policies>::note_mark_failure(error const& reason) {
    std::lock_guard const lock(mutex_);
    status_.error = "the mark for retention cannot be written: " + reason.where;
}

template <class Policies>
void basic_shipper<Policies>::note_failure(error const& reason, bool lasting) {
    std::lock_guard const lock(mutex_);
    status_.state = lasting ? ship_state::stopped : ship_state::retrying;
    status_.error = reason.where.empty() ? std::string(name_of(reason.code)) : reason.where;
    if (!lasting) ++status_.retries;
    if (behind_since_)
        status_.lag =
            std::chrono::duration_cast<std::chrono::milliseconds>(timer_.now() - *behind_since_);
}

template <class Policies>
void basic_shipper<Policies>::note_stand(std::uint64_t size) {
    std::lock_guard const lock(mutex_);
    status_.shipped = cursor_.size;
    status_.log_size = size;
    status_.state = behind_since_ ? ship_state::behind : ship_state::current;
    status_.lag =
        behind_since_
            ? std::chrono::duration_cast<std::chrono::milliseconds>(timer_.now() - *behind_since_)
            : std::chrono::milliseconds{0};
}

template <class Policies>
ship_status basic_shipper<Policies>::status() const {
    std::lock_guard const lock(mutex_);
    return status_;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_SINKS_SHIPPER_TPP
