// SPDX-License-Identifier: MIT
//
// price_rates.cpp: what is charged for which count, and when a card applies.
#include <aiaudit/pricing/rate_card.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <initializer_list>
#include <random>
#include <string>
#include <utility>

BOOST_AUTO_TEST_SUITE(price_rates)

namespace {

using namespace aiaudit;

rate per_million(std::string const& text) { return rate::parse(text, 6).value(); }

rate_table rates_of(std::initializer_list<std::pair<unit, char const*>> rates) {
    rate_table made;
    for (auto const& [what, text] : rates) made.set(what, per_million(text));
    return made;
}

usage counts(std::initializer_list<std::pair<unit, std::uint64_t>> units) {
    usage made;
    for (auto const& [what, count] : units) made.set(what, count);
    return made;
}

std::string cost(rate_table const& rates, usage const& used,
                 std::vector<applied_factor> const& factors = {}) {
    auto const leaves = usage_leaves::of(rates, used);
    if (!leaves) return leaves.error().message();
    auto const exact = cost_of(rates, used, *leaves, factors);
    return exact ? exact->total.rounded().to_string() : exact.error().message();
}

timestamp at(char const* text) { return timestamp::parse(text).value(); }

}  // namespace

// Vectors that other programs got wrong, with the right values worked out by hand.
BOOST_AUTO_TEST_CASE(a_cache_write_is_charged_once_and_not_as_input_too) {
    auto const rates = rates_of({{unit::input_tokens, "3"},
                                 {unit::cache_write_tokens, "3.75"},
                                 {unit::output_tokens, "15"}});
    BOOST_TEST(cost(rates, counts({{unit::input_tokens, 3 + 12'304},
                                   {unit::cache_write_tokens, 12'304},
                                   {unit::output_tokens, 550}})) == "0.054399");
}

BOOST_AUTO_TEST_CASE(a_five_minute_cache_write_costs_the_generic_rate) {
    auto const rates = rates_of({{unit::input_tokens, "5"},
                                 {unit::cache_write_tokens, "6.25"},
                                 {unit::cache_write_1h_tokens, "10"},
                                 {unit::output_tokens, "25"}});
    BOOST_TEST(cost(rates, counts({{unit::input_tokens, 6 + 159'217},
                                   {unit::cache_write_tokens, 159'217},
                                   {unit::cache_write_5m_tokens, 159'217},
                                   {unit::output_tokens, 2'745}})) == "1.06376125");
}

BOOST_AUTO_TEST_CASE(a_cache_write_that_came_beside_the_input_is_part_of_it_here) {
    auto const rates = rates_of({{unit::input_tokens, "3"},
                                 {unit::cache_write_tokens, "3.75"},
                                 {unit::output_tokens, "15"}});
    auto const used = counts({{unit::input_tokens, 22 + 2'492},
                              {unit::cache_write_tokens, 2'492},
                              {unit::output_tokens, 13}});
    BOOST_TEST(used.total_tokens() == 2'527u);  // Bedrock's own total
    BOOST_TEST(cost(rates, used) == "0.009606");
}

BOOST_AUTO_TEST_CASE(a_long_context_reprices_the_whole_request) {
    rate_table rates;
    auto const tiered = [](char const* base, char const* above) {
        return tiered_rate{per_million(base), {{200'000, per_million(above)}}};
    };
    rates.set(unit::input_tokens, tiered("1.25", "2.5"));
    rates.set(unit::cache_read_tokens, tiered("0.125", "0.25"));
    rates.set(unit::output_tokens, tiered("10", "15"));
    BOOST_TEST(cost(rates, counts({{unit::input_tokens, 262'960},
                                   {unit::cache_read_tokens, 257'955},
                                   {unit::output_tokens, 1'744}})) == "0.10316125");
}

BOOST_AUTO_TEST_CASE(additive_reasoning_is_output_once_a_dialect_has_added_it) {
    auto const rates = rates_of({{unit::input_tokens, "1.25"},
                                 {unit::cache_read_tokens, "0.20"},
                                 {unit::output_tokens, "2.50"}});
    BOOST_TEST(cost(rates, counts({{unit::input_tokens, 10'120},
                                   {unit::cache_read_tokens, 128},
                                   {unit::output_tokens, 1'499 + 2'809},
                                   {unit::output_reasoning_tokens, 2'809}})) == "0.0232856");
}

BOOST_AUTO_TEST_CASE(tool_tokens_without_a_rate_cost_what_input_costs) {
    auto const rates = rates_of({{unit::input_tokens, "1.25"}, {unit::output_tokens, "10"}});
    BOOST_TEST(cost(rates, counts({{unit::input_tokens, 17 + 119},
                                   {unit::input_tool_tokens, 119},
                                   {unit::output_tokens, 201 + 213},
                                   {unit::output_reasoning_tokens, 213}})) == "0.00431");
}

BOOST_AUTO_TEST_CASE(a_tier_starts_above_its_threshold_or_at_it_where_it_says_so) {
    rate_table above;
    above.set(unit::input_tokens, tiered_rate{per_million("1"), {{200'000, per_million("2")}}});
    rate_table from;
    from.set(unit::input_tokens,
             tiered_rate{per_million("1"), {{200'000, per_million("2"), true}}});
    BOOST_TEST(cost(above, counts({{unit::input_tokens, 200'000}})) == "0.2");
    BOOST_TEST(cost(above, counts({{unit::input_tokens, 200'001}})) == "0.400002");
    BOOST_TEST(cost(from, counts({{unit::input_tokens, 199'999}})) == "0.199999");
    BOOST_TEST(cost(from, counts({{unit::input_tokens, 200'000}})) == "0.4");
}

BOOST_AUTO_TEST_CASE(tiers_given_in_any_order_are_tried_in_order) {
    rate_table rates;
    rates.set(
        unit::input_tokens,
        tiered_rate{per_million("1"), {{256'000, per_million("3")}, {128'000, per_million("2")}}});
    BOOST_TEST(cost(rates, counts({{unit::input_tokens, 100'000}})) == "0.1");
    BOOST_TEST(cost(rates, counts({{unit::input_tokens, 200'000}})) == "0.4");
    BOOST_TEST(cost(rates, counts({{unit::input_tokens, 300'000}})) == "0.9");
}

BOOST_AUTO_TEST_CASE(cache_writes_of_two_lifetimes_and_a_rest_are_each_charged_once) {
    auto const rates = rates_of({{unit::input_tokens, "1"},
                                 {unit::cache_write_tokens, "10"},
                                 {unit::cache_write_1h_tokens, "100"}});
    // 1000 written: 300 for an hour, 200 for five minutes, 500 that the provider does not split.
    BOOST_TEST(cost(rates, counts({{unit::input_tokens, 1'000},
                                   {unit::cache_write_tokens, 1'000},
                                   {unit::cache_write_5m_tokens, 200},
                                   {unit::cache_write_1h_tokens, 300}})) == "0.037");
    // Only the split is known: it is all there is.
    BOOST_TEST(cost(rates, counts({{unit::input_tokens, 1'000},
                                   {unit::cache_write_5m_tokens, 200},
                                   {unit::cache_write_1h_tokens, 300}})) == "0.0325");
}

BOOST_AUTO_TEST_CASE(parts_larger_than_their_whole_are_bad_usage_that_names_the_unit) {
    auto const rates = rates_of({{unit::input_tokens, "1"}, {unit::cache_read_tokens, "0.1"}});
    BOOST_TEST(cost(rates, counts({{unit::input_tokens, 10}, {unit::cache_read_tokens, 11}})) ==
               "bad_usage: input_tokens is 10 but its parts are 11");
    BOOST_TEST(cost(rates, counts({{unit::cache_read_tokens, 11}})) ==
               "bad_usage: cache_read_tokens without input_tokens");
}

BOOST_AUTO_TEST_CASE(an_overlap_that_is_not_reported_is_bad_usage_where_it_has_a_rate) {
    auto const rates = rates_of({{unit::input_tokens, "1"},
                                 {unit::cache_read_tokens, "0.1"},
                                 {unit::input_audio_tokens, "5"},
                                 {unit::cache_audio_read_tokens, "0.5"}});
    usage used = counts(
        {{unit::input_tokens, 100}, {unit::cache_read_tokens, 60}, {unit::input_audio_tokens, 50}});
    BOOST_TEST(cost(rates, used) ==
               "bad_usage: how many are cache_audio_read_tokens is not reported");
    used.set(unit::cache_audio_read_tokens, 40);
    // 40 cached audio, 20 cached else, 10 audio else, 30 the rest.
    BOOST_TEST(cost(rates, used) == "0.000102");
    // One of the two alone tells all.
    BOOST_TEST(cost(rates, counts({{unit::input_tokens, 100}, {unit::cache_read_tokens, 60}})) ==
               "0.000046");
}

BOOST_AUTO_TEST_CASE(what_two_priced_units_share_gets_the_dearer_rate_and_is_not_charged_twice) {
    auto rates = rates_of({{unit::input_tokens, "1"},
                           {unit::cache_read_tokens, "0.1"},
                           {unit::input_audio_tokens, "5"}});
    rates.complete();
    BOOST_TEST(cost(rates, counts({{unit::input_tokens, 100},
                                   {unit::cache_read_tokens, 60},
                                   {unit::input_audio_tokens, 50},
                                   {unit::cache_audio_read_tokens, 40}})) == "0.000282");
    BOOST_TEST(!rates.has(unit::cache_image_read_tokens));
    BOOST_TEST(!rates.has(unit::cache_write_5m_tokens));
}

BOOST_AUTO_TEST_CASE(tokens_without_any_rate_are_loud_and_zero_tokens_are_not) {
    auto const embedding = rates_of({{unit::input_tokens, "0.02"}});
    BOOST_TEST(cost(embedding, counts({{unit::input_tokens, 50}, {unit::output_tokens, 0}})) ==
               "0.000001");
    BOOST_TEST(cost(embedding, counts({{unit::input_tokens, 50}, {unit::output_tokens, 1}})) ==
               "unpriced_unit: 1 output_tokens have no rate");
    auto const audio = rates_of({{unit::input_audio_tokens, "1"}});
    BOOST_TEST(cost(audio, counts({{unit::input_tokens, 5}, {unit::input_audio_tokens, 5}})) ==
               "0.000005");
    BOOST_TEST(cost(audio, counts({{unit::input_tokens, 6}, {unit::input_audio_tokens, 5}})) ==
               "unpriced_unit: 1 input_tokens have no rate");
}

BOOST_AUTO_TEST_CASE(counted_things_without_a_rate_are_reported_beside_the_cost) {
    auto const rates = rates_of({{unit::input_tokens, "1"}, {unit::output_tokens, "1"}});
    usage const used = counts({{unit::input_tokens, 1}, {unit::web_searches, 2}});
    auto const leaves = usage_leaves::of(rates, used);
    BOOST_REQUIRE(leaves.has_value());
    BOOST_TEST(leaves->unpriced() == detail::bit_of(unit::web_searches));
    BOOST_TEST(cost(rates, used) == "0.000001");
}

BOOST_AUTO_TEST_CASE(a_price_per_request_is_charged_once_unless_more_requests_are_counted) {
    rate_table rates;
    rates.set(unit::requests, rate::parse("5", 3).value());
    BOOST_TEST(cost(rates, {}) == "0.005");
    BOOST_TEST(cost(rates, counts({{unit::requests, 3}})) == "0.015");
    BOOST_TEST(cost(rates, counts({{unit::requests, 0}})) == "0");
}

BOOST_AUTO_TEST_CASE(an_explicit_zero_is_a_price) {
    auto const rates = rates_of({{unit::input_tokens, "0"}, {unit::output_tokens, "0"}});
    BOOST_TEST(cost(rates, counts({{unit::input_tokens, 9}, {unit::output_tokens, 9}})) == "0");
}

BOOST_AUTO_TEST_CASE(a_cost_is_rounded_once_half_to_even) {
    rate_table rates;
    // Half a pico-USD a token.
    rates.set(unit::input_tokens, rate::from_yocto(500'000'000'000));
    rates.set(unit::output_tokens, rate::from_yocto(500'000'000'000));
    BOOST_TEST(cost(rates, counts({{unit::input_tokens, 1}})) == "0");
    BOOST_TEST(cost(rates, counts({{unit::input_tokens, 3}})) == "0.000000000002");
    BOOST_TEST(cost(rates, counts({{unit::input_tokens, 5}})) == "0.000000000002");
    // Two halves are one, which rounding each would lose.
    BOOST_TEST(cost(rates, counts({{unit::input_tokens, 1}, {unit::output_tokens, 1}})) ==
               "0.000000000001");
}

BOOST_AUTO_TEST_CASE(factors_hold_for_the_leaves_that_they_cover_and_multiply) {
    auto const rates = rates_of({{unit::input_tokens, "10"}, {unit::cache_read_tokens, "1"}});
    usage const used = counts({{unit::input_tokens, 300}, {unit::cache_read_tokens, 100}});
    BOOST_TEST(cost(rates, used) == "0.0021");
    applied_factor const us{{11, 10}, detail::token_units};
    applied_factor const fast{{6, 1}, detail::bit_of(unit::input_tokens)};
    BOOST_TEST(cost(rates, used, {us}) == "0.00231");
    BOOST_TEST(cost(rates, used, {fast}) == "0.0121");
    BOOST_TEST(cost(rates, used, {us, fast}) == "0.01331");
}

BOOST_AUTO_TEST_CASE(a_multiplier_is_an_exact_fraction_in_bounds) {
    BOOST_TEST((detail::parse_multiplier("1.1").value() == multiplier{11, 10}));
    BOOST_TEST((detail::parse_multiplier("0.025").value() == multiplier{1, 40}));
    BOOST_TEST((detail::parse_multiplier("6").value() == multiplier{6, 1}));
    for (char const* bad : {"0", "-1", "x", "", "10001", "0.0000001"}) {
        BOOST_TEST(!detail::parse_multiplier(bad).has_value(), bad);
    }
}

// Random usages that hold together: whatever the rates, the leaves of a direction add up to it.
BOOST_AUTO_TEST_CASE(the_leaves_of_any_usage_add_up_to_the_whole) {
    std::mt19937_64 random{20260815};
    auto const below = [&](std::uint64_t bound) { return random() % bound; };
    for (int round = 0; round < 2'000; ++round) {
        // Cells of cache by modality, so that every overlap is known.
        std::uint64_t const cached_audio = below(1'000);
        std::uint64_t const cached_text = below(1'000);
        std::uint64_t const fresh_audio = below(1'000);
        std::uint64_t const fresh_text = below(1'000);
        std::uint64_t const written_1h = below(1'000);
        std::uint64_t const written_5m = below(1'000);
        std::uint64_t const reasoning = below(1'000);
        std::uint64_t const answer = below(1'000);
        std::uint64_t const input =
            cached_audio + cached_text + fresh_audio + fresh_text + written_1h + written_5m;
        usage const used = counts({
            {unit::input_tokens, input},
            {unit::cache_read_tokens, cached_audio + cached_text},
            {unit::input_audio_tokens, cached_audio + fresh_audio},
            {unit::cache_audio_read_tokens, cached_audio},
            {unit::cache_write_tokens, written_1h + written_5m},
            {unit::cache_write_1h_tokens, written_1h},
            {unit::output_tokens, reasoning + answer},
            {unit::output_reasoning_tokens, reasoning},
        });
        rate_table rates = rates_of({{unit::input_tokens, "1"}, {unit::output_tokens, "1"}});
        for (unit const maybe :
             {unit::cache_read_tokens, unit::input_audio_tokens, unit::cache_write_tokens,
              unit::cache_write_1h_tokens, unit::output_reasoning_tokens}) {
            if (below(2) != 0) rates.set(maybe, per_million("1"));
        }
        rates.complete();
        auto const leaves = usage_leaves::of(rates, used);
        BOOST_REQUIRE(leaves.has_value());
        std::uint64_t in = 0;
        std::uint64_t out = 0;
        for (rate_table::row const& row : rates.rows()) {
            (traits_of(row.what).direction == direction::input ? in : out) += (*leaves)[row.what];
        }
        BOOST_REQUIRE_EQUAL(in, input);
        BOOST_REQUIRE_EQUAL(out, reasoning + answer);
        // At one price for all, the split makes no difference.
        BOOST_REQUIRE_EQUAL(
            cost(rates, used),
            money::from_pico(int128{input + reasoning + answer} * 1'000'000).to_string());
    }
}

BOOST_AUTO_TEST_CASE(a_dated_card_holds_from_its_first_instant_to_before_its_last) {
    rate_card card;
    card.from = at("2026-07-30");
    card.until = at("2026-09-01");
    BOOST_TEST(!card.applies({at("2026-07-30").ns - 1}));
    BOOST_TEST(card.applies(at("2026-07-30")));
    BOOST_TEST(card.applies({at("2026-09-01").ns - 1}));
    BOOST_TEST(!card.applies(at("2026-09-01")));
}

BOOST_AUTO_TEST_CASE(a_daily_window_is_in_utc_and_may_pass_midnight) {
    rate_card day;
    day.window = daily_window{1'800, 59'400};  // 00:30 to 16:30
    BOOST_TEST(!day.applies(at("2026-03-29T00:29:59Z")));
    BOOST_TEST(day.applies(at("2026-03-29T00:30:00Z")));
    BOOST_TEST(day.applies(at("2026-03-29T16:29:59.999999999Z")));
    BOOST_TEST(!day.applies(at("2026-03-29T16:30:00Z")));
    // The same instant said in another zone.
    BOOST_TEST(day.applies(at("2026-03-29T02:30:00+02:00")));
    rate_card night;
    night.window = daily_window{59'400, 1'800};
    for (char const* when : {"2026-03-29T16:30:00Z", "2026-03-29T23:59:59Z", "2026-03-29T00:00:00Z",
                             "1969-12-31T23:59:59Z"}) {
        BOOST_TEST(night.applies(at(when)), when);
    }
    BOOST_TEST(!night.applies(at("2026-03-29T00:30:00Z")));
    rate_card never;
    never.window = daily_window{0, 0};
    BOOST_TEST(!never.applies(at("2026-03-29")));
}

BOOST_AUTO_TEST_CASE(weekdays_are_those_of_the_instant_in_utc) {
    rate_card work;
    work.weekdays = 0b0011111;                              // Monday to Friday
    BOOST_TEST(!work.applies(at("2026-08-16T23:59:59Z")));  // a Sunday
    BOOST_TEST(work.applies(at("2026-08-17T00:00:00Z")));
    BOOST_TEST(work.applies(at("2026-08-21T23:59:59Z")));
    BOOST_TEST(!work.applies(at("2026-08-22T00:00:00Z")));
    BOOST_TEST(work.applies(at("1969-12-31T12:00:00Z")));  // a Wednesday
    BOOST_TEST(!work.applies(at("1969-12-28T12:00:00Z")));
}

BOOST_AUTO_TEST_SUITE_END()
