// SPDX-License-Identifier: MIT
//
// gate_users: a budget of each of very many users, a day: what it takes in memory, and how long a
// decision, a save and a load take.
//
// users_decide_p50_ns, users_decide_p99_ns  budget_gate::reserve() of a user at random, in groups
// of
//                         32 decisions, since a clock is slower than one of them
// users_bytes             of memory for each user, after one day
// users_4_days_bytes      the same once as many days are remembered as are ever
// users_saved_bytes       of what is saved, for each user
// users_save_ms           making what is saved
// users_load_ms           reading it
// The sums are checked before and after.
// Usage: gate_users [--json FILE] [--users N]

#include "support.hpp"

#include <aiaudit/budget/gate.hpp>

#include <fstream>
#include <random>

namespace {

using namespace benchmark_support;
using aiaudit::int128;

constexpr std::size_t group = 32;
constexpr std::int64_t cost_pico = 250'000'000;
constexpr std::int64_t started_ns = 1'795'000'000'000'000'000;
constexpr std::int64_t day_ns = 86'400'000'000'000;

// What the process has of its own, in bytes.
double resident() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("RssAnon:")) return std::stod(line.substr(8)) * 1024;
    stop("/proc/self/status has no RssAnon");
}

std::string user_named(std::size_t number) { return "user-" + std::to_string(1'000'000 + number); }

class users_gate {
public:
    users_gate() {
        aiaudit::budget each;
        each.name = "user";
        each.limit = must(aiaudit::parse_budget_limit("1000", each.unit));
        each.scope = must(aiaudit::parse_budget_scope("each-user"));
        each.window = must(aiaudit::parse_budget_window("day"));
        must(gate_.apply(next(), must(aiaudit::to_record(each, {started_ns}))));
        gate_.adopt(gate_.history_gate());
        intent_.kind = aiaudit::record_kind::intent;
        intent_.provider = "openai";
        intent_.model_requested = "gpt-5.1";
        intent_.cost_status = aiaudit::cost_status::priced;
        intent_.cost = aiaudit::money::from_pico(cost_pico);
        intent_.duration_ns = 60'000'000'000;
    }
    // An attempt of each of them, that ends, on a day.
    void use(std::size_t users, std::int64_t day) {
        for (std::size_t i = 0; i < users; ++i) {
            name_ = user_named(i);
            begin(day);
            must(gate_.apply(next(), intent_));
            end();
        }
    }
    double decide(std::mt19937_64& random, std::size_t users) {
        std::array<std::string, group> names;
        for (std::string& each : names) each = user_named(random() % users);
        std::array<aiaudit::record_view, group> asked;
        for (std::size_t i = 0; i < group; ++i) {
            begin(0);
            asked[i] = intent_;
            asked[i].user = names[i];
        }
        std::size_t admitted = 0;
        auto const start = steady::now();
        for (aiaudit::record_view const& each : asked) admitted += gate_.reserve(each).admitted;
        double const taken = seconds_since(start) * 1e9 / static_cast<double>(group);
        check(admitted == group, "the gate refuses what fits");
        for (aiaudit::record_view const& each : asked) gate_.cancel(each);
        return taken;
    }
    aiaudit::budget_gate& gate() { return gate_; }

private:
    aiaudit::sequence next() { return aiaudit::sequence{++sequence_}; }
    void begin(std::int64_t day) {
        ++made_;
        intent_.user = name_;
        intent_.started_at = {started_ns + day * day_ns};
        intent_.operation_id =
            aiaudit::make_operation_id({started_ns}, made_ * 0x9E37'79B9'7F4A'7C15ULL >> 7, made_);
    }
    void end() {
        aiaudit::record_view outcome = intent_;
        outcome.kind = aiaudit::record_kind::outcome;
        outcome.http_status = 200;
        must(gate_.apply(next(), outcome));
    }

    aiaudit::budget_gate gate_{};
    aiaudit::record_view intent_{};
    std::string name_{};
    std::uint64_t made_ = 0;
    std::uint64_t sequence_ = 0;
};

void check_sum(aiaudit::budget_gate const& gate, std::size_t users, std::int64_t day) {
    int128 sum = 0;
    std::size_t count = 0;
    for (auto const& each : gate.states({started_ns + day * day_ns})) {
        sum += each.spent;
        ++count;
    }
    check(count == users && sum == int128{cost_pico} * static_cast<std::int64_t>(users),
          "the users' sum");
}

void run(std::vector<std::string> const& words) {
    std::string json;
    std::size_t users = 1'000'000;
    for (std::size_t i = 0; i < words.size(); i += 2) {
        if (i + 1 == words.size()) stop("no value for " + words[i]);
        if (words[i] == "--json")
            json = words[i + 1];
        else if (words[i] == "--users")
            users = std::stoul(words[i + 1]);
        else
            stop("unknown option " + words[i]);
    }
    auto const all = static_cast<double>(users);
    figure_table figures(32, 1);
    double const before = resident();
    users_gate side;
    side.use(users, 0);
    figures.add("users_bytes", (resident() - before) / all, "B");
    std::mt19937_64 random(7);
    std::vector<double> times;
    for (int i = 0; i < 20'000; ++i) times.push_back(side.decide(random, users));
    figures.add("users_decide_p50_ns", percentile(times, 50), "ns");
    figures.add("users_decide_p99_ns", percentile(times, 99), "ns");
    for (std::int64_t day = 1; day < 5; ++day) side.use(users, day);
    figures.add("users_4_days_bytes", (resident() - before) / all, "B");
    auto start = steady::now();
    std::string const saved = side.gate().snapshot();
    figures.add("users_save_ms", seconds_since(start) * 1e3, "ms");
    figures.add("users_saved_bytes", static_cast<double>(saved.size()) / all, "B");
    start = steady::now();
    auto const loaded = must(aiaudit::budget_gate::from_snapshot(saved));
    figures.add("users_load_ms", seconds_since(start) * 1e3, "ms");
    check_sum(loaded, users, 4);
    check_sum(side.gate(), users, 4);
    figures.write_json(json);
}

}  // namespace

int main(int argc, char** argv) {
    return run_benchmark("gate_users", [&] { run({argv + 1, argv + argc}); });
}
