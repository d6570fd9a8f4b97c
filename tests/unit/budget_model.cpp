// SPDX-License-Identifier: MIT
//
// budget_model.cpp: random steps against a gate and against a plain model of what it promises: a
// list of all attempts and definitions, from which every sum is reckoned anew.
//
// Two gates fold the same log, as two processes do, and take turns in deciding. Clocks jump, gates
// crash and come back from a snapshot, intents are cancelled and extended, budgets are set, changed
// and removed in the middle of their windows. AIAUDIT_MODEL_STEPS is how many steps (50,000),
// AIAUDIT_MODEL_SEED with which seed to begin.
#include <aiaudit/budget/gate.hpp>

#include <aiaudit/timezone/tzdb.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(budget_model)

namespace {

using namespace aiaudit;

constexpr std::int64_t second_ns = nanoseconds_per_second;
constexpr std::int64_t minute_ns = 60 * second_ns;
constexpr std::int64_t hour_ns = 60 * minute_ns;

enum class phase { tentative, logged, settled };

struct model_attempt {
    record intent{};
    phase at = phase::tentative;
    bool extends = false;  // a further intent is held and not in the log
    record extension{};
    record outcome{};          // where settled
    std::uint64_t number = 0;  // of the last intent in the log
};

struct model_budget {
    budget definition{};
    timestamp since{};  // when its sums began to be kept
};

// Something that a bucket saw, in the order in which it saw it.
struct bucket_event {
    timestamp at{};
    std::string id{};
    int128 amount = 0;    // what was asked
    int128 finally = -1;  // what was taken; -1 while open
};

[[noreturn]] void wrong(std::string const& what) { throw std::runtime_error(what); }

std::string id_of(record const& entry) {
    return entry.operation_id.to_string() + "/" + std::to_string(entry.attempt);
}

std::int64_t floored(std::int64_t value, std::int64_t by) {
    std::int64_t quotient = value / by;
    while (quotient * by > value) --quotient;
    return quotient;
}

// The months of the days from the `first` of each on.
std::int64_t months_at(std::int64_t day, std::uint32_t first) {
    std::chrono::year_month_day const date{
        std::chrono::sys_days{std::chrono::days{day - (first == 0 ? 0 : first - 1)}}};
    return static_cast<int>(date.year()) * 12 + static_cast<int>(unsigned{date.month()}) - 1;
}

// The number of a window, reckoned from the local date.
std::int64_t window_of(budget const& of, timestamp at) {
    std::int64_t const seconds = floored(at.ns, second_ns);
    std::int64_t const day = floored(seconds + of.window.zone.offset_at(seconds), 86'400);
    switch (of.window.period) {
    case budget_period::day: return day;
    case budget_period::week: return floored(day - 4 - of.window.anchor, 7);
    case budget_period::month: return months_at(day, of.window.anchor);
    case budget_period::quarter:
    case budget_period::year: {
        std::int64_t const months = of.window.anchor == 0 ? 0 : of.window.anchor / 100 - 1;
        return floored(months_at(day, of.window.anchor % 100) - months,
                       of.window.period == budget_period::year ? 12 : 3);
    }
    case budget_period::rolling: return floored(at.ns, of.window.hours * minute_ns);
    default: return 0;
    }
}

// Whom a budget counts a record for; none: it is not covered.
std::optional<std::string> subject_of(budget const& of, record const& entry) {
    std::string name;
    switch (of.scope.of) {
    case budget_dimension::everyone: return "";
    case budget_dimension::user: name = entry.user; break;
    case budget_dimension::model: name = entry.model_requested; break;
    case budget_dimension::provider: name = entry.provider; break;
    case budget_dimension::project: name = entry.project; break;
    case budget_dimension::key: name = entry.key_id; break;
    case budget_dimension::tag:
    case budget_dimension::run:
    case budget_dimension::team:
    case budget_dimension::organisation: {
        std::string const key = of.scope.of == budget_dimension::tag    ? of.scope.tag
                                : of.scope.of == budget_dimension::run  ? "run"
                                : of.scope.of == budget_dimension::team ? "team"
                                                                        : "organisation";
        for (auto const& tag : entry.tags)
            if (tag.first == key) name = tag.second;
        break;
    }
    }
    if (name.empty()) return std::nullopt;
    if (!of.scope.each && name != of.scope.name) return std::nullopt;
    return of.scope.each ? name : "";
}

// The most that an intent may take; none: nobody knows.
std::optional<int128> asked_of(budget const& of, record const& intent) {
    if (of.unit == budget_unit::requests) return 1;
    if (of.unit == budget_unit::tokens) {
        if (!intent.usage.has(unit::output_tokens)) return std::nullopt;
        return static_cast<int128>(intent.usage.count(unit::input_tokens) +
                                   intent.usage.count(unit::output_tokens));
    }
    if (intent.cost_status == cost_status::priced) return intent.cost.pico();
    return std::nullopt;
}
int128 held_of(budget const& of, record const& intent) {
    if (auto const asked = asked_of(of, intent)) return *asked;
    return of.unit == budget_unit::tokens
               ? static_cast<int128>(intent.usage.count(unit::input_tokens))
               : 0;
}
int128 taken_of(budget const& of, record const& outcome, int128 held) {
    bool const free = outcome.cost_status == cost_status::no_charge;
    bool const unknown = outcome.cost_status == cost_status::unknown;
    switch (of.unit) {
    case budget_unit::usd: return free ? 0 : unknown ? held : outcome.cost.pico();
    case budget_unit::tokens:
        if (unknown) return held;
        return static_cast<int128>(outcome.usage.total_tokens());
    case budget_unit::requests: return free && outcome.http_status == 0 ? 0 : 1;
    }
    return 0;
}

class model {
public:
    explicit model(std::uint64_t seed) : random_(seed) {
        zones_ = {time_zone{}, find_time_zone("Asia/Ho_Chi_Minh").value(),
                  find_time_zone("America/New_York").value(),
                  find_time_zone("Asia/Kathmandu").value()};
        // Days around which the clocks of New York change, leap days, ends of years.
        static constexpr std::array<char const*, 6> starts{
            "2026-03-07T22:00:00Z", "2026-10-31T20:00:00Z", "2028-02-28T20:00:00Z",
            "2026-12-30T23:00:00Z", "2026-08-15T12:00:00Z", "2027-02-27T01:00:00Z"};
        now_ = timestamp::parse(starts[pick(starts.size())]).value();
        honest_ = pick(3) != 0;
        orderly_ = pick(2) == 0;
        wild_ = pick(3) == 0;
        pace_ = pick(2) == 0 ? 20 * second_ns : 2 * second_ns;
    }

    void run(int steps) {
        for (int i = 0; i < 3; ++i) define();
        for (int i = 0; i < steps; ++i) {
            step();
            if (i % 8 == 0) compare();
        }
        resolve_tentative();
        catch_up(0);
        catch_up(1);
        compare();
        settle_all();
    }

private:
    std::size_t pick(std::size_t below) { return random_() % below; }
    std::int64_t between(std::int64_t low, std::int64_t high) {
        return low + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(high - low));
    }

    void step() {
        tick();
        std::size_t const what = pick(100);
        if (what < 45)
            ask();
        else if (what < 60)
            confirm_one();
        else if (what < 82)
            settle_one();
        else if (what < 88)
            extend_one();
        else if (what < 91)
            cancel_one();
        else if (what < 94)
            crash();
        else if (what < 96)
            turn();
        else if (what < 98)
            charge_directly();
        else if (what < 99)
            pick(2) == 0 ? define() : remove();
        else
            look();
    }
    void tick() {
        if (wild_ && pick(8) == 0) {
            now_.ns += between(-6 * 24 * hour_ns, 7 * 24 * hour_ns);
            return;
        }
        std::size_t const how = pick(200);
        if (how < 150)
            now_.ns += between(0, pace_);
        else if (how < 180)
            now_.ns += between(0, 20 * minute_ns);
        else if (how < 190)
            now_.ns += between(0, 9 * hour_ns);
        else if (how < 193)
            now_.ns -= between(0, 5 * second_ns);
        else if (how < 195)
            now_.ns -= between(0, 30 * hour_ns);
        else if (how < 196)
            now_.ns += between(0, 40 * 24 * hour_ns);
        else if (how == 199 && pick(40) == 0)
            now_.ns -= between(0, 70 * 24 * hour_ns);
    }

    record make_intent() {
        static constexpr std::array<char const*, 4> users{"", "alice", "bob",
                                                          "a-user-of-20-letters"};
        static constexpr std::array<char const*, 3> models{"big", "small", "medium-sized-model"};
        record intent;
        intent.kind = record_kind::intent;
        intent.user = users[pick(users.size())];
        intent.model_requested = models[pick(models.size())];
        intent.provider = pick(2) == 0 ? "here" : "there";
        if (pick(2) == 0) intent.project = "p1";
        if (pick(3) == 0) intent.tags.emplace_back("team", pick(2) == 0 ? "red" : "blue");
        intent.started_at = now_;
        intent.duration_ns = static_cast<std::uint64_t>(between(0, minute_ns));
        intent.operation_id = make_operation_id(now_, random_(), random_());
        intent.attempt = static_cast<std::uint32_t>(1 + pick(2));
        bound(intent, 1 + static_cast<std::int64_t>(pick(300)));
        if (pick(40) == 0) {
            intent.cost_status = cost_status::unknown;
            intent.cost = {};
            intent.usage.clear(unit::output_tokens);
        }
        return intent;
    }
    static void bound(record& entry, std::int64_t size) {
        entry.cost_status = cost_status::priced;
        entry.cost = money::from_pico(int128{size} * 7);
        entry.usage.set(unit::input_tokens, static_cast<std::uint64_t>(size) / 3);
        entry.usage.set(unit::output_tokens, static_cast<std::uint64_t>(size));
    }

    // The sum that counts against a window of a budget; `reserved_alone`: of what is open.
    int128 sum_of(model_budget const& of, std::string const& subject, std::int64_t window,
                  std::string const& without = {}, int part = 0) const {
        std::int64_t const reach = of.definition.window.period == budget_period::rolling ? 60 : 0;
        int128 sum = 0;
        auto const count = [&](record const& entry, int128 amount) {
            std::int64_t const there = window_of(of.definition, entry.started_at);
            if (there <= window && window - there <= reach) sum += amount;
        };
        for (auto const& [id, each] : attempts_) {
            if (id == without || subject_of(of.definition, each.intent) != subject) continue;
            int128 const held = amount_held(of, each);
            bool const ended = each.at == phase::settled;
            if (part == 1 && !ended) continue;
            if (part == 2 && ended) continue;
            count(each.intent, ended ? taken_of(of.definition, each.outcome, held) : held);
        }
        for (record const& each : direct_) {
            if (part == 2 || subject_of(of.definition, each) != subject) continue;
            count(each, taken_of(of.definition, each, 0));
        }
        return sum;
    }
    int128 amount_held(model_budget const& of, model_attempt const& each) const {
        int128 const first = held_of(of.definition, each.intent);
        return each.extends ? std::max(first, held_of(of.definition, each.extension)) : first;
    }
    // The most in any window that an amount now counts in.
    int128 most_used(model_budget const& of, std::string const& subject, timestamp at,
                     std::string const& without) const {
        std::int64_t const window = window_of(of.definition, at);
        int128 most = sum_of(of, subject, window, without);
        if (of.definition.window.period != budget_period::rolling) return most;
        std::set<std::int64_t> later;
        for (auto const& [id, each] : attempts_)
            later.insert(window_of(of.definition, each.intent.started_at));
        for (record const& each : direct_) later.insert(window_of(of.definition, each.started_at));
        for (std::int64_t const each : later)
            if (each > window && each <= window + 60)
                most = std::max(most, sum_of(of, subject, each, without));
        return most;
    }
    // Whether a gate must remember all that counts at an instant: three windows are, at the least.
    bool remembered(model_budget const& of, std::string const& subject, timestamp at) const {
        budget_period const period = of.definition.window.period;
        if (period == budget_period::total) return true;
        bool const rolls = period == budget_period::rolling;
        std::int64_t const window = window_of(of.definition, at) - (rolls ? 60 : 0);
        std::int64_t const first = window_of(of.definition, of.since) - (rolls ? 180 : 2);
        if (window < first) return false;
        std::set<std::int64_t> above;
        for (auto const& [key, ever] : used_ever_) {
            if (key.first != of.definition.name || key.second != subject) continue;
            for (std::int64_t const each : ever)
                if (each > window) above.insert(each);
        }
        return above.size() < (rolls ? 240U : 3U);
    }
    void note_used(record const& entry) {
        for (auto const& [name, of] : budgets_)
            if (auto const subject = subject_of(of.definition, entry))
                used_ever_[{name, *subject}].insert(window_of(of.definition, entry.started_at));
    }

    // The level of a bucket in units times 60 seconds. `least`: if all had come in the order of its
    // time, and what was taken had been known from the beginning; else as it came, and nothing had
    // ever been given back. A gate's lies between the two.
    int128 level_of(model_budget const& of, std::string const& subject, timestamp at,
                    bool least) const {
        auto const found = buckets_.find({of.definition.name, subject});
        if (found == buckets_.end()) return 0;
        std::vector<bucket_event> events = found->second;
        if (least) {
            std::stable_sort(events.begin(), events.end(),
                             [](auto const& a, auto const& b) { return a.at < b.at; });
        }
        int128 level = 0;
        std::int64_t last = events.empty() ? at.ns : events.front().at.ns;
        auto const run_to = [&](std::int64_t to) {
            if (to > last) level = std::max(int128{0}, level - of.definition.limit * (to - last));
            last = std::max(last, to);
        };
        for (bucket_event const& each : events) {
            run_to(each.at.ns);
            level += (least && each.finally >= 0 ? each.finally : each.amount) * minute_ns;
        }
        run_to(at.ns);
        return level;
    }
    void check_bucket(model_budget const& of, std::string const& subject, record const& intent,
                      int128 more, bool admitted, bool& sure) const {
        int128 const room = (of.definition.limit - more) * minute_ns;
        if (admitted && level_of(of, subject, intent.started_at, true) > room)
            wrong("a bucket runs over: " + of.definition.name);
        bool const orderly = orderly_ && honest_ && !unsure_buckets_.contains(of.definition.name);
        if (!orderly || level_of(of, subject, intent.started_at, false) > room) sure = false;
        if (intent.started_at.ns < of.since.ns - 3 * minute_ns) sure = false;
        auto const found = buckets_.find({of.definition.name, subject});
        if (found == buckets_.end()) return;
        for (bucket_event const& each : found->second)
            if (each.at.ns > intent.started_at.ns + 3 * minute_ns) sure = false;
    }
    void bucket_fill(record const& entry, std::string const& id, bool direct) {
        for (auto const& [name, of] : budgets_) {
            if (of.definition.window.period != budget_period::minute) continue;
            auto const subject = subject_of(of.definition, entry);
            if (!subject) continue;
            auto& events = buckets_[{name, *subject}];
            int128 const amount =
                direct ? taken_of(of.definition, entry, 0) : held_of(of.definition, entry);
            events.push_back({entry.started_at, id, amount, direct ? amount : int128{-1}});
        }
    }
    void bucket_settle(model_attempt const& of_attempt, std::string const& id, bool cancelled) {
        for (auto& [key, events] : buckets_) {
            auto const of = budgets_.find(key.first);
            if (of == budgets_.end()) continue;
            int128 left = cancelled ? 0
                                    : taken_of(of->second.definition, of_attempt.outcome,
                                               amount_held(of->second, of_attempt));
            for (bucket_event& each : events) {
                if (each.id != id || each.finally >= 0) continue;
                each.finally = left;
                left = 0;
            }
        }
    }

    void ask() { ask(make_intent(), false); }

    // A gate decides; the model checks the answer, then remembers it.
    void ask(record const& intent, bool extends) {
        std::string const id = id_of(intent);
        catch_up(decider_);
        auto const said = gates_[decider_].reserve(intent);
        std::string why;
        bool sure = true;
        std::string refused_by;
        for (auto const& [name, of] : budgets_) {
            auto const subject = subject_of(of.definition, intent);
            if (!subject || of.definition.then == budget_action::warn) continue;
            auto const asked = asked_of(of.definition, intent);
            if (!asked) {
                refused_by += name + " unbounded; ";
                continue;
            }
            int128 const held = extends ? amount_held(of, attempts_.at(id)) : 0;
            if (of.definition.window.period == budget_period::minute) {
                if (extends) sure = false;
                if (*asked > held)
                    check_bucket(of, *subject, intent, *asked - held, said.admitted, sure);
                continue;
            }
            if (!remembered(of, *subject, intent.started_at)) sure = false;
            if (extends && *asked <= held) continue;
            int128 const used = most_used(of, *subject, intent.started_at, id);
            bool const fits = used + *asked <= of.definition.limit;
            if (said.admitted && !fits) wrong("overspends " + name + " for '" + *subject + "'");
            if (!fits) refused_by += name + " full; ";
        }
        if (!said.admitted) {
            auto const words = gates_[decider_].describe(said, intent);
            auto const& of = budgets_.at(words.budget);
            if (words.reason == refusal_reason::clock_behind &&
                of.definition.window.period != budget_period::minute &&
                remembered(of, *subject_of(of.definition, intent), intent.started_at))
                wrong("forgot a window of " + words.budget);
            if (sure && refused_by.empty()) wrong("refuses what fits: " + refusal_text(words));
            if (refusal_text(words).find('\n') != std::string::npos) wrong("two lines");
            return;
        }
        if (!refused_by.empty()) wrong("admits what does not fit: " + refused_by);
        note_used(intent);
        bucket_fill_or_extend(intent, id, extends);
        if (extends) {
            attempts_.at(id).extends = true;
            attempts_.at(id).extension = intent;
        } else {
            attempts_[id].intent = intent;
        }
        tentative_.push_back(id);
    }
    void bucket_fill_or_extend(record const& intent, std::string const& id, bool extends) {
        if (!extends) return bucket_fill(intent, id, false);
        for (auto const& [name, of] : budgets_) {
            if (of.definition.window.period != budget_period::minute) continue;
            auto const subject = subject_of(of.definition, intent);
            if (!subject) continue;
            int128 const more = held_of(of.definition, intent) - amount_held(of, attempts_.at(id));
            if (more > 0) buckets_[{name, *subject}].push_back({intent.started_at, id, more, -1});
        }
    }
    void append(record const& entry) { log_.push_back(entry); }
    void catch_up(std::size_t gate) {
        for (; folded_[gate] < log_.size(); ++folded_[gate]) {
            record const& entry = log_[folded_[gate]];
            if (!gates_[gate].apply(sequence{folded_[gate] + 1}, entry)) wrong("cannot apply");
            auto const needs = gates_[gate].needs_history();
            if (!needs) continue;
            budget_gate past = gates_[gate].history_gate();
            for (std::size_t i = 0; i < folded_[gate]; ++i) {
                // A reader may leave out what is older, or not.
                if (needs->from && log_[i].started_at < *needs->from && i % 2 == 0) continue;
                if (!past.apply(sequence{i + 1}, log_[i])) wrong("cannot apply the history");
            }
            gates_[gate].adopt(past);
        }
    }

    void confirm_one() {
        if (tentative_.empty()) return;
        std::size_t const at = orderly_ ? 0 : pick(tentative_.size());
        confirm(tentative_[at]);
        tentative_.erase(tentative_.begin() + static_cast<std::ptrdiff_t>(at));
    }
    void confirm(std::string const& id) {
        model_attempt& attempt = attempts_.at(id);
        append(attempt.extends ? attempt.extension : attempt.intent);
        if (attempt.extends) {
            record merged = attempt.extension;
            merged.cost = std::max(attempt.intent.cost, merged.cost);
            attempt.intent = merged;
            attempt.extends = false;
        }
        attempt.at = phase::logged;
        attempt.number = log_.size();
        if (pick(2) == 0) catch_up(decider_);
    }
    void cancel_one() {
        if (tentative_.empty()) return;
        std::size_t const at = pick(tentative_.size());
        std::string const id = tentative_[at];
        tentative_.erase(tentative_.begin() + static_cast<std::ptrdiff_t>(at));
        model_attempt& attempt = attempts_.at(id);
        gates_[decider_].cancel(attempt.extends ? attempt.extension : attempt.intent);
        take_back(id);
    }
    void take_back(std::string const& id) {
        model_attempt& attempt = attempts_.at(id);
        if (attempt.extends) {
            attempt.extends = false;
            for (auto& [key, events] : buckets_) {
                // The last event of it is the extension, if that asked for more.
                auto const of = budgets_.find(key.first);
                if (of == budgets_.end()) continue;
                if (held_of(of->second.definition, attempt.extension) <=
                    held_of(of->second.definition, attempt.intent))
                    continue;
                for (auto each = events.rbegin(); each != events.rend(); ++each) {
                    if (each->id != id) continue;
                    each->finally = 0;
                    break;
                }
            }
            return;
        }
        bucket_settle(attempt, id, true);
        attempts_.erase(id);
    }
    void resolve_tentative() {
        while (!tentative_.empty()) pick(3) == 0 ? cancel_one() : confirm_one();
    }

    std::optional<std::string> any_logged() {
        std::vector<std::string> all;
        for (auto const& [id, each] : attempts_)
            if (each.at == phase::logged && !each.extends) all.push_back(id);
        if (all.empty()) return std::nullopt;
        return all[pick(all.size())];
    }
    void settle_one() {
        if (auto const id = any_logged()) settle(*id);
    }
    void settle(std::string const& id) {
        model_attempt& attempt = attempts_.at(id);
        record outcome = attempt.intent;
        outcome.kind = record_kind::outcome;
        outcome.http_status = 200;
        std::int64_t const bound_of = static_cast<std::int64_t>(attempt.intent.cost.pico() / 7);
        std::size_t const how = pick(10);
        if (how == 0) {
            outcome.cost_status = cost_status::no_charge;
            outcome.cost = {};
            outcome.usage = {};
            outcome.http_status = pick(2) == 0 ? 0 : 429;
        } else if (how == 1) {
            outcome.cost_status = cost_status::unknown;
            outcome.cost = {};
            outcome.usage = {};
        } else if (how == 2 && !honest_) {
            bound(outcome, bound_of + static_cast<std::int64_t>(pick(50)));
        } else {
            bound(outcome, static_cast<std::int64_t>(pick(static_cast<std::size_t>(bound_of) + 1)));
        }
        append(outcome);
        attempt.outcome = outcome;
        attempt.at = phase::settled;
        bucket_settle(attempt, id, false);
    }
    void settle_all() {
        while (auto const id = any_logged()) settle(*id);
        for (std::size_t gate = 0; gate < 2; ++gate) {
            catch_up(gate);
            if (!gates_[gate].open().empty()) wrong("a reservation leaked");
            for (budget_state const& each : gates_[gate].states(now_))
                if (each.reserved != 0 || each.open != 0) wrong("something stays reserved");
        }
        compare();
    }
    void extend_one() {
        auto const id = any_logged();
        if (!id) return;
        record more = attempts_.at(*id).intent;
        if (more.cost_status != cost_status::priced) return;
        bound(more, static_cast<std::int64_t>(more.cost.pico() / 7) +
                        static_cast<std::int64_t>(pick(100)));
        ask(more, true);
    }
    void charge_directly() {
        if (honest_) return;
        if (orderly_) resolve_tentative();
        record outcome = make_intent();
        outcome.kind = record_kind::outcome;
        outcome.http_status = 200;
        bound(outcome, static_cast<std::int64_t>(pick(200)));
        append(outcome);
        direct_.push_back(outcome);
        note_used(outcome);
        bucket_fill(outcome, "direct", true);
    }

    // The deciding gate is lost with what it held.
    void crash() {
        std::string const bytes = gates_[decider_].snapshot();
        auto back = budget_gate::from_snapshot(bytes);
        if (!back) wrong("cannot read a snapshot: " + back.error().message());
        if (back->snapshot() != bytes) wrong("a snapshot is not that of what was read from it");
        gates_[decider_] = std::move(*back);
        for (std::string const& id : tentative_) take_back(id);
        tentative_.clear();
    }
    void turn() {
        resolve_tentative();
        decider_ = 1 - decider_;
    }

    void define() {
        static constexpr std::array<char const*, 11> scopes{
            "everyone",   "everyone",      "each-user",    "user=alice", "model=big", "each-model",
            "project=p1", "each-tag:team", "tag:team=red", "each-team",  "team=red"};
        static constexpr std::array<char const*, 11> windows{
            "day", "day",  "month",       "total",    "minute",       "24h",
            "1h",  "week", "week@sunday", "month@15", "quarter@02-15"};
        static constexpr std::array<char const*, 5> actions{"refuse", "refuse", "refuse", "warn",
                                                            "downgrade=small"};
        budget made;
        made.name = "b" + std::to_string(pick(5));
        auto const old = budgets_.find(made.name);
        if (old != budgets_.end() && pick(2) == 0) {
            made = old->second.definition;
        } else {
            made.unit = static_cast<budget_unit>(pick(3));
            made.scope = parse_budget_scope(scopes[pick(scopes.size())]).value();
            made.window =
                parse_budget_window(windows[pick(windows.size())], zones_[pick(zones_.size())])
                    .value();
            auto const action = actions[pick(actions.size())];
            if (!parse_budget_action(action, made)) wrong("bad action");
        }
        static constexpr std::array<int, 3> about{7 * 3'000, 4'000, 30};
        made.limit = static_cast<int128>(about[static_cast<std::size_t>(made.unit)]) +
                     static_cast<int128>(pick(1'000));
        if (made.window.period == budget_period::minute) made.limit /= 1 + pick(6);
        define(made);
    }
    void define(budget const& made) {
        auto const entry = to_record(made, now_);
        if (!entry) wrong(entry.error().message());
        auto const old = budgets_.find(made.name);
        bool const same = old != budgets_.end() && counts_as(old->second.definition, made);
        // What was bound by the old limit need not fit under a new one.
        if (same && honest_ && made.limit < old->second.definition.limit) return;
        append(*entry);
        if (same) {
            old->second.definition = made;
            forget_bucket(made.name);
        } else {
            budgets_[made.name] = {made, now_};
            used_ever_.erase(used_ever_.lower_bound({made.name, ""}),
                             used_ever_.lower_bound({made.name + "\x01", ""}));
            forget_bucket(made.name);
            new_budget_of(made.name);
        }
        // What is held tentatively is made again under the new budgets when it is applied.
        resolve_tentative();
        catch_up(decider_);
    }
    static bool counts_as(budget const& a, budget const& b) {
        return a.unit == b.unit && scope_text(a.scope) == scope_text(b.scope) &&
               window_text(a.window) == window_text(b.window) &&
               a.window.zone.name() == b.window.zone.name();
    }
    void new_budget_of(std::string const& name) {
        model_budget const& of = budgets_.at(name);
        auto const note = [&](record const& entry) {
            if (auto const subject = subject_of(of.definition, entry))
                used_ever_[{name, *subject}].insert(window_of(of.definition, entry.started_at));
        };
        for (auto const& [id, each] : attempts_) note(each.intent);
        for (record const& each : direct_) note(each);
    }
    // What a bucket has of the time before is not followed: at the least it is nothing.
    void forget_bucket(std::string const& name) {
        if (!attempts_.empty() || !direct_.empty()) unsure_buckets_.insert(name);
        std::erase_if(buckets_, [&](auto const& each) { return each.first.first == name; });
    }

    void remove() {
        if (budgets_.empty()) return;
        auto at = budgets_.begin();
        std::advance(at, static_cast<std::ptrdiff_t>(pick(budgets_.size())));
        append(to_removal_record(at->first, now_));
        forget_bucket(at->first);
        budgets_.erase(at);
        resolve_tentative();
        catch_up(decider_);
    }

    void look() {
        for (std::size_t gate = 0; gate < 2; ++gate)
            static_cast<void>(gates_[gate].take_crossings());
    }

    // What the gates show, against sums reckoned anew.
    void compare() {
        catch_up(decider_);
        compare(gates_[decider_], now_);
        compare(gates_[decider_], {now_.ns - between(0, 3 * 24 * hour_ns)});
        if (!tentative_.empty()) return;
        catch_up(1 - decider_);
        compare(gates_[1 - decider_], now_);
    }
    void compare(budget_gate const& gate, timestamp at) const {
        std::map<std::pair<std::string, std::string>, budget_state> shown;
        for (budget_state const& each : gate.states(at))
            shown[{each.budget.name, each.subject}] = each;
        if (gate.budgets().size() != budgets_.size()) wrong("another number of budgets");
        for (auto const& [name, of] : budgets_) {
            if (of.definition.window.period == budget_period::minute) continue;
            std::set<std::string> subjects;
            if (!of.definition.scope.each) subjects.insert("");
            for (auto const& [key, ever] : used_ever_)
                if (key.first == name) subjects.insert(key.second);
            for (std::string const& subject : subjects) {
                if (!remembered(of, subject, at)) continue;
                auto const found = shown.find({name, subject_text(of.definition.scope, subject)});
                compare(of, subject, at, found == shown.end() ? budget_state{} : found->second);
            }
        }
        for (open_reservation const& each : gate.open()) {
            auto const there =
                attempts_.find(each.operation.to_string() + "/" + std::to_string(each.attempt));
            if (there == attempts_.end() || there->second.at != phase::logged)
                wrong("an attempt is open that ended");
            if (there->second.number != value_of(each.intent)) wrong("another intent is open");
        }
    }
    void compare(model_budget const& of, std::string const& subject, timestamp at,
                 budget_state const& shown) const {
        std::int64_t const window = window_of(of.definition, at);
        int128 const spent = sum_of(of, subject, window, {}, 1);
        int128 const reserved = sum_of(of, subject, window, {}, 2);
        if (shown.spent == spent && shown.reserved == reserved) return;
        wrong("budget " + of.definition.name + " " + scope_text(of.definition.scope) + " " +
              window_text(of.definition.window) + " of '" + subject + "' at " + at.to_string() +
              ": spent " + detail::format_scaled_decimal(shown.spent, 0) + " not " +
              detail::format_scaled_decimal(spent, 0) + ", reserved " +
              detail::format_scaled_decimal(shown.reserved, 0) + " not " +
              detail::format_scaled_decimal(reserved, 0));
    }

    std::mt19937_64 random_;
    std::vector<time_zone> zones_{};
    timestamp now_{};
    bool honest_ = true;  // no outcome costs more than its bound, no limit is lowered
    bool wild_ = false;   // the clock jumps over days, to and fro
    std::int64_t pace_ = second_ns;
    bool orderly_ = true;  // records enter the log as they were decided

    std::vector<record> log_{};
    std::array<budget_gate, 2> gates_{};
    std::array<std::size_t, 2> folded_{};
    std::size_t decider_ = 0;

    std::map<std::string, model_attempt> attempts_{};
    std::vector<std::string> tentative_{};
    std::vector<record> direct_{};
    std::map<std::string, model_budget> budgets_{};
    std::map<std::pair<std::string, std::string>, std::set<std::int64_t>> used_ever_{};
    std::map<std::pair<std::string, std::string>, std::vector<bucket_event>> buckets_{};
    std::set<std::string> unsure_buckets_{};
};

std::uint64_t number_from(char const* name, std::uint64_t otherwise) {
    char const* const text = std::getenv(name);
    return text == nullptr ? otherwise : std::stoull(text);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_gate_keeps_to_a_plain_model_whatever_happens) {
    constexpr int episode = 500;
    std::uint64_t const steps = number_from("AIAUDIT_MODEL_STEPS", 50'000);
    std::uint64_t const first = number_from("AIAUDIT_MODEL_SEED", 1);
    for (std::uint64_t done = 0; done < steps; done += episode) {
        std::uint64_t const seed = first + done / episode;
        try {
            model(seed).run(episode);
        } catch (std::exception const& failure) {
            BOOST_FAIL("AIAUDIT_MODEL_SEED=" << seed << ": " << failure.what());
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
