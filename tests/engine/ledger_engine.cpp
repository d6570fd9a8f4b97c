// SPDX-License-Identifier: MIT
#include <aiaudit/codec/block.hpp>
#include <aiaudit/engine/log_keys.hpp>
#include <aiaudit/ledger.hpp>

#include <aiaudit/storage/lmdb_store.hpp>
#include <aiaudit/templates.hpp>
#include <aiaudit/timezone/tzdb.hpp>

#include "engine/support/child_process.hpp"
#include "engine/support/ledger_testing.hpp"
#include "engine/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(ledger_engine)

using namespace aiaudit;
using namespace aiaudit_tests;

// Counts how often older parts are read.
struct counting_store : lmdb_store {
    explicit counting_store(lmdb_store&& opened) : lmdb_store(std::move(opened)) {}
    [[nodiscard]] static result<counting_store> open(store_options const& options) {
        auto opened = lmdb_store::open(options);
        if (!opened) return opened.error();
        return counting_store(std::move(*opened));
    }
    template <class Body>
    result<void> read(Body body) const {
        return lmdb_store::read(std::move(body));
    }
    template <class Body>
    result<void> read(segment_number segment, Body body) const {
        ++reads;
        return lmdb_store::read(segment, std::move(body));
    }

    inline static std::atomic<int> reads{0};
};
struct counted_on_disk : default_policies {
    using storage = counting_store;
};

static record sample_of_day(int day, int number) {
    record entry = sample(number);
    entry.user = "user" + std::to_string(number % 17);
    entry.started_at =
        timestamp::from_seconds((std::int64_t{20'000} + day) * 86'400 + number % 86'400);
    return entry;
}
static report_query days_of(report_kind kind, int first, int last) {
    return {.kind = kind, .days = {civil_day{20'000 + first}, civil_day{20'000 + last}}};
}
// What the records of those days add up to.
static totals sum_of(std::vector<record> const& entries, day_range days) {
    totals sum;
    for (record const& entry : entries) {
        if (days.holds(time_zone{}.day_of(entry.started_at))) sum.add(totals::of(entry));
    }
    return sum;
}

BOOST_AUTO_TEST_CASE(sequences_are_dense_and_records_come_back_as_they_were) {
    auto ledger = basic_ledger<in_memory>::open({}).value();
    for (int i = 0; i < 10; ++i)
        BOOST_TEST(value_of(ledger.append(sample(i)).value()) == std::uint64_t(i + 1));
    int number = 4;
    BOOST_REQUIRE(ledger
                      .read(sequence{5},
                            [&](sequence at, record&& entry) {
                                BOOST_TEST(value_of(at) == std::uint64_t(number + 1));
                                BOOST_TEST((entry == sample(number)));
                                return ++number < 8;
                            })
                      .has_value());
    BOOST_TEST(number == 8);
}

BOOST_AUTO_TEST_CASE(reopening_keeps_every_record_and_report) {
    aiaudit_tests::temporary_directory const directory;
    std::string const path = directory.path() + "/ledger";
    totals before;
    {
        auto ledger = aiaudit::ledger::open({.path = path, .batch_records_max = 7}).value();
        for (int i = 0; i < 100; ++i)
            BOOST_REQUIRE(ledger.append(sample(i), durability::relaxed).has_value());
        BOOST_REQUIRE(ledger.flush().has_value());
        before = ledger.report({}).value().sum;
    }
    auto const zone = find_time_zone("Asia/Kathmandu").value();
    auto ledger = aiaudit::ledger::open({.path = path, .create = false}).value();
    BOOST_TEST((ledger.report({}).value().sum == before));
    BOOST_TEST((ledger.report({.zone = zone}).value().sum == before));
    BOOST_TEST((recount(ledger) == before));
    BOOST_TEST(value_of(ledger.append(sample(100)).value()) == 101U);
}

BOOST_AUTO_TEST_CASE(closing_writes_what_was_queued) {
    aiaudit_tests::temporary_directory const directory;
    std::string const path = directory.path() + "/ledger";
    {
        auto ledger = aiaudit::ledger::open({.path = path}).value();
        for (int i = 0; i < 50; ++i)
            BOOST_REQUIRE(ledger.append(sample(i), durability::relaxed).has_value());
    }
    auto const ledger = aiaudit::ledger::open({.path = path, .read_only = true}).value();
    BOOST_TEST(value_of(ledger.last_sequence().value()) == 50U);
}

BOOST_AUTO_TEST_CASE(many_threads_share_commits_and_none_of_their_records_is_lost) {
    aiaudit_tests::temporary_directory const directory;
    auto ledger =
        aiaudit::ledger::open({.path = directory.path() + "/ledger", .batch_records_max = 64})
            .value();
    std::vector<std::thread> threads;
    std::atomic<int> failures{0};
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&ledger, &failures, t] {
            for (int i = 0; i < 200; ++i) {
                auto const when = i % 10 == 0 ? durability::committed : durability::relaxed;
                if (!ledger.append(sample(t * 200 + i), when)) ++failures;
                if (i % 50 == 0 && !ledger.report({.kind = report_kind::users})) ++failures;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    BOOST_TEST(failures == 0);
    BOOST_REQUIRE(ledger.flush().has_value());
    totals const sum = ledger.report({.kind = report_kind::models}).value().sum;
    BOOST_TEST(sum.requests == 1600U);
    BOOST_TEST((recount(ledger) == sum));
}

BOOST_AUTO_TEST_CASE(a_reader_opened_for_reading_only_refuses_to_append) {
    aiaudit_tests::temporary_directory const directory;
    std::string const path = directory.path() + "/ledger";
    { BOOST_REQUIRE(aiaudit::ledger::open({.path = path}).value().append(sample(1)).has_value()); }
    auto ledger = aiaudit::ledger::open({.path = path, .read_only = true}).value();
    BOOST_TEST((ledger.append(sample(2)).error().code == errc::read_only));
}

BOOST_AUTO_TEST_CASE(today_is_the_day_of_the_clock_in_the_zone_asked_for) {
    auto ledger = basic_ledger<in_memory>::open({}).value();
    record entry = sample(0);
    entry.started_at =
        timestamp::parse("2026-03-01T18:30:00Z").value();  // 00:15 on the 2nd in Kathmandu
    BOOST_REQUIRE(ledger.append(entry).has_value());
    ledger.time().set(timestamp::parse("2026-03-01T19:00:00Z").value());
    BOOST_TEST((ledger.spent_today().value() == entry.cost));
    ledger.time().set(timestamp::parse("2026-03-02T10:00:00Z").value());
    BOOST_TEST((ledger.spent_today().value() == money{}));
    BOOST_TEST(
        (ledger.spent_today(find_time_zone("Asia/Kathmandu").value()).value() == entry.cost));
}

BOOST_AUTO_TEST_CASE(two_processes_append_and_each_report_counts_all) {
    aiaudit_tests::temporary_directory const directory;
    std::string const path = directory.path() + "/ledger";
    aiaudit_tests::child_process child([&path] {
        auto ledger = aiaudit::ledger::open({.path = path});
        for (int i = 0; ledger && i < 200; ++i) {
            if (!ledger->append(sample(i))) return 1;
        }
        return ledger ? 0 : 2;
    });
    {
        auto ledger = aiaudit::ledger::open({.path = path}).value();
        for (int i = 0; i < 200; ++i) BOOST_REQUIRE(ledger.append(sample(i)).has_value());
        BOOST_TEST(child.wait() == 0);
        totals const sum = ledger.report({}).value().sum;
        BOOST_TEST(sum.requests == 400U);
        BOOST_TEST((recount(ledger) == sum));
    }
}

BOOST_AUTO_TEST_CASE(kill_9_while_appending_loses_nothing_acknowledged) {
    for (int round = 0; round < 10; ++round) {
        aiaudit_tests::temporary_directory const directory;
        std::string const path = directory.path() + "/ledger";
        aiaudit_tests::shared_counter acknowledged;
        aiaudit_tests::child_process child([&path, &acknowledged] {
            auto ledger = aiaudit::ledger::open({.path = path, .batch_records_max = 16});
            for (int i = 0; ledger && ledger->enqueue(sample(i)); ++i) {
                if (i % 20 != 19) continue;
                if (!ledger->flush()) break;
                acknowledged.set(static_cast<std::uint64_t>(i + 1));
            }
            return 1;
        });
        while (acknowledged.get() < 100 + static_cast<std::uint64_t>(round) * 37)
            std::this_thread::yield();
        child.kill();
        std::uint64_t const promised = acknowledged.get();
        auto ledger = aiaudit::ledger::open({.path = path, .create = false}).value();
        totals const sum = recount(ledger);
        BOOST_TEST(sum.requests >= promised);
        BOOST_TEST((ledger.report({}).value().sum == sum));
        BOOST_TEST(value_of(ledger.append(sample(0)).value()) == sum.requests + 1);
    }
}

BOOST_AUTO_TEST_CASE(days_that_the_first_report_left_out_are_loaded_meanwhile) {
    aiaudit_tests::temporary_directory const directory;
    std::string const path = directory.path() + "/ledger";
    {
        auto ledger = aiaudit::ledger::open({.path = path}).value();
        for (int i = 0; i < 400; ++i)
            BOOST_REQUIRE(ledger.append(sample_of_day(i / 10, i), durability::relaxed).has_value());
        BOOST_REQUIRE(ledger.save().has_value());
    }
    auto ledger = basic_ledger<counted_on_disk>::open({.path = path}).value();
    int const before = counting_store::reads;
    BOOST_TEST(ledger.report(days_of(report_kind::users, 0, 9)).value().sum.requests == 100U);
    auto const reads = [&] { return counting_store::reads - before; };
    for (int tries = 0; reads() < 50 && tries < 5000; ++tries)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    BOOST_TEST(reads() == 50);  // the first answer's days, and then all days
    BOOST_TEST(ledger.report(days_of(report_kind::users, 5, 24)).value().sum.requests == 200U);
    BOOST_TEST(ledger.report(days_of(report_kind::users, 0, 9)).value().sum.requests == 100U);
    BOOST_TEST(reads() == 50);
}

BOOST_AUTO_TEST_CASE(reports_while_days_are_loaded_and_records_come_count_all_once) {
    aiaudit_tests::temporary_directory const directory;
    std::string const path = directory.path() + "/ledger";
    std::vector<record> entries;
    for (int i = 0; i < 900; ++i) entries.push_back(sample_of_day(i / 10, i));
    for (std::size_t const memory_bytes : {std::size_t{300'000}, rollup_options{}.memory_bytes}) {
        auto ledger =
            aiaudit::ledger::open(
                {.path = path, .rollup_memory_bytes = memory_bytes, .rollup_save_records = 50})
                .value();
        if (ledger.last_sequence().value() == sequence{}) {
            for (record const& entry : entries)
                BOOST_REQUIRE(ledger.append(entry, durability::relaxed).has_value());
            BOOST_REQUIRE(ledger.save().has_value());
        }
        std::atomic<int> failures{0};
        std::vector<std::thread> threads;
        for (unsigned t = 0; t < 3; ++t) {
            threads.emplace_back([&, t] {
                std::mt19937_64 random(t);
                for (int i = 0; i < 60; ++i) {
                    int const first = static_cast<int>(random() % 90);
                    report_query const query =
                        days_of(static_cast<report_kind>(random() % 3), first,
                                first + static_cast<int>(random() % 30));
                    // The writer adds to day 91 alone.
                    auto const made = ledger.report(query);
                    if (!made || (query.days.last < civil_day{20'091} &&
                                  made->sum != sum_of(entries, query.days)))
                        ++failures;
                }
            });
        }
        std::vector<record> added;
        for (int i = 0; i < 300; ++i) {
            added.push_back(sample_of_day(91, i));
            if (!ledger.append(added.back(), durability::relaxed)) ++failures;
        }
        for (std::thread& thread : threads) thread.join();
        entries.insert(entries.end(), added.begin(), added.end());
        BOOST_TEST(failures == 0);
        BOOST_REQUIRE(ledger.flush().has_value());
        for (int first = 0; first < 90; first += 7) {
            for (report_kind const kind : {report_kind::daily, report_kind::users}) {
                auto const query = days_of(kind, first, 91);
                BOOST_TEST((ledger.report(query).value().sum == sum_of(entries, query.days)));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_ledger_open_for_reading_only_answers_any_days) {
    aiaudit_tests::temporary_directory const directory;
    std::string const path = directory.path() + "/ledger";
    {
        auto ledger = aiaudit::ledger::open({.path = path}).value();
        for (int i = 0; i < 400; ++i)
            BOOST_REQUIRE(ledger.append(sample_of_day(i / 10, i), durability::relaxed).has_value());
        BOOST_REQUIRE(ledger.save().has_value());
    }
    auto ledger = basic_ledger<counted_on_disk>::open({.path = path, .read_only = true}).value();
    BOOST_TEST(ledger.report(days_of(report_kind::users, 0, 9)).value().sum.requests == 100U);
    BOOST_TEST(ledger.report(days_of(report_kind::users, 5, 24)).value().sum.requests == 200U);
    int const before = counting_store::reads;  // nobody else loads them, so the second report did
    BOOST_TEST(ledger.report(days_of(report_kind::users, 7, 31)).value().sum.requests == 250U);
    BOOST_TEST(counting_store::reads == before);
}

BOOST_AUTO_TEST_CASE(a_damaged_block_is_reported_and_never_counted) {
    aiaudit_tests::temporary_directory const directory;
    std::string const path = directory.path() + "/ledger";
    {
        auto store = lmdb_store::open({.path = path}).value();
        block_builder builder;
        builder.add(sample(1));
        std::string block = builder.finish(sequence{1});
        block.back() = static_cast<char>(block.back() ^ 1);
        BOOST_REQUIRE(store
                          .write([&](auto& view) {
                              return view.insert(table::blocks, detail::big_endian_key(1), block);
                          })
                          .has_value());
    }
    BOOST_TEST((aiaudit::ledger::open({.path = path}).error().code == errc::corrupt));
}

BOOST_AUTO_TEST_CASE(a_record_too_long_for_a_tiled_log_is_refused) {
    auto ledger = basic_ledger<in_memory>::open({}).value();
    record entry = sample(1);
    entry.tags.emplace_back("text", std::string(limits::record_bytes, 'x'));
    BOOST_TEST((ledger.append(entry).error().code == errc::too_large));
    BOOST_TEST(value_of(ledger.append(sample(1)).value()) == 1U);
}

BOOST_AUTO_TEST_CASE(a_log_without_its_tree_is_refused) {
    aiaudit_tests::temporary_directory const directory;
    std::string const path = directory.path() + "/ledger";
    {
        auto store = lmdb_store::open({.path = path}).value();
        block_builder builder;
        builder.add(sample(1));
        std::string const block = builder.finish(sequence{1});
        BOOST_REQUIRE(store
                          .write([&](auto& view) {
                              return view.insert(table::blocks, detail::block_key(1), block);
                          })
                          .has_value());
    }
    BOOST_TEST((aiaudit::ledger::open({.path = path}).error().code == errc::corrupt));
}

BOOST_AUTO_TEST_CASE(a_missing_record_is_named_and_nothing_after_it_is_counted) {
    aiaudit_tests::temporary_directory const directory;
    std::string const path = directory.path() + "/ledger";
    {
        auto store = lmdb_store::open({.path = path}).value();
        for (std::uint64_t const number : {1U, 2U, 4U}) {
            block_builder builder;
            builder.add(sample(1));
            std::string const block = builder.finish(sequence{number});
            BOOST_REQUIRE(store
                              .write([&](auto& view) {
                                  return view.insert(table::blocks, detail::big_endian_key(number),
                                                     block);
                              })
                              .has_value());
        }
    }
    auto const opened = aiaudit::ledger::open({.path = path});
    BOOST_REQUIRE(!opened.has_value());
    BOOST_TEST((opened.error().code == errc::corrupt));
    BOOST_TEST(opened.error().where.find("record 3") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
