// SPDX-License-Identifier: MIT
//
// litellm_prices.cpp: reading a file in LiteLLM's format, and telling the formats apart.
#include <aiaudit/pricing/litellm.hpp>
#include <aiaudit/pricing/load.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(litellm_prices)

namespace {

using namespace aiaudit;

price_book book(std::string const& models) {
    auto loaded = load_litellm_prices("{" + models + "}");
    BOOST_REQUIRE_MESSAGE(loaded.has_value(), (loaded ? "" : loaded.error().message()));
    return *loaded;
}

usage tokens(std::uint64_t in, std::uint64_t out = 0, std::uint64_t cached = 0) {
    usage used;
    used.set(unit::input_tokens, in);
    used.set(unit::output_tokens, out);
    used.set(unit::cache_read_tokens, cached);
    return used;
}

std::string cost(price_book const& from, std::string_view provider, std::string_view model,
                 usage const& used, std::string_view tier = {}) {
    auto const priced =
        from.price({.provider = provider, .model = model, .usage = used, .service_tier = tier});
    return priced ? priced->cost().to_string() : priced.error().message();
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_field_name_is_taken_apart_in_either_order) {
    auto const split = [](std::string_view name) {
        auto const key = detail::split_litellm_key(name);
        return std::string(key.base) + "|" + (key.above ? std::to_string(*key.above) : "") + "|" +
               std::string(key.service);
    };
    BOOST_TEST(split("input_cost_per_token") == "input_cost_per_token||");
    BOOST_TEST(split("input_cost_per_token_above_200k_tokens") == "input_cost_per_token|200000|");
    BOOST_TEST(split("input_cost_per_token_above_200k_tokens_priority") ==
               "input_cost_per_token|200000|priority");
    BOOST_TEST(split("input_cost_per_token_priority_above_200k_tokens") ==
               "input_cost_per_token|200000|priority");
    BOOST_TEST(split("input_cost_per_token_batches") == "input_cost_per_token||batch");
    BOOST_TEST(split("input_cost_per_token_ultrafast") == "input_cost_per_token||ultrafast");
    BOOST_TEST(split("cache_creation_input_token_cost_above_1hr_above_200k_tokens") ==
               "cache_creation_input_token_cost_above_1hr|200000|");
    BOOST_TEST(split("x_above_k_tokens") == "x_above_k_tokens||");
}

BOOST_AUTO_TEST_CASE(rates_tiers_and_service_tiers_are_read) {
    auto const from = book(R"("m": {"litellm_provider": "openai", "mode": "chat",
        "input_cost_per_token": 2e-06, "output_cost_per_token": 8e-06,
        "cache_read_input_token_cost": 5e-07,
        "input_cost_per_token_above_272k_tokens": 4e-06,
        "input_cost_per_token_priority": 3.5e-06, "input_cost_per_token_batches": 1e-06,
        "output_cost_per_token_batches": 4e-06, "max_tokens": 4096})");
    BOOST_TEST(cost(from, "openai", "m", tokens(1'000, 100, 200)) == "0.0025");
    BOOST_TEST(cost(from, "openai", "m", tokens(272'000)) == "0.544");
    BOOST_TEST(cost(from, "openai", "m", tokens(272'001)) == "1.088004");
    BOOST_TEST(cost(from, "openai", "m", tokens(1'000, 100), "priority") == "0.0043");
    BOOST_TEST(cost(from, "openai", "m", tokens(1'000, 100), "batch") == "0.0014");
}

BOOST_AUTO_TEST_CASE(a_long_request_in_a_service_tier_is_never_cheaper_than_a_published_price) {
    auto const from = book(R"("m": {"litellm_provider": "openai",
        "input_cost_per_token": 2e-06, "output_cost_per_token": 8e-06,
        "input_cost_per_token_above_272k_tokens": 4e-06,
        "input_cost_per_token_batches": 1e-06, "input_cost_per_token_priority": 5e-06,
        "input_cost_per_token_flex": 1e-06,
        "input_cost_per_token_above_272k_tokens_flex": 2e-06,
        "output_cost_per_token_above_272k_tokens_flex": 6e-06})");
    BOOST_TEST(cost(from, "openai", "m", tokens(272'000), "batch") == "0.272");
    BOOST_TEST(cost(from, "openai", "m", tokens(300'000), "batch") == "1.2");  // the standard one
    BOOST_TEST(cost(from, "openai", "m", tokens(300'000), "priority") == "1.5");  // its own base
    BOOST_TEST(cost(from, "openai", "m", tokens(300'000), "flex") == "0.6");      // its own tier
    // A base that is not given is the standard one.
    BOOST_TEST(cost(from, "openai", "m", tokens(0, 1'000), "flex") == "0.008");
    BOOST_TEST(cost(from, "openai", "m", tokens(300'000, 1'000), "flex") == "0.606");
    BOOST_TEST(from.report().remarks.empty());
}

BOOST_AUTO_TEST_CASE(cache_writes_for_an_hour_have_their_own_rate) {
    auto const from = book(R"("m": {"litellm_provider": "anthropic",
        "input_cost_per_token": 3e-06, "output_cost_per_token": 1.5e-05,
        "cache_creation_input_token_cost": 3.75e-06,
        "cache_creation_input_token_cost_above_1hr": 6e-06})");
    usage used = tokens(1'000);
    used.set(unit::cache_write_tokens, 1'000);
    used.set(unit::cache_write_1h_tokens, 400);
    BOOST_TEST(cost(from, "anthropic", "m", used) == "0.00465");
}

BOOST_AUTO_TEST_CASE(xai_tiers_start_at_their_threshold_and_others_above_it) {
    auto const from = book(R"("xai/m": {"litellm_provider": "xai", "input_cost_per_token": 1e-06,
        "input_cost_per_token_above_200k_tokens": 2e-06},
        "m": {"litellm_provider": "openai", "input_cost_per_token": 1e-06,
        "input_cost_per_token_above_200k_tokens": 2e-06})");
    BOOST_TEST(cost(from, "x-ai", "m", tokens(200'000)) == "0.4");
    BOOST_TEST(cost(from, "openai", "m", tokens(200'000)) == "0.2");
}

BOOST_AUTO_TEST_CASE(ranges_of_context_are_tiers) {
    auto const from = book(R"("dashscope/q": {"litellm_provider": "dashscope", "tiered_pricing": [
        {"range": [0, 256000.0], "input_cost_per_token": 5e-08, "output_cost_per_token": 4e-07},
        {"range": [256000.0, 1000000.0], "input_cost_per_token": 2.5e-07,
         "output_cost_per_token": 2e-06}]})");
    BOOST_TEST(cost(from, "dashscope", "q", tokens(256'000)) == "0.0128");
    BOOST_TEST(cost(from, "dashscope", "q", tokens(256'001)) == "0.06400025");
    BOOST_TEST(cost(from, "dashscope", "q", tokens(2'000'000)) == "0.5");
}

BOOST_AUTO_TEST_CASE(a_part_with_a_rate_past_a_threshold_alone_is_its_whole_below_it) {
    price_book const prices = book(R"("m": {"litellm_provider": "p",
        "input_cost_per_token": 1e-06, "input_cost_per_token_above_100k_tokens": 2e-06,
        "output_cost_per_token": 1e-06,
        "cache_creation_input_token_cost_above_200k_tokens": 5e-07})");
    auto const written = [&](std::uint64_t count) {
        usage used = tokens(count);
        used.set(unit::cache_write_tokens, count);
        return cost(prices, "p", "m", used);
    };
    BOOST_TEST(written(100'000) == "0.1");
    BOOST_TEST(written(150'000) == "0.3");
    BOOST_TEST(written(200'002) == "0.100001");
}

BOOST_AUTO_TEST_CASE(a_second_of_audio_costs_what_either_side_says) {
    price_book const prices = book(R"(
        "a": {"litellm_provider": "p", "mode": "audio_transcription",
              "input_cost_per_second": 0.0, "output_cost_per_second": 2e-05},
        "b": {"litellm_provider": "p", "mode": "audio_transcription",
              "output_cost_per_second": 0.0, "input_cost_per_second": 3e-05})");
    usage heard;
    heard.set(unit::input_audio_milliseconds, 10'000);
    BOOST_TEST(cost(prices, "p", "a", heard) == "0.0002");
    BOOST_TEST(cost(prices, "p", "b", heard) == "0.0003");
}

BOOST_AUTO_TEST_CASE(the_key_with_the_provider_comes_before_the_plain_one) {
    auto const from = book(R"("gpt-4o": {"litellm_provider": "openai", "input_cost_per_token": 1},
        "azure/gpt-4o": {"litellm_provider": "azure", "input_cost_per_token": 2},
        "vertex_ai/gemini": {"litellm_provider": "vertex_ai-language-models",
                             "input_cost_per_token": 3},
        "anthropic.claude": {"litellm_provider": "bedrock_converse", "input_cost_per_token": 4},
        "mine": {"litellm_provider": "azure", "input_cost_per_token": 5},
        "azure/mine": {"litellm_provider": "azure", "input_cost_per_token": 6})");
    BOOST_TEST(cost(from, "openai", "gpt-4o", tokens(1)) == "1");
    BOOST_TEST(cost(from, "azure", "gpt-4o", tokens(1)) == "2");
    BOOST_TEST(cost(from, "azure", "azure/gpt-4o", tokens(1)) == "2");
    BOOST_TEST(cost(from, "google", "gemini", tokens(1)) == "3");
    BOOST_TEST(cost(from, "vertex", "gemini", tokens(1)) == "3");
    BOOST_TEST(cost(from, "aws", "anthropic.claude", tokens(1)) == "4");
    BOOST_TEST(cost(from, "bedrock", "anthropic.claude", tokens(1)) == "4");
    BOOST_TEST(cost(from, "azure", "mine", tokens(1)) == "6");
    BOOST_TEST(cost(from, "", "gpt-4o", tokens(1)) == "1");
    BOOST_TEST(cost(from, "mistral", "gpt-4o", tokens(1)) == "unknown_model: mistral/gpt-4o");
}

BOOST_AUTO_TEST_CASE(things_other_than_tokens_have_rates) {
    auto const from = book(R"("rerank": {"litellm_provider": "cohere", "mode": "rerank",
        "input_cost_per_query": 0.002},
        "find": {"litellm_provider": "tavily", "mode": "search", "input_cost_per_query": 0.008},
        "image": {"litellm_provider": "openai", "mode": "image_generation",
                  "input_cost_per_image": 0.04},
        "hear": {"litellm_provider": "openai", "mode": "audio_transcription",
                 "input_cost_per_second": 0.0001},
        "ocr": {"litellm_provider": "mistral", "mode": "ocr", "ocr_cost_per_page": 0.001},
        "web": {"litellm_provider": "openai", "input_cost_per_token": 0,
                "search_context_cost_per_query": {"search_context_size_low": 0.03,
                    "search_context_size_medium": 0.035, "search_context_size_high": 0.05}})");
    auto const one = [&](char const* provider, char const* model, unit what, std::uint64_t count) {
        usage used;
        used.set(what, count);
        return cost(from, provider, model, used);
    };
    BOOST_TEST(one("cohere", "rerank", unit::search_units, 3) == "0.006");
    BOOST_TEST(one("tavily", "find", unit::requests, 1) == "0.008");
    BOOST_TEST(one("openai", "image", unit::output_images, 2) == "0.08");
    BOOST_TEST(one("openai", "hear", unit::input_audio_milliseconds, 1'500) == "0.00015");
    BOOST_TEST(one("mistral", "ocr", unit::pages, 7) == "0.007");
    BOOST_TEST(one("openai", "web", unit::web_searches, 2) == "0.07");
}

BOOST_AUTO_TEST_CASE(regions_and_speeds_are_factors) {
    auto const from = book(R"("m": {"litellm_provider": "anthropic", "input_cost_per_token": 1e-05,
        "cache_read_input_token_cost": 1e-06,
        "provider_specific_entry": {"us": 1.1, "fast": 6.0, "schema": "v2"}},
        "n": {"litellm_provider": "openai", "input_cost_per_token": 1e-05,
        "regional_processing_uplift_multiplier_eu": 1.1})");
    usage const used = tokens(2'000, 0, 1'000);
    auto const in = [&](char const* provider, char const* model, char const* region,
                        char const* speed) {
        return from
            .price({.provider = provider,
                    .model = model,
                    .usage = used,
                    .region = region,
                    .speed = speed})
            ->cost()
            .to_string();
    };
    BOOST_TEST(in("anthropic", "m", "", "") == "0.011");
    BOOST_TEST(in("anthropic", "m", "us", "") == "0.0121");
    BOOST_TEST(in("anthropic", "m", "", "fast") == "0.066");
    BOOST_TEST(in("openai", "n", "eu", "") == "0.022");
}

BOOST_AUTO_TEST_CASE(what_has_no_meaning_here_is_counted_by_reason) {
    auto const from = book(R"("sample_spec": {"litellm_provider": "one of ..."},
        "updated": "2026-07-24",
        "m": {"litellm_provider": "x", "input_cost_per_pixel": 1e-08,
              "cost_per_smile": 1},
        "n": {"litellm_provider": "x", "input_cost_per_token": -1},
        "o": {"litellm_provider": "x", "input_cost_per_token": 1e-40},
        "p": {"litellm_provider": "x", "input_cost_per_token_above_200k_tokens": 1})");
    auto const count = [&](char const* reason) {
        auto const at = from.report().remarks.find(reason);
        return at == from.report().remarks.end() ? 0u : at->second.count;
    };
    BOOST_TEST(from.size() == 4u);
    BOOST_TEST(count("not a model") == 1u);
    BOOST_TEST(from.report().meaningless.size() == 1u);
    BOOST_TEST(from.report()
                   .meaningless.at("input_cost_per_pixel: no answer tells the size of an image")
                   .count == 1u);
    BOOST_TEST(count("no unit for cost_per_smile") == 1u);
    BOOST_TEST(from.report().unknown.at("cost_per_smile").example == "m");
    BOOST_TEST(count("input_cost_per_token is below zero") == 1u);
    BOOST_TEST(count("input_cost_per_token is no exact price") == 1u);
    BOOST_TEST(count("tier without a base price") == 1u);
    BOOST_TEST(count("no price") == 4u);
    BOOST_TEST(cost(from, "x", "m", tokens(1)) == "unpriced_unit: x/m: its entry has no rates");
}

// The map repeats the output rate for reasoning, and has no flex rate for it.
BOOST_AUTO_TEST_CASE(a_part_that_costs_what_its_whole_costs_does_so_in_a_service_tier) {
    auto const prices = book(R"("m": {"litellm_provider": "openai", "input_cost_per_token": 2e-06,
        "output_cost_per_token": 8e-06, "output_cost_per_reasoning_token": 8e-06,
        "input_cost_per_audio_token": 5e-06, "input_cost_per_token_flex": 1e-06,
        "output_cost_per_token_flex": 4e-06})");
    usage used = tokens(1'000, 1'000);
    used.set(unit::output_reasoning_tokens, 900);
    BOOST_TEST(cost(prices, "openai", "m", used) == "0.01");
    BOOST_TEST(cost(prices, "openai", "m", used, "flex") == "0.005");
    used.set(unit::input_audio_tokens, 100);  // has a rate that is not that of text
    BOOST_TEST(cost(prices, "openai", "m", used, "flex") == "0.0054");
}

BOOST_AUTO_TEST_CASE(long_caches_maps_sessions_and_seconds_have_rates) {
    auto const prices = book(R"("m": {"litellm_provider": "openai", "input_cost_per_token": 1e-06,
        "output_cost_per_token": 0, "cache_creation_input_token_cost": 2e-06,
        "cache_creation_input_token_cost_above_12hr": 4e-06,
        "cache_creation_input_token_cost_above_12hr_above_272k_tokens_decisions": 9e-06,
        "google_maps_grounding_cost_per_query": 0.025, "code_interpreter_cost_per_session": 0.03,
        "max_input_tokens": 1000000.0, "max_output_tokens": 64000},
        "film": {"litellm_provider": "openai", "mode": "video_generation",
                 "output_cost_per_second_720p": 0.1, "output_cost_per_second_1080p": 0.3})");
    usage used = tokens(1'000);
    used.set(unit::cache_write_12h_tokens, 400);
    used.set(unit::cache_write_tokens, 500);
    BOOST_TEST(cost(prices, "openai", "m", used) == "0.0023");
    usage things;
    things.set(unit::map_searches, 2);
    things.set(unit::code_executions, 1);
    BOOST_TEST(cost(prices, "openai", "m", things) == "0.08");
    usage film;
    film.set(unit::output_video_milliseconds, 2'000);
    BOOST_TEST(cost(prices, "openai", "film", film) == "0.6");  // the dearest size
    auto const priced = prices.price({.provider = "openai", .model = "film", .usage = film});
    BOOST_TEST(name_of(priced->basis) == "assumed");
    price_lookup_cache cache;
    BOOST_TEST(prices.limits("openai", "m", cache).context_tokens == 1'000'000u);
    BOOST_TEST(prices.limits("openai", "m", cache).output_tokens_max == 64'000u);
    BOOST_TEST(prices.report().unknown.empty());
}

BOOST_AUTO_TEST_CASE(off_peak_hours_and_weekdays_are_cards) {
    auto const prices = book(R"("deepseek/m": {"litellm_provider": "deepseek",
        "input_cost_per_token": 2e-06, "output_cost_per_token": 4e-06, "off_peak_pricing": {
        "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06, "windows": [
        {"hours_utc": ["00:00-01:00", "10:00-00:00"], "weekdays": [1, 2, 3, 4, 5]},
        {"hours_utc": "00:00-00:00", "weekdays": [6, 7]}]}})");
    usage const used = tokens(1'000'000);
    auto const cost_at = [&](char const* when) {
        return prices
            .price({.provider = "deepseek",
                    .model = "m",
                    .usage = used,
                    .at = timestamp::parse(when).value()})
            ->cost()
            .to_string();
    };
    BOOST_TEST(cost_at("2026-11-09T00:59:59Z") == "1");  // a Monday
    BOOST_TEST(cost_at("2026-11-09T01:00:00Z") == "2");
    BOOST_TEST(cost_at("2026-11-09T10:00:00Z") == "1");
    BOOST_TEST(cost_at("2026-11-09T23:59:59Z") == "1");
    BOOST_TEST(cost_at("2026-11-08T05:00:00Z") == "1");  // a Sunday
}

BOOST_AUTO_TEST_CASE(a_search_that_every_call_makes_is_a_fee_of_the_request) {
    std::string const sizes = R"("search_context_cost_per_query": {"search_context_size_low": 0.005,
        "search_context_size_medium": 0.008, "search_context_size_high": 0.012})";
    auto const prices = book(R"("perplexity/sonar": {"litellm_provider": "perplexity",
        "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06, )" +
                             sizes + R"(}, "m-search-preview": {"litellm_provider": "openai",
        "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06, )" +
                             sizes + "}");
    BOOST_TEST(cost(prices, "perplexity", "sonar", tokens(50, 100)) == "0.00515");
    BOOST_TEST(cost(prices, "openai", "m-search-preview", tokens(50, 100)) == "0.00815");
    usage const used = tokens(50, 100);
    auto const priced = prices.price({.provider = "perplexity", .model = "sonar", .usage = used});
    BOOST_TEST(name_of(priced->basis) == "assumed");
}

BOOST_AUTO_TEST_CASE(an_alias_has_the_prices_of_its_model_and_vertex_a_factor_for_regions) {
    auto const prices = book(R"("vertex_ai/c@20251001": {"litellm_provider":
        "vertex_ai-anthropic_models", "input_cost_per_token": 1e-06,
        "regional_endpoint_uplift_multiplier": 1.1},
        "vertex_ai/g": {"litellm_provider": "vertex_ai-language-models",
                        "input_cost_per_token": 1e-06},
        "vertex_ai/c-latest": {"alias_of": "vertex_ai/c@20251001"})");
    usage const used = tokens(1'000'000);
    auto const cost_in = [&](char const* model, char const* region) {
        auto const priced =
            prices.price({.provider = "google", .model = model, .usage = used, .region = region});
        return priced->cost().to_string() + (priced->region_ignored ? " ignored" : "");
    };
    BOOST_TEST(cost_in("c-latest", "us-east5") == "1.1");
    BOOST_TEST(cost_in("c-20251001", "us-east5") == "1.1");
    BOOST_TEST(cost_in("c-20251001", "global") == "1");
    BOOST_TEST(cost_in("g", "us-east5") == "1");
}

BOOST_AUTO_TEST_CASE(the_order_of_models_in_the_file_does_not_change_the_revision) {
    std::string const a = R"("a": {"litellm_provider": "x", "input_cost_per_token": 1e-06})";
    std::string const b = R"("b": {"input_cost_per_token": 0.000002, "litellm_provider": "x"})";
    BOOST_TEST((book(a + "," + b).revision() == book(b + "," + a).revision()));
}

BOOST_AUTO_TEST_CASE(a_loader_is_chosen_by_what_the_file_holds_and_its_errors_name_the_file) {
    auto const refusal = [](std::string_view text) {
        auto const loaded = load_price_book(text, "prices.json");
        return loaded ? "loaded" : loaded.error().message();
    };
    BOOST_TEST(refusal(R"([{"id": "p", "models": []}])") == "loaded");
    BOOST_TEST(refusal(R"({"m": {"litellm_provider": "x"}})") == "loaded");
    BOOST_TEST(refusal("7") ==
               "bad_price: prices.json: not a price file: neither a list nor an object");
    BOOST_TEST(refusal("{}") == "bad_price: prices.json: not a LiteLLM price file: no models");
    BOOST_TEST(refusal(R"({"a": 1})") ==
               "bad_price: prices.json: not a LiteLLM price file: no models");
    BOOST_TEST(refusal("[]") ==
               "bad_price: prices.json: not a genai-prices file: not a list of providers");
    BOOST_TEST(
        refusal("{\n\"a\": \n}").starts_with("bad_price: prices.json: not a price file: line 3"));
    BOOST_TEST(refusal("").starts_with("bad_price: prices.json: not a price file: line 1"));
    BOOST_TEST(
        refusal("timestamp,tokens\n1,2\n").starts_with("bad_price: prices.json: not a price"));
    BOOST_TEST(refusal(std::string_view("\xff\xfe\0x", 4)).starts_with("bad_price: prices.json"));
}

BOOST_AUTO_TEST_SUITE_END()
