// SPDX-License-Identifier: MIT
//
// price_book.hpp: dated prices by provider and model, and the exact cost of a usage.
//
// A book is built once (price_book_builder, or a loader) and never changes; copies share it. A
// model is looked up in its provider's entries, the first that matches wins, then in the entries of
// the providers that it falls back to. Nothing is invented: what has no price is an error.
// Threads: a book may be used by any number of threads at once; a lookup cache by one at a time.
// Floor 4.
#ifndef AIAUDIT_PRICING_PRICE_BOOK_HPP
#define AIAUDIT_PRICING_PRICE_BOOK_HPP

#include <aiaudit/core/digest.hpp>          // digest
#include <aiaudit/core/usage.hpp>           // usage
#include <aiaudit/detail/sha256.hpp>        // sha256
#include <aiaudit/pricing/price_bound.hpp>  // most_by
#include <aiaudit/pricing/price_entry.hpp>  // price_entry, price_provider

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// What is to be priced. The views need to live only as long as the call.
struct price_query {
    std::string_view provider{};  // empty: found by the model
    std::string_view model{};
    aiaudit::usage const& usage;
    timestamp at{};
    std::string_view service_tier{};  // "batch", "flex", "priority"; empty for the standard tier
    std::string_view region{};
    std::string_view speed{};
};

// A cost, with everything that it rests on.
struct quote {
    // What a policy sets, and all that says what is to be paid: quotes add up before the one
    // rounding.
    cost_parts exact{};
    std::string_view provider_id{};  // these two live as long as a copy of the book
    std::string_view entry_id{};
    // Bit n: unit n is no token, was counted and has no rate; it is not in the cost.
    std::uint64_t unpriced = 0;
    // The book knows no difference for the query's service tier, region or speed: the standard rate
    // was used.
    bool standard_tier_used = false;
    bool region_ignored = false;
    bool speed_ignored = false;

    // Rounded once, half to even.
    [[nodiscard]] money cost() const noexcept { return exact.total.rounded(); }
    // Each part is rounded for itself, for reports: together they may differ from the cost by a
    // pico-USD, and counts of things are in neither.
    [[nodiscard]] money input_cost() const noexcept { return exact.input.rounded(); }
    [[nodiscard]] money output_cost() const noexcept { return exact.output.rounded(); }
};

class price_book;

// Remembers which entry a provider and model lead to, so that pricing a million records searches
// once for each model. Bounds: 512 names; a colliding name takes the place of the older one.
class price_lookup_cache {
public:
    price_lookup_cache() : slots_(slot_count) {}

private:
    friend class price_book;
    static constexpr std::size_t slot_count = 512;
    struct slot {
        std::string provider{};
        std::string model{};
        price_provider const* in = nullptr;
        price_entry const* entry = nullptr;
        bool used = false;
    };
    std::vector<slot> slots_;
    std::shared_ptr<void const> book_{};  // whose entries these are; keeps them alive
};

class price_book {
public:
    using lookup_cache = price_lookup_cache;

    price_book() : price_book(std::vector<price_provider>{}, load_report{}) {}

    // Errors: unknown_model (no entry), unpriced_unit (no card at that time, or tokens that no rate
    // covers), bad_usage, no_usage, money_overflow.
    [[nodiscard]] result<quote> price(price_query const& query) const;
    [[nodiscard]] result<quote> price(price_query const& query, lookup_cache& cache) const;
    // The most that so much input and output can cost (price_bound.hpp); the query's other counts,
    // its tier, region and speed are not looked at. Errors: unknown_model, unpriced_unit,
    // money_overflow.
    [[nodiscard]] result<quote> most(price_query const& query, price_doubts doubts,
                                     lookup_cache& cache) const;

    struct found {
        price_provider const* provider = nullptr;
        price_entry const* entry = nullptr;
        explicit operator bool() const noexcept { return entry != nullptr; }
    };
    // Null where the book has none. What it points to lives as long as a copy of the book.
    [[nodiscard]] found find(std::string_view provider, std::string_view model) const;

    // SHA-256 over a canonical text of every price and rule. The same prices give the same digest
    // whatever file, spacing or order they were read from; order counts only among the entries of a
    // provider that match by more than equality, since there it decides.
    [[nodiscard]] digest const& revision() const noexcept { return data_->revision; }
    [[nodiscard]] load_report const& report() const noexcept { return data_->report; }
    [[nodiscard]] std::vector<price_provider> const& providers() const noexcept {
        return data_->providers;
    }
    [[nodiscard]] std::size_t size() const noexcept { return data_->report.entries; }

private:
    friend class price_book_builder;
    struct index {
        std::unordered_map<std::string, std::size_t> exact{};  // name -> first entry that equals it
        std::vector<std::size_t> patterns{};                   // entries that need more than that
    };
    struct contents {
        std::vector<price_provider> providers{};
        std::vector<index> indexes{};
        std::unordered_map<std::string, std::size_t> by_id{};
        load_report report{};
        digest revision{};
    };

    price_book(std::vector<price_provider> providers, load_report report);
    static bool index_names(model_match const& match, std::size_t entry, index& names);
    [[nodiscard]] price_entry const* entry_of(std::size_t provider, std::string const& model) const;
    [[nodiscard]] price_provider const* provider_named(std::string const& name) const;
    [[nodiscard]] found find_without_provider(std::string const& model) const;
    [[nodiscard]] found find_cached(price_query const& query, lookup_cache& cache) const;
    [[nodiscard]] result<quote> price_with(price_query const& query, found where) const;

    std::shared_ptr<contents const> data_;
};

// Collects providers, checks them, and builds the book.
class price_book_builder {
public:
    // Errors: bad_price for a provider without an id or given twice, and for a negative rate.
    [[nodiscard]] result<void> add(price_provider provider);
    [[nodiscard]] load_report& report() noexcept { return report_; }
    [[nodiscard]] price_book build() && {
        return price_book{std::move(providers_), std::move(report_)};
    }

private:
    std::vector<price_provider> providers_{};
    load_report report_{};
};

namespace detail {

// Names by which one provider goes; the first that the book knows is taken.
inline constexpr std::array<std::array<std::string_view, 8>, 13> provider_aliases{{
    {"x-ai", "xai", "x.ai", "grok"},
    {"google", "gemini", "google-gla", "googleai", "google_ai_studio"},
    {"vertex_ai", "google", "vertex", "google-vertex", "vertexai", "vertex-ai"},
    {"aws", "bedrock", "amazon-bedrock", "aws-bedrock", "amazon_bedrock"},
    {"azure", "azure-openai", "azure_openai", "azureopenai"},
    {"together", "together-ai", "together_ai", "togetherai"},
    {"fireworks", "fireworks_ai", "fireworks-ai"},
    {"moonshotai", "moonshot"},
    {"zai", "z-ai", "z.ai", "z_ai"},
    {"voyageai", "voyage"},
    {"cohere", "cohere_chat"},
    {"mistral", "mistralai", "mistral-ai"},
    {"openai", "openai-chat", "openai-responses"},
}};

}  // namespace detail

// Enters every name that the rule says by equality alone; true where that is all it says.
inline bool price_book::index_names(model_match const& match, std::size_t entry, index& names) {
    if (match.kind() == model_match::rule::equals) {
        return names.exact.try_emplace(match.pattern(), entry).first->second == entry;
    }
    if (match.kind() != model_match::rule::any_of) return false;
    bool all = true;
    for (model_match const& part : match.parts()) all = index_names(part, entry, names) && all;
    return all;
}

inline price_book::price_book(std::vector<price_provider> providers, load_report report) {
    auto data = std::make_shared<contents>();
    data->providers = std::move(providers);
    data->report = std::move(report);
    data->report.entries = 0;
    std::vector<std::string> texts;
    bool any_rule = false;
    for (std::size_t p = 0; p < data->providers.size(); ++p) {
        price_provider const& provider = data->providers[p];
        data->by_id.try_emplace(provider.id, p);
        index& names = data->indexes.emplace_back();
        for (std::size_t e = 0; e < provider.entries.size(); ++e) {
            if (!index_names(provider.entries[e].match, e, names)) names.patterns.push_back(e);
        }
        data->report.entries += provider.entries.size();
        any_rule = any_rule || !provider.names.is_never() || !provider.models.is_never();
        texts.push_back(detail::canonical(provider, !names.patterns.empty()));
    }
    if (!any_rule) std::sort(texts.begin(), texts.end());
    std::string text = "aiaudit price book 1\n";
    for (std::string const& each : texts) text.append(each);
    data->revision = digest{detail::sha256(text)};
    data_ = std::move(data);
}

inline price_entry const* price_book::entry_of(std::size_t provider,
                                               std::string const& model) const {
    index const& names = data_->indexes[provider];
    std::vector<price_entry> const& entries = data_->providers[provider].entries;
    auto const exact = names.exact.find(model);
    std::size_t const first = exact == names.exact.end() ? entries.size() : exact->second;
    for (std::size_t const e : names.patterns) {
        if (e >= first) break;  // the entry found by equality stands before it
        if (entries[e].match.matches(model)) return &entries[e];
    }
    return first == entries.size() ? nullptr : &entries[first];
}

inline price_provider const* price_book::provider_named(std::string const& name) const {
    auto const by_id = [this](std::string_view id) -> price_provider const* {
        auto const at = data_->by_id.find(std::string{id});
        return at == data_->by_id.end() ? nullptr : &data_->providers[at->second];
    };
    if (auto const* same = by_id(name)) return same;
    for (auto const& group : detail::provider_aliases) {
        if (std::find(group.begin(), group.end(), name) == group.end()) continue;
        for (std::string_view const id : group) {
            if (auto const* known = id.empty() ? nullptr : by_id(id)) return known;
        }
    }
    for (price_provider const& provider : data_->providers) {
        if (provider.names.matches(name)) return &provider;
    }
    return nullptr;
}

inline price_book::found price_book::find_without_provider(std::string const& model) const {
    if (auto const slash = model.find('/'); slash != std::string::npos && slash != 0) {
        if (found const hit = find(model.substr(0, slash), model.substr(slash + 1))) return hit;
    }
    for (price_provider const& provider : data_->providers) {
        if (provider.models.matches(model)) return find(provider.id, model);
    }
    for (std::size_t p = 0; p < data_->providers.size(); ++p) {
        price_entry const* const entry = entry_of(p, model);
        if (entry != nullptr && entry->id == model) return {&data_->providers[p], entry};
    }
    return {};
}

inline price_book::found price_book::find(std::string_view provider, std::string_view model) const {
    if (model.empty() || model.size() > detail::model_name_bytes_max ||
        provider.size() > detail::model_name_bytes_max) {
        return {};
    }
    std::string const name = detail::lower(model);
    if (provider.empty()) return find_without_provider(name);
    price_provider const* const first = provider_named(detail::lower(provider));
    if (first == nullptr) return {};
    auto const place = static_cast<std::size_t>(first - data_->providers.data());
    if (auto const* entry = entry_of(place, name)) return {first, entry};
    for (std::string const& id : first->fallbacks) {
        auto const at = data_->by_id.find(id);
        if (at == data_->by_id.end()) continue;
        if (auto const* entry = entry_of(at->second, name)) {
            return {&data_->providers[at->second], entry};
        }
    }
    return {};
}

inline price_book::found price_book::find_cached(price_query const& query,
                                                 lookup_cache& cache) const {
    if (cache.book_ != data_) {
        cache = lookup_cache{};
        cache.book_ = data_;
    }
    std::size_t const hash = std::hash<std::string_view>{}(query.model) ^
                             (std::hash<std::string_view>{}(query.provider) * 31);
    lookup_cache::slot& slot = cache.slots_[(hash ^ (hash >> 32)) % lookup_cache::slot_count];
    if (!slot.used || slot.model != query.model || slot.provider != query.provider) {
        found const hit = find(query.provider, query.model);
        if (query.model.size() > detail::model_name_bytes_max) return hit;  // not worth the room
        if (query.provider.size() > detail::model_name_bytes_max) return hit;
        slot = {std::string{query.provider}, std::string{query.model}, hit.provider, hit.entry,
                true};
    }
    return {slot.in, slot.entry};
}

inline result<quote> price_book::price(price_query const& query) const {
    return price_with(query, find(query.provider, query.model));
}
inline result<quote> price_book::price(price_query const& query, lookup_cache& cache) const {
    return price_with(query, find_cached(query, cache));
}

namespace detail {

[[nodiscard]] inline rate_card const* card_at(price_entry const& entry, timestamp at) noexcept {
    for (auto card = entry.cards.rbegin(); card != entry.cards.rend(); ++card) {
        if (card->applies(at)) return &*card;
    }
    return nullptr;
}

// Which rates and factors a query leads to within a card.
struct chosen_rates {
    rate_table const* rates = nullptr;
    std::vector<applied_factor> factors{};
};

[[nodiscard]] inline chosen_rates choose(price_entry const& entry, rate_card const& card,
                                         price_query const& query, quote& answer) {
    chosen_rates chosen{&card.rates, {}};
    auto const factor = [&](modifier_kind kind, std::string_view value) {
        bool any = false;
        for (price_modifier const& each : entry.modifiers) {
            if (each.kind != kind || each.value != value) continue;
            chosen.factors.push_back({each.factor, each.covers});
            any = true;
        }
        return any;
    };
    std::string_view const tier = query.service_tier;
    if (!tier.empty() && tier != "standard" && tier != "default") {
        if (auto const* own = card.service(tier)) {
            chosen.rates = own;
        } else {
            answer.standard_tier_used = !factor(modifier_kind::service_tier, tier);
        }
    }
    if (!query.region.empty()) {
        answer.region_ignored = !factor(modifier_kind::region, query.region);
    }
    if (!query.speed.empty() && query.speed != "standard") {
        auto const* own = chosen.rates == &card.rates ? card.service(query.speed) : nullptr;
        if (own != nullptr) {
            chosen.rates = own;
        } else {
            answer.speed_ignored = !factor(modifier_kind::speed, query.speed);
        }
    }
    return chosen;
}

// Fills in what the usage costs. Errors: no_usage, bad_usage, unpriced_unit, money_overflow.
[[nodiscard]] inline result<void> charge(rate_table const& rates, usage const& counts,
                                         std::vector<applied_factor> const& factors,
                                         quote& answer) {
    if (rates.empty()) return fail(errc::unpriced_unit, "its entry has no rates");
    if (counts.empty() && !rates.has(unit::requests)) return fail(errc::no_usage);
    auto const leaves = usage_leaves::of(rates, counts);
    if (!leaves) return leaves.error();
    auto exact = cost_of(rates, counts, *leaves, factors);
    if (!exact) return exact.error();
    answer.exact = *exact;
    answer.unpriced = leaves->unpriced();
    return {};
}

// An error about the price of a model, with its name.
[[nodiscard]] inline error named_error(price_query const& query, error reason) {
    std::string name = printable(query.provider) + "/" + printable(query.model);
    reason.where = reason.where.empty() ? std::move(name) : name + ": " + reason.where;
    return reason;
}

}  // namespace detail

inline result<quote> price_book::price_with(price_query const& query, found where) const {
    auto const named = [&](error reason) { return detail::named_error(query, std::move(reason)); };
    if (!where) return named(fail(errc::unknown_model));
    rate_card const* const card = detail::card_at(*where.entry, query.at);
    if (card == nullptr) {
        return named(fail(errc::unpriced_unit, "has no price at " + query.at.to_string()));
    }
    quote answer;
    detail::chosen_rates const chosen = detail::choose(*where.entry, *card, query, answer);
    if (auto done = detail::charge(*chosen.rates, query.usage, chosen.factors, answer); !done) {
        return named(done.error());
    }
    answer.provider_id = where.provider->id;
    answer.entry_id = where.entry->id;
    return answer;
}

inline result<quote> price_book::most(price_query const& query, price_doubts doubts,
                                      lookup_cache& cache) const {
    found const where = find_cached(query, cache);
    if (!where) return detail::named_error(query, fail(errc::unknown_model));
    rate_card const* const card = detail::card_at(*where.entry, query.at);
    if (card == nullptr)
        return detail::named_error(
            query, fail(errc::unpriced_unit, "has no price at " + query.at.to_string()));
    auto const exact = detail::most_by(*card, *where.entry, query.usage, doubts);
    if (!exact) return detail::named_error(query, exact.error());
    quote answer;
    answer.exact = *exact;
    answer.provider_id = where.provider->id;
    answer.entry_id = where.entry->id;
    return answer;
}

inline result<void> price_book_builder::add(price_provider provider) {
    if (provider.id.empty()) return fail(errc::bad_price, "a provider without an id");
    for (price_provider const& each : providers_) {
        if (each.id == provider.id) return fail(errc::bad_price, "provider " + each.id + " twice");
    }
    auto const negative = [](rate_table const& rates) {
        return std::any_of(rates.rows().begin(), rates.rows().end(), [](auto const& row) {
            auto const below = [](rate_tier const& tier) { return tier.price.yocto() < 0; };
            return row.price.base.yocto() < 0 ||
                   std::any_of(row.price.tiers.begin(), row.price.tiers.end(), below);
        });
    };
    for (price_entry& entry : provider.entries) {
        for (rate_card& card : entry.cards) {
            bool bad = negative(card.rates);
            for (service_rates& service : card.services) {
                bad = bad || negative(service.rates);
                service.rates.fill_from(card.rates);
                service.rates.complete();
            }
            card.rates.complete();
            if (bad) return fail(errc::bad_price, provider.id + "/" + entry.id + ": below zero");
        }
    }
    providers_.push_back(std::move(provider));
    return {};
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_PRICING_PRICE_BOOK_HPP
