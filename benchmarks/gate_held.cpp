// SPDX-License-Identifier: MIT
//
// gate_held: calls whose budgets are decided in memory, on one thread, none of which waits for the
// disk as long as enough is held ahead: budget_mode::exclusive, durability::relaxed, a budget of
// everyone and one of each user, a day. A call is an intent and its outcome.
//
// held_N_users_cps        calls a second of N users in turn, after a warm-up of 20,000 calls
// held_N_users_warm_cps   of the warm-up itself
// held_N_users_waits      calls after it that waited for the disk
// held_N_users_warm_waits of the warm-up
// held_N_users_p99_ns     of ledger::admit(), after it
// The sums are checked after.
// Usage: gate_held [--json FILE] [--calls N]

#include "support.hpp"

#include <aiaudit/ledger.hpp>

namespace {

using namespace benchmark_support;
using aiaudit::int128;

constexpr std::int64_t bound_pico = 1'000'000'000;  // 0.001 USD
constexpr std::int64_t cost_pico = 250'000'000;

aiaudit::budget make_budget(std::string name, std::string const& limit, std::string const& scope) {
    aiaudit::budget made;
    made.name = std::move(name);
    made.limit = must(aiaudit::parse_budget_limit(limit, made.unit));
    made.scope = must(aiaudit::parse_budget_scope(scope));
    made.window = must(aiaudit::parse_budget_window("total"));
    return made;
}

class caller {
public:
    caller(aiaudit::ledger& by, std::size_t users) : by_(&by), users_(users) {
        intent_.kind = aiaudit::record_kind::intent;
        intent_.provider = "openai";
        intent_.model_requested = "gpt-5.1";
        intent_.duration_ns = 60'000'000'000;
        intent_.cost_status = aiaudit::cost_status::priced;
        intent_.cost = aiaudit::money::from_pico(bound_pico);
    }
    // Returns how long admit() took.
    double call() {
        intent_.user = "user-" + std::to_string(1'000'000 + made_++ % users_);
        intent_.started_at = now();
        intent_.operation_id = aiaudit::make_operation_id(intent_.started_at);
        auto const start = steady::now();
        auto const said = must(by_->admit(intent_, aiaudit::durability::relaxed));
        double const taken = seconds_since(start) * 1e9;
        check(!said.refused, "what fits is refused");
        waits_ += value_of(said.number) != 0;
        aiaudit::record outcome = intent_;
        outcome.kind = aiaudit::record_kind::outcome;
        outcome.http_status = 200;
        outcome.cost = aiaudit::money::from_pico(cost_pico);
        must(by_->append(outcome, aiaudit::durability::relaxed));
        return taken;
    }
    std::size_t take_waits() { return std::exchange(waits_, 0); }

private:
    static aiaudit::timestamp now() {
        auto const since = std::chrono::system_clock::now().time_since_epoch();
        return {std::chrono::duration_cast<std::chrono::nanoseconds>(since).count()};
    }
    aiaudit::ledger* by_;
    std::size_t users_;
    aiaudit::record intent_{};
    std::size_t made_ = 0;
    std::size_t waits_ = 0;
};

void check_sum(aiaudit::ledger& of, std::size_t calls) {
    must(of.flush());
    int128 of_users = 0;
    int128 of_all = 0;
    for (auto const& each : must(of.budget_states())) {
        check(each.reserved == 0, "something stays reserved");
        (each.budget.name == "all" ? of_all : of_users) += each.spent;
    }
    int128 const wanted = int128{cost_pico} * static_cast<std::int64_t>(calls);
    check(of_all == wanted && of_users == wanted, "what was spent");
}

void measure(std::string const& directory, std::size_t users, std::size_t calls,
             figure_table& figures) {
    constexpr std::size_t warm = 20'000;
    auto ledger = must(aiaudit::ledger::open({.path = directory + "/calls-" + std::to_string(users),
                                              .budgets = aiaudit::budget_mode::exclusive}));
    must(ledger.set_budget(make_budget("all", "100000", "everyone")));
    must(ledger.set_budget(make_budget("user", "1000", "each-user")));
    caller by(ledger, users);
    std::string const name = "held_" + std::to_string(users) + "_users_";
    auto start = steady::now();
    for (std::size_t i = 0; i < warm; ++i) by.call();
    figures.add(name + "warm_cps", static_cast<double>(warm) / seconds_since(start), "calls/s");
    figures.add(name + "warm_waits", static_cast<double>(by.take_waits()), "calls");
    std::vector<double> times;
    times.reserve(calls);
    start = steady::now();
    for (std::size_t i = 0; i < calls; ++i) times.push_back(by.call());
    figures.add(name + "cps", static_cast<double>(calls) / seconds_since(start), "calls/s");
    figures.add(name + "waits", static_cast<double>(by.take_waits()), "calls");
    figures.add(name + "p99_ns", percentile(times, 99), "ns");
    check_sum(ledger, warm + calls);
}

void run(std::vector<std::string> const& words) {
    std::string json;
    std::size_t calls = 500'000;
    for (std::size_t i = 0; i < words.size(); i += 2) {
        if (i + 1 == words.size()) stop("no value for " + words[i]);
        if (words[i] == "--json")
            json = words[i + 1];
        else if (words[i] == "--calls")
            calls = std::stoul(words[i + 1]);
        else
            stop("unknown option " + words[i]);
    }
    figure_table figures(32, 1);
    scratch_directory const scratch(std::filesystem::current_path());
    for (std::size_t const users : {std::size_t{1}, std::size_t{100}})
        measure(scratch.path(), users, calls, figures);
    figures.write_json(json);
}

}  // namespace

int main(int argc, char** argv) {
    return run_benchmark("gate_held", [&] { run({argv + 1, argv + argc}); });
}
