// SPDX-License-Identifier: MIT
//
// provider_names.cpp: whatever name a provider goes by, its answers read and cost the same.
#include <aiaudit/pricing/builtin.hpp>
#include <aiaudit/pricing/pricing_policy.hpp>
#include <aiaudit/providers/dialect.hpp>
#include <aiaudit/providers/provider_table.hpp>
#include <aiaudit/providers/reader.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cctype>
#include <set>
#include <string>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(provider_names)

namespace {

using namespace aiaudit;
using aiaudit::detail::provider_table;

// Every name of a row but its id, and one that begins as its prefix, in small, capital and mixed
// letters.
std::vector<std::string> aliases_of(detail::provider_names const& row) {
    std::vector<std::string> names;
    auto const add = [&names](std::string name) {
        names.push_back(name);
        name.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(name.front())));
        names.push_back(name);
        for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        names.push_back(name);
    };
    for (std::string_view const alias : row.aliases) {
        if (!alias.empty()) add(std::string(alias));
    }
    if (!row.prefix.empty()) add(std::string(row.prefix) + "z");
    return names;
}

price_provider seller(std::string_view id, int price) {
    price_entry entry;
    entry.id = "m";
    entry.match = model_match::text(model_match::rule::equals, "m");
    entry.cards.emplace_back().rates.set(unit::input_tokens,
                                         rate::parse(std::to_string(price), 0).value());
    price_provider provider;
    provider.id = id;
    provider.entries.push_back(std::move(entry));
    return provider;
}

// A book in which each provider of the table has a price of its own, but for those left out.
price_book book_without(std::string_view left_out = {}) {
    price_book_builder builder;
    int price = 0;
    for (detail::provider_names const& row : provider_table) {
        ++price;
        if (row.id != left_out) builder.add(seller(row.id, price)).value();
    }
    return std::move(builder).build();
}

std::string price_of_token(price_book const& book, std::string_view provider) {
    usage one;
    one.set(unit::input_tokens, 1);
    auto const priced = book.price({.provider = provider, .model = "m", .usage = one});
    return priced ? priced->cost().to_string() : std::string(name_of(priced.error().code));
}

// A chat of 1,000 and 100 tokens that thought for 1,000 more, as vendors differ in counting.
std::string cost_of_chat(price_book const& book, std::string_view provider,
                         std::string_view model) {
    exchange chat;
    chat.provider = provider;
    chat.path = "/v1/chat/completions";
    chat.status = 200;
    chat.request = R"({"model":")" + std::string(model) + R"(","messages":[]})";
    chat.response = R"({"id":"1","model":")" + std::string(model) +
                    R"(","choices":[{"finish_reason":"stop","message":{"content":"hi"}}],
        "usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":2100,
                 "completion_tokens_details":{"reasoning_tokens":1000}}})";
    auto const read = read_exchange(chat);
    if (!read) return read.error().message();
    auto const instant = timestamp::parse("2026-08-15T12:00:00Z").value();
    auto const priced = price_attempt(book, provider, *read, instant);
    std::string const cost =
        priced ? priced->cost().to_string() : std::string(name_of(priced.error().code));
    return std::to_string(read->usage.count(unit::output_tokens)) + " out, $" + cost;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_name_stands_once) {
    std::set<std::string> names;
    auto const add = [&names](std::string_view name) {
        BOOST_TEST(names.insert(std::string(name)).second, name << " stands twice");
        BOOST_TEST(detail::lower_case(name) == name);
        BOOST_TEST(name.size() <= detail::provider_name_bytes_max, name);
    };
    for (detail::provider_names const& row : provider_table) {
        add(row.id);
        bool ended = false;
        for (std::string_view const alias : row.aliases) {
            BOOST_TEST((!ended || alias.empty()), row.id << " has a gap among its aliases");
            ended = ended || alias.empty();
            if (!alias.empty()) add(alias);
        }
        BOOST_TEST((detail::names_of(row.id) == &row), row.id);
    }
}

BOOST_AUTO_TEST_CASE(every_kin_is_a_provider_of_the_table_and_has_none_itself) {
    for (detail::provider_names const& row : provider_table) {
        if (row.kin.empty()) continue;
        auto const* const kin = detail::names_of(row.kin);
        BOOST_REQUIRE(kin != nullptr);
        BOOST_TEST(kin->id == row.kin);
        BOOST_TEST(kin->kin.empty());
        BOOST_TEST((kin->vendor == row.vendor));
    }
}

BOOST_AUTO_TEST_CASE(every_alias_is_read_as_its_provider) {
    for (detail::provider_names const& row : provider_table) {
        BOOST_TEST((vendor_of(row.id) == row.vendor), row.id);
        for (std::string const& name : aliases_of(row)) {
            BOOST_TEST((vendor_of(name) == row.vendor), name);
            BOOST_TEST(provider_id_of(name) == row.id, name);
        }
    }
    BOOST_TEST((vendor_of("nobody") == vendor::other));
    BOOST_TEST(provider_id_of("nobody") == "nobody");
    BOOST_TEST((vendor_of("") == vendor::other));
    BOOST_TEST((vendor_of("openai" + std::string(100, 'x')) == vendor::other));
    BOOST_TEST((vendor_of("huggingface_" + std::string(100, 'x')) == vendor::huggingface));
}

BOOST_AUTO_TEST_CASE(every_alias_is_priced_as_its_provider) {
    auto const book = book_without();
    int price = 0;
    for (detail::provider_names const& row : provider_table) {
        std::string const own = std::to_string(++price);
        BOOST_TEST(price_of_token(book, row.id) == own, row.id);
        for (std::string const& name : aliases_of(row))
            BOOST_TEST(price_of_token(book, name) == own, name);
    }
}

// As in files that know "gemini" where others say "google".
BOOST_AUTO_TEST_CASE(a_book_may_have_a_provider_under_any_of_its_names) {
    for (detail::provider_names const& row : provider_table) {
        for (std::string_view const id : row.aliases) {
            if (id.empty()) continue;
            price_book_builder builder;
            builder.add(seller(id, 7)).value();
            auto const book = std::move(builder).build();
            BOOST_TEST(price_of_token(book, row.id) == "7", row.id << " in a book of " << id);
            for (std::string const& name : aliases_of(row))
                BOOST_TEST(price_of_token(book, name) == "7", name << " in a book of " << id);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_book_without_a_provider_has_its_kin_at_the_most) {
    for (detail::provider_names const& row : provider_table) {
        auto const book = book_without(row.id);
        std::string const instead = price_of_token(book, row.id);
        if (row.kin.empty() && row.id != "google")
            BOOST_TEST(instead == "unknown_model", row.id);
        else
            BOOST_TEST(instead == price_of_token(book, row.kin.empty() ? "vertex_ai" : row.kin));
        for (std::string const& name : aliases_of(row))
            BOOST_TEST(price_of_token(book, name) == instead, name);
    }
}

BOOST_AUTO_TEST_CASE(an_exchange_costs_the_same_by_every_name_of_its_provider) {
    auto const book = builtin_book();
    std::size_t priced = 0;
    for (detail::provider_names const& row : provider_table) {
        for (char const* model : {"gpt-4.1", "claude-sonnet-4-5", "gemini-2.5-flash", "grok-4",
                                  "deepseek-chat", "mistral-large-2512"}) {
            std::string const expected = cost_of_chat(book, row.id, model);
            priced += expected.find("unknown_model") == std::string::npos ? 1 : 0;
            for (std::string const& name : aliases_of(row))
                BOOST_TEST(cost_of_chat(book, name, model) == expected, name << " " << model);
        }
    }
    BOOST_TEST(priced >= 8U);
}

BOOST_AUTO_TEST_CASE(xai_counts_reasoning_beside_the_completion_by_all_its_names) {
    auto const book = builtin_book();
    for (char const* name : {"x-ai", "xai", "grok", "x.ai", "x_ai", "X.AI"})
        BOOST_TEST(cost_of_chat(book, name, "grok-4") == "1100 out, $0.0195", name);
}

BOOST_AUTO_TEST_CASE(every_address_is_found_by_every_name_of_its_provider) {
    for (detail::provider_row const& row : detail::provider_rows) {
        auto const* const names = detail::names_of(row.name);
        BOOST_REQUIRE_MESSAGE(names != nullptr, row.name);
        BOOST_TEST(names->id == row.name);
        for (std::string const& name : aliases_of(*names))
            BOOST_TEST(provider_named(name).value().origin == row.origin, name);
    }
    BOOST_TEST(provider_named("vertex").value().name == "google");
    BOOST_TEST(provider_named("zhipu").value().origin == "https://open.bigmodel.cn");
}

BOOST_AUTO_TEST_SUITE_END()
