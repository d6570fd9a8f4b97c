// SPDX-License-Identifier: MIT
//
// A clock that stood ahead and came back: what it counted is forgotten, and nothing else.
#include "unit/support/gate_testing.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

BOOST_AUTO_TEST_SUITE(budget_futures)

namespace {

using namespace aiaudit;
using aiaudit_tests::budget_of;
using aiaudit_tests::day;
using aiaudit_tests::intent_of;
using aiaudit_tests::logged_gate;
using aiaudit_tests::noon;
using aiaudit_tests::outcome_of;

record pardon_of(timestamp after, timestamp at) {
    return to_record(future_pardon{after, "ana", "the clock stood ahead", "x"}, at).value();
}
void spend(logged_gate& log, std::uint64_t id, std::int64_t amount, timestamp at) {
    auto const intent = intent_of(id, amount, at);
    BOOST_REQUIRE(log.ask(intent));
    log.append(outcome_of(intent, amount));
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
// The state that the log gives anew.
std::string folded(logged_gate const& log) {
    logged_gate again;
    for (record const& each : log.log) again.append(each);
    return again.gate.snapshot();
}

}  // namespace

BOOST_AUTO_TEST_CASE(windows_that_a_clock_pushed_out_are_read_again) {
    for (char const* const window : {"day", "24h", "week", "month"}) {
        for (char const* const scope : {"everyone", "each-user"}) {
            BOOST_TEST_CONTEXT(window << " of " << scope) {
                logged_gate log;
                log.set(budget_of("b", window, scope), noon);
                spend(log, 1, 30, noon);
                auto const open = intent_of(2, 20, noon);
                BOOST_REQUIRE(log.ask(open));
                for (std::int64_t i = 1; i < 300; ++i)
                    spend(log, 100 + static_cast<std::uint64_t>(i), 1, day(31 * i));
                auto const refused = log.gate.reserve(intent_of(3, 1, noon));
                BOOST_TEST(!refused.admitted);
                BOOST_TEST((refused.reason == refusal_reason::clock_behind));
                auto const futures = log.gate.futures(noon);
                BOOST_REQUIRE(futures.size() == 1);
                BOOST_TEST(futures[0].closed == 1);
                log.append(pardon_of(noon, noon));
                check_room(log, noon, 50);
                BOOST_TEST(log.gate.futures(noon).empty());
                // What ended after it is settled where it was held.
                log.append(outcome_of(open, 5));
                check_room(log, noon, 65);
                BOOST_TEST((log.state(noon).open == 0));
                BOOST_TEST(log.gate.snapshot() == folded(log));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(what_the_log_has_dropped_and_the_account_knows_stays_counted) {
    logged_gate log;
    log.set(budget_of("b", "month"), noon);
    spend(log, 1, 30, noon);
    spend(log, 2, 7, day(400));
    // As after a retention: the records before are gone, what they came to is known.
    budget_gate kept = budget_gate::from_snapshot(log.gate.snapshot()).value();
    kept.apply(sequence{100}, pardon_of(noon, noon)).value();
    BOOST_TEST(!kept.needs_history().has_value());
    BOOST_TEST((kept.states(noon).at(0).spent == 30));
    BOOST_TEST((kept.states(day(400)).at(0).spent == 0));
}

BOOST_AUTO_TEST_CASE(the_present_window_is_not_freed) {
    logged_gate log;
    log.set(budget_of("b", "day"), noon);
    spend(log, 1, 30, noon);
    // A record may say what it will: what counts is its own time.
    auto entry = pardon_of(noon, noon);
    for (auto& [name, value] : entry.tags)
        if (name == "after") value = day(-30).to_string();
    log.append(entry);
    check_room(log, noon, 70);
    BOOST_TEST(!to_record(future_pardon{day(-1), "ana", "why", ""}, noon).has_value());
    BOOST_TEST(!to_record(future_pardon{noon, "", "why", ""}, noon).has_value());
    BOOST_TEST(!to_record(future_pardon{noon, "ana", "", ""}, noon).has_value());
    // Later windows that begin before the instant stay.
    spend(log, 2, 40, day(1));
    log.append(pardon_of(day(1), noon));
    check_room(log, day(1), 60);
    log.append(pardon_of(noon, noon));
    check_room(log, day(1), 100);
}

BOOST_AUTO_TEST_CASE(a_budget_that_was_set_in_the_future_counts_the_present) {
    logged_gate log;
    spend(log, 1, 30, noon);
    log.set(budget_of("b", "day"), day(40));
    BOOST_TEST(!log.gate.reserve(intent_of(2, 1, noon)).admitted);
    log.append(pardon_of(noon, noon));
    check_room(log, noon, 70);
    BOOST_TEST(log.gate.snapshot() == folded(log));
}

BOOST_AUTO_TEST_CASE(a_rate_runs_out_from_now_on) {
    logged_gate log;
    log.set(budget_of("b", "minute"), noon);
    auto const open = intent_of(1, 40, day(400));
    BOOST_REQUIRE(log.ask(open));
    BOOST_TEST(!log.gate.reserve(intent_of(2, 1, noon)).admitted);
    log.append(pardon_of(noon, noon));
    check_room(log, noon, 60);
    check_room(log, {noon.ns + 60 * nanoseconds_per_second}, 100);
    // It costs more than was held, and ends now: not in 400 days.
    log.append(outcome_of(open, 90));
    check_room(log, {noon.ns + 120 * nanoseconds_per_second}, 100);
}

BOOST_AUTO_TEST_CASE(the_life_of_a_run_that_began_in_the_future_is_forgotten) {
    logged_gate log;
    log.set(budget_of("b", "total", "each-run"), noon);
    auto const of_run = [](record entry) {
        entry.tags = {{"run", "nightly"}};
        return entry;
    };
    log.append(of_run(outcome_of(intent_of(1, 30, noon), 30)));
    for (std::int64_t i = 1; i < 7; ++i)
        log.append(of_run(
            outcome_of(intent_of(10 + static_cast<std::uint64_t>(i), 100, day(40 * i)), 100)));
    BOOST_TEST(!log.gate.reserve(of_run(intent_of(2, 1, noon))).admitted);
    log.append(pardon_of(noon, noon));
    BOOST_TEST(!log.gate.reserve(of_run(intent_of(3, 71, noon))).admitted);
    BOOST_TEST(log.gate.reserve(of_run(intent_of(3, 70, noon))).admitted);
    log.gate.cancel(of_run(intent_of(3, 70, noon)));
    BOOST_TEST(log.gate.snapshot() == folded(log));
}

BOOST_AUTO_TEST_CASE(a_sum_for_ever_forgets_nothing) {
    logged_gate log;
    log.set(budget_of("b", "total"), noon);
    spend(log, 1, 30, day(400));
    BOOST_TEST(log.gate.futures(noon).empty());
    log.append(pardon_of(noon, noon));
    check_room(log, noon, 70);
}

BOOST_AUTO_TEST_SUITE_END()
