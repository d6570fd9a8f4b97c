// SPDX-License-Identifier: MIT
//
// A ledger as a node of a fleet: its ceilings are on its record before they are used.
#include <aiaudit/fleet/fleet_agent.hpp>
#include <aiaudit/fleet/memory_ceilings.hpp>
#include <aiaudit/impl/fleet.hpp>
#include <aiaudit/verify.hpp>

#include "engine/support/ledger_testing.hpp"
#include "engine/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

BOOST_AUTO_TEST_SUITE(fleet_nodes)

using namespace aiaudit;
using namespace aiaudit_tests;

namespace {

using node_ledger = basic_ledger<on_disk>;
using node_agent = basic_fleet_agent<node_ledger>;

constexpr std::int64_t start_seconds = 1'790'000'000;

// One store for the agents of a test.
struct shared_ceilings {
    std::mutex mutex{};
    memory_ceilings store{};
};
class ceilings_door final : public ceiling_store {
public:
    explicit ceilings_door(shared_ceilings& to) : to_(&to) {}
    result<sync_reply> sync(sync_request const& request) override {
        std::lock_guard const lock(to_->mutex);
        return to_->store.sync(request);
    }
    result<std::vector<stored_budget>> budgets() override {
        std::lock_guard const lock(to_->mutex);
        return to_->store.budgets();
    }
    result<void> set(budget const& wanted) override {
        std::lock_guard const lock(to_->mutex);
        return to_->store.set(wanted);
    }
    result<void> remove(std::string_view name) override {
        std::lock_guard const lock(to_->mutex);
        return to_->store.remove(name);
    }
    result<std::vector<stored_ceiling>> ceilings() override {
        std::lock_guard const lock(to_->mutex);
        return to_->store.ceilings();
    }
    result<void> write_off(node_write_off const& of) override {
        std::lock_guard const lock(to_->mutex);
        return to_->store.write_off(of);
    }

private:
    shared_ceilings* to_;
};

budget fleet_total(std::int64_t limit, fleet_rule rule = fleet_rule::closed) {
    budget made;
    made.name = "all";
    made.limit = limit;
    made.window.period = budget_period::total;
    made.fleet = rule;
    return made;
}

struct node_stand {
    node_stand(std::string const& path, shared_ceilings& to, std::string name = "one")
        : ledger(node_ledger::open({.path = path, .budgets = budget_mode::exclusive}).value()) {
        ledger.time().set(timestamp::from_seconds(start_seconds));
        options.node = std::move(name);
        options.look = std::chrono::milliseconds(2);
        options.plan.refresh = std::chrono::milliseconds(20);
        options.plan.away = std::chrono::milliseconds(60);
        options.budgets_every = std::chrono::milliseconds(20);
        store = &to;
    }
    result<void> join() {
        auto opened = node_agent::open(ledger, std::make_unique<ceilings_door>(*store), options);
        if (!opened) return opened.error();
        agent = std::make_unique<node_agent>(std::move(*opened));
        return {};
    }
    bool ask(std::int64_t pico) {
        record intent;
        intent.kind = record_kind::intent;
        intent.started_at = ledger.time().now();
        intent.duration_ns = 60'000'000'000;
        intent.operation_id = make_operation_id(intent.started_at);
        intent.cost_status = cost_status::priced;
        intent.cost = money::from_pico(pico);
        return !ledger.admit(intent).value().refused;
    }
    int128 ceiling() {
        auto const states = ledger.budget_states().value();
        return states.empty() ? int128{-1} : states[0].ceiling.value_or(-1);
    }

    node_ledger ledger;
    fleet_agent_options options{};
    shared_ceilings* store = nullptr;
    std::unique_ptr<node_agent> agent{};
};

// Of the agent's thread; some ten seconds at the most.
template <class Fact>
bool comes_true(Fact const& fact) {
    for (int i = 0; i < 5'000; ++i) {
        if (fact()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return false;
}

}  // namespace

BOOST_AUTO_TEST_CASE(nodes_share_a_limit_and_a_record_precedes_each_ceiling) {
    temporary_directory const first;
    temporary_directory const second;
    shared_ceilings store;
    BOOST_REQUIRE(store.store.set(fleet_total(10'000)).has_value());
    node_stand one(first.path(), store);
    node_stand two(second.path(), store, "two");
    BOOST_REQUIRE(one.join().has_value());
    BOOST_REQUIRE(two.join().has_value());
    int passed = 0;
    int refused = 0;  // in a row
    BOOST_TEST(comes_true([&] {
        int const now = (one.ask(100) ? 1 : 0) + (two.ask(100) ? 1 : 0);
        passed += now;
        refused = now == 0 ? refused + 1 : 0;
        return refused == 200;
    }));
    // What is left at each node may be less than a call.
    BOOST_TEST(passed <= 100);
    BOOST_TEST(passed >= 98);
    one.agent.reset();
    BOOST_TEST(one.ledger.rotate().has_value());
    BOOST_TEST(verify(one.ledger, {}).value().findings.empty());
}

BOOST_AUTO_TEST_CASE(who_dies_has_the_ceiling_of_its_log_and_a_later_incarnation) {
    temporary_directory const folder;
    shared_ceilings store;
    BOOST_REQUIRE(store.store.set(fleet_total(10'000)).has_value());
    int128 ceiling = 0;
    {
        node_stand one(folder.path(), store);
        BOOST_REQUIRE(one.join().has_value());
        BOOST_REQUIRE(comes_true([&] { return one.ask(50); }));
        // The store hears nothing more of it.
        {
            std::lock_guard const lock(store.mutex);
            store.store.is_away = true;
        }
        one.agent.reset();
        ceiling = one.ceiling();
        BOOST_TEST((ceiling >= 50));
    }
    node_stand again(folder.path(), store);
    BOOST_TEST((again.ceiling() == ceiling));
    BOOST_REQUIRE(again.join().has_value());
    BOOST_TEST(comes_true([&] { return again.agent->status().health == fleet_health::away; }));
    {
        std::lock_guard const lock(store.mutex);
        store.store.is_away = false;
    }
    BOOST_TEST(comes_true([&] { return again.agent->status().health == fleet_health::connected; }));
    BOOST_TEST(comes_true([&] { return again.ask(50); }));
}

BOOST_AUTO_TEST_CASE(a_node_that_stops_gives_back_all_that_it_did_not_use) {
    temporary_directory const folder;
    shared_ceilings store;
    BOOST_REQUIRE(store.store.set(fleet_total(10'000)).has_value());
    node_stand one(folder.path(), store);
    BOOST_REQUIRE(one.join().has_value());
    BOOST_REQUIRE(comes_true([&] { return one.ask(70); }));
    one.agent.reset();
    auto const left = store.store.ceilings().value();
    BOOST_REQUIRE(left.size() == 1U);
    BOOST_TEST((left[0].ceiling == 70));
    BOOST_TEST((one.ceiling() == 70));
    BOOST_TEST(!one.ask(1));
}

BOOST_AUTO_TEST_CASE(a_ceiling_is_not_lowered_below_what_is_used) {
    for (budget_mode const mode : {budget_mode::shared, budget_mode::exclusive}) {
        temporary_directory const folder;
        auto ledger = node_ledger::open({.path = folder.path(), .budgets = mode}).value();
        ledger.time().set(timestamp::from_seconds(start_seconds));
        BOOST_REQUIRE(ledger.set_budget(fleet_total(1'000)).has_value());
        auto const set = [&](std::int64_t amount) {
            budget_ceiling const what{.budget = "all", .amount = amount, .why = "test"};
            return ledger.append_once(to_record(what, ledger.time().now()).value())
                .value()
                .has_value();
        };
        record intent;
        intent.kind = record_kind::intent;
        intent.started_at = ledger.time().now();
        intent.operation_id = make_operation_id(intent.started_at);
        intent.cost_status = cost_status::priced;
        intent.cost = money::from_pico(60);
        auto const before = ledger.admit(intent).value().refused;
        BOOST_REQUIRE(before.has_value());
        BOOST_TEST((before->limit == 0));
        BOOST_TEST(before->because.find("part of the fleet's limit") != std::string::npos);
        BOOST_TEST(set(100));
        BOOST_TEST(!ledger.admit(intent).value().refused);
        BOOST_TEST(!set(59));
        BOOST_TEST(set(60));
        intent.operation_id = make_operation_id(intent.started_at);
        intent.cost = money::from_pico(1);
        BOOST_TEST(ledger.admit(intent).value().refused.has_value());
        auto const added = ledger.top_up_budget({.budget = "all", .amount = 5});
        BOOST_TEST((added.error().code == errc::bad_argument));
    }
}

BOOST_AUTO_TEST_CASE(without_the_store_a_safe_amount_is_used_once_and_recorded) {
    temporary_directory const folder;
    shared_ceilings store;
    budget limit = fleet_total(1'000, fleet_rule::safe);
    limit.fleet_safe = 200;
    BOOST_REQUIRE(store.store.set(limit).has_value());
    node_stand one(folder.path(), store);
    BOOST_REQUIRE(one.join().has_value());
    BOOST_REQUIRE(comes_true([&] { return one.ceiling() > 0; }));
    {
        std::lock_guard const lock(store.mutex);
        store.store.is_away = true;
    }
    std::int64_t spent = 0;
    BOOST_TEST(comes_true([&] {
        if (one.ask(10)) spent += 10;
        return one.agent->status().budgets.at(0).beyond == 200;
    }));
    std::int64_t const given = static_cast<std::int64_t>(one.ceiling()) - 200;
    for (int i = 0; i < 200; ++i)
        if (one.ask(10)) spent += 10;
    BOOST_TEST(spent <= given + 200);
    BOOST_TEST(spent > given + 180);
}

BOOST_AUTO_TEST_CASE(two_ledgers_of_one_name_and_one_of_two_names_are_refused) {
    temporary_directory const first;
    temporary_directory const second;
    shared_ceilings store;
    BOOST_REQUIRE(store.store.set(fleet_total(10'000)).has_value());
    node_stand one(first.path(), store);
    BOOST_REQUIRE(one.join().has_value());
    node_stand other(second.path(), store);
    BOOST_REQUIRE(other.join().has_value());
    BOOST_TEST(comes_true([&] { return other.agent->status().health == fleet_health::refused; }));
    BOOST_TEST(!other.ask(1));
    one.agent.reset();
    one.options.node = "renamed";
    auto const renamed = one.join();
    BOOST_REQUIRE(!renamed.has_value());
    BOOST_TEST(renamed.error().where.find("--node one") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
