// SPDX-License-Identifier: MIT
//
// ledger.hpp: the engine. It takes records, keeps them for ever, and answers reports.
//
// Callers encode their record themselves; one thread of the ledger's own writes what gathered, a
// block and a transaction at a time (group commit): while one block is being synced the next one
// gathers, so many callers share one fdatasync. Every record is a leaf of a Merkle tree whose state
// is in the same transaction (verify.hpp).
// Threads: all members may be called from any thread at once.
// Processes: a forked child's copy answers errc::closed, and leaving its scope there touches
// nothing of the parent's; the child may open the ledger anew. Several processes may have the same
// ledger open; sequences stay dense and every one's reports count all records.
// Floor 7.
#ifndef AIAUDIT_LEDGER_HPP
#define AIAUDIT_LEDGER_HPP

#include <aiaudit/config.hpp>  // first: it names the platforms

#include <aiaudit/budget/budget_record.hpp>    // to_record
#include <aiaudit/budget/unknown_outcome.hpp>  // unknown_outcome
#include <aiaudit/clock/thread.hpp>            // thread
#include <aiaudit/engine/admission_lock.hpp>   // admission_lock
#include <aiaudit/engine/batch_queue.hpp>      // batch_queue
#include <aiaudit/engine/fold_keeper.hpp>      // fold_keeper
#include <aiaudit/engine/gate_keeper.hpp>      // gate_keeper
#include <aiaudit/engine/ledger_options.hpp>   // ledger_options
#include <aiaudit/engine/ledger_share.hpp>     // ledger_share
#include <aiaudit/engine/log_appender.hpp>     // log_appender
#include <aiaudit/engine/log_reader.hpp>       // log_reader
#include <aiaudit/policies.hpp>                // default_policies
#include <aiaudit/rollup/report.hpp>           // report
#include <aiaudit/storage/process_mark.hpp>    // process_owned
#include <aiaudit/storage/store.hpp>           // storage_policy

#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// A record that is on its way to the log.
class ticket {
public:
    ticket() = default;

private:
    template <class Policies>
    friend class basic_ledger;
    explicit ticket(detail::batch_queue::pushed of) : of_(std::move(of)) {}
    detail::batch_queue::pushed of_{};
};

// A handle, which may be moved. Clients, watches, dashboards and gateways that were opened on it
// keep the log open until the last of them is gone. When moved from, only destroy it or assign.
template <class Policies = default_policies>
class basic_ledger {
public:
    using storage = typename Policies::storage;
    using clock = typename Policies::clock;
    static_assert(storage_policy<storage>,
                  "Policies::storage is not a storage_policy (storage/store.hpp)");
    static_assert(clock_policy<clock>, "Policies::clock is not a clock_policy (clock/clock.hpp)");

    // Opens the ledger and folds what its saved rollups do not hold yet. Errors: those of the
    // store; corrupt; no_thread, where the system gives no thread for the writer or the rollups.
    [[nodiscard]] static result<basic_ledger> open(ledger_options options);

    // The last holder writes what is queued, and closes. To learn whether that worked, call flush()
    // before.
    basic_ledger(basic_ledger&&) noexcept = default;
    basic_ledger& operator=(basic_ledger&&) noexcept = default;

    // Hands a record to the log and returns at once, but for room in the queue. Errors: read_only;
    // too_large, over limits::record_bytes; the failure of a record that this thread handed over
    // before without waiting, and was not told of: until it is told, none of its later ones enter
    // the log.
    [[nodiscard]] result<ticket> enqueue(record const& entry) {
        return issue(state_->push(entry, false));
    }
    [[nodiscard]] result<ticket> enqueue(detail::record_view_argument view) {
        return issue(state_->push(view.entry(), false));
    }
    // Waits until the record is on disk. Zero where it was spilled (on_log_failure). Errors: why it
    // could not be written. It is then not in the log, unless the disk failed in the very moment of
    // the commit, and so that nobody can tell: then it may be there after the ledger was reopened.
    [[nodiscard]] result<sequence> wait(ticket const& of) {
        if (!of.of_.to) return fail(errc::bad_argument, "an empty ticket");
        if (auto ok = state_->check_process(); !ok) return ok.error();
        state_->queue.await(*of.of_.to);
        return state_->wait(of.of_);
    }
    // Errors: as enqueue() and wait(). With durability::relaxed the sequence is not known yet:
    // sequence{0}.
    [[nodiscard]] result<sequence> append(record const& entry,
                                          durability when = durability::committed) {
        return finish(state_->push(entry, when == durability::committed), when);
    }
    [[nodiscard]] result<sequence> append(detail::record_view_argument view,
                                          durability when = durability::committed) {
        return finish(state_->push(view.entry(), when == durability::committed), when);
    }
    // Asks the budgets that cover an attempt, and appends its intent, in one step: its cost is held
    // from then on, until an outcome of the same operation and attempt settles it. Where one does
    // not let it through, admission::refused says why, and nothing is in the log. Where the same
    // attempt is open already, what is held for it becomes the larger of both.
    // With budget_mode::shared it waits for the disk whatever `when` says. Errors: as append();
    // already_open, where another process decides alone.
    [[nodiscard]] result<admission> admit(record const& intent,
                                          durability when = durability::committed);
    // Whether there are budgets: as of the last record that this process wrote or read, so what
    // another one sets counts here from the next record on. Cheap.
    [[nodiscard]] bool has_budgets() const noexcept { return state_->gate.has_budgets(); }
    // Who decides; with budget_mode::exclusive admit() need not wait for the disk.
    [[nodiscard]] budget_mode budgets_by() const noexcept { return state_->options.budgets; }
    // Sets a budget, new or instead of the one with that name. One with the same unit, scope and
    // window keeps what it has counted; another one counts what the log has of its window, as far
    // as retention left it. Errors: bad_argument, in words; as append().
    [[nodiscard]] result<sequence> set_budget(budget const& wanted);
    // Errors: not_found; as append().
    [[nodiscard]] result<sequence> remove_budget(std::string_view name);
    // By name. Errors, of this and those below: of reading what other processes wrote.
    [[nodiscard]] result<std::vector<budget>> budgets();
    // Each budget, or each of its subjects that has counted anything in the present window.
    [[nodiscard]] result<std::vector<budget_state>> budget_states();
    // Attempts without an outcome, oldest first: all, or those that must have ended before that.
    [[nodiscard]] result<std::vector<open_reservation>> open_reservations(
        std::optional<timestamp> deadline_before = {});
    // Writes an outcome for each of those, at the cost that was held for it, since nobody knows
    // better: error_type "outcome_unknown". Returns how many; what was settled meanwhile, by
    // whatever process, is left alone.
    [[nodiscard]] result<std::uint64_t> reconcile(timestamp deadline_before);
    // The thresholds that budgets have passed, since this was last asked in this process.
    [[nodiscard]] result<std::vector<budget_crossing>> take_crossings();
    // Appends an alert's record unless the log has it already, or another process has taken it
    // (engine/alert_book.hpp); an outcome, unless its attempt has one. Nothing: it was left out.
    [[nodiscard]] result<std::optional<sequence>> append_once(record const& entry);
    // Calls visit(alert_book const&) -> T on the alerts of the log.
    template <class Visitor>
    [[nodiscard]] auto alerts(Visitor&& visit) {
        return state_->look([&visit](budget_gate&, detail::alert_book& book) {
            return visit(std::as_const(book));
        });
    }

    // Waits until all that was handed over before, by whatever thread, is on disk. Errors: a
    // failure of what this thread handed over, and was not told of; else one of another thread's
    // that no flush() was told of yet (that thread is still told itself).
    [[nodiscard]] result<void> flush() {
        if (auto ok = state_->check_process(); !ok) return ok;
        return state_->queue.flush();
    }

    // Errors: those of reading what other processes wrote in the meantime, or days that are not in
    // memory.
    [[nodiscard]] result<aiaudit::report> report(report_query const& query) {
        if (auto ok = state_->check_process(); !ok) return ok.error();
        return state_->fold.answer(query);
    }
    // The cost of the records that began today, by the clock and the zone's calendar.
    [[nodiscard]] result<money> spent_today(time_zone const& zone = {}) {
        civil_day const today = zone.day_of(state_->time.now());
        auto const sums = report({report_kind::daily, zone, {today, today}, {}});
        if (!sums) return sums.error();
        return sums->sum.cost;
    }

    // The number of records that the log ever had, which is the sequence of the last.
    [[nodiscard]] result<sequence> last_sequence() const {
        if (auto ok = state_->check_process(); !ok) return ok.error();
        auto const size = state_->log.size();
        if (!size) return size.error();
        return sequence{*size};
    }
    // Of the oldest record that retention left; one past the last where there is none.
    [[nodiscard]] result<sequence> first_sequence() const {
        if (auto ok = state_->check_process(); !ok) return ok.error();
        auto const first = state_->log.first();
        if (!first) return first.error();
        return sequence{*first};
    }
    // Calls visit(sequence, record&&) from that sequence on, in order, until it returns false or
    // the log ends. Errors: not_found for a record that was dropped; corrupt.
    template <class Visitor>
    [[nodiscard]] result<void> read(sequence from, Visitor&& visit) const {
        if (auto ok = state_->check_process(); !ok) return ok;
        return state_->log.template records<std::string>(
            value_of(from),
            [&visit](sequence number, record& entry) { return visit(number, std::move(entry)); });
    }

    // Begins a new segment, after what was appended before. Segments rotate by themselves
    // (rotation_policy); this is for who wants a border at a certain point.
    [[nodiscard]] result<void> rotate();
    // Saves the rollups of all that was appended before. They save themselves
    // (rollup_save_records); this is for who is about to drop records, or to copy the directory.
    [[nodiscard]] result<void> save();

    [[nodiscard]] clock& time() noexcept { return state_->time; }
    [[nodiscard]] std::uint64_t bytes_on_disk() const { return state_->store.bytes_on_disk(); }

    // For who verifies, proves and retains (floor 8).
    [[nodiscard]] detail::log_reader<storage> const& log() const noexcept { return state_->log; }
    [[nodiscard]] storage& store() noexcept { return state_->store; }

private:
    struct state;

    static result<ticket> issue(result<detail::batch_queue::pushed> entry) {
        if (!entry) return std::move(entry).error();
        return ticket(std::move(*entry));
    }
    result<sequence> finish(result<detail::batch_queue::pushed> const& entry, durability when) {
        if (!entry) return entry.error();
        if (when == durability::relaxed) return sequence{0};
        return state_->wait(*entry);
    }

    friend class detail::ledger_share<basic_ledger>;
    explicit basic_ledger(std::shared_ptr<state> opened) : state_(std::move(opened)) {}
    // Another handle on the same log.
    [[nodiscard]] basic_ledger share() const { return basic_ledger(state_); }
    std::shared_ptr<state> state_;
};

using ledger = basic_ledger<>;

template <class Policies>
struct basic_ledger<Policies>::state {
    state(ledger_options with, storage opened)
        : options(std::move(with)),
          store(std::move(opened)),
          log(store),
          queue(options.batch_records_max, options.batch_bytes_max),
          fold(store, log, queue,
               {rollup_options{.memory_bytes = options.rollup_memory_bytes},
                options.rollup_save_records}),
          gate(store, log, options.rollup_save_records),
          appender(store, time, queue, gate, options.path, options.rotation, options.log_failure) {}
    ~state() {
        bool const ran = writer.joinable() && folder.joinable();
        queue.stop();
        writer.join();
        fold.stop();
        folder.join();
        if (!ran) return;
        // So that opening has less to fold. Not worth a commit for a few records.
        constexpr std::uint64_t worth_saving = 8192;
        static_cast<void>(fold.save_now(worth_saving));
        static_cast<void>(gate.save_now(worth_saving));
    }

    result<void> check_process() const { return process.check(options.path); }
    // As gate_keeper::look().
    template <class Visitor>
    auto look(Visitor&& visit) {
        using look_result = decltype(gate.look(visit));
        if (auto ok = check_process(); !ok) return look_result(ok.error());
        return gate.look(visit);
    }

    template <class String>
    result<std::string_view> encode(basic_record<String> const& entry) const {
        thread_local std::string room;
        if (auto ok = check_process(); !ok) return ok.error();
        if (options.read_only)
            return fail(errc::read_only, options.path + " is open for reading only");
        std::string_view const encoded = encode_record(entry, room);
        if (encoded.size() > limits::record_bytes)
            return fail(errc::too_large, "a record of " + std::to_string(encoded.size()) +
                                             " bytes; the most is " +
                                             std::to_string(limits::record_bytes));
        return encoded;
    }
    template <class String>
    result<detail::batch_queue::pushed> push(basic_record<String> const& entry, bool awaited) {
        auto const encoded = encode(entry);
        if (!encoded) return encoded.error();
        return queue.push(*encoded, awaited);
    }

    result<sequence> wait(detail::batch_queue::pushed const& of) {
        auto const written = queue.wait(*of.to);
        if (!written) return written.error();
        return of.to->sequence_at(of.place);
    }

    // What became of an entry that the writer decides about.
    struct decided {
        sequence number{};
        bool warned = false;
        detail::batch::left_out_entry const* left_out = nullptr;  // the batch's
    };
    result<decided> wait_for_decision(detail::batch_queue::pushed const& of) {
        auto const number = wait(of);
        if (!number) return number.error();
        auto const& warned = of.to->warned;
        auto const* const left_out = of.to->left_out_at(of.place);
        if (left_out != nullptr && left_out->failure) return *left_out->failure;
        return decided{*number, std::binary_search(warned.begin(), warned.end(), of.place),
                       left_out};
    }

    // A store that has nothing on disk has no other processes.
    result<void> take_admissions() {
        if (admissions.taken() || store.bytes_on_disk() == 0) return {};
        return admissions.take(options.path, options.budgets == budget_mode::exclusive);
    }
    // Lets the writer decide.
    result<admission> admit_by_log(std::string_view encoded) {
        auto const pushed = queue.push(encoded, true, detail::entry_mark::conditional);
        if (!pushed) return pushed.error();
        auto const became = wait_for_decision(*pushed);
        if (!became) return became.error();
        if (became->left_out == nullptr) return admission{became->number, {}, became->warned};
        return admission{sequence{}, became->left_out->why, false};
    }
    result<admission> admit_by_memory(record const& intent, std::string_view encoded,
                                      durability when) {
        auto const said = gate.hold(intent);
        if (!said) return said.error();
        if (said->refused) return admission{sequence{}, said->refused, false};
        // A budget that is being set now is asked as well.
        if (!said->held) return admit_by_log(encoded);
        auto const pushed =
            queue.push(encoded, when == durability::committed, detail::entry_mark::held);
        if (!pushed) {
            gate.release(intent);
            return pushed.error();
        }
        admission made{sequence{}, {}, said->warned};
        if (when == durability::relaxed) return made;
        auto const number = wait(*pushed);
        if (!number) return number.error();
        made.number = *number;
        return made;
    }

    // If one thread cannot be had, the destructor ends the other.
    result<void> start() {
        auto writing = detail::thread::start("the ledger's writer", [this] { run(); });
        if (!writing) return writing.error();
        writer = std::move(*writing);
        auto folding = detail::thread::start("the ledger's folder", [this] { fold.run(); });
        if (!folding) return folding.error();
        folder = std::move(*folding);
        return {};
    }

    // The writer's thread.
    void run() {
        while (auto next = queue.take()) {
            auto const first = appender.append(*next);
            if (!first) gate.abandoned(*next, true);
            if (auto const doomed = queue.finish(*next, first)) gate.abandoned(*doomed, true);
            if (first && value_of(*first) != 0 && next->count != 0)
                fold.committed(std::move(next), value_of(*first) - 1);
        }
        static_cast<void>(appender.take_up_spilled());
    }

    ledger_options const options;
    detail::process_mark const process{};
    storage store;
    clock time{};
    detail::log_reader<storage> log;
    detail::batch_queue queue;
    detail::fold_keeper<storage> fold;
    detail::gate_keeper<storage> gate;
    detail::admission_lock admissions{};
    std::mutex once{};                              // one conditional record of a kind at a time
    detail::log_appender<storage, clock> appender;  // the writer's
    detail::thread writer{};                        // last: they use all of the above
    detail::thread folder{};
};

template <class Policies>
result<basic_ledger<Policies>> basic_ledger<Policies>::open(ledger_options options) {
    if (options.batch_records_max == 0 || options.batch_bytes_max == 0)
        return fail(errc::bad_argument, "a batch of nothing");
    store_options const with{options.path, options.create, options.read_only, options.map_bytes};
    auto opened = storage::open(with);
    if (!opened) return opened.error();
    detail::process_owned<state> made(new state(std::move(options), std::move(*opened)));
    if (made->options.budgets == budget_mode::exclusive) {
        if (auto alone = made->take_admissions(); !alone) return alone.error();
    }
    if (auto folded = made->fold.catch_up_now(); !folded) return folded.error();
    if (made->options.read_only) return basic_ledger(std::move(made));
    if (auto folded = made->gate.catch_up(); !folded) return folded.error();
    if (auto taken = made->appender.open(); !taken) return taken.error();
    if (auto started = made->start(); !started) return started.error();
    return basic_ledger(std::move(made));
}

template <class Policies>
result<void> basic_ledger<Policies>::save() {
    if (auto ok = flush(); !ok) return ok;
    if (auto ok = state_->fold.catch_up_now(); !ok) return ok;
    if (auto ok = state_->fold.save_now(1); !ok) return ok;
    return state_->gate.save_now(1);
}

template <class Policies>
result<void> basic_ledger<Policies>::rotate() {
    if (auto ok = flush(); !ok) return ok;
    detail::log_writer<storage> writing(state_->store, state_->options.rotation);
    return writing.rotate(state_->time.now(), true);
}

template <class Policies>
result<admission> basic_ledger<Policies>::admit(record const& intent, durability when) {
    if (intent.kind != record_kind::intent)
        return fail(errc::bad_argument, "an attempt is admitted by its intent");
    auto const encoded = state_->encode(intent);
    if (!encoded) return encoded.error();
    if (auto ok = state_->take_admissions(); !ok) return ok.error();
    if (state_->options.budgets == budget_mode::exclusive)
        return state_->admit_by_memory(intent, *encoded, when);
    return state_->admit_by_log(*encoded);
}

template <class Policies>
result<sequence> basic_ledger<Policies>::set_budget(budget const& wanted) {
    auto const entry = to_record(wanted, state_->time.now());
    if (!entry) return entry.error();
    auto const number = append(*entry);
    if (!number) return number;
    if (auto ok = state_->gate.catch_up(); !ok) return ok.error();
    return number;
}

template <class Policies>
result<sequence> basic_ledger<Policies>::remove_budget(std::string_view name) {
    auto const there = budgets();
    if (!there) return there.error();
    auto const found = std::find_if(there->begin(), there->end(),
                                    [name](budget const& of) { return of.name == name; });
    if (found == there->end())
        return fail(errc::not_found, "no budget '" + std::string(name.substr(0, 64)) + "'");
    auto const number = append(to_removal_record(name, state_->time.now()));
    if (!number) return number;
    if (auto ok = state_->gate.catch_up(); !ok) return ok.error();
    return number;
}

template <class Policies>
result<std::vector<budget>> basic_ledger<Policies>::budgets() {
    return state_->look([](budget_gate& gate, auto&) { return gate.budgets(); });
}

template <class Policies>
result<std::vector<budget_state>> basic_ledger<Policies>::budget_states() {
    timestamp const now = state_->time.now();
    return state_->look([now](budget_gate& gate, auto&) { return gate.states(now); });
}

template <class Policies>
result<std::vector<open_reservation>> basic_ledger<Policies>::open_reservations(
    std::optional<timestamp> deadline_before) {
    return state_->look([&](budget_gate& gate, auto&) { return gate.open(deadline_before); });
}

template <class Policies>
result<std::uint64_t> basic_ledger<Policies>::reconcile(timestamp deadline_before) {
    auto const open = open_reservations(deadline_before);
    if (!open) return open.error();
    std::uint64_t count = 0;
    for (open_reservation const& one : *open) {
        std::optional<record> intent;
        auto const got = read(one.intent, [&intent](sequence, record&& entry) {
            intent = std::move(entry);
            return false;
        });
        if (!got) return got.error();
        if (!intent) return fail(errc::corrupt, "an intent is missing");
        auto const written = append_once(detail::unknown_outcome(std::move(*intent)));
        if (!written) return written.error();
        if (*written) ++count;
    }
    return count;
}

template <class Policies>
result<std::vector<budget_crossing>> basic_ledger<Policies>::take_crossings() {
    return state_->look([](budget_gate& gate, auto&) { return gate.take_crossings(); });
}

template <class Policies>
result<std::optional<sequence>> basic_ledger<Policies>::append_once(record const& entry) {
    if (entry.kind != record_kind::alert && entry.kind != record_kind::outcome)
        return fail(errc::bad_argument, "alerts and outcomes alone are appended once");
    auto const encoded = state_->encode(entry);
    if (!encoded) return encoded.error();
    std::lock_guard const lock(state_->once);
    auto const pushed = state_->queue.push(*encoded, true, detail::entry_mark::conditional);
    if (!pushed) return pushed.error();
    auto const became = state_->wait_for_decision(*pushed);
    if (!became) return became.error();
    if (became->left_out != nullptr) return std::optional<sequence>{};
    return std::optional(became->number);
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_LEDGER_HPP
