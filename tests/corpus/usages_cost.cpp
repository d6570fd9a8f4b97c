// SPDX-License-Identifier: MIT
//
// usages_cost.cpp: the price book against costs worked out by others, from real recorded bodies.
#include <aiaudit/pricing/builtin.hpp>
#include <aiaudit/pricing/decimal_json.hpp>
#include <aiaudit/pricing/load.hpp>
#include <aiaudit/pricing/pricing_policy.hpp>
#include <aiaudit/providers/reader.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

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

// Deliberate difference: this entry lists no prices at all. The corpus reads that as free; a price
// that is missing is not zero here, but for OpenRouter's ":free" variants, which cost nothing.
BOOST_FIXTURE_TEST_CASE(every_usage_costs_what_is_expected_part_by_part, corpus) {
    if (!book) return;
    std::set<std::string> const without_prices{"cerebras/qwen-3-coder-480b"};
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
            bool const free =
                provider == "openrouter" && model.ends_with(":free") && book->find(provider, model);
            BOOST_TEST(priced.has_value() == free, provider << "/" << model);
            if (free && priced) BOOST_TEST((priced->cost() == money{}));
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
            if (cost.is(json::kind::null)) {  // but for OpenRouter's ":free" variants
                BOOST_TEST(input->provider == "openrouter");
                BOOST_TEST(read.facts.model_served.ends_with(":free"));
                BOOST_TEST((priced->cost() == money{}));
                ++different;
                continue;
            }
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

// The rates of a listed model on the table's day; null where the book has none.
rate_table const* rates_on_its_day(price_book const& from, std::string const& provider,
                                   std::string const& model) {
    auto const found = from.find(provider, model);
    if (!found || found.assumed) return nullptr;
    auto const at = timestamp::parse(std::string(builtin_prices_day) + "T12:00:00Z").value();
    rate_card const* const card = detail::card_at(*found.entry, at);
    return card == nullptr ? nullptr : &card->rates;
}

// Alike at every count that a tier of either begins at, and around it.
bool same_price(tiered_rate const& a, tiered_rate const& b) {
    for (std::uint64_t const at :
         {0u, 100'001u, 128'001u, 200'001u, 256'001u, 272'001u, 512'001u}) {
        if (!(a.at(at) == b.at(at))) return false;
    }
    return true;
}

// The models that a decision or a row of ours is about, some with a star behind.
std::vector<std::string> decided_models() {
    std::string const text = slurp(AIAUDIT_FIXTURE_DIR "/../../tools/price_decisions.json");
    auto const root = detail::parse_decimal_json(text);
    BOOST_REQUIRE_MESSAGE(root.has_value(), "tools/price_decisions.json");
    std::vector<std::string> models;
    for (char const* const list : {"decisions", "additions", "rows"}) {
        for (json const& each : root->find(list)->items) {
            for (char const* const key : {"source", "date", "why"}) {
                BOOST_TEST((each.find(key) != nullptr && !each.find(key)->text.empty()), list);
            }
            if (json const* const id = each.find("id"); id != nullptr) models.push_back(id->text);
            for (char const* const key : {"models", "names"}) {
                json const* const names = each.find(key);
                if (names == nullptr) continue;
                for (json const& name : names->items) models.push_back(name.text);
            }
        }
    }
    return models;
}

BOOST_FIXTURE_TEST_CASE(every_builtin_rate_is_that_of_a_file_or_of_a_decision, corpus) {
    std::vector<price_book> files;
    for (char const* const name :
         {"2026-11/genai-prices.json", "2026-11/litellm.json", "litellm.json"}) {
        std::string const text = slurp(shared + "/prices/" + name);
        if (text.empty()) return;
        files.push_back(load_price_book(text, name).value());
    }
    std::vector<std::string> const decided = decided_models();
    auto const is_decided = [&](std::string const& model) {
        return std::any_of(decided.begin(), decided.end(), [&](std::string const& each) {
            return each.ends_with("*") ? model.starts_with(each.substr(0, each.size() - 1))
                                       : model == each;
        });
    };
    price_book const own = builtin_book();
    int compared = 0;
    int by_decision = 0;
    for (price_provider const& provider : own.providers()) {
        for (price_entry const& entry : provider.entries) {
            rate_table const* const ours = rates_on_its_day(own, provider.id, entry.id);
            BOOST_TEST_REQUIRE(ours != nullptr, entry.id);
            for (unit const what :
                 {unit::input_tokens, unit::output_tokens, unit::cache_read_tokens}) {
                tiered_rate const* const mine = ours->find(what);
                bool any = false;
                bool same = false;
                for (price_book const& file : files) {
                    auto const* const theirs = rates_on_its_day(file, provider.id, entry.id);
                    auto const* const price = theirs == nullptr ? nullptr : theirs->find(what);
                    any = any || price != nullptr;
                    same =
                        same || (price != nullptr && mine != nullptr && same_price(*mine, *price));
                }
                if (!any || mine == nullptr) continue;
                ++compared;
                if (same) continue;
                BOOST_TEST(is_decided(entry.id), provider.id << "/" << entry.id << ": "
                                                             << name_of(what) << " is "
                                                             << mine->base.to_string(6));
                ++by_decision;
            }
        }
    }
    std::cout << "built-in: " << compared << " rates compared, " << by_decision
              << " of them by a decision of ours\n";
    BOOST_TEST(compared > 1'000);
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
