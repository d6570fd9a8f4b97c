// SPDX-License-Identifier: MIT
#include <aiaudit/pricing/load.hpp>
#include <aiaudit/reprice.hpp>
#include <aiaudit/retain.hpp>
#include <aiaudit/templates.hpp>
#include <aiaudit/verify.hpp>

#include "engine/support/child_process.hpp"
#include "engine/support/ledger_testing.hpp"
#include "engine/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <map>
#include <random>
#include <thread>

BOOST_AUTO_TEST_SUITE(late_prices)

using namespace aiaudit;
using namespace aiaudit_tests;

namespace {

using disk_ledger = basic_ledger<on_disk>;

constexpr std::int64_t start_seconds = 1'790'000'000;  // 2026-09-21T14:13:20Z

// Dollars for a million tokens of input and of output.
price_book book_of(std::string const& model, std::string const& input, std::string const& output) {
    return load_price_book("{\"" + model +
                               "\":{\"litellm_provider\":\"openai\",\"mode\":\"chat\","
                               "\"input_cost_per_token\":" +
                               input + "e-6,\"output_cost_per_token\":" + output + "e-6}}",
                           "book")
        .value();
}

digest some_book() {
    digest revision{};
    revision.bytes[0] = 7;
    return revision;
}

record attempt_at(std::int64_t seconds, std::string user, std::uint64_t input, std::uint64_t output,
                  std::int64_t pico) {
    record entry;
    entry.user = std::move(user);
    entry.provider = "openai";
    entry.model_requested = "gpt-x";
    entry.started_at = timestamp::from_seconds(start_seconds + seconds);
    entry.usage.set(unit::input_tokens, input);
    entry.usage.set(unit::output_tokens, output);
    entry.http_status = 200;
    entry.cost_status = cost_status::priced;
    entry.cost = money::from_pico(pico);
    entry.price_book = some_book();
    entry.price_entry = "gpt-x";
    return entry;
}

reprice_options applying(bool apply = true) { return {{}, apply, "ana", "the invoice says so"}; }

// Three days of five users; some unpriced, some stale, some bounds.
std::vector<record> random_attempts(std::size_t count, unsigned seed) {
    std::mt19937_64 random(seed);
    std::vector<record> attempts;
    for (std::size_t i = 0; i < count; ++i) {
        record entry = attempt_at(static_cast<std::int64_t>(random() % 259'200),
                                  "user" + std::to_string(random() % 5), random() % 5000,
                                  random() % 900, static_cast<std::int64_t>(random() % 5'000'000));
        if (random() % 4 == 0) entry.model_requested = "gpt-other";
        if (random() % 7 == 0) entry.tags = {{"team", random() % 2 == 0 ? "red" : "blue"}};
        if (random() % 9 == 0) {
            entry.cost_status = cost_status::unpriced;
            entry.cost = {};
            entry.price_book = {};
        } else if (random() % 9 == 0) {
            entry.price_basis = price_basis::stale;
        } else if (random() % 9 == 0) {
            entry.cost_status = cost_status::estimated;
        }
        attempts.push_back(std::move(entry));
    }
    return attempts;
}

// By hand: what a record costs at two prices for a million tokens in whole dollars.
money at_prices(record const& entry, std::int64_t input, std::int64_t output) {
    auto const tokens = [&entry](unit counted) {
        return static_cast<std::int64_t>(entry.usage.count(counted));
    };
    return money::from_pico(static_cast<int128>(tokens(unit::input_tokens)) * input * 1'000'000 +
                            static_cast<int128>(tokens(unit::output_tokens)) * output * 1'000'000);
}

bool is_repriced(record const& entry) {
    return entry.model_requested == "gpt-x" && entry.cost_status != cost_status::estimated;
}

struct expected {
    std::map<std::string, money> by_user{};
    std::map<std::string, money> by_day{};
    money cost{};
    std::uint64_t uncosted = 0;
    std::uint64_t unsure = 0;
};
expected recounted(std::vector<record> const& entries, std::int64_t input, std::int64_t output) {
    expected sums;
    for (record const& entry : entries) {
        bool const priced_anew = is_repriced(entry);
        money const cost = priced_anew ? at_prices(entry, input, output) : entry.cost;
        sums.cost += cost;
        sums.by_user[entry.user] += cost;
        sums.by_day[time_zone{}.day_of(entry.started_at).to_string()] += cost;
        if (!priced_anew && entry.cost_status == cost_status::unpriced) ++sums.uncosted;
        if (!priced_anew && totals::is_unsure(entry)) ++sums.unsure;
    }
    return sums;
}
template <class Ledger>
void require_reports(Ledger& log, expected const& wanted) {
    report const daily = log.report({}).value();
    BOOST_TEST((daily.sum.cost == wanted.cost));
    BOOST_TEST(daily.sum.uncosted == wanted.uncosted);
    BOOST_TEST(daily.sum.unsure == wanted.unsure);
    for (report_row const& row : daily.rows)
        BOOST_TEST((row.sum.cost == wanted.by_day.at(row.day.to_string())));
    report const users = log.report({report_kind::users, {}, {}, {}}).value();
    BOOST_TEST(users.rows.size() == wanted.by_user.size());
    for (report_row const& row : users.rows)
        BOOST_TEST((row.sum.cost == wanted.by_user.at(std::string(row.names.user))));
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

money spent_of(disk_ledger& log, std::string_view name) {
    for (budget_state const& each : log.budget_states().value()) {
        if (each.budget.name == name) return money::from_pico(each.spent);
    }
    return {};
}

}  // namespace

BOOST_AUTO_TEST_CASE(after_corrections_reports_say_what_the_book_says_and_the_records_stay) {
    temporary_directory const directory;
    auto const entries = random_attempts(4000, 1);
    price_book const book = book_of("gpt-x", "3", "12");
    expected const before = recounted({}, 0, 0);
    BOOST_TEST((before.cost == money{}));
    std::uint64_t corrections = 0;
    totals recorded;
    {
        disk_ledger log = open_at(directory);
        append_each(log, entries);
        recorded = log.report({}).value().sum;

        repricing const looked = reprice(log, book, applying(false)).value();
        BOOST_TEST(value_of(log.last_sequence().value()) == entries.size());
        BOOST_TEST(looked.corrections > 0U);
        repricing const applied = reprice(log, book, applying()).value();
        BOOST_TEST(applied.corrections == looked.corrections);
        corrections = applied.corrections;
        BOOST_TEST(value_of(applied.first) == entries.size() + 1);
        BOOST_TEST(value_of(log.last_sequence().value()) == entries.size() + corrections);
        require_reports(log, recounted(entries, 3, 12));

        // The same again changes nothing; another book, and this one again, do.
        BOOST_TEST(reprice(log, book, applying()).value().corrections == 0U);
        BOOST_TEST(value_of(log.last_sequence().value()) == entries.size() + corrections);
        price_book const other = book_of("gpt-x", "1", "5");
        BOOST_TEST(reprice(log, other, applying()).value().corrections > 0U);
        require_reports(log, recounted(entries, 1, 5));
        BOOST_TEST(reprice(log, book, applying()).value().corrections > 0U);
    }
    disk_ledger log = open_at(directory);
    require_reports(log, recounted(entries, 3, 12));
    BOOST_REQUIRE(log.save().has_value());
    require_reports(log, recounted(entries, 3, 12));
    totals const again = as_recorded(log.report({}).value()).sum;
    BOOST_TEST((again == recorded));
    std::size_t number = 0;
    BOOST_REQUIRE(log.read(sequence{1},
                           [&](sequence, record&& entry) {
                               if (number < entries.size())
                                   BOOST_REQUIRE((entry == entries[number]));
                               else
                                   BOOST_REQUIRE((entry.kind == record_kind::correction));
                               ++number;
                               return true;
                           })
                      .has_value());
    auto const sound = verify(log, verification_request{}).value();
    BOOST_TEST(sound.sound());
    for (std::string const& finding : sound.findings) BOOST_TEST_MESSAGE(finding);
}

BOOST_AUTO_TEST_CASE(what_no_book_can_tell_is_left_alone_and_named) {
    temporary_directory const directory;
    disk_ledger log = open_at(directory);
    std::vector<record> entries(8, attempt_at(0, "ana", 100, 10, 500));
    entries[1].provider_cost = money::from_pico(77);  // what an import says beside the cost
    entries[2].price_basis = price_basis::provider;
    entries[3].price_book = {};  // a cost from elsewhere
    entries[4].cost_status = cost_status::no_charge;
    entries[5].cost_status = cost_status::estimated;
    entries[6].cost_status = cost_status::unknown;
    entries[7].model_requested = "gpt-nobody-knows";
    append_each(log, entries);
    repricing const found = reprice(log, book_of("gpt-x", "3", "12"), applying()).value();
    auto const left = [&found](left_alone why) {
        return found.left[static_cast<std::size_t>(why)];
    };
    BOOST_TEST(left(left_alone::own_charge) == 2U);
    BOOST_TEST(left(left_alone::no_charge) == 1U);
    BOOST_TEST(left(left_alone::bound) == 1U);
    BOOST_TEST(left(left_alone::no_usage) == 1U);
    BOOST_TEST(left(left_alone::not_priced) == 1U);
    BOOST_REQUIRE(found.unknown.size() == 1U);
    BOOST_TEST(found.unknown.begin()->first == "openai/gpt-nobody-knows");
    BOOST_REQUIRE(found.groups.size() == 1U);
    repriced_sums const& sums = found.groups.begin()->second;
    BOOST_TEST(sums.records == 2U);
    BOOST_TEST((sums.reported == money::from_pico(1000)));
    BOOST_TEST((sums.repriced == money::from_pico(840'000'000)));
    BOOST_TEST((log.report({}).value().sum.cost == money::from_pico(6 * 500 + 840'000'000)));
}

BOOST_AUTO_TEST_CASE(days_that_are_not_asked_for_stay_as_they_are) {
    temporary_directory const directory;
    disk_ledger log = open_at(directory);
    auto const entries = random_attempts(500, 2);
    append_each(log, entries);
    reprice_options one_day = applying();
    one_day.days.first = one_day.days.last =
        time_zone{}.day_of(timestamp::from_seconds(start_seconds)).plus(1);
    BOOST_REQUIRE(reprice(log, book_of("gpt-x", "3", "12"), one_day).has_value());
    expected const wanted = recounted(entries, 3, 12);
    for (report_row const& row : log.report({}).value().rows) {
        money const now = row.sum.cost;
        if (row.day == one_day.days.first)
            BOOST_TEST((now == wanted.by_day.at(row.day.to_string())));
        else
            BOOST_TEST((now == row.sum.as_recorded().cost));
    }
}

BOOST_AUTO_TEST_CASE(corrections_change_what_budgets_have_spent_each_once) {
    temporary_directory const directory;
    std::vector<record> const entries{
        attempt_at(258'900, "ana", 1'000'000, 0, 5'000'000'000'000),  // dear: 5 in place of 3
        attempt_at(258'950, "ben", 1'000'000, 0, 1'000'000'000'000),  // cheap: 1 in place of 3
        [] {
            record entry = attempt_at(258'960, "ben", 1'000'000, 0, 0);
            entry.cost_status = cost_status::unpriced;
            entry.tags = {{"team", "red"}, {"correction.by", "nobody"}};
            return entry;
        }(),
        attempt_at(100, "ana", 1'000'000, 0, 7'000'000'000'000),  // of another day
    };
    auto const dollars = [](std::int64_t count) {
        return money::from_pico(static_cast<int128>(count) * 1'000'000'000'000);
    };
    auto const set = [&dollars](disk_ledger& log, std::string name, budget_scope scope,
                                budget_period period, std::uint32_t hours = 0) {
        budget definition;
        definition.name = std::move(name);
        definition.limit = dollars(100).pico();
        definition.scope = std::move(scope);
        definition.window.period = period;
        definition.window.hours = hours;
        BOOST_REQUIRE(log.set_budget(definition).has_value());
    };
    budget_scope const each_user{budget_dimension::user, true, {}, {}};
    auto const check = [&](disk_ledger& log) {
        BOOST_TEST((spent_of(log, "all") == dollars(3 * 4)));
        BOOST_TEST((spent_of(log, "today") == dollars(3 * 3)));
        BOOST_TEST((spent_of(log, "hour") == dollars(3 * 3)));
        BOOST_TEST((spent_of(log, "red") == dollars(3)));
        money ana;
        money ben;
        for (budget_state const& each : log.budget_states().value()) {
            if (each.budget.name != "users") continue;
            (each.subject == "user=ana" ? ana : ben) = money::from_pico(each.spent);
        }
        BOOST_TEST((ana == dollars(3)));
        BOOST_TEST((ben == dollars(6)));
    };
    auto const set_all = [&](disk_ledger& log) {
        set(log, "all", {}, budget_period::total);
        set(log, "today", {}, budget_period::day);
        set(log, "hour", {}, budget_period::rolling, 1);
        set(log, "users", each_user, budget_period::day);
        set(log, "red", {budget_dimension::tag, false, "red", "team"}, budget_period::total);
    };
    {
        disk_ledger log = open_at(directory);
        set_all(log);
        append_each(log, entries);
        BOOST_TEST((spent_of(log, "all") == dollars(13)));
        BOOST_TEST(reprice(log, book_of("gpt-x", "3", "12"), applying()).value().corrections == 4U);
        check(log);
        BOOST_TEST(reprice(log, book_of("gpt-x", "3", "12"), applying()).value().corrections == 0U);
        check(log);
        BOOST_REQUIRE(log.save().has_value());
    }
    disk_ledger log = open_at(directory);
    check(log);
    // A budget that is defined later counts what is corrected.
    for (char const* const name : {"all", "today", "hour", "users", "red"})
        BOOST_REQUIRE(log.remove_budget(name).has_value());
    set_all(log);
    check(log);
}

BOOST_AUTO_TEST_CASE(a_kill_in_the_middle_leaves_all_corrections_or_none) {
    std::mt19937_64 random(3);
    auto const entries = random_attempts(3000, 4);
    price_book const book = book_of("gpt-x", "3", "12");
    money const as_before = [&] {
        money sum;
        for (record const& entry : entries) sum += entry.cost;
        return sum;
    }();
    expected const after = recounted(entries, 3, 12);
    int none = 0;
    int all = 0;
    std::int64_t longest_us = 200'000;
    for (int round = 0; round < 24; ++round) {
        temporary_directory const directory;
        {
            disk_ledger log = open_at(directory);
            append_each(log, entries);
        }
        shared_counter begun;
        child_process child([&] {
            disk_ledger log = open_at(directory);
            begun.set(1);
            bool const done = reprice(log, book, applying()).has_value();
            begun.set(2);
            return done ? 0 : 1;
        });
        while (begun.get() == 0) std::this_thread::yield();
        auto const wait =
            std::chrono::microseconds(static_cast<std::int64_t>(random() >> 1) % longest_us);
        auto const since = std::chrono::steady_clock::now();
        while (std::chrono::steady_clock::now() - since < wait && begun.get() != 2)
            std::this_thread::yield();
        // Not too late, whatever the machine: a half of the kills is to come before the end.
        if (begun.get() == 2) longest_us = (std::max)(longest_us * 2 / 3, std::int64_t{500});
        child.kill();
        disk_ledger log = open_at(directory);
        money const now = log.report({}).value().sum.cost;
        bool const is_none = now == as_before;
        BOOST_REQUIRE((is_none || now == after.cost));
        ++(is_none ? none : all);
        // Whatever it was, the next run makes it whole, once.
        BOOST_REQUIRE(reprice(log, book, applying()).has_value());
        require_reports(log, after);
    }
    BOOST_TEST_MESSAGE(none << " killed before, " << all << " after the commit");
    BOOST_TEST(none > 0);
}

BOOST_AUTO_TEST_CASE(days_of_which_records_were_dropped_are_not_priced_again) {
    temporary_directory const directory;
    disk_ledger log = open_at(directory);
    append_each(log, {attempt_at(0, "ana", 10, 1, 5)});
    BOOST_REQUIRE(log.rotate().has_value());
    append_each(log, {attempt_at(172'800, "ana", 10, 1, 5)});
    retention_policy policy;
    policy.age_max = std::chrono::hours(24);
    BOOST_REQUIRE(retain(log, policy).value().size() == 1U);
    price_book const book = book_of("gpt-x", "3", "12");
    auto const refused = reprice(log, book, applying());
    BOOST_REQUIRE(!refused.has_value());
    BOOST_TEST((refused.error().code == errc::bad_argument));
    BOOST_TEST(refused.error().where.find("2026-09-21") != std::string::npos);
    reprice_options later = applying();
    later.days.first = civil_day::parse("2026-09-22").value();
    BOOST_TEST(reprice(log, book, later).value().corrections == 1U);
    BOOST_TEST((log.report({}).value().sum.cost == money::from_pico(5 + 42'000'000)));
}

BOOST_AUTO_TEST_CASE(one_process_at_a_time_corrects) {
    temporary_directory const directory;
    disk_ledger log = open_at(directory);
    append_each(log, {attempt_at(0, "ana", 10, 1, 5)});
    std::string const path = directory.path() + "/reprice.lock";
    auto const held = detail::file_handle::open(path, O_RDWR | O_CREAT);
    BOOST_REQUIRE(detail::lock_file(held.get(), LOCK_EX) == 0);
    price_book const book = book_of("gpt-x", "3", "12");
    BOOST_TEST((reprice(log, book, applying()).error().code == errc::already_open));
    BOOST_TEST(reprice(log, book, applying(false)).value().corrections == 1U);
}

BOOST_AUTO_TEST_CASE(a_batch_of_many_records_is_several_blocks_and_one_transaction) {
    temporary_directory const directory;
    constexpr int count = 150'000;
    {
        disk_ledger log = open_at(directory);
        append_each(log, {attempt_at(0, "ana", 10, 1, 5)});
        int next = 0;
        auto const first = log.append_all([&next](record& entry) {
            entry = sample(next);
            return next++ < count;
        });
        BOOST_TEST(value_of(first.value()) == 2U);
    }
    disk_ledger log = open_at(directory);
    BOOST_TEST(value_of(log.last_sequence().value()) == count + 1U);
    int blocks = 0;
    BOOST_REQUIRE(log.log()
                      .blocks(1,
                              [&](std::string_view block) -> result<bool> {
                                  BOOST_TEST(read_block_header(block).value().count <= 65'536U);
                                  ++blocks;
                                  return true;
                              })
                      .has_value());
    BOOST_TEST(blocks >= 4);
    int number = 0;
    BOOST_REQUIRE(log.read(sequence{2},
                           [&](sequence, record&& entry) {
                               BOOST_REQUIRE((entry == sample(number++)));
                               return true;
                           })
                      .has_value());
    BOOST_TEST(number == count);
    BOOST_TEST(verify(log, verification_request{}).value().sound());
}

BOOST_AUTO_TEST_SUITE_END()
