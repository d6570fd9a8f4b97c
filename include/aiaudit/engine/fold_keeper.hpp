// SPDX-License-Identifier: MIT
//
// fold_keeper.hpp: keeps the rollup equal to the log, saves it beside the log, and answers reports.
//
// What the writer committed is folded by a thread of its own, or by whoever asks for a report
// before that. Now and then it saves the rollup as parts, one a day of UTC, in one transaction with
// the number of the record up to which they go. So a process that opens the log folds only what
// came after. Whichever process saves does it for all; another one that sees it starts again from
// what was saved. What was saved is held to where it stands: what is not of this log, or was
// damaged, is folded anew. No part goes over the border of two segments.
// Threads: any.
// Floor 6.
#ifndef AIAUDIT_ENGINE_FOLD_KEEPER_HPP
#define AIAUDIT_ENGINE_FOLD_KEEPER_HPP

#include <aiaudit/engine/batch_queue.hpp>  // batch
#include <aiaudit/engine/log_reader.hpp>   // log_reader
#include <aiaudit/engine/notices.hpp>      // notices
#include <aiaudit/engine/part_places.hpp>  // part_rule
#include <aiaudit/engine/part_table.hpp>   // put_part
#include <aiaudit/rollup/report.hpp>       // report
#include <aiaudit/rollup/rollup.hpp>       // rollup

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

template <class Store>
class fold_keeper {
public:
    struct settings {
        rollup_options rollup{};
        std::uint64_t save_records = 0;  // how many may be unsaved before they are saved
        bool read_only = false;          // none is saved
        bool fold_anew = false;          // what is saved is not believed
    };
    // `queue`: where batches that were folded give their memory back. `told`: what is found wrong.
    fold_keeper(Store& store, log_reader<Store> const& log, batch_queue& queue, notices& told,
                settings with)
        : store_(&store),
          log_(&log),
          queue_(&queue),
          told_(&told),
          settings_(with),
          fold_(with.rollup) {}

    // Folds what was committed up to now. To be called before anything else, and by who must know
    // that it is. Errors: those of reading the log.
    [[nodiscard]] result<void> catch_up_now() {
        std::unique_lock const lock(mutex_);
        return catch_up();
    }

    // A batch was committed after `before` records. Waits while many are not folded yet.
    void committed(std::shared_ptr<batch> added, std::uint64_t before) {
        bool wake = false;
        {
            std::unique_lock lock(pending_mutex_);
            room_.wait(lock, [this] { return pending_records_ < pending_most || stopping_; });
            wake = pending_.empty() || pending_records_ >= worth_folding;
            pending_records_ += added->count;
            pending_.push_back({std::move(added), before});
        }
        if (wake) work_.notify_one();
    }
    // The fold's own thread, until stop(): everything committed before that is folded first. It
    // lets small batches gather: nobody waits for them, since who wants a report folds them. Nor
    // for the days that a report left out, which it loads one by one, with time between for
    // reports.
    void run() {
        for (;;) {
            bool load = false;
            {
                std::unique_lock lock(pending_mutex_);
                has_thread_ = true;
                work_.wait(lock, [this] { return stopping_ || !pending_.empty() || loading_; });
                work_.wait_for(lock, loading_ ? loading_pause : folding_pause,
                               [this] { return stopping_ || pending_records_ >= worth_folding; });
                if (pending_.empty() && stopping_) return;
                load = loading_;
            }
            std::unique_lock const lock(mutex_);
            fold_pending();
            // Others write too. Where reading their records fails, the next report says so.
            if (behind_) static_cast<void>(catch_up());
            // Where saving fails, the log still has all that is needed, and the next time will do.
            if (folded_ - saved_ >= settings_.save_records) static_cast<void>(save());
            if (load) load_more();
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
        if (!replaces_ && folded_ - saved_ < records_least) return {};
        return save();
    }

    // Errors: those of reading; storage_failed where other processes change the log quicker than it
    // can be read.
    [[nodiscard]] result<report> answer(report_query const& query) {
        {
            std::shared_lock const lock(mutex_);
            if (generation_ != 0 && generation_ == store_->generation() && fold_.ready(query))
                return make_report(fold_, query);
        }
        std::unique_lock const lock(mutex_);
        for (int tries = 0;; ++tries) {
            auto answered = try_to_answer(query);
            if (answered || !stale_ || tries == tries_most) return answered;
        }
    }

private:
    // All under mutex_. Those that fail set stale_ where the reason is that another process changed
    // what was being read.
    [[nodiscard]] result<report> try_to_answer(report_query const& query) {
        if (auto ok = catch_up(); !ok) return ok.error();
        stale_ = false;
        auto const prepared = fold_.prepare(query, parts(), begin_loading());
        if (prepared) return make_report(fold_, query);
        if (stale_) generation_ = never;
        return prepared.error();
    }

    // Loads a day for reports to come; what fails will fail for them too, and they say so.
    void load_more() {
        auto more = result<bool>{false};
        if (catch_up()) {
            stale_ = false;
            more = fold_.load_more(parts());
            if (!more && stale_) generation_ = never;
        }
        if (more && *more) return;
        std::lock_guard const lock(pending_mutex_);
        loading_ = false;
    }
    // What a report is to load that lacks days: without a thread, whoever asks for a second one
    // waits for all days since.
    [[nodiscard]] loading begin_loading() {
        bool begun = false;
        bool has_thread = false;
        {
            std::lock_guard const lock(pending_mutex_);
            begun = std::exchange(loading_, true);
            has_thread = has_thread_;
        }
        work_.notify_one();
        return begun && !has_thread ? loading::all_since : loading::asked_alone;
    }
    // A source for the fold.
    [[nodiscard]] auto parts() {
        return [this](civil_day day, auto&& visit) -> result<void> {
            return this->for_each_part(day, visit);
        };
    }

    // Folds what was committed since, by whatever process.
    [[nodiscard]] result<void> catch_up() {
        for (int tries = 0;; ++tries) {
            auto const caught_up = try_to_catch_up();
            if (caught_up || !stale_ || tries == tries_most) return caught_up;
            generation_ = never;
        }
    }
    [[nodiscard]] result<void> try_to_catch_up() {
        stale_ = false;
        fold_pending();
        if (generation_ != 0 && generation_ == store_->generation()) return {};
        auto const before = look();
        if (!before) return before.error();
        if (before->saved != stored_ || generation_ == never) {
            if (auto ok = start_from(before->saved); !ok) return ok;
        }
        if (auto ok = fold_on(); !ok) return note_stale(ok);
        auto const after = look();
        if (!after) return after.error();
        if (folded_ < before->size)
            return fail(errc::corrupt, "record " + std::to_string(folded_ + 1) + " is missing");
        if (folded_ > after->size)
            return fail(errc::corrupt, "record " + std::to_string(after->size + 1) +
                                           " is not in the tree of the log");
        generation_ = before->generation;
        return {};
    }
    // To the end of the log, with a save at each border of segments.
    [[nodiscard]] result<void> fold_on() {
        if (auto ok = bases_.refresh(*store_, *log_); !ok) return ok;
        for (;;) {
            save_at_border();
            std::uint64_t const border = bases_.after(folded_);
            auto const read =
                log_->views(folded_ + 1, [this, border](sequence, record_view const& entry) {
                    fold_.apply(entry);
                    return ++folded_ != border;
                });
            if (!read || folded_ != border) return read;
        }
    }
    // Where that fails, save() finds the border behind it.
    void save_at_border() {
        bool const is_at = folded_ != 0 && bases_.before(folded_) == folded_;
        bool const passed = bases_.after(saved_) < folded_;
        if (is_at && !passed && saved_ < folded_ && !settings_.read_only)
            static_cast<void>(put_parts());
    }
    // What another process dropped was saved before, and is counted so after a new start.
    [[nodiscard]] result<void> note_stale(result<void> const& failed) {
        stale_ = stale_ || failed.error().code == errc::not_found;
        return failed;
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

    // Begins again with what is in the store: the parts, which go up to that record. Where they do
    // not stand where they say, all of the records that are there are folded anew.
    [[nodiscard]] result<void> start_from(std::uint64_t saved) {
        fold_ = rollup(settings_.rollup);
        places_.clear();
        stored_parts found;
        auto const listed = for_each_part_place(*store_, rule_, [&](auto const& view) {
            return found.list(view, rule_, [&](part_key const& part) {
                places_.insert({part.day, view.segment()});
            });
        });
        if (!listed) return note_stale(listed);
        if (found.saved != saved) {
            stale_ = true;
            return fail(errc::storage_failed, "the rollup was saved meanwhile");
        }
        if (found.newest) {
            auto const is_of = is_stand_of(*log_, *found.newest);
            bool const damaged = !is_of && is_of.error().code == errc::corrupt;
            if (!is_of && !damaged) return note_stale(is_of.error());
            found.good = found.good && found.newest->size == saved && (damaged || *is_of);
        }
        if (auto words = found.words(); !words.empty()) told_->add(std::move(words));
        found.good = found.good && !std::exchange(settings_.fold_anew, false);
        folded_ = saved_ = stored_ = saved;
        generation_ = 0;
        replaces_ = found.can_be_folded_anew();
        if (replaces_) folded_ = saved_ = *found.begin;
        std::vector<civil_day> days;
        for (auto const& [day, segment] : places_) {
            if (days.empty() || days.back() != day) days.push_back(day);
        }
        fold_.add_days(days);
        return {};
    }
    // Calls visit(part) for each stored part of a day, but for those saved by other processes
    // since: what they count is unsaved here. One that was merged of both kinds cannot be told
    // apart.
    template <class Visitor>
    [[nodiscard]] result<void> for_each_part(civil_day day, Visitor&& visit) {
        std::string const prefix = day_key(day);
        for (auto at = places_.lower_bound({day, 0}); at != places_.end() && at->first == day;
             ++at) {
            auto const read = store_->read(at->second, [&](auto const& view) {
                return view.scan(table::snapshots, prefix,
                                 [&](std::string_view key, std::string_view bytes) {
                                     if (!key.starts_with(prefix)) return false;
                                     auto const part = part_key::parse(key);
                                     if (!part || !rule_.counts(*part, at->second)) return true;
                                     if (part->through <= saved_) visit(bytes);
                                     stale_ = part->through > saved_ && part->after < saved_;
                                     return !stale_;
                                 });
            });
            if (!read) return note_stale(read);
            if (stale_) return fail(errc::storage_failed, "the rollup was saved meanwhile");
        }
        return {};
    }

    void fold_pending() {
        for (;;) {
            pending next;
            {
                std::lock_guard const lock(pending_mutex_);
                if (pending_.empty()) return;
                next = std::move(pending_.front());
                pending_.pop_front();
                pending_records_ -= next.added->count;
            }
            room_.notify_one();
            if (next.before == folded_) {
                if (bases_.refresh(*store_, *log_)) save_at_border();
                fold_batch(*next.added);
            }
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
        AIAUDIT_ASSERT(all.has_value());  // this process encoded it
    }

    [[nodiscard]] result<void> save() {
        if (auto ok = bases_.refresh(*store_, *log_); !ok) return ok;
        if (bases_.after(saved_) < folded_) {
            // At the border, the rollups could not be saved: what came after it is folded anew.
            if (auto ok = start_from(stored_); !ok) return ok;
            if (auto ok = fold_on(); !ok) return note_stale(ok);
            if (bases_.after(saved_) < folded_)
                return fail(errc::storage_failed,
                            "the rollups of a segment that has ended cannot be saved");
        }
        return put_parts();
    }
    // Precondition: no border is between what is saved and what is folded.
    [[nodiscard]] result<void> put_parts() {
        auto const tree = log_->tree_of(folded_);
        if (!tree) return tree.error();
        bool put = false;
        part_rule rule = rule_;
        auto const saved = store_->write([&](auto& view) -> result<void> {
            auto const in_store = get_number(view, meta_key::saved);
            if (!in_store) return in_store.error();
            if (*in_store != stored_) return {};  // another process saved; the next report sees it
            if (replaces_) {
                if (auto ok = void_parts_after(view, saved_, rule); !ok) return ok;
            }
            auto const parts = fold_.unsaved([&](civil_day day, std::string&& part) {
                places_.insert({day, view.segment()});
                return put_part(view, {day, folded_, saved_}, part, bases_.before(saved_));
            });
            if (!parts) return parts;
            auto const content = digest_of_parts(view, [](part_key const&) { return true; });
            if (!content) return content.error();
            fold_stand const stand{folded_, tree->root(), *content};
            if (auto ok = view.replace(table::meta, meta_key::parts, stand.to_bytes()); !ok)
                return ok;
            put = true;
            return view.replace(table::meta, meta_key::saved, to_little_endian(folded_));
        });
        if (!saved || !put) return saved;
        fold_.saved();
        saved_ = stored_ = folded_;
        rule_ = rule;
        replaces_ = false;
        return {};
    }
    static constexpr std::uint64_t never = ~std::uint64_t{0};
    static constexpr std::uint64_t pending_most = 65'536;  // records
    static constexpr std::uint64_t worth_folding = 4096;
    static constexpr std::chrono::milliseconds folding_pause{20};
    static constexpr std::chrono::milliseconds loading_pause{20};
    static constexpr int tries_most = 50;  // while other processes save and drop

    struct pending {
        std::shared_ptr<batch> added{};
        std::uint64_t before = 0;
    };

    Store* store_;
    log_reader<Store> const* log_;
    batch_queue* queue_;
    notices* told_;
    settings settings_;

    std::mutex pending_mutex_{};
    std::condition_variable work_{};
    std::condition_variable room_{};
    std::deque<pending> pending_{};      // under pending_mutex_, which is taken after mutex_
    std::uint64_t pending_records_ = 0;  // as well
    bool stopping_ = false;              // as well
    bool loading_ = false;               // as well: some report left days out
    bool has_thread_ = false;            // as well: that runs run()

    mutable std::shared_mutex mutex_{};
    // Under mutex_.
    rollup fold_;
    std::uint64_t folded_ = 0;          // the last record that is in fold_
    std::uint64_t saved_ = 0;           // the last that is in the parts of the store that count
    std::uint64_t stored_ = 0;          // the same, as the store says
    bool replaces_ = false;             // those after saved_ are folded anew
    std::uint64_t generation_ = never;  // of the store when all was folded; 0: look, never: begin
    part_rule rule_{};
    segment_bases bases_{};
    std::set<std::pair<civil_day, segment_number>> places_{};  // where parts of which days lie
    bool behind_ = false;  // the log has records that were not handed in by committed()
    bool stale_ = false;   // another process changed what was being read
    record_view entry_{};  // scratch
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_ENGINE_FOLD_KEEPER_HPP
