// SPDX-License-Identifier: MIT
//
// fold_keeper.hpp: keeps the rollup equal to the log, saves it beside the log, and answers reports.
//
// What the writer committed is folded by a thread of its own, or by whoever asks for a report
// before that. Now and then it saves the rollup as parts, one a day of UTC, in one transaction with
// the number of the record up to which they go. So a process that opens the log folds only what
// came after. Whichever process saves does it for all; another one that sees it starts again from
// what was saved.
// Threads: any.
// Floor 6.
#ifndef AIAUDIT_ENGINE_FOLD_KEEPER_HPP
#define AIAUDIT_ENGINE_FOLD_KEEPER_HPP

#include <aiaudit/engine/batch_queue.hpp>  // batch
#include <aiaudit/engine/log_reader.hpp>   // log_reader
#include <aiaudit/rollup/report.hpp>       // report, rollup

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v1 {
namespace detail {

template <class Store>
class fold_keeper {
public:
    struct settings {
        rollup_options rollup{};
        std::uint64_t save_records = 0;  // how many may be unsaved before they are saved
    };
    // `queue`: where batches that were folded give their memory back.
    fold_keeper(Store& store, log_reader<Store> const& log, batch_queue& queue, settings with)
        : store_(&store), log_(&log), queue_(&queue), settings_(with), fold_(with.rollup) {}

    // Folds what was committed up to now. To be called before anything else, and by who must know
    // that it is. Errors: those of reading the log.
    [[nodiscard]] result<void> catch_up_now() {
        std::unique_lock const lock(mutex_);
        return catch_up();
    }

    // A batch was committed after `before` records. Waits while many are not folded yet.
    void committed(std::shared_ptr<batch> added, std::uint64_t before) {
        {
            std::unique_lock lock(pending_mutex_);
            room_.wait(lock, [this] { return pending_.size() < pending_most || stopping_; });
            pending_.push_back({std::move(added), before});
        }
        work_.notify_one();
    }
    // The fold's own thread, until stop(): everything committed before that is folded first.
    void run() {
        for (;;) {
            {
                std::unique_lock lock(pending_mutex_);
                work_.wait(lock, [this] { return stopping_ || !pending_.empty(); });
                if (pending_.empty()) return;
            }
            std::unique_lock const lock(mutex_);
            fold_pending();
            // Others write too. Where reading their records fails, the next report says so.
            if (behind_) static_cast<void>(catch_up());
            // Where saving fails, the log still has all that is needed, and the next time will do.
            if (folded_ - saved_ >= settings_.save_records) static_cast<void>(save());
        }
    }
    void stop() {
        {
            std::lock_guard const lock(pending_mutex_);
            stopping_ = true;
        }
        work_.notify_all();
        room_.notify_all();
    }

    // Saves what is folded, if at least so many records are not saved.
    [[nodiscard]] result<void> save_now(std::uint64_t records_least) {
        std::unique_lock const lock(mutex_);
        fold_pending();
        if (folded_ - saved_ < records_least) return {};
        return save();
    }

    [[nodiscard]] result<report> answer(report_query const& query) {
        {
            std::shared_lock const lock(mutex_);
            if (generation_ != 0 && generation_ == store_->generation() && fold_.ready(query))
                return make_report(fold_, query);
        }
        std::unique_lock const lock(mutex_);
        for (int tries = 0;; ++tries) {
            if (auto ok = catch_up(); !ok) return ok.error();
            stale_ = false;
            auto const prepared =
                fold_.prepare(query, [this](civil_day day, auto&& visit) -> result<void> {
                    return for_each_part(day, visit);
                });
            if (prepared) return make_report(fold_, query);
            // Another process saved in between: what was read is not what was folded.
            if (!stale_ || tries == 8) return prepared.error();
            generation_ = 0;
        }
    }

private:
    // Folds what was committed since, by whatever process. Under mutex_.
    [[nodiscard]] result<void> catch_up() {
        fold_pending();
        if (generation_ != 0 && generation_ == store_->generation()) return {};
        auto const before = look();
        if (!before) return before.error();
        if (before->saved != saved_ || generation_ == never) {
            if (auto ok = start_from(before->saved); !ok) return ok;
        }
        auto const read = log_->views(folded_ + 1, [this](sequence, record_view const& entry) {
            fold_.apply(entry);
            ++folded_;
            return true;
        });
        if (!read) return read;
        auto const after = look();
        if (!after) return after.error();
        if (folded_ < before->size) return missing(folded_ + 1);
        if (folded_ > after->size)
            return fail(errc::corrupt, "record " + std::to_string(after->size + 1) +
                                           " is not in the tree of the log");
        generation_ = before->generation;
        return {};
    }
    [[nodiscard]] static error missing(std::uint64_t number) {
        return fail(errc::corrupt, "record " + std::to_string(number) + " is missing");
    }

    struct state {
        std::uint64_t generation = 0;
        std::uint64_t size = 0;
        std::uint64_t saved = 0;
    };
    [[nodiscard]] result<state> look() const {
        state found;
        auto const looked = store_->read([&found](auto const& view) -> result<void> {
            auto const tree = get_tree(view, meta_key::tree);
            if (!tree) return tree.error();
            auto const saved = get_number(view, meta_key::saved);
            if (!saved) return saved.error();
            found = {view.generation(), tree->size(), *saved};
            return {};
        });
        if (!looked) return looked.error();
        return found;
    }

    [[nodiscard]] result<void> start_from(std::uint64_t saved) {
        fold_ = rollup(settings_.rollup);
        std::vector<civil_day> days;
        auto const listed = for_each_place([&days](auto const& view, place where) -> result<void> {
            std::optional<civil_day> last;
            return view.scan(table::snapshots, {}, [&](std::string_view key, std::string_view) {
                auto const day = day_of_part(key);
                if (day && day != last && where.counts(key)) days.push_back(*day);
                last = day;
                return true;
            });
        });
        if (!listed) return listed;
        fold_.add_days(days);
        folded_ = saved_ = saved;
        generation_ = 0;
        return {};
    }

    // Calls visit(part) for each stored part of a day.
    template <class Visitor>
    [[nodiscard]] result<void> for_each_part(civil_day day, Visitor&& visit) {
        std::string const prefix = day_key(day);
        return for_each_place([&](auto const& view, place where) -> result<void> {
            result<std::uint64_t> saved = saved_;
            if (where.newest) saved = get_number(view, meta_key::saved);
            if (!saved) return saved.error();
            if (*saved != saved_) {
                stale_ = true;
                return fail(errc::storage_failed, "the rollup was saved meanwhile");
            }
            return view.scan(table::snapshots, prefix,
                             [&](std::string_view key, std::string_view part) {
                                 if (!key.starts_with(prefix)) return false;
                                 if (where.counts(key)) visit(part);
                                 return true;
                             });
        });
    }

    // Where parts lie.
    struct place {
        std::uint64_t dropped = 0;  // the last segment that the history stands for
        bool newest = false;        // the segment that is being written
        // A part that the history has of a segment that is still there is not counted twice.
        [[nodiscard]] bool counts(std::string_view key) const noexcept {
            return segment_of_part(key) <= dropped;
        }
    };
    // Calls visit(view, place) for the history and each segment that it does not stand for.
    template <class Visitor>
    [[nodiscard]] result<void> for_each_place(Visitor&& visit) const {
        std::uint64_t dropped = 0;
        auto const past = store_->read(history, [&](auto const& view) -> result<void> {
            auto const number = get_number(view, meta_key::dropped);
            if (!number) return number.error();
            dropped = *number;
            return visit(view, place{dropped, false});
        });
        if (!past) return past;
        auto const there = store_->segments();
        if (!there) return there.error();
        for (segment_number segment = there->oldest; segment <= there->newest; ++segment) {
            if (segment <= dropped) continue;
            auto const read = store_->read(segment, [&](auto const& view) -> result<void> {
                return visit(view, place{dropped, segment == there->newest});
            });
            if (!read) return read;
        }
        return {};
    }

    // Under mutex_.
    void fold_pending() {
        for (;;) {
            pending next;
            {
                std::lock_guard const lock(pending_mutex_);
                if (pending_.empty()) return;
                next = std::move(pending_.front());
                pending_.pop_front();
            }
            room_.notify_one();
            if (next.before == folded_) fold_batch(*next.added);
            behind_ = next.before > folded_;
            queue_->recycle(std::move(next.added->bytes));
        }
    }
    void fold_batch(batch const& added) {
        auto const all = added.for_each([this](std::string_view encoded) -> result<void> {
            if (auto ok = decode_record(encoded, entry_); !ok) return ok;
            fold_.apply(entry_);
            ++folded_;
            return {};
        });
        AIAUDIT_ASSERT(all.has_value());  // it was decoded once before
    }

    // Under mutex_.
    [[nodiscard]] result<void> save() {
        bool put = false;
        auto const saved = store_->write([&](auto& view) -> result<void> {
            auto const in_store = get_number(view, meta_key::saved);
            if (!in_store) return in_store.error();
            if (*in_store != saved_) return {};  // another process saved; the next report sees it
            auto const parts = fold_.unsaved(
                [&](civil_day day, std::string&& part) { return put_part(view, day, part); });
            if (!parts) return parts;
            put = true;
            return view.replace(table::meta, meta_key::saved, to_little_endian(folded_));
        });
        if (!saved || !put) return saved;
        fold_.saved();
        saved_ = folded_;
        return {};
    }

    // A part of a day beside those that the segment has; many are made into one.
    template <class View>
    [[nodiscard]] result<void> put_part(View& view, civil_day day, std::string const& part) const {
        std::string const prefix = day_key(day);
        std::vector<std::string> keys;
        std::vector<std::string> parts;
        auto const scanned =
            view.scan(table::snapshots, prefix, [&](std::string_view key, std::string_view) {
                if (!key.starts_with(prefix)) return false;
                keys.emplace_back(key);
                return true;
            });
        if (!scanned) return scanned;
        std::string const key = part_key(day, folded_);
        if (keys.size() + 1 < parts_most) return view.insert(table::snapshots, key, part);
        for (auto const& old : keys) {
            auto const found = view.get(table::snapshots, old);
            if (!found) return found.error();
            if (*found) parts.emplace_back(**found);
        }
        parts.push_back(part);
        std::vector<std::string_view> const all(parts.begin(), parts.end());
        auto const merged = merge_day_parts(all);
        if (!merged) return merged.error();
        for (auto const& old : keys) {
            if (auto ok = view.erase(table::snapshots, old); !ok) return ok;
        }
        return view.insert(table::snapshots, key, *merged);
    }

    static constexpr std::uint64_t never = ~std::uint64_t{0};
    static constexpr std::size_t parts_most = 8;    // of a day, in a segment
    static constexpr std::size_t pending_most = 4;  // batches

    struct pending {
        std::shared_ptr<batch> added{};
        std::uint64_t before = 0;
    };

    Store* store_;
    log_reader<Store> const* log_;
    batch_queue* queue_;
    settings settings_;

    std::mutex pending_mutex_{};
    std::condition_variable work_{};
    std::condition_variable room_{};
    std::deque<pending> pending_{};  // under pending_mutex_, which is taken after mutex_
    bool stopping_ = false;          // as well

    mutable std::shared_mutex mutex_{};
    // Under mutex_.
    rollup fold_;
    std::uint64_t folded_ = 0;          // the last record that is in fold_
    std::uint64_t saved_ = 0;           // the last that is in the parts of the store
    std::uint64_t generation_ = never;  // of the store when all was folded
    bool behind_ = false;  // the log has records that were not handed in by committed()
    bool stale_ = false;   // parts were read that another process saved since
    record_view entry_{};  // scratch
};

}  // namespace detail
}  // namespace v1
}  // namespace aiaudit

#endif  // AIAUDIT_ENGINE_FOLD_KEEPER_HPP
