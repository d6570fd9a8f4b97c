// SPDX-License-Identifier: MIT
//
// price_overlay.cpp: own rates, discounts and margins over a book.
#include <aiaudit/pricing/builtin.hpp>
#include <aiaudit/pricing/price_overlay.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(price_overlay)

namespace {

using namespace aiaudit;

price_book over(std::string const& overlays) {
    auto overlaid =
        overlay_prices(builtin_book(), R"({"overlays": [)" + overlays + "]}", "overlay.json");
    BOOST_REQUIRE_MESSAGE(overlaid.has_value(), (overlaid ? "" : overlaid.error().message()));
    return *overlaid;
}

std::string refusal(std::string const& text) {
    auto const overlaid = overlay_prices(builtin_book(), text, "overlay.json");
    return overlaid ? "taken" : overlaid.error().message();
}

// 100,000 tokens in, 10,000 out, ten searches.
std::string cost(price_book const& book, char const* provider, char const* model,
                 char const* key = "", char const* tier = "") {
    usage used;
    used.set(unit::input_tokens, 100'000);
    used.set(unit::output_tokens, 10'000);
    used.set(unit::web_searches, 10);
    auto const priced = book.price({.provider = provider,
                                    .model = model,
                                    .usage = used,
                                    .at = timestamp::parse("2026-11-10").value(),
                                    .service_tier = tier,
                                    .key = key});
    return priced ? priced->cost().to_string() : priced.error().message();
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_factor_is_on_all_that_a_call_costs) {
    auto const book = over(R"({"provider": "openai", "model": "gpt-4.1", "factor": "0.9"})");
    BOOST_TEST(cost(builtin_book(), "openai", "gpt-4.1") == "0.53");  // a search is 0.025
    BOOST_TEST(cost(book, "openai", "gpt-4.1") == "0.477");
    BOOST_TEST(cost(book, "openai", "gpt-4.1-2025-04-14") == "0.477");
    BOOST_TEST(cost(book, "openai", "gpt-4.1-mini") ==
               cost(builtin_book(), "openai", "gpt-4.1-mini"));
    BOOST_TEST((book.revision() != builtin_book().revision()));
    BOOST_TEST((book.as_of() == builtin_book().as_of()));
}

BOOST_AUTO_TEST_CASE(the_factor_of_a_key_takes_the_place_of_that_for_all) {
    auto const book = over(R"({"provider": "openai", "model": "gpt-4*", "factor": 1.5},
        {"provider": "openai", "model": "gpt-4.1", "key": "team-a", "factor": "2"})");
    BOOST_TEST(cost(book, "openai", "gpt-4.1") == "0.795");
    BOOST_TEST(cost(book, "openai", "gpt-4.1", "team-b") == "0.795");
    BOOST_TEST(cost(book, "openai", "gpt-4.1", "team-a") == "1.06");
}

BOOST_AUTO_TEST_CASE(own_rates_take_the_place_of_the_standard_ones_and_leave_a_tiers_own) {
    auto const book = over(R"({"provider": "openai", "model": "gpt-4.1",
        "rates": {"input_tokens": "1", "web_searches": 0.01}})");
    BOOST_TEST(cost(book, "openai", "gpt-4.1") == "0.28");               // 0.1 + 0.08 + 0.1
    BOOST_TEST(cost(book, "openai", "gpt-4.1", "", "batch") == "0.24");  // 0.1 + 0.04 + 0.1
}

BOOST_AUTO_TEST_CASE(a_model_that_the_book_does_not_have_is_added) {
    auto const book = over(R"({"provider": "openai", "model": "Our-Own", "rates":
        {"input_tokens": 1, "output_tokens": 2}},
        {"provider": "house", "model": "m", "rates": {"input_tokens": 3, "output_tokens": 3}})");
    BOOST_TEST(cost(book, "openai", "our-own") == "0.12");
    BOOST_TEST(cost(book, "house", "m") == "0.33");
}

BOOST_AUTO_TEST_CASE(a_bound_reckons_with_the_largest_margin) {
    auto const book = over(R"({"provider": "mistral", "model": "mistral-tiny", "factor": 2},
        {"provider": "mistral", "model": "mistral-tiny", "key": "k", "factor": 3})");
    usage used;
    used.set(unit::input_tokens, 1'000'000);
    price_lookup_cache cache;
    price_query const query{.provider = "mistral", .model = "mistral-tiny", .usage = used};
    BOOST_TEST(book.most(query, {}, cache)->cost().to_string() == "0.75");
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_said_with_its_place_and_nothing_is_taken) {
    auto const one = [](std::string const& overlay) {
        return refusal(R"({"overlays": [{"factor": "1"}, )" + overlay + "]}");
    };
    std::string const where = "bad_price: overlay.json: overlay 2: ";
    BOOST_TEST(one(R"({"provider": "openai"})") == where + "needs a factor or rates, and not both");
    BOOST_TEST(one(R"({"factor": 1, "rates": {}})") ==
               where + "needs a factor or rates, and not both");
    BOOST_TEST(one(R"({"factor": 0})").starts_with(where + "not a factor"));
    BOOST_TEST(one(R"({"factor": 1, "colour": 2})") == where + "unknown word colour");
    BOOST_TEST(one(R"({"model": "gpt-99", "factor": 1})") == where + "the book has no such model");
    BOOST_TEST(one(R"({"provider": "openai", "model": "gpt-4.1-2099-01-01", "factor": 1})") ==
               where + "the book has no such model");
    BOOST_TEST(one(R"({"model": "m", "rates": {"input_tokens": 1}})") ==
               where + "the book has no such model");
    BOOST_TEST(one(R"({"provider": "openai", "model": "gpt-4.1", "rates": {"smiles": 1}})") ==
               where + "no unit smiles");
    BOOST_TEST(one(R"({"provider": "openai", "model": "gpt-4.1", "rates": {"pages": -1}})") ==
               where + "pages is no price");
    BOOST_TEST(one(R"({"model": "gpt-4.1", "key": "k", "rates": {"pages": 1}})") ==
               where + "a key has a factor, no rates of its own");
    BOOST_TEST(refusal("[]") ==
               "bad_price: overlay.json: not an overlay file: no list of overlays");
    BOOST_TEST(refusal("{").starts_with("bad_price: overlay.json: not JSON: line 1"));
}

BOOST_AUTO_TEST_SUITE_END()
