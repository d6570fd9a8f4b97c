// SPDX-License-Identifier: MIT
#include "rollup_support.hpp"

#include <aiaudit/rollup/ranked_report.hpp>
#include <aiaudit/rollup/user_sums.hpp>

#include <set>

BOOST_AUTO_TEST_SUITE(rollup_wide)

using namespace aiaudit;
using namespace rollup_support;

// The report as it is made where the dimension is wide, whether it is or not.
static report ask_ranked(rollup& fold, part_store& store, report_query const& query,
                         std::uint64_t memory_bytes = std::uint64_t{1} << 20) {
    auto source = store.source();
    totals const sum = ask(fold, store, {.zone = query.zone, .days = query.days}).sum;
    auto made = detail::make_ranked_report(query, fold.groups(query, source), detail::no_base{},
                                           memory_bytes, sum);
    BOOST_REQUIRE_MESSAGE(made.has_value(), (made.has_value() ? "" : made.error().message()));
    return std::move(*made);
}

static std::vector<report_kind> const named_kinds{report_kind::models,    report_kind::users,
                                                  report_kind::projects,  report_kind::keys,
                                                  report_kind::providers, report_kind::statuses};

static record call_of(std::string user, std::string model, std::string key = "key1") {
    record entry;
    entry.user = std::move(user);
    entry.key_id = std::move(key);
    entry.provider = "openai";
    entry.model_requested = std::move(model);
    entry.started_at = timestamp::parse("2026-03-01T12:00:00Z").value();
    entry.cost = money::from_pico(1'000'000);
    entry.duration_ns = 5'000'000;
    return entry;
}

BOOST_AUTO_TEST_CASE(a_ranked_report_equals_a_recount_in_all_zones_and_over_any_days) {
    auto const entries = with_corrections(random_records(3000, 50), 51);
    rollup fold;
    part_store store;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        fold.apply(entries[i]);
        if (i % 700 == 699) store.save(fold);
    }
    BOOST_TEST(fold.has_unsaved());
    civil_day const start = civil_day::parse("2026-02-25").value();
    for (time_zone const& zone : zones()) {
        for (report_kind const kind : named_kinds) {
            for (day_range const days : {day_range{}, day_range{start.plus(3), start.plus(11)}}) {
                report_query const query{.kind = kind, .zone = zone, .days = days};
                require_same(ask_ranked(fold, store, query), entries, query);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(little_memory_takes_more_passes_and_changes_nothing) {
    std::mt19937_64 random(52);
    rollup fold;
    part_store store;
    std::vector<record> entries;
    for (int i = 0; i < 12'000; ++i) {
        entries.push_back(call_of("user" + std::to_string(random() % 5'000), "gpt"));
        entries.back().cost = money::from_pico(static_cast<int128>(random() % 100));
        fold.apply(entries.back());
        if (i % 5'000 == 4'999) store.save(fold);
    }
    report_query const query{.kind = report_kind::users};
    int passes = 0;
    auto source = [&](civil_day day, auto&& visit) -> result<void> {
        ++passes;
        return store.source()(day, visit);
    };
    totals const sum = ask(fold, store, {}).sum;
    auto const made = detail::make_ranked_report(query, fold.groups(query, source),
                                                 detail::no_base{}, 100'000, sum);
    BOOST_REQUIRE(made.has_value());
    BOOST_TEST(passes > 4);
    require_same(*made, entries, query);
}

BOOST_AUTO_TEST_CASE(a_page_is_a_piece_of_the_whole_report_and_its_sum_is_of_all) {
    auto const entries = random_records(2000, 53);
    rollup fold;
    part_store store;
    for (record const& entry : entries) fold.apply(entry);
    for (report_kind const kind : named_kinds) {
        report const whole = ask(fold, store, {.kind = kind});
        for (std::size_t const top : {std::size_t{0}, std::size_t{1}, std::size_t{3}}) {
            for (std::size_t const offset : {std::size_t{0}, std::size_t{2}, std::size_t{100}}) {
                report_query const query{.kind = kind, .top = top, .offset = offset};
                for (report const& page :
                     {ask(fold, store, query), ask_ranked(fold, store, query)}) {
                    BOOST_TEST(page.row_count == whole.rows.size());
                    BOOST_TEST((page.sum == whole.sum));
                    std::size_t const left =
                        whole.rows.size() - std::min(offset, whole.rows.size());
                    BOOST_REQUIRE(page.rows.size() == (top == 0 ? left : std::min(top, left)));
                    for (std::size_t i = 0; i < page.rows.size(); ++i) {
                        report_row const& row = whole.rows[offset + i];
                        BOOST_TEST((page.rows[i].sum == row.sum));
                        BOOST_TEST(page.rows[i].names.user == row.names.user);
                        BOOST_TEST(page.rows[i].names.model == row.names.model);
                        BOOST_TEST(page.rows[i].names.status == row.names.status);
                        BOOST_TEST(page.rows[i].p95_ns == row.p95_ns);
                    }
                }
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(rows_as_recorded_are_ranked_by_what_the_records_say) {
    auto const entries = with_corrections(random_records(2000, 54), 55);
    rollup fold;
    part_store store;
    for (record const& entry : entries) fold.apply(entry);
    report const want = as_recorded(ask(fold, store, {.kind = report_kind::users}));
    report_query const query{.kind = report_kind::users, .top = 3, .as_recorded = true};
    for (report const& made : {ask(fold, store, query), ask_ranked(fold, store, query)}) {
        BOOST_REQUIRE(made.rows.size() == 3U);
        BOOST_TEST((made.sum == want.sum));
        for (std::size_t i = 0; i < made.rows.size(); ++i)
            BOOST_TEST((made.rows[i].sum == want.rows[i].sum));
    }
}

BOOST_AUTO_TEST_CASE(too_many_rows_for_one_report_are_refused_by_number) {
    report_query query{.kind = report_kind::users};
    BOOST_TEST(detail::check_row_count(query, report_rows_max).has_value());
    auto const refused = detail::check_row_count(query, report_rows_max + 1);
    BOOST_REQUIRE(!refused.has_value());
    BOOST_TEST((refused.error().code == errc::too_large));
    BOOST_TEST(refused.error().message().find("262145 rows") != std::string::npos);
    query.top = 10;
    BOOST_TEST(detail::check_row_count(query, 10'000'000).has_value());
    query.offset = report_places_max;
    BOOST_TEST(!detail::places_of(query).has_value());
    query = {.top = report_rows_max + 1};
    BOOST_TEST(!detail::places_of(query).has_value());
}

BOOST_AUTO_TEST_CASE(many_users_are_wide_and_their_names_are_forgotten_at_a_save) {
    rollup fold;
    part_store store;
    std::vector<record> entries;
    for (int i = 0; i < 20'000; ++i) {
        entries.push_back(call_of("user" + std::to_string(i), "gpt"));
        fold.apply(entries.back());
    }
    report_query const query{.kind = report_kind::users, .top = 5};
    BOOST_TEST(fold.is_wide(query));
    BOOST_TEST(!fold.ready(query));
    BOOST_TEST(ask_ranked(fold, store, query).row_count == 20'000U);
    store.save(fold);
    // A name that was number 7 before has another number now, and reports of other kinds go on.
    fold.apply(call_of("someone", "gpt"));
    entries.push_back(call_of("someone", "gpt"));
    BOOST_TEST(ask_ranked(fold, store, query).row_count == 20'001U);
    report_query const models{.kind = report_kind::models};
    require_same(ask(fold, store, models), entries, models);
}

BOOST_AUTO_TEST_CASE(a_thousand_times_the_usual_number_of_names_takes_no_more_memory) {
    constexpr std::uint64_t memory = std::uint64_t{8} << 20;
    rollup fold(rollup_options{.memory_bytes = memory});
    part_store store;
    std::uint64_t most = 0;
    for (int i = 0; i < 300'000; ++i) {
        record entry = call_of("user" + std::to_string(i), "model" + std::to_string(i % 40'000),
                               "key" + std::to_string(i % 7'000));
        entry.started_at.ns += std::int64_t{i % 30} * 86'400'000'000'000;
        fold.apply(entry);
        if (i % 1000 == 0) most = std::max(most, fold.bytes());
        if (fold.wants_saving()) {
            store.save(fold);
            store.parts.clear();  // the test's own memory
        }
    }
    BOOST_TEST(most > memory / 4);  // it was worth a look
    BOOST_TEST(most <= memory + memory / 4);
}

BOOST_AUTO_TEST_CASE(invented_models_count_under_other_behind_the_first_thousand_of_a_key_and_day) {
    rollup fold;
    part_store store;
    std::vector<record> as_counted;
    auto const add = [&](int model, std::string const& key, bool is_other) {
        record entry = call_of("ana", "model" + std::to_string(model), key);
        fold.apply(entry);
        if (is_other) entry.model_requested = std::string(other_models);
        as_counted.push_back(entry);
    };
    for (int i = 0; i < 1'500; ++i) add(i, "key1", i >= 1'000);
    for (int i = 0; i < 1'500; ++i) add(i % 900, "key2", false);
    add(3, "key1", false);  // one of the first
    report_query const query{.kind = report_kind::models};
    require_same(ask(fold, store, query), as_counted, query);
    store.save(fold);

    // Whoever goes on from the parts knows which were the first.
    rollup again;
    again.add_days(store.days());
    record late = call_of("bob", "model1400");
    BOOST_TEST(!again.knows_models(late.started_at));
    BOOST_REQUIRE(again.load_models(late.started_at, store.source()).has_value());
    BOOST_TEST(again.knows_models(late.started_at));
    again.apply(late);
    late.model_requested = std::string(other_models);
    as_counted.push_back(late);
    record const known = call_of("bob", "model7");
    again.apply(known);
    as_counted.push_back(known);
    require_same(ask(again, store, query), as_counted, query);
}

BOOST_AUTO_TEST_CASE(totals_of_users_in_pieces_are_read_as_they_were_written) {
    std::mt19937_64 random(56);
    std::set<std::string> names{""};
    while (names.size() < 3'000) names.insert("user" + std::to_string(random() % 100'000));
    std::vector<std::string> const users(names.begin(), names.end());
    std::vector<totals> sums;
    for (std::size_t i = 0; i < users.size(); ++i) {
        totals sum;
        sum.attempts = random() % 300;
        sum.requests = random() >> 40;
        sum.cost = money::from_pico(static_cast<int128>(random()) - (int128{1} << 62));
        if (i % 3 == 0) sum.made_narrow.pico = ~std::uint64_t{0};
        sums.push_back(sum);
    }
    auto const bytes = detail::write_user_sums(7, users, sums).value();
    auto const piece = detail::day_part::open(bytes).value();
    BOOST_TEST(piece.day().days == 7);
    auto const read = piece.read_users().value();
    BOOST_TEST(std::equal(read.begin(), read.end(), users.begin(), users.end()));
    std::size_t next = 0;
    BOOST_REQUIRE(piece
                      .read_sums(dimension::user, [&](std::uint32_t, totals const& sum,
                                                      auto&) { BOOST_TEST((sum == sums[next++])); })
                      .has_value());
    BOOST_TEST(next == sums.size());
    next = 0;
    BOOST_REQUIRE(piece
                      .read_costs(dimension::user,
                                  [&](std::uint32_t group, totals const& sum) {
                                      BOOST_TEST(group == next);
                                      BOOST_TEST(sum.attempts == sums[next].attempts);
                                      BOOST_TEST((sum.cost == sums[next++].cost));
                                  })
                      .has_value());
    next = 5;
    BOOST_REQUIRE(piece
                      .read_some_sums(dimension::user, {5, 2'999},
                                      [&](totals const& sum) {
                                          BOOST_TEST((sum == sums[std::exchange(next, 2'999)]));
                                      })
                      .has_value());
}

BOOST_AUTO_TEST_SUITE_END()
