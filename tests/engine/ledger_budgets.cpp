// SPDX-License-Identifier: MIT
#include <aiaudit/engine/log_keys.hpp>
#include <aiaudit/retain.hpp>
#include <aiaudit/storage/lmdb_store.hpp>
#include <aiaudit/templates.hpp>

#include "engine/support/child_process.hpp"
#include "engine/support/ledger_testing.hpp"
#include "engine/support/refusing_store.hpp"
#include "engine/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <filesystem>
#include <thread>

BOOST_AUTO_TEST_SUITE(ledger_budgets)

using namespace aiaudit;
using namespace aiaudit_tests;

namespace {

constexpr std::int64_t start_seconds = 1'790'000'000;
constexpr std::uint64_t second_ns = 1'000'000'000;

operation_id numbered(std::uint64_t number) {
    operation_id id{};
    for (std::size_t i = 0; i < 8; ++i) id.bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
    return id;
}
record intent_of_cost(std::uint64_t number, std::int64_t pico) {
    record entry;
    entry.kind = record_kind::intent;
    entry.user = "user";
    entry.provider = "openai";
    entry.model_requested = "gpt-4.1";
    entry.operation_id = numbered(number);
    entry.started_at = timestamp::from_seconds(start_seconds);
    entry.duration_ns = 60 * second_ns;
    entry.cost_status = cost_status::priced;
    entry.cost = money::from_pico(pico);
    return entry;
}
record outcome_of_cost(std::uint64_t number, std::int64_t pico) {
    record entry = intent_of_cost(number, pico);
    entry.kind = record_kind::outcome;
    entry.http_status = 200;
    return entry;
}
budget usd_total(std::string name, std::int64_t pico) {
    budget made;
    made.name = std::move(name);
    made.limit = pico;
    made.window.period = budget_period::total;
    return made;
}
template <class Ledger>
budget_state state_of(Ledger& of, std::string const& name) {
    auto const states = of.budget_states().value();
    for (budget_state const& state : states) {
        if (state.budget.name == name) return state;
    }
    BOOST_FAIL("no budget " + name);
    return {};
}
template <class Ledger>
bool is_let_through(Ledger& by, record const& intent) {
    return !by.admit(intent).value().refused;
}
template <class Ledger>
void set_time(Ledger& of) {
    of.time().set(timestamp::from_seconds(start_seconds));
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_attempt_that_might_pass_the_limit_is_refused_and_not_in_the_log) {
    for (budget_mode const mode : {budget_mode::shared, budget_mode::exclusive}) {
        auto ledger = basic_ledger<in_memory>::open({.budgets = mode}).value();
        set_time(ledger);
        BOOST_TEST(!ledger.has_budgets());
        BOOST_REQUIRE(ledger.set_budget(usd_total("purse", 100)).has_value());
        BOOST_TEST(ledger.has_budgets());
        auto const first = ledger.admit(intent_of_cost(1, 60)).value();
        BOOST_TEST(!first.refused);
        BOOST_TEST(value_of(first.number) == 2U);
        auto const second = ledger.admit(intent_of_cost(2, 41)).value();
        BOOST_REQUIRE(second.refused.has_value());
        BOOST_TEST(second.refused->budget == "purse");
        BOOST_TEST((second.refused->reason == refusal_reason::full));
        BOOST_TEST((second.refused->limit == 100 && second.refused->reserved == 60 &&
                    second.refused->asked == 41));
        BOOST_TEST(value_of(ledger.last_sequence().value()) == 2U);
        BOOST_TEST(is_let_through(ledger, intent_of_cost(3, 40)));
        // Their real cost is booked, the rest is given back.
        BOOST_REQUIRE(ledger.append(outcome_of_cost(1, 10)).has_value());
        BOOST_REQUIRE(ledger.append(outcome_of_cost(3, 0)).has_value());
        auto const state = state_of(ledger, "purse");
        BOOST_TEST((state.spent == 10 && state.reserved == 0 && state.left == 90));
        BOOST_TEST(is_let_through(ledger, intent_of_cost(4, 90)));
        BOOST_TEST(!is_let_through(ledger, intent_of_cost(5, 1)));
    }
}

BOOST_AUTO_TEST_CASE(without_a_budget_an_intent_is_only_appended) {
    auto ledger = basic_ledger<in_memory>::open({}).value();
    BOOST_TEST(is_let_through(ledger, intent_of_cost(1, 1'000'000)));
    BOOST_TEST(value_of(ledger.last_sequence().value()) == 1U);
    BOOST_TEST(ledger.budget_states().value().empty());
    BOOST_TEST((ledger.admit(outcome_of_cost(1, 1)).error().code == errc::bad_argument));
}

BOOST_AUTO_TEST_CASE(one_more_intent_of_an_attempt_extends_what_it_holds) {
    auto ledger = basic_ledger<in_memory>::open({}).value();
    set_time(ledger);
    BOOST_REQUIRE(ledger.set_budget(usd_total("purse", 100)).has_value());
    BOOST_TEST(is_let_through(ledger, intent_of_cost(1, 60)));
    BOOST_TEST(is_let_through(ledger, intent_of_cost(1, 90)));
    BOOST_TEST((state_of(ledger, "purse").reserved == 90));
    BOOST_TEST(!is_let_through(ledger, intent_of_cost(1, 101)));
    BOOST_TEST((state_of(ledger, "purse").reserved == 90));
    BOOST_REQUIRE(ledger.append(outcome_of_cost(1, 70)).has_value());
    BOOST_TEST((state_of(ledger, "purse").spent == 70));
    BOOST_TEST((state_of(ledger, "purse").reserved == 0));
}

BOOST_AUTO_TEST_CASE(a_budget_counts_what_the_log_had_of_its_window_before_it_was_set) {
    auto ledger = basic_ledger<in_memory>::open({.batch_records_max = 20}).value();
    set_time(ledger);
    for (std::uint64_t i = 0; i < 100; ++i)
        BOOST_REQUIRE(ledger.append(outcome_of_cost(i, 3)).has_value());
    BOOST_REQUIRE(ledger.append(intent_of_cost(100, 50)).has_value());  // open
    BOOST_REQUIRE(ledger.rotate().has_value());
    budget daily = usd_total("daily", 400);
    daily.window.period = budget_period::day;
    BOOST_REQUIRE(ledger.set_budget(daily).has_value());
    auto const state = state_of(ledger, "daily");
    BOOST_TEST((state.spent == 300 && state.reserved == 50));
    BOOST_TEST(!is_let_through(ledger, intent_of_cost(101, 51)));
    BOOST_REQUIRE(ledger.append(outcome_of_cost(100, 10)).has_value());
    BOOST_TEST(is_let_through(ledger, intent_of_cost(102, 51)));
    // A new limit keeps what was counted.
    daily.limit = 361;
    BOOST_REQUIRE(ledger.set_budget(daily).has_value());
    BOOST_TEST((state_of(ledger, "daily").left == 0));
    BOOST_REQUIRE(ledger.remove_budget("daily").has_value());
    BOOST_TEST(is_let_through(ledger, intent_of_cost(103, 1000)));
    BOOST_TEST((ledger.remove_budget("daily").error().code == errc::not_found));
}

BOOST_AUTO_TEST_CASE(a_bad_definition_changes_nothing) {
    auto ledger = basic_ledger<in_memory>::open({}).value();
    BOOST_TEST((ledger.set_budget(usd_total("purse", -1)).error().code == errc::bad_argument));
    BOOST_TEST((ledger.set_budget(usd_total("a b", 1)).error().code == errc::bad_argument));
    BOOST_TEST(value_of(ledger.last_sequence().value()) == 0U);
}

BOOST_AUTO_TEST_CASE(what_a_dead_process_held_stays_charged_until_it_is_settled) {
    for (budget_mode const mode : {budget_mode::shared, budget_mode::exclusive}) {
        temporary_directory const directory;
        ledger_options const options{.path = directory / "ledger", .budgets = mode};
        auto const status = run_in_child([&] {
            auto ledger = basic_ledger<on_disk>::open(options).value();
            set_time(ledger);
            if (!ledger.set_budget(usd_total("purse", 100))) return 1;
            if (!is_let_through(ledger, intent_of_cost(1, 80))) return 2;
            ::kill(::getpid(), SIGKILL);
            return 3;
        });
        BOOST_REQUIRE(status == -SIGKILL);
        auto ledger = basic_ledger<on_disk>::open(options).value();
        set_time(ledger);
        BOOST_TEST(ledger.has_budgets());
        BOOST_TEST((state_of(ledger, "purse").reserved == 80));
        BOOST_TEST(!is_let_through(ledger, intent_of_cost(2, 21)));
        BOOST_TEST(ledger.reconcile(timestamp::from_seconds(start_seconds)).value() == 0U);
        auto const open = ledger.open_reservations().value();
        BOOST_REQUIRE(open.size() == 1U);
        BOOST_TEST((open[0].operation == numbered(1)));
        BOOST_TEST((open[0].deadline == timestamp::from_seconds(start_seconds + 60)));
        auto const later = timestamp::from_seconds(start_seconds + 61);
        BOOST_TEST(ledger.reconcile(later).value() == 1U);
        BOOST_TEST(ledger.reconcile(later).value() == 0U);
        auto const state = state_of(ledger, "purse");
        BOOST_TEST((state.spent == 80 && state.reserved == 0 && state.open == 0));
        BOOST_TEST((ledger.report({}).value().sum.cost == money::from_pico(80)));
    }
}

BOOST_AUTO_TEST_CASE(processes_share_a_budget_by_the_log_alone) {
    temporary_directory const directory;
    ledger_options const options{.path = directory / "ledger"};
    shared_counter stage;
    auto const until = [&stage](std::uint64_t wanted) {
        while (stage.get() < wanted) std::this_thread::yield();
    };
    child_process other([&] {
        until(1);
        auto ledger = basic_ledger<on_disk>::open(options).value();
        set_time(ledger);
        if (!is_let_through(ledger, intent_of_cost(1, 50))) return 1;
        stage.set(2);
        until(3);  // the other one has 30 more, and has changed the limit
        if (is_let_through(ledger, intent_of_cost(2, 11))) return 2;
        if (!is_let_through(ledger, intent_of_cost(3, 10))) return 3;
        if (!ledger.append(outcome_of_cost(3, 0))) return 4;
        stage.set(4);
        until(5);
        return ledger.has_budgets() ? 0 : 5;
    });
    auto ledger = basic_ledger<on_disk>::open(options).value();
    set_time(ledger);
    BOOST_REQUIRE(ledger.set_budget(usd_total("purse", 100)).has_value());
    stage.set(1);
    until(2);
    BOOST_TEST(!is_let_through(ledger, intent_of_cost(10, 51)));
    BOOST_TEST(is_let_through(ledger, intent_of_cost(11, 30)));
    BOOST_REQUIRE(ledger.set_budget(usd_total("purse", 90)).has_value());
    stage.set(3);
    until(4);
    BOOST_TEST(is_let_through(ledger, intent_of_cost(12, 10)));
    BOOST_TEST((state_of(ledger, "purse").left == 0));
    stage.set(5);
    BOOST_TEST(other.wait() == 0);
}

BOOST_AUTO_TEST_CASE(the_first_budget_counts_at_once_though_another_process_sets_it) {
    for (budget_mode const mode : {budget_mode::shared, budget_mode::exclusive}) {
        temporary_directory const directory;
        ledger_options const options{.path = directory / "ledger", .budgets = mode};
        shared_counter opened;
        child_process other([&] {
            while (opened.get() == 0) std::this_thread::yield();
            auto second = basic_ledger<on_disk>::open({.path = options.path}).value();
            set_time(second);
            return second.set_budget(usd_total("purse", 100)) ? 0 : 1;
        });
        auto ledger = basic_ledger<on_disk>::open(options).value();
        set_time(ledger);
        BOOST_REQUIRE(ledger.append(outcome_of_cost(1, 30)).has_value());
        BOOST_TEST(!ledger.has_budgets());
        opened.set(1);
        BOOST_REQUIRE(other.wait() == 0);
        BOOST_TEST(ledger.has_budgets());
        BOOST_TEST(!is_let_through(ledger, intent_of_cost(2, 71)));
    }
}

BOOST_AUTO_TEST_CASE(who_decides_alone_lets_nobody_else_decide) {
    temporary_directory const directory;
    ledger_options options{.path = directory / "ledger", .budgets = budget_mode::exclusive};
    shared_counter opened;
    // Forked before this process has threads.
    child_process other([&] {
        while (opened.get() == 0) std::this_thread::yield();
        if (basic_ledger<on_disk>::open(options).error().code != errc::already_open) return 1;
        options.budgets = budget_mode::shared;
        auto second = basic_ledger<on_disk>::open(options).value();
        set_time(second);
        if (second.admit(intent_of_cost(1, 1)).error().code != errc::already_open) return 2;
        // What decides nothing may be done.
        if (!second.set_budget(usd_total("purse", 100))) return 3;
        if (!second.append(outcome_of_cost(2, 30))) return 4;
        return 0;
    });
    auto ledger = basic_ledger<on_disk>::open(options).value();
    set_time(ledger);
    opened.set(1);
    BOOST_REQUIRE(other.wait() == 0);
    BOOST_TEST(!is_let_through(ledger, intent_of_cost(3, 71)));
    BOOST_TEST(is_let_through(ledger, intent_of_cost(4, 70)));
}

BOOST_AUTO_TEST_CASE(what_budgets_came_to_outlives_rotation_retention_and_damage) {
    temporary_directory const directory;
    ledger_options const options{.path = directory / "ledger",
                                 .batch_records_max = 20,
                                 .rotation = {.segment_bytes = 1500},
                                 .rollup_save_records = 50};
    auto const spent = [&] {
        auto ledger = basic_ledger<on_disk>::open(options).value();
        set_time(ledger);
        auto const state = state_of(ledger, "purse");
        return std::pair(state.spent, state.reserved);
    };
    std::pair<int128, int128> const wanted{900, 70};
    {
        auto ledger = basic_ledger<on_disk>::open(options).value();
        set_time(ledger);
        BOOST_REQUIRE(ledger.set_budget(usd_total("purse", 5000)).has_value());
        BOOST_TEST(is_let_through(ledger, intent_of_cost(1000, 70)));
        for (std::uint64_t i = 1; i <= 300; ++i) {
            BOOST_REQUIRE(is_let_through(ledger, intent_of_cost(i, 5)));
            BOOST_REQUIRE(ledger.append(outcome_of_cost(i, 3), durability::relaxed).has_value());
        }
    }
    BOOST_TEST((spent() == wanted));
    {
        auto ledger = basic_ledger<on_disk>::open(options).value();
        ledger.time().set(timestamp::from_seconds(start_seconds + 10));
        // The segment of the attempt that is under way stays, and so do those after it.
        retention_policy policy;
        policy.bytes_max = 0;
        policy.segments_max = 100;
        BOOST_TEST(retain(ledger, policy).value().empty());
        ledger.time().set(timestamp::from_seconds(start_seconds + 100));
        BOOST_TEST(retain(ledger, policy).value().size() > 3U);
        BOOST_TEST(value_of(ledger.first_sequence().value()) > 500U);
    }
    BOOST_TEST((spent() == std::pair<int128, int128>{970, 0}));
    auto const change = [&](std::string_view key, std::string_view value) {
        auto store = lmdb_store::open({.path = directory / "ledger"}).value();
        BOOST_REQUIRE(store.write([&](auto& view) { return view.replace(table::meta, key, value); })
                          .has_value());
    };
    change(detail::meta_key::gate, "damaged");
    BOOST_TEST((spent() == std::pair<int128, int128>{970, 0}));
    // Nothing before the oldest segment is left but what it began with.
    {
        auto ledger = basic_ledger<on_disk>::open(options).value();
        ledger.time().set(timestamp::from_seconds(start_seconds + 200));
        retention_policy policy;
        policy.bytes_max = 0;
        for (int i = 0; i < 5; ++i) BOOST_REQUIRE(retain(ledger, policy).has_value());
        auto const there = ledger.store().segments().value();
        BOOST_REQUIRE(there.oldest == there.newest);
    }
    change(detail::meta_key::gate, "damaged");
    change(detail::meta_key::gate_base, "damaged");
    auto const damaged = basic_ledger<on_disk>::open(options);
    BOOST_REQUIRE(!damaged.has_value());
    BOOST_TEST((damaged.error().code == errc::corrupt));
}

BOOST_AUTO_TEST_CASE(damage_is_mended_while_the_log_has_all_of_it) {
    temporary_directory const directory;
    ledger_options const options{.path = directory / "ledger", .rollup_save_records = 10};
    {
        auto ledger = basic_ledger<on_disk>::open(options).value();
        set_time(ledger);
        BOOST_REQUIRE(ledger.set_budget(usd_total("purse", 100)).has_value());
        BOOST_TEST(is_let_through(ledger, intent_of_cost(1, 60)));
        BOOST_REQUIRE(ledger.save().has_value());
    }
    {
        auto store = lmdb_store::open({.path = directory / "ledger"}).value();
        BOOST_REQUIRE(store
                          .write([](auto& view) -> result<void> {
                              auto const there = view.get(table::meta, detail::meta_key::gate);
                              BOOST_REQUIRE(there.value().has_value());
                              std::string bytes(**there);
                              bytes.back() = static_cast<char>(bytes.back() ^ 1);
                              return view.replace(table::meta, detail::meta_key::gate, bytes);
                          })
                          .has_value());
    }
    auto ledger = basic_ledger<on_disk>::open(options).value();
    set_time(ledger);
    BOOST_TEST((state_of(ledger, "purse").reserved == 60));
}

BOOST_AUTO_TEST_CASE(threads_at_once_never_pass_the_limit) {
    for (budget_mode const mode : {budget_mode::shared, budget_mode::exclusive}) {
        auto ledger = basic_ledger<in_memory>::open({.budgets = mode}).value();
        set_time(ledger);
        BOOST_REQUIRE(ledger.set_budget(usd_total("purse", 1000)).has_value());
        std::atomic<int> admitted{0};
        std::vector<std::thread> threads;
        for (std::uint64_t thread = 0; thread < 8; ++thread) {
            threads.emplace_back([&, thread] {
                for (std::uint64_t i = 0; i < 60; ++i) {
                    auto const number = thread * 1000 + i + 1;
                    auto const when = i % 2 == 0 ? durability::relaxed : durability::committed;
                    auto const said = ledger.admit(intent_of_cost(number, 7), when);
                    if (!said || said->refused) continue;
                    ++admitted;
                    if (i % 3 != 0) static_cast<void>(ledger.append(outcome_of_cost(number, 2)));
                }
            });
        }
        for (std::thread& each : threads) each.join();
        BOOST_REQUIRE(ledger.flush().has_value());
        // No prefix of the log is over the limit.
        std::int64_t used = 0;
        int intents = 0;
        auto const read = ledger.read(sequence{1}, [&](sequence, record&& entry) {
            if (entry.kind == record_kind::intent) {
                used += 7;
                ++intents;
            }
            if (entry.kind == record_kind::outcome) used -= 5;
            BOOST_TEST(used <= 1000);
            return true;
        });
        BOOST_REQUIRE(read.has_value());
        BOOST_TEST(intents == admitted.load());
        BOOST_TEST(intents > 142);  // some of what was given back was used again
        auto const state = state_of(ledger, "purse");
        BOOST_TEST((state.spent + state.reserved == used));
    }
}

BOOST_AUTO_TEST_CASE(what_the_log_did_not_take_holds_nothing) {
    for (budget_mode const mode : {budget_mode::shared, budget_mode::exclusive}) {
        temporary_directory const directory;
        auto ledger =
            refusing_ledger::open({.path = directory / "ledger", .budgets = mode}).value();
        set_time(ledger);
        BOOST_REQUIRE(ledger.set_budget(usd_total("purse", 100)).has_value());
        refusing_store::refuses = true;
        BOOST_TEST((ledger.admit(intent_of_cost(1, 100)).error().code == errc::disk_full));
        // Nothing is held ahead that it could draw from: it waits for the log as well.
        auto const relaxed = ledger.admit(intent_of_cost(2, 100), durability::relaxed);
        BOOST_TEST((relaxed.error().code == errc::disk_full));
        refusing_store::refuses = false;
        BOOST_TEST((state_of(ledger, "purse").reserved == 0));
        BOOST_TEST(is_let_through(ledger, intent_of_cost(3, 100)));
    }
}

BOOST_AUTO_TEST_CASE(what_began_and_the_log_did_not_take_stays_held) {
    temporary_directory const directory;
    ledger_options const options{.path = directory / "ledger", .budgets = budget_mode::exclusive};
    {
        auto ledger = refusing_ledger::open(options).value();
        set_time(ledger);
        BOOST_REQUIRE(ledger.set_budget(usd_total("purse", 6'400)).has_value());
        auto const begins = [&ledger](std::uint64_t number) {
            auto const said = ledger.admit(intent_of_cost(number, 10), durability::relaxed);
            return said && !said->refused && value_of(said->number) == 0;
        };
        BOOST_TEST(!begins(1));  // it is in the log, and so is what is held ahead
        BOOST_TEST(begins(2));
        BOOST_TEST(begins(3));
        BOOST_REQUIRE(ledger.flush().has_value());
        refusing_store::refuses = true;
        BOOST_TEST(begins(4));
        BOOST_TEST((ledger.flush().error().code == errc::disk_full));
        refusing_store::refuses = false;
        auto const state = state_of(ledger, "purse");
        BOOST_TEST((state.reserved == 40));
        BOOST_TEST((state.advance == 70));
        BOOST_TEST(begins(5));
    }
    // What the log lacks may have been used, so nothing of it is given back.
    auto ledger = refusing_ledger::open(options).value();
    set_time(ledger);
    BOOST_TEST((state_of(ledger, "purse").reserved == 40));
    BOOST_TEST((state_of(ledger, "purse").advance == 70));
    auto const lost = ledger.lost_advances().value();
    BOOST_REQUIRE(lost.size() == 1U);
    BOOST_TEST((lost[0].amount == 70));
    BOOST_REQUIRE(ledger.write_off_advances({"ana", "none of it was used", ""}).has_value());
    BOOST_TEST((state_of(ledger, "purse").advance == 0));
}

BOOST_AUTO_TEST_CASE(who_closes_gives_back_what_was_held_ahead) {
    temporary_directory const directory;
    ledger_options const options{.path = directory / "ledger", .budgets = budget_mode::exclusive};
    {
        auto ledger = basic_ledger<on_disk>::open(options).value();
        set_time(ledger);
        BOOST_REQUIRE(ledger.set_budget(usd_total("purse", 6'400)).has_value());
        for (std::uint64_t number = 1; number < 6; ++number)
            BOOST_REQUIRE(
                ledger.admit(intent_of_cost(number, 10), durability::relaxed).has_value());
        BOOST_REQUIRE(ledger.flush().has_value());
        BOOST_TEST((state_of(ledger, "purse").advance > 0));
        auto intent = intent_of_cost(9, 10);
        intent.finish_reason = "advance";
        BOOST_TEST((ledger.admit(intent).error().code == errc::bad_argument));
    }
    auto ledger = basic_ledger<on_disk>::open(options).value();
    set_time(ledger);
    BOOST_TEST((state_of(ledger, "purse").advance == 0));
    BOOST_TEST((state_of(ledger, "purse").reserved == 50));
    BOOST_TEST(ledger.open_reservations().value().size() == 5U);
}

BOOST_AUTO_TEST_CASE(where_records_are_spilled_what_only_the_log_can_decide_fails) {
    temporary_directory const directory;
    std::filesystem::create_directory(directory / "spill");
    ledger_options options{.path = directory / "ledger"};
    options.log_failure = {.what = on_log_failure::spill, .spill_directory = directory / "spill"};
    auto ledger = refusing_ledger::open(options).value();
    set_time(ledger);
    BOOST_REQUIRE(ledger.set_budget(usd_total("purse", 100)).has_value());
    BOOST_REQUIRE(is_let_through(ledger, intent_of_cost(1, 60)));
    refusing_store::refuses = true;
    BOOST_TEST((ledger.admit(intent_of_cost(2, 1)).error().code == errc::disk_full));
    BOOST_TEST(value_of(ledger.append(outcome_of_cost(1, 10)).value()) == 0U);
    refusing_store::refuses = false;
    BOOST_TEST(is_let_through(ledger, intent_of_cost(3, 40)));
    auto const state = state_of(ledger, "purse");
    BOOST_TEST((state.spent == 10 && state.reserved == 40));
}

BOOST_AUTO_TEST_SUITE_END()
