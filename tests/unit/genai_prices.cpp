// SPDX-License-Identifier: MIT
//
// genai_prices.cpp: reading a file in genai-prices' format, good and bad.
#include <aiaudit/pricing/genai_prices.hpp>

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <iterator>
#include <string>

#ifndef AIAUDIT_FIXTURE_DIR
#define AIAUDIT_FIXTURE_DIR "tests/fixtures"
#endif

BOOST_AUTO_TEST_SUITE(genai_prices)

namespace {

using namespace aiaudit;

// One provider "p" with the models given.
std::string file(std::string const& models) {
    return R"([{"id": "p", "models": [)" + models + "]}]";
}

price_book book(std::string const& models) {
    auto loaded = load_genai_prices(file(models));
    BOOST_REQUIRE_MESSAGE(loaded.has_value(), (loaded ? "" : loaded.error().message()));
    return *loaded;
}

std::string refusal(std::string const& text) {
    auto const loaded = load_genai_prices(text);
    return loaded ? "loaded" : loaded.error().message();
}

std::string cost(price_book const& from, char const* model, char const* at, std::uint64_t input) {
    usage used;
    used.set(unit::input_tokens, input);
    auto const priced = from.price({"p", model, used, timestamp::parse(at).value()});
    return priced ? priced->cost().to_string() : priced.error().message();
}

}  // namespace

BOOST_AUTO_TEST_CASE(prices_are_the_digits_that_were_written) {
    // A binary number would be 0.1000000000000000055; these digits are more than one can hold.
    auto const from = book(R"({"id": "m", "prices": {"input_mtok": 0.100000000000000001}},
                              {"id": "e", "prices": {"input_mtok": 1.5e-1}},
                              {"id": "t", "prices": {"input_mtok": "0.07"}})");
    auto const digits = [&](char const* model) {
        return from.find("p", model)
            .entry->cards[0]
            .rates.find(unit::input_tokens)
            ->base.to_string(6);
    };
    BOOST_TEST(digits("m") == "0.100000000000000001");
    BOOST_TEST(digits("e") == "0.15");
    BOOST_TEST(digits("t") == "0.07");
}

BOOST_AUTO_TEST_CASE(peak_hours_follow_the_clock_in_utc) {
    auto const from = book(R"({"id": "m", "match": {"starts_with": "deepseek-chat"}, "prices": [
        {"prices": {"input_mtok": 0.135}},
        {"constraint": {"start_time": "00:30:00Z", "end_time": "16:30:00Z"},
         "prices": {"input_mtok": 0.27}}]})");
    BOOST_TEST(cost(from, "deepseek-chat", "2026-03-29T00:29:59Z", 1'000'000) == "0.135");
    BOOST_TEST(cost(from, "deepseek-chat", "2026-03-29T00:30:00Z", 1'000'000) == "0.27");
    BOOST_TEST(cost(from, "deepseek-chat", "2026-03-29T16:30:00Z", 1'000'000) == "0.135");
}

BOOST_AUTO_TEST_CASE(a_time_of_day_may_have_an_offset) {
    auto const from = book(R"({"id": "m", "prices": [{"prices": {"input_mtok": 1}},
        {"constraint": {"start_time": "08:00:00+08:00", "end_time": "02:00:00+08:00"},
         "prices": {"input_mtok": 2}}]})");
    BOOST_TEST(cost(from, "m", "2026-03-29T00:00:00Z", 1'000'000) == "2");
    BOOST_TEST(cost(from, "m", "2026-03-29T18:00:00Z", 1'000'000) == "1");
    BOOST_TEST(cost(from, "m", "2026-03-29T23:59:59Z", 1'000'000) == "1");
}

BOOST_AUTO_TEST_CASE(dates_and_weekdays_and_hours_must_all_hold) {
    auto const from = book(R"({"id": "m", "prices": [{"prices": {"input_mtok": 1}},
        {"constraint": {"start_date": "2026-08-16T16:00:00Z", "end_date": "2026-12-01",
                        "start_time": "01:00:00Z", "end_time": "04:00:00Z",
                        "weekdays": ["mon", "Tuesday", "wed", "thu", "fri"]},
         "prices": {"input_mtok": 2}}]})");
    BOOST_TEST(cost(from, "m", "2026-08-14T02:00:00Z", 1'000'000) == "1");  // before
    BOOST_TEST(cost(from, "m", "2026-08-17T02:00:00Z", 1'000'000) == "2");  // a Monday
    BOOST_TEST(cost(from, "m", "2026-08-17T04:00:00Z", 1'000'000) == "1");  // after hours
    BOOST_TEST(cost(from, "m", "2026-08-22T02:00:00Z", 1'000'000) == "1");  // a Saturday
    BOOST_TEST(cost(from, "m", "2026-12-01T02:00:00Z", 1'000'000) == "1");  // over
}

BOOST_AUTO_TEST_CASE(a_start_date_is_midnight_utc_and_before_every_date_the_first_prices_hold) {
    auto const from = book(R"({"id": "m", "prices": [
        {"constraint": {"start_date": "2026-01-01"}, "prices": {"input_mtok": 1}},
        {"constraint": {"start_date": "2026-09-01"}, "prices": {"input_mtok": 3}}]})");
    BOOST_TEST(cost(from, "m", "2020-01-01T00:00:00Z", 1'000'000) == "1");
    BOOST_TEST(cost(from, "m", "2026-08-31T23:59:59.999999999Z", 1'000'000) == "1");
    BOOST_TEST(cost(from, "m", "2026-09-01T00:00:00Z", 1'000'000) == "3");
}

BOOST_AUTO_TEST_CASE(tiers_reprice_the_whole_request_above_their_start) {
    auto const from = book(R"({"id": "m", "prices": {"input_mtok":
        {"base": 1, "tiers": [{"start": 200000, "price": 2}]}}},
        {"id": "x", "prices": {"input_mtok":
        {"base": 1, "tiers": [{"start": 200000, "price": 2, "inclusive": true}]}}})");
    BOOST_TEST(cost(from, "m", "2026-01-01", 200'000) == "0.2");
    BOOST_TEST(cost(from, "m", "2026-01-01", 200'001) == "0.400002");
    BOOST_TEST(cost(from, "x", "2026-01-01", 200'000) == "0.4");
}

BOOST_AUTO_TEST_CASE(keys_without_a_unit_are_counted_in_the_report) {
    auto const from = book(R"({"id": "m", "prices": {"input_mtok": 1, "storage_gb": 2}},
                              {"id": "n", "prices": {"input_mtok": 1, "storage_gb": 2}})");
    BOOST_TEST(from.size() == 2u);
    auto const& remark = from.report().remarks.at("no unit for storage_gb");
    BOOST_TEST(remark.count == 2u);
    BOOST_TEST(remark.example == "p/m");
}

BOOST_AUTO_TEST_CASE(price_variants_are_service_tiers_from_their_day_on) {
    auto const prices = book(R"({"id": "m", "prices": [
        {"prices": {"input_mtok": 4}},
        {"constraint": {"start_date": "2026-09-01"}, "prices": {"input_mtok": 2}}],
        "price_variants": [
        {"when": {"service_tier": "default"}, "prices": {}},
        {"when": {"speed": "fast"}, "prices": {"input_mtok": 8}},
        {"when": {"processing": "batch"}, "prices": {"input_mtok": 1},
         "constraint": {"start_date": "2026-10-14"}},
        {"when": {"processing": "batch"}, "prices": {"input_mtok": 0.5},
         "constraint": {"start_date": "2027-01-01"}},
        {"when": {"route": "eu"}, "prices": {"input_mtok": 9}}]})");
    usage used;
    used.set(unit::input_tokens, 1'000'000);
    auto const cost_at = [&](char const* when, char const* tier, char const* speed = "") {
        auto const priced = prices.price({.provider = "p",
                                          .model = "m",
                                          .usage = used,
                                          .at = timestamp::parse(when).value(),
                                          .service_tier = tier,
                                          .speed = speed});
        return priced->cost().to_string() + (priced->standard_tier_used ? " standard" : "");
    };
    BOOST_TEST(cost_at("2026-08-01", "batch") == "4 standard");
    BOOST_TEST(cost_at("2026-10-13T23:59:59Z", "batch") == "2 standard");
    BOOST_TEST(cost_at("2026-10-14", "batch") == "1");
    BOOST_TEST(cost_at("2026-10-14", "") == "2");
    BOOST_TEST(cost_at("2027-01-01", "batch") == "0.5");
    BOOST_TEST(cost_at("2026-08-01", "", "fast") == "8");
    BOOST_TEST(cost_at("2027-01-01", "", "fast") == "8");
    BOOST_TEST(prices.report().remarks.at("price variant by route").count == 1u);
    BOOST_TEST(refusal(file(R"({"id": "m", "prices": {}, "price_variants": [
        {"when": {"processing": "batch"}, "prices": {"input_mtok": 1},
         "constraint": {"moon": "full"}}]})")) == "bad_price: p/m: unknown constraint: moon");
}

BOOST_AUTO_TEST_CASE(hours_pages_and_searches_have_rates_and_a_window_is_a_limit) {
    auto const prices = book(R"({"id": "m", "context_window": 128000, "prices": {"input_mtok": 1,
        "input_audio_hours": 0.21, "audio_hours": 0.21, "storage_searches_kcount": 2.5,
        "input_document_kpages": 4, "input_mchars": 15, "requests_kcount": 5,
        "input_text_messages_kcount": 4}})");
    auto const cost_of = [&](unit what, std::uint64_t count) {
        usage used;
        used.set(what, count);
        used.set(unit::requests, 0);
        return prices.price({.provider = "p", .model = "m", .usage = used})->cost().to_string();
    };
    BOOST_TEST(cost_of(unit::input_audio_milliseconds, 3'600'000) == "0.21");
    BOOST_TEST(cost_of(unit::input_audio_milliseconds, 600'000) == "0.035");
    BOOST_TEST(cost_of(unit::file_searches, 2) == "0.005");
    BOOST_TEST(cost_of(unit::pages, 7) == "0.028");
    BOOST_TEST(cost_of(unit::input_characters, 1'000) == "0.015");
    price_lookup_cache cache;
    BOOST_TEST(prices.limits("p", "m", cache).context_tokens == 128'000u);
    BOOST_TEST(prices.report().unknown.empty());
    BOOST_TEST(prices.report().meaningless.size() == 2u);
    BOOST_TEST(prices.report().taken.at("requests_kcount") == 1u);
}

BOOST_AUTO_TEST_CASE(a_model_without_prices_is_known_and_not_free) {
    auto const from = book(R"({"id": "m:free", "prices": {}}, {"id": "z", "prices":
                              {"input_mtok": 0}})");
    BOOST_TEST(cost(from, "m:free", "2026-01-01", 5) ==
               "unpriced_unit: p/m:free: its entry has no rates");
    BOOST_TEST(cost(from, "z", "2026-01-01", 5) == "0");
}

BOOST_AUTO_TEST_CASE(service_tiers_have_rates_of_their_own) {
    auto const from = book(R"({"id": "m", "prices": {"input_mtok": 2, "cache_read_mtok": 1},
                               "service_tiers": {"batch": {"input_mtok": 1}}})");
    usage used;
    used.set(unit::input_tokens, 2'000'000);
    used.set(unit::cache_read_tokens, 1'000'000);
    auto const priced =
        from.price({.provider = "p", .model = "m", .usage = used, .service_tier = "batch"});
    BOOST_TEST(priced->cost().to_string() == "2");
}

BOOST_AUTO_TEST_CASE(what_is_not_such_a_file_is_refused_in_one_line) {
    BOOST_TEST(refusal("{}") == "bad_price: not a genai-prices file: not a list of providers");
    BOOST_TEST(refusal("[]") == "bad_price: not a genai-prices file: not a list of providers");
    BOOST_TEST(refusal("[1]") ==
               "bad_price: not a genai-prices file: a provider without id and models");
    BOOST_TEST(refusal(R"([{"id": "p"}])") ==
               "bad_price: not a genai-prices file: a provider without id and models");
    BOOST_TEST(refusal("").starts_with("bad_price: not a genai-prices file: line 1: "));
    BOOST_TEST(
        refusal("[\n\n{\"id\" 1}]").starts_with("bad_price: not a genai-prices file: line 3: "));
    BOOST_TEST(refusal("[] []").starts_with("bad_price: not a genai-prices file: line 1: "));
    BOOST_TEST(refusal(std::string(100, '[')).starts_with("bad_price: "));
}

BOOST_AUTO_TEST_CASE(a_bad_model_is_named_and_nothing_is_loaded) {
    auto const model = [](std::string const& text) {
        return refusal(file(R"({"id": "good", "prices": {"input_mtok": 1}}, )" + text));
    };
    BOOST_TEST(model("{}") == "bad_price: p: a model without an id");
    BOOST_TEST(model(R"({"id": "m"})") == "bad_price: p/m: no prices");
    BOOST_TEST(model(R"({"id": "m", "prices": 1})") == "bad_price: p/m: prices is no object");
    BOOST_TEST(model(R"({"id": "m", "prices": {"input_mtok": -1}})") ==
               "bad_price: p/m: input_mtok: a price below zero");
    BOOST_TEST(model(R"({"id": "m", "prices": {"input_mtok": "x"}})") ==
               "bad_price: p/m: input_mtok: price: not a decimal number: 'x'");
    BOOST_TEST(model(R"({"id": "m", "prices": {"input_mtok": true}})") ==
               "bad_price: p/m: input_mtok: not a price");
    BOOST_TEST(model(R"({"id": "m", "prices": {"input_mtok": 1e-30}})") ==
               "bad_price: p/m: input_mtok: price: too many decimal places: '1e-30'");
    BOOST_TEST(model(R"({"id": "m", "prices": {"input_mtok": {"base": 1}}})") ==
               "bad_price: p/m: input_mtok: not a price");
    BOOST_TEST(model(R"({"id": "m", "prices": {"input_mtok":
               {"base": 1, "tiers": [{"start": -1, "price": 1}]}}})") ==
               "bad_price: p/m: input_mtok: bad tier start");
    BOOST_TEST(model(R"({"id": "m", "match": {"like": "x"}, "prices": {}})") ==
               "bad_price: p/m: match: not a match rule: like");
    BOOST_TEST(model(R"({"id": "m", "match": {"regex": "("}, "prices": {}})") ==
               "bad_price: p/m: match: regex '(': not one");
}

BOOST_AUTO_TEST_CASE(a_condition_that_is_not_understood_is_refused_and_not_ignored) {
    auto const constraint = [](std::string const& text) {
        return refusal(file(R"({"id": "m", "prices": [{"prices": {}}, {"constraint": )" + text +
                            R"(, "prices": {"input_mtok": 1}}]})"));
    };
    BOOST_TEST(constraint(R"({"moon": "full"})") == "bad_price: p/m: unknown constraint: moon");
    BOOST_TEST(constraint(R"({"start_date": "soon"})") == "bad_price: p/m: not a date: start_date");
    BOOST_TEST(constraint(R"({"start_time": "01:00:00Z"})") ==
               "bad_price: p/m: a time of day without the other");
    BOOST_TEST(constraint(R"({"start_time": "25:00:00Z", "end_time": "01:00:00Z"})") ==
               "bad_price: p/m: not a time of day");
    BOOST_TEST(constraint(R"({"weekdays": ["someday"]})") == "bad_price: p/m: not a weekday");
    BOOST_TEST(constraint("null") == "loaded");
}

// The file that docs/prices.md shows.
BOOST_AUTO_TEST_CASE(a_file_of_ones_own_needs_little) {
    std::ifstream in{AIAUDIT_FIXTURE_DIR "/prices/own.json", std::ios::binary};
    std::string const text{std::istreambuf_iterator<char>{in}, {}};
    auto const loaded = load_genai_prices(text);
    BOOST_REQUIRE_MESSAGE(loaded.has_value(), (loaded ? "" : loaded.error().message()));
    usage used;
    used.set(unit::input_tokens, 200'000);
    auto const at = [&](char const* model, char const* when) {
        auto const priced =
            loaded->price({"my-house", model, used, timestamp::parse(when).value()});
        return priced ? priced->cost().to_string() : priced.error().message();
    };
    BOOST_TEST(at("small", "2026-11-24") == "0.06");
    BOOST_TEST(at("large-2026-01-01", "2026-08-17T00:59:59Z") == "0.4");
    BOOST_TEST(at("large-2026-01-01", "2026-08-17T01:00:00Z") == "1.2");
    BOOST_TEST(at("xl-2", "2026-08-16T02:00:00Z") == "0.4");
    BOOST_TEST(at("free", "2026-11-24") == "0");
    BOOST_TEST(at("unknown", "2026-11-24") ==
               "unpriced_unit: my-house/unknown: its entry has no rates");
}

BOOST_AUTO_TEST_SUITE_END()
