// SPDX-License-Identifier: MIT
#include "rollup_support.hpp"

using namespace aiaudit;
using namespace rollup_support;

BOOST_AUTO_TEST_SUITE(rollup_saved)

BOOST_AUTO_TEST_CASE(reports_after_saves_at_random_points_equal_a_recount) {
    auto const entries = random_records(3000, 20);
    std::mt19937_64 random(21);
    rollup fold;
    part_store store;
    for (record const& entry : entries) {
        fold.apply(entry);
        if (random() % 500 == 0) store.save(fold);
    }
    BOOST_TEST(fold.has_unsaved());
    require_all_same(fold, store, entries);
}

BOOST_AUTO_TEST_CASE(a_reopened_rollup_equals_a_recount_with_unsaved_records_and_late_ones) {
    auto const entries = in_order(random_records(3000, 22));
    part_store store;
    std::vector<record> seen;
    std::mt19937_64 random(23);
    for (std::size_t begin = 0; begin < entries.size(); begin += 1000) {
        rollup fold;
        fold.add_days(store.days());
        for (std::size_t i = begin; i < begin + 1000; ++i) {
            fold.apply(entries[i]);
            seen.push_back(entries[i]);
            if (random() % 20 == 0) {  // late
                seen.push_back(entries[random() % (i + 1)]);
                fold.apply(seen.back());
            }
            if (i % 250 == 100) {
                report_query const query{
                    static_cast<report_kind>(random() % 8), zones()[random() % 5], {}, "user1"};
                require_same(ask(fold, store, query), seen, query);
            }
        }
        require_all_same(fold, store, seen);
        store.save(fold);
        if (begin == 1000) store.merge();
    }
    rollup fold;
    fold.add_days(store.days());
    require_all_same(fold, store, seen);
}

BOOST_AUTO_TEST_CASE(with_hardly_any_memory_reports_equal_a_recount) {
    auto const entries = in_order(random_records(3000, 24));
    for (std::uint64_t const memory_bytes : {0U, 20'000U, 200'000U}) {
        rollup fold{{memory_bytes}};
        part_store store;
        for (std::size_t i = 0; i < entries.size(); ++i) {
            fold.apply(entries[i]);
            if (i % 700 == 699) store.save(fold);
        }
        require_all_same(fold, store, entries);
        // Mixed questions, so that what one needs is what another has displaced.
        std::mt19937_64 random(25);
        auto const all = queries();
        for (int i = 0; i < 200; ++i) {
            report_query const& query = all[random() % all.size()];
            require_same(ask(fold, store, query), entries, query);
        }
    }
}

BOOST_AUTO_TEST_CASE(memory_stays_within_its_bound) {
    auto const entries = in_order(random_records(6000, 26));
    std::uint64_t const memory_bytes = 600'000;
    rollup fold{{memory_bytes}};
    part_store store;
    auto const all = queries();
    std::mt19937_64 random(27);
    for (std::size_t i = 0; i < entries.size(); ++i) {
        fold.apply(entries[i]);
        if (i % 100 != 99) continue;
        store.save(fold);
        BOOST_REQUIRE(fold.bytes() <= memory_bytes);
        report_query const& query = all[random() % all.size()];
        static_cast<void>(ask(fold, store, query));
        BOOST_REQUIRE(fold.bytes() <= memory_bytes);
    }
}

BOOST_AUTO_TEST_CASE(a_resident_query_reads_no_part) {
    auto const entries = in_order(random_records(1000, 28));
    rollup fold;
    part_store store;
    for (record const& entry : entries) fold.apply(entry);
    store.save(fold);
    rollup again;
    again.add_days(store.days());
    report_query const query{report_kind::users, zones()[1], {}, {}};
    BOOST_TEST(!again.ready(query));
    static_cast<void>(ask(again, store, query));
    std::size_t const before = store.reads;
    BOOST_TEST(before > 0U);
    static_cast<void>(ask(again, store, query));
    report_query const part{report_kind::users,
                            zones()[1],
                            {civil_day::parse("2026-03-05").value(), day_range{}.last},
                            {}};
    BOOST_TEST(again.ready(part));
    require_same(make_report(again, part), entries, part);
    BOOST_TEST(store.reads == before);
}

BOOST_AUTO_TEST_CASE(what_another_process_saved_is_counted_once) {
    auto const entries = in_order(random_records(2000, 29));
    part_store store;
    rollup writer;
    rollup reader;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        writer.apply(entries[i]);
        reader.apply(entries[i]);
        if (i % 500 == 300) {
            // The reader learns of a save some records after it.
            store.save(writer);
        }
        if (i % 500 == 400) {
            reader = rollup{};
            reader.add_days(store.days());
            for (std::size_t tail = i - 99; tail <= i; ++tail) reader.apply(entries[tail]);
        }
    }
    require_all_same(reader, store, entries);
    rollup fresh{{0}};
    fresh.add_days(store.days());
    for (std::size_t i = 1801; i < entries.size(); ++i) fresh.apply(entries[i]);
    require_all_same(fresh, store, entries);
}

BOOST_AUTO_TEST_CASE(a_few_days_of_long_ago_are_read_without_all_days_since) {
    rollup fold;
    part_store store;
    std::vector<record> entries;
    for (int day = 0; day < 300; ++day) {
        record entry;
        entry.user = "user" + std::to_string(day % 3);
        entry.started_at = timestamp::from_seconds(std::int64_t{day} * 86'400 + 4000);
        entry.duration_ns = 1'000'000;
        entries.push_back(entry);
        fold.apply(entry);
    }
    store.save(fold);
    for (time_zone const& zone : zones()) {
        rollup again;
        again.add_days(store.days());
        store.reads = 0;
        report_query const query{report_kind::models, zone, {civil_day{5}, civil_day{7}}, {}};
        require_same(ask(again, store, query), entries, query);
        BOOST_TEST(store.reads <= 5U);
        entries.push_back(entries[6]);
        again.apply(entries[6]);
        BOOST_TEST(again.ready(query));
        require_same(make_report(again, query), entries, query);
        entries.pop_back();
    }
}

BOOST_AUTO_TEST_CASE(an_error_of_the_source_is_the_answer) {
    rollup fold;
    std::vector<civil_day> const days{civil_day{20'000}};
    fold.add_days(days);
    auto const broken = [](civil_day, auto&&) -> result<void> {
        return fail(errc::storage_failed, "no disk");
    };
    auto const empty = [](civil_day, auto&& visit) -> result<void> {
        visit(std::string_view{"AID"});
        return {};
    };
    for (int kind = 0; kind < 8; ++kind) {
        for (time_zone const& zone : zones()) {
            report_query const query{static_cast<report_kind>(kind), zone, {}, "user"};
            BOOST_TEST((fold.prepare(query, broken).error().code == errc::storage_failed));
            BOOST_TEST((fold.prepare(query, empty).error().code == errc::corrupt));
            BOOST_TEST(!fold.ready(query));
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
