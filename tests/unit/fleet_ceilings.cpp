// SPDX-License-Identifier: MIT
//
// One limit over many nodes: whatever is lost, late or twice, who dies and what is restored, no
// window costs more than its limit. And rules that are left out are found.
#include "unit/support/fleet_simulation.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <string>

BOOST_AUTO_TEST_SUITE(fleet_ceilings)

namespace {

using namespace aiaudit;
using aiaudit_tests::fleet_faults;
using aiaudit_tests::fleet_simulation;

constexpr int steps = 6'000;

budget fleet_budget(int128 limit, fleet_rule rule = fleet_rule::closed) {
    budget made = aiaudit_tests::budget_of("fleet", "day");
    made.limit = limit;
    made.fleet = rule;
    return made;
}

// The first step at which more was spent; 0: never.
int first_over(std::uint64_t seed, int nodes, budget const& limit, fleet_faults const& faults,
               ceiling_rules rules = {}, int128 allowed = 0) {
    fleet_simulation fleet(seed, nodes, limit, faults, rules);
    fleet.allow_over(allowed);
    for (int i = 1; i <= steps; ++i)
        if (!fleet.step()) return i;
    return 0;
}

constexpr fleet_faults all_faults{.lost = 80,
                                  .twice = 150,
                                  .late = 60,
                                  .crash = 4,
                                  .away = 3,
                                  .restart = 1,
                                  .restore = 2,
                                  .clocks_apart_s = 300};

constexpr fleet_faults slow_network{.lost = 30, .twice = 400, .late = 150};
constexpr fleet_faults old_copies{.lost = 30, .crash = 2, .restore = 3, .clocks_apart_s = 20};

// Whether any of some seeds finds it.
bool is_found(ceiling_rules rules, fleet_faults const& faults) {
    for (std::uint64_t seed = 1; seed <= 12; ++seed)
        for (int const limit : {20'000, 60'000, 200'000})
            if (first_over(seed, 5, fleet_budget(limit), faults, rules) != 0) return true;
    return false;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_rule_of_a_fleet_is_text_and_says_what_it_cannot_be) {
    for (std::string const text : {"refuse;fleet=closed", "downgrade=a,b;fleet=open",
                                   "refuse;hold=1;reserve=stepwise;fleet=safe:2.5"}) {
        budget made = fleet_budget(100);
        BOOST_REQUIRE(parse_budget_action(text, made).has_value());
        BOOST_TEST(action_text(made) == text);
        BOOST_TEST(validate(made).has_value());
    }
    budget made = fleet_budget(100);
    for (std::string const text : {"refuse;fleet=", "refuse;fleet=shut", "refuse;fleet=safe:0"})
        BOOST_TEST(!parse_budget_action(text, made).has_value());
    for (char const* window : {"minute", "24h"}) {
        made.window = parse_budget_window(window).value();
        BOOST_TEST(!validate(made).has_value());
    }
    made = fleet_budget(100);
    made.scope = parse_budget_scope("each-user").value();
    BOOST_TEST(!validate(made).has_value());
    made = fleet_budget(100);
    made.roll_over = 5;
    BOOST_TEST(!validate(made).has_value());
}

BOOST_AUTO_TEST_CASE(a_gate_without_a_fleet_is_saved_as_before_and_one_with_it_as_it_is) {
    using aiaudit_tests::noon;
    aiaudit_tests::logged_gate of;
    of.set(aiaudit_tests::budget_of("alone", "day"), noon);
    BOOST_TEST(of.gate.snapshot()[3] == char{1});
    of.set(fleet_budget(1'000), noon);
    BOOST_TEST(of.gate.snapshot()[3] == char{1});
    fleet_node node{"fra1", {}, 7};
    node.id.bytes[3] = 9;
    of.append(to_record(node, noon).value());
    budget_ceiling const high{.budget = "fleet",
                              .amount = 300,
                              .beyond = 20,
                              .window = of.gate.take_fleet_states(noon)[0].window,
                              .version = 12,
                              .why = "test"};
    of.append(to_record(high, noon).value());
    std::string const bytes = of.gate.snapshot();
    BOOST_TEST(bytes[3] == char{4});
    auto read = budget_gate::from_snapshot(bytes).value();
    BOOST_TEST((read.node() == node));
    BOOST_TEST(read.store_seen() == 12U);
    auto const states = read.take_fleet_states(noon);
    BOOST_REQUIRE(states.size() == 1U);
    BOOST_TEST((states[0].windows[0].ceiling == 300 && states[0].windows[0].beyond == 20));
    BOOST_TEST(read.snapshot() == bytes);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        std::string bad = bytes;
        bad[i] = static_cast<char>(bad[i] ^ 1);
        BOOST_TEST(!budget_gate::from_snapshot(bad).has_value());
    }
}

BOOST_AUTO_TEST_CASE(without_faults_a_limit_is_used_up_and_not_passed) {
    fleet_simulation fleet(1, 6, fleet_budget(150'000), {});
    for (int i = 0; i < steps; ++i) BOOST_REQUIRE(fleet.step());
    BOOST_TEST((fleet.spent_most() > 150'000 * 99 / 100));
}

BOOST_AUTO_TEST_CASE(no_window_passes_its_limit_whatever_happens) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        for (auto const& faults : {all_faults, slow_network, old_copies}) {
            for (int const limit : {20'000, 60'000, 200'000}) {
                int const over = first_over(seed, 5, fleet_budget(limit), faults);
                BOOST_TEST(over == 0, "seed " << seed << ", limit " << limit << ", step " << over);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_store_that_takes_old_messages_is_found) {
    BOOST_TEST(is_found({.heeds_numbers = false}, slow_network));
}

BOOST_AUTO_TEST_CASE(a_store_that_does_not_notice_what_it_lost_is_found) {
    BOOST_TEST(is_found({.notices_loss = false}, old_copies));
}

BOOST_AUTO_TEST_CASE(a_store_that_does_not_wait_for_all_nodes_is_found) {
    BOOST_TEST(is_found({.waits_for_all = false}, old_copies));
}

BOOST_AUTO_TEST_CASE(without_the_store_closed_goes_to_the_ceiling_and_safe_so_much_further) {
    for (auto const rule : {fleet_rule::closed, fleet_rule::safe}) {
        constexpr int nodes = 4;
        constexpr int128 safe = 5'000;
        budget limit = fleet_budget(40'000, rule);
        if (rule == fleet_rule::safe) limit.fleet_safe = safe;
        fleet_simulation fleet(7, nodes, limit, {});
        fleet.allow_over(rule == fleet_rule::safe ? nodes * safe : 0);
        for (int i = 0; i < 300; ++i) BOOST_REQUIRE(fleet.step());
        fleet.set_away(true);
        int128 const before = fleet.spent_most();
        for (int i = 0; i < 2'000; ++i) BOOST_REQUIRE(fleet.step());
        // What was safe is gone for the window, however often the store goes.
        for (int i = 0; i < 20; ++i) {
            fleet.set_away(i % 2 == 0);
            for (int k = 0; k < 150; ++k) BOOST_REQUIRE(fleet.step());
        }
        if (rule == fleet_rule::safe) BOOST_TEST((fleet.spent_most() > before + 2 * safe));
    }
}

BOOST_AUTO_TEST_SUITE_END()
