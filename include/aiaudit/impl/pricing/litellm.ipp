// SPDX-License-Identifier: MIT
//
// litellm.ipp: the definitions of litellm.hpp.
#ifndef AIAUDIT_IMPL_PRICING_LITELLM_IPP
#define AIAUDIT_IMPL_PRICING_LITELLM_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/pricing/litellm.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE litellm_key split_litellm_key(std::string_view name) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 5> services{{
        {"_priority", "priority"},
        {"_flex", "flex"},
        {"_batches", "batch"},
        {"_ultrafast", "ultrafast"},
        {"_fast", "fast"},
    }};
    constexpr std::string_view tail = "k_tokens";
    constexpr std::string_view above = "_above_";
    litellm_key key{name, {}, {}};
    for (bool again = true; again;) {
        again = false;
        for (auto const& [suffix, service] : services) {
            if (!key.service.empty() || !key.base.ends_with(suffix)) continue;
            key.base.remove_suffix(suffix.size());
            key.service = service;
            again = true;
        }
        if (key.above || !key.base.ends_with(tail)) continue;
        auto const at = key.base.rfind(above);
        if (at == std::string_view::npos) continue;
        std::string_view const digits =
            key.base.substr(at + above.size(), key.base.size() - tail.size() - at - above.size());
        if (!all_digits(digits) || digits.size() > 6) continue;
        std::uint64_t thousands = 0;
        for (char const c : digits) thousands = thousands * 10 + static_cast<unsigned>(c - '0');
        key.above = thousands * 1000;
        key.base = key.base.substr(0, at);
        again = true;
    }
    return key;
}

AIAUDIT_INLINE std::optional<rate> litellm_reader::number(json const& node, int power,
                                                          std::string const& what) {
    auto const price = rate::parse(node.text, power);
    if (!price || price->yocto() < 0) {
        builder_.report().note(price ? what + " is below zero" : what + " is no exact price",
                               place_);
        return std::nullopt;
    }
    return *price;
}

AIAUDIT_INLINE void litellm_reader::add_rate(litellm_field const& field, litellm_key const& key,
                                             rate price) {
    gathered& into = services_[std::string(key.service)];
    tiered_rate& known = into.rates[field.what];
    if (key.above) {
        known.tiers.push_back({*key.above, price, inclusive_});
        return;
    }
    bool& has_base = into.has_base[field.what];
    bool const older_spelling =
        field.base == "input_cost_per_token_cache_hit" || field.base == "input_cost_per_image";
    if (has_base && older_spelling) return;
    known.base = price;
    has_base = true;
}

AIAUDIT_INLINE void litellm_reader::read_fields(json const& node) {
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
        json const& value = node.items[i];
        if (!value.is(kind::number)) continue;
        litellm_key const key = split_litellm_key(node.keys[i]);
        bool const about_cost = key.base.find("cost") != std::string_view::npos;
        if (!about_cost) continue;
        auto const field = std::find_if(
            litellm_fields.begin(), litellm_fields.end(), [&](litellm_field const& each) {
                return each.base == key.base && (each.mode.empty() || each.mode == mode_);
            });
        if (field == litellm_fields.end()) {
            builder_.report().note("no unit for " + printable(node.keys[i]), place_);
            continue;
        }
        auto const price = number(value, field->power, printable(node.keys[i]));
        if (price) add_rate(*field, key, *price);
    }
    json const* const search = node.find("search_context_cost_per_query");
    json const* const medium =
        search == nullptr ? nullptr : search->find("search_context_size_medium");
    if (medium != nullptr && medium->is(kind::number)) {
        auto const price = number(*medium, 0, "search_context_size_medium");
        if (price) add_rate({"search", unit::web_searches}, {}, *price);
    }
}

// Ranges of context length: the first is the base, each other a tier above its start.
AIAUDIT_INLINE void litellm_reader::read_tiered(json const& node) {
    json const* const ranges = node.find("tiered_pricing");
    if (ranges == nullptr || !ranges->is(kind::array)) return;
    for (json const& range : ranges->items) {
        json const* const bounds = range.find("range");
        if (bounds == nullptr || bounds->items.empty()) {
            builder_.report().note("tiered_pricing without a range", place_);
            continue;
        }
        auto const start = parse_scaled_decimal(bounds->items.front().text, 0);
        if (!start || *start < 0 || *start > int128{usage::count_max}) {
            builder_.report().note("tiered_pricing with a bad range", place_);
            continue;
        }
        for (std::size_t i = 0; i < range.keys.size(); ++i) {
            if (!range.items[i].is(kind::number)) continue;
            for (litellm_field const& field : litellm_fields) {
                if (field.base != range.keys[i] || !field.mode.empty()) continue;
                litellm_key key{field.base, {}, {}};
                if (*start != 0) key.above = static_cast<std::uint64_t>(*start);
                auto const price = number(range.items[i], field.power, printable(range.keys[i]));
                if (price) add_rate(field, key, *price);
            }
        }
    }
}

AIAUDIT_INLINE void litellm_reader::read_factors(json const& node, price_entry& entry) {
    auto const add = [&](json const& value, modifier_kind what, std::string_view name,
                         std::uint64_t covers) {
        auto const factor = parse_multiplier(value.text);
        if (!factor) {
            builder_.report().note("not a factor: " + printable(name), place_);
        } else {
            entry.modifiers.push_back({what, std::string(name), *factor, covers});
        }
    };
    constexpr std::string_view regional = "regional_processing_uplift_multiplier_";
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
        std::string_view const key = node.keys[i];
        if (!key.starts_with(regional)) continue;
        add(node.items[i], modifier_kind::region, key.substr(regional.size()), token_units);
    }
    json const* const own = node.find("provider_specific_entry");
    if (own == nullptr || !own->is(kind::object)) return;
    for (std::size_t i = 0; i < own->keys.size(); ++i) {
        if (!own->items[i].is(kind::number)) continue;  // not about money
        // Speed is not charged for on cached tokens; a region is, on every token.
        bool const fast = own->keys[i] == "fast";
        add(own->items[i], fast ? modifier_kind::speed : modifier_kind::region, own->keys[i],
            fast ? token_units & ~cache_units : token_units);
    }
}

// A service tier's price where the file does not give all of it. A base that is missing is the
// standard one, as in LiteLLM. Past a threshold that only the standard price has, the price is not
// published: it is the dearer of the two that are, so that a long request is never too cheap.
AIAUDIT_INLINE void litellm_reader::complete_service(gathered& found, gathered& standard) {
    for (auto& [what, price] : found.rates) {
        if (!standard.has_base[what]) continue;
        tiered_rate const& usual = standard.rates[what];
        if (!found.has_base[what]) {
            price.base = usual.base;
            found.has_base[what] = true;
        }
        std::vector<rate_tier> const own = price.tiers;
        for (rate_tier const& tier : usual.tiers) {
            auto const same = [&](rate_tier const& each) { return each.start == tier.start; };
            if (std::any_of(own.begin(), own.end(), same)) continue;
            bool const more = tier.price.yocto() > price.base.yocto();
            price.tiers.push_back({tier.start, more ? tier.price : price.base, tier.inclusive});
        }
    }
}

AIAUDIT_INLINE rate_card litellm_reader::finish() {
    rate_card card;
    gathered& standard = services_[""];
    for (auto& [service, found] : services_) {
        if (!service.empty()) complete_service(found, standard);
    }
    for (auto& [service, found] : services_) {
        rate_table rates;
        for (auto& [what, price] : found.rates) {
            if (!found.has_base[what]) {  // a tier on a price that is not given
                builder_.report().note("tier without a base price", place_);
                continue;
            }
            rates.set(what, std::move(price));
        }
        if (service.empty()) {
            card.rates = std::move(rates);
        } else if (!rates.empty()) {
            card.services.push_back({service, std::move(rates)});
        }
    }
    services_.clear();
    return card;
}

AIAUDIT_INLINE void litellm_reader::file_entry(std::string const& provider, std::string const& key,
                                               price_entry entry) {
    price_provider& home = providers_[provider];
    home.id = provider;
    std::string const name = lower(key);
    auto const named = [&](std::string_view text) {
        return model_match::text(model_match::rule::equals, text);
    };
    // "vertex_ai-language-models" prefixes its keys with "vertex_ai/".
    for (std::string_view const prefix :
         {std::string_view{provider}, std::string_view{provider}.substr(0, provider.find('-'))}) {
        if (!name.starts_with(prefix) || name.size() <= prefix.size() + 1) continue;
        if (name[prefix.size()] != '/') continue;
        entry.match = model_match::group(model_match::rule::any_of,
                                         {named(name.substr(prefix.size() + 1)), named(name)});
        home.entries.push_back(std::move(entry));
        return;
    }
    entry.match = named(name);
    plain_[provider].push_back(std::move(entry));
}

AIAUDIT_INLINE void litellm_reader::read_model(std::string const& key, json const& node) {
    place_ = printable(key);
    json const* const provider = node.find("litellm_provider");
    if (!node.is(kind::object) || provider == nullptr || !provider->is(kind::string) ||
        provider->text.empty()) {
        builder_.report().note("not a model", place_);
        return;
    }
    json const* const mode = node.find("mode");
    mode_ = mode == nullptr ? std::string{} : mode->text;
    inclusive_ = provider->text == "xai";
    price_entry entry;
    entry.id = key;
    if (json const* const source = node.find("source"); source != nullptr) {
        entry.source = source->text;
    }
    services_.clear();
    services_[""];
    read_tiered(node);
    read_fields(node);
    read_factors(node, entry);
    rate_card card = finish();
    // Kept all the same: the model is known, and asking for its price says that there is none.
    if (card.rates.empty()) builder_.report().note("no price", place_);
    entry.cards.push_back(std::move(card));
    file_entry(lower(provider->text), key, std::move(entry));
}

// LiteLLM splits one provider into several; these are the parts in the order they are searched. A
// part that ends in '*' stands for all that begin so.
AIAUDIT_INLINE void litellm_reader::add_families() {
    constexpr std::array<std::array<std::string_view, 5>, 11> families{{
        {"openai", "text-completion-openai"},
        {"azure", "azure_text", "azure_ai"},
        {"google", "gemini", "vertex_ai*"},
        {"vertex_ai", "vertex_ai-*", "gemini"},
        {"aws", "bedrock", "bedrock_*", "amazon_nova"},
        {"bedrock", "bedrock_*", "amazon_nova"},
        {"cohere", "cohere_chat"},
        {"mistral", "codestral", "text-completion-codestral"},
        {"fireworks_ai", "fireworks_ai-*"},
        {"x-ai", "xai"},
        {"moonshotai", "moonshot"},
    }};
    std::vector<std::string> ids;
    for (auto const& known : providers_) ids.push_back(known.first);
    for (auto const& family : families) {
        std::vector<std::string> parts;
        for (std::string_view part : family) {
            if (part.empty() || part == family.front()) continue;
            bool const all = part.ends_with('*');
            if (all) part.remove_suffix(1);
            for (std::string const& id : ids) {
                bool const member = all ? id.starts_with(part) : id == part;
                if (member && id != family.front()) parts.push_back(id);
            }
        }
        if (parts.empty()) continue;
        price_provider& head = providers_[std::string(family.front())];
        head.id = family.front();
        head.fallbacks = std::move(parts);
    }
}

AIAUDIT_INLINE result<price_book> litellm_reader::read(json const& root) {
    auto const bad = [] { return fail(errc::bad_price, "not a LiteLLM price file: no models"); };
    if (!root.is(kind::object)) return bad();
    for (std::size_t i = 0; i < root.keys.size(); ++i) {
        if (root.keys[i] == "sample_spec") continue;  // the format's own explanation
        read_model(root.keys[i], root.items[i]);
    }
    for (auto& [id, entries] : plain_) {
        auto& home = providers_[id].entries;
        for (price_entry& entry : entries) home.push_back(std::move(entry));
    }
    if (providers_.empty()) return bad();
    add_families();
    for (auto& [id, provider] : providers_) {
        if (auto done = builder_.add(std::move(provider)); !done) return done.error();
    }
    return std::move(builder_).build();
}

}  // namespace detail

AIAUDIT_INLINE result<price_book> load_litellm_prices(std::string_view text) {
    auto root = detail::parse_decimal_json(text);
    if (!root) return fail(errc::bad_price, "not a LiteLLM price file: " + root.error().where);
    return detail::litellm_reader{}.read(*root);
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PRICING_LITELLM_IPP
