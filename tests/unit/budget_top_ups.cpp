// SPDX-License-Identifier: MIT
//
// What is added to a limit in one window: top-ups, and what the window before left.
#include "unit/support/gate_testing.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

BOOST_AUTO_TEST_SUITE(budget_top_ups)

namespace {

using namespace aiaudit;
using aiaudit_tests::budget_of;
using aiaudit_tests::day;
using aiaudit_tests::intent_of;
using aiaudit_tests::logged_gate;
using aiaudit_tests::noon;
using aiaudit_tests::outcome_of;

record top_up_of(std::int64_t amount, timestamp at, std::string subject = "") {
    return to_record(budget_top_up{"b", std::move(subject), budget_unit::usd, amount}, at).value();
}
budget rolling_over(std::int64_t most, std::string const& scope = "everyone") {
    budget made = budget_of("b", "day", scope);
    made.roll_over = most;
    return made;
}
// What fits at an instant, and nothing more.
void check_room(logged_gate& log, timestamp at, std::int64_t room) {
    BOOST_TEST_CONTEXT(at.to_string() << " has room for " << room) {
        auto const more = intent_of(900, room + 1, at);
        BOOST_TEST(!log.gate.reserve(more).admitted);
        auto const all = intent_of(901, room, at);
        BOOST_TEST(log.gate.reserve(all).admitted);
        log.gate.cancel(all);
    }
}
void spend(logged_gate& log, std::uint64_t id, std::int64_t amount, timestamp at) {
    auto const intent = intent_of(id, amount, at);
    BOOST_REQUIRE(log.ask(intent));
    log.append(outcome_of(intent, amount));
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_top_up_adds_to_the_limit_of_its_window_alone) {
    logged_gate log;
    log.set(budget_of("b", "day"), noon);
    check_room(log, noon, 100);
    log.append(top_up_of(40, noon));
    log.append(top_up_of(5, day(0)));
    check_room(log, noon, 145);
    check_room(log, day(1), 100);
    spend(log, 1, 130, noon);
    auto const shown = log.state(noon);
    BOOST_TEST((shown.added == 45));
    BOOST_TEST((shown.left == 15));
    auto const over = intent_of(2, 16, noon);
    auto const said = log.gate.reserve(over);
    BOOST_TEST((log.gate.describe(said, over).limit == 145));
}

BOOST_AUTO_TEST_CASE(rows_of_many_subjects_are_paged_from_the_largest) {
    logged_gate log;
    log.set(budget_of("a", "day"), noon);
    log.set(budget_of("b", "day", "each-user"), noon);
    for (std::uint64_t i = 1; i <= 6; ++i) {
        auto intent = intent_of(i, static_cast<std::int64_t>(i % 3 + 1), noon);
        intent.user = "u" + std::to_string(i);
        BOOST_REQUIRE(log.ask(intent));
    }
    auto const subjects = [&](budget_rows rows) {
        std::string text;
        for (auto const& each : log.gate.states(noon, rows)) text += each.subject + " ";
        return text;
    };
    BOOST_TEST(subjects({}) == "everyone user=u2 user=u5 user=u1 user=u4 user=u3 user=u6 ");
    BOOST_TEST(subjects({.top = 3}) == "everyone user=u2 user=u5 ");
    BOOST_TEST(subjects({.top = 2, .offset = 2}) == "user=u5 user=u1 ");
    BOOST_TEST(subjects({.offset = 5}) == "user=u3 user=u6 ");
    BOOST_TEST(subjects({.top = 9, .offset = 7}) == "");
}

BOOST_AUTO_TEST_CASE(a_top_up_of_one_name_is_no_others) {
    logged_gate log;
    log.set(budget_of("b", "day", "each-user"), noon);
    log.append(top_up_of(50, noon, "alice"));
    check_room(log, noon, 150);
    auto other = intent_of(1, 101, noon);
    other.user = "bob";
    BOOST_TEST(!log.gate.reserve(other).admitted);
    // Of one that has used nothing yet, too.
    auto const left = log.gate.states_of(intent_of(2, 0, noon), noon).at(0);
    BOOST_TEST((left.left == 150));
    BOOST_TEST(left.subject == "user=alice");
}

BOOST_AUTO_TEST_CASE(a_top_up_of_all_time_and_of_the_last_hours_counts_there) {
    logged_gate total;
    total.set(budget_of("b", "total"), noon);
    total.append(top_up_of(10, noon));
    check_room(total, day(300), 110);
    logged_gate hours;
    hours.set(budget_of("b", "24h"), noon);
    hours.append(top_up_of(10, noon));
    check_room(hours, {noon.ns + 23 * 3'600 * nanoseconds_per_second}, 110);
    check_room(hours, day(2), 100);
}

BOOST_AUTO_TEST_CASE(what_a_window_left_is_added_to_the_next_up_to_a_most) {
    logged_gate log;
    log.set(rolling_over(60), noon);
    // The day before it was set left nothing.
    check_room(log, noon, 100);
    spend(log, 1, 70, noon);
    check_room(log, day(1), 130);
    spend(log, 2, 110, day(1));
    // What had rolled over is used up, or gone; the limit of day 1 was passed.
    check_room(log, day(2), 100);
    check_room(log, day(3), 160);
    BOOST_TEST((log.state(day(3)).added == 60));
}

BOOST_AUTO_TEST_CASE(what_is_held_of_a_window_is_not_left_until_it_is_given_back) {
    logged_gate log;
    log.set(rolling_over(100), noon);
    auto const held = intent_of(1, 80, noon);
    BOOST_TEST(log.ask(held));
    check_room(log, day(1), 120);
    log.append(outcome_of(held, 10));
    check_room(log, day(1), 190);
}

BOOST_AUTO_TEST_CASE(what_the_next_window_took_is_not_there_any_more) {
    logged_gate log;
    log.set(rolling_over(100), noon);
    spend(log, 1, 40, noon);
    spend(log, 2, 130, day(1));
    // An attempt of before midnight comes late: of the 60 that were left, 30 are used.
    check_room(log, noon, 30);
    spend(log, 3, 30, noon);
    check_room(log, day(1), 0);
}

BOOST_AUTO_TEST_CASE(each_name_has_its_own_rest) {
    logged_gate log;
    log.set(rolling_over(100, "each-user"), noon);
    spend(log, 1, 90, noon);
    check_room(log, day(1), 110);
    auto bob = intent_of(2, 200, day(1));
    bob.user = "bob";
    BOOST_TEST(log.gate.reserve(bob).admitted);
}

BOOST_AUTO_TEST_CASE(what_was_added_is_the_same_after_a_restart) {
    logged_gate log;
    log.set(rolling_over(60), noon);
    spend(log, 1, 70, noon);
    auto const plain = log.gate.snapshot();
    BOOST_TEST(static_cast<int>(plain[3]) == 1);
    log.append(top_up_of(40, day(1)));
    auto const bytes = log.gate.snapshot();
    BOOST_TEST(static_cast<int>(bytes[3]) == 2);
    for (auto const& each : {plain, bytes}) {
        logged_gate again;
        again.gate = budget_gate::from_snapshot(each).value();
        BOOST_TEST((again.gate.snapshot() == each));
        check_room(again, day(1), each == plain ? 130 : 170);
    }
}

BOOST_AUTO_TEST_CASE(a_limit_that_is_set_anew_keeps_what_was_added) {
    logged_gate log;
    log.set(budget_of("b", "day"), noon);
    log.append(top_up_of(40, noon));
    auto raised = budget_of("b", "day");
    raised.limit = 200;
    log.set(raised, noon);
    check_room(log, noon, 240);
}

BOOST_AUTO_TEST_CASE(what_can_have_no_top_up_is_told_so) {
    budget_top_up const add{"b", "", budget_unit::usd, 5};
    BOOST_TEST(detail::check_top_up(budget_of("b", "day"), add).has_value());
    BOOST_TEST(!detail::check_top_up(budget_of("b", "minute"), add));
    BOOST_TEST(!detail::check_top_up(budget_of("b", "total", "each-run"), add));
    BOOST_TEST(!detail::check_top_up(budget_of("b", "day"), {"b", "ana", budget_unit::usd, 5}));
    BOOST_TEST(!detail::check_top_up(budget_of("b", "day"), {"b", "", budget_unit::tokens, 5}));
    for (std::int64_t const amount : {0, -1})
        BOOST_TEST(!to_record(budget_top_up{"b", "", budget_unit::usd, amount}, noon));
    budget hours = budget_of("b", "24h");
    BOOST_TEST(!parse_budget_action("refuse;roll=0", hours));
    BOOST_REQUIRE(parse_budget_action("warn;hold=2;roll=5", hours));
    BOOST_TEST(action_text(hours) == "warn;hold=2;roll=5");
    BOOST_TEST(!validate(hours));  // hours roll by themselves
}

BOOST_AUTO_TEST_SUITE_END()
