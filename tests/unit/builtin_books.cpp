// SPDX-License-Identifier: MIT
//
// builtin_books.cpp: the prices that come with the library.
#include <aiaudit/pricing/builtin.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(builtin_books)

namespace {

using namespace aiaudit;

std::string cost(price_book const& book, std::string_view provider, std::string_view model,
                 char const* at = "2026-08-15T12:00:00Z", std::string_view tier = {}) {
    usage used;
    used.set(unit::input_tokens, 100'000);
    used.set(unit::output_tokens, 10'000);
    auto const priced = book.price({.provider = provider,
                                    .model = model,
                                    .usage = used,
                                    .at = timestamp::parse(at).value(),
                                    .service_tier = tier});
    return priced ? priced->cost().to_string() : priced.error().message();
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_provider_has_a_source_and_the_table_a_day) {
    for (builtin_provider_rows const& each : builtin_rows) {
        BOOST_TEST(each.url.starts_with("https://"), each.provider);
    }
    BOOST_TEST((builtin_book().as_of() == timestamp::parse(builtin_prices_day).value()));
}

BOOST_AUTO_TEST_CASE(every_listed_name_leads_to_its_own_row_and_is_listed) {
    auto const book = builtin_book();
    std::size_t names = 0;
    for (price_provider const& provider : book.providers()) {
        for (price_entry const& entry : provider.entries) {
            BOOST_TEST(!entry.cards.empty(), entry.id);
            BOOST_TEST(!entry.cards.front().rates.empty(), entry.id);
            for (model_match const& name : entry.match.parts()) {
                auto const found = book.find(provider.id, name.pattern());
                BOOST_REQUIRE_MESSAGE(found, name.pattern());
                BOOST_TEST(found.entry->id == entry.id, name.pattern());
                BOOST_TEST(!found.assumed, name.pattern());
                ++names;
            }
        }
    }
    BOOST_TEST(names > 900u);
}

BOOST_AUTO_TEST_CASE(a_row_of_the_table_is_read_whole) {
    price_entry const read = detail::builtin_row::read(
        "m-1 m.1 ~-2026 =1000/100 %u1.1 %f6 + ! i2>200:4 r0.2 o8 s10 /batch i1 o4 "
        "$2026-08-16T16:00:00Z^0100-0400*12345 i3 o9");
    BOOST_TEST(read.id == "m-1");
    BOOST_TEST(read.match.parts().size() == 3u);
    BOOST_TEST(read.match.matches("m-1-2026"));
    BOOST_TEST(read.context_tokens == 1'000u);
    BOOST_TEST(read.output_tokens_max == 100u);
    BOOST_TEST(read.unsure != 0u);
    BOOST_TEST((read.known_from == timestamp::parse(builtin_prices_day).value()));
    BOOST_TEST(read.modifiers.size() == 2u);
    BOOST_TEST_REQUIRE(read.cards.size() == 2u);
    rate_card const& first = read.cards.front();
    BOOST_TEST((first.rates.find(unit::input_tokens)->at(200) == rate::parse("2", 6).value()));
    BOOST_TEST((first.rates.find(unit::input_tokens)->at(201) == rate::parse("4", 6).value()));
    BOOST_TEST((first.rates.find(unit::web_searches)->base == rate::parse("0.01").value()));
    BOOST_TEST(
        (first.service("batch")->find(unit::output_tokens)->base == rate::parse("4", 6).value()));
    auto const applies = [&](char const* instant) {
        return read.cards.back().applies(timestamp::parse(instant).value());
    };
    BOOST_TEST(applies("2026-08-17T01:00:00Z"));  // a Monday
    BOOST_TEST(!applies("2026-08-17T04:00:00Z"));
    BOOST_TEST(!applies("2026-08-22T02:00:00Z"));  // a Saturday
    BOOST_TEST(!applies("2026-08-14T02:00:00Z"));
}

// What was wrong in the table of August, with the reports that say so (usage kinds 5 and 9).
BOOST_AUTO_TEST_CASE(prices_that_public_reports_correct_are_as_they_say) {
    auto const book = builtin_book();
    auto const cost_of = [&](char const* provider, char const* model, char const* instant,
                             std::uint64_t input, std::uint64_t output) {
        usage used;
        used.set(unit::input_tokens, input);
        used.set(unit::output_tokens, output);
        auto const priced = book.price({.provider = provider,
                                        .model = model,
                                        .usage = used,
                                        .at = timestamp::parse(instant).value()});
        return priced ? priced->cost().to_string() : priced.error().message();
    };
    char const* const september = "2026-09-10T12:00:00Z";
    BOOST_TEST(cost_of("anthropic", "claude-sonnet-5", september, 10'000, 1'000) == "0.03");
    BOOST_TEST(cost_of("openai", "gpt-5.6", september, 300'000, 1'000) == "2.43");
    BOOST_TEST(cost_of("openai", "gpt-5.6-sol", "2026-08-20T23:59:59Z", 300'000, 1'000) == "3.045");
    BOOST_TEST(cost_of("openai", "gpt-5.5-2026-04-23", september, 300'000, 1'000) == "3.045");
    BOOST_TEST(cost_of("openai", "gpt-5.5-pro", september, 300'000, 1'000) == "18.27");
    BOOST_TEST(cost_of("anthropic", "claude-sonnet-4-20250514", "2025-11-10", 250'000, 1'000) ==
               "1.5225");
    BOOST_TEST(cost_of("xai", "grok-4-fast-reasoning", september, 200'000, 1'000) == "0.081");
    BOOST_TEST(cost_of("xai", "grok-4", september, 128'000, 0) == "0.768");
    BOOST_TEST(cost_of("deepseek", "deepseek-v4-flash", "2026-08-25T02:00:00Z", 10'000, 1'000) ==
               "0.00572");
    BOOST_TEST(cost_of("deepseek", "deepseek-v4-flash", "2026-08-25T04:00:00Z", 10'000, 1'000) ==
               "0.00286");
    BOOST_TEST(cost_of("deepseek", "deepseek-v4-flash", "2026-08-29T02:00:00Z", 10'000, 1'000) ==
               "0.00286");
    BOOST_TEST(cost_of("deepseek", "deepseek-v4-flash", "2026-08-16T15:59:59Z", 10'000, 1'000) ==
               "0.00168");
    BOOST_TEST(cost_of("deepseek", "deepseek-v4-flash", "2026-09-11T02:00:00Z", 10'000, 1'000) ==
               "0.0042");
    BOOST_TEST(cost_of("mistral", "mistral-medium-latest", september, 1'000, 100) == "0.00225");
    BOOST_TEST(cost_of("mistral", "mistral-medium-2604", september, 1'000, 100) == "0.00225");
    BOOST_TEST(cost_of("mistral", "mistral-medium-2312", september, 1'000, 100) == "0.00351");
    BOOST_TEST(cost_of("mistral", "mistral-large-latest", september, 1'000, 100) == "0.00065");
    BOOST_TEST(cost_of("mistral", "mistral-large-2402", september, 1'000, 100) == "0.0052");
    BOOST_TEST(cost_of("mistral", "mistral-large-2407", september, 1'000, 100) == "0.0039");
    BOOST_TEST(cost_of("mistral", "ministral-8b-2512", september, 1'000, 100) == "0.000165");
    BOOST_TEST(cost_of("mistral", "codestral-2405", september, 1'000, 100) == "0.0013");
    BOOST_TEST(cost_of("openai", "gpt-3.5-turbo-1106", september, 1'000, 100) == "0.0012");
}

BOOST_AUTO_TEST_CASE(tiers_speeds_and_regions_of_the_table) {
    auto const book = builtin_book();
    auto const cost_of = [&](char const* provider, char const* model, char const* tier,
                             char const* region, char const* speed) {
        usage used;
        used.set(unit::input_tokens, 2'000'000);
        used.set(unit::cache_write_tokens, 1'000'000);
        auto const priced = book.price({.provider = provider,
                                        .model = model,
                                        .usage = used,
                                        .at = timestamp::parse("2026-11-10").value(),
                                        .service_tier = tier,
                                        .region = region,
                                        .speed = speed});
        BOOST_REQUIRE_MESSAGE(priced.has_value(), model);
        bool const ignored =
            priced->standard_tier_used || priced->region_ignored || priced->speed_ignored;
        return priced->cost().to_string() + (ignored ? " ignored" : "");
    };
    // 5 in and 6.25 written; fast is twice both.
    BOOST_TEST(cost_of("anthropic", "claude-opus-4-8", "", "", "") == "11.25");
    BOOST_TEST(cost_of("anthropic", "claude-opus-4-8", "", "", "fast") == "22.5");
    BOOST_TEST(cost_of("anthropic", "claude-opus-4-8", "", "us", "fast") == "24.75");
    BOOST_TEST(cost_of("anthropic", "claude-opus-4-8", "batch", "us", "") == "6.1875");
    BOOST_TEST(cost_of("anthropic", "claude-sonnet-4-6", "", "us", "") == "7.425");
    BOOST_TEST(cost_of("anthropic", "claude-sonnet-4-6", "", "moon", "") == "6.75 ignored");
    BOOST_TEST(cost_of("google", "claude-haiku-4-5@20251001", "", "us-east5", "") == "2.475");
    BOOST_TEST(cost_of("google", "claude-haiku-4-5@20251001", "", "global", "") == "2.25");
    BOOST_TEST(cost_of("vertex", "gemini-3.1-flash-lite", "", "europe-west1", "") == "0.55");
    BOOST_TEST(cost_of("vertex", "gemini-2.5-flash", "", "europe-west1", "") == "0.6");
    BOOST_TEST(cost_of("openai", "gpt-6-luna", "ultrafast", "", "") == "0.45 ignored");
    BOOST_TEST(cost_of("openai", "gpt-6-astra", "ultrafast", "", "") == "270");
    BOOST_TEST(cost_of("openai", "gpt-6-astra", "fast", "eu", "") == "99");
}

BOOST_AUTO_TEST_CASE(models_have_their_window_and_most_output) {
    auto const book = builtin_book();
    price_lookup_cache cache;
    auto const limits = book.limits("openai", "gpt-4.1-2025-04-14", cache);
    BOOST_TEST(limits.context_tokens == 1'047'576u);
    BOOST_TEST(limits.output_tokens_max == 32'768u);
    BOOST_TEST(book.limits("google", "claude-haiku-4-5@20251001", cache).output_tokens_max ==
               64'000u);
    std::size_t known = 0;
    std::size_t all = 0;
    for (price_provider const& provider : book.providers()) {
        for (price_entry const& entry : provider.entries) {
            ++all;
            known += entry.output_tokens_max != 0;
        }
    }
    BOOST_TEST(known * 2 > all);
}

BOOST_AUTO_TEST_CASE(what_the_table_cannot_be_sure_of_is_assumed) {
    auto const book = builtin_book();
    auto const basis = [&](char const* provider, char const* model, char const* instant) {
        usage used;
        used.set(unit::input_tokens, 1'000);
        auto const priced = book.price({.provider = provider,
                                        .model = model,
                                        .usage = used,
                                        .at = timestamp::parse(instant).value()});
        BOOST_REQUIRE_MESSAGE(priced.has_value(), model);
        return std::string(name_of(priced->basis));
    };
    for (char const* const model : {"gpt-4.1", "gpt-4.1-2025-04-14", "gpt-4o-2024-08-06",
                                    "gpt-5-2025-08-07", "o3-2025-04-16", "gpt-5.6"}) {
        BOOST_TEST(basis("openai", model, "2026-09-10") == "listed", model);
    }
    for (char const* const model :
         {"claude-sonnet-4-20250514", "claude-opus-4-1-20250805", "claude-haiku-4-5-20251001",
          "claude-sonnet-4-5@20250929", "claude-sonnet-5"}) {
        BOOST_TEST(basis("anthropic", model, "2026-09-10") == "listed", model);
    }
    BOOST_TEST(basis("google", "gemini-2.5-flash", "2026-09-10") == "listed");
    BOOST_TEST(basis("openai", "gpt-4.1-2027-01-01", "2026-09-10") == "assumed");
    BOOST_TEST(basis("openai", "gpt-4o-mini-search-preview", "2026-09-10") == "assumed");
    // First seen in the files of November: what they cost before is not known.
    BOOST_TEST(basis("anthropic", "claude-opus-5-5", "2026-09-10") == "assumed");
    BOOST_TEST(basis("anthropic", "claude-opus-5-5", "2026-11-10") == "listed");
    BOOST_TEST(basis("openai", "gpt-4.1", "2026-12-25") == "stale");
}

BOOST_AUTO_TEST_CASE(dated_and_plain_names_lead_to_the_same_price) {
    auto const book = builtin_book();
    BOOST_TEST(cost(book, "openai", "gpt-4.1") == "0.28");
    BOOST_TEST(cost(book, "openai", "gpt-4.1-2025-04-14") == "0.28");
    BOOST_TEST(cost(book, "anthropic", "claude-sonnet-4-5-20250929") == "0.45");
    BOOST_TEST(cost(book, "anthropic", "claude-sonnet-4.5") == "0.45");
    BOOST_TEST(cost(book, "vertex", "claude-sonnet-4-5@20250929") == "0.45");
    BOOST_TEST(cost(book, "azure", "gpt-4.1") == "0.28");
    BOOST_TEST(cost(book, "", "gemini-2.5-flash") == "0.055");
    BOOST_TEST(cost(book, "openai", "gpt-4o-2024-05-13") == "0.65");
    BOOST_TEST(cost(book, "openai", "gpt-4o-2024-08-06") == "0.35");
    BOOST_TEST(cost(book, "openai", "gpt-9") == "unknown_model: openai/gpt-9");
}

BOOST_AUTO_TEST_CASE(prices_change_on_their_day_and_with_the_hour) {
    auto const book = builtin_book();
    BOOST_TEST(cost(book, "openai", "gpt-5.6-luna", "2026-07-29T23:59:59Z") == "0.16");
    BOOST_TEST(cost(book, "openai", "gpt-5.6-luna", "2026-07-30T00:00:00Z") == "0.032");
    BOOST_TEST(cost(book, "deepseek", "deepseek-chat", "2025-08-15T00:29:59Z") == "0.019");
    BOOST_TEST(cost(book, "deepseek", "deepseek-chat", "2025-08-15T00:30:00Z") == "0.038");
}

BOOST_AUTO_TEST_CASE(a_batch_costs_half) {
    auto const book = builtin_book();
    char const* const noon = "2026-08-15T12:00:00Z";
    BOOST_TEST(cost(book, "openai", "gpt-4.1", noon, "batch") == "0.14");
    BOOST_TEST(cost(book, "anthropic", "claude-opus-5", noon, "batch") == "0.375");
}

BOOST_AUTO_TEST_CASE(holysheep_charges_every_token_alike) {
    auto const book = holysheep_book();
    BOOST_TEST(cost(book, "holysheep", "gpt-4.1") == "0.88");
    BOOST_TEST(cost(book, "holysheep", "claude-sonnet-4.5") == "1.65");
    BOOST_TEST(cost(book, "holysheep", "gemini-2.5-flash") == "0.275");
    BOOST_TEST(cost(book, "holysheep", "deepseek-v3.2") == "0.0462");
    BOOST_TEST(cost(book, "", "deepseek-v3.2") == "0.0462");
    BOOST_TEST(cost(book, "holysheep", "gpt-4o") == "unknown_model: holysheep/gpt-4o");
    usage used;
    used.set(unit::input_tokens, 1'000'000);
    used.set(unit::cache_read_tokens, 900'000);
    BOOST_TEST(book.price({"holysheep", "gpt-4.1", used})->cost().to_string() == "8");
}

BOOST_AUTO_TEST_CASE(a_book_has_the_same_revision_each_time_it_is_built) {
    BOOST_TEST((builtin_book().revision() == builtin_book().revision()));
    BOOST_TEST((builtin_book().revision() != holysheep_book().revision()));
}

BOOST_AUTO_TEST_SUITE_END()
