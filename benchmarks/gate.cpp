// SPDX-License-Identifier: MIT
//
// gate: how long it takes to decide whether an attempt may be made that four budgets cover: all
// calls a day and each user a month in USD, a model's tokens for ever, a project's requests a
// minute.
//
// decide_p50_ns           budget_gate::reserve() in memory, on one thread, with 100 users; in
// groups
//                         of 32 decisions, since a clock is slower than one of them
// confirm_p50_ns, settle_p50_ns  what apply() of the intent, and then of the outcome, take
// decide_100k_users_p50_ns ...   the same where 100,000 users have an account each, asked for at
//                         random
// naive_decide_p50_ns ...  a mutex and an unordered_map from "budget/subject/window" to what is
//                         spent and reserved: all four are looked at, then charged
// sqlite_decide_p50_ns    SQLite in memory: a transaction of four UPDATE ... WHERE spent + reserved
//                         + ? <= most, with 100,000 users; settled outside of the time
// That each lets through as much as fits, and no more, is checked before, and its sums after.
// Usage: gate [--json FILE]

#include "support.hpp"

#include <aiaudit/budget/gate.hpp>

#include <mutex>
#include <random>
#include <unordered_map>

namespace {

using namespace benchmark_support;
using aiaudit::int128;

constexpr std::size_t group = 32;
constexpr std::int64_t bound_pico = 1'000'000'000;  // 0.001 USD
constexpr std::int64_t cost_pico = 250'000'000;
constexpr std::int64_t started_ns = 1'795'000'000'000'000'000;

std::vector<std::string> make_users(std::size_t count) {
    std::vector<std::string> users;
    for (std::size_t i = 0; i < count; ++i)
        users.push_back("user-" + std::to_string(1'000'000 + i));
    return users;
}

aiaudit::budget make_budget(std::string name, std::string const& limit, std::string const& unit,
                            std::string const& scope, std::string const& window) {
    aiaudit::budget made;
    made.name = std::move(name);
    made.unit = must(aiaudit::parse_budget_unit(unit));
    made.limit = must(aiaudit::parse_budget_limit(limit, made.unit));
    made.scope = must(aiaudit::parse_budget_scope(scope));
    made.window = must(aiaudit::parse_budget_window(window));
    return made;
}

// Decides about attempts of a user, a group at a time.
class gate_side {
public:
    explicit gate_side(std::string const& limit_of_a_user) {
        define(make_budget("all", "1000000000", "usd", "everyone", "day"));
        define(make_budget("user", limit_of_a_user, "usd", "each-user", "month"));
        define(make_budget("model", "1e18", "tokens", "model=gpt-5.1", "total"));
        define(make_budget("rate", "1e15", "requests", "project=checkout", "minute"));
        for (aiaudit::record_view& each : intents_) {
            each.kind = aiaudit::record_kind::intent;
            each.provider = "openai";
            each.model_requested = "gpt-5.1";
            each.project = "checkout";
            each.key_id = "main";
            each.started_at = {started_ns};
            each.duration_ns = 60'000'000'000;
            each.cost_status = aiaudit::cost_status::priced;
            each.cost = aiaudit::money::from_pico(bound_pico);
            each.usage.set(aiaudit::unit::input_tokens, 300);
            each.usage.set(aiaudit::unit::output_tokens, 100);
        }
        outcomes_ = intents_;
        for (aiaudit::record_view& each : outcomes_) {
            each.kind = aiaudit::record_kind::outcome;
            each.http_status = 200;
            each.cost = aiaudit::money::from_pico(cost_pico);
        }
    }
    void prepare(std::size_t place, std::string_view user) {
        ++made_;
        auto const id =
            aiaudit::make_operation_id({started_ns}, made_ * 0x9E37'79B9'7F4A'7C15ULL >> 7, made_);
        names_[place] = user;  // just read from a request, say
        for (aiaudit::record_view* const each : {&intents_[place], &outcomes_[place]}) {
            each->user = names_[place];
            each->operation_id = id;
            each->started_at.ns = started_ns + static_cast<std::int64_t>(made_) * 1'000;
        }
    }
    std::size_t decide() {
        std::size_t admitted = 0;
        for (aiaudit::record_view const& each : intents_) admitted += gate_.reserve(each).admitted;
        return admitted;
    }
    void confirm() {
        for (aiaudit::record_view const& each : intents_) must(gate_.apply(next(), each));
    }
    void settle() {
        for (aiaudit::record_view const& each : outcomes_) must(gate_.apply(next(), each));
    }
    void cancel() {
        for (aiaudit::record_view const& each : intents_) gate_.cancel(each);
    }
    // Of everybody, when all have ended.
    int128 spent() const {
        auto const all = gate_.states(intents_[0].started_at);
        check(all[0].reserved == 0 && all[0].open == 0, "something stays reserved");
        int128 of_users = 0;
        for (auto const& each : all)
            if (each.budget.name == "user") of_users += each.spent;
        check(of_users == all[0].spent, "the users' sum is not that of all");
        return all[0].spent;
    }

private:
    aiaudit::sequence next() { return aiaudit::sequence{++sequence_}; }
    void define(aiaudit::budget const& made) {
        must(gate_.apply(next(), must(aiaudit::to_record(made, {started_ns}))));
        if (gate_.needs_history()) gate_.adopt(gate_.history_gate());
    }

    aiaudit::budget_gate gate_{};
    std::array<std::string, group> names_{};
    std::array<aiaudit::record_view, group> intents_{};
    std::array<aiaudit::record_view, group> outcomes_{};
    std::uint64_t made_ = 0;
    std::uint64_t sequence_ = 0;
};

// What one would write in an afternoon: sums by a text, under a mutex.
class naive_side {
public:
    explicit naive_side(int128 limit_of_a_user) : limit_of_a_user_(limit_of_a_user) {}
    void prepare(std::size_t place, std::string_view user) { users_[place] = user; }
    std::size_t decide() {
        std::size_t admitted = 0;
        for (std::string const& user : users_) admitted += reserve(user);
        return admitted;
    }
    void settle() {
        for (std::string const& user : users_) {
            std::lock_guard const lock(mutex_);
            change("all/everyone/2026-11-18", cost_pico - bound_pico);
            change("user/" + user + "/2026-11", cost_pico - bound_pico);
        }
    }
    int128 spent() { return sums_["all/everyone/2026-11-18"]; }

private:
    bool reserve(std::string const& user) {
        std::lock_guard const lock(mutex_);
        std::string const name = "user/" + user + "/2026-11";
        bool const fits = sum_of("all/everyone/2026-11-18") + bound_pico <= all_most &&
                          sum_of(name) + bound_pico <= limit_of_a_user_ &&
                          sum_of("model/gpt-5.1/") + 400 <= all_most &&
                          sum_of("rate/checkout/29916666") + 1 <= all_most;
        if (!fits) return false;
        change("all/everyone/2026-11-18", bound_pico);
        change(name, bound_pico);
        change("model/gpt-5.1/", 400);
        change("rate/checkout/29916666", 1);
        return true;
    }
    int128 sum_of(std::string const& key) {
        auto const found = sums_.find(key);
        return found == sums_.end() ? 0 : found->second;
    }
    void change(std::string const& key, int128 by) { sums_[key] += by; }

    static constexpr int128 all_most = int128{1} << 100;
    int128 limit_of_a_user_;
    std::mutex mutex_{};
    std::unordered_map<std::string, int128> sums_{};
    std::array<std::string, group> users_{};
};

class sqlite_side {
public:
    sqlite_side(std::vector<std::string> const& users, std::int64_t limit_of_a_user)
        : db_(":memory:") {
        db_.run(
            "CREATE TABLE budgets(name TEXT PRIMARY KEY, spent INTEGER, reserved INTEGER, most "
            "INTEGER) WITHOUT ROWID");
        db_.prepare("INSERT INTO budgets VALUES(?,0,0,?)");
        db_.run("BEGIN");
        for (char const* const name : {"all/everyone", "model/gpt-5.1", "rate/checkout"})
            db_.insert(std::string_view(name), std::int64_t{1} << 60);
        for (std::string const& each : users)
            db_.insert(std::string_view("user/" + each), limit_of_a_user);
        db_.run("COMMIT");
        db_.prepare(
            "UPDATE budgets SET reserved = reserved + ?1 WHERE name = ?2 AND spent + "
            "reserved + ?1 <= most");
    }
    bool reserve(std::string const& user) {
        db_.run("BEGIN");
        bool const fits = take(bound_pico, "all/everyone") && take(bound_pico, "user/" + user) &&
                          take(400, "model/gpt-5.1") && take(1, "rate/checkout");
        db_.run(fits ? "COMMIT" : "ROLLBACK");
        return fits;
    }
    std::int64_t reserved() {
        return db_.sums("SELECT reserved FROM budgets WHERE name = 'all/everyone'")[1];
    }

private:
    bool take(std::int64_t amount, std::string const& name) {
        db_.insert(amount, std::string_view(name));
        return db_.changes() == 1;
    }
    sqlite db_;
};

struct gate_times {
    std::vector<double> decide{};
    std::vector<double> confirm{};
    std::vector<double> settle{};
};

double nanoseconds_each(steady::time_point start) {
    return seconds_since(start) * 1e9 / static_cast<double>(group);
}

gate_times measure_gate(std::vector<std::string> const& users, int groups) {
    gate_side side("1000000");
    std::mt19937_64 random(7);
    gate_times times;
    std::size_t next = 0;
    // Every user has an account before the time counts.
    int const warm = static_cast<int>((users.size() + group - 1) / group);
    for (int i = 0; i < warm + groups; ++i) {
        for (std::size_t place = 0; place < group; ++place)
            side.prepare(place, users[i < warm ? next++ % users.size() : random() % users.size()]);
        auto const start = steady::now();
        std::size_t const admitted = side.decide();
        double const decided = nanoseconds_each(start);
        check(admitted == group, "the gate refuses what fits");
        auto const after = steady::now();
        side.confirm();
        double const confirmed = nanoseconds_each(after);
        auto const last = steady::now();
        side.settle();
        double const settled = nanoseconds_each(last);
        if (i < warm) continue;
        times.decide.push_back(decided);
        times.confirm.push_back(confirmed);
        times.settle.push_back(settled);
    }
    check(side.spent() == int128{cost_pico} * static_cast<std::int64_t>(group) * (warm + groups),
          "the gate's sum");
    return times;
}

std::vector<double> measure_naive(std::vector<std::string> const& users, int groups) {
    naive_side side(int128{1} << 100);
    std::mt19937_64 random(7);
    std::vector<double> times;
    std::size_t next = 0;
    int const warm = static_cast<int>((users.size() + group - 1) / group);
    for (int i = 0; i < warm + groups; ++i) {
        for (std::size_t place = 0; place < group; ++place)
            side.prepare(place, users[i < warm ? next++ % users.size() : random() % users.size()]);
        auto const start = steady::now();
        std::size_t const admitted = side.decide();
        double const decided = nanoseconds_each(start);
        check(admitted == group, "the naive gate refuses what fits");
        side.settle();
        if (i >= warm) times.push_back(decided);
    }
    check(side.spent() == int128{cost_pico} * static_cast<std::int64_t>(group) * (warm + groups),
          "the naive gate's sum");
    return times;
}

std::vector<double> measure_sqlite(std::vector<std::string> const& users, int decisions) {
    sqlite_side side(users, std::int64_t{1} << 60);
    std::mt19937_64 random(7);
    std::vector<double> times;
    for (int i = 0; i < decisions; ++i) {
        std::string const& user = users[random() % users.size()];
        auto const start = steady::now();
        bool const admitted = side.reserve(user);
        times.push_back(seconds_since(start) * 1e9);
        check(admitted, "SQLite refuses what fits");
    }
    check(side.reserved() == bound_pico * decisions, "SQLite's sum");
    return times;
}

// A user with room for 40 attempts gets 40.
void check_limits() {
    std::vector<std::string> const users = make_users(1);
    gate_side gate("0.04");
    naive_side naive(int128{bound_pico} * 40);
    sqlite_side database(users, bound_pico * 40);
    std::size_t by_gate = 0;
    std::size_t by_naive = 0;
    std::size_t by_database = 0;
    for (int i = 0; i < 3; ++i) {
        for (std::size_t place = 0; place < group; ++place) {
            gate.prepare(place, users[0]);
            naive.prepare(place, users[0]);
            by_database += database.reserve(users[0]);
        }
        by_gate += gate.decide();
        by_naive += naive.decide();
    }
    check(by_gate == 40 && by_naive == 40 && by_database == 40, "what fits");
}

void add_gate(figure_table& figures, std::string const& which, gate_times const& times) {
    figures.add("decide" + which + "_p50_ns", percentile(times.decide, 50), "ns");
    figures.add("decide" + which + "_p99_ns", percentile(times.decide, 99), "ns");
    figures.add("confirm" + which + "_p50_ns", percentile(times.confirm, 50), "ns");
    figures.add("settle" + which + "_p50_ns", percentile(times.settle, 50), "ns");
}

void run(std::vector<std::string> const& words) {
    std::string json;
    for (std::size_t i = 0; i < words.size(); i += 2) {
        if (i + 1 == words.size()) stop("no value for " + words[i]);
        if (words[i] != "--json") stop("unknown option " + words[i]);
        json = words[i + 1];
    }
    check_limits();
    auto const few = make_users(100);
    auto const many = make_users(100'000);
    constexpr int groups = 20'000;
    figure_table figures(32, 1);
    add_gate(figures, "", measure_gate(few, groups));
    add_gate(figures, "_100k_users", measure_gate(many, groups));
    figures.add("naive_decide_p50_ns", percentile(measure_naive(few, groups), 50), "ns");
    figures.add("naive_decide_100k_users_p50_ns", percentile(measure_naive(many, groups), 50),
                "ns");
    figures.add("sqlite_decide_p50_ns", percentile(measure_sqlite(many, 100'000), 50), "ns");
    figures.write_json(json);
}

}  // namespace

int main(int argc, char** argv) {
    return run_benchmark("gate", [&] { run({argv + 1, argv + argc}); });
}
