// SPDX-License-Identifier: MIT
//
// Limits of each run: an agent's session, which is over when it has been idle.
#include "unit/support/gate_testing.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>

BOOST_AUTO_TEST_SUITE(budget_runs)

namespace {

using namespace aiaudit;
using aiaudit_tests::budget_of;
using aiaudit_tests::intent_of;
using aiaudit_tests::logged_gate;
using aiaudit_tests::noon;
using aiaudit_tests::outcome_of;

timestamp after_minutes(std::int64_t minutes) {
    return {noon.ns + minutes * 60 * nanoseconds_per_second};
}
record call_of(std::string const& run, std::uint64_t id, std::int64_t bound, timestamp at) {
    record intent = intent_of(id, bound, at);
    intent.tags = {{"run", run}};
    return intent;
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_run_has_its_limit_and_a_call_without_one_has_none) {
    logged_gate log;
    log.set(budget_of("b", "total", "each-run"), noon);
    BOOST_TEST(log.ask(call_of("one", 1, 70, noon)));
    BOOST_TEST(!log.ask(call_of("one", 2, 31, noon)));
    BOOST_TEST(log.ask(call_of("two", 3, 100, noon)));
    BOOST_TEST(log.ask(intent_of(4, 5'000, noon)));
    auto const shown = log.gate.states(noon);
    BOOST_REQUIRE(shown.size() == 2U);
    BOOST_TEST(shown[0].subject == "run=two");
    BOOST_TEST(shown[1].subject == "run=one");
    BOOST_TEST(shown[1].window_begins->to_string() == noon.to_string());
}

BOOST_AUTO_TEST_CASE(a_run_may_be_counted_in_calls_and_in_tokens) {
    logged_gate log;
    auto calls = budget_of("calls", "total", "each-run");
    calls.unit = budget_unit::requests;
    calls.limit = 2;
    log.set(calls, noon);
    auto tokens = budget_of("tokens", "total", "each-run");
    tokens.unit = budget_unit::tokens;
    tokens.limit = 50;
    log.set(tokens, noon);
    BOOST_TEST(log.ask(call_of("one", 1, 20, noon)));
    BOOST_TEST(!log.ask(call_of("one", 2, 31, noon)));
    BOOST_TEST(log.ask(call_of("one", 3, 20, noon)));
    BOOST_TEST(!log.ask(call_of("one", 4, 1, noon)));
    BOOST_TEST(log.ask(call_of("two", 5, 1, noon)));
}

BOOST_AUTO_TEST_CASE(a_run_that_was_idle_is_over_and_one_that_goes_on_is_not) {
    logged_gate log;
    log.set(budget_of("b", "total@2h", "each-run"), noon);
    auto const once = [&](std::uint64_t id, std::int64_t minutes) {
        auto const intent = call_of("one", id, 30, after_minutes(minutes));
        bool const admitted = log.ask(intent);
        if (admitted) log.append(outcome_of(intent, 30));
        return admitted;
    };
    // Each call is less than two hours after the one before.
    BOOST_TEST(once(1, 0));
    BOOST_TEST(once(2, 110));
    BOOST_TEST(once(3, 220));
    BOOST_TEST(!once(4, 230));
    // What is refused is no use: two hours after the last call another run of that name begins.
    BOOST_TEST(!once(5, 340));
    BOOST_TEST(log.gate.states(after_minutes(340)).size() == 1U);
    BOOST_TEST(log.gate.states(after_minutes(341)).empty());
    BOOST_TEST(once(6, 341));
    auto const shown = log.state(after_minutes(341));
    BOOST_TEST((shown.spent == 30));
    BOOST_TEST(shown.window_begins->to_string() == after_minutes(341).to_string());
}

BOOST_AUTO_TEST_CASE(a_call_that_ends_after_its_run_is_settled_in_it) {
    logged_gate log;
    log.set(budget_of("b", "total@1h", "each-run"), noon);
    auto const slow = call_of("one", 1, 90, noon);
    BOOST_TEST(log.ask(slow));
    BOOST_TEST(log.ask(call_of("one", 2, 80, after_minutes(61))));
    log.append(outcome_of(slow, 90));
    auto const shown = log.state(after_minutes(62));
    BOOST_TEST((shown.spent == 0));
    BOOST_TEST((shown.reserved == 80));
    // A clock that stepped back is of the run that goes on.
    BOOST_TEST(!log.ask(call_of("one", 3, 30, after_minutes(30))));
    BOOST_TEST(log.ask(call_of("one", 4, 20, after_minutes(30))));
}

BOOST_AUTO_TEST_CASE(several_that_ask_at_once_share_the_run_that_they_begin) {
    logged_gate log;
    log.set(budget_of("b", "total@1h", "each-run"), noon);
    auto const first = call_of("one", 1, 60, noon);
    auto const second = call_of("one", 2, 60, after_minutes(1));
    BOOST_TEST(log.gate.reserve(first).admitted);
    BOOST_TEST(!log.gate.reserve(second).admitted);
    log.gate.cancel(first);
    BOOST_TEST(log.gate.reserve(second).admitted);
}

BOOST_AUTO_TEST_CASE(runs_are_the_same_after_a_restart) {
    logged_gate log;
    log.set(budget_of("b", "total@2h", "each-run"), noon);
    log.set(budget_of("d", "day", "each-run"), noon);
    for (std::uint64_t i = 0; i < 9; ++i)
        log.ask(call_of("run" + std::to_string(i % 3), i, 20,
                        after_minutes(static_cast<std::int64_t>(30 * i))));
    auto const bytes = log.gate.snapshot();
    auto gate = budget_gate::from_snapshot(bytes).value();
    BOOST_TEST((gate.snapshot() == bytes));
    // run0 was used last at 180 minutes.
    for (std::int64_t const minutes : {300, 301}) {
        auto const asks = call_of("run0", 100, 41, after_minutes(minutes));
        BOOST_TEST(gate.reserve(asks).admitted == log.gate.reserve(asks).admitted);
        gate.cancel(asks);
        log.gate.cancel(asks);
    }
    auto const over = call_of("run0", 101, 100, after_minutes(301));
    BOOST_TEST(!gate.reserve(over).admitted);  // by the day
    BOOST_TEST(gate.states(after_minutes(300)).size() ==
               log.gate.states(after_minutes(300)).size());
}

BOOST_AUTO_TEST_CASE(runs_that_are_over_are_dropped_and_what_they_hold_is_not) {
    logged_gate log;
    log.set(budget_of("b", "total@1h", "each-run"), noon);
    auto const open = call_of("open", 1, 70, noon);
    BOOST_TEST(log.ask(open));
    std::uint64_t id = 2;
    auto const many = [&](std::size_t count, timestamp at) {
        for (std::size_t i = 0; i < count; ++i) {
            auto const intent = call_of("r" + std::to_string(id), id, 1, at);
            log.append(intent);
            log.append(outcome_of(intent, 1));
            ++id;
        }
    };
    many(detail::kept_budget::runs_most, noon);
    many(10, after_minutes(90));
    // Those of an hour and a half ago are gone; that which is open is there, and is settled.
    BOOST_TEST(log.gate.snapshot().size() < 10'000U);
    BOOST_TEST(log.gate.open().size() == 1U);
    log.append(outcome_of(open, 70));
    BOOST_TEST(log.gate.open().empty());
    BOOST_TEST(log.gate.states(after_minutes(90)).size() == 10U);
    BOOST_TEST((budget_gate::from_snapshot(log.gate.snapshot()).value().snapshot() ==
                log.gate.snapshot()));
}

BOOST_AUTO_TEST_CASE(very_many_runs_at_one_time_are_bounded_and_the_newest_stay) {
    logged_gate log;
    log.set(budget_of("b", "total", "each-run"), noon);
    std::size_t const count = detail::kept_budget::runs_most + 100;
    for (std::size_t i = 0; i < count; ++i) {
        auto const intent =
            call_of("r" + std::to_string(i), i + 1, 60,
                    {noon.ns + static_cast<std::int64_t>(i) * nanoseconds_per_second / 100});
        log.append(intent);
        log.append(outcome_of(intent, 60));
    }
    auto const now = after_minutes(15);
    auto const shown = log.gate.states(now).size();
    BOOST_TEST(shown <= detail::kept_budget::runs_most);
    BOOST_TEST(shown >= detail::kept_budget::runs_most / 2);
    auto const last = "r" + std::to_string(count - 1);
    BOOST_TEST(!log.gate.reserve(call_of(last, count + 1, 50, now)).admitted);
}

BOOST_AUTO_TEST_CASE(a_run_by_windows_is_as_any_other_subject) {
    logged_gate log;
    log.set(budget_of("b", "day", "each-run"), noon);
    BOOST_TEST(log.ask(call_of("one", 1, 100, noon)));
    BOOST_TEST(!log.ask(call_of("one", 2, 1, after_minutes(60 * 11))));
    BOOST_TEST(log.ask(call_of("one", 3, 100, after_minutes(60 * 12))));
}

BOOST_AUTO_TEST_CASE(teams_and_organisations_are_tags_of_their_names) {
    logged_gate log;
    log.set(budget_of("org", "day", "organisation=acme"), noon);
    auto team = budget_of("team", "day", "each-team");
    team.limit = 60;
    log.set(team, noon);
    auto const call = [](std::string const& of, std::uint64_t id, std::int64_t bound) {
        record intent = intent_of(id, bound, noon);
        intent.tags = {{"organisation", "acme"}, {"team", of}};
        return intent;
    };
    BOOST_TEST(log.ask(call("red", 1, 60)));
    // All or nothing: the organisation has room, the team has none, and nothing is held.
    auto const said = log.gate.reserve(call("red", 2, 1));
    BOOST_TEST(!said.admitted);
    BOOST_TEST(log.gate.describe(said, call("red", 2, 1)).subject == "team=red");
    BOOST_TEST((log.state(noon).reserved == 60));
    BOOST_TEST(log.ask(call("blue", 3, 40)));
    // Where both are full, the parent is named.
    auto const both = log.gate.reserve(call("red", 4, 1));
    BOOST_TEST(log.gate.describe(both, call("red", 4, 1)).subject == "organisation=acme");
}

BOOST_AUTO_TEST_SUITE_END()
