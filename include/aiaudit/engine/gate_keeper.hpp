// SPDX-License-Identifier: MIT
//
// gate_keeper.hpp: keeps the gate and the alerts equal to the log, and decides what enters it.
//
// One process at a time has the log's write transaction. What is decided in it, by a fold of all
// that is before it in the log, is decided once for all processes: so they share budgets with no
// server. Now and then the folds are saved, in the transaction of a block, so that a process that
// opens the log folds only what came after; what is missing, or not of this log, is folded anew.
// As long as the log has no budget and no alert, none of this costs more than a look at one key a
// transaction, and records are looked at once, when the log is opened.
// Threads: any; those that say so from the writer's alone.
// Floor 6.
#ifndef AIAUDIT_ENGINE_GATE_KEEPER_HPP
#define AIAUDIT_ENGINE_GATE_KEEPER_HPP

#include <aiaudit/budget/gate.hpp>             // budget_gate
#include <aiaudit/engine/alert_book.hpp>       // alert_book
#include <aiaudit/engine/batch_queue.hpp>      // batch
#include <aiaudit/engine/log_reader.hpp>       // log_reader
#include <aiaudit/engine/memory_decision.hpp>  // decide_in_memory
#include <aiaudit/engine/notices.hpp>          // notices
#include <aiaudit/engine/saved_gate.hpp>       // find_gate_start

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

template <class Store>
class gate_keeper {
public:
    // `save_records`: after how many the folds are saved. `told`: what is found wrong. `anew`: what
    // is saved is not believed.
    gate_keeper(Store& store, log_reader<Store> const& log, notices& told,
                std::uint64_t save_records, bool anew)
        : store_(&store), log_(&log), told_(&told), save_records_(save_records), replaces_(anew) {}

    // Whether there is any budget in what is committed. Reads the log where this process knows of
    // none and the log has grown: what another process set may be the first one.
    [[nodiscard]] bool has_budgets() {
        if (has_budgets_.load(std::memory_order_acquire)) return true;
        std::uint64_t const now = store_->generation();
        if (now == 0 || now == looked_.load(std::memory_order_acquire)) return false;
        std::lock_guard const lock(mutex_);
        // What cannot be read now is looked at again by the next.
        if (catch_up_locked()) looked_.store(now, std::memory_order_release);
        return has_budgets_.load(std::memory_order_acquire);
    }

    // The same of budgets that reserve stepwise.
    [[nodiscard]] bool has_steps() const noexcept {
        return has_steps_.load(std::memory_order_acquire);
    }

    // Folds what was committed up to now. Errors: those of reading the log.
    [[nodiscard]] result<void> catch_up() {
        std::lock_guard const lock(mutex_);
        return catch_up_locked();
    }
    // Calls visit(budget_gate&, alert_book&) -> T on folds of all that was committed before.
    // Errors: those of catch_up().
    template <class Visitor>
    [[nodiscard]] auto look(Visitor&& visit)
        -> result<decltype(visit(std::declval<budget_gate&>(), std::declval<alert_book&>()))> {
        std::lock_guard const lock(mutex_);
        if (auto ok = catch_up_locked(); !ok) return ok.error();
        return visit(gate_, book_);
    }

    // Decides in memory, for who is alone in deciding.
    // `draws`: the attempt would begin before its intent is on disk, so it may only draw from what
    // the log says is held ahead.
    [[nodiscard]] result<memory_decision> hold(record const& intent, bool draws) {
        std::unique_lock lock(mutex_);
        if (seen_ == 0 || seen_ != store_->generation()) {
            std::uint64_t const now = store_->generation();
            if (auto ok = catch_up_locked(); !ok) return ok.error();
            seen_ = now;
        }
        if (gate_.empty()) return memory_decision{};
        return decide_in_memory(gate_, intent, draws, holder_,
                                [&] { written_.wait_for(lock, std::chrono::milliseconds(250)); });
    }
    // A record of memory_decision::before did not get as far as the log.
    void release_advance(record const& entry) {
        std::lock_guard const lock(mutex_);
        cancel_advance(entry);
    }
    [[nodiscard]] bool holds_ahead() {
        std::lock_guard const lock(mutex_);
        return gate_.holds_ahead();
    }
    // What ends all that this process holds ahead; none where it holds nothing, or the log lacks
    // what was drawn from it.
    [[nodiscard]] std::optional<record> end_of_advances(timestamp now) {
        std::lock_guard const lock(mutex_);
        if (!gate_.holds_ahead() || gate_.has_lost()) return std::nullopt;
        return end_record(advance_end::returned, holder_, now);
    }
    // What was held of it is free again: it did not enter the log.
    void release(record const& intent) {
        std::lock_guard const lock(mutex_);
        gate_.cancel(intent);
    }

    // The writer's, in the transaction of a batch that is to follow so many records: decides about
    // its conditional entries, and takes out those that may not enter. Returns whether any was.
    // Where that fails and is_behind(), catch_up() and try again.
    template <class View>
    [[nodiscard]] result<bool> prepare(View& view, std::uint64_t before, batch& next) {
        auto const lock = lock_in_transaction();
        if (!lock) return fall_behind();
        behind_ = false;
        saving_ = 0;
        free_tentative(next);
        if (!loaded_) return fall_behind();
        if (next.has_rules) {
            if (auto ok = note_rules(view, before + 1); !ok) return ok.error();
        }
        // Of very many accounts seldom, so that what is saved is at most so much a record.
        constexpr std::uint64_t bytes_a_record = 64;
        bool const due =
            replaces_.load() ||
            folded_ >= saved_ + (std::max)(save_records_, saved_bytes_ / bytes_a_record);
        if (next.conditional == 0 && !due) return false;
        if (auto ok = catch_up_in(view, before); !ok) return ok.error();
        if (due) {
            auto const tree = get_tree(view, meta_key::tree);
            if (!tree) return tree.error();
            std::string const bytes = snapshot();
            saved_bytes_ = bytes.size();
            if (auto ok = put_gate(view, bytes, *tree); !ok) return ok.error();
            saving_ = folded_;
        }
        if (next.conditional == 0) return false;
        return decide(next);
    }
    [[nodiscard]] bool is_behind() const noexcept { return behind_; }  // the writer's

    // The writer's: the batch is on disk after so many records.
    void committed(batch const& added, std::uint64_t before) {
        std::lock_guard const lock(mutex_);
        if (saving_ != 0) {
            saved_ = std::exchange(saving_, 0);
            replaces_ = false;
        }
        tentative_ = false;
        if (!loaded_ || folded_ != before || gate_.needs_history()) return;
        if (is_quiet() && !added.has_rules) {
            folded_ += added.count;
            return;
        }
        std::uint64_t next = before;
        static_cast<void>(added.for_each([&](std::string_view encoded) -> result<void> {
            if (auto ok = decode_record(encoded, entry_); !ok) return ok;
            if (auto ok = apply(++next, entry_); !ok) return ok;
            // The rest is read from the log, after the history.
            if (gate_.needs_history()) return fail(errc::not_found, "the history is not folded");
            return {};
        }));
        note_budgets();
        written_.notify_all();
    }
    // The writer's: it is not on disk. What an attempt at a transaction held is free again; `for
    // good`: what was held before, too.
    void abandoned(batch const& failed, bool for_good) {
        std::lock_guard const lock(mutex_);
        saving_ = 0;
        free_tentative(failed);
        if (for_good) free_all(failed, entry_mark::held);
        written_.notify_all();
    }

    // Saves what is folded, if at least so many records are not saved.
    [[nodiscard]] result<void> save_now(std::uint64_t records_least) {
        std::string bytes;
        {
            std::lock_guard const lock(mutex_);
            if (auto ok = catch_up_locked(); !ok) return ok;
            if (!replaces_ && (folded_ == saved_ || folded_ - saved_ < records_least)) return {};
            bytes = snapshot();
        }
        auto const tree = log_->tree_of(through_of_gate(bytes));
        if (!tree) return tree.error();
        // Without the mutex: the writer takes it in its transaction.
        auto const saved = store_->write([&](auto& view) -> result<void> {
            auto const there = get_gates(view);
            if (!there) return there.error();
            // Somebody may have saved what is newer.
            auto const stand = fold_stand::parse(there->stand.value_or(""));
            bool const newer = stand && there->gate &&
                               through_of_gate(*there->gate) == stand->size &&
                               stand->size >= tree->size();
            if (newer && !replaces_.load()) return {};
            return put_gate(view, bytes, *tree);
        });
        std::lock_guard const lock(mutex_);
        if (!saved) return saved;
        saved_ = (std::max)(saved_, through_of_gate(bytes));
        replaces_ = false;
        return {};
    }

    // In the transaction that begins a segment: it begins with the folds of all before it. Errors:
    // storage_failed, and `behind`: catch_up(), and try again.
    template <class From, class To>
    [[nodiscard]] result<void> carry(From const& old, To& next, compact_range const& tree,
                                     bool& behind) {
        auto const lock = lock_in_transaction();
        auto caught_up =
            lock && loaded_ ? catch_up_in(old, tree.size()) : result<void>(behind_log());
        behind = !caught_up;
        if (!caught_up) return caught_up;
        auto const since = old.get(table::meta, meta_key::gate_since);
        if (!since) return since.error();
        if (*since) {
            if (auto ok = next.replace(table::meta, meta_key::gate_since, **since); !ok) return ok;
        }
        std::string const bytes = snapshot();
        if (auto ok = next.replace(table::meta, meta_key::gate_base, bytes); !ok) return ok;
        return put_gate(next, bytes, tree);
    }

private:
    static constexpr int tries_most = 50;  // while other processes save and drop

    // The mutex, but not for long: who has it may be reading the log, and wait for what waits for
    // this transaction. Not owned: they took their time.
    [[nodiscard]] std::unique_lock<std::mutex> lock_in_transaction() {
        constexpr int looks = 1000;
        for (int look = 0; look < looks; ++look) {
            std::unique_lock lock(mutex_, std::try_to_lock);
            if (lock) return lock;
            std::this_thread::yield();
        }
        return {};
    }

    // All under mutex_, but for the first.
    [[nodiscard]] error fall_behind() {
        behind_ = true;
        return behind_log();
    }
    [[nodiscard]] static error behind_log() {
        return fail(errc::storage_failed, "other processes change the log too quickly");
    }
    // Whether records of budgets and alerts alone can change anything.
    [[nodiscard]] bool is_quiet() const {
        return gate_.empty() && book_.empty() && !gate_.needs_history();
    }
    // A record of a budget or an alert is to be in the log: processes that know of none look.
    template <class View>
    [[nodiscard]] static result<void> note_rules(View& view, std::uint64_t number) {
        auto const since = get_number(view, meta_key::gate_since);
        if (!since) return since.error();
        if (*since != 0) return {};
        return view.replace(table::meta, meta_key::gate_since, to_little_endian(number));
    }
    void note_budgets() {
        has_budgets_.store(!gate_.empty(), std::memory_order_release);
        has_steps_.store(gate_.has_steps(), std::memory_order_release);
    }

    [[nodiscard]] result<void> apply(std::uint64_t number, record_view const& entry) {
        if (auto ok = gate_.apply(sequence{number}, entry); !ok) return ok;
        book_.apply(entry);
        folded_ = number;
        return {};
    }
    void cancel(std::string_view encoded) {
        if (!decode_record(encoded, entry_)) return;
        if (entry_.kind == record_kind::budget) return cancel_advance(entry_);
        // What was drawn has begun, whatever the log says.
        if (entry_.finish_reason != advance_mark) gate_.cancel(entry_);
    }
    template <class String>
    void cancel_advance(basic_record<String> const& entry) {
        auto const change = read_budget_change(entry);
        if (change && change->advanced) gate_.cancel_advance(*change->advanced, entry.started_at);
        if (change && change->ceiling) gate_.cancel_ceiling(*change->ceiling);
    }
    void free_all(batch const& of, entry_mark which) {
        static_cast<void>(of.for_each_entry(
            [&](std::uint32_t, entry_mark mark, std::string_view encoded) -> result<void> {
                if (mark == which) this->cancel(encoded);
                return {};
            }));
    }
    // What an attempt at a transaction held.
    void free_tentative(batch const& of) {
        if (std::exchange(tentative_, false)) free_all(of, entry_mark::conditional);
    }

    [[nodiscard]] result<bool> decide(batch& next) {
        std::vector<batch::left_out_entry> refused;
        tentative_ = true;
        auto const all = next.for_each_entry(
            [&](std::uint32_t place, entry_mark mark, std::string_view encoded) -> result<void> {
                if (mark != entry_mark::conditional) return {};
                if (auto ok = decode_record(encoded, entry_); !ok) return ok;
                if (!may_enter(place, next)) refused.push_back({place, refusal_, {}});
                return {};
            });
        if (!all) return all.error();
        if (refused.empty()) return false;
        next.leave_out(std::move(refused));
        return true;
    }
    // Of entry_. Sets refusal_ where it has words.
    [[nodiscard]] bool may_enter(std::uint32_t place, batch& next) {
        refusal_.reset();
        switch (entry_.kind) {
        case record_kind::intent: {
            auto const verdict = gate_.reserve(entry_);
            if (!verdict.admitted) refusal_ = gate_.describe(verdict, entry_);
            if (verdict.warned) next.warned.push_back(place);
            return verdict.admitted;
        }
        case record_kind::outcome: return gate_.is_open(entry_.operation_id, entry_.attempt);
        case record_kind::alert: return book_.may_append(entry_);
        case record_kind::budget: {
            auto const change = read_budget_change(entry_);
            return change && (!change->ceiling || gate_.may_set(*change->ceiling));
        }
        default: return true;
        }
    }

    [[nodiscard]] result<void> catch_up_locked() {
        for (int tries = 0;; ++tries) {
            auto const caught_up = try_to_catch_up();
            note_budgets();
            // What another process dropped it had saved before.
            bool const dropped = !caught_up && caught_up.error().code == errc::not_found;
            if (!dropped || tries == tries_most) return caught_up;
            loaded_ = looked_through_ = false;
        }
    }
    [[nodiscard]] result<void> try_to_catch_up() {
        auto const size = log_->size();
        if (!size) return size.error();
        if (!loaded_) {
            if (auto ok = load(); !ok) return ok;
        }
        // The key is believed of what came while the log was open, not of what was found.
        if (folded_ < *size && looked_through_ && is_quiet()) {
            auto const since = read_number(*store_, meta_key::gate_since);
            if (!since) return since.error();
            if (*since == 0) folded_ = *size;
        }
        for (;;) {
            if (auto const past = gate_.needs_history()) {
                if (auto ok = fold_gate_history(*log_, gate_, folded_, past->from); !ok) return ok;
            }
            if (folded_ >= *size) break;
            if (auto ok = is_quiet() ? pass_over_others() : fold_on(); !ok) return ok;
        }
        looked_through_ = true;
        return {};
    }
    [[nodiscard]] result<void> fold_on() {
        result<void> applied;
        auto const read = log_->views(folded_ + 1, [&](sequence number, record_view const& entry) {
            applied = this->apply(value_of(number), entry);
            return applied && !gate_.needs_history();
        });
        return read ? applied : read;
    }
    // While there is no budget and no alert: up to a block that may have one, and through that.
    [[nodiscard]] result<void> pass_over_others() {
        return log_->blocks(folded_ + 1, [this](std::string_view block) -> result<bool> {
            auto const header = read_block_header(block);
            if (!header) return header.error();
            auto const folded = fold_block(block, *header);
            if (!folded) return folded.error();
            return is_quiet();
        });
    }
    // The rest of a block, until a new budget needs the history.
    [[nodiscard]] result<void> fold_block(std::string_view block, block_header const& header) {
        if (is_quiet() && !may_have_rules(block, header)) {
            folded_ = header.last();
            return {};
        }
        result<void> applied;
        auto const read =
            read_block_as<std::string_view>(block, [&](sequence number, record_view const& entry) {
                if (value_of(number) <= folded_) return true;
                if (value_of(number) != folded_ + 1) return false;
                applied = this->apply(value_of(number), entry);
                return applied && !gate_.needs_history();
            });
        if (!read) return read.error();
        return applied;
    }
    // The tail of the log as the transaction sees it.
    template <class View>
    [[nodiscard]] result<void> catch_up_in(View const& view, std::uint64_t before) {
        if (gate_.needs_history()) return fall_behind();
        if (folded_ == before) return {};
        if (looked_through_ && is_quiet()) {
            auto const since = get_number(view, meta_key::gate_since);
            if (!since) return since.error();
            if (*since == 0) folded_ = before;
        }
        result<void> applied;
        auto const scanned = view.scan(
            table::blocks, block_key(folded_ + 1), [&](std::string_view, std::string_view block) {
                if (folded_ >= before) return false;
                auto const header = read_block_header(block);
                applied = header ? fold_block(block, *header) : result<void>(header.error());
                return applied && folded_ < before && !gate_.needs_history();
            });
        if (!scanned) return scanned;
        if (!applied) return applied;
        note_budgets();
        if (folded_ != before || gate_.needs_history()) return fall_behind();
        return {};
    }

    [[nodiscard]] std::string snapshot() const { return write_gate_of(folded_, gate_, book_); }
    // Begins with what was saved. What is damaged is folded anew, as far as the log still has it.
    [[nodiscard]] result<void> load() {
        auto start = find_gate_start(*store_, *log_, !replaces_.load());
        if (!start) return start.error();
        gate_ = std::move(start->from.gate);
        book_ = std::move(start->from.book);
        folded_ = start->from.through;
        saved_ = start->is_saved ? folded_ : 0;
        if (!start->is_saved && !start->notice.empty()) replaces_ = true;
        if (!start->notice.empty()) told_->add(std::move(start->notice));
        loaded_ = true;
        looked_through_ = false;
        return {};
    }

    Store* store_;
    log_reader<Store> const* log_;
    notices* told_;
    std::uint64_t const save_records_;
    std::atomic<bool> has_budgets_{false};
    std::atomic<bool> has_steps_{false};
    std::atomic<bool> replaces_{false};     // what is saved is none of this log
    std::atomic<std::uint64_t> looked_{0};  // the store's generation at which there was none
    bool behind_ = false;                   // the writer's

    std::mutex mutex_{};
    std::condition_variable written_{};  // a batch is, or never will be
    // Under mutex_.
    std::uint64_t holder_ = make_holder();  // this process, among all that held something ahead
    budget_gate gate_{};
    alert_book book_{};
    bool loaded_ = false;                      // with what was saved
    bool looked_through_ = false;              // all that the log had then is folded
    bool tentative_ = false;                   // a transaction that is not committed yet holds some
    std::uint64_t folded_ = 0;                 // the last record that is in the folds
    std::uint64_t saved_ = 0;                  // the last that is in what is saved
    std::uint64_t saving_ = 0;                 // the same, once the transaction is committed
    std::uint64_t saved_bytes_ = 0;            // how much that was, when this process did it
    std::uint64_t seen_ = 0;                   // generation of the store when all was folded
    std::optional<budget_refusal> refusal_{};  // scratch, as well
    record_view entry_{};
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_ENGINE_GATE_KEEPER_HPP
