// SPDX-License-Identifier: MIT
//
// ledger.hpp: the engine. It takes records, keeps them for ever, and answers reports.
//
// Records are gathered into blocks and written by one thread of the ledger's own, a transaction a
// block (group commit): while one block is being synced the next one gathers, so many callers share
// one fdatasync.
// Threads: all members may be called from any thread at once; a forked child may use none.
// Several processes may have the same ledger open; sequences stay dense and every one's reports
// count all records.
// Floor 7.
#ifndef AIAUDIT_LEDGER_HPP
#define AIAUDIT_LEDGER_HPP

#include <aiaudit/codec/block.hpp>    // block_builder, read_block
#include <aiaudit/policies.hpp>       // default_policies
#include <aiaudit/rollup/report.hpp>  // report, rollup
#include <aiaudit/storage/store.hpp>  // storage_policy, table

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v1 {

// When append() returns.
enum class durability : std::uint8_t {
    committed,  // the record is on disk: no crash of the process or of the machine loses it
    relaxed,  // the record is queued: a crash may lose what was not yet written; flush() waits for
              // it
};

struct ledger_options {
    // The directory. Made if it does not exist and `create` says so.
    std::string path{};
    bool create = true;
    bool read_only = false;

    // Records that a block holds at most. More make commits cheaper and memory dearer.
    std::uint32_t block_records_max = 16'384;
    // Records that wait to be written at most; append() waits for room.
    std::size_t queue_records_max = 16'384;
};

namespace detail {

// Records that are written together, and how that ended.
struct batch {
    std::vector<record> records{};
    bool done = false;  // under the ledger's queue mutex, as all here
    sequence first{};   // once done without failure
    std::optional<error> failure{};
};

[[nodiscard]] inline std::string big_endian_key(std::uint64_t value) {
    std::string key(8, '\0');
    for (std::size_t i = 0; i < 8; ++i)
        key[i] = static_cast<char>(static_cast<std::uint8_t>(value >> (56 - 8 * i)));
    return key;
}

[[nodiscard]] inline std::uint64_t from_big_endian_key(std::string_view key) noexcept {
    std::uint64_t value = 0;
    for (char const byte : key) value = value << 8 | static_cast<std::uint8_t>(byte);
    return value;
}

}  // namespace detail

// A record that is on its way to the log.
class ticket {
public:
    ticket() = default;

private:
    template <class Policies>
    friend class basic_ledger;
    ticket(std::shared_ptr<detail::batch> of, std::size_t place)
        : batch_(std::move(of)), place_(place) {}
    std::shared_ptr<detail::batch> batch_{};
    std::size_t place_ = 0;
};

template <class Policies = default_policies>
class basic_ledger {
public:
    using storage = typename Policies::storage;
    using clock = typename Policies::clock;
    static_assert(storage_policy<storage>,
                  "Policies::storage is not a storage_policy (storage/store.hpp)");
    static_assert(clock_policy<clock>, "Policies::clock is not a clock_policy (clock/clock.hpp)");

    // Opens the ledger and folds its log, checking every block. Errors: those of the store;
    // corrupt.
    [[nodiscard]] static result<basic_ledger> open(ledger_options options);

    basic_ledger(basic_ledger&&) noexcept = default;
    basic_ledger& operator=(basic_ledger&&) noexcept = default;
    // Writes what is queued first. To learn whether that worked, call flush() before.
    ~basic_ledger() = default;

    // Hands a record to the log and returns at once, but for room in the queue.
    // Errors: read_only; the failure of an earlier relaxed append that nobody was told of.
    [[nodiscard]] result<ticket> enqueue(record entry) { return state_->enqueue(std::move(entry)); }
    // Waits until the record is on disk. Errors: why it could not be written; it is then not in the
    // log.
    [[nodiscard]] result<sequence> wait(ticket const& of) { return state_->wait(of); }
    // Errors: as enqueue() and wait(). With durability::relaxed the sequence is not known yet:
    // sequence{0}.
    [[nodiscard]] result<sequence> append(record entry, durability when = durability::committed) {
        auto const queued = enqueue(std::move(entry));
        if (!queued) return queued.error();
        if (when == durability::relaxed) return sequence{0};
        return wait(*queued);
    }
    // Waits until all that was handed over before is on disk. Errors: the first failure that nobody
    // was told of.
    [[nodiscard]] result<void> flush() { return state_->flush(); }

    // Errors: those of reading what other processes wrote in the meantime.
    [[nodiscard]] result<aiaudit::report> report(report_query const& query) {
        return state_->report(query);
    }
    // The cost of the records that began today, by the clock and the zone's calendar.
    [[nodiscard]] result<money> spent_today(time_zone const& zone = {}) {
        civil_day const today = zone.day_of(state_->time.now());
        auto const sums = report({report_kind::daily, zone, {today, today}, {}});
        if (!sums) return sums.error();
        return sums->sum.cost;
    }

    // The number of records in the log, which is the sequence of the last.
    [[nodiscard]] result<sequence> last_sequence() const { return state_->last_sequence(); }
    // Calls visit(sequence, record&&) from that sequence on, in order, until it returns false or
    // the log ends.
    template <class Visitor>
    [[nodiscard]] result<void> read(sequence from, Visitor&& visit) const {
        return state_->read(from, std::forward<Visitor>(visit));
    }

    [[nodiscard]] clock& time() noexcept { return state_->time; }
    [[nodiscard]] std::uint64_t bytes_on_disk() const { return state_->store.bytes_on_disk(); }

private:
    struct state;
    explicit basic_ledger(std::unique_ptr<state> opened) : state_(std::move(opened)) {}
    std::unique_ptr<state> state_;
};

using ledger = basic_ledger<>;

// Constant after open(): options, store. Under queue_mutex: gathering, writing, unreported,
// stopping. Under fold_mutex: fold, folded, generation. No thread holds both mutexes.
template <class Policies>
struct basic_ledger<Policies>::state {
    state(ledger_options with, storage opened)
        : options(std::move(with)), store(std::move(opened)) {}
    state(state const&) = delete;
    state& operator=(state const&) = delete;
    ~state() {
        if (!writer.joinable()) return;
        {
            std::lock_guard const lock(queue_mutex);
            stopping = true;
        }
        queue_changed.notify_all();
        writer.join();
    }

    result<ticket> enqueue(record entry) {
        if (options.read_only)
            return fail(errc::read_only, options.path + " is open for reading only");
        std::unique_lock lock(queue_mutex);
        batch_done.wait(lock,
                        [this] { return gathering->records.size() < options.queue_records_max; });
        if (unreported) return *std::exchange(unreported, std::nullopt);
        gathering->records.push_back(std::move(entry));
        ticket made{gathering, gathering->records.size() - 1};
        if (gathering->records.size() == 1) queue_changed.notify_one();
        return made;
    }

    result<sequence> wait(ticket const& of) {
        if (!of.batch_) return fail(errc::bad_argument, "an empty ticket");
        std::unique_lock lock(queue_mutex);
        batch_done.wait(lock, [&of] { return of.batch_->done; });
        if (of.batch_->failure) {
            unreported.reset();
            return *of.batch_->failure;
        }
        return sequence{value_of(of.batch_->first) + of.place_};
    }

    result<void> flush() {
        std::unique_lock lock(queue_mutex);
        auto const last = gathering->records.empty() ? writing : gathering;
        batch_done.wait(lock, [&last] { return !last || last->done; });
        if (unreported) return *std::exchange(unreported, std::nullopt);
        return {};
    }

    // The writer thread.
    void run() {
        std::unique_lock lock(queue_mutex);
        for (;;) {
            queue_changed.wait(lock, [this] { return stopping || !gathering->records.empty(); });
            if (gathering->records.empty()) return;
            auto next = std::make_shared<detail::batch>();
            next->records.reserve(gathering->records.size());  // the next one is likely as large
            writing = std::exchange(gathering, std::move(next));
            // Until somebody was told of a failure nothing that came later is written, so that a
            // log written by relaxed appends has no hole.
            auto const earlier = unreported;
            lock.unlock();
            batch_done.notify_all();  // there is room again
            auto const first = earlier ? result<sequence>(*earlier) : write(writing->records);
            lock.lock();
            if (first) {
                writing->first = *first;
            } else {
                writing->failure = unreported = first.error();
            }
            writing->records = {};
            writing->done = true;
            writing.reset();
            batch_done.notify_all();
        }
    }

    // One durable transaction for all of them, in blocks of at most block_records_max.
    result<sequence> write(std::vector<record> const& records) {
        std::uint64_t before = 0;
        auto const written = store.write([&](auto& view) -> result<void> {
            auto const last_key = view.last_key(table::blocks);
            if (!last_key) return last_key.error();
            before = *last_key ? detail::from_big_endian_key(**last_key) : 0;
            std::uint64_t first = before + 1;
            for (record const& entry : records) {
                builder.add(entry);
                bool const last = &entry == &records.back();
                if (builder.count() < options.block_records_max && !last) continue;
                std::uint64_t const next = first + builder.count();
                auto const put = view.insert(table::blocks, detail::big_endian_key(next - 1),
                                             builder.finish(sequence{first}));
                if (!put) return put;
                first = next;
            }
            return {};
        });
        if (!written) {
            builder = {};
            return written.error();
        }
        std::unique_lock const lock(fold_mutex);
        if (before == folded) {
            for (record const& entry : records) fold.apply(entry);
            folded += records.size();
            generation = 0;  // looked at again by the next query
        }
        return sequence{before + 1};
    }

    // Folds what was committed since, by whatever process. The caller holds fold_mutex alone.
    result<void> catch_up() {
        std::uint64_t const now = store.generation();
        if (now == generation && now != 0) return {};
        auto const read_all =
            read_blocks(folded + 1, [this](std::string_view block) -> result<bool> {
                auto const all = read_block(block, [this](sequence number, record&& entry) {
                    if (value_of(number) != folded + 1) return false;
                    fold.apply(entry);
                    ++folded;
                    return true;
                });
                if (!all) return all.error();
                if (all->last() == folded) return true;
                return fail(errc::corrupt, "record " + std::to_string(folded + 1) + " is missing");
            });
        if (!read_all) return read_all;
        generation = now;
        return {};
    }

    result<aiaudit::report> report(report_query const& query) {
        {
            std::shared_lock const lock(fold_mutex);
            if (generation != 0 && generation == store.generation() && fold.knows(query.zone)) {
                return make_report(fold, query);
            }
        }
        std::unique_lock const lock(fold_mutex);
        auto const current = catch_up();
        if (!current) return current.error();
        fold.learn(query.zone);
        return make_report(fold, query);
    }

    result<sequence> last_sequence() const {
        std::uint64_t last = 0;
        auto const looked = store.read([&](auto const& view) -> result<void> {
            auto const key = view.last_key(table::blocks);
            if (!key) return key.error();
            if (*key) last = detail::from_big_endian_key(**key);
            return {};
        });
        if (!looked) return looked.error();
        return sequence{last};
    }

    // Calls visit(bytes of a block) -> result<bool>, from the block that holds that record on.
    template <class Visitor>
    result<void> read_blocks(std::uint64_t from, Visitor&& visit) const {
        return store.read([&](auto const& view) -> result<void> {
            std::optional<error> failure;
            auto const scanned = view.scan(table::blocks, detail::big_endian_key(from),
                                           [&](std::string_view, std::string_view block) {
                                               result<bool> const more = visit(block);
                                               if (!more) failure = more.error();
                                               return more && *more;
                                           });
            if (!scanned) return scanned;
            if (failure) return *failure;
            return {};
        });
    }

    template <class Visitor>
    result<void> read(sequence from, Visitor&& visit) const {
        return read_blocks(value_of(from), [&](std::string_view block) -> result<bool> {
            bool more = true;
            auto const all = read_block(block, [&](sequence number, record&& entry) {
                if (number < from) return true;
                more = visit(number, std::move(entry));
                return more;
            });
            if (!all) return all.error();
            return more;
        });
    }

    ledger_options const options;
    storage store;
    clock time{};
    block_builder builder{};  // the writer thread's

    mutable std::mutex queue_mutex{};
    std::condition_variable queue_changed{};
    std::condition_variable batch_done{};
    std::shared_ptr<detail::batch> gathering = std::make_shared<detail::batch>();
    std::shared_ptr<detail::batch> writing{};
    std::optional<error> unreported{};
    bool stopping = false;

    std::shared_mutex fold_mutex{};
    rollup fold{};
    std::uint64_t folded = 0;      // the last sequence that is in `fold`
    std::uint64_t generation = 0;  // of the store when it was; 0 is "look"

    std::thread writer{};  // last: it uses all of the above
};

template <class Policies>
result<basic_ledger<Policies>> basic_ledger<Policies>::open(ledger_options options) {
    store_options with;
    with.path = options.path;
    with.create = options.create;
    with.read_only = options.read_only;
    auto opened = storage::open(with);
    if (!opened) return opened.error();
    auto made = std::make_unique<state>(std::move(options), std::move(*opened));
    {
        std::unique_lock const lock(made->fold_mutex);
        auto const folded = made->catch_up();
        if (!folded) return folded.error();
    }
    if (!made->options.read_only) made->writer = std::thread([of = made.get()] { of->run(); });
    return basic_ledger(std::move(made));
}

}  // namespace v1
}  // namespace aiaudit

#endif  // AIAUDIT_LEDGER_HPP
