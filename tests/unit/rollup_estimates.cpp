// SPDX-License-Identifier: MIT
#include "rollup_support.hpp"
#include "support/old_day_parts.hpp"

#include <aiaudit/export/report_text.hpp>

BOOST_AUTO_TEST_SUITE(rollup_estimates)

using namespace aiaudit;
using namespace rollup_support;
using namespace aiaudit_tests;

namespace {

record attempt_of(cost_status status, std::int64_t pico) {
    record entry;
    entry.user = "ana";
    entry.provider = "openai";
    entry.model_requested = "gpt-5";
    entry.started_at = timestamp::parse("2026-03-01T12:00:00Z").value();
    entry.http_status = 200;
    entry.cost_status = status;
    entry.cost = money::from_pico(pico);
    return entry;
}

totals sum_of(rollup& fold, part_store& store) { return ask(fold, store, {}).sum; }

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_estimated_is_no_token_and_its_cost_is_told_apart) {
    record speech = attempt_of(cost_status::estimated, 9'000'000);
    speech.usage.set(unit::input_tokens, 40);
    speech.usage.set(unit::output_audio_tokens, 128'000, provenance::estimated);
    speech.usage.set(unit::output_tokens, 128'000, provenance::estimated);
    record cut = attempt_of(cost_status::estimated, 5'000'000);
    cut.cost_low = money::from_pico(1'500'000);
    cut.usage.set(unit::output_tokens, 128'000, provenance::estimated);
    record whole = attempt_of(cost_status::priced, 700'000);
    whole.usage.set(unit::input_tokens, 7);
    whole.usage.set(unit::output_tokens, 3);

    rollup fold;
    part_store store;
    for (record const* entry : {&speech, &cut, &whole}) fold.apply(*entry);
    for (bool saved : {false, true}) {
        if (saved) {
            store.save(fold);
            fold = rollup{};
            fold.add_days(store.days());
        }
        totals const sum = sum_of(fold, store);
        BOOST_TEST(sum.count(unit::input_tokens) == 47U);
        BOOST_TEST(sum.count(unit::output_tokens) == 3U);
        BOOST_TEST(sum.count(unit::output_audio_tokens) == 0U);
        BOOST_TEST((sum.cost == money::from_pico(14'700'000)));
        BOOST_TEST((sum.estimated.value() == money::from_pico(14'000'000)));
        BOOST_TEST((sum.cost_low() == money::from_pico(2'200'000)));
        BOOST_TEST(sum.unsure == 2U);
        BOOST_TEST(sum.unsplit == 0U);
    }
}

BOOST_AUTO_TEST_CASE(partial_assumed_and_stale_costs_are_unsure_and_the_providers_own_is_not) {
    rollup fold;
    part_store store;
    auto const add = [&](cost_status status, price_basis basis) {
        record entry = attempt_of(status, 1);
        entry.price_basis = basis;
        fold.apply(entry);
    };
    add(cost_status::priced, price_basis::listed);
    add(cost_status::priced, price_basis::provider);
    add(cost_status::no_charge, price_basis::stale);
    add(cost_status::unpriced, price_basis::stale);
    add(cost_status::priced, price_basis::assumed);
    add(cost_status::priced, price_basis::stale);
    add(cost_status::partial, price_basis::listed);
    add(cost_status::estimated, price_basis::listed);
    BOOST_TEST(sum_of(fold, store).unsure == 4U);
}

BOOST_AUTO_TEST_CASE(estimates_and_corrections_add_up_alike_saved_or_not) {
    auto const entries = with_corrections(random_records(2500, 61), 62);
    part_store store;
    rollup fold;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        fold.apply(entries[i]);
        if (i % 400 == 399) store.save(fold);
    }
    require_all_same(fold, store, entries);
    store.merge();
    rollup again;
    again.add_days(store.days());
    for (std::size_t i = entries.size() / 400 * 400; i < entries.size(); ++i)
        again.apply(entries[i]);
    require_all_same(again, store, entries);
}

BOOST_AUTO_TEST_CASE(a_report_as_recorded_is_that_of_the_outcomes_alone) {
    auto const outcomes = random_records(1500, 63);
    part_store store;
    rollup fold;
    for (record const& entry : with_corrections(outcomes, 64)) fold.apply(entry);
    for (report_query const& query : queries())
        require_same(as_recorded(ask(fold, store, query)), outcomes, query);
}

BOOST_AUTO_TEST_CASE(a_correction_changes_the_cost_and_no_count) {
    rollup fold;
    part_store store;
    record const unpriced = attempt_of(cost_status::unpriced, 0);
    record const stale = [] {
        record entry = attempt_of(cost_status::priced, 900);
        entry.price_basis = price_basis::stale;
        return entry;
    }();
    fold.apply(unpriced);
    fold.apply(stale);
    store.save(fold);
    record change = attempt_of(cost_status::priced, -200);
    change.kind = record_kind::correction;
    change.tags = {{"correction.by", "ana"},
                   {"correction.costed", "1"},
                   {"correction.sure", "1"},
                   {"correction.costed", "50"}};  // a tag of the record's, which is not heeded
    fold.apply(change);
    store.save(fold);  // a part of corrections alone
    rollup again;
    again.add_days(store.days());
    totals const sum = sum_of(again, store);
    BOOST_TEST(sum.requests == 2U);
    BOOST_TEST(sum.attempts == 2U);
    BOOST_TEST(sum.uncosted == 0U);
    BOOST_TEST(sum.unsure == 0U);
    BOOST_TEST(sum.corrections == 1U);
    BOOST_TEST((sum.cost == money::from_pico(700)));
    BOOST_TEST((sum.corrected.value() == money::from_pico(-200)));
    totals const recorded = sum.as_recorded();
    BOOST_TEST(recorded.uncosted == 1U);
    BOOST_TEST(recorded.unsure == 1U);
    BOOST_TEST((recorded.cost == money::from_pico(900)));
}

BOOST_AUTO_TEST_CASE(a_part_of_version_1_reports_as_before_and_says_that_it_is_not_split) {
    part_store store;
    civil_day const day = civil_day::parse("2026-03-01").value();
    store.parts[day] = {bytes_of(version_1_part)};
    auto const require_as_before = [&](std::uint64_t more) {
        rollup fold;
        fold.add_days(store.days());
        for (report_kind const kind :
             {report_kind::daily, report_kind::models, report_kind::user}) {
            totals const sum = ask(fold, store, {kind, {}, {}, "ana"}).sum;
            BOOST_TEST(sum.attempts == 3U + more);
            BOOST_TEST(sum.count(unit::input_tokens) == 300U);
            BOOST_TEST(sum.count(unit::output_tokens) == 128'020U);
            BOOST_TEST((sum.cost == money::from_pico(6000 + 50 * more)));
            BOOST_TEST(sum.unsplit == 3U);
            BOOST_TEST(sum.unsure == more);
        }
    };
    require_as_before(0);
    store.merge();
    BOOST_TEST(static_cast<int>(store.parts[day].front()[3]) == 4);
    require_as_before(0);
    // With what was added since.
    rollup newer;
    newer.apply(attempt_of(cost_status::estimated, 50));
    store.save(newer);
    store.parts[day].front() = bytes_of(version_1_part);
    require_as_before(1);
    store.merge();
    require_as_before(1);
}

BOOST_AUTO_TEST_CASE(money_in_parts_is_exact_for_amounts_of_either_sign) {
    std::mt19937_64 random(65);
    money_parts sum;
    money exact;
    for (int i = 0; i < 10'000; ++i) {
        auto const pico = static_cast<std::int64_t>(random()) >> (random() % 60);
        money const amount = money::from_pico(pico);
        BOOST_REQUIRE((money_parts::of(amount).value() == amount));
        sum.micro += money_parts::of(amount).micro;
        sum.pico += money_parts::of(amount).pico;
        exact += amount;
    }
    BOOST_TEST((sum.value() == exact));
}

BOOST_AUTO_TEST_CASE(a_report_shows_what_is_estimated_and_hides_what_is_not_there) {
    rollup fold;
    part_store store;
    fold.apply(attempt_of(cost_status::priced, 2'000'000'000));
    std::string const plain = to_text(ask(fold, store, {}), text_format::table);
    for (std::string_view const name :
         {"estimated", "at least", "corrected", "unsure", "unsplit", "uncosted"})
        BOOST_TEST(plain.find(name) == std::string::npos);
    record bound = attempt_of(cost_status::estimated, 3'000'000'000);
    bound.cost_low = money::from_pico(1'000'000'000);
    fold.apply(bound);
    report const shown = ask(fold, store, {});
    std::string const table = to_text(shown, text_format::table);
    BOOST_TEST(table.find("estimated USD") != std::string::npos);
    BOOST_TEST(table.find("at least USD") != std::string::npos);
    BOOST_TEST(table.find("0.003000") != std::string::npos);
    BOOST_TEST(to_text(shown, text_format::jsonl).find("\"cost_usd\":\"0.005\"") !=
               std::string::npos);
    BOOST_TEST(to_text(shown, text_format::jsonl)
                   .find("\"cost_low_usd\":\"0.003\",\"estimated_cost_usd\":\"0.003\","
                         "\"unsure\":1,\"corrected_cost_usd\":\"0\",\"unsplit\":0") !=
               std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
