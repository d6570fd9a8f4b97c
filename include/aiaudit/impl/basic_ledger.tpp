// SPDX-License-Identifier: MIT
//
// basic_ledger.tpp: the members of basic_ledger.hpp, for any policies.
#ifndef AIAUDIT_IMPL_BASIC_LEDGER_TPP
#define AIAUDIT_IMPL_BASIC_LEDGER_TPP

#include <aiaudit/basic_ledger.hpp>
#include <aiaudit/budget/budget_record.hpp>    // to_record
#include <aiaudit/budget/unknown_outcome.hpp>  // unknown_outcome
#include <aiaudit/clock/thread.hpp>            // thread
#include <aiaudit/engine/admitter.hpp>         // admitter
#include <aiaudit/engine/batch_queue.hpp>      // batch_queue
#include <aiaudit/engine/fold_keeper.hpp>      // fold_keeper
#include <aiaudit/engine/gate_keeper.hpp>      // gate_keeper
#include <aiaudit/engine/ledger_share.hpp>     // ledger_share
#include <aiaudit/engine/log_appender.hpp>     // log_appender
#include <aiaudit/engine/log_reader.hpp>       // log_reader
#include <aiaudit/engine/notices.hpp>          // notices
#include <aiaudit/storage/lmdb_store.hpp>      // lmdb_store
#include <aiaudit/storage/memory_guard.hpp>    // call_with_memory
#include <aiaudit/storage/process_mark.hpp>    // process_owned
#include <aiaudit/storage/store.hpp>           // storage_policy

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

template <class Policies>
struct basic_ledger<Policies>::state {
    state(ledger_options with, storage opened)
        : options(std::move(with)),
          store(std::move(opened)),
          log(store),
          queue(options.batch_records_max, options.batch_bytes_max),
          fold(store, log, queue, told,
               {rollup_options{.memory_bytes = options.rollup_memory_bytes},
                options.rollup_save_records, options.read_only, options.fold_anew}),
          gate(store, log, told, options.rollup_save_records, options.fold_anew),
          admissions(store, time, queue, gate, options.path, options.budgets),
          appender(store, time, queue, gate, options.path, options.rotation, options.log_failure) {}
    ~state() {
        bool const ran = writer.joinable() && folder.joinable();
        if (ran) detail::try_with_memory([this] { admissions.end(); });
        queue.stop();
        writer.join();
        fold.stop();
        folder.join();
        if (!ran) return;
        // So that opening has less to fold. Not worth a commit for a few records.
        constexpr std::uint64_t worth_saving = 8192;
        static_cast<void>(fold.save_now(worth_saving));
        detail::try_with_memory([this] { static_cast<void>(gate.save_now(worth_saving)); });
    }

    result<void> check_process() const { return process.check_fork(options.path); }
    result<void> check_writable() const {
        if (auto ok = check_process(); !ok || !options.read_only) return ok;
        return fail(errc::read_only, options.path + " is open for reading only");
    }
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
        if (auto ok = check_writable(); !ok) return ok.error();
        std::string_view const encoded = encode_record(entry, room);
        if (encoded.size() > limits::record_bytes)
            return fail(errc::too_large, "a record of " + std::to_string(encoded.size()) +
                                             " bytes; the most is " +
                                             std::to_string(limits::record_bytes));
        return encoded;
    }
    template <class String>
    AIAUDIT_HOT result<detail::batch_queue::pushed> push(basic_record<String> const& entry,
                                                         bool awaited) {
        auto const encoded = encode(entry);
        if (!encoded) return encoded.error();
        return queue.push(*encoded, awaited);
    }

    result<sequence> finish(result<detail::batch_queue::pushed> const& entry, durability when) {
        if (!entry) return entry.error();
        if (when == durability::relaxed) return sequence{0};
        return wait(*entry);
    }
    result<sequence> wait(detail::batch_queue::pushed const& of) {
        auto const written = queue.wait(*of.to);
        if (!written) return written.error();
        return of.to->sequence_at(of.place);
    }

    result<budget> budget_named(std::string_view name) {
        auto const there = look([](budget_gate& of, auto&) { return of.budgets(); });
        if (!there) return there.error();
        for (budget const& each : *there)
            if (each.name == name) return each;
        return fail(errc::not_found, "no budget '" + std::string(name.substr(0, 64)) + "'");
    }
    // Appends a rule, which holds for this process too when it returns.
    result<sequence> enforce(result<record> const& rule) {
        if (!rule) return rule.error();
        auto const number = finish(push(*rule, true), durability::committed);
        auto const folded = number ? gate.catch_up() : result<void>{};
        return folded ? number : folded.error();
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
        detail::try_with_memory([this] { static_cast<void>(appender.take_up_spilled()); });
    }

    ledger_options const options;
    detail::process_mark const process{};
    storage store;
    clock time{};
    detail::log_reader<storage> log;
    detail::notices told{};
    detail::batch_queue queue;
    detail::fold_keeper<storage> fold;
    detail::gate_keeper<storage> gate;
    detail::admitter<storage, clock> admissions;
    detail::log_appender<storage, clock> appender;  // the writer's
    detail::thread writer{};                        // last: they use all of the above
    detail::thread folder{};
};

template <class Policies>
result<basic_ledger<Policies>> basic_ledger<Policies>::open(ledger_options options) {
    static_assert(storage_policy<storage>,
                  "Policies::storage is not a storage_policy (storage/store.hpp)");
    static_assert(clock_policy<clock>, "Policies::clock is not a clock_policy (clock/clock.hpp)");
    if (options.batch_records_max == 0 || options.batch_bytes_max == 0)
        return fail(errc::bad_argument, "a batch of nothing");
    return detail::call_with_memory("to open a ledger", [&]() -> result<basic_ledger> {
        store_options const with{options.path, options.create, options.read_only,
                                 options.map_bytes};
        auto opened = storage::open(with);
        if (!opened) return opened.error();
        detail::process_owned<state> made(new state(std::move(options), std::move(*opened)));
        if (made->options.budgets == budget_mode::exclusive) {
            if (auto alone = made->admissions.take(); !alone) return alone.error();
        }
        if (auto folded = made->fold.catch_up_now(); !folded) return folded.error();
        if (made->options.read_only) return basic_ledger(std::move(made));
        if (auto folded = made->gate.catch_up(); !folded) return folded.error();
        if (auto taken = made->appender.open(); !taken) return taken.error();
        if (auto started = made->start(); !started) return started.error();
        return basic_ledger(std::move(made));
    });
}

template <class Policies>
result<void> basic_ledger<Policies>::save() {
    if (auto ok = flush(); !ok) return ok;
    if (auto ok = state_->fold.catch_up_now(); !ok) return ok;
    if (auto ok = state_->fold.save_now(1); !ok) return ok;
    return detail::call_with_memory("to save", [this] { return state_->gate.save_now(1); });
}

template <class Policies>
result<void> basic_ledger<Policies>::rotate() {
    if (auto ok = flush(); !ok) return ok;
    return detail::begin_segment(state_->store, state_->gate, state_->options.rotation,
                                 state_->time.now());
}

template <class Policies>
result<admission> basic_ledger<Policies>::admit(record const& intent, durability when) {
    if (intent.kind != record_kind::intent)
        return fail(errc::bad_argument, "an attempt is admitted by its intent");
    if (intent.finish_reason == detail::advance_mark)
        return fail(errc::bad_argument, "an intent has no finish reason: leave it empty");
    auto const encoded = state_->encode(intent);
    if (!encoded) return encoded.error();
    return state_->admissions.admit(intent, *encoded, when);
}

template <class Policies>
result<void> basic_ledger<Policies>::claim_budgets() {
    if (auto ok = state_->check_writable(); !ok) return ok;
    return state_->admissions.take();
}

template <class Policies>
result<sequence> basic_ledger<Policies>::set_budget(budget const& wanted) {
    return state_->enforce(to_record(wanted, state_->time.now()));
}

template <class Policies>
result<sequence> basic_ledger<Policies>::top_up_budget(budget_top_up const& wanted) {
    auto const found = state_->budget_named(wanted.budget);
    if (!found) return found.error();
    if (auto ok = detail::check_top_up(*found, wanted); !ok) return ok.error();
    return state_->enforce(to_record(wanted, state_->time.now()));
}

template <class Policies>
result<sequence> basic_ledger<Policies>::remove_budget(std::string_view name) {
    if (auto const found = state_->budget_named(name); !found) return found.error();
    return state_->enforce(to_removal_record(name, state_->time.now()));
}

template <class Policies>
result<std::vector<future_state>> basic_ledger<Policies>::future_states(timestamp after) {
    return state_->look([after](budget_gate& gate, auto&) { return gate.futures(after); });
}

template <class Policies>
result<sequence> basic_ledger<Policies>::forget_future(future_pardon wanted) {
    timestamp const now = state_->time.now();
    wanted.after = (std::max)(wanted.after, now);
    auto const there = future_states(wanted.after);
    if (!there) return there.error();
    wanted.forgotten = future_text(*there);
    return state_->enforce(to_record(wanted, now));
}

template <class Policies>
result<std::vector<budget_advance>> basic_ledger<Policies>::lost_advances() {
    // Where nobody decides alone now, whoever drew from advances is dead.
    if (!state_->options.read_only) {
        auto const settled = state_->admissions.settle();
        if (!settled && settled.error().code != errc::already_open) return settled.error();
    }
    return state_->look([](budget_gate& gate, auto&) { return gate.lost_advances(); });
}

template <class Policies>
result<sequence> basic_ledger<Policies>::write_off_advances(advance_pardon wanted) {
    auto const lost = lost_advances();
    if (!lost) return lost.error();
    wanted.forgotten = advance_text(*lost);
    return state_->enforce(to_record(wanted, state_->time.now()));
}

template <class Policies>
result<std::vector<budget>> basic_ledger<Policies>::budgets() {
    return state_->look([](budget_gate& gate, auto&) { return gate.budgets(); });
}

template <class Policies>
result<std::vector<budget_state>> basic_ledger<Policies>::budget_states(budget_rows rows) {
    timestamp const now = state_->time.now();
    return state_->look([&](budget_gate& gate, auto&) { return gate.states(now, rows); });
}

template <class Policies>
result<void> basic_ledger<Policies>::visit_budget_states(
    budget_rows rows, detail::function_ref<void(budget_state&&)> visit) {
    timestamp const now = state_->time.now();
    auto const looked = state_->look([&](budget_gate& gate, auto&) {
        gate.visit_states(now, rows, visit);
        return true;
    });
    if (!looked) return looked.error();
    return {};
}

template <class Policies>
result<std::vector<budget_state>> basic_ledger<Policies>::budget_states_of(record const& who) {
    timestamp const now = state_->time.now();
    return state_->look([&](budget_gate& gate, auto&) { return gate.states_of(who, now); });
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
bool basic_ledger<Policies>::has_budgets() const {
    return state_->gate.has_budgets();
}

template <class Policies>
bool basic_ledger<Policies>::has_stepwise_budgets() const noexcept {
    return state_->gate.has_steps();
}

template <class Policies>
budget_mode basic_ledger<Policies>::budgets_by() const noexcept {
    return state_->options.budgets;
}

template <class Policies>
result<std::optional<sequence>> basic_ledger<Policies>::append_once(record const& entry) {
    if (entry.kind != record_kind::alert && entry.kind != record_kind::outcome &&
        entry.kind != record_kind::budget)
        return fail(errc::bad_argument, "such a record is appended by no condition");
    auto const encoded = state_->encode(entry);
    if (!encoded) return encoded.error();
    return state_->admissions.append_once(*encoded);
}

template <class Policies>
result<ticket> basic_ledger<Policies>::enqueue(record const& entry) {
    auto pushed = state_->push(entry, false);
    if (!pushed) return std::move(pushed).error();
    return ticket(std::move(pushed->to), pushed->place);
}

template <class Policies>
result<ticket> basic_ledger<Policies>::enqueue(detail::record_view_argument view) {
    auto pushed = state_->push(view.entry(), false);
    if (!pushed) return std::move(pushed).error();
    return ticket(std::move(pushed->to), pushed->place);
}

template <class Policies>
result<sequence> basic_ledger<Policies>::wait(ticket const& entry) {
    if (!entry.batch_) return fail(errc::bad_argument, "an empty ticket");
    if (auto ok = state_->check_process(); !ok) return ok.error();
    state_->queue.await(*entry.batch_);
    return state_->wait({entry.batch_, entry.place_});
}

template <class Policies>
result<sequence> basic_ledger<Policies>::append(record const& entry, durability when) {
    return state_->finish(state_->push(entry, when == durability::committed), when);
}

template <class Policies>
result<sequence> basic_ledger<Policies>::append(detail::record_view_argument view,
                                                durability when) {
    return state_->finish(state_->push(view.entry(), when == durability::committed), when);
}

template <class Policies>
result<sequence> basic_ledger<Policies>::append_all(detail::function_ref<bool(record&)> next) {
    detail::batch records;
    for (record entry; next(entry);) {
        auto const encoded = state_->encode(entry);
        if (!encoded) return encoded.error();
        records.add(*encoded);
        if (records.bytes.size() > std::size_t{1} << 30)
            return fail(errc::too_large, "more than 1 GiB of records in one transaction");
    }
    if (records.count == 0) return sequence{};
    return state_->finish(state_->queue.push_all(std::move(records)), durability::committed);
}

template <class Policies>
result<void> basic_ledger<Policies>::look_at_folds(
    detail::function_ref<void(budget_gate&, detail::alert_book const&)> visit) {
    auto const looked = state_->look([&visit](budget_gate& gate, detail::alert_book& book) {
        visit(gate, book);
        return true;
    });
    return looked ? result<void>{} : looked.error();
}

template <class Policies>
result<void> basic_ledger<Policies>::flush() {
    if (auto ok = state_->check_process(); !ok) return ok;
    return state_->queue.flush();
}

template <class Policies>
result<void> basic_ledger<Policies>::probe() const {
    if (auto ok = state_->check_writable(); !ok) return ok;
    if (auto ok = state_->admissions.probe(); !ok) return ok;
    return state_->appender.probe();
}

template <class Policies>
result<report> basic_ledger<Policies>::report(report_query const& query) {
    if (auto ok = state_->check_process(); !ok) return ok.error();
    return state_->fold.answer(query);
}

template <class Policies>
result<money> basic_ledger<Policies>::spent_today(time_zone const& zone) {
    civil_day const today = zone.day_of(state_->time.now());
    auto const sums = report({report_kind::daily, zone, {today, today}, {}});
    return sums ? result<money>(sums->sum.cost) : sums.error();
}

template <class Policies>
result<sequence> basic_ledger<Policies>::last_sequence() const {
    if (auto ok = state_->check_process(); !ok) return ok.error();
    auto const size = state_->log.size();
    return size ? result<sequence>(sequence{*size}) : size.error();
}

template <class Policies>
result<sequence> basic_ledger<Policies>::first_sequence() const {
    if (auto ok = state_->check_process(); !ok) return ok.error();
    auto const first = state_->log.first();
    return first ? result<sequence>(sequence{*first}) : first.error();
}

template <class Policies>
result<void> basic_ledger<Policies>::read(
    sequence first, detail::function_ref<bool(sequence, record&&)> visit) const {
    if (auto ok = state_->check_process(); !ok) return ok;
    return state_->log.template records<std::string>(
        value_of(first),
        [&visit](sequence number, record& entry) { return visit(number, std::move(entry)); });
}

template <class Policies>
typename basic_ledger<Policies>::clock& basic_ledger<Policies>::time() noexcept {
    return state_->time;
}

template <class Policies>
std::string const& basic_ledger<Policies>::path() const noexcept {
    return state_->options.path;
}

template <class Policies>
std::uint64_t basic_ledger<Policies>::bytes_on_disk() const {
    return state_->store.bytes_on_disk();
}

template <class Policies>
std::vector<std::string> basic_ledger<Policies>::notices() const {
    return state_->told.all();
}

template <class Policies>
detail::log_reader<typename basic_ledger<Policies>::storage> const& basic_ledger<Policies>::log()
    const noexcept {
    return state_->log;
}

template <class Policies>
typename basic_ledger<Policies>::storage& basic_ledger<Policies>::store() noexcept {
    return state_->store;
}

template <class Policies>
basic_ledger<Policies>::basic_ledger(std::shared_ptr<state> opened) : state_(std::move(opened)) {}

template <class Policies>
basic_ledger<Policies> basic_ledger<Policies>::share() const {
    return basic_ledger(state_);
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_BASIC_LEDGER_TPP
