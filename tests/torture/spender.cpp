// SPDX-License-Identifier: MIT
//
// spender.cpp: spends from budgets that many threads and processes share, and is made to be killed.
//
//     spender make DIR [stepwise]          sets the budgets
//     spender spend DIR MODE SEED THREADS CALLS
//                                          MODE: shared, exclusive, or liar, who does not ask
//     spender check DIR                    settles what was left open, and adds up the log
//
// The check folds the log with none of the gate's code: no prefix of the log may have more spent
// and held than a limit, and in the end the gate and the sums must agree, with nothing held.
// A provider beside it (the file DIR.bill, in memory that outlives a kill) counts what was sent: at
// its bound while it is under way, then at its cost. That may pass no limit either, whatever the
// log has lost, and the gate may not know of less. Exit status: 0 done; 1 a promise is broken, in
// words; 2 the ledger refused to work.
#include <aiaudit/ledger.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace aiaudit;

namespace {

constexpr std::int64_t pico_a_cent = 10'000'000'000;
constexpr std::int64_t purse_limit = 5 * pico_a_cent;
constexpr std::int64_t daily_limit = 3 * pico_a_cent;
constexpr std::int64_t calls_a_user = 40;
constexpr std::int64_t organisation_limit = 4 * pico_a_cent;
constexpr std::int64_t team_limit = 12 * pico_a_cent / 10;
constexpr std::int64_t calls_a_run = 6;
constexpr unsigned team_count = 4;
constexpr std::int32_t zone_seconds = 7 * 3600;
// The next one in the zone, in seconds: what lies long before a budget was set is refused.
std::int64_t const midnight =
    ((system_clock{}.now().seconds() + zone_seconds) / 86'400 + 1) * 86'400 - zone_seconds;

int say(int status, std::string const& what) {
    std::printf("%s\n", what.c_str());
    std::fflush(stdout);
    return status;
}
int refused(char const* what, error const& why) {
    return say(2, std::string(what) + ": " + why.message());
}

result<ledger> open_ledger(std::string const& path, budget_mode mode) {
    ledger_options options;
    options.path = path;
    options.budgets = mode;
    options.rotation.segment_bytes = 40'000;
    options.rollup_save_records = 200;  // so that what is saved is used, too
    return ledger::open(options);
}

// What the provider bills, of pico-USD.
struct bill {
    std::atomic<std::int64_t> all{0};
    std::array<std::atomic<std::int64_t>, team_count> teams{};

    void add(std::uint64_t team, std::int64_t amount) {
        all += amount;
        teams[team] += amount;
    }
};
bill* open_bill(std::string const& ledger) {
    int const file = ::open((ledger + ".bill").c_str(), O_RDWR | O_CREAT, 0600);
    if (file < 0 || ::ftruncate(file, sizeof(bill)) != 0) return nullptr;
    void* const mapped = ::mmap(nullptr, sizeof(bill), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    // Zeros are a bill of nothing.
    return mapped == MAP_FAILED ? nullptr : static_cast<bill*>(mapped);
}

budget budget_named(char const* name, budget_unit unit, int128 limit, budget_window window) {
    budget made;
    made.name = name;
    made.unit = unit;
    made.limit = limit;
    made.window = std::move(window);
    return made;
}
std::vector<budget> all_budgets(budget_reserve how) {
    budget_window total;
    total.period = budget_period::total;
    budget_window day;
    day.period = budget_period::day;
    day.zone = time_zone("Asia/Ho_Chi_Minh", zone_seconds, {});
    std::vector<budget> all{budget_named("purse", budget_unit::usd, purse_limit, total),
                            budget_named("daily", budget_unit::usd, daily_limit, day),
                            budget_named("calls", budget_unit::requests, calls_a_user, total)};
    all.back().scope.of = budget_dimension::user;
    all.back().scope.each = true;
    // A team's calls are its organisation's, and everybody's: they count in all of them or in none.
    all.push_back(budget_named("organisation", budget_unit::usd, organisation_limit, total));
    all.back().scope.of = budget_dimension::organisation;
    all.back().scope.name = "acme";
    all.push_back(budget_named("team", budget_unit::usd, team_limit, total));
    all.back().scope.of = budget_dimension::team;
    all.back().scope.each = true;
    all.push_back(budget_named("run", budget_unit::requests, calls_a_run, total));
    all.back().scope.of = budget_dimension::run;
    all.back().scope.each = true;
    for (budget& each : all) each.reserve = how;
    return all;
}

int make(std::string const& path, budget_reserve how) {
    auto to = open_ledger(path, budget_mode::shared);
    if (!to) return refused("open", to.error());
    for (budget const& each : all_budgets(how)) {
        if (auto const set = to->set_budget(each); !set) return refused("set", set.error());
    }
    return 0;
}

// One thread's calls: of random cost, some of which fail, and some of which never end. Where
// budgets reserve stepwise each begins with a part of its cost, and goes on as far as there is
// room.
class caller {
public:
    caller(ledger& to, bill& provider, std::uint64_t seed, bool asks)
        : to_(to),
          provider_(provider),
          chance_(seed),
          asks_(asks),
          steps_(to.has_stepwise_budgets()) {}

    // False where the ledger refuses to work.
    bool call() {
        record entry;
        entry.kind = record_kind::intent;
        entry.user = "user" + std::to_string(below(12));
        auto const team = below(team_count);
        team_ = team;
        entry.tags = {{"organisation", team < 3 ? "acme" : "other"},
                      {"run", "run" + std::to_string(below(25))},
                      {"team", "team" + std::to_string(team)}};
        entry.model_requested = "model";
        entry.provider = "provider";
        entry.operation_id = id();
        // A clock that steps over midnight and back.
        clock_ += static_cast<std::int64_t>(below(7)) - 3;
        entry.started_at = timestamp::from_seconds(midnight + clock_);
        entry.duration_ns = 1'000'000'000;
        auto const most = static_cast<std::int64_t>(below(pico_a_cent / 10));
        entry.cost = money::from_pico(most);
        entry.cost_status = cost_status::priced;
        std::int64_t held = steps_ ? set_step(entry, 0, most) : most;
        if (!asks_) return to_.append(entry).has_value() && end(std::move(entry), held);
        auto said = ask(entry);
        if (!said) return false;
        if (said->refused) return true;
        provider_.add(team_, held);
        while (steps_ && held < most && below(4) != 0) {
            record larger = entry;
            auto const next = set_step(larger, held, most);
            said = ask(larger);
            if (!said) return false;
            if (said->refused) break;  // it is cut
            provider_.add(team_, next - held);
            held = next;
        }
        return end(std::move(entry), held);
    }

private:
    result<admission> ask(record const& intent) {
        return to_.admit(intent, below(2) == 0 ? durability::committed : durability::relaxed);
    }
    // What it holds then: more than before.
    std::int64_t set_step(record& entry, std::int64_t before, std::int64_t most) {
        auto const more = below(static_cast<std::uint64_t>(most - before) + 1);
        auto const held = before + static_cast<std::int64_t>(more);
        entry.cost_low = money::from_pico(held);
        iteration step;
        step.kind = "step";
        entry.iterations.assign(1, step);
        return held;
    }
    bool end(record entry, std::int64_t most) {
        if (below(20) == 0) return true;  // it is never heard of again
        entry.cost_low.reset();
        entry.iterations.clear();
        entry.kind = record_kind::outcome;
        entry.http_status = 200;
        if (below(4) == 0) {
            entry.http_status = 0;
            entry.error_type = "connection_lost";
            entry.cost = money{};
            entry.cost_status = cost_status::no_charge;
        } else {
            entry.cost = money::from_pico(
                static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most) + 1)));
        }
        if (asks_) provider_.add(team_, static_cast<std::int64_t>(entry.cost.pico()) - most);
        auto const when = below(2) == 0 ? durability::committed : durability::relaxed;
        return to_.append(entry, when).has_value();
    }
    operation_id id() {
        operation_id made{};
        for (auto& byte : made.bytes) byte = static_cast<std::uint8_t>(below(256));
        return made;
    }
    std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : chance_() % bound; }

    ledger& to_;
    bill& provider_;
    std::uint64_t team_ = 0;
    std::mt19937_64 chance_;
    bool asks_;
    bool steps_;
    std::int64_t clock_ = -5;
};

int spend(std::string const& path, std::string const& mode, std::uint64_t seed, unsigned threads,
          unsigned calls) {
    auto to = open_ledger(path, mode == "exclusive" ? budget_mode::exclusive : budget_mode::shared);
    if (!to) return refused("open", to.error());
    bill* const provider = open_bill(path);
    if (provider == nullptr) return say(2, "the bill cannot be opened");
    std::atomic<bool> failed{false};
    std::vector<std::thread> running;
    for (unsigned i = 0; i < threads; ++i) {
        running.emplace_back([&, i] {
            caller one(*to, *provider, seed * 1000 + i, mode != "liar");
            for (unsigned made = 0; made < calls; ++made) {
                if (!one.call()) failed = true;
            }
        });
    }
    for (std::thread& each : running) each.join();
    if (auto const flushed = to->flush(); !flushed) return refused("flush", flushed.error());
    return failed ? say(2, "the ledger refused") : 0;
}

// What the log says, added up as plainly as can be.
class reckoning {
public:
    explicit reckoning(bool steps) : steps_(steps) {}
    void add(sequence number, record const& entry) {
        if (entry.kind != record_kind::intent && entry.kind != record_kind::outcome) return;
        auto const id = std::string(reinterpret_cast<char const*>(entry.operation_id.bytes.data()),
                                    entry.operation_id.bytes.size());
        auto const day = (entry.started_at.seconds() + zone_seconds) / 86'400;
        auto const open = held_.find(id);
        if (open != held_.end()) {
            charge(entry, day, -open->second, -1);
            held_.erase(open);
        } else if (entry.kind == record_kind::outcome) {
            wrong_ = "record " + std::to_string(value_of(number)) + " settles nothing";
        }
        bool const in_steps =
            steps_ && entry.kind == record_kind::intent && entry.cost_low.has_value();
        auto const cost =
            static_cast<std::int64_t>((in_steps ? *entry.cost_low : entry.cost).pico());
        bool const counts = entry.cost_status != cost_status::no_charge || entry.http_status != 0;
        charge(entry, day, cost, counts ? 1 : 0);
        if (entry.kind == record_kind::intent) held_[id] = cost;
        look("purse", total_, purse_limit, number);
        look("daily", days_[day], daily_limit, number);
        for (subject const& each : subjects_of(entry))
            look(each.name, used_[each.name], each.limit, number);
    }
    [[nodiscard]] std::string const& wrong() const { return wrong_; }
    [[nodiscard]] std::size_t open() const { return held_.size(); }
    [[nodiscard]] std::int64_t total() const { return total_; }
    [[nodiscard]] std::int64_t used_by(std::string const& name) { return used_[name]; }

private:
    // Whom a call counts for, as the gate names it.
    struct subject {
        std::string name{};
        std::int64_t limit = 0;
        bool by_calls = false;
    };
    static std::vector<subject> subjects_of(record const& entry) {
        std::vector<subject> all{{"user=" + entry.user, calls_a_user, true}};
        for (auto const& [name, value] : entry.tags) {
            std::string const own = name + "=" + value;
            if (name == "run") all.push_back({own, calls_a_run, true});
            if (name == "team") all.push_back({own, team_limit, false});
            if (own == "organisation=acme") all.push_back({own, organisation_limit, false});
        }
        return all;
    }
    void charge(record const& entry, std::int64_t day, std::int64_t cost, std::int64_t count) {
        total_ += cost;
        days_[day] += cost;
        for (subject const& each : subjects_of(entry))
            used_[each.name] += each.by_calls ? count : cost;
    }
    void look(std::string const& name, std::int64_t used, std::int64_t limit, sequence number) {
        if (used <= limit || !wrong_.empty()) return;
        wrong_ = name + " is over by " + std::to_string(used - limit) + " at record " +
                 std::to_string(value_of(number));
    }

    std::map<std::string, std::int64_t> held_{};
    std::int64_t total_ = 0;
    std::map<std::int64_t, std::int64_t> days_{};
    std::map<std::string, std::int64_t> used_{};  // by subject
    std::string wrong_{};
    bool steps_;
};

result<reckoning> reckon(ledger const& of) {
    reckoning sums(of.has_stepwise_budgets());
    auto const read = of.read(sequence{1}, [&sums](sequence number, record&& entry) {
        sums.add(number, entry);
        return true;
    });
    if (!read) return read.error();
    return sums;
}

// What the gate says against what the records say.
std::string compare(std::vector<budget_state> const& states, reckoning& sums) {
    for (budget_state const& state : states) {
        auto const spent = static_cast<std::int64_t>(state.spent);
        if (state.reserved != 0 || state.open != 0)
            return state.budget.name + ": something is held still";
        if (state.budget.name == "purse" && spent != sums.total())
            return "purse: the gate has " + std::to_string(spent) + " spent, the log " +
                   std::to_string(sums.total());
        if (state.budget.name == "purse" || state.budget.name == "daily") continue;
        if (spent != sums.used_by(state.subject))
            return state.subject + ": the gate has " + std::to_string(spent) + ", the log " +
                   std::to_string(sums.used_by(state.subject));
    }
    return states.size() < 6 ? "budgets are missing" : "";
}

// What the provider bills against the limits, and against what the gate knows of.
std::string compare_bill(std::vector<budget_state> const& states, bill const& provider) {
    if (provider.all > purse_limit) return "the provider bills more than the purse has";
    for (budget_state const& state : states) {
        std::int64_t billed = 0;
        if (state.budget.name == "purse") billed = provider.all;
        for (unsigned i = 0; i < team_count; ++i)
            if (state.subject == "team=team" + std::to_string(i)) billed = provider.teams[i];
        bool const by_cost = state.budget.unit == budget_unit::usd;
        if (by_cost && billed > state.budget.limit)
            return state.subject + ": the provider bills more than the limit";
        if (by_cost && billed > state.budget.limit - state.left)
            return state.subject + ": the provider bills " + std::to_string(billed) +
                   ", of which the gate knows " +
                   std::to_string(static_cast<std::int64_t>(state.budget.limit - state.left));
    }
    return {};
}

int check(std::string const& path) {
    auto of = open_ledger(path, budget_mode::shared);
    if (!of) return refused("open", of.error());
    bill const* const provider = open_bill(path);
    if (provider == nullptr) return say(2, "the bill cannot be opened");
    auto const standing = of->budget_states();
    if (!standing) return refused("budgets", standing.error());
    if (auto const wrong = compare_bill(*standing, *provider); !wrong.empty()) return say(1, wrong);
    auto const before = reckon(*of);
    if (!before) return refused("read", before.error());
    auto const open = of->open_reservations();
    if (!open) return refused("open reservations", open.error());
    if (open->size() != before->open())
        return say(1, "the gate holds " + std::to_string(open->size()) + " attempts, the log " +
                          std::to_string(before->open()));
    auto const settled = of->reconcile(timestamp::from_seconds(midnight + 86'400 * 365));
    if (!settled) return refused("reconcile", settled.error());
    auto after = reckon(*of);
    if (!after) return refused("read", after.error());
    if (!after->wrong().empty()) return say(1, after->wrong());
    if (after->open() != 0) return say(1, std::to_string(after->open()) + " attempts leaked");
    if (after->total() != before->total()) return say(1, "settling changed what was charged");
    auto const states = of->budget_states();
    if (!states) return refused("budgets", states.error());
    if (auto const wrong = compare(*states, *after); !wrong.empty()) return say(1, wrong);
    return say(0, std::to_string(*settled) + " settled, " + std::to_string(after->total()) +
                      " of " + std::to_string(purse_limit) + " pico-USD spent");
}

}  // namespace

int main(int count, char** words) {
    std::string const work = count > 2 ? words[1] : "";
    bool const steps = count > 3 && std::string(words[3]) == "stepwise";
    if (work == "make")
        return make(words[2], steps ? budget_reserve::stepwise : budget_reserve::full);
    if (work == "check") return check(words[2]);
    auto const number = [&](int at) { return std::strtoul(words[at], nullptr, 10); };
    if (work == "spend" && count == 7)
        return spend(words[2], words[3], number(4), static_cast<unsigned>(number(5)),
                     static_cast<unsigned>(number(6)));
    return say(2, "usage: spender make|spend|check DIR [MODE SEED THREADS CALLS]");
}
