// SPDX-License-Identifier: MIT
//
// basic_ledger.hpp: the engine. It takes records, keeps them for ever, and answers reports.
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
#ifndef AIAUDIT_BASIC_LEDGER_HPP
#define AIAUDIT_BASIC_LEDGER_HPP

#include <aiaudit/config.hpp>  // first: it names the platforms

#include <aiaudit/budget/decision.hpp>        // budget, admission
#include <aiaudit/core/record.hpp>            // record
#include <aiaudit/detail/function_ref.hpp>    // function_ref
#include <aiaudit/engine/ledger_options.hpp>  // ledger_options, durability
#include <aiaudit/error.hpp>                  // result
#include <aiaudit/policies.hpp>               // default_policies
#include <aiaudit/rollup/report.hpp>          // report

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
class budget_gate;

namespace detail {

// What a ledger is made of: impl/basic_ledger.tpp.
class alert_book;
struct batch;
template <class Ledger>
class ledger_share;
template <class Store>
class log_reader;

}  // namespace detail

// A record that is on its way to the log.
class ticket {
public:
    ticket() = default;

private:
    template <class Policies>
    friend class basic_ledger;
    ticket(std::shared_ptr<detail::batch> batch, std::uint32_t place)
        : batch_(std::move(batch)), place_(place) {}
    std::shared_ptr<detail::batch> batch_{};
    std::uint32_t place_ = 0;
};

// A handle, which may be moved. Clients, watches, dashboards and gateways that were opened on it
// keep the log open until the last of them is gone. When moved from, only destroy it or assign.
template <class Policies = default_policies>
class basic_ledger {
public:
    using storage = typename Policies::storage;
    using clock = typename Policies::clock;

    // Opens the ledger and folds what its saved rollups do not hold yet. Errors: those of the
    // store, also where there is no memory, address space or descriptor; corrupt; no_thread, where
    // the system gives no thread for the writer or the rollups.
    [[nodiscard]] static result<basic_ledger> open(ledger_options options);

    // The last holder writes what is queued, and closes. To learn whether that worked, call flush()
    // before.
    basic_ledger(basic_ledger&&) noexcept = default;
    basic_ledger& operator=(basic_ledger&&) noexcept = default;

    // Hands a record to the log and returns at once, but for room in the queue. Errors: read_only;
    // too_large, over limits::record_bytes; the failure of a record that this thread handed over
    // before without waiting, and was not told of: until it is told, none of its later ones enter
    // the log.
    [[nodiscard]] result<ticket> enqueue(record const& entry);
    [[nodiscard]] result<ticket> enqueue(detail::record_view_argument view);
    // Waits until the record is on disk. Zero where it was spilled (on_log_failure). Errors: why it
    // could not be written. It is then not in the log, unless the disk failed in the very moment of
    // the commit, and so that nobody can tell: then it may be there after the ledger was reopened.
    [[nodiscard]] result<sequence> wait(ticket const& entry);
    // Errors: as enqueue() and wait(). With durability::relaxed the sequence is not known yet:
    // sequence{0}.
    [[nodiscard]] result<sequence> append(record const& entry,
                                          durability when = durability::committed);
    [[nodiscard]] result<sequence> append(detail::record_view_argument view,
                                          durability when = durability::committed);
    // Appends all that next(record&) gives until it returns false, in one transaction: a crash
    // leaves all of them in the log, or none. Returns the sequence of the first; zero where there
    // are none, or where they were spilled. Takes the memory of all of them, encoded: at most 1
    // GiB. Errors: as append(), for all of them; too_large.
    [[nodiscard]] result<sequence> append_all(detail::function_ref<bool(record&)> next);
    // Asks the budgets that cover an attempt, and appends its intent, in one step: its cost is held
    // from then on, until an outcome of the same operation and attempt settles it. Where one does
    // not let it through, admission::refused says why, and nothing is in the log. Where the same
    // attempt is open already, what is held for it becomes the larger of both.
    // With budget_mode::shared it waits for the disk whatever `when` says. Errors: as append();
    // already_open, where another process decides alone.
    [[nodiscard]] result<admission> admit(record const& intent,
                                          durability when = durability::committed);
    // Takes this process's part in deciding about budgets, as its first admit() does, and keeps it
    // until the ledger is closed or the process ends: who is to admit later learns now whether it
    // may. Errors: read_only; already_open, where another process decides alone, or this one wants
    // to and others decide; moved, where the file of that right (admission.lock) is not there any
    // more.
    [[nodiscard]] result<void> claim_budgets();
    // Whether there are budgets, those that another process has set included. Cheap: reads the log
    // only where this process knows of none and the log has grown.
    [[nodiscard]] bool has_budgets() const;
    // The same of budgets that reserve stepwise, of those that this process knows.
    [[nodiscard]] bool has_stepwise_budgets() const noexcept;
    // Who decides; with budget_mode::exclusive admit() need not wait for the disk.
    [[nodiscard]] budget_mode budgets_by() const noexcept;
    // Sets a budget, new or instead of the one with that name. One with the same unit, scope and
    // window keeps what it has counted; another one counts what the log has of its window, as far
    // as retention left it. Errors: bad_argument, in words; as append().
    [[nodiscard]] result<sequence> set_budget(budget const& wanted);
    // Adds to a budget's limit in the window of now, beside what was added before. Errors:
    // not_found; bad_argument for another unit than the budget's, a rate, runs for as long as they
    // go on, or a subject of a budget that is for all of its calls together; as append().
    [[nodiscard]] result<sequence> top_up_budget(budget_top_up const& wanted);
    // Errors: not_found; as append().
    [[nodiscard]] result<sequence> remove_budget(std::string_view name);
    // What budgets have counted in windows that begin after an instant: a clock stood ahead.
    // Errors: of reading what other processes wrote.
    [[nodiscard]] result<std::vector<future_state>> future_states(timestamp after);
    // Forgets that, on record, whose `forgotten` is written here; windows that those have pushed
    // out are read from the log again, as far as retention left it. An instant before now is now.
    // Errors: bad_argument without `by` or `why`; as append().
    [[nodiscard]] result<sequence> forget_future(future_pardon wanted);
    // What processes that are dead held ahead of use (docs/budgets.md): they may have used it in
    // their last moments. Errors: of reading what other processes wrote.
    [[nodiscard]] result<std::vector<budget_advance>> lost_advances();
    // Frees that, on record, whose `forgotten` is written here; what a process that is alive holds
    // stays. Errors: bad_argument without `by` or `why`; as append().
    [[nodiscard]] result<sequence> write_off_advances(advance_pardon wanted);
    // By name. Errors, of this and those below: of reading what other processes wrote.
    [[nodiscard]] result<std::vector<budget>> budgets();
    // Each budget, or each of its subjects that has counted anything in the present window, the
    // largest first; of these rows those that are wanted.
    [[nodiscard]] result<std::vector<budget_state>> budget_states(budget_rows rows = {});
    // The same, one after the other, for very many; nobody is admitted meanwhile.
    [[nodiscard]] result<void> visit_budget_states(
        budget_rows rows, detail::function_ref<void(budget_state&&)> visit);
    // Those that would cover a record that is written now, as they stand for its user, project,
    // key, tags, models and provider: what these have left.
    [[nodiscard]] result<std::vector<budget_state>> budget_states_of(record const& who);
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
    // (engine/alert_book.hpp); an outcome, unless its attempt has one; a ceiling, unless more is
    // used. Nothing: it was left out.
    [[nodiscard]] result<std::optional<sequence>> append_once(record const& entry);
    // Calls visit(alert_book const&) -> T on the alerts of the log.
    template <class Visitor>
    [[nodiscard]] auto alerts(Visitor&& visit)
        -> result<decltype(visit(std::declval<detail::alert_book const&>()))> {
        std::optional<decltype(visit(std::declval<detail::alert_book const&>()))> value;
        auto const looked = look_at_folds(
            [&](budget_gate&, detail::alert_book const& book) { value.emplace(visit(book)); });
        if (!looked) return looked.error();
        return std::move(*value);
    }

    // Calls visit(budget_gate&) -> T; for who keeps ceilings of a fleet (floor 8).
    template <class Visitor>
    [[nodiscard]] auto look_at_gate(Visitor&& visit)
        -> result<decltype(visit(std::declval<budget_gate&>()))> {
        std::optional<decltype(visit(std::declval<budget_gate&>()))> value;
        auto const looked = look_at_folds(
            [&](budget_gate& gate, detail::alert_book const&) { value.emplace(visit(gate)); });
        if (!looked) return looked.error();
        return std::move(*value);
    }

    // Waits until all that was handed over before, by whatever thread, is on disk. Errors: a
    // failure of what this thread handed over, and was not told of; else one of another thread's
    // that no flush() was told of yet (that thread is still told itself).
    [[nodiscard]] result<void> flush();

    // Whether the log would take a record now. Cheap, and commits nothing, unless the last record
    // was refused: then a number is written anew as it is, so that the answer is the log's own.
    // With on_log_failure::spill it speaks of the log, not of the spill directory. Errors: closed,
    // in a forked child; read_only; moved, for good; disk_full; why the log cannot be written.
    [[nodiscard]] result<void> probe() const;

    // Errors: those of reading what other processes wrote in the meantime, or days that are not in
    // memory.
    [[nodiscard]] result<aiaudit::report> report(report_query const& query);
    // The cost of the records that began today, by the clock and the zone's calendar.
    [[nodiscard]] result<money> spent_today(time_zone const& zone = {});

    // The number of records that the log ever had, which is the sequence of the last.
    [[nodiscard]] result<sequence> last_sequence() const;
    // Of the oldest record that retention left; one past the last where there is none.
    [[nodiscard]] result<sequence> first_sequence() const;
    // Calls visit(sequence, record&&) from that sequence on, in order, until it returns false or
    // the log ends. Errors: not_found for a record that was dropped; corrupt.
    [[nodiscard]] result<void> read(sequence first,
                                    detail::function_ref<bool(sequence, record&&)> visit) const;

    // Begins a new segment, after what was appended before. Segments rotate by themselves
    // (rotation_policy); this is for who wants a border at a certain point.
    [[nodiscard]] result<void> rotate();
    // Saves the rollups of all that was appended before. They save themselves
    // (rollup_save_records); this is for who is about to drop records, or to copy the directory.
    [[nodiscard]] result<void> save();

    [[nodiscard]] clock& time() noexcept;
    // The directory, as it was opened.
    [[nodiscard]] std::string const& path() const noexcept;
    [[nodiscard]] std::uint64_t bytes_on_disk() const;

    // What was found damaged, or of another log, among what is saved beside the records, and what
    // was done about it: a sentence each, since it was opened.
    [[nodiscard]] std::vector<std::string> notices() const;

    // For who verifies, proves and retains (floor 8).
    [[nodiscard]] detail::log_reader<storage> const& log() const noexcept;
    [[nodiscard]] storage& store() noexcept;

private:
    struct state;

    [[nodiscard]] result<void> look_at_folds(
        detail::function_ref<void(budget_gate&, detail::alert_book const&)> visit);

    template <class Ledger>
    friend class detail::ledger_share;
    explicit basic_ledger(std::shared_ptr<state> opened);
    // Another handle on the same log.
    [[nodiscard]] basic_ledger share() const;
    std::shared_ptr<state> state_;
};

using ledger = basic_ledger<>;

#ifdef AIAUDIT_SEPARATE
extern template class basic_ledger<default_policies>;
#endif

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/basic_ledger.tpp>
#endif

#endif  // AIAUDIT_BASIC_LEDGER_HPP
