// SPDX-License-Identifier: MIT
//
// Costs that come late: what was a bound is exact in every report, saved or not.
#include "rollup_support.hpp"
#include "support/old_day_parts.hpp"

BOOST_AUTO_TEST_SUITE(rollup_late_costs)

using namespace aiaudit;
using namespace rollup_support;
using namespace aiaudit_tests;

namespace {

record bound_of(std::int64_t pico, std::optional<std::int64_t> low = std::nullopt) {
    record entry;
    entry.user = "ana";
    entry.provider = "openai";
    entry.model_requested = "gpt-5";
    entry.started_at = timestamp::parse("2026-03-01T12:00:00Z").value();
    entry.http_status = 200;
    entry.cost_status = cost_status::estimated;
    entry.cost = money::from_pico(pico);
    if (low) entry.cost_low = money::from_pico(*low);
    return entry;
}

totals sum_of(rollup& fold, part_store& store) { return ask(fold, store, {}).sum; }

// Without what is told of corrections.
report without_corrections(report from) {
    auto const forget = [](totals& sum) {
        sum.corrections = sum.made_costed = sum.made_sure = 0;
        sum.corrected = sum.made_exact = sum.made_narrow = {};
    };
    forget(from.sum);
    for (report_row& row : from.rows) forget(row.sum);
    return from;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_range_of_a_call_goes_with_its_late_cost_and_that_of_others_stays) {
    record const cut = bound_of(2'080'000'000'003, 3'000'000'007);
    record const other = bound_of(500, 100);
    rollup fold;
    part_store store;
    auto const reopen = [&] {
        store.save(fold);
        fold = rollup{};
        fold.add_days(store.days());
    };
    fold.apply(cut);
    fold.apply(other);
    totals const before = sum_of(fold, store);
    reopen();
    record late = late_cost_of(cut, money::from_pico(4'000'000'001));
    fold.apply(late);
    auto const require_narrow = [&](std::int64_t charge) {
        totals const sum = sum_of(fold, store);
        BOOST_TEST((sum.cost == money::from_pico(charge + 500)));
        BOOST_TEST((sum.estimated == money_parts::of(other.cost)));
        BOOST_TEST((sum.margin == money_parts::of(money::from_pico(400))));
        BOOST_TEST((sum.cost_low() == money::from_pico(charge + 100)));
        BOOST_TEST(sum.unsure == 1U);
        BOOST_TEST((sum.as_recorded() == before));
    };
    require_narrow(4'000'000'001);
    reopen();  // a part of the correction alone
    require_narrow(4'000'000'001);
    // Another charge, below what was taken for the least.
    late.cost = money::from_pico(2'000'000'000 - 4'000'000'001);
    late.cost_low = late.cost;
    late.provider_cost = money::from_pico(2'000'000'000);
    late.tags = {{"correction.records", "1"}, {"correction.sure", "0"}};
    fold.apply(late);
    require_narrow(2'000'000'000);
    reopen();
    store.merge();
    require_narrow(2'000'000'000);
}

BOOST_AUTO_TEST_CASE(reports_with_late_costs_are_those_of_calls_whose_cost_was_never_a_bound) {
    std::mt19937_64 random(91);
    auto const outcomes = random_records(2500, 90);
    std::vector<record> exact = outcomes;
    std::vector<record> late;
    for (record& entry : exact) {
        if (entry.cost_status != cost_status::estimated || random() % 3 == 0) continue;
        money const charge = money::from_pico(static_cast<int128>(random() >> (8 + random() % 50)));
        late.push_back(late_cost_of(entry, charge));
        entry.cost_status = cost_status::priced;
        entry.price_basis = price_basis::provider;
        entry.cost = charge;
        entry.cost_low.reset();
    }
    BOOST_TEST(late.size() > 50U);
    part_store store;
    rollup fold;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        fold.apply(outcomes[i]);
        if (i % 700 == 699) store.save(fold);
    }
    for (record const& entry : late) fold.apply(entry);
    auto const require_exact = [&](rollup& of) {
        for (report_query const& query : queries()) {
            require_same(without_corrections(ask(of, store, query)), exact, query);
            require_same(as_recorded(ask(of, store, query)), outcomes, query);
        }
    };
    require_exact(fold);
    store.save(fold);
    store.merge();
    rollup again;
    again.add_days(store.days());
    require_exact(again);
}

BOOST_AUTO_TEST_CASE(a_part_of_version_2_reports_as_before) {
    civil_day const day = civil_day::parse("2026-03-01").value();
    part_store store;
    store.parts[day] = {bytes_of(version_2_part)};
    auto const require_as_before = [&store] {
        rollup fold;
        fold.add_days(store.days());
        for (report_kind const kind :
             {report_kind::daily, report_kind::models, report_kind::user}) {
            totals const sum = ask(fold, store, {kind, {}, {}, "ana"}).sum;
            BOOST_TEST(sum.attempts == 4U);
            BOOST_TEST(sum.corrections == 1U);
            BOOST_TEST(sum.unsure == 2U);
            BOOST_TEST(sum.unsplit == 0U);
            BOOST_TEST((sum.cost == money::from_pico(2'005'539)));
            BOOST_TEST((sum.estimated.value() == money::from_pico(2'000'039)));
            BOOST_TEST((sum.cost_low() == money::from_pico(5'511)));
            BOOST_TEST((sum.as_recorded().cost == money::from_pico(2'005'739)));
            BOOST_TEST(sum.as_recorded().unsure == 3U);
        }
    };
    require_as_before();
    store.merge();
    BOOST_TEST(static_cast<int>(store.parts[day].front()[3]) == 4);
    require_as_before();
    // The bound of a part of version 2 goes too.
    store.parts[day] = {bytes_of(version_2_part)};
    rollup fold;
    fold.add_days(store.days());
    fold.apply(late_cost_of(bound_of(30), money::from_pico(7)));
    totals const sum = sum_of(fold, store);
    BOOST_TEST((sum.cost == money::from_pico(2'005'516)));
    BOOST_TEST((sum.estimated.value() == money::from_pico(2'000'009)));
    BOOST_TEST((sum.cost_low() == money::from_pico(5'518)));
}

BOOST_AUTO_TEST_CASE(a_part_of_version_2_has_no_numbers_of_version_3) {
    rollup fold;
    part_store store;
    fold.apply(bound_of(30));
    fold.apply(late_cost_of(bound_of(30), money::from_pico(7)));
    store.save(fold);
    std::string& part = store.parts.begin()->second.front();
    BOOST_TEST(static_cast<int>(part[3]) == 4);
    for (char const version : {'\x02', '\x01', '\x00', '\x05'}) {
        part[3] = version;
        rollup again;
        again.add_days(store.days());
        auto const read = again.prepare({}, store.source());
        bool const known = version == '\x02' || version == '\x01';
        BOOST_REQUIRE(!read.has_value());
        BOOST_TEST((read.error().code == (known ? errc::corrupt : errc::newer_format)));
    }
}

BOOST_AUTO_TEST_SUITE_END()
