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

// Calls visit(part) for each part of the text between separators.
template <class Visitor>
void for_each_part(std::string_view text, char separator, Visitor&& visit) {
    while (!text.empty()) {
        auto const end = (std::min)(text.find(separator), text.size());
        if (end != 0) visit(text.substr(0, end));
        text.remove_prefix((std::min)(end + 1, text.size()));
    }
}

// Of the letters that a price begins with; null for a word that is no price.
AIAUDIT_INLINE builtin_unit const* builtin_row::unit_of(std::string_view word) {
    std::string_view const letters = word.substr(0, word.find_first_of("0123456789"));
    if (letters.size() == word.size()) return nullptr;
    auto const known =
        std::find_if(builtin_units.begin(), builtin_units.end(),
                     [&](builtin_unit const& each) { return each.letters == letters; });
    return known == builtin_units.end() ? nullptr : &*known;
}

// A listed name, and the editions of it that the table does not list.
AIAUDIT_INLINE void builtin_row::name(std::string_view word) {
    std::string const full =
        word.front() == '~' ? entry_.id + std::string(word.substr(1)) : std::string(word);
    names_.push_back(model_match::text(model_match::rule::dated, full));
}

AIAUDIT_INLINE void builtin_row::card(std::string_view word) {
    rate_card next;
    auto const days = (std::min)(word.find('*'), word.size());
    auto const hours = (std::min)(word.find('^'), days);
    if (hours != 0) next.from = timestamp::parse(word.substr(0, hours)).value();
    if (hours != days) {  // "0100-0400"
        auto const seconds = [](std::string_view clock) {
            return static_cast<std::int32_t>(value_of_digits(clock.substr(0, 2)) * 3600 +
                                             value_of_digits(clock.substr(2)) * 60);
        };
        std::string_view const text = word.substr(hours + 1, days - hours - 1);
        next.window = daily_window{seconds(text.substr(0, 4)), seconds(text.substr(5, 4))};
    }
    if (days != word.size()) {  // "12345": Monday is 1
        unsigned bits = 0;
        for (char const day : word.substr(days + 1)) bits |= 1u << (day - '1');
        next.weekdays = static_cast<std::uint8_t>(bits);
    }
    entry_.cards.push_back(std::move(next));
    rates_ = &entry_.cards.back().rates;
}

AIAUDIT_INLINE void builtin_row::factor(std::string_view word) {
    auto const add = [&](modifier_kind kind, std::string_view value) {
        entry_.modifiers.push_back(
            {kind, std::string(value), parse_multiplier(word.substr(1)).value(), token_units});
    };
    switch (word.front()) {
    case 'u': add(modifier_kind::region, "us"); break;
    case 'e': add(modifier_kind::region, "eu"); break;
    case 'g': add(modifier_kind::region, "fedramp"); break;
    case 'f': add(modifier_kind::speed, "fast"); break;
    case 'b': add(modifier_kind::service_tier, "batch"); break;
    case 'v': add(modifier_kind::region, any_region); break;  // of Google alone: for_vertex()
    default: AIAUDIT_ASSERT(false);
    }
}

AIAUDIT_INLINE void builtin_row::price(std::string_view word) {
    builtin_unit const* const known = unit_of(word);
    AIAUDIT_ASSERT(known != nullptr);
    if (rates_ == nullptr) card({});
    tiered_rate price;
    bool first = true;
    for_each_part(word.substr(known->letters.size()), '>', [&](std::string_view step) {
        if (first) {
            price.base = rate::parse(step, known->power).value();
        } else {
            auto const colon = step.find(':');
            price.tiers.push_back({value_of_digits(step.substr(0, colon)),
                                   rate::parse(step.substr(colon + 1), known->power).value(),
                                   false});
        }
        first = false;
    });
    rates_->set(known->what, std::move(price));
}

AIAUDIT_INLINE void builtin_row::part(std::string_view word) {
    std::string_view const rest = word.substr(1);
    switch (word.front()) {
    case '=': {
        auto const slash = rest.find('/');
        entry_.context_tokens = value_of_digits(rest.substr(0, slash));
        entry_.output_tokens_max = value_of_digits(rest.substr(slash + 1));
        break;
    }
    case '%': factor(rest); break;
    case '+': entry_.known_from = timestamp::parse(builtin_prices_day).value(); break;
    case '!': entry_.unsure = ~std::uint64_t{0}; break;
    case '$': card(rest); break;
    case '/':
        entry_.cards.back().services.push_back({std::string(rest), {}});
        rates_ = &entry_.cards.back().services.back().rates;
        break;
    default: price(word);
    }
}

// The table's texts are ours and tested, so a bad one is a defect: value() throws.
AIAUDIT_INLINE price_entry builtin_row::read(std::string_view text, std::string_view factors) {
    constexpr std::string_view signs{"=%+!$/"};
    builtin_row row;
    row.entry_.id = text.substr(0, text.find(' '));
    bool naming = true;  // names come first, the id before the others
    for_each_part(text, ' ', [&](std::string_view word) {
        bool const id = row.names_.empty();
        naming = naming && (id || (signs.find(word.front()) == std::string_view::npos &&
                                   unit_of(word) == nullptr));
        if (naming) {
            row.name(word);
        } else {
            row.part(word);
        }
    });
    for_each_part(factors, ' ', [&row](std::string_view word) { row.part(word); });
    row.entry_.match = model_match::group(model_match::rule::any_of, std::move(row.names_));
    return std::move(row.entry_);
}

// Anthropic's entry as Google sells it: a factor for regions instead of Anthropic's own.
AIAUDIT_INLINE price_entry for_vertex(price_entry entry) {
    std::erase_if(entry.modifiers, [](price_modifier const& each) {
        return each.kind == modifier_kind::region && each.value != any_region;
    });
    return entry;
}

// Google names a location in every path: where no factor stands, none is charged.
AIAUDIT_INLINE void complete_regions(price_entry& entry) {
    bool const has =
        std::any_of(entry.modifiers.begin(), entry.modifiers.end(),
                    [](price_modifier const& each) { return each.value == any_region; });
    if (has) return;
    entry.modifiers.push_back(
        {modifier_kind::region, std::string(any_region), multiplier{}, token_units});
}

// Which providers other companies' models are found at, and names not seen before.
AIAUDIT_INLINE price_provider builtin_provider(std::string_view id) {
    using rule = model_match::rule;
    price_provider provider;
    provider.id = id;
    provider.names_first = true;
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
                               {rule::starts_with, "ft:"},
                               {rule::starts_with, "text-embedding-"}});
    } else if (id == "anthropic") {
        provider.models = any({{rule::starts_with, "claude-"}});
    } else if (id == "google") {
        provider.models = any({{rule::starts_with, "gemini-"}});
    } else if (id == "deepseek") {
        provider.models = any({{rule::starts_with, "deepseek-"}});
    } else if (id == "mistral") {
        provider.models = any({{rule::contains, "stral"}});
    } else if (id == "x-ai") {
        provider.models = any({{rule::starts_with, "grok-"}});
    } else if (id == "cohere") {
        provider.models = any({{rule::starts_with, "command-"}});
    } else if (id == "moonshotai") {
        provider.models = any({{rule::starts_with, "kimi-"}, {rule::starts_with, "moonshot-"}});
    } else if (id == "zai") {
        provider.models = any({{rule::starts_with, "glm-"}});
    }
    return provider;
}

AIAUDIT_INLINE price_provider builtin_provider(builtin_provider_rows const& table) {
    price_provider provider = builtin_provider(table.provider);
    std::string const source = std::string(table.url) + " as of " + std::string(builtin_prices_day);
    for_each_part(table.rows, '\n', [&](std::string_view row) {
        price_entry entry = builtin_row::read(row, table.factors);
        entry.source = source;
        provider.entries.push_back(std::move(entry));
    });
    return provider;
}

}  // namespace detail

AIAUDIT_INLINE price_book builtin_book() {
    std::vector<price_provider> providers;
    providers.reserve(builtin_rows.size() + 1);  // azure
    for (builtin_provider_rows const& each : builtin_rows) {
        providers.push_back(detail::builtin_provider(each));
    }
    auto const named = [&](std::string_view id) {
        return std::find_if(providers.begin(), providers.end(),
                            [&](price_provider const& each) { return each.id == id; });
    };
    for (price_entry const& entry : named("anthropic")->entries) {
        named("google")->entries.push_back(detail::for_vertex(entry));
    }
    for (price_entry& entry : named("google")->entries) detail::complete_regions(entry);
    for (price_entry& entry : named("anthropic")->entries) {
        std::erase_if(entry.modifiers,
                      [](price_modifier const& each) { return each.value == detail::any_region; });
    }
    price_provider azure;
    azure.id = "azure";
    azure.fallbacks = {"openai", "anthropic", "deepseek", "x-ai", "moonshotai", "mistral"};
    providers.push_back(std::move(azure));
    price_book_builder builder;
    for (price_provider& provider : providers) {
        // "mistral-large-2512" before "mistral-large", of which it could be an edition.
        std::stable_sort(
            provider.entries.begin(), provider.entries.end(),
            [](price_entry const& a, price_entry const& b) { return a.id.size() > b.id.size(); });
        builder.add(std::move(provider)).value();
    }
    return std::move(builder).build().known_as_of(timestamp::parse(builtin_prices_day).value());
}

AIAUDIT_INLINE price_book holysheep_book() {
    constexpr std::array<std::string_view, 4> rows{
        "gpt-4.1 i8 o8", "claude-sonnet-4.5 claude-sonnet-4-5 i15 o15",
        "gemini-2.5-flash i2.5 o2.5", "deepseek-v3.2 i0.42 o0.42"};
    price_provider provider;
    provider.id = "holysheep";
    provider.models = model_match::text(model_match::rule::contains, "");  // sells nothing else
    for (std::string_view const row : rows) {
        price_entry entry = detail::builtin_row::read(row);
        entry.source = "HolySheep's price list";
        provider.entries.push_back(std::move(entry));
    }
    price_book_builder builder;
    builder.add(std::move(provider)).value();
    return std::move(builder).build();
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PRICING_BUILTIN_IPP
