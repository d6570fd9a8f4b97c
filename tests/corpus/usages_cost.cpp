// SPDX-License-Identifier: MIT
//
// usages_cost.cpp: the price book against costs worked out by others, from real recorded bodies.
#include <aiaudit/pricing/builtin.hpp>
#include <aiaudit/pricing/decimal_json.hpp>
#include <aiaudit/pricing/load.hpp>
#include <aiaudit/pricing/pricing_policy.hpp>
#include <aiaudit/providers/reader.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>

#ifndef AIAUDIT_SHARED_DIR
#define AIAUDIT_SHARED_DIR ""
#endif
#ifndef AIAUDIT_FIXTURE_DIR
#define AIAUDIT_FIXTURE_DIR "tests/fixtures"
#endif

BOOST_AUTO_TEST_SUITE(usages_cost)

namespace {

using namespace aiaudit;
using json = aiaudit::detail::decimal_json;

std::string const shared = AIAUDIT_SHARED_DIR;
constexpr timestamp pinned = timestamp::from_seconds(1'786'795'200);        // 2026-08-15T12:00:00Z
constexpr timestamp july_29_2026 = timestamp::from_seconds(1'785'283'200);  // at midnight UTC

std::string slurp(std::string const& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

template <class T>
std::string why(result<T> const& outcome) {
    return outcome ? std::string{} : outcome.error().message();
}

// The files of the corpus, where they are.
struct corpus {
    std::optional<price_book> book{};

    corpus() {
        std::string const text = slurp(shared + "/prices/genai-prices.json");
        if (text.empty()) {
            std::cout << "SKIPPED: no corpus in '" << shared << "'\n";
            return;
        }
        auto loaded = load_price_book(text, "genai-prices.json");
        BOOST_REQUIRE_MESSAGE(loaded.has_value(), why(loaded));
        book = *loaded;
    }
    template <class Visitor>
    static int each_line(std::string const& name, Visitor&& visit) {
        std::ifstream in{shared + "/corpus/" + name};
        int lines = 0;
        for (std::string line; std::getline(in, line); ++lines) {
            auto const parsed = detail::parse_decimal_json(line);
            BOOST_REQUIRE(parsed.has_value());
            visit(*parsed);
        }
        return lines;
    }
};

usage usage_from(json const& node) {
    usage counts;
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
        auto const what = unit_named(node.keys[i]);
        BOOST_REQUIRE_MESSAGE(what.has_value(), node.keys[i]);
        counts.set(*what, std::stoull(node.items[i].text));
    }
    return counts;
}

// The expected amounts of the exchanges were written as binary floating point: what is meant is the
// number rounded to pico-USD.
money rounded_to_pico(std::string const& text) {
    auto const value = detail::parse_scaled_decimal(text, 24);
    BOOST_REQUIRE(value.has_value());
    return money::from_pico(detail::divide_half_even(*value, 1'000'000'000'000));
}

}  // namespace

// Deliberate difference: these entries list no prices at all. The corpus reads that as free; a
// price that is missing is not zero here, so they are errors (as the exchanges expect).
BOOST_FIXTURE_TEST_CASE(every_usage_costs_what_is_expected_part_by_part, corpus) {
    if (!book) return;
    std::set<std::string> const without_prices{"cerebras/qwen-3-coder-480b",
                                               "openrouter/google/gemini-2.0-flash-exp:free"};
    price_lookup_cache cache;
    int equal = 0;
    int unpriced = 0;
    int const lines = each_line("usages.jsonl", [&](json const& line) {
        std::string const& provider = line.find("provider")->text;
        std::string const& model = line.find("model")->text;
        usage const counts = usage_from(*line.find("usage"));
        // These four bodies were priced before this model became cheaper on 2026-07-30.
        bool const before_the_change = provider == "aws" && model == "openai.gpt-5.6-luna";
        timestamp const at = before_the_change ? july_29_2026 : pinned;
        auto const priced = book->price({provider, model, counts, at}, cache);
        if (without_prices.contains(provider + "/" + model)) {
            BOOST_TEST(!priced.has_value());
            ++unpriced;
            return;
        }
        BOOST_REQUIRE_MESSAGE(priced.has_value(), why(priced));
        auto const input = money::parse(line.find("input_usd")->text);
        auto const output = money::parse(line.find("output_usd")->text);
        BOOST_TEST_REQUIRE((input && output));
        bool const same = priced->input_cost() == *input && priced->output_cost() == *output;
        BOOST_TEST(same, provider << "/" << model << ": " << priced->input_cost().to_string()
                                  << " + " << priced->output_cost().to_string() << ", expected "
                                  << input->to_string() << " + " << output->to_string());
        equal += same;
    });
    std::cout << "usages: " << equal << " of " << lines << " equal, " << unpriced
              << " without prices\n";
    BOOST_TEST(equal + unpriced == lines);
    BOOST_TEST(lines > 0);
}

BOOST_FIXTURE_TEST_CASE(every_exchange_with_a_cost_has_the_same_cost_and_entry, corpus) {
    if (!book) return;
    int equal = 0;
    int refused = 0;
    int const lines = each_line("exchanges.jsonl", [&](json const& line) {
        json const& expected = *line.find("expected");
        if (!expected.is(json::kind::object)) return;
        std::string const& provider = line.find("provider")->text;
        std::string const& model = expected.find("model")->text;
        usage const counts = usage_from(*expected.find("usage"));
        auto const priced = book->price({provider, model, counts, pinned});
        json const& cost = *expected.find("cost_usd");
        if (cost.is(json::kind::null)) {
            BOOST_TEST(!priced.has_value(), provider << "/" << model << " has no expected cost");
            ++refused;
            return;
        }
        BOOST_REQUIRE_MESSAGE(priced.has_value(), why(priced));
        money const wanted = rounded_to_pico(cost.text);
        bool const same = priced->cost() == wanted;
        BOOST_TEST(same, line.find("id")->text << ": " << priced->cost().to_string()
                                               << ", expected " << wanted.to_string());
        BOOST_TEST(priced->entry_id == expected.find("price_entry")->text);
        equal += same;
    });
    std::cout << "exchanges: " << equal << " equal, " << refused << " refused as expected, of "
              << lines << "\n";
    BOOST_TEST(equal > 0);
}

// From the bytes of the response to the cost, as the program does it.
BOOST_FIXTURE_TEST_CASE(every_exchange_read_from_its_bytes_costs_what_is_expected, corpus) {
    if (!book) return;
    std::string const listed = slurp(AIAUDIT_FIXTURE_DIR "/deliberate_differences.tsv");
    int equal = 0;
    int different = 0;
    int refused = 0;
    std::ifstream in{shared + "/corpus/exchanges.jsonl"};
    for (std::string text; std::getline(in, text);) {
        auto const line = detail::parse_decimal_json(text);
        auto const input = parse_exchange(text);
        BOOST_TEST_REQUIRE((line.has_value() && input.has_value()));
        json const& expected = *line->find("expected");
        if (!expected.is(json::kind::object)) continue;
        reading const read = describe_exchange(*input);
        json const& cost = *expected.find("cost_usd");
        BOOST_TEST_CONTEXT(input->id) {
            auto const priced = price_attempt(*book, input->provider, read.facts, pinned);
            if (read.problem || !priced) {
                BOOST_TEST(cost.is(json::kind::null), why(priced));
                ++refused;
                continue;
            }
            BOOST_TEST_REQUIRE(!cost.is(json::kind::null), "has no expected cost");
            bool const same = priced->cost() == rounded_to_pico(cost.text);
            BOOST_TEST((same || listed.find("\n" + input->id + "\t") != std::string::npos),
                       priced->cost().to_string() << ", expected " << cost.text);
            ++(same ? equal : different);
        }
    }
    std::cout << "exchanges from their bytes: " << equal << " equal, " << different
              << " different on purpose, " << refused << " refused as expected\n";
    BOOST_TEST(equal > 600);
}

BOOST_FIXTURE_TEST_CASE(every_builtin_price_is_that_of_the_book_it_was_read_from, corpus) {
    if (!book) return;
    price_book const own = builtin_book();
    int compared = 0;
    for (builtin_price const& row : builtin_prices) {
        if (row.source->via != "genai-prices") continue;
        std::string name{row.id};
        // Some names stand for an edition in one book and for all of them in the other.
        if (!book->find(row.source->provider, name)) name += "-latest";
        if (!book->find(row.source->provider, name)) name = std::string{row.id} + "-2507";
        for (std::uint64_t const input : {1'000u, 128'000u, 128'001u, 200'000u, 300'000u}) {
            usage counts;
            counts.set(unit::input_tokens, input);
            counts.set(unit::cache_read_tokens, input / 5);
            counts.set(unit::cache_write_tokens, input / 7);
            counts.set(unit::cache_write_1h_tokens, input / 9);
            counts.set(unit::input_audio_tokens, 11);
            counts.set(unit::cache_audio_read_tokens, 3);
            bool const embeds = row.base.output.empty();
            counts.set(unit::output_tokens, embeds ? 0 : 777);
            counts.set(unit::web_searches, 2);
            auto const ours = own.price({row.source->provider, name, counts, pinned});
            auto const theirs = book->price({row.source->provider, name, counts, pinned});
            BOOST_TEST_CONTEXT(name << " with " << input) {
                BOOST_REQUIRE_MESSAGE(ours.has_value(), why(ours));
                BOOST_REQUIRE_MESSAGE(theirs.has_value(), why(theirs));
                BOOST_TEST(ours->cost().to_string() == theirs->cost().to_string());
                BOOST_TEST(ours->entry_id == row.id);
            }
            ++compared;
        }
    }
    std::cout << "built-in: " << compared << " comparisons of " << builtin_prices.size()
              << " rows\n";
}

// Two books by different people need not agree, so this reports and holds only the load.
BOOST_FIXTURE_TEST_CASE(every_litellm_entry_loads_or_is_reported, corpus) {
    if (!book) return;
    auto const other = load_price_book(slurp(shared + "/prices/litellm.json"), "litellm.json");
    BOOST_REQUIRE_MESSAGE(other.has_value(), why(other));
    BOOST_TEST(other->size() > 2'900u);
    std::size_t without_price = 0;
    if (auto const at = other->report().remarks.find("no price");
        at != other->report().remarks.end()) {
        without_price = at->second.count;
    }
    int same = 0;
    std::string different;
    int both = 0;
    for (price_provider const& provider : book->providers()) {
        for (price_entry const& entry : provider.entries) {
            usage counts;
            counts.set(unit::input_tokens, 1'000'000);
            counts.set(unit::output_tokens, 1'000);
            auto const left = book->price({provider.id, entry.id, counts, pinned});
            auto const right = other->price({provider.id, entry.id, counts, pinned});
            if (!left || !right) continue;
            ++both;
            same += left->cost() == right->cost();
            if (left->cost() != right->cost() && different.size() < 400) {
                different += " " + provider.id + "/" + entry.id;
            }
        }
    }
    std::cout << "LiteLLM: " << other->size() << " entries, " << without_price
              << " without a price; of " << both << " models in both books " << same
              << " cost the same; different among others:" << different << "\n";
}

BOOST_AUTO_TEST_SUITE_END()
