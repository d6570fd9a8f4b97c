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
    constexpr std::array<std::pair<std::string_view, std::string_view>, 7> services{{
        {"_priority", "priority"},
        {"_flex", "flex"},
        {"_batches", "batch"},
        {"_balanced", "balanced"},
        {"_decisions", "decisions"},
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
        key.above = value_of_digits(digits) * 1000;
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
        field.base == "input_cost_per_token_cache_hit" ||
        (field.base == "input_cost_per_image" && field.what == unit::output_images);
    // A second of audio is priced on one side, in or out; the other has 0.
    bool const lower = price.yocto() < known.base.yocto();
    bool const other_side = lower && field.what == unit::input_audio_milliseconds;
    if (has_base && (older_spelling || other_side)) return;
    known.base = price;
    has_base = true;
}

// Of the fields of that name, the one for this mode of model, else the one for any.
AIAUDIT_INLINE litellm_field const* litellm_reader::field_of(std::string_view base) const {
    litellm_field const* any = nullptr;
    for (litellm_field const& each : litellm_fields) {
        if (each.base != base) continue;
        if (!each.mode.empty() && each.mode == mode_) return &each;
        if (each.mode.empty()) any = &each;
    }
    return any;
}

AIAUDIT_INLINE void litellm_reader::read_field(std::string const& name, json const& value,
                                               price_entry& entry) {
    load_report& report = builder_.report();
    litellm_key const key = split_litellm_key(name);
    litellm_field const* const field = value.is(kind::number) ? field_of(key.base) : nullptr;
    if (field != nullptr) {
        auto const price = number(value, field->power, printable(name));
        if (!price) return;
        add_rate(*field, key, *price);
        // An image by the piece, whatever its size.
        if (field->what == unit::input_images) entry.unsure |= bit_of(unit::input_images);
        ++report.taken[name];
        return;
    }
    for (litellm_sized const& each : litellm_sizes) {
        if (!name.starts_with(each.start) || !value.is(kind::number)) continue;
        auto const price = number(value, each.power, printable(name));
        if (!price) return;
        rate& most = sized_[each.what];
        if (price->yocto() > most.yocto()) most = *price;
        entry.unsure |= bit_of(each.what);
        ++report.taken[name];
        return;
    }
    for (litellm_nothing const& each : litellm_nothings) {
        if (!key.base.starts_with(each.start)) continue;
        report.count(report.meaningless, printable(name) + ": " + std::string(each.reason), place_);
        return;
    }
    report.note("no unit for " + printable(name), place_);
    report.count(report.unknown, printable(name), place_);
}

AIAUDIT_INLINE void litellm_reader::read_fields(json const& node, price_entry& entry) {
    // Read elsewhere, or no price of the model.
    constexpr std::array<std::string_view, 3> others{"search_context_cost_per_query",
                                                     "tiered_pricing", "off_peak_pricing"};
    auto const about_money = [](std::string const& name) {
        return name.find("cost") != std::string::npos || name.find("pric") != std::string::npos;
    };
    sized_.clear();
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
        std::string const& name = node.keys[i];
        json const& value = node.items[i];
        if (name == "metadata" && value.is(kind::object)) {
            for (std::string const& note : value.keys) {
                if (!about_money(note)) continue;
                builder_.report().count(builder_.report().meaningless,
                                        "metadata." + printable(note) + ": a note for people",
                                        place_);
            }
        }
        if (!about_money(name) || value.is(kind::null)) continue;
        if (std::find(others.begin(), others.end(), name) != others.end()) continue;
        read_field(name, value, entry);
    }
    gathered& standard = services_[""];
    for (auto const& [what, price] : sized_) {
        if (!standard.has_base[what]) standard.rates[what].base = price;
        standard.has_base[what] = true;
    }
    // An image that is charged by its tokens is not charged by the piece as well.
    if (standard.has_base[unit::output_image_tokens]) {
        for (auto& service : services_) service.second.rates.erase(unit::output_images);
    }
    read_search(node, entry);
}

// A search costs its medium context size; one that every call makes is a fee of the request. The
// fee of Perplexity's calls is that of the size that holds if none is asked for. Which size it was,
// and whether the model searched, no answer tells: the entry is unsure.
AIAUDIT_INLINE void litellm_reader::read_search(json const& node, price_entry& entry) {
    json const* const search = node.find("search_context_cost_per_query");
    if (search == nullptr || !search->is(kind::object)) return;
    bool const low = provider_ == "perplexity";
    bool const each_call = low || searches_in_each_call(place_);
    json const* const size =
        search->find(low ? "search_context_size_low" : "search_context_size_medium");
    if (size == nullptr || !size->is(kind::number)) return;
    auto const price = number(*size, 0, "search_context_cost_per_query");
    if (!price) return;
    add_rate({"search", each_call ? unit::requests : unit::web_searches}, {}, *price);
    if (each_call) entry.unsure |= bit_of(unit::requests);
    ++builder_.report().taken["search_context_cost_per_query"];
}

AIAUDIT_INLINE void litellm_reader::read_limits(json const& node, price_entry& entry) {
    entry.context_tokens = token_count(node, "max_input_tokens");
    entry.output_tokens_max = token_count(node, "max_output_tokens");
}

// Hours in which other prices hold, as cards after the standard one. A list that is not understood
// leaves the standard prices, which are the dearer ones, and is counted.
AIAUDIT_INLINE void litellm_reader::read_off_peak(json const& node, price_entry& entry) {
    json const* const off = node.find("off_peak_pricing");
    if (off == nullptr || !off->is(kind::object)) return;
    json const* const windows = off->find("windows");
    auto const bad = [&] { builder_.report().note("off_peak_pricing not understood", place_); };
    if (windows == nullptr || !windows->is(kind::array)) return bad();
    rate_card card = entry.cards.front();
    for (std::size_t i = 0; i < off->keys.size(); ++i) {
        litellm_field const* const field = field_of(off->keys[i]);
        if (field == nullptr || !off->items[i].is(kind::number)) continue;
        auto const price = number(off->items[i], field->power, printable(off->keys[i]));
        if (price) card.rates.set(field->what, *price);
    }
    std::vector<rate_card> cards;
    for (json const& window : windows->items) {
        json const* const days = window.find("weekdays");
        json const* const hours = window.find("hours_utc");
        if (hours == nullptr) return bad();
        rate_card next = card;
        if (days != nullptr) {
            unsigned bits = 0;
            for (json const& day : days->items) {
                if (day.text.size() != 1 || day.text < "1" || day.text > "7") return bad();
                bits |= 1u << (day.text.front() - '1');  // Monday is 1
            }
            next.weekdays = static_cast<std::uint8_t>(bits);
        }
        std::vector<json> const one{*hours};
        for (json const& span : hours->is(kind::array) ? hours->items : one) {
            if (span.text.size() != 11) return bad();  // "16:30-00:30"
            auto const start = seconds_of_day(span.text.substr(0, 5) + ":00Z");
            auto const end = seconds_of_day(span.text.substr(6) + ":00Z");
            if (!start || !end) return bad();
            next.window.reset();
            if (*start != *end) next.window = daily_window{*start, *end};
            cards.push_back(next);
        }
    }
    for (rate_card& each : cards) entry.cards.push_back(std::move(each));
    ++builder_.report().taken["off_peak_pricing"];
}

// Ranges of context length: the first is the base, each other a tier above its start.
AIAUDIT_INLINE void litellm_reader::read_tiered(json const& node) {
    json const* const ranges = node.find("tiered_pricing");
    if (ranges == nullptr || !ranges->is(kind::array)) return;
    ++builder_.report().taken["tiered_pricing"];
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
            litellm_field const* const field = field_of(range.keys[i]);
            if (field == nullptr) continue;
            litellm_key key{field->base, {}, {}};
            if (*start != 0) key.above = static_cast<std::uint64_t>(*start);
            auto const price = number(range.items[i], field->power, printable(range.keys[i]));
            if (price) add_rate(*field, key, *price);
        }
    }
}

AIAUDIT_INLINE void litellm_reader::read_factors(json const& node, price_entry& entry) {
    auto const add = [&](json const& value, modifier_kind what, std::string_view name) {
        auto const factor = parse_multiplier(value.text);
        if (!factor) {
            builder_.report().note("not a factor: " + printable(name), place_);
        } else {
            entry.modifiers.push_back({what, std::string(name), *factor, token_units});
        }
    };
    constexpr std::string_view regional = "regional_processing_uplift_multiplier_";
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
        std::string_view const key = node.keys[i];
        if (key.starts_with(regional)) {
            add(node.items[i], modifier_kind::region, key.substr(regional.size()));
        } else if (key == "fedramp_uplift_multiplier") {
            add(node.items[i], modifier_kind::region, "fedramp");
        } else if (key == "regional_endpoint_uplift_multiplier") {
            add(node.items[i], modifier_kind::region, any_region);
        }
    }
    // Vertex names a location in every path: where no factor stands, none is charged.
    if (provider_.starts_with("vertex_ai") &&
        node.find("regional_endpoint_uplift_multiplier") == nullptr) {
        entry.modifiers.push_back(
            {modifier_kind::region, std::string(any_region), multiplier{}, token_units});
    }
    json const* const own = node.find("provider_specific_entry");
    if (own == nullptr || !own->is(kind::object)) return;
    for (std::size_t i = 0; i < own->keys.size(); ++i) {
        std::string const& key = own->keys[i];
        if (!own->items[i].is(kind::number)) continue;  // not about money
        // "fast" is Anthropic's; a cached token costs the same part of the faster rate. Other names
        // of more than two letters are no regions: "realtime_ga_only".
        if (key == "fast") {
            add(own->items[i], modifier_kind::speed, key);
        } else if (key.size() == 2) {
            add(own->items[i], modifier_kind::region, key);
        }
    }
}

// A part that has a rate past a threshold alone is charged as its whole below it.
AIAUDIT_INLINE void litellm_reader::complete_tiers(gathered& found) {
    for (auto& [what, price] : found.rates) {
        unit const whole = whole_of(what);
        if (found.has_base[what] || what == whole || !found.has_base[whole]) continue;
        std::vector<rate_tier> const own = price.tiers;
        price = found.rates[whole];
        std::erase_if(price.tiers, [&](auto const& each) { return each.start >= own[0].start; });
        price.tiers.insert(price.tiers.end(), own.begin(), own.end());
        found.has_base[what] = true;
    }
}

// A service tier's price where the file does not give all of it. A base that is missing is the
// standard one, as in LiteLLM. Past a threshold that only the standard price has, the price is not
// published: it is the dearer of the two that are, so that a long request is never too cheap.
AIAUDIT_INLINE void litellm_reader::complete_service(gathered& found, gathered& standard) {
    for (auto& [what, price] : found.rates) {
        if (!standard.has_base[what]) continue;
        tiered_rate const& usual = standard.rates[what];
        if (!found.has_base[what]) price.base = usual.base;
        found.has_base[what] = true;
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
    complete_tiers(standard);
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
    provider_ = lower(provider->text);
    inclusive_ = provider->text == "xai";
    price_entry entry;
    entry.id = key;
    if (json const* const source = node.find("source"); source != nullptr) {
        entry.source = source->text;
    }
    services_.clear();
    services_[""];
    read_tiered(node);
    read_fields(node, entry);
    read_limits(node, entry);
    read_factors(node, entry);
    rate_card card = finish();
    // Kept all the same: the model is known, and asking for its price says that there is none.
    if (card.rates.empty()) builder_.report().note("no price", place_);
    entry.cards.push_back(std::move(card));
    read_off_peak(node, entry);
    file_entry(provider_, key, std::move(entry));
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
        // Another name of a model: its prices are those of that one.
        json const* const alias = root.items[i].find("alias_of");
        json const* const same = alias == nullptr ? nullptr : root.find(alias->text);
        bool const own = same == nullptr || root.items[i].find("litellm_provider") != nullptr;
        read_model(root.keys[i], own ? root.items[i] : *same);
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
