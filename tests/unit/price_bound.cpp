// SPDX-License-Identifier: MIT
//
// The most that an attempt can come to: no way of charging the same input and output passes it.
#include <aiaudit/pricing/builtin.hpp>
#include <aiaudit/pricing/pricing_policy.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(price_bound)

namespace {

using namespace aiaudit;

rate million(char const* text) { return rate::parse(text, 6).value(); }

usage tokens(std::uint64_t input, std::uint64_t output) {
    usage made;
    made.set(unit::input_tokens, input);
    made.set(unit::output_tokens, output);
    return made;
}

// One provider "p" with one model "m".
price_book book_of(price_entry entry) {
    entry.id = "m";
    entry.match = model_match::text(model_match::rule::equals, "m");
    price_provider provider;
    provider.id = "p";
    provider.entries.push_back(std::move(entry));
    price_book_builder builder;
    builder.add(std::move(provider)).value();
    return std::move(builder).build();
}
price_entry entry_with(std::initializer_list<std::pair<unit, tiered_rate>> rates) {
    price_entry entry;
    rate_card card;
    for (auto const& [what, price] : rates) card.rates.set(what, price);
    entry.cards.push_back(std::move(card));
    return entry;
}
std::string most(price_book const& book, usage const& used, price_doubts doubts = {}) {
    price_lookup_cache cache;
    auto const bound = most_of_attempt(book, "p", "m", used, doubts, {}, cache);
    return bound ? bound->cost().to_string() : bound.error().message();
}

}  // namespace

BOOST_AUTO_TEST_CASE(all_input_and_all_output_count_at_their_dearest_rates) {
    auto const book = book_of(entry_with({{unit::input_tokens, {million("1"), {}}},
                                          {unit::cache_read_tokens, {million("0.1"), {}}},
                                          {unit::input_tool_tokens, {million("2"), {}}},
                                          {unit::output_tokens, {million("4"), {}}},
                                          {unit::output_reasoning_tokens, {million("6"), {}}}}));
    BOOST_TEST(most(book, tokens(1000, 100)) == "0.0026");
    BOOST_TEST(most(book, tokens(1000, 0)) == "0.002");
}

BOOST_AUTO_TEST_CASE(pictures_in_the_body_count_at_their_rate_and_no_sound_does) {
    auto const book = book_of(entry_with({{unit::input_tokens, {million("5"), {}}},
                                          {unit::input_image_tokens, {million("10"), {}}},
                                          {unit::input_audio_tokens, {million("40"), {}}}}));
    BOOST_TEST(most(book, tokens(1000, 0)) == "0.005");
    BOOST_TEST(most(book, tokens(1000, 0), {.picture_input = true}) == "0.01");
    BOOST_TEST(most(book, tokens(1000, 0), {.media_input = true}) == "0.04");
}

// Nobody knows before how much of an answer is pictures.
BOOST_AUTO_TEST_CASE(output_of_models_that_make_pictures_counts_at_the_rate_of_pictures) {
    price_book const book = builtin_book();
    price_lookup_cache cache;
    auto const of = [&](char const* provider, char const* model) {
        auto const most =
            most_of_attempt(book, provider, model, tokens(0, 1'000'000), {}, {}, cache, "standard");
        return most ? most->cost().to_string() : most.error().message();
    };
    BOOST_TEST(of("openai", "gpt-image-1") == "40");
    BOOST_TEST(of("openai", "gpt-image-1.5") == "32");
    BOOST_TEST(of("openai", "chatgpt-image-latest") == "32");
    BOOST_TEST(of("google", "gemini-2.5-flash-image") == "30");
    BOOST_TEST(book.limits("google", "gemini-2.5-flash-image", cache).output_tokens_max == 32'768U);
}

BOOST_AUTO_TEST_CASE(cache_writes_and_speed_count_where_the_request_asks_for_them) {
    auto entry = entry_with({{unit::input_tokens, {million("4"), {}}},
                             {unit::cache_write_tokens, {million("5"), {}}},
                             {unit::cache_write_1h_tokens, {million("8"), {}}},
                             {unit::input_audio_tokens, {million("40"), {}}},
                             {unit::output_tokens, {million("20"), {}}}});
    entry.modifiers.push_back({modifier_kind::speed, "fast", {6, 1}, ~std::uint64_t{0}});
    auto const book = book_of(std::move(entry));
    BOOST_TEST(most(book, tokens(1000, 100)) == "0.006");
    BOOST_TEST(most(book, tokens(1000, 100), {.cache_writes = true}) == "0.01");
    BOOST_TEST(most(book, tokens(1000, 100), {.speed = true}) == "0.036");
    BOOST_TEST(most(book, tokens(1000, 0), {.media_input = true}) == "0.04");
    BOOST_TEST(most(book, tokens(1000, 0), {.picture_input = true}) == "0.004");
}

BOOST_AUTO_TEST_CASE(a_lower_rate_for_long_contexts_does_not_lower_the_bound) {
    auto const book = book_of(
        entry_with({{unit::input_tokens,
                     {million("2"), {{1000, million("5"), false}, {2000, million("1"), false}}}},
                    {unit::output_tokens, {million("1"), {}}}}));
    BOOST_TEST(most(book, tokens(900, 0)) == "0.0018");
    BOOST_TEST(most(book, tokens(3000, 0)) == "0.015");
}

BOOST_AUTO_TEST_CASE(tiers_and_regions_that_an_account_may_have_count_unasked) {
    auto entry = entry_with(
        {{unit::input_tokens, {million("1"), {}}}, {unit::output_tokens, {million("2"), {}}}});
    service_rates priority{"priority", {}};
    priority.rates.set(unit::input_tokens, million("2"));
    service_rates batch{"batch", {}};
    batch.rates.set(unit::input_tokens, million("0.5"));
    entry.cards[0].services = {priority, batch};
    entry.modifiers.push_back({modifier_kind::region, "us", {11, 10}, ~std::uint64_t{0}});
    entry.modifiers.push_back({modifier_kind::region, "eu", {21, 20}, ~std::uint64_t{0}});
    entry.modifiers.push_back({modifier_kind::service_tier, "flex", {1, 2}, ~std::uint64_t{0}});
    auto const book = book_of(std::move(entry));
    BOOST_TEST(most(book, tokens(1000, 100)) == "0.00242");
}

BOOST_AUTO_TEST_CASE(a_tier_that_is_named_counts_at_its_own_rate_and_needs_one) {
    auto entry = entry_with(
        {{unit::input_tokens, {million("1"), {}}}, {unit::output_tokens, {million("2"), {}}}});
    service_rates priority{"priority", {}};
    priority.rates.set(unit::input_tokens, million("2"));
    entry.cards[0].services = {priority};
    entry.modifiers.push_back({modifier_kind::service_tier, "turbo", {3, 1}, ~std::uint64_t{0}});
    auto const book = book_of(std::move(entry));
    auto const at = [&](std::string_view tier) {
        price_lookup_cache cache;
        auto const bound = most_of_attempt(book, "p", "m", tokens(1000, 0), {}, {}, cache, tier);
        return bound ? bound->cost().to_string() : bound.error().message();
    };
    for (char const* tier : {"default", "standard", "flex", "batch", "standard_only"})
        BOOST_TEST(at(tier) == "0.001", tier);
    for (char const* tier : {"", "auto", "priority", "fast"}) BOOST_TEST(at(tier) == "0.006", tier);
    BOOST_TEST(at("turbo") == "0.003");
    BOOST_TEST(at("scale").starts_with("unpriced_unit: p/m: has no price in the service tier"));
}

BOOST_AUTO_TEST_CASE(searches_count_at_their_price_and_need_one) {
    auto const book =
        book_of(entry_with({{unit::input_tokens, {million("1"), {}}},
                            {unit::web_searches, {rate::parse("0.01").value(), {}}}}));
    auto used = tokens(1000, 0);
    used.set(unit::web_searches, 3);
    BOOST_TEST(most(book, used) == "0.031");
    used.set(unit::file_searches, 1);
    BOOST_TEST(most(book, used).starts_with("unpriced_unit: p/m: has no price for file_searches"));
}

BOOST_AUTO_TEST_CASE(a_fee_for_each_request_is_in_it) {
    auto const book = book_of(entry_with({{unit::input_tokens, {million("1"), {}}},
                                          {unit::requests, {rate::parse("0.01").value(), {}}}}));
    BOOST_TEST(most(book, tokens(1000, 0)) == "0.011");
}

BOOST_AUTO_TEST_CASE(what_has_no_rate_has_no_bound) {
    auto const book = book_of(entry_with({{unit::input_tokens, {million("1"), {}}}}));
    BOOST_TEST(most(book, tokens(1000, 1)).starts_with("unpriced_unit: p/m"));
    price_lookup_cache cache;
    BOOST_TEST(!most_of_attempt(book, "p", "other", tokens(1, 1), {}, {}, cache));
}

// Whatever a provider reports of so much input and output, at whatever tier and place.
BOOST_AUTO_TEST_CASE(no_usage_within_the_counts_costs_more_at_any_built_in_price) {
    auto const book = builtin_book();
    std::mt19937_64 random(20'261'127);
    auto const below = [&](std::uint64_t most_of) { return random() % (most_of + 1); };
    auto const at = timestamp::parse("2026-03-01T12:00:00Z").value();
    price_lookup_cache cache;
    std::size_t compared = 0;
    for (price_provider const& provider : book.providers()) {
        for (price_entry const& entry : provider.entries) {
            for (int round = 0; round < 40; ++round) {
                usage const upper = tokens(below(400'000), below(50'000));
                usage used = tokens(below(upper.count(unit::input_tokens)),
                                    below(upper.count(unit::output_tokens)));
                std::uint64_t const read = below(used.count(unit::input_tokens));
                used.set(unit::cache_read_tokens, read);
                used.set(unit::cache_write_tokens, below(used.count(unit::input_tokens) - read));
                used.set(unit::cache_write_1h_tokens, below(used.count(unit::cache_write_tokens)));
                used.set(unit::output_reasoning_tokens, below(used.count(unit::output_tokens)));
                std::vector<std::string_view> regions{"", "us"};
                std::vector<std::string_view> tiers{"", "batch", "flex", "priority"};
                std::vector<std::string_view> speeds{"", "fast"};
                price_query const query{
                    provider.id,       entry.id,        used, at, tiers[below(3)],
                    regions[below(1)], speeds[below(1)]};
                auto const price = book.price(query, cache);
                if (!price) continue;
                auto const bound =
                    most_of_attempt(book, provider.id, entry.id, upper,
                                    {.cache_writes = true, .speed = true}, at, cache);
                BOOST_REQUIRE(bound);
                ++compared;
                if (!(price->cost() <= bound->cost()))
                    BOOST_ERROR(provider.id << "/" << entry.id << ": " << price->cost().to_string()
                                            << " over " << bound->cost().to_string());
            }
        }
    }
    BOOST_TEST(compared > 1000U);
}

BOOST_AUTO_TEST_SUITE_END()
