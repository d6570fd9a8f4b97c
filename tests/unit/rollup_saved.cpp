// SPDX-License-Identifier: MIT
#include "rollup_support.hpp"

BOOST_AUTO_TEST_SUITE(rollup_saved)

using namespace aiaudit;
using namespace rollup_support;

static record day_record(int day) {
    record entry;
    entry.user = "user" + std::to_string(day % 3);
    entry.started_at = timestamp::from_seconds(std::int64_t{day} * 86'400 + 4000);
    entry.duration_ns = 1'000'000;
    return entry;
}

// Over some of the days of random_records(), or from or to any.
static report_query random_query(std::mt19937_64& random) {
    civil_day const start = civil_day::parse("2026-02-23").value();
    report_query query{static_cast<report_kind>(random() % 8), zones()[random() % 5], {}, "user2"};
    civil_day const first = start.plus(static_cast<std::int32_t>(random() % 34));
    if (random() % 8 != 0) query.days.first = first;
    if (random() % 8 != 0) query.days.last = first.plus(static_cast<std::int32_t>(random() % 20));
    return query;
}

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
        entries.push_back(day_record(day));
        fold.apply(entries.back());
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

// Whatever comes between two of them: records of any day, a save, days loaded at leisure.
BOOST_AUTO_TEST_CASE(days_loaded_at_leisure_change_no_report) {
    for (std::uint64_t const memory_bytes : {0U, 200'000U, 700'000U, 128U << 20}) {
        auto entries = in_order(random_records(2000, 30));
        part_store store;
        rollup writer;
        for (std::size_t i = 0; i < entries.size(); ++i) {
            writer.apply(entries[i]);
            if (i % 900 == 899) store.save(writer);
        }
        store.save(writer);
        rollup fold{{memory_bytes}};
        fold.add_days(store.days());
        auto const late = random_records(400, 31);
        std::mt19937_64 random(32);
        for (record const& entry : late) {
            fold.apply(entry);
            entries.push_back(entry);
            if (random() % 100 == 0) store.save(fold);
            for (auto steps = random() % 8; steps > 0; --steps) {
                if (!fold.load_more(store.source()).value()) break;
                if (memory_bytes >= 700'000) BOOST_REQUIRE(fold.bytes() <= memory_bytes);
            }
            report_query const query = random_query(random);
            require_same(ask(fold, store, query, loading::asked_alone), entries, query);
            if (memory_bytes >= 700'000) BOOST_REQUIRE(fold.bytes() <= memory_bytes);
        }
    }
}

BOOST_AUTO_TEST_CASE(loading_at_leisure_ends_in_any_memory) {
    auto const entries = in_order(random_records(1000, 33));
    for (std::uint64_t const memory_bytes : {0U, 20'000U, 200'000U, 128U << 20}) {
        part_store store;
        rollup fold{{memory_bytes}};
        for (record const& entry : entries) fold.apply(entry);
        store.save(fold);
        fold = rollup{{memory_bytes}};
        fold.add_days(store.days());
        for (report_query const& query : queries()) {
            static_cast<void>(ask(fold, store, query, loading::asked_alone));
            int steps = 0;
            while (fold.load_more(store.source()).value()) BOOST_REQUIRE(++steps < 500);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_first_answer_reads_its_days_alone_and_later_ones_read_nothing) {
    rollup fold;
    part_store store;
    std::vector<record> entries;
    for (int day = 0; day < 60; ++day) {
        entries.push_back(day_record(day));
        fold.apply(entries.back());
    }
    store.save(fold);
    for (time_zone const& zone : zones()) {
        for (report_kind const kind : {report_kind::models, report_kind::users}) {
            rollup again;
            again.add_days(store.days());
            store.reads = 0;
            report_query query{kind, zone, {civil_day{5}, civil_day{24}}, {}};
            require_same(ask(again, store, query, loading::asked_alone), entries, query);
            BOOST_TEST(store.reads <= 21U);
            while (again.load_more(store.source()).value()) {
                BOOST_REQUIRE(again.ready(query));
                require_same(make_report(again, query), entries, query);
            }
            store.reads = 0;
            for (std::int32_t first = 5; first < 60; ++first) {
                query.days = {civil_day{first}, civil_day{std::min(first + 9, 60)}};
                BOOST_REQUIRE(again.ready(query));
                require_same(make_report(again, query), entries, query);
            }
            BOOST_TEST(!again.load_more(store.source()).value());
            BOOST_TEST(store.reads == 0U);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_day_that_cannot_be_loaded_at_leisure_is_an_error_once_it_is_asked_for) {
    rollup writer;
    part_store store;
    for (int day = 0; day < 20; ++day) writer.apply(day_record(day));
    store.save(writer);
    rollup fold;
    fold.add_days(store.days());
    report_query query{report_kind::users, {}, {civil_day{2}, civil_day{4}}, {}};
    static_cast<void>(ask(fold, store, query, loading::asked_alone));
    store.parts[civil_day{10}].front()[100] ^= 1;
    bool failed = false;
    for (int i = 0; i < 20 && !failed; ++i) failed = !fold.load_more(store.source());
    BOOST_TEST(failed);
    BOOST_TEST(!fold.load_more(store.source()).value());
    BOOST_TEST(fold.ready(query));
    query.days.last = civil_day{15};
    auto const asked = fold.prepare(query, store.source(), loading::asked_alone);
    BOOST_TEST((asked.error().code == errc::corrupt));
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
