// SPDX-License-Identifier: MIT
#include "unit/support/gate_testing.hpp"

#include <aiaudit/timezone/tzdb.hpp>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(budget_windows)

namespace {

using namespace aiaudit;
using aiaudit_tests::budget_of;
using aiaudit_tests::instant;
using aiaudit_tests::intent_of;
using aiaudit_tests::logged_gate;
using aiaudit_tests::outcome_of;

// That a budget, full in the window of an instant, is empty in the next, which begins at `edge`,
// and not a nanosecond before.
void check_edge(std::string const& window, std::string const& zone, std::string const& begins,
                std::string const& edge) {
    BOOST_TEST_CONTEXT(window << " in " << zone << " at " << edge) {
        auto const found = find_time_zone(zone).value();
        timestamp const first = instant(begins);
        timestamp const next = instant(edge);
        logged_gate log;
        log.set(budget_of("b", window, "everyone", found), first);
        BOOST_TEST(log.ask(intent_of(1, 100, first)));
        auto const late = intent_of(2, 1, {next.ns - 1});
        auto const said = log.gate.reserve(late);
        BOOST_TEST(!said.admitted);
        BOOST_TEST(log.gate.describe(said, late).resets_at->to_string() == edge);
        BOOST_TEST(!log.ask(intent_of(3, 1, first)));
        auto const shown = log.state({next.ns - 1});
        BOOST_TEST(shown.window_begins->to_string() == begins);
        BOOST_TEST(shown.resets_at->to_string() == edge);
        BOOST_TEST(log.ask(intent_of(4, 100, next)));
        // It is settled in the window in which it started.
        log.append(outcome_of(intent_of(1, 100, first), 40));
        BOOST_TEST((log.state(first).spent == 40));
        BOOST_TEST((log.state(next).spent == 0));
        BOOST_TEST((log.state(next).reserved == 100));
    }
}

}  // namespace

BOOST_AUTO_TEST_CASE(days_and_months_turn_at_midnight_of_their_zone) {
    check_edge("day", "UTC", "2026-11-26T00:00:00Z", "2026-11-27T00:00:00Z");
    check_edge("day", "Asia/Ho_Chi_Minh", "2026-11-25T17:00:00Z", "2026-11-26T17:00:00Z");
    check_edge("month", "Asia/Ho_Chi_Minh", "2026-10-31T17:00:00Z", "2026-11-30T17:00:00Z");
    check_edge("day", "Asia/Kathmandu", "2026-11-25T18:15:00Z", "2026-11-26T18:15:00Z");
    check_edge("month", "Asia/Kathmandu", "2026-11-30T18:15:00Z", "2026-12-31T18:15:00Z");
    check_edge("day", "America/New_York", "2026-07-04T04:00:00Z", "2026-07-05T04:00:00Z");
}

BOOST_AUTO_TEST_CASE(a_day_of_a_clock_change_has_23_or_25_hours) {
    check_edge("day", "America/New_York", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z");
    check_edge("day", "America/New_York", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z");
    check_edge("month", "America/New_York", "2026-03-01T05:00:00Z", "2026-04-01T04:00:00Z");
    check_edge("month", "America/New_York", "2026-11-01T04:00:00Z", "2026-12-01T05:00:00Z");
}

BOOST_AUTO_TEST_CASE(a_leap_day_is_a_day_and_makes_its_month_longer) {
    check_edge("day", "UTC", "2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z");
    check_edge("month", "UTC", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z");
    check_edge("month", "UTC", "2027-02-01T00:00:00Z", "2027-03-01T00:00:00Z");
    check_edge("day", "Asia/Kathmandu", "2028-02-28T18:15:00Z", "2028-02-29T18:15:00Z");
}

BOOST_AUTO_TEST_CASE(weeks_begin_on_their_day) {
    check_edge("week", "UTC", "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z");
    check_edge("week@sunday", "UTC", "2026-11-29T00:00:00Z", "2026-12-06T00:00:00Z");
    check_edge("week@thursday", "UTC", "1970-01-01T00:00:00Z", "1970-01-08T00:00:00Z");
    check_edge("week@friday", "UTC", "1969-12-26T00:00:00Z", "1970-01-02T00:00:00Z");
    check_edge("week", "Asia/Kathmandu", "2026-12-27T18:15:00Z", "2027-01-03T18:15:00Z");
    // A week of a clock change has 167 or 169 hours.
    check_edge("week", "America/New_York", "2026-03-02T05:00:00Z", "2026-03-09T04:00:00Z");
    check_edge("week", "America/New_York", "2026-10-26T04:00:00Z", "2026-11-02T05:00:00Z");
}

BOOST_AUTO_TEST_CASE(quarters_and_years_begin_on_their_day) {
    check_edge("quarter", "UTC", "2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z");
    check_edge("quarter", "America/New_York", "2026-10-01T04:00:00Z", "2027-01-01T05:00:00Z");
    check_edge("quarter@02-15", "UTC", "2026-11-15T00:00:00Z", "2027-02-15T00:00:00Z");
    check_edge("quarter@08-15", "UTC", "2026-11-15T00:00:00Z", "2027-02-15T00:00:00Z");
    check_edge("year", "UTC", "2028-01-01T00:00:00Z", "2029-01-01T00:00:00Z");
    check_edge("year@04-06", "Europe/London", "2026-04-05T23:00:00Z", "2027-04-05T23:00:00Z");
    check_edge("year@07-01", "UTC", "1969-07-01T00:00:00Z", "1970-07-01T00:00:00Z");
    check_edge("month@15", "Asia/Ho_Chi_Minh", "2026-02-14T17:00:00Z", "2026-03-14T17:00:00Z");
    check_edge("month@28", "UTC", "2026-02-28T00:00:00Z", "2026-03-28T00:00:00Z");
}

BOOST_AUTO_TEST_CASE(another_beginning_is_another_window) {
    timestamp const at = instant("2026-11-26T12:00:00Z");
    logged_gate log;
    log.append(intent_of(1, 30, instant("2026-11-22T12:00:00Z")));
    log.append(outcome_of(intent_of(1, 30, instant("2026-11-22T12:00:00Z")), 30));
    log.set(budget_of("b", "week"), at);
    BOOST_TEST((log.state(at).spent == 0));
    log.set(budget_of("b", "week@sunday"), at);
    BOOST_TEST((log.state(at).spent == 30));
}

BOOST_AUTO_TEST_CASE(a_clock_put_back_over_midnight_begins_no_day_twice) {
    // In Havana the clock goes from 01:00 back to 00:00 in autumn, so midnight is shown twice.
    auto const zone = find_time_zone("America/Havana").value();
    budget_window const window{budget_period::day, 0, zone};
    std::int64_t last = std::numeric_limits<std::int64_t>::min();
    for (std::int64_t hour = 0; hour < 24 * 800; ++hour) {
        timestamp const at{instant("2025-06-01T00:00:00Z").ns +
                           hour * 1'800 * nanoseconds_per_second};
        auto const span = detail::span_of(window, at);
        BOOST_REQUIRE(span.number >= last);
        BOOST_REQUIRE(span.holds(at.ns));
        last = span.number;
    }
}

BOOST_AUTO_TEST_CASE(any_instant_lies_in_its_window) {
    auto const zone = find_time_zone("America/New_York").value();
    for (char const* const text :
         {"day", "month", "total", "1h", "8784h", "week@sunday", "quarter@03-28", "year@12-28"}) {
        auto const window = parse_budget_window(text, zone).value();
        for (std::int64_t const ns :
             {std::numeric_limits<std::int64_t>::min(), std::int64_t{-1}, std::int64_t{0},
              instant("2000-02-29T12:00:00Z").ns, std::numeric_limits<std::int64_t>::max()}) {
            auto const span = detail::span_of(window, {ns});
            BOOST_TEST(span.holds(detail::reckonable_ns({ns})));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_part_of_a_rolling_window_counts_until_all_of_it_is_out) {
    // An hour has parts of a minute.
    timestamp const at = instant("2026-11-26T12:00:30Z");
    logged_gate log;
    log.set(budget_of("b", "1h"), at);
    BOOST_TEST(log.ask(intent_of(1, 60, at)));
    BOOST_TEST(log.ask(intent_of(2, 40, instant("2026-11-26T12:30:00Z"))));
    auto const early = intent_of(3, 60, instant("2026-11-26T13:00:59.999999999Z"));
    auto const said = log.gate.reserve(early);
    BOOST_TEST(!said.admitted);
    BOOST_TEST(log.gate.describe(said, early).retry_after_ms == 1U);
    BOOST_TEST(!log.ask(intent_of(4, 61, instant("2026-11-26T13:01:00Z"))));
    BOOST_TEST(log.ask(intent_of(5, 60, instant("2026-11-26T13:01:00Z"))));
    auto const shown = log.state(instant("2026-11-26T13:01:00Z"));
    BOOST_TEST((shown.reserved == 100));
    BOOST_TEST(shown.window_begins->to_string() == "2026-11-26T12:01:00Z");
    BOOST_TEST(shown.resets_at->to_string() == "2026-11-26T14:02:00Z");
}

BOOST_AUTO_TEST_CASE(an_attempt_of_before_counts_in_every_window_that_holds_it) {
    timestamp const at = instant("2026-11-26T12:00:00Z");
    logged_gate log;
    log.set(budget_of("b", "1h"), at);
    BOOST_TEST(log.ask(intent_of(1, 70, instant("2026-11-26T12:40:00Z"))));
    // The clock stepped back: at 12:10 nothing is used, at 12:40 both are.
    BOOST_TEST(!log.ask(intent_of(2, 31, instant("2026-11-26T12:10:00Z"))));
    BOOST_TEST(log.ask(intent_of(3, 30, instant("2026-11-26T12:10:00Z"))));
    BOOST_TEST(log.ask(intent_of(4, 100, instant("2026-11-26T11:00:00Z"))));
}

BOOST_AUTO_TEST_CASE(a_bucket_runs_out_at_its_limit_a_minute) {
    timestamp const at = instant("2026-11-26T12:00:00Z");
    auto const after_ms = [at](std::int64_t ms) { return timestamp{at.ns + ms * 1'000'000}; };
    logged_gate log;
    log.set(budget_of("b", "minute"), at);
    BOOST_TEST(log.ask(intent_of(1, 100, at)));
    auto const more = intent_of(2, 10, after_ms(1'500));
    auto const said = log.gate.reserve(more);
    BOOST_TEST(!said.admitted);
    // 10 of 100 run out in 6 seconds, of which 1.5 are over.
    BOOST_TEST(log.gate.describe(said, more).retry_after_ms == 4'500U);
    BOOST_TEST(log.gate.describe(said, more).resets_at->to_string() == "2026-11-26T12:01:00Z");
    BOOST_TEST(!log.ask(intent_of(3, 10, {after_ms(6'000).ns - 1})));
    BOOST_TEST(log.ask(intent_of(4, 10, after_ms(6'000))));
    BOOST_TEST(!log.ask(intent_of(5, 1, after_ms(6'599))));
    BOOST_TEST(log.ask(intent_of(6, 1, after_ms(6'600))));
}

BOOST_AUTO_TEST_CASE(a_bucket_gets_back_what_has_not_run_out_yet) {
    timestamp const at = instant("2026-11-26T12:00:00Z");
    timestamp const half{at.ns + 30 * nanoseconds_per_second};
    logged_gate log;
    log.set(budget_of("b", "minute"), at);
    BOOST_TEST(log.ask(intent_of(1, 100, at)));
    BOOST_TEST(log.ask(intent_of(2, 50, half)));
    // Half of the first is in yet, and it took less than has run out: had it been known, the level
    // would be 50.
    log.append(outcome_of(intent_of(1, 100, at), 10));
    BOOST_TEST(!log.ask(intent_of(3, 51, half)));
    BOOST_TEST(log.ask(intent_of(4, 50, half)));
}

BOOST_AUTO_TEST_CASE(a_bucket_gets_nothing_back_of_what_has_run_out) {
    timestamp const at = instant("2026-11-26T12:00:00Z");
    timestamp const minute_later{at.ns + 60 * nanoseconds_per_second};
    logged_gate log;
    log.set(budget_of("b", "minute"), at);
    BOOST_TEST(log.ask(intent_of(1, 100, at)));
    BOOST_TEST(log.ask(intent_of(2, 100, minute_later)));
    log.append(outcome_of(intent_of(1, 100, at), 0));
    BOOST_TEST(!log.ask(intent_of(3, 1, minute_later)));
}

BOOST_AUTO_TEST_CASE(three_windows_are_remembered_and_an_older_one_is_refused) {
    auto const day = [](int number) {
        return timestamp::from_seconds((20'000 + number) * seconds_per_day);
    };
    logged_gate log;
    log.set(budget_of("b", "day"), day(2));
    for (int i = 0; i < 6; ++i)
        BOOST_TEST(log.ask(intent_of(static_cast<std::uint64_t>(i), 100, day(i))));
    for (int i = 3; i < 6; ++i)
        BOOST_TEST((log.gate.reserve(intent_of(10, 1, day(i))).reason == refusal_reason::full));
    auto const old = intent_of(11, 1, day(0));
    auto const said = log.gate.reserve(old);
    BOOST_TEST(!said.admitted);
    BOOST_TEST((said.reason == refusal_reason::clock_behind));
    BOOST_TEST(refusal_text(log.gate.describe(said, old)).find("forgot") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_clock_that_once_stood_far_ahead_stops_nobody) {
    timestamp const at = instant("2026-11-26T12:00:00Z");
    for (char const* const window : {"day", "month", "24h", "week", "month@15"}) {
        logged_gate log;
        log.set(budget_of("b", window), at);
        BOOST_TEST(log.ask(intent_of(1, 1, instant("2200-01-01"))));
        for (std::uint64_t i = 0; i < 100; ++i) {
            timestamp const then{at.ns + static_cast<std::int64_t>(i) * 86'400'000'000'000 * 31};
            BOOST_TEST(log.ask(intent_of(2 + i, 100, then)));
        }
    }
}

BOOST_AUTO_TEST_CASE(nothing_is_known_of_the_time_before_the_history) {
    timestamp const at = instant("2026-11-26T12:00:00Z");
    logged_gate log;
    log.append(intent_of(1, 1'000, instant("2026-11-20T12:00:00Z")));
    log.set(budget_of("b", "day"), at);
    auto const said = log.gate.reserve(intent_of(2, 1, instant("2026-11-20T13:00:00Z")));
    BOOST_TEST(!said.admitted);
    BOOST_TEST((said.reason == refusal_reason::clock_behind));
    BOOST_TEST(log.ask(intent_of(3, 1, instant("2026-11-24T00:00:00Z"))));
}

BOOST_AUTO_TEST_CASE(a_rolling_window_that_began_before_the_history_lets_nothing_through) {
    // Three times 24 hours before it was set are known, and an amount counts with those before it.
    logged_gate log;
    log.set(budget_of("b", "24h"), instant("2026-11-26T12:00:00Z"));
    auto const said = log.gate.reserve(intent_of(1, 1, instant("2026-11-23T14:00:00Z")));
    BOOST_TEST(!said.admitted);
    BOOST_TEST((said.reason == refusal_reason::clock_behind));
    BOOST_TEST(log.ask(intent_of(2, 100, instant("2026-11-24T13:00:00Z"))));
}

BOOST_AUTO_TEST_CASE(what_has_run_out_of_a_bucket_is_not_given_back_again) {
    timestamp const at = instant("2026-11-26T12:00:00Z");
    timestamp const half_a_minute_later = instant("2026-11-26T12:00:30Z");
    logged_gate log;
    log.set(budget_of("b", "minute"), at);
    BOOST_TEST(log.ask(intent_of(1, 100, at)));
    BOOST_TEST(log.ask(intent_of(2, 50, half_a_minute_later)));
    log.append(outcome_of(intent_of(1, 100, at), 0));
    BOOST_TEST(!log.ask(intent_of(3, 51, half_a_minute_later)));
    BOOST_TEST(log.ask(intent_of(4, 50, half_a_minute_later)));
}

BOOST_AUTO_TEST_SUITE_END()
