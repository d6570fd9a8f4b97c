// SPDX-License-Identifier: MIT
#include <aiaudit/budget/unknown_outcome.hpp>
#include <aiaudit/detail/crc32c.hpp>
#include "unit/support/gate_testing.hpp"

#include <boost/test/unit_test.hpp>

#include <random>

BOOST_AUTO_TEST_SUITE(gate_decisions)

namespace {

using namespace aiaudit;
using aiaudit_tests::budget_of;
using aiaudit_tests::instant;
using aiaudit_tests::intent_of;
using aiaudit_tests::logged_gate;
using aiaudit_tests::noon;
using aiaudit_tests::outcome_of;

// A gate of several shapes with something of everything in it.
logged_gate busy_gate() {
    logged_gate log;
    log.set(budget_of("a-day", "day"), noon);
    log.set(budget_of("b-each", "24h", "each-user"), noon);
    log.set(budget_of("c-rate", "minute", "user=alice"), noon);
    log.set(budget_of("d-all", "total"), noon);
    log.ask(intent_of(1, 30, noon));
    log.ask(intent_of(2, 20, noon));
    log.append(outcome_of(intent_of(1, 30, noon), 25));
    auto other = intent_of(3, 26, noon);
    other.user = "bob";
    log.ask(other);
    log.append(outcome_of(other, 26));
    return log;
}

std::string sealed(std::string bytes) {
    if (bytes.size() >= 8)
        detail::store_little_endian(bytes.data() + 4,
                                    detail::crc32c(std::string_view(bytes).substr(8)));
    return bytes;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_worst_case_is_held_the_real_cost_booked_the_rest_given_back) {
    logged_gate log;
    log.set(budget_of("b", "day"), noon);
    BOOST_TEST(log.ask(intent_of(1, 70, noon)));
    BOOST_TEST(!log.ask(intent_of(2, 31, noon)));
    BOOST_TEST((log.state(noon).reserved == 70));
    BOOST_TEST((log.state(noon).open == 1));
    log.append(outcome_of(intent_of(1, 70, noon), 12));
    auto const shown = log.state(noon);
    BOOST_TEST((shown.spent == 12));
    BOOST_TEST((shown.reserved == 0));
    BOOST_TEST((shown.left == 88));
    BOOST_TEST(log.gate.open().empty());
    BOOST_TEST(log.ask(intent_of(3, 88, noon)));
}

BOOST_AUTO_TEST_CASE(all_budgets_that_cover_an_attempt_hold_it_or_none_does) {
    logged_gate log;
    log.set(budget_of("wide", "day"), noon);
    budget narrow = budget_of("narrow", "month", "each-user");
    narrow.limit = 10;
    log.set(narrow, noon);
    auto const said = log.gate.reserve(intent_of(1, 11, noon));
    BOOST_TEST(!said.admitted);
    BOOST_TEST(log.gate.describe(said, intent_of(1, 11, noon)).budget == "narrow");
    BOOST_TEST(log.gate.describe(said, intent_of(1, 11, noon)).subject == "user=alice");
    for (budget_state const& each : log.gate.states(noon)) BOOST_TEST((each.reserved == 0));
    auto nobody = intent_of(2, 11, noon);
    nobody.user.clear();
    BOOST_TEST(log.ask(nobody));
}

BOOST_AUTO_TEST_CASE(a_tentative_reservation_is_confirmed_once_or_given_back) {
    logged_gate log;
    log.set(budget_of("b", "day"), noon);
    BOOST_TEST(log.gate.reserve(intent_of(1, 60, noon)).admitted);
    BOOST_TEST((log.state(noon).reserved == 60));
    BOOST_TEST(log.gate.open().empty());
    log.append(intent_of(1, 60, noon));
    BOOST_TEST((log.state(noon).reserved == 60));
    BOOST_TEST(log.gate.reserve(intent_of(2, 40, noon)).admitted);
    BOOST_TEST(!log.gate.reserve(intent_of(3, 1, noon)).admitted);
    log.gate.cancel(intent_of(2, 40, noon));
    BOOST_TEST((log.state(noon).reserved == 60));
    log.gate.cancel(intent_of(1, 60, noon));  // in the log: not to be cancelled
    BOOST_TEST((log.state(noon).reserved == 60));
}

BOOST_AUTO_TEST_CASE(a_second_intent_extends_the_first) {
    logged_gate log;
    log.set(budget_of("b", "day"), noon);
    BOOST_TEST(log.ask(intent_of(1, 40, noon)));
    BOOST_TEST(!log.ask(intent_of(1, 101, noon)));
    BOOST_TEST(log.gate.reserve(intent_of(1, 100, noon)).admitted);
    BOOST_TEST((log.state(noon).reserved == 100));
    log.gate.cancel(intent_of(1, 100, noon));
    BOOST_TEST((log.state(noon).reserved == 40));
    BOOST_TEST(log.ask(intent_of(1, 90, noon)));
    BOOST_TEST((log.state(noon).reserved == 90));
    BOOST_TEST((log.state(noon).open == 1));
    BOOST_TEST((log.gate.open().at(0).intent == sequence{3}));
    log.append(outcome_of(intent_of(1, 90, noon), 5));
    BOOST_TEST((log.state(noon).left == 95));
}

BOOST_AUTO_TEST_CASE(what_has_no_bound_or_no_price_is_refused_by_a_budget_that_must_hold) {
    logged_gate log;
    log.set(budget_of("b", "day"), noon);
    auto unknown = intent_of(1, 0, noon);
    unknown.cost_status = cost_status::unknown;
    BOOST_TEST((log.gate.reserve(unknown).reason == refusal_reason::unbounded));
    unknown.cost_status = cost_status::unpriced;
    BOOST_TEST((log.gate.reserve(unknown).reason == refusal_reason::unpriced));
    budget tokens = budget_of("b", "day");
    tokens.unit = budget_unit::tokens;
    log.set(tokens, noon);
    BOOST_TEST(log.gate.reserve(unknown).admitted);
    log.gate.cancel(unknown);
    unknown.usage.clear(unit::output_tokens);
    BOOST_TEST((log.gate.reserve(unknown).reason == refusal_reason::unbounded));
    tokens.then = budget_action::warn;
    log.set(tokens, noon);
    BOOST_TEST(log.gate.reserve(unknown).admitted);
}

BOOST_AUTO_TEST_CASE(a_budget_that_warns_lets_through_and_says_so) {
    logged_gate log;
    budget soft = budget_of("b", "day");
    soft.then = budget_action::warn;
    log.set(soft, noon);
    auto const first = log.gate.reserve(intent_of(1, 100, noon));
    auto const second = log.gate.reserve(intent_of(2, 1, noon));
    BOOST_TEST(first.admitted);
    BOOST_TEST(!first.warned);
    BOOST_TEST(second.admitted);
    BOOST_TEST(second.warned);
}

BOOST_AUTO_TEST_CASE(an_outcome_of_unknown_cost_stays_charged_as_reserved) {
    logged_gate log;
    log.set(budget_of("b", "day"), noon);
    BOOST_TEST(log.ask(intent_of(1, 70, noon)));
    auto lost = outcome_of(intent_of(1, 70, noon), 0);
    lost.cost_status = cost_status::unknown;
    log.append(lost);
    BOOST_TEST((log.state(noon).spent == 70));
}

BOOST_AUTO_TEST_CASE(an_outcome_without_an_intent_is_charged) {
    logged_gate log;
    log.set(budget_of("b", "day"), noon);
    log.append(outcome_of(intent_of(1, 70, noon), 170));
    BOOST_TEST((log.state(noon).spent == 170));
    BOOST_TEST((log.state(noon).left == -70));
}

BOOST_AUTO_TEST_CASE(a_budget_changed_in_mid_window_keeps_its_sums) {
    logged_gate log;
    log.set(budget_of("b", "day", "each-user"), noon);
    log.ask(intent_of(1, 60, noon));
    log.append(outcome_of(intent_of(1, 60, noon), 50));
    log.ask(intent_of(2, 30, noon));
    budget more = budget_of("b", "day", "each-user");
    more.limit = 200;
    log.append(to_record(more, noon).value());
    BOOST_TEST(!log.gate.needs_history().has_value());
    BOOST_TEST((log.state(noon).left == 120));
    more.limit = 10;
    log.append(to_record(more, noon).value());
    BOOST_TEST((log.state(noon).left == -70));
    BOOST_TEST(!log.ask(intent_of(3, 1, noon)));
}

BOOST_AUTO_TEST_CASE(a_new_budget_counts_what_was_before_it) {
    logged_gate log;
    log.set(budget_of("first", "total"), noon);
    log.ask(intent_of(1, 30, noon));
    log.append(outcome_of(intent_of(1, 30, noon), 20));
    log.ask(intent_of(2, 30, noon));
    log.set(budget_of("second", "month", "user=alice"), noon);
    auto const shown = log.gate.states(noon).at(1);
    BOOST_TEST((shown.spent == 20));
    BOOST_TEST((shown.reserved == 30));
    log.append(outcome_of(intent_of(2, 30, noon), 1));
    BOOST_TEST((log.gate.states(noon).at(1).spent == 21));
    log.append(to_removal_record("first", noon));
    BOOST_TEST(log.gate.budgets().size() == 1U);
    BOOST_TEST((log.gate.states(noon).at(0).spent == 21));
}

BOOST_AUTO_TEST_CASE(a_threshold_is_passed_once_a_window_and_subject_also_over_a_snapshot) {
    logged_gate log;
    log.set(budget_of("b", "day", "each-user"), noon);
    log.append(outcome_of(intent_of(1, 0, noon), 49));
    BOOST_TEST(log.gate.take_crossings().empty());
    log.append(outcome_of(intent_of(2, 0, noon), 40));
    log.gate = aiaudit::budget_gate::from_snapshot(log.gate.snapshot()).value();
    auto const passed = log.gate.take_crossings();
    BOOST_REQUIRE(passed.size() == 2U);
    BOOST_TEST(passed[0].percent == 50U);
    BOOST_TEST(passed[1].percent == 80U);
    BOOST_TEST(passed[1].state.subject == "user=alice");
    BOOST_TEST((passed[1].state.spent == 89));
    log.gate = aiaudit::budget_gate::from_snapshot(log.gate.snapshot()).value();
    log.append(outcome_of(intent_of(3, 0, noon), 1));
    BOOST_TEST(log.gate.take_crossings().empty());
    log.append(outcome_of(intent_of(4, 0, {noon.ns + 86'400'000'000'000}), 60));
    BOOST_TEST(log.gate.take_crossings().size() == 1U);
}

BOOST_AUTO_TEST_CASE(open_attempts_are_told_by_their_deadline) {
    logged_gate log;
    log.set(budget_of("b", "day"), noon);
    log.ask(intent_of(1, 1, noon));
    log.ask(intent_of(2, 1, {noon.ns + 1'000'000'000}));
    BOOST_TEST(log.gate.open().size() == 2U);
    timestamp const first_deadline{noon.ns + 60'000'000'000};
    BOOST_TEST(log.gate.open(first_deadline).empty());
    auto const late = log.gate.open(timestamp{first_deadline.ns + 1});
    BOOST_REQUIRE(late.size() == 1U);
    BOOST_TEST((late[0].operation == intent_of(1, 1, noon).operation_id));
    BOOST_TEST(log.gate.is_open(late[0].operation, 1));
    BOOST_TEST(!log.gate.is_open(late[0].operation, 2));
}

BOOST_AUTO_TEST_CASE(a_snapshot_has_what_is_in_the_log_alone) {
    logged_gate log = busy_gate();
    std::string const before = log.gate.snapshot();
    BOOST_TEST(log.gate.reserve(intent_of(9, 5, noon)).admitted);
    BOOST_TEST(log.gate.reserve(intent_of(2, 25, noon)).admitted);
    auto const back = aiaudit::budget_gate::from_snapshot(log.gate.snapshot()).value();
    BOOST_TEST(!back.is_open(intent_of(9, 5, noon).operation_id, 1));
    BOOST_TEST((back.states(noon).at(0).reserved == 20));
    log.gate.cancel(intent_of(9, 5, noon));
    log.gate.cancel(intent_of(2, 25, noon));
    BOOST_TEST(log.gate.snapshot().size() == before.size());
    BOOST_TEST(back.snapshot().size() == before.size());
}

BOOST_AUTO_TEST_CASE(a_damaged_snapshot_is_corrupt_whatever_the_damage) {
    std::string const whole = busy_gate().gate.snapshot();
    BOOST_REQUIRE(aiaudit::budget_gate::from_snapshot(whole).has_value());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        auto const cut = whole.substr(0, size);
        BOOST_REQUIRE(!aiaudit::budget_gate::from_snapshot(cut).has_value());
        BOOST_REQUIRE(!aiaudit::budget_gate::from_snapshot(sealed(cut)).has_value());
    }
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
        std::string damaged = whole;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
        auto const read = aiaudit::budget_gate::from_snapshot(damaged);
        BOOST_REQUIRE(!read.has_value());
        BOOST_REQUIRE((read.error().code == errc::corrupt));
    }
}

BOOST_AUTO_TEST_CASE(any_bytes_with_a_right_checksum_are_refused_or_a_state) {
    std::string const whole = busy_gate().gate.snapshot();
    std::mt19937_64 random(5);
    int accepted = 0;
    for (int i = 0; i < 20'000; ++i) {
        std::string damaged = whole;
        for (std::size_t changes = 1 + random() % 3; changes != 0; --changes)
            damaged[8 + random() % (whole.size() - 8)] = static_cast<char>(random());
        damaged = sealed(damaged);
        auto const read = aiaudit::budget_gate::from_snapshot(damaged);
        if (!read) continue;
        ++accepted;
        BOOST_REQUIRE(read->snapshot() == damaged);
        static_cast<void>(read->states(noon));
        auto gate = *read;
        static_cast<void>(gate.take_crossings());
        static_cast<void>(gate.reserve(intent_of(7, 1, noon)));
    }
    BOOST_TEST(accepted > 0);
}

namespace {

// One that may come to `bound`, and holds `step` of it for now.
record step_of(record intent, std::int64_t step) {
    intent.cost_low = money::from_pico(step);
    iteration held;
    held.kind = "step";
    held.usage.set(unit::input_tokens, 0);
    held.usage.set(unit::output_tokens, static_cast<std::uint64_t>(step));
    intent.iterations.assign(1, held);
    return intent;
}
budget stepwise(budget of) {
    of.reserve = budget_reserve::stepwise;
    return of;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_budget_that_reserves_stepwise_holds_the_step_and_more_where_there_is_room) {
    for (budget_unit const unit : {budget_unit::usd, budget_unit::tokens}) {
        logged_gate log;
        budget of = stepwise(budget_of("b", "day"));
        of.unit = unit;
        log.set(of, noon);
        BOOST_TEST(log.gate.has_steps());
        for (std::uint64_t id = 1; id <= 4; ++id)
            BOOST_TEST(log.ask(step_of(intent_of(id, 90, noon), 20)));
        BOOST_TEST((log.state(noon).reserved == 80));
        BOOST_TEST(log.ask(step_of(intent_of(1, 90, noon), 40)));
        BOOST_TEST((log.state(noon).reserved == 100));
        BOOST_TEST(!log.ask(step_of(intent_of(2, 90, noon), 21)));
        BOOST_TEST(log.ask(step_of(intent_of(2, 90, noon), 10)));  // it has more than that
        BOOST_TEST((log.state(noon).reserved == 100 && log.state(noon).open == 4));
        log.append(outcome_of(intent_of(3, 90, noon), 5));
        BOOST_TEST(log.ask(step_of(intent_of(2, 90, noon), 35)));
        BOOST_TEST((log.state(noon).reserved == 95 && log.state(noon).spent == 5));
        // Whoever folds the same log has the same.
        auto const restored = budget_gate::from_snapshot(log.gate.snapshot()).value();
        BOOST_TEST(restored.has_steps());
        BOOST_TEST((restored.states(noon).at(0).reserved == 95));
    }
}

BOOST_AUTO_TEST_CASE(a_step_is_no_larger_than_the_most_and_one_without_steps_is_held_whole) {
    logged_gate log;
    log.set(stepwise(budget_of("b", "day")), noon);
    BOOST_TEST(log.ask(step_of(intent_of(1, 30, noon), 50)));
    BOOST_TEST((log.state(noon).reserved == 30));
    BOOST_TEST(!log.ask(intent_of(2, 80, noon)));
    BOOST_TEST(log.ask(intent_of(2, 70, noon)));
}

BOOST_AUTO_TEST_CASE(budgets_that_hold_in_full_do_so_beside_those_that_go_in_steps) {
    logged_gate log;
    log.set(budget_of("a", "day"), noon);
    log.set(stepwise(budget_of("b", "day")), noon);
    BOOST_TEST(log.ask(step_of(intent_of(1, 90, noon), 20)));
    BOOST_TEST((log.gate.states(noon).at(0).reserved == 90));
    BOOST_TEST((log.gate.states(noon).at(1).reserved == 20));
    BOOST_TEST(!log.ask(step_of(intent_of(2, 90, noon), 20)));
    BOOST_TEST((log.gate.states(noon).at(1).reserved == 20));
    log.set(budget_of("b", "day"), noon);
    BOOST_TEST(!log.gate.has_steps());
    log.append(outcome_of(intent_of(1, 90, noon), 5));
    BOOST_TEST((log.gate.states(noon).at(1).reserved == 0));
}

BOOST_AUTO_TEST_CASE(what_nobody_heard_of_again_is_charged_its_last_step) {
    logged_gate log;
    log.set(stepwise(budget_of("b", "day")), noon);
    auto const intent = step_of(intent_of(1, 90, noon), 20);
    BOOST_TEST(log.ask(intent));
    auto const outcome = detail::unknown_outcome(intent);
    BOOST_TEST((outcome.cost == money::from_pico(20)));
    BOOST_TEST((outcome.cost_low == money{}));
    BOOST_TEST(outcome.usage.count(unit::output_tokens) == 20U);
    BOOST_TEST(outcome.iterations.empty());
    log.append(outcome);
    BOOST_TEST((log.state(noon).spent == 20 && log.state(noon).reserved == 0));
    auto const whole = detail::unknown_outcome(intent_of(2, 90, noon));
    BOOST_TEST((whole.cost == money::from_pico(90)));
}

BOOST_AUTO_TEST_CASE(a_forecast_goes_on_as_since_the_beginning) {
    logged_gate log;
    log.set(budget_of("b", "day"), noon);
    log.append(outcome_of(intent_of(1, 0, noon), 40));
    BOOST_TEST((log.state(noon).forecast == int128{80}));
    BOOST_TEST(!log.state(instant("2026-11-27T00:01:00Z")).forecast.has_value());
}

// Whatever was asked, in whatever order, and taken back.
BOOST_AUTO_TEST_CASE(what_is_saved_of_a_rate_is_what_the_records_come_to) {
    int cancelled = 0;
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        std::mt19937_64 chance(seed);
        auto const below = [&chance](std::uint64_t bound) { return chance() % bound; };
        logged_gate live;
        live.set(budget_of("rate", "minute"), noon);
        live.set(budget_of("user", "minute", "each-user"), noon);
        live.set(budget_of("day", "day"), noon);
        std::vector<record> asked;  // and not in the log
        std::vector<record> under_way;
        auto const take = [&below](std::vector<record>& from) {
            auto const which = from.begin() + static_cast<std::ptrdiff_t>(below(from.size()));
            record taken = *which;
            from.erase(which);
            return taken;
        };
        std::uint64_t id = 0;
        for (int step = 0; step < 300; ++step) {
            // Threads read the clock before they ask.
            auto const seconds = step / 4 + static_cast<std::int64_t>(below(5));
            timestamp const at{noon.ns + seconds * nanoseconds_per_second + 1};
            auto const what = below(5);
            if (what < 2) {
                auto intent = intent_of(++id, 1 + static_cast<std::int64_t>(below(9)), at);
                intent.user = below(2) == 0 ? "ana" : "bob";
                if (live.gate.reserve(intent).admitted) asked.push_back(intent);
            } else if (what == 2 && !asked.empty()) {
                auto const intent = take(asked);
                live.append(intent);
                under_way.push_back(intent);
            } else if (what == 3 && !asked.empty()) {
                live.gate.cancel(take(asked));
                ++cancelled;
            } else if (what == 4 && !under_way.empty()) {
                live.append(outcome_of(take(under_way), static_cast<std::int64_t>(below(12))));
            }
            logged_gate folded;
            for (record const& each : live.log) folded.append(each);
            BOOST_REQUIRE(live.gate.snapshot() == folded.gate.snapshot());
        }
        // Who begins with what was saved goes on alike.
        auto again = budget_gate::from_snapshot(live.gate.snapshot()).value();
        for (record const& each : under_way) {
            live.append(outcome_of(each, 0));
            BOOST_REQUIRE(again.apply(sequence{live.log.size()}, live.log.back()).has_value());
            BOOST_REQUIRE(again.snapshot() == live.gate.snapshot());
        }
    }
    BOOST_TEST(cancelled > 100);
}

BOOST_AUTO_TEST_SUITE_END()
