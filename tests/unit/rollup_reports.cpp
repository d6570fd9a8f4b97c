// SPDX-License-Identifier: MIT
#include <aiaudit/rollup/report.hpp>

#include <aiaudit/export/report_text.hpp>
#include <aiaudit/timezone/tzdb.hpp>

#include <boost/test/unit_test.hpp>

#include <map>
#include <random>

using namespace aiaudit;

namespace {

std::vector<record> random_records(std::size_t count, unsigned seed) {
    std::mt19937_64 random(seed);
    auto const start = timestamp::parse("2026-02-25").value();
    std::vector<record> entries;
    for (std::size_t i = 0; i < count; ++i) {
        record entry;
        entry.user = "user" + std::to_string(random() % 5);
        entry.project = random() % 2 == 0 ? "search" : "";
        entry.provider = random() % 3 == 0 ? "openai" : "mistral";
        entry.model_requested = "model" + std::to_string(random() % 3);
        // Thirty days around a change of clock in New York, not in order.
        entry.started_at.ns =
            start.ns + static_cast<std::int64_t>(random() % (30ULL * 86'400'000'000'000ULL));
        entry.http_status = random() % 10 == 0 ? 500 : 200;
        entry.cost_status = cost_status::priced;
        entry.cost = money::from_pico(static_cast<int128>(random() % 1'000'000'000));
        entry.usage.set(unit::input_tokens, random() % 10'000);
        entry.usage.set(unit::output_tokens, random() % 1'000);
        if (random() % 4 != 0) entry.duration_ns = random() % 20'000'000'000;
        entries.push_back(entry);
    }
    return entries;
}

rollup folded(std::vector<record> const& entries) {
    rollup fold;
    for (record const& entry : entries) fold.apply(entry);
    return fold;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rollup_reports)

BOOST_AUTO_TEST_CASE(days_of_any_zone_equal_a_recount_whether_learnt_before_or_after_the_records) {
    auto const entries = random_records(5000, 1);
    for (char const* const name :
         {"UTC", "Asia/Ho_Chi_Minh", "Asia/Kathmandu", "America/New_York"}) {
        auto const zone = find_time_zone(name).value();
        std::map<civil_day, totals> recount;
        for (record const& entry : entries)
            recount[zone.day_of(entry.started_at)].add(totals::of(entry));
        rollup before;
        before.learn(zone);
        for (record const& entry : entries) before.apply(entry);
        rollup after = folded(entries);
        after.learn(zone);
        for (rollup const* const fold : {&before, &after}) {
            report const made = make_report(*fold, {report_kind::daily, zone, {}, {}});
            BOOST_REQUIRE(made.rows.size() == recount.size());
            auto want = recount.rbegin();  // newest first
            for (report_row const& row : made.rows) {
                BOOST_TEST((row.day == want->first));
                BOOST_TEST((row.sum == want->second));
                ++want;
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(groups_over_part_of_the_days_equal_a_recount) {
    auto const entries = random_records(5000, 2);
    auto const zone = find_time_zone("America/New_York").value();
    day_range const days{civil_day::parse("2026-03-05").value(),
                         civil_day::parse("2026-03-09").value()};
    rollup fold = folded(entries);
    fold.learn(zone);
    std::map<std::string, totals> models;
    std::map<std::string, totals> users;
    std::map<std::string, totals> of_user;
    for (record const& entry : entries) {
        if (!days.holds(zone.day_of(entry.started_at))) continue;
        models[entry.provider + "/" + entry.model()].add(totals::of(entry));
        users[entry.user].add(totals::of(entry));
        if (entry.user == "user3")
            of_user[entry.provider + "/" + entry.model()].add(totals::of(entry));
    }
    auto const check = [&](report_kind kind, std::map<std::string, totals> const& want) {
        report const made = make_report(fold, {kind, zone, days, "user3"});
        BOOST_TEST(made.rows.size() == want.size());
        for (report_row const& row : made.rows) {
            auto const& n = row.names;
            std::string const key = n.user.empty() ? n.provider + "/" + n.model : n.user;
            BOOST_REQUIRE(want.count(key) == 1);
            BOOST_TEST((row.sum == want.at(key)));
        }
        for (std::size_t i = 1; i < made.rows.size(); ++i) {
            BOOST_TEST((made.rows[i - 1].sum.cost >= made.rows[i].sum.cost));
        }
    };
    check(report_kind::models, models);
    check(report_kind::users, users);
    check(report_kind::user, of_user);
}

BOOST_AUTO_TEST_CASE(every_report_of_all_days_has_the_same_total) {
    rollup const fold = folded(random_records(3000, 3));
    report const daily = make_report(fold, {});
    for (auto const kind : {report_kind::models, report_kind::users, report_kind::projects,
                            report_kind::keys, report_kind::providers, report_kind::statuses}) {
        BOOST_TEST((make_report(fold, {kind, {}, {}, {}}).sum == daily.sum));
    }
    BOOST_TEST(daily.sum.requests == 3000U);
}

BOOST_AUTO_TEST_CASE(percentiles_lie_within_two_percent_of_the_sorted_truth) {
    std::mt19937_64 random(4);
    std::vector<std::uint64_t> truth;
    latency_histogram histogram;
    for (int i = 0; i < 10'000; ++i) {
        std::uint64_t const ns = 1'000'000 + random() % 10'000'000'000;
        truth.push_back(ns);
        histogram.add(latency_histogram::bucket_of(ns));
    }
    std::sort(truth.begin(), truth.end());
    latency_sum sum;
    sum.add(histogram);
    for (std::uint64_t const percent : {1U, 50U, 95U, 99U, 100U}) {
        auto const want = static_cast<double>(truth[percent * 100 - 1]);
        BOOST_TEST(static_cast<double>(sum.percentile_ns(percent)) > want * 0.98);
        BOOST_TEST(static_cast<double>(sum.percentile_ns(percent)) < want * 1.02);
    }
}

BOOST_AUTO_TEST_CASE(every_duration_falls_into_a_bucket_that_holds_it) {
    for (std::uint64_t us = 0; us < 3'000'000'000'000ULL; us += us / 50 + 1) {
        std::uint32_t const bucket = latency_histogram::bucket_of(us * 1000);
        BOOST_REQUIRE(bucket < latency_histogram::bucket_count);
        if (bucket == latency_histogram::bucket_count - 1) break;
        auto const middle = latency_histogram::value_ns(bucket) / 1000;
        BOOST_REQUIRE(middle + us / 30 + 1 >= us);
        BOOST_REQUIRE(middle <= us + us / 30 + 1);
    }
    BOOST_TEST(latency_histogram::bucket_of(~0ULL) == latency_histogram::bucket_count - 1);
}

BOOST_AUTO_TEST_CASE(a_retry_is_an_attempt_and_not_another_request) {
    record entry;
    entry.http_status = 429;
    rollup fold;
    fold.apply(entry);
    entry.attempt = 2;
    entry.http_status = 200;
    fold.apply(entry);
    report const made = make_report(fold, {});
    BOOST_TEST(made.sum.requests == 1U);
    BOOST_TEST(made.sum.attempts == 2U);
    BOOST_TEST(made.sum.errors == 1U);
}

BOOST_AUTO_TEST_CASE(an_intent_counts_nothing) {
    record entry;
    entry.kind = record_kind::intent;
    rollup fold;
    fold.apply(entry);
    BOOST_TEST(make_report(fold, {}).rows.empty());
}

BOOST_AUTO_TEST_CASE(names_with_separators_are_kept_apart_and_escaped) {
    record entry;
    entry.cost_status = cost_status::priced;
    entry.cost = money::parse("0.1").value();
    entry.user = "a,\"b\"\n";
    rollup fold;
    fold.apply(entry);
    report const made = make_report(fold, {report_kind::users, {}, {}, {}});
    std::string const json = to_text(made, text_format::jsonl);
    BOOST_TEST(json.find(R"({"user":"a,\"b\"\u000a","requests":1,)") == 0U);
    BOOST_TEST(json.find(R"("cost_usd":"0.1","avg_cost_usd":"0.1")") != std::string::npos);
    BOOST_TEST(to_text(made, text_format::csv).find("\n\"a,\"\"b\"\"\n\",1,0,") !=
               std::string::npos);
    BOOST_TEST(to_text({report_kind::users, {}, {}}, text_format::json) == "[]\n");
}

BOOST_AUTO_TEST_CASE(a_table_ends_with_its_total) {
    rollup const fold = folded(random_records(50, 5));
    std::string const table =
        to_text(make_report(fold, {report_kind::models, {}, {}, {}}), text_format::table);
    std::size_t const last = table.rfind('\n', table.size() - 2) + 1;
    BOOST_TEST(table.compare(last, 5, "total") == 0);
}

BOOST_AUTO_TEST_SUITE_END()
