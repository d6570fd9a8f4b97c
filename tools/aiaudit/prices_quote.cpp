// SPDX-License-Identifier: MIT
//
// aiaudit prices quote: counts by unit in, their exact cost out; no dialect is in between.

#include "commands.hpp"

#include <aiaudit/providers/json_fields.hpp>

#include <array>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace aiaudit_tool {
namespace prices_quote_command {

struct options {
    std::string prices{};
    std::string at{};
    std::string file{};
};

// One line: what price_query points to.
struct question {
    std::string id{};
    std::string provider{};
    std::string model{};
    std::string at{};
    std::string service_tier{};
    std::string region{};
    std::string speed{};
    aiaudit::usage usage{};
};

struct text_member {
    std::string_view name;
    std::string question::*target;
};
constexpr std::array<text_member, 7> text_members{{{"id", &question::id},
                                                   {"provider", &question::provider},
                                                   {"model", &question::model},
                                                   {"at", &question::at},
                                                   {"service_tier", &question::service_tier},
                                                   {"region", &question::region},
                                                   {"speed", &question::speed}}};

void read_usage(boost::json::value const& source, aiaudit::usage& target,
                std::string const& place) {
    auto const* counts = source.if_object();
    if (counts == nullptr) throw failure{place + ": usage is no object"};
    for (auto const& pair : *counts) {
        std::string const name(pair.key());
        auto const what = aiaudit::unit_named(name);
        if (!what)
            throw failure{place + ": usage: no unit " + aiaudit::detail::printable(name) +
                          "; docs/usage.md lists them"};
        auto const count = aiaudit::detail::whole_number(pair.value());
        if (!count || *count > aiaudit::usage::count_max)
            throw failure{place + ": usage: " + name + " is no whole number up to 2^44"};
        target.set(*what, *count);
    }
}

// What is not understood is refused: a price without it would be another price.
question read_question(std::string_view line, std::string const& place) {
    auto const parsed = value_or_fail(aiaudit::detail::parse_json(line, "question"), place);
    auto const* members = parsed.if_object();
    if (members == nullptr) throw failure{place + ": not a JSON object"};
    question asked;
    for (auto const& pair : *members) {
        std::string_view const name(pair.key().data(), pair.key().size());
        if (name == "usage") {
            read_usage(pair.value(), asked.usage, place);
            continue;
        }
        bool known = false;
        for (text_member const& each : text_members) {
            if (each.name != name) continue;
            auto const* text = pair.value().if_string();
            if (text == nullptr)
                throw failure{place + ": '" + std::string(name) + "' is no string"};
            asked.*each.target = std::string(text->data(), text->size());
            known = true;
        }
        if (!known)
            throw failure{place + ": unknown member '" + aiaudit::detail::printable(name) +
                          "'; a line has provider, model, usage, and may have id, at, "
                          "service_tier, region, speed"};
    }
    if (asked.model.empty()) throw failure{place + ": no model"};
    return asked;
}

// ["web_searches"]: what was counted and has no rate.
std::string names_of(std::uint64_t units) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < aiaudit::unit_count; ++i) {
        if (((units >> i) & 1) == 0) continue;
        names.push_back(aiaudit::detail::json_string(name_of(static_cast<aiaudit::unit>(i))));
    }
    return aiaudit::detail::json_list_of(names);
}

std::string answer(question const& asked, aiaudit::result<aiaudit::quote> const& found) {
    aiaudit::detail::json_writer object;
    object.text_if("id", asked.id);
    object.text_if("provider", asked.provider);
    object.text("model", asked.model);
    if (!found) {
        object.raw("cost_usd", "null");
        object.text("error", name_of(found.error().code));
        object.text("message", found.error().message());
        return object.finish();
    }
    aiaudit::quote const& quote = *found;
    object.text("cost_usd", quote.cost().to_string());
    object.text("input_cost_usd", quote.input_cost().to_string());
    object.text("output_cost_usd", quote.output_cost().to_string());
    object.text("price_provider", quote.provider_id);
    object.text("price_entry", quote.entry_id);
    object.text("price_basis", name_of(quote.basis));
    if (quote.unpriced != 0) object.raw("unpriced", names_of(quote.unpriced));
    if (quote.standard_tier_used) object.raw("standard_tier_used", "true");
    if (quote.region_ignored) object.raw("region_ignored", "true");
    if (quote.speed_ignored) object.raw("speed_ignored", "true");
    return object.finish();
}

void run(options const& with) {
    aiaudit::price_book const prices = read_prices(with.prices);
    aiaudit::timestamp const instant = instant_or_now(with.at, "--at");
    std::string const name = with.file.empty() ? "standard input" : with.file;
    std::string const text = read_input(with.file);
    aiaudit::price_lookup_cache cache;
    std::string answers;  // printed whole: a broken line leaves no half an answer
    for_each_line(text, [&](std::size_t number, std::string_view line) {
        std::string const place = name + ":" + std::to_string(number);
        question const asked = read_question(line, place);
        aiaudit::price_query query{asked.provider,     asked.model,  asked.usage, instant,
                                   asked.service_tier, asked.region, asked.speed};
        if (!asked.at.empty())
            query.at = value_or_fail(aiaudit::timestamp::parse(asked.at), place + ": at");
        answers.append(answer(asked, prices.price(query, cache))).push_back('\n');
    });
    std::cout << answers;
}

}  // namespace prices_quote_command

void add_prices_quote(CLI::App& prices) {
    using namespace prices_quote_command;
    auto with = std::make_shared<options>();
    CLI::App* const command =
        prices.add_subcommand("quote", "Counts by unit (JSON Lines) to their exact cost");
    command->add_option("--prices", with->prices,
                        "A price file (genai-prices or LiteLLM JSON); default: built in");
    command->add_option("--at", with->at,
                        "The instant whose prices hold; default: each line's own, or now");
    command->add_option("file", with->file,
                        "Lines {\"provider\",\"model\",\"usage\":{\"input_tokens\":1}}, each with "
                        "id, at, service_tier, region, speed as needed; default: standard input");
    command->callback([with] { run(*with); });
}

}  // namespace aiaudit_tool
