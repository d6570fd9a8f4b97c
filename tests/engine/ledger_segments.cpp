// SPDX-License-Identifier: MIT
#include <aiaudit/codec/record_codec.hpp>
#include <aiaudit/engine/log_keys.hpp>
#include <aiaudit/engine/log_reader.hpp>
#include <aiaudit/retain.hpp>
#include <aiaudit/storage/lmdb_store.hpp>
#include <aiaudit/verify.hpp>

#include "engine/support/child_process.hpp"
#include "engine/support/ledger_testing.hpp"
#include "engine/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <thread>

BOOST_AUTO_TEST_SUITE(ledger_segments)

using namespace aiaudit;
using namespace aiaudit_tests;

namespace {

template <class Ledger>
segment_range segments_of(Ledger& of) {
    return of.store().segments().value();
}

// The root over the given leaves, without the help of the log.
digest root_over(std::vector<digest> const& leaves) {
    compact_range range;
    for (digest const& leaf : leaves) range.append(leaf);
    return range.root();
}

template <class Ledger>
std::vector<digest> leaves_of(Ledger const& from) {
    std::vector<digest> leaves;
    auto const read = from.read(sequence{1}, [&](sequence, record&& entry) {
        leaves.push_back(leaf_hash(encode_record(entry)));
        return true;
    });
    BOOST_REQUIRE(read.has_value());
    return leaves;
}

constexpr std::int64_t day = 86'400;

// Up to which record the rollups are saved.
std::uint64_t saved_in(lmdb_store const& store) {
    std::uint64_t saved = 0;
    store
        .read([&](auto const& view) -> result<void> {
            saved = detail::get_number(view, detail::meta_key::saved).value();
            return {};
        })
        .value();
    return saved;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_full_segment_is_followed_by_the_next_and_nothing_shows_outside) {
    temporary_directory const directory;
    ledger_options const options{
        .path = directory / "ledger", .batch_records_max = 20, .rotation = {.segment_bytes = 1500}};
    totals before;
    {
        auto ledger = basic_ledger<on_disk>::open(options).value();
        append_samples(ledger, 0, 500);
        BOOST_TEST(segments_of(ledger).newest > 3U);
        before = ledger.report({}).value().sum;
        BOOST_TEST(before.requests == 500U);
        BOOST_TEST((recount(ledger) == before));
        std::uint64_t number = 0;
        BOOST_REQUIRE(ledger
                          .read(sequence{137},
                                [&](sequence at, record&& entry) {
                                    number = value_of(at);
                                    BOOST_TEST((entry == sample(136)));
                                    return false;
                                })
                          .has_value());
        BOOST_TEST(number == 137U);
    }
    auto ledger = basic_ledger<on_disk>::open(options).value();
    BOOST_TEST((ledger.report({}).value().sum == before));
    BOOST_TEST((ledger.log().tree().value().root() == root_over(leaves_of(ledger))));
    BOOST_TEST(value_of(ledger.append(sample(500)).value()) == 501U);
}

BOOST_AUTO_TEST_CASE(a_new_month_begins_a_new_segment) {
    auto ledger = basic_ledger<in_memory>::open({}).value();
    ledger.time().set(timestamp::parse("2026-01-31T23:59:59Z").value());
    BOOST_REQUIRE(ledger.append(sample(1)).has_value());
    BOOST_REQUIRE(ledger.append(sample(2)).has_value());
    BOOST_TEST(segments_of(ledger).newest == 1U);
    ledger.time().set(timestamp::parse("2026-02-01T00:00:00Z").value());
    BOOST_TEST(value_of(ledger.append(sample(3)).value()) == 3U);
    BOOST_TEST(segments_of(ledger).newest == 2U);
    // A clock that steps back makes no more of them.
    ledger.time().set(timestamp::parse("2026-01-31T23:59:59Z").value());
    BOOST_REQUIRE(ledger.append(sample(4)).has_value());
    BOOST_TEST(segments_of(ledger).newest == 2U);
    BOOST_TEST(ledger.report({}).value().sum.requests == 4U);
}

BOOST_AUTO_TEST_CASE(every_node_of_the_tree_can_be_had_across_segments) {
    auto ledger = basic_ledger<in_memory>::open({.batch_records_max = 100}).value();
    for (int part = 0; part < 4; ++part) {
        append_samples(ledger, part * 170, 170);  // 680 records: two whole groups of 256
        BOOST_REQUIRE(ledger.rotate().has_value());
    }
    auto const leaves = leaves_of(ledger);
    BOOST_REQUIRE(leaves.size() == 680U);
    for (std::uint64_t size = 0; size <= 680; size += 17) {
        auto const range = compact_range::from_nodes(
            size,
            [&](unsigned level, std::uint64_t index) { return ledger.log().node(level, index); });
        BOOST_REQUIRE(range.has_value());
        std::vector<digest> const front(leaves.begin(),
                                        leaves.begin() + static_cast<std::ptrdiff_t>(size));
        BOOST_TEST((range->root() == root_over(front)));
    }
    BOOST_TEST((ledger.log().node(10, 0).error().code == errc::not_found));
}

BOOST_AUTO_TEST_CASE(rollups_are_saved_with_the_log_and_opening_folds_only_the_rest) {
    temporary_directory const directory;
    ledger_options const options{
        .path = directory / "ledger", .batch_records_max = 1, .rollup_save_records = 50};
    totals before;
    {
        auto ledger = basic_ledger<on_disk>::open(options).value();
        append_samples(ledger, 0, 300);
        before = ledger.report({}).value().sum;
        // Another thread saves them, when it comes to it.
        while (saved_in(ledger.store()) < 200) std::this_thread::yield();
    }
    {
        auto store = lmdb_store::open({.path = options.path}).value();
        std::uint64_t const saved = saved_in(store);
        BOOST_TEST(saved >= 200U);
        BOOST_TEST(saved <= 300U);
        // With the blocks before that gone, a report still counts their records.
        BOOST_REQUIRE(store
                          .write([&](auto& view) -> result<void> {
                              for (std::uint64_t last = 1; last <= 100; ++last) {
                                  auto const ok =
                                      view.erase(table::blocks, detail::block_key(last));
                                  if (!ok) return ok;
                              }
                              return {};
                          })
                          .has_value());
    }
    auto ledger = basic_ledger<on_disk>::open(options).value();
    BOOST_TEST((ledger.report({}).value().sum == before));
    BOOST_TEST((ledger.read(sequence{1}, [](sequence, record&&) { return true; }).error().code ==
                errc::corrupt));
}

BOOST_AUTO_TEST_CASE(retention_drops_records_and_keeps_reports_and_proofs) {
    temporary_directory const directory;
    ledger_options const options{.path = directory / "ledger", .batch_records_max = 50};
    auto ledger = basic_ledger<on_disk>::open(options).value();
    timestamp const start = sample(0).started_at;
    ledger.time().set(start);
    for (int part = 0; part < 4; ++part) {
        append_samples(ledger, part * 150, 150);
        BOOST_REQUIRE(ledger.rotate().has_value());
    }
    auto const leaves = leaves_of(ledger);
    totals const before = ledger.report({}).value().sum;
    auto const users = ledger.report({.kind = report_kind::users}).value().rows.size();
    compact_range const tree = ledger.log().tree().value();

    retention_policy policy{.age_max = std::chrono::seconds(10 * day), .segments_max = 2};
    ledger.time().set(timestamp::from_seconds(start.seconds() + 5 * day));
    BOOST_TEST(retain(ledger, policy).value().empty());
    ledger.time().set(timestamp::from_seconds(start.seconds() + 20 * day));
    policy.dry_run = true;
    BOOST_TEST(retain(ledger, policy).value().size() == 2U);
    BOOST_TEST(segments_of(ledger).oldest == 1U);
    policy.dry_run = false;
    auto const dropped = retain(ledger, policy).value();
    BOOST_REQUIRE(dropped.size() == 2U);
    BOOST_TEST(value_of(dropped[1].last) == 300U);
    BOOST_TEST(segments_of(ledger).oldest == 3U);

    // Nothing but the records is gone, and the log says so itself.
    BOOST_TEST(value_of(ledger.first_sequence().value()) == 301U);
    BOOST_TEST((ledger.read(sequence{300}, [](sequence, record&&) { return true; }).error().code ==
                errc::not_found));
    BOOST_TEST((ledger.report({}).value().sum == before));
    BOOST_TEST(ledger.report({.kind = report_kind::users}).value().rows.size() == users);
    int runs = 0;
    BOOST_REQUIRE(ledger
                      .read(sequence{601},
                            [&](sequence, record&& entry) {
                                runs += entry.kind == record_kind::retention ? 1 : 0;
                                return true;
                            })
                      .has_value());
    BOOST_TEST(runs == 2);
    for (std::uint64_t size = 0; size <= 600; size += 7) {
        auto const range = compact_range::from_nodes(
            size,
            [&](unsigned level, std::uint64_t index) { return ledger.log().node(level, index); });
        BOOST_REQUIRE(range.has_value());
        std::vector<digest> const front(leaves.begin(),
                                        leaves.begin() + static_cast<std::ptrdiff_t>(size));
        BOOST_TEST((range->root() == root_over(front)));
        if (size == 600) BOOST_TEST((*range == tree));
    }
    auto const found = verify(ledger).value();
    BOOST_TEST(found.sound());
    BOOST_TEST(found.dropped == 300U);
}

BOOST_AUTO_TEST_CASE(what_retention_kept_is_there_after_reopening_and_after_more_runs) {
    temporary_directory const directory;
    ledger_options const options{.path = directory / "ledger", .batch_records_max = 50};
    totals before;
    {
        auto ledger = basic_ledger<on_disk>::open(options).value();
        ledger.time().set(sample(0).started_at);
        for (int part = 0; part < 5; ++part) {
            append_samples(ledger, part * 101, 101);
            BOOST_REQUIRE(ledger.rotate().has_value());
        }
        before = ledger.report({}).value().sum;
    }
    for (int run = 0; run < 4; ++run) {
        auto ledger = basic_ledger<on_disk>::open(options).value();
        ledger.time().set(timestamp::from_seconds(sample(0).started_at.seconds() + 20 * day));
        auto const dropped =
            retain(ledger, {.age_max = std::chrono::seconds(10 * day), .segments_max = 1});
        BOOST_REQUIRE(dropped.has_value());
        BOOST_TEST(dropped->size() == 1U);
        BOOST_TEST((ledger.report({}).value().sum == before));
        BOOST_TEST(verify(ledger).value().sound());
    }
    auto ledger = basic_ledger<on_disk>::open(options).value();
    BOOST_TEST((ledger.report({}).value().sum == before));
    BOOST_TEST(value_of(ledger.first_sequence().value()) == 405U);
    BOOST_TEST(verify(ledger).value().sound());
}

BOOST_AUTO_TEST_CASE(young_segments_stay_whatever_their_size) {
    temporary_directory const directory;
    auto ledger = basic_ledger<on_disk>::open({.path = directory / "ledger"}).value();
    timestamp const start = sample(0).started_at;
    ledger.time().set(start);
    for (int part = 0; part < 3; ++part) {
        append_samples(ledger, part * 100, 100);
        BOOST_REQUIRE(ledger.rotate().has_value());
    }
    retention_policy policy{.age_min = std::chrono::seconds(10 * day), .bytes_max = 1};
    ledger.time().set(timestamp::from_seconds(start.seconds() + 9 * day));
    BOOST_TEST(retain(ledger, policy).value().empty());
    ledger.time().set(timestamp::from_seconds(start.seconds() + 11 * day));
    BOOST_TEST(retain(ledger, policy).value().size() == 3U);
    policy.age_max = std::chrono::seconds(day);
    BOOST_TEST((retain(ledger, policy).error().code == errc::bad_argument));
}

BOOST_AUTO_TEST_CASE(kill_9_during_retention_leaves_a_segment_whole_or_dropped) {
    for (int round = 0; round < 12; ++round) {
        temporary_directory const directory;
        ledger_options const options{.path = directory / "ledger", .batch_records_max = 64};
        totals before;
        {
            auto ledger = basic_ledger<on_disk>::open(options).value();
            ledger.time().set(sample(0).started_at);
            for (int part = 0; part < 3; ++part) {
                append_samples(ledger, part * 300, 300);
                BOOST_REQUIRE(ledger.rotate().has_value());
            }
            before = ledger.report({}).value().sum;
        }
        retention_policy const policy{.age_max = std::chrono::seconds(day)};
        timestamp const later = timestamp::from_seconds(sample(0).started_at.seconds() + 90 * day);
        shared_counter begun;
        child_process child([&] {
            auto ledger = basic_ledger<on_disk>::open(options);
            if (!ledger) return 1;
            ledger->time().set(later);
            begun.set(1);
            return retain(*ledger, policy) ? 0 : 2;
        });
        while (begun.get() == 0) std::this_thread::yield();
        std::this_thread::sleep_for(std::chrono::microseconds(round * 700));
        child.kill();
        auto ledger = basic_ledger<on_disk>::open(options).value();
        ledger.time().set(later);
        BOOST_TEST((ledger.report({}).value().sum == before));
        BOOST_TEST(verify(ledger).value().sound());
        BOOST_REQUIRE(retain(ledger, policy).has_value());
        BOOST_TEST(segments_of(ledger).oldest == 4U);
        BOOST_TEST((ledger.report({}).value().sum == before));
        BOOST_TEST(verify(ledger).value().sound());
    }
}

BOOST_AUTO_TEST_SUITE_END()
