// SPDX-License-Identifier: MIT
//
// ledger.hpp: the engine. It takes records, keeps them for ever, and answers reports.
//
// Callers encode their record themselves; one thread of the ledger's own writes what gathered, a
// block and a transaction at a time (group commit): while one block is being synced the next one
// gathers, so many callers share one fdatasync. Every record is a leaf of a Merkle tree whose state
// is in the same transaction (verify.hpp).
// Threads: all members may be called from any thread at once; a forked child may use none.
// Several processes may have the same ledger open; sequences stay dense and every one's reports
// count all records.
// Floor 7.
#ifndef AIAUDIT_LEDGER_HPP
#define AIAUDIT_LEDGER_HPP

#include <aiaudit/engine/batch_queue.hpp>   // batch_queue
#include <aiaudit/engine/fold_keeper.hpp>   // fold_keeper
#include <aiaudit/engine/log_appender.hpp>  // log_appender
#include <aiaudit/engine/log_reader.hpp>    // log_reader
#include <aiaudit/engine/log_writer.hpp>    // rotation_policy
#include <aiaudit/policies.hpp>             // default_policies
#include <aiaudit/rollup/report.hpp>        // report
#include <aiaudit/storage/store.hpp>        // storage_policy

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace aiaudit {
inline namespace v1 {

// When append() returns.
enum class durability : std::uint8_t {
    committed,  // the record is on disk: no crash of the process or of the machine loses it
    relaxed,    // the record is queued: a crash may lose what was not yet written, which is at most
                // what gathered in two commits; flush() waits for it
};

struct ledger_options {
    // The directory. Made if it does not exist and `create` says so.
    std::string path{};
    bool create = true;
    bool read_only = false;

    // What a block holds at most, and what gathers while one is written; append() waits for room.
    // More make commits cheaper and memory dearer.
    std::uint32_t batch_records_max = 16'384;
    std::size_t batch_bytes_max = std::size_t{16} << 20;

    rotation_policy rotation{};
    log_failure_policy log_failure{};

    // Memory for sums of past days, which are loaded again where it is not enough.
    std::size_t rollup_memory_bytes = rollup_options{}.memory_bytes;
    // Records after which the rollups are saved; what is not saved is folded again at opening.
    std::uint64_t rollup_save_records = 131'072;
};

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

template <class Policies = default_policies>
class basic_ledger {
public:
    using storage = typename Policies::storage;
    using clock = typename Policies::clock;
    static_assert(storage_policy<storage>,
                  "Policies::storage is not a storage_policy (storage/store.hpp)");
    static_assert(clock_policy<clock>, "Policies::clock is not a clock_policy (clock/clock.hpp)");

    // Opens the ledger and folds what its saved rollups do not hold yet. Errors: those of the
    // store; corrupt.
    [[nodiscard]] static result<basic_ledger> open(ledger_options options);

    basic_ledger(basic_ledger&&) noexcept = default;
    basic_ledger& operator=(basic_ledger&&) noexcept = default;
    // Writes what is queued first. To learn whether that worked, call flush() before.
    ~basic_ledger() = default;

    // Hands a record to the log and returns at once, but for room in the queue. Errors: read_only;
    // too_large, over limits::record_bytes; the failure of a record that this thread handed over
    // before without waiting, and was not told of: until it is told, none of its later ones enter
    // the log.
    template <class String>
    [[nodiscard]] result<ticket> enqueue(basic_record<String> const& entry) {
        auto pushed = state_->push(entry, false);
        if (!pushed) return pushed.error();
        return ticket(std::move(*pushed));
    }
    // Waits until the record is on disk. Zero where it was spilled (on_log_failure). Errors: why it
    // could not be written. It is then not in the log, unless the disk failed in the very moment of
    // the commit, and so that nobody can tell: then it may be there after the ledger was reopened.
    [[nodiscard]] result<sequence> wait(ticket const& of) {
        if (!of.of_.to) return fail(errc::bad_argument, "an empty ticket");
        state_->queue.await(*of.of_.to);
        return state_->wait(of.of_);
    }
    // Errors: as enqueue() and wait(). With durability::relaxed the sequence is not known yet:
    // sequence{0}.
    template <class String>
    [[nodiscard]] result<sequence> append(basic_record<String> const& entry,
                                          durability when = durability::committed) {
        auto const pushed = state_->push(entry, when == durability::committed);
        if (!pushed) return pushed.error();
        if (when == durability::relaxed) return sequence{0};
        return state_->wait(*pushed);
    }
    // Waits until all that was handed over before, by whatever thread, is on disk. Errors: a
    // failure of what this thread handed over, and was not told of; else one of another thread's
    // that no flush() was told of yet (that thread is still told itself).
    [[nodiscard]] result<void> flush() { return state_->queue.flush(); }

    // Errors: those of reading what other processes wrote in the meantime, or days that are not in
    // memory.
    [[nodiscard]] result<aiaudit::report> report(report_query const& query) {
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
        auto const size = state_->log.size();
        if (!size) return size.error();
        return sequence{*size};
    }
    // Of the oldest record that retention left; one past the last where there is none.
    [[nodiscard]] result<sequence> first_sequence() const {
        auto const first = state_->log.first();
        if (!first) return first.error();
        return sequence{*first};
    }
    // Calls visit(sequence, record&&) from that sequence on, in order, until it returns false or
    // the log ends. Errors: not_found for a record that was dropped; corrupt.
    template <class Visitor>
    [[nodiscard]] result<void> read(sequence from, Visitor&& visit) const {
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
    explicit basic_ledger(std::unique_ptr<state> opened) : state_(std::move(opened)) {}
    std::unique_ptr<state> state_;
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
          appender(store, time, queue, options.path, options.rotation, options.log_failure) {}
    state(state const&) = delete;
    state& operator=(state const&) = delete;
    ~state() {
        if (!writer.joinable()) return;
        queue.stop();
        writer.join();
        fold.stop();
        folder.join();
        // So that opening has less to fold. Not worth a commit for a few records.
        constexpr std::uint64_t worth_saving = 8192;
        static_cast<void>(fold.save_now(worth_saving));
    }

    template <class String>
    result<detail::batch_queue::pushed> push(basic_record<String> const& entry, bool awaited) {
        thread_local std::string room;
        if (options.read_only)
            return fail(errc::read_only, options.path + " is open for reading only");
        std::string_view const encoded = encode_record(entry, room);
        if (encoded.size() > limits::record_bytes)
            return fail(errc::too_large, "a record of " + std::to_string(encoded.size()) +
                                             " bytes; the most is " +
                                             std::to_string(limits::record_bytes));
        return queue.push(encoded, awaited);
    }

    result<sequence> wait(detail::batch_queue::pushed const& of) {
        auto const written = queue.wait(*of.to);
        if (!written) return written.error();
        std::uint64_t const first = value_of(of.to->first);
        return sequence{first == 0 ? 0 : first + of.place};
    }

    // The writer's thread.
    void run() {
        while (auto next = queue.take()) {
            auto const first = appender.append(*next);
            queue.finish(*next, first);
            if (first && value_of(*first) != 0)
                fold.committed(std::move(next), value_of(*first) - 1);
        }
        static_cast<void>(appender.take_up_spilled());
    }

    ledger_options const options;
    storage store;
    clock time{};
    detail::log_reader<storage> log;
    detail::batch_queue queue;
    detail::fold_keeper<storage> fold;
    detail::log_appender<storage, clock> appender;  // the writer's
    std::thread writer{};                           // last: they use all of the above
    std::thread folder{};
};

template <class Policies>
result<basic_ledger<Policies>> basic_ledger<Policies>::open(ledger_options options) {
    if (options.batch_records_max == 0 || options.batch_bytes_max == 0)
        return fail(errc::bad_argument, "a batch of nothing");
    store_options with;
    with.path = options.path;
    with.create = options.create;
    with.read_only = options.read_only;
    auto opened = storage::open(with);
    if (!opened) return opened.error();
    auto made = std::make_unique<state>(std::move(options), std::move(*opened));
    if (auto folded = made->fold.catch_up_now(); !folded) return folded.error();
    if (made->options.read_only) return basic_ledger(std::move(made));
    if (auto taken = made->appender.open(); !taken) return taken.error();
    made->writer = std::thread([of = made.get()] { of->run(); });
    made->folder = std::thread([of = made.get()] { of->fold.run(); });
    return basic_ledger(std::move(made));
}

template <class Policies>
result<void> basic_ledger<Policies>::save() {
    if (auto ok = flush(); !ok) return ok;
    if (auto ok = state_->fold.catch_up_now(); !ok) return ok;
    return state_->fold.save_now(1);
}

template <class Policies>
result<void> basic_ledger<Policies>::rotate() {
    if (auto ok = flush(); !ok) return ok;
    detail::log_writer<storage> writing(state_->store, state_->options.rotation);
    return writing.rotate(state_->time.now(), true);
}

}  // namespace v1
}  // namespace aiaudit

#endif  // AIAUDIT_LEDGER_HPP
