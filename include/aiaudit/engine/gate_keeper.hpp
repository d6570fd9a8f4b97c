// SPDX-License-Identifier: MIT
//
// gate_keeper.hpp: keeps the gate and the alerts equal to the log, and decides what enters it.
//
// One process at a time has the log's write transaction. What is decided in it, by a fold of all
// that is before it in the log, is decided once for all processes: so they share budgets with no
// server. Now and then the folds are saved, in the transaction of a block, so that a process that
// opens the log folds only what came after. As long as the log has no budget and no alert, none of
// this costs more than a look at one key a transaction.
// Threads: any; those that say so from the writer's alone.
// Floor 6.
#ifndef AIAUDIT_ENGINE_GATE_KEEPER_HPP
#define AIAUDIT_ENGINE_GATE_KEEPER_HPP

#include <aiaudit/budget/gate.hpp>         // budget_gate
#include <aiaudit/detail/crc32c.hpp>       // crc32c
#include <aiaudit/engine/alert_book.hpp>   // alert_book
#include <aiaudit/engine/batch_queue.hpp>  // batch
#include <aiaudit/engine/log_reader.hpp>   // log_reader

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
    // `save_records`: after how many the folds are saved.
    gate_keeper(Store& store, log_reader<Store> const& log, std::uint64_t save_records)
        : store_(&store), log_(&log), save_records_(save_records) {}

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

    // Decides in memory, for who is alone in deciding: the answer, and whether the cost is held. It
    // is not where there was no budget to ask.
    struct decision {
        bool held = false;
        bool drawn = false;  // from what is held ahead: it need not wait for the disk
        bool warned = false;
        std::optional<budget_refusal> refused{};
        // What must enter the log as well, before the intent and after it, whatever was decided.
        std::vector<record> before{};
        std::vector<record> behind{};
    };
    // `draws`: the attempt would begin before its intent is on disk, so it may only draw from what
    // the log says is held ahead.
    [[nodiscard]] result<decision> hold(record const& intent, bool draws) {
        std::unique_lock lock(mutex_);
        if (seen_ == 0 || seen_ != store_->generation()) {
            std::uint64_t const now = store_->generation();
            if (auto ok = catch_up_locked(); !ok) return ok.error();
            seen_ = now;
        }
        decision made;
        if (gate_.empty()) return made;
        budget_gate::verdict verdict{.admitted = false};
        if (draws) verdict = gate_.draw(intent);
        made.drawn = verdict.admitted;
        if (!made.drawn) verdict = reserve(lock, intent, made.before);
        made.held = verdict.admitted;
        made.warned = verdict.warned;
        if (!verdict.admitted) made.refused = gate_.describe(verdict, intent);
        if (made.held && draws && (!made.drawn || gate_.is_short())) {
            // A gate that was read anew does not know what is on its way to the log.
            if (!gate_.holds_ahead() && gate_.holder() == holder_) holder_ = make_holder();
            made.behind = gate_.advance(intent, holder_, !made.drawn);
        }
        return made;
    }
    // A record of decision::before or behind did not get as far as the log.
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
        if (!active_) {
            auto const since = get_number(view, meta_key::gate_since);
            if (!since) return since.error();
            if (*since != 0) return fall_behind();
            if (!next.has_rules) return false;
            auto const first = to_little_endian(before + 1);
            if (auto ok = view.replace(table::meta, meta_key::gate_since, first); !ok)
                return ok.error();
            return false;
        }
        // Of very many accounts seldom, so that what is saved is at most so much a record.
        constexpr std::uint64_t bytes_a_record = 64;
        bool const due =
            folded_ >= saved_ + (std::max)(save_records_, saved_bytes_ / bytes_a_record);
        if (next.conditional == 0 && !due) return false;
        if (auto ok = catch_up_in(view, before); !ok) return ok.error();
        if (due) {
            std::string const bytes = snapshot();
            saved_bytes_ = bytes.size();
            if (auto ok = view.replace(table::meta, meta_key::gate, bytes); !ok) return ok.error();
            saving_ = folded_;
        }
        if (next.conditional == 0) return false;
        return decide(next);
    }
    [[nodiscard]] bool is_behind() const noexcept { return behind_; }  // the writer's

    // The writer's: the batch is on disk after so many records.
    void committed(batch const& added, std::uint64_t before) {
        std::lock_guard const lock(mutex_);
        if (saving_ != 0) saved_ = std::exchange(saving_, 0);
        tentative_ = false;
        if (!active_) {
            if (!added.has_rules) return;
            active_ = true;
            folded_ = saved_ = before;
        }
        if (folded_ != before || gate_.needs_history()) return;
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
            if (!active_ || folded_ == saved_ || folded_ - saved_ < records_least) return {};
            bytes = snapshot();
        }
        // Without the mutex: the writer takes it in its transaction.
        auto const saved = store_->write([&](auto& view) -> result<void> {
            auto const there = view.get(table::meta, meta_key::gate);
            if (!there) return there.error();
            // Somebody may have saved what is newer.
            if (*there && through_of(**there) >= through_of(bytes)) return {};
            return view.replace(table::meta, meta_key::gate, bytes);
        });
        std::lock_guard const lock(mutex_);
        if (saved && through_of(bytes) > saved_) saved_ = through_of(bytes);
        return saved;
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

    // Asks budgets, and gives back to them what is held ahead where they have no room else. Waits
    // for what is on its way to the log, since that cannot be given back.
    [[nodiscard]] budget_gate::verdict reserve(std::unique_lock<std::mutex>& lock,
                                               record const& intent, std::vector<record>& before) {
        constexpr int waits_most = 8;
        for (int waited = 0;;) {
            auto const verdict = gate_.reserve(intent);
            if (verdict.admitted || verdict.reason != refusal_reason::full) return verdict;
            bool waits = false;
            auto more = gate_.give_back(intent, waits);
            before.insert(before.end(), more.begin(), more.end());
            if (!more.empty()) continue;
            if (!waits || ++waited > waits_most) return verdict;
            written_.wait_for(lock, std::chrono::milliseconds(250));
        }
    }

    // All under mutex_, but for the first.
    [[nodiscard]] error fall_behind() {
        behind_ = true;
        return fail(errc::storage_failed, "other processes change the log too quickly");
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
            active_ = false;
        }
    }
    [[nodiscard]] result<void> try_to_catch_up() {
        auto const size = log_->size();
        if (!size) return size.error();
        if (active_ && folded_ >= *size && !gate_.needs_history()) return {};
        if (!active_) {
            auto const since = read_number(*store_, meta_key::gate_since);
            if (!since) return since.error();
            if (*since == 0) return {};
            if (auto ok = load(*since); !ok) return ok;
        }
        for (;;) {
            if (auto const past = gate_.needs_history()) {
                if (auto ok = fold_history(past->from); !ok) return ok;
            }
            if (folded_ >= *size) return {};
            result<void> applied;
            auto const read =
                log_->views(folded_ + 1, [&](sequence number, record_view const& entry) {
                    applied = this->apply(value_of(number), entry);
                    return applied && !gate_.needs_history();
                });
            if (!read) return read;
            if (!applied) return applied;
        }
    }
    // The tail of the log as the transaction sees it.
    template <class View>
    [[nodiscard]] result<void> catch_up_in(View const& view, std::uint64_t before) {
        if (gate_.needs_history()) return fall_behind();
        if (folded_ == before) return {};
        result<void> applied;
        auto const scanned = view.scan(
            table::blocks, block_key(folded_ + 1), [&](std::string_view, std::string_view block) {
                auto const read = read_block_as<std::string_view>(
                    block, [&](sequence number, record_view const& entry) {
                        if (value_of(number) <= folded_) return true;
                        if (value_of(number) != folded_ + 1) return false;
                        applied = this->apply(value_of(number), entry);
                        return applied && !gate_.needs_history();
                    });
                if (!read) applied = read.error();
                return applied && folded_ < before && !gate_.needs_history();
            });
        if (!scanned) return scanned;
        if (!applied) return applied;
        note_budgets();
        if (folded_ != before || gate_.needs_history()) return fall_behind();
        return {};
    }

    // The records before the definition that was folded last, for the budgets that it made.
    [[nodiscard]] result<void> fold_history(std::optional<timestamp> from) {
        budget_gate past = gate_.history_gate();
        auto const first = log_->first();
        if (!first) return first.error();
        auto const read = log_->blocks(*first, [&](std::string_view block) -> result<bool> {
            auto const header = read_block_header(block);
            if (!header) return header.error();
            if (value_of(header->first) > folded_) return false;
            if (from && header->latest < *from) return header->last() < folded_;
            result<void> applied;
            auto const all = read_block_as<std::string_view>(
                block, [&](sequence number, record_view const& entry) {
                    if (value_of(number) > folded_) return false;
                    applied = past.apply(number, entry);
                    return applied.has_value();
                });
            if (!all) return all.error();
            if (!applied) return applied.error();
            return header->last() < folded_;
        });
        if (!read) return read;
        gate_.adopt(past);
        return {};
    }

    // The folds as they were saved: their size and checksum, then how far they go and what they
    // are.
    [[nodiscard]] std::string snapshot() const {
        std::string const gate = gate_.snapshot();
        std::string body = to_little_endian(folded_);
        append_little_endian(body, static_cast<std::uint64_t>(gate.size()));
        body += gate;
        body += book_.snapshot();
        std::string bytes = to_little_endian(crc32c(body));
        bytes += body;
        return bytes;
    }
    [[nodiscard]] static std::uint64_t through_of(std::string_view bytes) noexcept {
        return bytes.size() < 12 ? 0 : load_little_endian<std::uint64_t>(bytes.data() + 4);
    }
    // Begins with what was saved. What is damaged is folded anew, as far as the log still has it.
    [[nodiscard]] result<void> load(std::uint64_t since) {
        std::string bytes;
        auto const got = store_->read([&bytes](auto const& view) -> result<void> {
            auto const found = view.get(table::meta, meta_key::gate);
            if (!found) return found.error();
            if (*found) bytes.assign(**found);
            return {};
        });
        if (!got) return got;
        gate_ = {};
        book_ = {};
        folded_ = since - 1;
        if (!restore(bytes)) {
            auto const first = log_->first();
            if (!first) return first.error();
            if (*first > since)
                return fail(errc::corrupt,
                            "what budgets had come to is missing or damaged, and "
                            "records that it was made of were dropped");
        }
        saved_ = folded_;
        active_ = true;
        return {};
    }
    [[nodiscard]] bool restore(std::string_view bytes) {
        constexpr std::size_t head = 4 + 8 + 8;
        if (bytes.size() < head) return false;
        if (crc32c(bytes.substr(4)) != load_little_endian<std::uint32_t>(bytes.data()))
            return false;
        auto const gate_bytes = load_little_endian<std::uint64_t>(bytes.data() + 12);
        if (gate_bytes > bytes.size() - head) return false;
        auto gate = budget_gate::from_snapshot(bytes.substr(head, gate_bytes));
        auto book = alert_book::from_snapshot(bytes.substr(head + gate_bytes));
        if (!gate || !book) return false;
        gate_ = std::move(*gate);
        book_ = std::move(*book);
        folded_ = through_of(bytes);
        return true;
    }

    Store* store_;
    log_reader<Store> const* log_;
    std::uint64_t const save_records_;
    std::atomic<bool> has_budgets_{false};
    std::atomic<bool> has_steps_{false};
    std::atomic<std::uint64_t> looked_{0};  // the store's generation at which there was none
    bool behind_ = false;                   // the writer's

    std::mutex mutex_{};
    std::condition_variable written_{};  // a batch is, or never will be
    // Under mutex_.
    std::uint64_t holder_ = make_holder();  // this process, among all that held something ahead
    budget_gate gate_{};
    alert_book book_{};
    bool active_ = false;                      // the log has budgets or alerts, or had
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
