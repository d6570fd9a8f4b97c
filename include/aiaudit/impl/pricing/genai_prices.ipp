// SPDX-License-Identifier: MIT
//
// genai_prices.ipp: the definitions of genai_prices.hpp.
#ifndef AIAUDIT_IMPL_PRICING_GENAI_PRICES_IPP
#define AIAUDIT_IMPL_PRICING_GENAI_PRICES_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/pricing/genai_prices.hpp>
#include <aiaudit/pricing/model_expression.hpp>  // match_expression

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::optional<priced_unit> genai_unit(std::string_view key) {
    constexpr std::string_view million_tokens = "_mtok";
    constexpr std::string_view thousand = "_kcount";
    if (key.ends_with(million_tokens)) {
        key.remove_suffix(million_tokens.size());
        auto const found = unit_named(std::string(key) + "_tokens");
        if (found) return priced_unit{*found, 6};
    } else if (key.ends_with(thousand)) {
        key.remove_suffix(thousand.size());
        if (key == "rerank_searches") return priced_unit{unit::search_units, 3};
        if (key == "input_document_pages") return priced_unit{unit::pages, 3};
        if (key == "storage_searches") return priced_unit{unit::file_searches, 3};
        auto const found = unit_named(key);
        if (found) return priced_unit{*found, 3};
    } else if (key == "input_mchar" || key == "input_mchars" || key == "input_characters") {
        return priced_unit{unit::input_characters, 6};
    } else if (key == "output_mchars") {
        return priced_unit{unit::output_characters, 6};
    } else if (key == "input_document_kpages") {
        return priced_unit{unit::pages, 3};
    } else if (key == "input_audio_hours") {
        return priced_unit{unit::input_audio_milliseconds, 5, 36};  // 3,600,000 of them
    } else if (key == "output_audio_hours") {
        return priced_unit{unit::output_audio_milliseconds, 5, 36};
    }
    return std::nullopt;
}

AIAUDIT_INLINE result<tiered_rate> genai_prices_reader::read_rate(json const& node,
                                                                  priced_unit const& priced) {
    auto const number = [&priced](json const& value) -> result<rate> {
        if (!value.is(kind::number) && !value.is(kind::string)) return bad("not a price");
        auto price = rate::parse(value.text, priced.power);
        if (!price) return within("price", price.error());
        if (price->yocto() < 0) return bad("a price below zero");
        // A price by the hour is no whole number of yocto-USD a millisecond: the nearest one.
        return rate::from_yocto((price->yocto() + priced.divisor / 2) / priced.divisor);
    };
    if (!node.is(kind::object)) {
        auto const price = number(node);
        if (!price) return price.error();
        return tiered_rate{*price, {}};
    }
    json const* const base = node.find("base");
    json const* const tiers = node.find("tiers");
    if (base == nullptr || tiers == nullptr || !tiers->is(kind::array)) return bad("not a price");
    auto const price = number(*base);
    if (!price) return price.error();
    tiered_rate made{*price, {}};
    for (json const& tier : tiers->items) {
        json const* const start = tier.find("start");
        json const* const value = tier.find("price");
        if (start == nullptr || value == nullptr || !start->is(kind::number))
            return bad("bad tier");
        auto const from = parse_scaled_decimal(start->text, 0);
        if (!from || *from < 0 || *from > int128{usage::count_max}) return bad("bad tier start");
        auto const above = number(*value);
        if (!above) return above.error();
        json const* const inclusive = tier.find("inclusive");
        made.tiers.push_back(
            {static_cast<std::uint64_t>(*from), *above, inclusive != nullptr && inclusive->truth});
    }
    return made;
}

AIAUDIT_INLINE void genai_prices_reader::note_no_unit(std::string const& key) {
    load_report& report = builder_.report();
    for (genai_nothing const& each : genai_nothings) {
        if (each.key != key) continue;
        report.count(report.meaningless, key + ": " + std::string(each.reason), place_);
        return;
    }
    report.note("no unit for " + printable(key), place_);
    report.count(report.unknown, printable(key), place_);
}

AIAUDIT_INLINE result<rate_table> genai_prices_reader::read_rates(json const& node) {
    if (!node.is(kind::object)) return bad("prices is no object");
    rate_table rates;
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
        json const& value = node.items[i];
        if (value.is(kind::null)) continue;
        auto const known = genai_unit(node.keys[i]);
        if (!known) {
            note_no_unit(node.keys[i]);
            continue;
        }
        ++builder_.report().taken[node.keys[i]];
        auto price = read_rate(value, *known);
        if (!price) return within(node.keys[i], price.error());
        rates.set(known->what, std::move(*price));
    }
    return rates;
}

AIAUDIT_INLINE result<std::int32_t> genai_prices_reader::read_time_of_day(json const& node) {
    auto const seconds = seconds_of_day(node.text);
    if (!node.is(kind::string) || !seconds) return bad("not a time of day");
    return *seconds;
}

AIAUDIT_INLINE result<std::uint8_t> genai_prices_reader::read_weekdays(json const& node) {
    constexpr std::array<std::string_view, 7> names{"mon", "tue", "wed", "thu",
                                                    "fri", "sat", "sun"};
    unsigned days = 0;
    for (json const& item : node.items) {
        auto const at = std::find(names.begin(), names.end(), lower(item.text).substr(0, 3));
        if (at == names.end()) return bad("not a weekday");
        days |= 1u << static_cast<unsigned>(at - names.begin());
    }
    if (days == 0) return bad("no weekday");
    return static_cast<std::uint8_t>(days);
}

// An unknown condition is refused: a price whose condition is ignored is a wrong price.
AIAUDIT_INLINE result<void> genai_prices_reader::read_constraint(json const& node,
                                                                 rate_card& card) {
    if (node.is(kind::null)) return {};
    if (!node.is(kind::object)) return bad("constraint is no object");
    int times = 0;
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
        std::string const& key = node.keys[i];
        json const& value = node.items[i];
        if (value.is(kind::null)) continue;
        if (key == "start_date" || key == "end_date") {
            auto const instant = timestamp::parse(value.text);
            if (!value.is(kind::string) || !instant) return bad("not a date: " + printable(key));
            (key == "start_date" ? card.from : card.until) = *instant;
        } else if (key == "start_time" || key == "end_time") {
            auto const seconds = read_time_of_day(value);
            if (!seconds) return seconds.error();
            if (!card.window) card.window.emplace();
            auto& edge =
                key == "start_time" ? card.window->start_seconds : card.window->end_seconds;
            edge = *seconds;
            ++times;
        } else if (key == "weekdays") {
            auto const days = read_weekdays(value);
            if (!days) return days.error();
            card.weekdays = *days;
        } else {
            return bad("unknown constraint: " + printable(key));
        }
    }
    if (times == 1) return bad("a time of day without the other");
    return {};
}

AIAUDIT_INLINE result<void> genai_prices_reader::read_services(json const& node, rate_card& card) {
    json const* const services = node.find("service_tiers");
    if (services == nullptr || services->is(kind::null)) return {};
    if (!services->is(kind::object)) return bad("service_tiers is no object");
    for (std::size_t i = 0; i < services->keys.size(); ++i) {
        auto rates = read_rates(services->items[i]);
        if (!rates) return within(services->keys[i], rates.error());
        card.services.push_back({services->keys[i], std::move(*rates)});
    }
    return {};
}

AIAUDIT_INLINE result<void> genai_prices_reader::read_cards(json const& node, price_entry& entry) {
    json const* const prices = node.find("prices");
    if (prices == nullptr) return bad("no prices");
    std::vector<json const*> parts;
    if (prices->is(kind::array)) {
        for (json const& part : prices->items) parts.push_back(&part);
    } else {
        parts.push_back(&node);
    }
    for (json const* const part : parts) {
        rate_card card;
        json const* const rates = part->find("prices");
        if (rates == nullptr) return bad("a price without prices");
        auto table = read_rates(*rates);
        if (!table) return table.error();
        card.rates = std::move(*table);
        if (auto done = read_services(*part, card); !done) return done.error();
        json const* const constraint = part->find("constraint");
        if (constraint != nullptr) {
            if (auto done = read_constraint(*constraint, card); !done) return done.error();
        }
        entry.cards.push_back(std::move(card));
    }
    if (entry.cards.empty()) return {};
    // The format's rule: where no condition holds, the first prices apply.
    rate_card& first = entry.cards.front();
    first.from.reset();
    first.until.reset();
    first.window.reset();
    first.weekdays = every_weekday;
    return {};
}

// Prices of a service tier, a batch or a speed, some from a day on. Each such day repeats the cards
// with the tiers that hold from then; for an earlier call the book knows no difference, and says
// so.
AIAUDIT_INLINE result<void> genai_prices_reader::read_variants(json const& node,
                                                               price_entry& entry) {
    json const* const variants = node.find("price_variants");
    if (variants == nullptr || variants->is(kind::null)) return {};
    if (!variants->is(kind::array)) return bad("price_variants is no list");
    std::map<timestamp, std::vector<service_rates>> by_day;  // the first day: for all time
    for (json const& variant : variants->items) {
        json const* const when = variant.find("when");
        json const* const prices = variant.find("prices");
        if (when == nullptr || when->keys.size() != 1 || prices == nullptr) {
            return bad("a price variant without one condition and prices");
        }
        std::string const& key = when->keys.front();
        std::string const& value = when->items.front().text;
        bool const tier = key == "service_tier" || key == "speed" || key == "processing";
        if (!tier) {
            builder_.report().note("price variant by " + printable(key), place_);
            continue;
        }
        rate_card condition;
        if (json const* const limits = variant.find("constraint"); limits != nullptr) {
            if (auto done = read_constraint(*limits, condition); !done) return done.error();
        }
        if (condition.until || condition.window || condition.weekdays != every_weekday) {
            return bad("a price variant with more than a first day");
        }
        auto rates = read_rates(*prices);
        if (!rates) return within(key, rates.error());
        if (rates->empty()) continue;  // the standard prices
        by_day[condition.from.value_or(timestamp{})].push_back({value, std::move(*rates)});
    }
    std::vector<rate_card> const plain = entry.cards;
    std::vector<service_rates> so_far;
    for (auto& [day, services] : by_day) {
        for (service_rates& each : services) {
            std::erase_if(so_far, [&](auto const& known) { return known.tier == each.tier; });
            so_far.push_back(std::move(each));
        }
        bool const always = day == timestamp{};
        for (std::size_t i = 0; i < plain.size(); ++i) {
            rate_card card = plain[i];
            for (service_rates const& each : so_far) {
                if (card.service(each.tier) == nullptr) card.services.push_back(each);
            }
            if (always) {
                entry.cards[i] = std::move(card);
                continue;
            }
            if (!card.from || *card.from < day) card.from = day;
            entry.cards.push_back(std::move(card));
        }
    }
    return {};
}

AIAUDIT_INLINE result<model_match> genai_prices_reader::read_match(json const& node) {
    using rule = model_match::rule;
    struct name {
        std::string_view key;
        rule what;
    };
    constexpr std::array<name, 5> plain{{{"equals", rule::equals},
                                         {"starts_with", rule::starts_with},
                                         {"ends_with", rule::ends_with},
                                         {"contains", rule::contains},
                                         {"dated", rule::dated}}};
    if (!node.is(kind::object) || node.keys.size() != 1) return bad("not a match rule");
    std::string const& key = node.keys.front();
    json const& value = node.items.front();
    for (name const& each : plain) {
        if (key != each.key || !value.is(kind::string)) continue;
        return model_match::text(each.what, value.text);
    }
    if (key == "regex" && value.is(kind::string)) return match_expression(value.text);
    if ((key != "or" && key != "and") || !value.is(kind::array)) {
        return bad("not a match rule: " + printable(key));
    }
    std::vector<model_match> parts;
    for (json const& item : value.items) {
        auto part = read_match(item);
        if (!part) return part.error();
        parts.push_back(std::move(*part));
    }
    if (parts.empty()) return model_match{};
    return model_match::group(key == "or" ? rule::any_of : rule::all_of, std::move(parts));
}

AIAUDIT_INLINE result<price_entry> genai_prices_reader::read_model(json const& node) {
    price_entry entry;
    entry.id = *word(node, "id");
    json const* const match = node.find("match");
    if (match == nullptr) {
        entry.match = model_match::text(model_match::rule::equals, entry.id);
    } else {
        auto rule = read_match(*match);
        if (!rule) return within("match", rule.error());
        entry.match = std::move(*rule);
    }
    if (auto done = read_cards(node, entry); !done) return done.error();
    if (auto done = read_variants(node, entry); !done) return done.error();
    entry.context_tokens = token_count(node, "context_window");
    // What a search of each call costs goes by a size that no answer tells.
    bool const searches = searches_in_each_call(entry.id);
    bool const fee = std::any_of(entry.cards.begin(), entry.cards.end(),
                                 [](auto const& card) { return card.rates.has(unit::requests); });
    if (searches || (fee && place_.starts_with("perplexity/"))) {
        entry.unsure |= bit_of(unit::requests);
    }
    return entry;
}

AIAUDIT_INLINE result<void> genai_prices_reader::read_provider(json const& node) {
    std::string const* const id = word(node, "id");
    json const* const models = node.find("models");
    if (id == nullptr || models == nullptr || !models->is(kind::array)) {
        return bad("not a genai-prices file: a provider without id and models");
    }
    price_provider provider;
    provider.id = lower(*id);
    for (auto const& [key, into] : {std::pair{"provider_match", &price_provider::names},
                                    std::pair{"model_match", &price_provider::models}}) {
        json const* const match = node.find(key);
        if (match == nullptr || match->is(kind::null)) continue;
        auto rule = read_match(*match);
        if (!rule) return within(*id, rule.error());
        provider.*into = std::move(*rule);
    }
    if (json const* const others = node.find("fallback_model_providers"); others != nullptr) {
        for (json const& other : others->items) provider.fallbacks.push_back(lower(other.text));
    }
    json const* const urls = node.find("pricing_urls");
    for (json const& model : models->items) {
        std::string const* const name = word(model, "id");
        if (name == nullptr) return within(*id, bad("a model without an id"));
        place_ = *id + "/" + *name;
        auto entry = read_model(model);
        if (!entry) return within(place_, entry.error());
        if (urls != nullptr && !urls->items.empty()) entry->source = urls->items.front().text;
        provider.entries.push_back(std::move(*entry));
    }
    return builder_.add(std::move(provider));
}

AIAUDIT_INLINE result<price_book> genai_prices_reader::read(json const& root) {
    if (!root.is(kind::array) || root.items.empty()) {
        return bad("not a genai-prices file: not a list of providers");
    }
    for (json const& provider : root.items) {
        if (auto done = read_provider(provider); !done) return done.error();
    }
    return std::move(builder_).build();
}

}  // namespace detail

AIAUDIT_INLINE result<price_book> load_genai_prices(std::string_view text) {
    auto root = detail::parse_decimal_json(text);
    if (!root) return fail(errc::bad_price, "not a genai-prices file: " + root.error().where);
    return detail::genai_prices_reader{}.read(*root);
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PRICING_GENAI_PRICES_IPP
