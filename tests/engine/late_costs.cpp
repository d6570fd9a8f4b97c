// SPDX-License-Identifier: MIT
#include <aiaudit/engine/log_keys.hpp>
#include <aiaudit/late_costs.hpp>
#include <aiaudit/pricing/load.hpp>
#include <aiaudit/reprice.hpp>
#include <aiaudit/retain.hpp>
#include <aiaudit/templates.hpp>
#include <aiaudit/verify.hpp>

#include "engine/support/child_process.hpp"
#include "engine/support/ledger_testing.hpp"
#include "engine/support/temporary_directory.hpp"
#include "support/old_day_parts.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <map>
#include <random>
#include <thread>

BOOST_AUTO_TEST_SUITE(late_costs)

using namespace aiaudit;
using namespace aiaudit_tests;

namespace {

using disk_ledger = basic_ledger<on_disk>;

constexpr std::int64_t start_seconds = 1'790'000'000;  // 2026-09-21T14:13:20Z

operation_id id_of(std::size_t number) {
    operation_id id;
    for (std::size_t i = 0; i < 8; ++i)
        id.bytes[15 - i] = static_cast<std::uint8_t>((number + 1) >> (8 * i));
    return id;
}
std::string response_of(std::size_t number) { return "gen-" + std::to_string(number); }

record call_of(std::size_t number, cost_status status, std::int64_t pico) {
    record entry;
    entry.user = "user" + std::to_string(number % 5);
    entry.provider = "openrouter";
    entry.model_requested = "gpt-x";
    entry.started_at = timestamp::from_seconds(start_seconds + static_cast<std::int64_t>(number));
    entry.operation_id = id_of(number);
    entry.provider_request_id = response_of(number);
    entry.http_status = 200;
    entry.cost_status = status;
    entry.cost = money::from_pico(pico);
    return entry;
}
record bound_of(std::size_t number, std::int64_t pico, std::int64_t low) {
    record entry = call_of(number, cost_status::estimated, pico);
    entry.cost_low = money::from_pico(low);
    entry.usage.set(unit::output_tokens, 64'000, provenance::estimated);
    return entry;
}

// Three days; a third are bounds.
std::vector<record> random_calls(std::size_t count, unsigned seed) {
    std::mt19937_64 random(seed);
    std::vector<record> calls;
    for (std::size_t i = 0; i < count; ++i) {
        auto const pico = static_cast<std::int64_t>(random() % 5'000'000'000);
        record entry =
            random() % 3 == 0 ? bound_of(i, pico, pico / 7) : call_of(i, cost_status::priced, pico);
        entry.started_at =
            timestamp::from_seconds(start_seconds + static_cast<std::int64_t>(random() % 259'200));
        if (random() % 4 == 0) entry.tags = {{"team", "red"}, {"correction.by", "nobody"}};
        calls.push_back(std::move(entry));
    }
    return calls;
}

late_cost cost_of(std::size_t number, std::int64_t pico) {
    late_cost cost;
    cost.operation_id = id_of(number);
    cost.cost = money::from_pico(pico);
    cost.place = "costs:" + std::to_string(number);
    return cost;
}
late_cost_options by_ana() { return {"ana", "the usage page"}; }

// Of most of the bounds, by operation or response.
std::vector<late_cost> random_costs(std::vector<record> const& calls, unsigned seed) {
    std::mt19937_64 random(seed);
    std::vector<late_cost> costs;
    for (std::size_t i = 0; i < calls.size(); ++i) {
        if (calls[i].cost_status != cost_status::estimated || random() % 5 == 0) continue;
        late_cost cost = cost_of(i, static_cast<std::int64_t>(random() % 4'000'000'000));
        if (random() % 2 == 0) {
            cost.operation_id = {};
            cost.response = response_of(i);
        }
        costs.push_back(std::move(cost));
    }
    return costs;
}

// What reports must say, recounted by hand.
struct expected {
    money cost{};
    money low{};
    money estimated{};
    std::uint64_t unsure = 0;

    friend bool operator==(expected const&, expected const&) = default;
    friend std::ostream& operator<<(std::ostream& out, expected const& of) {
        return out << of.cost.to_string() << " at least " << of.low.to_string() << " estimated "
                   << of.estimated.to_string() << " unsure " << of.unsure;
    }
};
expected said_by(totals const& sum) {
    return {sum.cost, sum.cost_low(), sum.estimated.value(), sum.unsure};
}
using by_name = std::map<std::string, expected>;

template <class NameOf>
by_name recounted(std::vector<record> const& calls, std::vector<late_cost> const& costs,
                  NameOf const& name_of) {
    std::map<std::string, money> charges;
    for (late_cost const& cost : costs) charges[cost.place] = cost.cost;
    by_name all;
    for (std::size_t i = 0; i < calls.size(); ++i) {
        expected& sum = all[name_of(calls[i])];
        auto const charge = charges.find("costs:" + std::to_string(i));
        money const cost = charge == charges.end() ? calls[i].cost : charge->second;
        bool const is_bound =
            calls[i].cost_status == cost_status::estimated && charge == charges.end();
        sum.cost += cost;
        sum.low += is_bound ? calls[i].cost_low.value_or(money{}) : cost;
        if (!is_bound) continue;
        sum.estimated += cost;
        ++sum.unsure;
    }
    return all;
}
std::string user_of(record const& entry) { return entry.user; }
std::string day_of(record const& entry) { return time_zone{}.day_of(entry.started_at).to_string(); }

template <class Ledger>
void require_reports(Ledger& log, std::vector<record> const& calls,
                     std::vector<late_cost> const& costs) {
    by_name users;
    for (report_row const& row : log.report({report_kind::users, {}, {}, {}}).value().rows)
        users[std::string(row.names.user)] = said_by(row.sum);
    BOOST_TEST((users == recounted(calls, costs, user_of)));
    by_name days;
    for (report_row const& row : log.report({}).value().rows)
        days[row.day.to_string()] = said_by(row.sum);
    BOOST_TEST((days == recounted(calls, costs, day_of)));
}

disk_ledger open_at(temporary_directory const& directory) {
    ledger_options options;
    options.path = directory.path();
    auto log = disk_ledger::open(options).value();
    log.time().set(timestamp::from_seconds(start_seconds + 259'000));
    return log;
}
template <class Ledger>
void append_each(Ledger& log, std::vector<record> const& entries) {
    for (record const& entry : entries)
        BOOST_REQUIRE(log.append(entry, durability::relaxed).has_value());
    BOOST_REQUIRE(log.flush().has_value());
}

price_book some_book() {
    return load_price_book(R"({"gpt-x":{"litellm_provider":"openrouter","mode":"chat",
                               "input_cost_per_token":1e-6,"output_cost_per_token":4e-6}})",
                           "book")
        .value();
}

}  // namespace

BOOST_AUTO_TEST_CASE(reports_say_the_late_cost_and_no_range_and_the_records_stay) {
    temporary_directory const directory;
    auto const calls = random_calls(3000, 1);
    auto const costs = random_costs(calls, 2);
    std::uint64_t const end = calls.size() + costs.size();
    totals recorded;
    {
        disk_ledger log = open_at(directory);
        append_each(log, calls);
        BOOST_REQUIRE(log.save().has_value());
        recorded = log.report({}).value().sum;
        require_reports(log, calls, {});
        late_cost_result const done = correct_costs(log, costs, by_ana()).value();
        BOOST_TEST(done.corrections == costs.size());
        BOOST_TEST(value_of(done.first) == calls.size() + 1);
        BOOST_TEST((done.change == log.report({}).value().sum.cost - recorded.cost));
        require_reports(log, calls, costs);
        // The same again says nothing new, and neither does another book.
        late_cost_result const again = correct_costs(log, costs, by_ana()).value();
        BOOST_TEST(again.corrections == 0U);
        BOOST_TEST(again.unchanged == costs.size());
        repricing const priced = reprice(log, some_book(), {{}, true, "ana", "why"}).value();
        BOOST_TEST(priced.corrections == 0U);
        BOOST_TEST(value_of(log.last_sequence().value()) == end);
    }
    disk_ledger log = open_at(directory);
    require_reports(log, calls, costs);
    BOOST_REQUIRE(log.save().has_value());
    require_reports(log, calls, costs);
    BOOST_TEST((as_recorded(log.report({}).value()).sum == recorded));
    auto const sound = verify(log, verification_request{}).value();
    BOOST_TEST(sound.sound());
    std::size_t number = 0;
    BOOST_REQUIRE(log.read(sequence{1},
                           [&](sequence, record&& entry) {
                               if (number < calls.size())
                                   BOOST_REQUIRE((entry == calls[number]));
                               else
                                   BOOST_REQUIRE((entry.kind == record_kind::correction));
                               ++number;
                               return true;
                           })
                      .has_value());
    BOOST_TEST(number == end);
}

BOOST_AUTO_TEST_CASE(another_cost_later_counts_in_place_of_the_one_before) {
    temporary_directory const directory;
    std::vector<record> const calls{bound_of(0, 2'000'000, 3'000), bound_of(1, 700, 100)};
    {
        disk_ledger log = open_at(directory);
        append_each(log, calls);
        BOOST_TEST(correct_costs(log, {cost_of(0, 5'000)}, by_ana()).value().corrections == 1U);
    }
    disk_ledger log = open_at(directory);
    // Less than the least: the provider is right.
    late_cost_result const less = correct_costs(log, {cost_of(0, 2'000)}, by_ana()).value();
    BOOST_TEST(less.corrections == 1U);
    BOOST_TEST((less.change == money::from_pico(-3'000)));
    BOOST_TEST((less.below == std::vector<std::string>{"costs:0"}));
    require_reports(log, calls, {cost_of(0, 2'000)});
    // A charge that is the bound itself narrows all the same, and more than the bound counts.
    BOOST_TEST(correct_costs(log, {cost_of(1, 700), cost_of(0, 9'000'000)}, by_ana())
                   .value()
                   .corrections == 2U);
    require_reports(log, calls, {cost_of(0, 9'000'000), cost_of(1, 700)});
    BOOST_TEST((log.report({}).value().sum.estimated == money_parts{}));
    BOOST_TEST((log.report({}).value().sum.margin == money_parts{}));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_corrected_is_named_and_nothing_is_appended) {
    temporary_directory const directory;
    disk_ledger log = open_at(directory);
    std::vector<record> calls{bound_of(0, 900, 100)};
    calls.push_back(call_of(1, cost_status::priced, 5));
    calls.push_back(call_of(2, cost_status::priced, 5));
    calls.back().price_basis = price_basis::provider;
    calls.push_back(call_of(3, cost_status::no_charge, 0));
    calls.push_back(call_of(4, cost_status::unknown, 0));
    calls.push_back(bound_of(5, 900, 100));
    calls.back().kind = record_kind::intent;
    calls.push_back(bound_of(6, 900, 100));  // of one operation, two attempts
    calls.push_back(bound_of(6, 900, 100));
    calls.back().attempt = 2;
    calls.push_back(bound_of(8, 900, 100));
    calls.back().operation_id = {};
    calls.push_back(bound_of(9, 900, 100));  // settled, and then it ended
    calls.push_back(call_of(9, cost_status::priced, 300));
    append_each(log, calls);
    auto const refuses = [&](std::vector<late_cost> costs, std::string const& reason) {
        costs.insert(costs.begin(), cost_of(0, 7));  // which alone would do
        auto const refused = correct_costs(log, costs, by_ana());
        BOOST_REQUIRE(!refused.has_value());
        BOOST_TEST((refused.error().code == errc::bad_argument));
        BOOST_TEST(refused.error().where.find(costs.back().place + ": ") == 0U,
                   refused.error().where);
        BOOST_TEST(refused.error().where.find(reason) != std::string::npos, refused.error().where);
        BOOST_TEST(value_of(log.last_sequence().value()) == calls.size());
    };
    auto const by_response = [](std::size_t number) {
        late_cost cost = cost_of(number, 7);
        cost.operation_id = {};
        cost.response = response_of(number);
        return cost;
    };
    refuses({cost_of(1, 7)}, "aiaudit reprice");
    refuses({cost_of(2, 7)}, "provider's own charge");
    refuses({by_response(2)}, "gen-2 has the provider's own charge");
    refuses({cost_of(3, 7)}, "cost nothing");
    refuses({cost_of(4, 7)}, "no known cost");
    refuses({cost_of(5, 7)}, "still open");
    refuses({cost_of(6, 7)}, id_of(6).to_string() + ":2");
    refuses({by_response(6)}, "several attempts");
    refuses({by_response(8)}, "no operation");
    refuses({cost_of(9, 7)}, "two outcomes");
    refuses({by_response(9)}, "two outcomes");
    refuses({cost_of(7, 7)}, "is not in the log");
    refuses({cost_of(0, 7)}, "named twice, before at costs:0");
    refuses({by_response(0)}, "named twice");
    refuses({cost_of(0, -1)}, "below 0");
    late_cost nameless = cost_of(0, 7);
    nameless.operation_id = {};
    refuses({nameless}, "is no id");
    late_cost second = cost_of(6, 7);
    second.attempt = 3;
    refuses({second}, ":3 is not in the log");
    second.attempt = 2;
    BOOST_TEST(correct_costs(log, {cost_of(0, 7), second}, by_ana()).value().corrections == 2U);
    BOOST_TEST((correct_costs(log, std::vector<late_cost>(late_costs_max + 1, second), by_ana())
                    .error()
                    .code == errc::too_large));
}

BOOST_AUTO_TEST_CASE(the_attempt_that_was_cut_is_the_one_of_several) {
    temporary_directory const directory;
    disk_ledger log = open_at(directory);
    record refused = call_of(0, cost_status::no_charge, 0);
    refused.http_status = 429;
    record cut = bound_of(0, 900, 100);
    cut.attempt = 2;
    append_each(log, {refused, cut});
    BOOST_TEST(correct_costs(log, {cost_of(0, 300)}, by_ana()).value().corrections == 1U);
    BOOST_TEST((said_by(log.report({}).value().sum) ==
                expected{money::from_pico(300), money::from_pico(300), {}, 0}));
    bool found = false;
    BOOST_REQUIRE(log.read(sequence{3},
                           [&](sequence, record&& entry) {
                               found = true;
                               BOOST_TEST((entry.operation_id == cut.operation_id));
                               BOOST_TEST(entry.attempt == 2U);
                               BOOST_TEST((entry.started_at == cut.started_at));
                               BOOST_TEST((entry.provider_cost == money::from_pico(300)));
                               BOOST_TEST((entry.cost == money::from_pico(-600)));
                               BOOST_TEST((entry.cost_low == money::from_pico(200)));
                               return true;
                           })
                      .has_value());
    BOOST_TEST(found);
}

BOOST_AUTO_TEST_CASE(budgets_get_back_what_was_held_too_much) {
    temporary_directory const directory;
    auto const dollars = [](std::int64_t count) { return count * 1'000'000'000'000; };
    auto const spent_of = [](disk_ledger& log) {
        std::map<std::string, int128> spent;
        for (budget_state const& each : log.budget_states().value())
            spent[each.budget.name + " " + each.subject] = each.spent;
        return spent;
    };
    record cut = bound_of(258'000, dollars(2), dollars(0));
    record before = bound_of(1, dollars(3), dollars(0));  // of another day
    cut.user = before.user = "ana";
    auto const check = [&](disk_ledger& log) {
        auto const spent = spent_of(log);
        BOOST_TEST((spent.at("all everyone") == dollars(2)));
        BOOST_TEST((spent.at("today user=ana") == dollars(1)));
    };
    {
        disk_ledger log = open_at(directory);
        budget definition;
        definition.name = "all";
        definition.limit = dollars(6);
        definition.window.period = budget_period::total;
        BOOST_REQUIRE(log.set_budget(definition).has_value());
        definition.name = "today";
        definition.scope = {budget_dimension::user, true, {}, {}};
        definition.window.period = budget_period::day;
        BOOST_REQUIRE(log.set_budget(definition).has_value());
        for (record entry : {before, cut}) {
            record intent = entry;
            intent.kind = record_kind::intent;
            BOOST_REQUIRE(log.admit(intent).has_value());
            BOOST_REQUIRE(log.append(entry).has_value());
        }
        BOOST_TEST((spent_of(log).at("all everyone") == dollars(5)));
        late_cost const first = cost_of(1, dollars(1));
        late_cost const second = cost_of(258'000, dollars(1));
        BOOST_REQUIRE(correct_costs(log, {first, second}, by_ana()).has_value());
        check(log);
        BOOST_REQUIRE(correct_costs(log, {first, second}, by_ana()).has_value());
        check(log);
        BOOST_REQUIRE(log.save().has_value());
    }
    disk_ledger log = open_at(directory);
    check(log);
}

BOOST_AUTO_TEST_CASE(a_kill_in_the_middle_leaves_all_late_costs_or_none) {
    std::mt19937_64 random(3);
    auto const calls = random_calls(3000, 4);
    auto const costs = random_costs(calls, 5);
    int none = 0;
    int all = 0;
    std::int64_t longest_us = 100'000;
    for (int round = 0; round < 16; ++round) {
        temporary_directory const directory;
        {
            disk_ledger log = open_at(directory);
            append_each(log, calls);
        }
        shared_counter begun;
        child_process child([&] {
            disk_ledger log = open_at(directory);
            begun.set(1);
            bool const done = correct_costs(log, costs, by_ana()).has_value();
            begun.set(2);
            return done ? 0 : 1;
        });
        while (begun.get() == 0) std::this_thread::yield();
        auto const wait =
            std::chrono::microseconds(static_cast<std::int64_t>(random() >> 1) % longest_us);
        auto const since = std::chrono::steady_clock::now();
        while (std::chrono::steady_clock::now() - since < wait && begun.get() != 2)
            std::this_thread::yield();
        if (begun.get() == 2) longest_us = (std::max)(longest_us * 2 / 3, std::int64_t{500});
        child.kill();
        disk_ledger log = open_at(directory);
        std::uint64_t const end = value_of(log.last_sequence().value());
        bool const is_none = end == calls.size();
        BOOST_REQUIRE((is_none || end == calls.size() + costs.size()));
        require_reports(log, calls, is_none ? std::vector<late_cost>{} : costs);
        ++(is_none ? none : all);
        // Whatever it was, the next run makes it whole, once.
        BOOST_REQUIRE(correct_costs(log, costs, by_ana()).has_value());
        BOOST_TEST(value_of(log.last_sequence().value()) == calls.size() + costs.size());
        require_reports(log, calls, costs);
    }
    BOOST_TEST_MESSAGE(none << " killed before, " << all << " after the commit");
    BOOST_TEST(none > 0);
}

BOOST_AUTO_TEST_CASE(a_dropped_call_is_told_to_be_dropped) {
    temporary_directory const directory;
    disk_ledger log = open_at(directory);
    append_each(log, {bound_of(0, 900, 100)});
    BOOST_REQUIRE(log.rotate().has_value());
    append_each(log, {bound_of(200'000, 900, 100)});
    retention_policy policy;
    policy.age_max = std::chrono::hours(24);
    BOOST_REQUIRE(retain(log, policy).value().size() == 1U);
    auto const refused = correct_costs(log, {cost_of(0, 5)}, by_ana());
    BOOST_REQUIRE(!refused.has_value());
    BOOST_TEST(refused.error().where.find("retention") != std::string::npos);
    BOOST_TEST(correct_costs(log, {cost_of(200'000, 5)}, by_ana()).value().corrections == 1U);
    BOOST_TEST((log.report({}).value().sum.cost == money::from_pico(905)));
}

BOOST_AUTO_TEST_CASE(a_day_that_does_not_tell_bounds_apart_keeps_its_ranges) {
    temporary_directory const directory;
    record old = bound_of(0, 900, 100);
    old.started_at = timestamp::parse("2026-03-01T12:00:00Z").value();
    {
        disk_ledger log = open_at(directory);
        append_each(log, {old, bound_of(1, 900, 100)});
        BOOST_REQUIRE(log.save().has_value());
    }
    {
        auto store = lmdb_store::open({.path = directory.path()}).value();
        auto const replaced = store.write([](auto& view) -> result<void> {
            std::string first;  // the key of the older day
            auto const scanned =
                view.scan(table::snapshots, {}, [&](std::string_view key, std::string_view) {
                    first = key;
                    return false;
                });
            if (!scanned) return scanned;
            // That version did not say where parts stand.
            if (auto ok = view.erase(table::meta, detail::meta_key::parts); !ok) return ok;
            return view.replace(table::snapshots, first, bytes_of(version_1_part));
        });
        BOOST_REQUIRE(replaced.has_value());
    }
    disk_ledger log = open_at(directory);
    BOOST_TEST(log.report({}).value().sum.unsplit == 3U);
    auto const refused = correct_costs(log, {cost_of(1, 5), cost_of(0, 5)}, by_ana());
    BOOST_REQUIRE(!refused.has_value());
    BOOST_TEST(refused.error().where.find("costs:0: ") == 0U);
    BOOST_TEST(refused.error().where.find("an earlier version") != std::string::npos);
    BOOST_TEST(value_of(log.last_sequence().value()) == 2U);
    BOOST_TEST(correct_costs(log, {cost_of(1, 5)}, by_ana()).value().corrections == 1U);
}

BOOST_AUTO_TEST_CASE(while_another_process_corrects_there_are_no_late_costs) {
    temporary_directory const directory;
    disk_ledger log = open_at(directory);
    append_each(log, {bound_of(0, 900, 100)});
    auto const held = detail::lock_corrections(directory.path());
    BOOST_REQUIRE(held.has_value());
    BOOST_TEST((correct_costs(log, {cost_of(0, 5)}, by_ana()).error().code == errc::already_open));
}

BOOST_AUTO_TEST_SUITE_END()
