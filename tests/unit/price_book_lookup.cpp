// SPDX-License-Identifier: MIT
//
// price_book_lookup.cpp: finding a model, choosing its card, and what a quote says.
#include <aiaudit/pricing/price_book.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(price_book_lookup)

namespace {

using namespace aiaudit;
using rule = model_match::rule;

rate_card flat(char const* price) {
    rate_card card;
    card.rates.set(unit::input_tokens, rate::parse(price, 6).value());
    card.rates.set(unit::output_tokens, rate::parse(price, 6).value());
    return card;
}

price_entry entry(std::string id, rule what, char const* pattern, char const* price) {
    price_entry made;
    made.id = std::move(id);
    made.match = model_match::text(what, pattern);
    made.cards.push_back(flat(price));
    return made;
}

price_provider provider(std::string id, std::vector<price_entry> entries) {
    price_provider made;
    made.id = std::move(id);
    made.entries = std::move(entries);
    return made;
}

price_book book_of(std::vector<price_provider> providers) {
    price_book_builder builder;
    for (price_provider& each : providers) builder.add(std::move(each)).value();
    return std::move(builder).build();
}

usage million() {
    usage counts;
    counts.set(unit::input_tokens, 1'000'000);
    return counts;
}

std::string priced(price_book const& book, char const* by, char const* model, timestamp at = {}) {
    auto const answer = book.price({by, model, million(), at});
    return answer ? std::string(answer->entry_id) + " " + answer->cost().to_string()
                  : answer.error().message();
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_first_entry_that_matches_wins_whatever_its_kind_of_rule) {
    auto const book = book_of({provider("p", {entry("first", rule::starts_with, "gpt-4o-m", "1"),
                                              entry("second", rule::equals, "gpt-4o-mini", "2"),
                                              entry("third", rule::equals, "gpt-4o", "3"),
                                              entry("last", rule::contains, "gpt", "4")})});
    BOOST_TEST(priced(book, "p", "gpt-4o-mini") == "first 1");
    BOOST_TEST(priced(book, "p", "GPT-4o") == "third 3");
    BOOST_TEST(priced(book, "P", "gpt-5") == "last 4");
}

BOOST_AUTO_TEST_CASE(an_unknown_model_or_provider_is_an_error_that_names_both) {
    auto const book = book_of({provider("p", {entry("m", rule::equals, "m", "1")})});
    BOOST_TEST(priced(book, "p", "n") == "unknown_model: p/n");
    BOOST_TEST(priced(book, "q", "m") == "unknown_model: q/m");
    BOOST_TEST(priced(book, "p", "") == "unknown_model: p/");
    BOOST_TEST(priced(price_book{}, "p", "m") == "unknown_model: p/m");
    BOOST_TEST(priced(book, "p", "a\nb") == "unknown_model: p/a?b");
    std::string const long_name(10'000, 'm');
    BOOST_TEST(priced(book, "p", long_name.c_str()).size() < 200u);
}

BOOST_AUTO_TEST_CASE(providers_go_by_other_names) {
    price_provider google = provider("google", {entry("g", rule::equals, "m", "1")});
    google.names = model_match::text(rule::contains, "palm");
    auto const book = book_of({google, provider("x-ai", {entry("x", rule::equals, "m", "2")}),
                               provider("aws", {entry("a", rule::equals, "m", "3")})});
    for (char const* name :
         {"google", "gemini", "vertex", "vertex_ai", "google-vertex", "my-palm"}) {
        BOOST_TEST(priced(book, name, "m") == "g 1", name);
    }
    BOOST_TEST(priced(book, "xai", "m") == "x 2");
    BOOST_TEST(priced(book, "bedrock", "m") == "a 3");
}

BOOST_AUTO_TEST_CASE(a_provider_falls_back_one_step_and_its_own_entries_come_first) {
    price_provider azure = provider("azure", {entry("own", rule::equals, "gpt-4o", "9")});
    azure.fallbacks = {"openai", "nobody"};
    price_provider openai = provider("openai", {entry("o", rule::starts_with, "gpt", "1")});
    openai.fallbacks = {"anthropic"};
    auto const book = book_of(
        {azure, openai, provider("anthropic", {entry("c", rule::contains, "claude", "2")})});
    BOOST_TEST(priced(book, "azure", "gpt-4o") == "own 9");
    BOOST_TEST(priced(book, "azure", "gpt-5") == "o 1");
    BOOST_TEST(priced(book, "azure", "claude-x") == "unknown_model: azure/claude-x");
    auto const answer = book.price({"azure", "gpt-5", million()});
    BOOST_TEST(answer->provider_id == "openai");
}

BOOST_AUTO_TEST_CASE(without_a_provider_the_model_tells_it) {
    price_provider openai = provider("openai", {entry("o", rule::starts_with, "gpt", "1")});
    openai.models = model_match::text(rule::starts_with, "gpt-");
    auto const book = book_of({provider("azure", {entry("gpt-4o", rule::equals, "gpt-4o", "9")}),
                               openai, provider("z", {entry("odd", rule::equals, "odd", "2")})});
    BOOST_TEST(priced(book, "", "gpt-4o") == "o 1");
    BOOST_TEST(priced(book, "", "azure/gpt-4o") == "gpt-4o 9");
    BOOST_TEST(priced(book, "", "odd") == "odd 2");
    BOOST_TEST(priced(book, "", "other") == "unknown_model: /other");
}

BOOST_AUTO_TEST_CASE(of_the_cards_that_apply_the_last_wins_and_none_is_an_error) {
    price_entry dated = entry("m", rule::equals, "m", "1");
    dated.cards.front().from = timestamp::parse("2026-01-01").value();
    dated.cards.push_back(flat("2"));
    dated.cards.back().from = timestamp::parse("2026-07-30").value();
    auto const book = book_of({provider("p", {dated})});
    auto const at = [&](char const* text) {
        return priced(book, "p", "m", timestamp::parse(text).value());
    };
    BOOST_TEST(at("2025-12-31T23:59:59Z") ==
               "unpriced_unit: p/m: has no price at 2025-12-31T23:59:59Z");
    BOOST_TEST(at("2026-07-29T23:59:59.999999999Z") == "m 1");
    BOOST_TEST(at("2026-07-30T00:00:00Z") == "m 2");
}

BOOST_AUTO_TEST_CASE(an_entry_without_rates_and_a_usage_without_counts_are_errors_not_zeros) {
    price_entry bare;
    bare.id = "bare";
    bare.match = model_match::text(rule::equals, "bare");
    bare.cards.emplace_back();
    auto const book = book_of({provider("p", {bare, entry("m", rule::equals, "m", "1")})});
    BOOST_TEST(priced(book, "p", "bare") == "unpriced_unit: p/bare: its entry has no rates");
    usage const none;
    BOOST_TEST(book.price({"p", "m", none}).error().message() == "no_usage: p/m");
}

BOOST_AUTO_TEST_CASE(
    service_tiers_use_their_own_rates_then_a_factor_then_say_that_they_did_neither) {
    price_entry m = entry("m", rule::equals, "m", "10");
    service_rates priority{"priority", {}};
    priority.rates.set(unit::input_tokens, rate::parse("17.5", 6).value());
    m.cards.front().services.push_back(priority);
    m.modifiers.push_back({modifier_kind::service_tier, "batch", {1, 2}, detail::token_units});
    auto const book = book_of({provider("p", {m})});
    usage used = million();
    auto const tier = [&](char const* name) {
        return book.price({.provider = "p", .model = "m", .usage = used, .service_tier = name})
            .value();
    };
    BOOST_TEST(tier("").cost().to_string() == "10");
    BOOST_TEST(tier("standard").cost().to_string() == "10");
    BOOST_TEST(!tier("standard").standard_tier_used);
    BOOST_TEST(tier("priority").cost().to_string() == "17.5");
    BOOST_TEST(tier("batch").cost().to_string() == "5");
    BOOST_TEST(!tier("batch").standard_tier_used);
    BOOST_TEST(tier("flex").cost().to_string() == "10");
    BOOST_TEST(tier("flex").standard_tier_used);
    used.set(unit::output_tokens, 1'000'000);  // priority has no rate for it
    BOOST_TEST(tier("priority").cost().to_string() == "27.5");
}

BOOST_AUTO_TEST_CASE(regions_and_speeds_are_factors_and_unknown_ones_are_reported) {
    price_entry m = entry("m", rule::equals, "m", "10");
    m.cards.front().rates.set(unit::cache_read_tokens, rate::parse("1", 6).value());
    m.modifiers.push_back({modifier_kind::region, "us", {11, 10}, detail::token_units});
    m.modifiers.push_back(
        {modifier_kind::speed, "fast", {6, 1}, detail::token_units & ~detail::cache_units});
    auto const book = book_of({provider("p", {m})});
    usage used = million();
    used.set(unit::cache_read_tokens, 500'000);
    auto const in = [&](char const* region, char const* speed) {
        return book
            .price({.provider = "p", .model = "m", .usage = used, .region = region, .speed = speed})
            .value();
    };
    BOOST_TEST(in("", "").cost().to_string() == "5.5");
    BOOST_TEST(in("us", "").cost().to_string() == "6.05");
    BOOST_TEST(in("", "fast").cost().to_string() == "30.5");
    BOOST_TEST(in("us", "fast").cost().to_string() == "33.55");
    BOOST_TEST(in("moon", "slow").cost().to_string() == "5.5");
    BOOST_TEST(in("moon", "slow").region_ignored);
    BOOST_TEST(in("moon", "slow").speed_ignored);
    BOOST_TEST(!in("us", "fast").region_ignored);
}

BOOST_AUTO_TEST_CASE(a_negative_rate_and_a_provider_given_twice_are_refused) {
    price_book_builder builder;
    auto const negative = builder.add(provider("p", {entry("m", rule::equals, "m", "-1")}));
    BOOST_TEST(negative.error().message() == "bad_price: p/m: below zero");
    BOOST_TEST(builder.add(provider("p", {})).has_value());
    BOOST_TEST(builder.add(provider("p", {})).error().message() == "bad_price: provider p twice");
    BOOST_TEST(!builder.add(provider("", {})).has_value());
}

BOOST_AUTO_TEST_CASE(the_revision_names_the_prices_and_not_how_they_were_given) {
    auto const a = entry("a", rule::equals, "a", "1");
    auto const b = entry("b", rule::equals, "b", "2");
    auto const plain = book_of({provider("p", {a, b}), provider("q", {a})});
    BOOST_TEST(
        (plain.revision() == book_of({provider("q", {a}), provider("p", {b, a})}).revision()));
    BOOST_TEST((plain.revision() != book_of({provider("q", {a}), provider("p", {b})}).revision()));
    auto dearer = a;
    dearer.cards.front() = flat("1.000000000001");
    BOOST_TEST(
        (plain.revision() != book_of({provider("p", {dearer, b}), provider("q", {a})}).revision()));
    auto dated = a;
    dated.cards.front().from = timestamp{};
    BOOST_TEST(
        (plain.revision() != book_of({provider("p", {dated, b}), provider("q", {a})}).revision()));
    auto sourced = a;
    sourced.source = "elsewhere";
    BOOST_TEST((plain.revision() ==
                book_of({provider("p", {sourced, b}), provider("q", {a})}).revision()));
    BOOST_TEST(!price_book{}.revision().is_zero());
}

BOOST_AUTO_TEST_CASE(the_revision_minds_the_order_of_entries_where_it_decides) {
    auto const narrow = entry("n", rule::equals, "gpt-4o", "1");
    auto const wide = entry("w", rule::starts_with, "gpt", "2");
    BOOST_TEST((book_of({provider("p", {narrow, wide})}).revision() !=
                book_of({provider("p", {wide, narrow})}).revision()));
}

BOOST_AUTO_TEST_CASE(a_cache_gives_the_same_answers_and_notices_another_book) {
    auto const cheap = book_of({provider("p", {entry("m", rule::contains, "m", "1")})});
    auto const dear = book_of({provider("p", {entry("m", rule::contains, "m", "2")})});
    price_lookup_cache cache;
    usage const used = million();
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 2'000; ++i) {  // more names than slots
            std::string const model = (i % 3 == 0 ? "x" : "m") + std::to_string(i);
            price_query const query{"p", model, used};
            price_book const& book = round == 1 ? dear : cheap;
            auto const plain = book.price(query);
            auto const cached = book.price(query, cache);
            BOOST_REQUIRE_EQUAL(plain.has_value(), cached.has_value());
            if (plain) BOOST_REQUIRE((plain->cost() == cached->cost()));
            if (!plain) BOOST_REQUIRE_EQUAL(plain.error().message(), cached.error().message());
        }
    }
}

BOOST_AUTO_TEST_CASE(an_amount_past_the_widest_integer_is_an_error) {
    price_entry m = entry("m", rule::equals, "m", "1");
    m.cards.front().rates.set(unit::input_tokens, rate::from_yocto(detail::int128_max / 2));
    auto const book = book_of({provider("p", {m})});
    BOOST_TEST(priced(book, "p", "m") == "money_overflow: p/m");
}

BOOST_AUTO_TEST_SUITE_END()
