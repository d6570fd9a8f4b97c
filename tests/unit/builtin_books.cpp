// SPDX-License-Identifier: MIT
//
// builtin_books.cpp: the prices that come with the library.
#include <aiaudit/pricing/builtin.hpp>

#include <boost/test/unit_test.hpp>

#include <set>
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

BOOST_AUTO_TEST_CASE(every_figure_has_a_date_and_a_source) {
    for (builtin_price const& row : builtin_prices) {
        BOOST_TEST(row.source->url.starts_with("https://"), row.id);
        BOOST_TEST(row.source->as_of.starts_with("2026-"), row.id);
        BOOST_TEST(!row.base.input.empty(), row.id);
    }
    for (builtin_factor const& each : builtin_factors) BOOST_TEST(!each.source->url.empty());
}

BOOST_AUTO_TEST_CASE(every_factor_is_on_a_model_of_the_table) {
    std::set<std::string_view> ids{""};
    for (builtin_price const& row : builtin_prices) ids.insert(row.id);
    for (builtin_factor const& each : builtin_factors) BOOST_TEST(ids.contains(each.id), each.id);
}

BOOST_AUTO_TEST_CASE(every_row_is_found_by_its_own_name_and_not_by_another_row) {
    auto const book = builtin_book();
    for (builtin_price const& row : builtin_prices) {
        auto const found = book.find(row.source->provider, row.id);
        BOOST_REQUIRE_MESSAGE(found, row.id);
        BOOST_TEST(found.entry->id == row.id);
    }
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
    BOOST_TEST(cost(book, "deepseek", "deepseek-chat", "2026-08-15T00:29:59Z") == "0.019");
    BOOST_TEST(cost(book, "deepseek", "deepseek-chat", "2026-08-15T00:30:00Z") == "0.038");
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
