// SPDX-License-Identifier: MIT
//
// builtin.ipp: the definitions of builtin.hpp.
#ifndef AIAUDIT_IMPL_PRICING_BUILTIN_IPP
#define AIAUDIT_IMPL_PRICING_BUILTIN_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/pricing/builtin.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// The table's texts are ours and tested, so a bad one is a defect: value() throws.
AIAUDIT_INLINE rate_card builtin_card(builtin_price const& row) {
    rate_card card;
    for (builtin_unit const& each : builtin_units) {
        std::string_view const base = row.base.*each.text;
        std::string_view const high = row.high.*each.text;
        if (base.empty()) continue;
        tiered_rate price{rate::parse(base, each.power).value(), {}};
        if (!high.empty()) {
            price.tiers.push_back({row.above, rate::parse(high, each.power).value(), false});
        }
        card.rates.set(each.what, std::move(price));
    }
    if (!row.from.empty()) card.from = timestamp::parse(row.from).value();
    if (!row.start_time.empty()) {
        auto const seconds = [](std::string_view time) {
            return static_cast<std::int32_t>(
                timestamp::parse("1970-01-01T" + std::string(time)).value().seconds());
        };
        card.window = daily_window{seconds(row.start_time), seconds(row.end_time)};
    }
    return card;
}

AIAUDIT_INLINE model_match builtin_names(builtin_price const& row) {
    std::vector<model_match> names{model_match::text(model_match::rule::dated, row.id)};
    for (std::string_view rest = row.also; !rest.empty();) {
        auto const end = (std::min)(rest.find(' '), rest.size());
        names.push_back(model_match::text(model_match::rule::dated, rest.substr(0, end)));
        rest.remove_prefix((std::min)(end + 1, rest.size()));
    }
    return model_match::group(model_match::rule::any_of, std::move(names));
}

AIAUDIT_INLINE price_entry builtin_entry(builtin_price const& row) {
    price_entry entry;
    entry.id = row.id;
    entry.match = builtin_names(row);
    entry.source = std::string(row.source->url) + " of " + std::string(row.source->as_of) +
                   ", by way of " + std::string(row.source->via);
    for (builtin_factor const& each : builtin_factors) {
        if (each.source->provider != row.source->provider) continue;
        if (!each.id.empty() && each.id != row.id) continue;
        bool const speed = each.kind == modifier_kind::speed;
        entry.modifiers.push_back({each.kind, std::string(each.value),
                                   parse_multiplier(each.factor).value(),
                                   speed ? token_units & ~cache_units : token_units});
    }
    return entry;
}

// Which providers other companies' models are found at, and names not seen before.
AIAUDIT_INLINE price_provider builtin_provider(std::string_view id) {
    using rule = model_match::rule;
    price_provider provider;
    provider.id = id;
    auto const any = [](std::initializer_list<std::pair<rule, std::string_view>> names) {
        std::vector<model_match> parts;
        for (auto const& [what, text] : names) parts.push_back(model_match::text(what, text));
        return model_match::group(rule::any_of, std::move(parts));
    };
    if (id == "openai") {
        provider.models = any({{rule::starts_with, "gpt-"},
                               {rule::starts_with, "o1"},
                               {rule::starts_with, "o3"},
                               {rule::starts_with, "o4"},
                               {rule::starts_with, "text-embedding-"}});
    } else if (id == "anthropic") {
        provider.models = any({{rule::starts_with, "claude-"}});
    } else if (id == "google") {
        provider.models = any({{rule::starts_with, "gemini-"}});
        provider.fallbacks = {"anthropic"};
    } else if (id == "deepseek") {
        provider.models = any({{rule::starts_with, "deepseek-"}});
    } else if (id == "mistral") {
        provider.models = any({{rule::contains, "stral"}});
    } else if (id == "x-ai") {
        provider.models = any({{rule::starts_with, "grok-"}});
    }
    return provider;
}

}  // namespace detail

AIAUDIT_INLINE price_book builtin_book() {
    std::vector<price_provider> providers;
    for (builtin_price const& row : builtin_prices) {
        std::string_view const id = row.source->provider;
        if (providers.empty() || providers.back().id != id) {
            providers.push_back(detail::builtin_provider(id));
        }
        std::vector<price_entry>& entries = providers.back().entries;
        if (entries.empty() || entries.back().id != row.id) {
            entries.push_back(detail::builtin_entry(row));
        }
        entries.back().cards.push_back(detail::builtin_card(row));
    }
    price_provider azure;
    azure.id = "azure";
    azure.fallbacks = {"openai", "anthropic"};
    providers.push_back(std::move(azure));
    price_book_builder builder;
    for (price_provider& provider : providers) {
        // "mistral-large-2512" before "mistral-large", of which it could be an edition.
        std::stable_sort(
            provider.entries.begin(), provider.entries.end(),
            [](price_entry const& a, price_entry const& b) { return a.id.size() > b.id.size(); });
        builder.add(std::move(provider)).value();
    }
    return std::move(builder).build();
}

AIAUDIT_INLINE price_book holysheep_book() {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 4> prices{{
        {"gpt-4.1", "8.00"},
        {"claude-sonnet-4.5", "15.00"},
        {"gemini-2.5-flash", "2.50"},
        {"deepseek-v3.2", "0.42"},
    }};
    price_provider provider;
    provider.id = "holysheep";
    provider.models = model_match::text(model_match::rule::contains, "");  // sells nothing else
    for (auto const& [model, price] : prices) {
        price_entry entry;
        entry.id = model;
        builtin_price const names{
            nullptr, model, model == "claude-sonnet-4.5" ? "claude-sonnet-4-5" : "", {}};
        entry.match = detail::builtin_names(names);
        entry.source = "HolySheep's price list";
        rate_card card;
        card.rates.set(unit::input_tokens, rate::parse(price, 6).value());
        card.rates.set(unit::output_tokens, rate::parse(price, 6).value());
        entry.cards.push_back(std::move(card));
        provider.entries.push_back(std::move(entry));
    }
    price_book_builder builder;
    builder.add(std::move(provider)).value();
    return std::move(builder).build();
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PRICING_BUILTIN_IPP
