// SPDX-License-Identifier: MIT
#include "rollup_support.hpp"

#include <aiaudit/export/report_text.hpp>
#include <aiaudit/timezone/tzdb.hpp>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(rollup_reports)

using namespace aiaudit;
using namespace rollup_support;

namespace {

rollup folded(std::vector<record> const& entries) {
    rollup fold;
    for (record const& entry : entries) fold.apply(entry);
    return fold;
}

// A record whose texts are views.
struct record_like {
    record const& of;
    record_kind kind = of.kind;
    std::string_view user = of.user;
    std::string_view project = of.project;
    std::string_view key_id = of.key_id;
    std::string_view provider = of.provider;
    timestamp started_at = of.started_at;
    std::optional<std::uint64_t> duration_ns = of.duration_ns;
    std::uint16_t http_status = of.http_status;
    std::string_view error_type = of.error_type;
    aiaudit::usage const& usage = of.usage;
    aiaudit::cost_status cost_status = of.cost_status;
    aiaudit::price_basis price_basis = of.price_basis;
    money cost = of.cost;
    std::optional<money> cost_low = of.cost_low;
    std::optional<money> provider_cost = of.provider_cost;
    std::vector<std::pair<std::string, std::string>> const& tags = of.tags;
    std::uint32_t attempt = of.attempt;
    [[nodiscard]] bool failed() const noexcept { return of.failed(); }
    [[nodiscard]] std::string_view model() const noexcept { return of.model(); }
};

}  // namespace

BOOST_AUTO_TEST_CASE(every_report_equals_a_recount_of_records_out_of_order) {
    auto const entries = random_records(4000, 1);
    rollup fold = folded(entries);
    part_store none;
    require_all_same(fold, none, entries);
}

BOOST_AUTO_TEST_CASE(a_report_asked_for_before_counts_what_comes_after) {
    auto const entries = random_records(2000, 2);
    rollup fold;
    part_store none;
    for (report_query const& query : queries()) {
        if (query.days == day_range{}) static_cast<void>(ask(fold, none, query));
    }
    for (record const& entry : in_order(entries)) fold.apply(entry);
    require_all_same(fold, none, entries);
}

BOOST_AUTO_TEST_CASE(records_in_any_order_give_the_same_reports) {
    auto const entries = random_records(1000, 6);
    auto shuffled = entries;
    std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937_64{7});
    part_store none;
    rollup one = folded(in_order(entries));
    rollup other = folded(shuffled);
    for (report_query const& query : queries()) {
        BOOST_REQUIRE(to_text(ask(one, none, query), text_format::csv) ==
                      to_text(ask(other, none, query), text_format::csv));
    }
}

BOOST_AUTO_TEST_CASE(a_view_of_a_record_counts_as_the_record) {
    auto const entries = random_records(500, 8);
    rollup fold;
    for (record const& entry : entries) fold.apply(record_like{entry});
    part_store none;
    require_all_same(fold, none, entries);
}

BOOST_AUTO_TEST_CASE(a_zone_of_the_system_has_the_days_of_a_recount) {
    auto const entries = random_records(2000, 9);
    rollup fold = folded(entries);
    part_store none;
    for (char const* const name : {"Asia/Ho_Chi_Minh", "America/New_York", "America/St_Johns"}) {
        report_query const query{report_kind::daily, find_time_zone(name).value(), {}, {}};
        require_same(ask(fold, none, query), entries, query);
    }
}

BOOST_AUTO_TEST_CASE(a_query_stays_ready_as_records_come) {
    auto const entries = in_order(random_records(3000, 10));
    rollup fold;
    part_store none;
    report_query const users{report_kind::users, zones()[1], {}, {}};
    report_query const user{report_kind::user, zones()[2], {}, "user3"};
    static_cast<void>(ask(fold, none, users));
    static_cast<void>(ask(fold, none, user));
    for (std::size_t i = 0; i < 200; ++i) fold.apply(entries[i]);
    BOOST_TEST(fold.ready(users));
    BOOST_TEST(fold.ready(user));
    std::vector<record> const some(entries.begin(), entries.begin() + 200);
    require_same(make_report(fold, users), some, users);
    require_same(make_report(fold, user), some, user);
}

BOOST_AUTO_TEST_CASE(names_outlive_the_rollup_in_their_report) {
    auto const entries = random_records(300, 11);
    report made;
    report_query const query{report_kind::users, {}, {}, {}};
    {
        rollup fold = folded(entries);
        part_store none;
        made = ask(fold, none, query);
    }
    require_same(made, entries, query);
}

BOOST_AUTO_TEST_CASE(every_report_of_all_days_has_the_same_total) {
    rollup fold = folded(random_records(3000, 3));
    part_store none;
    report const daily = ask(fold, none, {});
    for (auto const kind : {report_kind::models, report_kind::users, report_kind::projects,
                            report_kind::keys, report_kind::providers, report_kind::statuses}) {
        BOOST_TEST((ask(fold, none, {kind, {}, {}, {}}).sum == daily.sum));
    }
    BOOST_TEST(daily.sum.attempts == 3000U);
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
    auto const made = detail::percentiles_of([&histogram](std::uint32_t bucket) {
        std::uint64_t sum = 0;
        for (auto const& e : histogram.entries()) sum += e.bucket <= bucket ? e.count : 0;
        return sum;
    });
    for (std::size_t i = 0; i < 3; ++i) {
        auto const want = static_cast<double>(truth[latency_percentiles::percents[i] * 100 - 1]);
        BOOST_TEST(static_cast<double>(made.ns[i]) > want * 0.98);
        BOOST_TEST(static_cast<double>(made.ns[i]) < want * 1.02);
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
    rollup fold = folded(random_records(50, 5));
    part_store none;
    std::string const table =
        to_text(ask(fold, none, {report_kind::models, {}, {}, {}}), text_format::table);
    std::size_t const last = table.rfind('\n', table.size() - 2) + 1;
    BOOST_TEST(table.compare(last, 5, "total") == 0);
}

BOOST_AUTO_TEST_SUITE_END()
