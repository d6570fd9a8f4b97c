// SPDX-License-Identifier: MIT
//
// alerts.tpp: the members of alerts.hpp, for any policies.
#ifndef AIAUDIT_IMPL_ALERTS_TPP
#define AIAUDIT_IMPL_ALERTS_TPP

#include <aiaudit/alerts.hpp>
#include <aiaudit/alerts/alert_makers.hpp>  // alert_of
#include <aiaudit/clock/thread.hpp>         // thread
#include <aiaudit/engine/ledger_share.hpp>  // ledger_share
#include <aiaudit/impl/basic_ledger.tpp>    // basic_ledger

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

template <class Ledger>
basic_alert_watch<Ledger>::basic_alert_watch(detail::process_owned<state> opened) noexcept
    : state_(std::move(opened)) {}
template <class Ledger>
basic_alert_watch<Ledger>::basic_alert_watch(basic_alert_watch&&) noexcept = default;
template <class Ledger>
basic_alert_watch<Ledger>& basic_alert_watch<Ledger>::operator=(basic_alert_watch&&) noexcept =
    default;
template <class Ledger>
basic_alert_watch<Ledger>::~basic_alert_watch() = default;

template <class Ledger>
struct basic_alert_watch<Ledger>::state {
    state(Ledger& watched, alert_watch_options with) : of(watched), options(std::move(with)) {}

    result<void> check_process() const { return process.check_fork("the alert watch"); }
    result<alert_poll> poll();
    result<bool> raise(alert const& what);

    state(state const&) = delete;
    state& operator=(state const&) = delete;
    ~state() {
        stopped.request_stop();
        thread.join();
    }

    // The thread's.
    void run() {
        std::mutex sleep;
        std::condition_variable_any wake;
        std::unique_lock lock(sleep);
        std::stop_token const stop = stopped.get_token();
        while (!stop.stop_requested()) {
            if (options.clocks) look_at_clock();
            static_cast<void>(poll());
            wake.wait_for(lock, stop, options.poll_every, [] { return false; });
        }
    }

    // Each of these remembers its error, if it is the poll's first.
    void look(timestamp now);
    // Between two polls of the thread.
    void look_at_clock();
    void look_at_instant(record const& entry, timestamp now);
    void look_at_budgets(timestamp now);
    void look_at_records(timestamp now);
    void look_at_usual(timestamp now);
    void look_at_room(timestamp now);
    void raise_found(alert_poll& done);
    void deliver(alert_sink const& to, alert_poll& done);
    void write_unwritten();

    [[nodiscard]] bool deliver_one(alert_sink const& to, alert const& what, alert_poll& done);
    [[nodiscard]] static result<void> try_to_deliver(alert_sink const& to, alert const& what);
    [[nodiscard]] alert_event failure_of(error const& why, alert_event of_claim);
    void found(alert what) {
        if (known.size() >= known_most) known.clear();
        if (pending.size() < known_most && known.insert(what.key).second)
            pending.push_back(std::move(what));
    }
    // Of a record's model. Callers may make up any number of these: past models_most of a kind in a
    // day they are one, "other".
    template <class Make>
    void found_of_model(record entry, timestamp now, Make make) {
        civil_day const today = options.usual.zone.day_of(now);
        if (std::exchange(models_day, today) != today) models.clear();
        alert one = make(entry);
        if (known.contains(one.key)) return;
        if (models[one.kind]++ >= models_most) {
            entry.model_requested = entry.model_served = "other";
            one = make(entry);
        }
        found(std::move(one));
    }
    void note(error why) {
        if (!first_error) first_error = std::move(why);
    }
    [[nodiscard]] result<bool> append(result<record> const& entry) {
        if (!entry) return entry.error();
        auto const written = of->append_once(*entry);
        if (!written) return written.error();
        return written->has_value();
    }

    static constexpr std::size_t known_most = 4'096;
    static constexpr std::size_t models_most = 100;
    static constexpr std::uint64_t records_behind = 10'000;  // what is looked at when it opens
    static constexpr std::uint64_t records_most = 200'000;   // of a poll
    static constexpr std::int64_t circuit_age_ns = 3'600 * nanoseconds_per_second;

    detail::ledger_share<Ledger> const of;
    detail::process_mark const process{};
    alert_watch_options const options;
    // Unlike any other watch's.
    std::string const by = make_operation_id(of->time().now()).to_string();
    std::mutex mutex{};  // of a poll
    // Under mutex.
    std::vector<alert> pending{};   // found, not raised yet
    std::set<std::string> known{};  // keys that need not be looked up in the log again
    civil_day models_day{};
    std::map<alert_kind, std::size_t> models{};  // found on that day, of each kind
    std::vector<alert_event> unwritten{};        // delivered, but the log did not take the record
    std::uint64_t next_record = 0;               // 0: not looked at any yet
    std::optional<timestamp> record_at{};        // of the call before
    bool budgets_seen = false;                   // as they stood when the watch opened
    std::optional<timestamp> looked{};           // for anomalies
    std::optional<error> first_error{};

    std::mutex error_mutex{};
    std::optional<error> last_error{};  // under error_mutex
    std::stop_source stopped{};
    // The thread's: when it looked at the clock.
    std::optional<timestamp> clock_at{};
    std::chrono::steady_clock::time_point clock_looked{};
    detail::thread thread{};  // last: it uses all of the above
};

template <class Ledger>
result<basic_alert_watch<Ledger>> basic_alert_watch<Ledger>::open(Ledger& of,
                                                                  alert_watch_options options) {
    std::set<std::string> names;
    for (alert_sink const& each : options.sinks) {
        if (!detail::is_alert_name(each.name, alert_name_bytes) || !each.deliver)
            return fail(errc::bad_argument,
                        "a sink has a name of 1 to 64 printable characters "
                        "without spaces, and a function");
        if (!names.insert(each.name).second)
            return fail(errc::bad_argument, "two sinks of the name " + each.name);
    }
    using std::chrono::milliseconds;
    constexpr milliseconds time_most = std::chrono::days{30};
    for (milliseconds const each : {options.claim_for, options.retry_first, options.retry_most}) {
        if (each <= milliseconds{0} || each > time_most)
            return fail(errc::bad_argument, "a claim and a retry take 1 ms to 30 days");
    }
    if (options.poll_every < milliseconds{0} || options.poll_every > time_most)
        return fail(errc::bad_argument, "polls are 0 ms to 30 days apart");
    detail::process_owned<state> made(new state(of, std::move(options)));
    if (made->options.poll_every > milliseconds{0}) {
        auto started = detail::thread::start("the alert watch", [it = made.get()] { it->run(); });
        if (!started) return started.error();
        made->thread = std::move(*started);
    }
    return basic_alert_watch(std::move(made));
}

template <class Ledger>
result<alert_poll> basic_alert_watch<Ledger>::state::poll() {
    if (auto ok = check_process(); !ok) return ok.error();
    std::lock_guard const lock(mutex);
    first_error.reset();
    alert_poll done;
    write_unwritten();
    look(of->time().now());
    raise_found(done);
    for (alert_sink const& each : options.sinks) {
        if (stopped.stop_requested()) break;
        deliver(each, done);
    }
    {
        std::lock_guard const error_lock(error_mutex);
        last_error = first_error;
    }
    if (first_error) return *first_error;
    return done;
}

template <class Ledger>
result<bool> basic_alert_watch<Ledger>::state::raise(alert const& what) {
    if (auto ok = check_process(); !ok) return ok.error();
    return append(to_record(what));
}

template <class Ledger>
void basic_alert_watch<Ledger>::state::look(timestamp now) {
    if (options.budgets) look_at_budgets(now);
    if (options.prices || options.circuits || options.clocks) look_at_records(now);
    if (!options.directory.empty()) look_at_room(now);
    for (std::string const& notice : of->notices())
        found(detail::log_damaged(notice, time_zone{}.day_of(now), now));
    if (!options.anomalies) return;
    std::int64_t const every_ns = std::chrono::nanoseconds(options.look_every).count();
    if (looked && now >= *looked && now.ns - looked->ns < every_ns) return;
    looked = now;
    look_at_usual(now);
}

template <class Ledger>
void basic_alert_watch<Ledger>::state::look_at_budgets(timestamp now) {
    if (!budgets_seen) {
        // What was passed while nobody watched, or by whom death kept from raising it. Only where a
        // window's beginning is the same whoever asks, and so the key.
        auto const states = of->budget_states();
        if (!states) return note(states.error());
        for (budget_state const& each : *states) {
            budget_period const period = each.budget.window.period;
            if (period == budget_period::rolling || period == budget_period::minute) continue;
            for (std::uint32_t const percent : each.budget.alert_percents) {
                if (each.budget.limit > 0 && has_reached(each, percent))
                    found(detail::alert_of(budget_crossing{each, percent}, now));
            }
        }
        budgets_seen = true;
    }
    auto const crossings = of->take_crossings();
    if (!crossings) return note(crossings.error());
    for (budget_crossing const& each : *crossings) found(detail::alert_of(each, now));
}

template <class Ledger>
void basic_alert_watch<Ledger>::state::look_at_records(timestamp now) {
    auto const first = of->first_sequence();
    auto const last = of->last_sequence();
    if (!first || !last) return note(!first ? first.error() : last.error());
    std::uint64_t const newest = value_of(*last);
    if (next_record == 0 && newest > records_behind) next_record = newest - records_behind + 1;
    next_record = (std::max)({next_record, value_of(*first), std::uint64_t{1}});
    if (next_record > newest) return;
    std::uint64_t const end = (std::min)(newest, next_record + records_most - 1);
    auto const read = of->read(sequence{next_record}, [&](sequence number, record&& entry) {
        bool const unpriced = options.prices && entry.kind == record_kind::outcome &&
                              entry.cost_status == cost_status::unpriced;
        civil_day const day = options.usual.zone.day_of(entry.started_at);
        if (unpriced) {
            found_of_model(entry, now, [&](record const& each) {
                return detail::price_missing(each, day, now);
            });
        }
        if (options.prices && detail::drifts(entry)) {
            found_of_model(entry, now,
                           [&](record const& each) { return detail::price_drift(each, day, now); });
        }
        bool const opened = options.circuits && entry.kind == record_kind::circuit &&
                            detail::tag_of(entry, "to") == "open" &&
                            now.ns - circuit_age_ns <= entry.started_at.ns;
        if (opened) {
            found_of_model(entry, now,
                           [&](record const& each) { return detail::circuit_opened(each, now); });
        }
        if (options.clocks) look_at_instant(entry, now);
        next_record = value_of(number) + 1;
        return value_of(number) < end;
    });
    if (!read) note(read.error());
}

template <class Ledger>
void basic_alert_watch<Ledger>::state::look_at_clock() {
    auto const steady = std::chrono::steady_clock::now();
    timestamp const now = of->time().now();
    if (clock_at) {
        detail::clock_step const step{*clock_at, now,
                                      std::chrono::nanoseconds(steady - clock_looked).count()};
        std::int64_t const most = std::chrono::nanoseconds(options.clock_step_most).count();
        std::lock_guard const lock(mutex);
        if (step.jump_ns() > most || step.jump_ns() < -most) found(detail::clock_jumped(step));
    }
    clock_at = now;
    clock_looked = steady;
}

// Of calls alone: what is imported is of any time.
template <class Ledger>
void basic_alert_watch<Ledger>::state::look_at_instant(record const& entry, timestamp now) {
    if (entry.kind != record_kind::intent) return;
    using std::chrono::nanoseconds;
    std::int64_t const ahead = nanoseconds(options.clock_step_most).count();
    std::int64_t const apart = nanoseconds(options.records_apart_most).count();
    timestamp const at = entry.started_at;
    if (int128{at.ns} - now.ns > ahead)
        found(detail::record_ahead(entry, options.usual.zone.day_of(at), now));
    if (record_at && int128{at.ns} - record_at->ns > apart)
        found(detail::records_apart(*record_at, at, now));
    record_at = at;
}

template <class Ledger>
void basic_alert_watch<Ledger>::state::look_at_usual(timestamp now) {
    auto const odd = anomalies_today(*of, now, options.usual);
    if (!odd) return note(odd.error());
    for (anomaly const& each : *odd) found(detail::alert_of(each, now));
}

template <class Ledger>
void basic_alert_watch<Ledger>::state::look_at_room(timestamp now) {
    std::error_code failed;
    auto const room = std::filesystem::space(options.directory, failed);
    if (failed)
        return note(fail(errc::storage_failed, "the room of the file system: " + failed.message()));
    if (room.available >= options.free_bytes_least) return;
    found(detail::log_nearly_full(options.directory, room.available, options.free_bytes_least,
                                  options.usual.zone.day_of(now), now));
}

template <class Ledger>
void basic_alert_watch<Ledger>::state::raise_found(alert_poll& done) {
    std::vector<alert> again;
    for (alert& each : pending) {
        auto const raised = append(to_record(each));
        if (raised) {
            done.raised += *raised ? 1U : 0U;
        } else {
            note(raised.error());
            again.push_back(std::move(each));
        }
    }
    pending = std::move(again);
}

template <class Ledger>
void basic_alert_watch<Ledger>::state::write_unwritten() {
    std::erase_if(unwritten, [this](alert_event const& each) {
        auto const written = append(to_record(each));
        if (!written) note(written.error());
        return written.has_value();
    });
}

template <class Ledger>
void basic_alert_watch<Ledger>::state::deliver(alert_sink const& to, alert_poll& done) {
    timestamp const now = of->time().now();
    auto const due =
        of->alerts([&](detail::alert_book const& book) { return book.undelivered(to.name, now); });
    if (!due) return note(due.error());
    for (alert const& each : *due) {
        bool const waits = std::any_of(unwritten.begin(), unwritten.end(), [&](auto const& event) {
            return event.key == each.key && event.sink == to.name;
        });
        if (waits || (to.wants && !to.wants(each))) continue;
        if (stopped.stop_requested() || !deliver_one(to, each, done)) return;
    }
}

// False: the sink, or the ledger, had better be left alone until the next poll.
template <class Ledger>
bool basic_alert_watch<Ledger>::state::deliver_one(alert_sink const& to, alert const& what,
                                                   alert_poll& done) {
    using std::chrono::nanoseconds;
    alert_event event;
    event.stage = alert_stage::claimed;
    event.key = what.key;
    event.sink = to.name;
    event.by = by;
    event.at = of->time().now();
    event.held_ns = static_cast<std::uint64_t>(nanoseconds(options.claim_for).count());
    auto const claimed = append(to_record(event));
    if (!claimed) note(claimed.error());
    if (!claimed) return false;
    if (!*claimed) return true;  // somebody else was quicker
    auto const delivered = try_to_deliver(to, what);
    event.at = of->time().now();
    if (delivered) {
        ++done.delivered;
        event.stage = alert_stage::delivered;
        event.held_ns = 0;
    } else {
        ++done.failed;
        event = failure_of(delivered.error(), std::move(event));
    }
    auto const written = append(to_record(event));
    if (!written) note(written.error());
    if (!written && delivered) unwritten.push_back(std::move(event));
    return written && delivered;
}

template <class Ledger>
result<void> basic_alert_watch<Ledger>::state::try_to_deliver(alert_sink const& to,
                                                              alert const& what) {
    // Sinks are the application's, and may throw.
    try {
        return to.deliver(what);
    } catch (std::exception const&) {
        return fail(errc::bad_response, "the sink threw an exception");
    }
}

template <class Ledger>
alert_event basic_alert_watch<Ledger>::state::failure_of(error const& why, alert_event of_claim) {
    auto const known_failures = of->alerts([&](detail::alert_book const& book) {
        auto const last = book.delivery(of_claim.key, of_claim.sink);
        return last ? last->failures : std::uint32_t{0};
    });
    std::uint32_t const before = known_failures ? (std::min)(*known_failures, 20U) : 0U;
    auto const wait =
        (std::min)(options.retry_first * (std::int64_t{1} << before), options.retry_most);
    auto const wait_ms = (std::max)(static_cast<std::uint64_t>(wait.count()), why.retry_after_ms);
    constexpr std::uint64_t wait_ms_most = 86'400'000;
    of_claim.stage = alert_stage::failed;
    of_claim.held_ns = (std::min)(wait_ms, wait_ms_most) * 1'000'000;
    of_claim.error = name_of(why.code);
    of_claim.why = detail::one_line(why.where);
    return of_claim;
}

template <class Ledger>
result<alert_poll> basic_alert_watch<Ledger>::poll_once() {
    return state_->poll();
}

template <class Ledger>
result<bool> basic_alert_watch<Ledger>::raise(alert const& of) {
    return state_->raise(of);
}

template <class Ledger>
result<std::vector<alert_failure>> basic_alert_watch<Ledger>::failures() const {
    timestamp const now = state_->of->time().now();
    return state_->of->alerts([now](detail::alert_book const& book) { return book.failures(now); });
}

template <class Ledger>
std::optional<error> basic_alert_watch<Ledger>::last_error() const {
    if (auto const ok = state_->check_process(); !ok) return ok.error();
    std::lock_guard const lock(state_->error_mutex);
    return state_->last_error;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ALERTS_TPP
