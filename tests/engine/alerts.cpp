// SPDX-License-Identifier: MIT
//
// alerts.cpp: what a watch raises, and that each alert arrives once, whatever dies in between.
#include "support/child_process.hpp"
#include "support/ledger_testing.hpp"
#include "support/temporary_directory.hpp"

#include <aiaudit/alerts.hpp>
#include <aiaudit/alerts/alert_makers.hpp>

#include <atomic>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(alerts)

namespace {

using namespace aiaudit;
using namespace aiaudit_tests;
using namespace std::chrono_literals;

using disk_ledger = basic_ledger<on_disk>;
using disk_watch = basic_alert_watch<disk_ledger>;

constexpr std::int64_t usd = 1'000'000'000'000;
timestamp const noon = timestamp::parse("2026-08-15T12:00:00Z").value();

timestamp later(std::int64_t seconds) { return {noon.ns + seconds * nanoseconds_per_second}; }

// A ledger and a watch of it, and what a sink got.
struct stand {
    explicit stand(std::string const& path, std::int64_t seconds = 0)
        : log(disk_ledger::open({.path = path}).value()) {
        log.time().set(later(seconds));
        options.poll_every = 0ms;
        options.anomalies = false;
        options.sinks = {callback_sink("list", [this](alert const& of) -> result<void> {
            got.push_back(of);
            if (failing) return fail(errc::timed_out, "the list is away");
            return {};
        })};
    }
    disk_watch& watch() {
        if (!watching) watching.emplace(disk_watch::open(log, options).value());
        return *watching;
    }
    alert_poll poll() { return watch().poll_once().value(); }
    record call(std::int64_t cost, std::int64_t seconds = 0) {
        record entry = sample(1);
        entry.user = "ana";
        entry.started_at = later(seconds);
        entry.cost = money::from_pico(cost);
        entry.operation_id = make_operation_id(entry.started_at);
        return entry;
    }

    disk_ledger log;
    alert_watch_options options{};
    std::vector<alert> got{};
    bool failing = false;
    std::optional<disk_watch> watching{};
};

budget daily(std::int64_t limit) {
    budget made;
    made.name = "daily";
    made.limit = int128{limit};
    made.scope.of = budget_dimension::user;
    made.scope.each = true;
    made.window.period = budget_period::day;
    return made;
}

alert own(std::string const& name) {
    return {make_alert_key(alert_kind::custom, {name}), alert_kind::custom, name, noon, {}};
}

}  // namespace

BOOST_AUTO_TEST_CASE(thresholds_are_told_once_a_window_over_restarts) {
    temporary_directory const place;
    {
        stand here(place.path());
        BOOST_REQUIRE(here.log.set_budget(daily(10 * usd)).has_value());
        BOOST_TEST(here.poll().raised == 0U);
        BOOST_REQUIRE(here.log.append(here.call(6 * usd)).has_value());
        auto const first = here.poll();
        BOOST_TEST(first.raised == 1U);
        BOOST_TEST(first.delivered == 1U);
        BOOST_REQUIRE(here.got.size() == 1U);
        BOOST_TEST(here.got[0].text ==
                   "budget 'daily' of user=ana has reached 50 %: spent 6 USD of 10 USD since "
                   "2026-08-15T00:00:00Z; resets at 2026-08-16T00:00:00Z");
        BOOST_TEST(here.poll().delivered == 0U);
        BOOST_REQUIRE(here.log.append(here.call(usd)).has_value());
        BOOST_TEST(here.poll().delivered == 0U);
        // Passed, and nobody asked before the end.
        BOOST_REQUIRE(here.log.append(here.call(usd)).has_value());
    }
    for (int i = 0; i < 2; ++i) {
        stand again(place.path(), 60);
        BOOST_TEST(again.poll().delivered == (i == 0 ? 1U : 0U));
        if (i == 0) BOOST_TEST(again.got.at(0).text.find(" 80 %") != std::string::npos);
    }
    stand next(place.path(), 86'400);
    BOOST_TEST(next.poll().delivered == 0U);
    BOOST_REQUIRE(next.log.append(next.call(6 * usd, 86'400)).has_value());
    BOOST_TEST(next.poll().delivered == 1U);
}

BOOST_AUTO_TEST_CASE(what_dies_after_the_raising_is_delivered_once_by_the_next) {
    temporary_directory const place;
    {
        stand here(place.path());
        BOOST_TEST(here.watch().raise(own("one")).value());
        BOOST_TEST(!here.watch().raise(own("one")).value());
    }
    {
        stand here(place.path());
        BOOST_TEST(!here.watch().raise(own("one")).value());
        BOOST_TEST(here.poll().delivered == 1U);
    }
    stand here(place.path(), 86'400);
    BOOST_TEST(here.poll().delivered == 0U);
    BOOST_TEST(here.got.empty());
}

BOOST_AUTO_TEST_CASE(what_dies_after_the_claim_is_delivered_once_when_that_expires) {
    temporary_directory const place;
    {
        stand here(place.path());
        BOOST_REQUIRE(here.watch().raise(own("one")).value());
        alert_event claim;
        claim.key = own("one").key;
        claim.sink = "list";
        claim.by = "who-dies";
        claim.at = noon;
        claim.held_ns = 300'000'000'000;
        BOOST_REQUIRE(here.log.append_once(to_record(claim).value()).value().has_value());
        BOOST_TEST(here.poll().delivered == 0U);
    }
    {
        stand here(place.path(), 299);
        BOOST_TEST(here.poll().delivered == 0U);
        here.log.time().set(later(300));
        BOOST_TEST(here.poll().delivered == 1U);
        BOOST_TEST(here.poll().delivered == 0U);
    }
    stand here(place.path(), 86'400);
    BOOST_TEST(here.poll().delivered == 0U);
}

BOOST_AUTO_TEST_CASE(a_death_between_delivery_and_its_record_delivers_again_with_the_same_key) {
    temporary_directory const place;
    std::string const inbox = place / "inbox";
    auto const deliver_to_file = [&inbox](alert const& of) {
        std::ofstream(inbox, std::ios::app) << of.key << '\n';
    };
    int const status = run_in_child([&] {
        stand here(place / "log");
        here.options.sinks = {callback_sink("list", [&](alert const& of) -> result<void> {
            deliver_to_file(of);
            ::_exit(7);
        })};
        static_cast<void>(here.watch().raise(own("one")));
        static_cast<void>(here.poll());
        return 0;
    });
    BOOST_TEST(status == 7);
    stand here(place / "log", 299);
    here.options.sinks = {callback_sink("list", [&](alert const& of) -> result<void> {
        deliver_to_file(of);
        return {};
    })};
    BOOST_TEST(here.poll().delivered == 0U);
    here.log.time().set(later(300));
    BOOST_TEST(here.poll().delivered == 1U);
    BOOST_TEST(here.poll().delivered == 0U);
    std::ifstream in(inbox);
    std::string first;
    std::string second;
    std::string third;
    in >> first >> second >> third;
    BOOST_TEST(first == own("one").key);
    BOOST_TEST(second == first);
    BOOST_TEST(third.empty());
}

BOOST_AUTO_TEST_CASE(a_sink_that_fails_is_tried_again_later_and_shown) {
    temporary_directory const place;
    stand here(place.path());
    BOOST_REQUIRE(here.watch().raise(own("one")).value());
    here.failing = true;
    BOOST_TEST(here.poll().failed == 1U);
    BOOST_TEST(here.poll().failed == 0U);  // not yet
    auto const failures = here.watch().failures().value();
    BOOST_REQUIRE(failures.size() == 1U);
    BOOST_TEST(failures[0].sink == "list");
    BOOST_TEST(failures[0].last.error == "timed_out");
    BOOST_TEST(failures[0].last.why == "the list is away");
    here.log.time().set(later(30));
    BOOST_TEST(here.poll().failed == 1U);
    here.log.time().set(later(30 + 59));
    BOOST_TEST(here.poll().failed == 0U);  // twice as long
    here.failing = false;
    here.log.time().set(later(30 + 60));
    BOOST_TEST(here.poll().delivered == 1U);
    BOOST_TEST(here.watch().failures().value().empty());
    BOOST_TEST(here.got.size() == 3U);
}

BOOST_AUTO_TEST_CASE(a_sink_that_throws_ends_nothing_and_others_get_theirs) {
    temporary_directory const place;
    stand here(place.path());
    here.options.sinks.insert(here.options.sinks.begin(),
                              callback_sink("bad", [](alert const&) -> result<void> {
                                  throw std::runtime_error("secret");
                              }));
    BOOST_REQUIRE(here.watch().raise(own("one")).value());
    auto const done = here.poll();
    BOOST_TEST(done.delivered == 1U);
    BOOST_TEST(done.failed == 1U);
    BOOST_TEST(here.watch().failures().value().at(0).last.why == "the sink threw an exception");
}

BOOST_AUTO_TEST_CASE(two_processes_that_watch_one_ledger_deliver_each_alert_once) {
    temporary_directory const place;
    constexpr int alerts_count = 20;
    shared_counter go;
    auto const work = [&](std::string const& name) {
        stand here(place / "log");
        here.options.sinks = {callback_sink("list", [&](alert const& of) -> result<void> {
            std::ofstream(place / name, std::ios::app) << of.key << '\n';
            return {};
        })};
        while (go.get() == 0) {
        }
        for (int i = 0; i < alerts_count; ++i) {
            if (!here.watch().raise(own(std::to_string(i)))) return 1;
            if (!here.watch().poll_once()) return 2;
        }
        return 0;
    };
    { stand const made(place / "log"); }
    child_process one([&] { return work("one"); });
    child_process two([&] { return work("two"); });
    go.set(1);
    BOOST_TEST(one.wait() == 0);
    BOOST_TEST(two.wait() == 0);
    std::vector<std::string> keys;
    for (std::string const name : {"one", "two"}) {
        std::ifstream in(place / name);
        for (std::string key; in >> key;) keys.push_back(key);
    }
    BOOST_TEST(keys.size() == static_cast<std::size_t>(alerts_count));
    std::sort(keys.begin(), keys.end());
    BOOST_TEST((std::adjacent_find(keys.begin(), keys.end()) == keys.end()));
}

BOOST_AUTO_TEST_CASE(missing_prices_open_circuits_and_a_full_disk_are_told) {
    temporary_directory const place;
    stand here(place.path());
    here.options.directory = place.path();
    here.options.free_bytes_least = ~std::uint64_t{0};
    record unpriced = here.call(0);
    unpriced.cost_status = cost_status::unpriced;
    unpriced.model_requested = "new-model";
    for (int i = 0; i < 3; ++i) BOOST_REQUIRE(here.log.append(unpriced).has_value());
    record circuit;
    circuit.kind = record_kind::circuit;
    circuit.provider = "openai";
    circuit.model_requested = "gpt-4.1";
    circuit.started_at = noon;
    circuit.cost_status = cost_status::no_charge;
    circuit.tags = {{"from", "closed"}, {"to", "open"}, {"failures", "9"}, {"calls", "10"}};
    BOOST_REQUIRE(here.log.append(circuit).has_value());
    circuit.tags[1].second = "closed";
    BOOST_REQUIRE(here.log.append(circuit).has_value());
    BOOST_TEST(here.poll().delivered == 3U);
    BOOST_REQUIRE(here.log.append(unpriced).has_value());
    BOOST_TEST(here.poll().delivered == 0U);
    std::string texts;
    for (alert const& each : here.got) texts += to_line(each) + "\n";
    for (std::string const part :
         {"price_missing: no price is known for openai/new-model: its calls",
          "circuit_open: the circuit to openai/gpt-4.1 is open since 2026-08-15T12:00:00Z, after 9 "
          "failures of 10 calls",
          "log_nearly_full: the file system of the log has "})
        BOOST_TEST(texts.find(part) != std::string::npos, part << " is not in " << texts);
}

BOOST_AUTO_TEST_CASE(models_that_callers_make_up_are_a_hundred_alerts_a_day_and_one_of_other) {
    temporary_directory const place;
    stand here(place.path());
    record unpriced = here.call(0);
    unpriced.cost_status = cost_status::unpriced;
    auto const ask_for = [&](int first, int last) {
        for (int i = first; i < last; ++i) {
            unpriced.model_requested = "model-" + std::to_string(i);
            BOOST_REQUIRE(here.log.enqueue(unpriced).has_value());
        }
        BOOST_REQUIRE(here.log.flush().has_value());
    };
    ask_for(0, 150);
    BOOST_TEST(here.poll().raised == 101U);
    BOOST_TEST(to_line(here.got.back()).find("openai/other") != std::string::npos);
    ask_for(100, 300);
    BOOST_TEST(here.poll().raised == 0U);
    // The next day begins anew; a real one has its own again.
    here.log.time().set(later(86'400));
    unpriced.started_at = later(86'400);
    ask_for(500, 510);
    BOOST_TEST(here.poll().raised == 10U);
}

BOOST_AUTO_TEST_CASE(a_charge_that_the_price_book_does_not_know_is_told_once_a_day_and_model) {
    temporary_directory const place;
    stand here(place.path());
    auto const append = [&here](char const* model, std::int64_t charged, std::int64_t computed) {
        record entry = here.call(0);
        entry.model_requested = model;
        entry.cost = money::from_pico(charged);
        entry.provider_cost = entry.cost;
        entry.computed_cost = money::from_pico(computed);
        BOOST_REQUIRE(here.log.append(entry).has_value());
    };
    append("as-listed", 1'000'000'000, 1'000'000'000);
    append("rounded", 1'000'000'000, 1'009'000'000);
    append("tiny", 900'000, 1'800'000);
    append("dearer", 2'000'000'000, 1'000'000'000);
    append("dearer", 2'000'000'000, 1'000'000'000);
    append("cheaper", 0, 1'000'000'000);
    BOOST_TEST(here.poll().delivered == 2U);
    std::string texts;
    for (alert const& each : here.got) texts += to_line(each) + "\n";
    for (std::string const part :
         {"price_drift: openai charged 0.002 USD for a call of dearer that costs 0.001 USD by the "
          "price book",
          "price_drift: openai charged 0 USD for a call of cheaper that costs 0.001 USD"})
        BOOST_TEST(texts.find(part) != std::string::npos, part << " is not in " << texts);
}

BOOST_AUTO_TEST_CASE(a_clock_that_stood_ahead_is_told_once) {
    temporary_directory const place;
    stand here(place.path());
    auto const append = [&here](std::int64_t seconds) {
        record entry = here.call(0, seconds);
        entry.kind = record_kind::intent;
        BOOST_REQUIRE(here.log.append(entry).has_value());
    };
    append(0);
    append(290);  // clocks of two machines may differ
    BOOST_TEST(here.poll().raised == 0U);
    append(400 * 86'400);
    append(400 * 86'400 + 1);
    append(1);
    BOOST_TEST(here.poll().raised == 2U);
    append(400 * 86'400 + 2);
    append(2);
    BOOST_TEST(here.poll().raised == 1U);  // the step to another instant; the day is known
    std::string texts;
    for (alert const& each : here.got) texts += to_line(each) + "\n";
    for (std::string const part :
         {"clock_jump: the log has a record of 2027-09-19T12:00:00Z, which has not come",
          "clock_jump: the log's records step from 2026-08-15T12:04:50Z to 2027-09-19T12:00:00Z",
          "`aiaudit budget forget-future`"})
        BOOST_TEST(texts.find(part) != std::string::npos, part << " is not in " << texts);
}

BOOST_AUTO_TEST_CASE(a_jump_is_what_a_clock_went_beyond_the_time_that_passed) {
    constexpr std::int64_t second = nanoseconds_per_second;
    auto const ahead = detail::clock_jumped({noon, later(3'605), 5 * second});
    BOOST_TEST(ahead.text.find("the clock jumped ahead by 3600 s") == 0U);
    auto const back = detail::clock_jumped({noon, later(-3'595), 5 * second});
    BOOST_TEST(back.text.find("the clock jumped back by 3600 s") == 0U);
    BOOST_TEST(ahead.key != back.key);
    BOOST_TEST((detail::clock_step{noon, later(5), 5 * second}.jump_ns() == 0));
}

BOOST_AUTO_TEST_CASE(what_is_far_from_usual_is_told_once_a_day) {
    temporary_directory const place;
    stand here(place.path());
    here.options.anomalies = true;
    here.options.look_every = 0ms;
    for (int day = 1; day <= 14; ++day) {
        for (int i = 0; i < 5; ++i)
            BOOST_REQUIRE(
                here.log.append(here.call(usd, -86'400 * day), durability::relaxed).has_value());
    }
    BOOST_REQUIRE(here.log.append(here.call(9 * usd)).has_value());
    BOOST_TEST(here.poll().raised == 0U);
    BOOST_REQUIRE(here.log.append(here.call(31 * usd)).has_value());
    BOOST_TEST(here.poll().raised == 2U);  // of the user and of the model
    BOOST_TEST(here.poll().raised == 0U);
    BOOST_TEST(here.got.at(0).text ==
               "user ana: spent 40 USD since 2026-08-15T00:00:00Z; usual is 5 USD, seldom over 10 "
               "USD (median of 14 earlier periods)");
    BOOST_TEST(here.got.at(1).text.starts_with("model openai/gpt-4.1-mini: spent 40 USD"));
}

BOOST_AUTO_TEST_CASE(the_thread_delivers_by_itself_and_ends_with_the_watch) {
    temporary_directory const place;
    stand here(place.path());
    std::atomic<int> count{0};
    here.options.poll_every = 1ms;
    here.options.sinks = {callback_sink("list", [&](alert const&) -> result<void> {
        ++count;
        count.notify_all();
        return {};
    })};
    BOOST_REQUIRE(here.watch().raise(own("one")).value());
    count.wait(0);
    BOOST_TEST(here.watch().raise(own("two")).value());
    count.wait(1);
    here.watching.reset();
    BOOST_TEST(count == 2);
}

BOOST_AUTO_TEST_CASE(options_that_cannot_be_are_refused) {
    temporary_directory const place;
    stand here(place.path());
    auto const refused = [&](auto change) {
        alert_watch_options options = here.options;
        change(options);
        auto const made = disk_watch::open(here.log, options);
        return !made && made.error().code == errc::bad_argument;
    };
    BOOST_TEST(refused([](auto& of) { of.sinks.push_back(of.sinks[0]); }));
    BOOST_TEST(refused([](auto& of) { of.sinks[0].name.clear(); }));
    BOOST_TEST(refused([](auto& of) { of.sinks[0].deliver = nullptr; }));
    BOOST_TEST(refused([](auto& of) { of.claim_for = 0ms; }));
    BOOST_TEST(refused([](auto& of) { of.poll_every = -1ms; }));
    BOOST_TEST(!refused([](auto&) {}));
}

BOOST_AUTO_TEST_SUITE_END()
