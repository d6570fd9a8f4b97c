// SPDX-License-Identifier: MIT
//
// fold_keeper.hpp: keeps the rollup equal to the log, saves it beside the log, and answers reports.
//
// What the writer committed is folded by a thread of its own, or by whoever asks for a report
// before that. Now and then it saves the rollup as parts, one a day of UTC, in one transaction with
// the number of the record up to which they go. So a process that opens the log folds only what
// came after. Whichever process saves does it for all; another one that sees it starts again from
// what was saved. What was saved is held to where it stands: what is not of this log, or was
// damaged, is folded anew. No part goes over the border of two segments. Where memory runs out, the
// fold begins again with what was saved.
// Threads: any.
// Floor 6.
#ifndef AIAUDIT_ENGINE_FOLD_KEEPER_HPP
#define AIAUDIT_ENGINE_FOLD_KEEPER_HPP

#include <aiaudit/engine/batch_queue.hpp>    // batch
#include <aiaudit/engine/log_reader.hpp>     // log_reader
#include <aiaudit/engine/notices.hpp>        // notices
#include <aiaudit/engine/part_places.hpp>    // segment_bases
#include <aiaudit/engine/part_shelf.hpp>     // part_shelf
#include <aiaudit/engine/user_totals.hpp>    // user_totals
#include <aiaudit/rollup/ranked_report.hpp>  // make_ranked_report
#include <aiaudit/rollup/report.hpp>         // report
#include <aiaudit/rollup/rollup.hpp>         // rollup
#include <aiaudit/storage/memory_guard.hpp>  // call_with_memory

#include <algorithm>
#include <array>
#include <chrono>
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
inline namespace v0_1_0 {
namespace detail {

template <class Store>
class fold_keeper {
public:
    struct settings {
        rollup_options rollup{};
        std::uint64_t save_records = 0;  // how many may be unsaved before they are saved
        bool read_only = false;          // nothing is saved: what would be is held in memory
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
          fold_(with.rollup),
          shelf_(store, log),
          user_totals_(store, log, shelf_) {}

    // Folds what was committed up to now. To be called before anything else, and by who must know
    // that it is. Errors: those of reading the log; storage_failed, where there is no memory.
    [[nodiscard]] result<void> catch_up_now() {
        std::unique_lock const lock(mutex_);
        return fold_with_memory([this] { return catch_up(); });
    }

    // A batch was committed after `before` records. Waits while many are not folded yet. Where
    // there is no memory for it, the fold reads its records from the log.
    void committed(std::shared_ptr<batch> added, std::uint64_t before) {
        try_with_memory([&] { push(std::move(added), before); });
    }
    // The fold's own thread, until stop(): everything committed before that is folded first. It
    // lets small batches gather: nobody waits for them, since who wants a report folds them. Nor
    // for the days that a report left out, which it loads one by one, with time between for
    // reports. When it has had nothing to do for a while, it renews the totals of users.
    void run() {
        bool idle = true;
        for (;;) {
            bool load = false;
            {
                std::unique_lock lock(pending_mutex_);
                has_thread_ = true;
                auto const has_work = [this] { return stopping_ || !pending_.empty() || loading_; };
                idle = !idle && !work_.wait_for(lock, idle_pause, has_work);
                if (!idle) {
                    work_.wait(lock, has_work);
                    work_.wait_for(lock, loading_ ? loading_pause : folding_pause, [this] {
                        return stopping_ || pending_records_ >= worth_folding;
                    });
                }
                if (pending_.empty() && stopping_) return;
                load = loading_;
            }
            std::unique_lock const lock(mutex_);
            // Where memory runs out, the next time will do.
            static_cast<void>(fold_with_memory([&]() -> result<void> {
                if (idle) return renew_totals(pace::idle);
                fold_and_save();
                if (load) load_more();
                return {};
            }));
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

    // Saves what is folded, if at least so many records are not saved. Errors: the store's;
    // storage_failed, where there is no memory.
    [[nodiscard]] result<void> save_now(std::uint64_t records_least) {
        std::unique_lock const lock(mutex_);
        return fold_with_memory(
            [&] { return while_stale([&] { return this->try_to_save(records_least); }); });
    }

    // Errors: those of reading; storage_failed where other processes change the log quicker than it
    // can be read, or where there is no memory.
    [[nodiscard]] result<report> answer(report_query const& query) {
        {
            std::shared_lock const lock(mutex_);
            if (generation_ != 0 && generation_ == store_->generation() && fold_.ready(query)) {
                return call_with_memory(
                    "to report", [&]() -> result<report> { return make_report(fold_, query); });
            }
        }
        std::unique_lock const lock(mutex_);
        return fold_with_memory(
            [&] { return while_stale([&] { return this->try_to_answer(query); }); });
    }

private:
    // What body() -> result<T> returns, under mutex_. Where memory runs out, what is folded may be
    // half done: nothing of it counts from then on.
    template <class Body>
    [[nodiscard]] auto fold_with_memory(Body&& body) -> decltype(body()) {
        bool whole = false;
        auto answer = call_with_memory("to fold", [&] {
            auto given = body();
            whole = true;
            return given;
        });
        if (!whole) generation_ = never;
        return answer;
    }
    void push(std::shared_ptr<batch> added, std::uint64_t before) {
        bool wake = false;
        {
            std::unique_lock lock(pending_mutex_);
            room_.wait(lock, [this] { return pending_records_ < pending_most || stopping_; });
            wake = pending_.empty() || pending_records_ >= worth_folding;
            pending_.push_back({std::move(added), before});
            pending_records_ += pending_.back().added->count;
        }
        if (wake) work_.notify_one();
    }
    void fold_and_save() {
        fold_pending();
        // Others write too. Where reading their records fails, the next report says so.
        if (behind_ || generation_ == never) static_cast<void>(catch_up());
        // Where saving fails, the log still has all that is needed, and the next time will do.
        if (generation_ != never && folded_ - shelf_.saved() >= settings_.save_records)
            static_cast<void>(save());
    }

    // All under mutex_. Those that fail set stale_ where the reason is that another process changed
    // what was being read.
    [[nodiscard]] result<report> try_to_answer(report_query const& query) {
        if (auto ok = catch_up(); !ok) return ok.error();
        return prepare_and_answer(query);
    }
    [[nodiscard]] result<void> try_to_save(std::uint64_t records_least) {
        fold_pending();
        if (generation_ == never) {
            if (auto ok = catch_up(); !ok) return ok;
        }
        if (shelf_.replaces() || folded_ - shelf_.saved() >= records_least) {
            if (auto ok = save(); !ok) return ok.error();
        }
        return renew_totals(pace::idle);
    }
    // body() -> result<T>, begun anew as long as other processes change what it reads.
    template <class Body>
    [[nodiscard]] auto while_stale(Body&& body) -> decltype(body()) {
        for (int tries = 0;; ++tries) {
            clear_stale();
            auto done = body();
            if (done || !is_stale()) return done;
            generation_ = never;
            if (tries == tries_most) return done;
        }
    }
    [[nodiscard]] result<report> prepare_and_answer(report_query const& query) {
        if (auto ok = fold_.prepare(query, parts(), begin_loading()); !ok) return ok.error();
        if (!fold_.is_wide(query)) return make_report(fold_, query);
        report_query daily{.zone = query.zone, .days = query.days};
        if (auto ok = fold_.prepare(daily, parts()); !ok) return ok.error();
        totals const sum = make_report(fold_, daily).sum;
        std::uint64_t const through = user_totals_.through(query, fold_.days());
        auto source = [this, through](civil_day day, auto&& visit) -> result<void> {
            return shelf_.for_each(day, through, visit);
        };
        auto const groups = fold_.groups(query, source);
        std::uint64_t const memory = settings_.rollup.memory_bytes;
        if (through == 0) return make_ranked_report(query, groups, no_base{}, memory, sum);
        return make_ranked_report(query, groups, user_totals_, memory, sum);
    }

    // Loads a day for reports to come; what fails will fail for them too, and they say so.
    void load_more() {
        auto more = result<bool>{false};
        if (catch_up()) {
            clear_stale();
            more = fold_.load_more(parts());
            if (!more && is_stale()) generation_ = never;
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
            return shelf_.for_each(day, 0, visit);
        };
    }

    // Folds what was committed since, by whatever process.
    [[nodiscard]] result<void> catch_up() {
        return while_stale([this] { return this->try_to_catch_up(); });
    }
    [[nodiscard]] result<void> try_to_catch_up() {
        fold_pending();
        if (generation_ != 0 && generation_ == store_->generation()) return {};
        auto const before = look();
        if (!before) return before.error();
        if (before->saved != shelf_.stored() || generation_ == never) {
            if (auto ok = start_from(before->saved); !ok) return ok;
        }
        if (auto ok = fold_log(); !ok) return ok;
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
    // Folds to the end of the log, with a save at each border of segments, and where the memory
    // says so.
    [[nodiscard]] result<void> fold_log() {
        if (auto ok = bases_.refresh(*store_, *log_); !ok) return ok;
        for (;;) {
            save_at_border();
            std::uint64_t const border = bases_.after(folded_);
            std::optional<timestamp> unknown;
            auto const read = log_->views(folded_ + 1, [&](sequence, record_view const& entry) {
                if (!fold_.knows_models(entry.started_at)) unknown = entry.started_at;
                if (unknown) return false;
                fold_.apply(entry);
                return ++folded_ != border && !fold_.wants_saving();
            });
            if (!read) return note_stale(read);
            if (unknown) {
                if (auto ok = fold_.load_models(*unknown, parts()); !ok) return ok;
            } else if (fold_.wants_saving()) {
                if (auto ok = relieve(); !ok) return ok;
            } else if (folded_ != border) {
                return {};
            }
        }
    }
    // If that fails, save() finds the border behind it.
    void save_at_border() {
        bool const is_at = folded_ != 0 && bases_.before(folded_) == folded_;
        if (is_at && !passed_border() && shelf_.saved() < folded_ && !settings_.read_only)
            static_cast<void>(put_parts());
    }
    // Whether a segment ended between what is saved and what is folded.
    [[nodiscard]] bool passed_border() const noexcept {
        return bases_.after(shelf_.saved()) < folded_;
    }
    // Makes the fold forget its cells: saves them, or holds them as parts.
    [[nodiscard]] result<void> relieve() {
        if (!settings_.read_only && !passed_border()) {
            auto const saved = put_parts();
            if (saved && *saved) return {};
            if (saved) {
                stale_ = true;  // begin with what the other process saved
                return fail(errc::storage_failed, "the rollup was saved meanwhile");
            }
        }
        auto const held = fold_.unsaved([this](civil_day day, std::string&& part) -> result<void> {
            shelf_.hold(day, std::move(part));
            return {};
        });
        if (held) fold_.saved();
        return held;
    }
    [[nodiscard]] bool is_stale() const noexcept { return stale_ || shelf_.stale(); }
    void clear_stale() noexcept {
        stale_ = false;
        shelf_.clear_stale();
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
    [[nodiscard]] result<void> start_from(std::uint64_t stored) {
        fold_.forget_all();
        std::array<std::string, 2> wrong;
        auto const days = shelf_.start(stored, settings_.fold_anew, wrong[0]);
        if (!days) return days.error();
        if (auto ok = user_totals_.start(wrong[1]); !ok) return ok;
        for (std::string& each : wrong) {
            if (!each.empty()) told_->add(std::move(each));
        }
        fold_.add_days(*days);
        folded_ = shelf_.saved();
        generation_ = 0;
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
            if (generation_ != never && next.before == folded_) {
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
            if (!fold_.knows_models(entry_.started_at)) {
                if (auto ok = fold_.load_models(entry_.started_at, parts()); !ok) return ok;
            }
            fold_.apply(entry_);
            ++folded_;
            return {};
        });
        if (all && (!fold_.wants_saving() || relieve())) return;
        generation_ = never;  // another process saved: the next who looks begins anew
    }

    // False where another process saved; the next report sees it.
    [[nodiscard]] result<bool> save() {
        if (auto ok = bases_.refresh(*store_, *log_); !ok) return ok.error();
        if (passed_border()) {
            // At the border, the rollups could not be saved: what came after it is folded anew.
            if (auto ok = start_from(shelf_.stored()); !ok) return ok.error();
            if (auto ok = fold_log(); !ok) return ok.error();
            if (passed_border())
                return fail(errc::storage_failed,
                            "the rollups of a segment that has ended cannot be saved");
        }
        return put_parts();
    }
    // Parts are made before the transaction, so that writers do not wait for that. Precondition: no
    // border is between what is saved and what is folded.
    [[nodiscard]] result<bool> put_parts() {
        parts_by_day parts;
        auto const made =
            fold_.unsaved([&parts](civil_day day, std::string&& part) -> result<void> {
                parts[day] = std::move(part);
                return {};
            });
        if (!made) return made.error();
        std::vector<civil_day> days;
        std::uint64_t users = 0;
        for (auto const& [day, bytes] : parts) {
            days.push_back(day);
            users += users_in(bytes);
        }
        auto const saved = shelf_.save(std::move(parts), folded_);
        if (!saved || !*saved) return saved;
        settings_.fold_anew = false;
        fold_.saved();
        user_totals_.add_saved(users);
        std::array<std::uint64_t, 2> const bounds{user_totals_.through(), bases_.before(folded_)};
        for (civil_day const day : days) {
            if (auto ok = shelf_.merge(day, bounds); !ok) return ok.error();
        }
        if (auto ok = renew_totals(pace::busy); !ok) return ok.error();
        return true;
    }
    using pace = typename user_totals<Store>::pace;
    [[nodiscard]] result<void> renew_totals(pace when) {
        if (settings_.read_only || !fold_.is_wide(dimension::user)) return {};
        return user_totals_.renew(fold_.days(), when);
    }

    static constexpr std::uint64_t never = ~std::uint64_t{0};
    static constexpr std::uint64_t pending_most = 65'536;  // records
    static constexpr std::uint64_t worth_folding = 4096;
    static constexpr std::chrono::milliseconds folding_pause{20};
    static constexpr std::chrono::milliseconds loading_pause{20};
    static constexpr std::chrono::seconds idle_pause{1};
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
    std::uint64_t folded_ = 0;  // the last record that is in fold_
    // Of the store when all was folded; 0: look; never: fold_ and folded_ do not count, begin.
    std::uint64_t generation_ = never;
    part_shelf<Store> shelf_;
    segment_bases bases_{};
    user_totals<Store> user_totals_;
    bool behind_ = false;  // the log has records that were not handed in by committed()
    bool stale_ = false;   // another process changed what was being read
    record_view entry_{};  // scratch
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_ENGINE_FOLD_KEEPER_HPP
