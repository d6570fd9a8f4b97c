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
    m.modifiers.push_back({modifier_kind::speed, "fast", {6, 1}, detail::token_units});
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
    BOOST_TEST(in("", "fast").cost().to_string() == "33");  // the cached half as well
    BOOST_TEST(in("us", "fast").cost().to_string() == "36.3");
    BOOST_TEST(in("moon", "slow").cost().to_string() == "5.5");
    BOOST_TEST(in("moon", "slow").region_ignored);
    BOOST_TEST(in("moon", "slow").speed_ignored);
    BOOST_TEST(!in("us", "fast").region_ignored);
}

BOOST_AUTO_TEST_CASE(a_factor_of_any_region_leaves_out_the_global_one) {
    price_entry m = entry("m", rule::equals, "m", "10");
    m.modifiers.push_back({modifier_kind::region, "eu", {12, 10}, detail::token_units});
    m.modifiers.push_back(
        {modifier_kind::region, std::string(detail::any_region), {11, 10}, detail::token_units});
    auto const book = book_of({provider("p", {m, entry("n", rule::equals, "n", "10")})});
    usage const used = million();
    auto const quote_in = [&](char const* model, char const* region) {
        return book.price({.provider = "p", .model = model, .usage = used, .region = region})
            .value();
    };
    BOOST_TEST(quote_in("m", "us-east5").cost().to_string() == "11");
    BOOST_TEST(quote_in("m", "eu").cost().to_string() == "12");
    BOOST_TEST(quote_in("m", "global").cost().to_string() == "10");
    BOOST_TEST(!quote_in("m", "us-east5").region_ignored);
    BOOST_TEST(!quote_in("n", "global").region_ignored);
    BOOST_TEST(quote_in("n", "us-east5").region_ignored);
}

BOOST_AUTO_TEST_CASE(fast_is_the_newer_name_of_the_priority_tier) {
    price_entry m = entry("m", rule::equals, "m", "10");
    service_rates priority{"priority", {}};
    priority.rates.set(unit::input_tokens, rate::parse("20", 6).value());
    m.cards.front().services.push_back(priority);
    auto const book = book_of({provider("p", {m, entry("n", rule::equals, "n", "10")})});
    usage const used = million();
    auto const quote_at = [&](char const* model, char const* tier) {
        return book.price({.provider = "p", .model = model, .usage = used, .service_tier = tier})
            .value();
    };
    BOOST_TEST(quote_at("m", "fast").cost().to_string() == "20");
    BOOST_TEST(!quote_at("m", "fast").standard_tier_used);
    BOOST_TEST(quote_at("n", "fast").standard_tier_used);
    BOOST_TEST(!quote_at("n", "on_demand").standard_tier_used);
}

BOOST_AUTO_TEST_CASE(a_price_found_by_a_rule_is_assumed_unless_the_rule_is_an_edition) {
    auto const book = book_of({provider(
        "p", {entry("exact", rule::equals, "exact", "1"), entry("dated", rule::dated, "dated", "1"),
              entry("begins", rule::starts_with, "begins", "1"),
              entry("half", rule::starts_with, "half-2025", "1"),
              entry("within", rule::contains, "within-4", "1")})});
    usage const used = million();
    auto const basis = [&](char const* model) {
        auto const priced = book.price({.provider = "p", .model = model, .usage = used});
        BOOST_REQUIRE_MESSAGE(priced.has_value(), model);
        return std::string(name_of(priced->basis));
    };
    BOOST_TEST(basis("exact") == "listed");
    BOOST_TEST(basis("Exact") == "listed");
    BOOST_TEST(basis("dated") == "listed");
    BOOST_TEST(basis("dated-2027-01-01") == "assumed");
    BOOST_TEST(basis("dated-latest") == "assumed");
    BOOST_TEST(basis("begins") == "listed");
    BOOST_TEST(basis("begins-20270101") == "listed");
    BOOST_TEST(basis("begins-05-2027") == "listed");
    BOOST_TEST(basis("begins-latest") == "assumed");
    BOOST_TEST(basis("begins-plus-05-2027") == "assumed");
    BOOST_TEST(basis("begins.5") == "assumed");
    BOOST_TEST(basis("half-20250514") == "listed");
    BOOST_TEST(basis("us.maker.within-4-20250514-v1:0") == "listed");
    BOOST_TEST(basis("maker/within-4") == "listed");
    BOOST_TEST(basis("other-within-4") == "assumed");
    BOOST_TEST(basis("within-4-visionary") == "assumed");
    price_lookup_cache cache;  // remembers it
    for (int round = 0; round < 2; ++round) {
        auto const again =
            book.price({.provider = "p", .model = "dated-latest", .usage = used}, cache);
        BOOST_TEST(name_of(again->basis) == "assumed");
    }
}

BOOST_AUTO_TEST_CASE(a_book_is_stale_45_days_after_its_day_and_a_new_price_assumed_before_its_own) {
    price_entry fresh = entry("fresh", rule::equals, "fresh", "1");
    fresh.known_from = timestamp::parse("2026-11-09").value();
    price_entry unsure = entry("unsure", rule::equals, "unsure", "1");
    unsure.unsure = detail::bit_of(unit::web_searches);
    auto const undated =
        book_of({provider("p", {entry("m", rule::equals, "m", "1"), fresh, unsure})});
    auto const book = undated.known_as_of(timestamp::parse("2026-11-09").value());
    usage const used = million();
    auto const basis = [&](price_book const& prices, char const* model, char const* instant) {
        return std::string(name_of(prices
                                       .price({.provider = "p",
                                               .model = model,
                                               .usage = used,
                                               .at = timestamp::parse(instant).value()})
                                       ->basis));
    };
    BOOST_TEST(basis(book, "m", "2026-12-24T00:00:00Z") == "listed");
    BOOST_TEST(basis(book, "m", "2026-12-24T00:00:01Z") == "stale");
    BOOST_TEST(basis(undated, "m", "2036-12-24T00:00:01Z") == "listed");
    BOOST_TEST(basis(book, "fresh", "2026-11-08T23:59:59Z") == "assumed");
    BOOST_TEST(basis(book, "fresh", "2026-11-09T00:00:00Z") == "listed");
    BOOST_TEST(basis(book, "unsure", "2026-11-09T00:00:00Z") == "listed");
    usage searched = million();
    searched.set(unit::web_searches, 1);
    auto const priced = book.price({.provider = "p", .model = "unsure", .usage = searched});
    BOOST_TEST(name_of(priced->basis) == "assumed");
    BOOST_TEST((book.revision() == undated.revision()));
}

BOOST_AUTO_TEST_CASE(other_spellings_of_a_name_lead_to_the_one_that_the_book_has) {
    auto const book = book_of({provider(
        "p",
        {entry("v", rule::equals, "v@20251001", "1"), entry("d", rule::equals, "d-20251001", "2"),
         entry("ft", rule::equals, "ft:base-2024-08-06", "3"),
         entry("a", rule::equals, "us.maker.a-v1:0", "4"), entry("o", rule::equals, "o", "5")})});
    auto const id = [&](char const* model) {
        auto const hit = book.find("p", model);
        return hit ? hit.entry->id + (hit.assumed ? " assumed" : "") : std::string("none");
    };
    BOOST_TEST(id("v-20251001") == "v");
    BOOST_TEST(id("d@20251001") == "d");
    BOOST_TEST(id("ft:base-2024-08-06:organisation::id") == "ft");
    BOOST_TEST(id("ft:base:organisation::id") == "none");
    BOOST_TEST(id("arn:aws:bedrock:us-east-1:1:inference-profile/us.maker.a-v1:0") == "a");
    BOOST_TEST(id("arn:aws:bedrock:us-east-1:1:application-inference-profile/x1") == "none");
    BOOST_TEST(id("o@default") == "o");
    BOOST_TEST(id("v@20251002") == "none");
}

BOOST_AUTO_TEST_CASE(a_name_that_is_listed_goes_before_a_rule_where_the_provider_says_so) {
    auto const entries = std::vector{entry("first", rule::dated, "m", "1"),
                                     entry("second", rule::equals, "m-2512", "2")};
    auto by_order = provider("p", entries);
    auto by_name = by_order;
    by_name.names_first = true;
    BOOST_TEST(book_of({by_order}).find("p", "m-2512").entry->id == "first");
    BOOST_TEST(book_of({by_name}).find("p", "m-2512").entry->id == "second");
    BOOST_TEST(book_of({by_name}).find("p", "m-2603").entry->id == "first");
    BOOST_TEST((book_of({by_order}).revision() != book_of({by_name}).revision()));
}

BOOST_AUTO_TEST_CASE(limits_are_the_entrys_and_zero_where_the_book_does_not_say) {
    price_entry m = entry("m", rule::equals, "m", "1");
    m.context_tokens = 200'000;
    m.output_tokens_max = 64'000;
    auto const book = book_of({provider("p", {m, entry("n", rule::equals, "n", "1")})});
    price_lookup_cache cache;
    BOOST_TEST(book.limits("p", "m", cache).context_tokens == 200'000u);
    BOOST_TEST(book.limits("p", "m", cache).output_tokens_max == 64'000u);
    BOOST_TEST(book.limits("p", "n", cache).context_tokens == 0u);
    BOOST_TEST(book.limits("p", "other", cache).output_tokens_max == 0u);
}

BOOST_AUTO_TEST_CASE(
    a_free_variant_of_openrouter_costs_nothing_and_another_without_rates_is_refused) {
    auto const bare = [](char const* id) {
        price_entry unpriced = entry(id, rule::equals, id, "1");
        unpriced.cards = {rate_card{}};
        return unpriced;
    };
    auto const book = book_of({provider("openrouter", {bare("a/m:free"), bare("a/m")}),
                               provider("p", {bare("a/m:free")})});
    usage const used = million();
    auto const cost = [&](char const* provider, char const* model) {
        auto const priced = book.price({.provider = provider, .model = model, .usage = used});
        return priced ? priced->cost().to_string() : std::string(name_of(priced.error().code));
    };
    BOOST_TEST(cost("openrouter", "a/m:free") == "0");
    BOOST_TEST(cost("openrouter", "a/m") == "unpriced_unit");
    BOOST_TEST(cost("p", "a/m:free") == "unpriced_unit");
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
