// SPDX-License-Identifier: MIT
//
// price_book.ipp: the definitions of price_book.hpp.
#ifndef AIAUDIT_IMPL_PRICING_PRICE_BOOK_IPP
#define AIAUDIT_IMPL_PRICING_PRICE_BOOK_IPP

#include <aiaudit/config.hpp>               // AIAUDIT_INLINE
#include <aiaudit/core/provider_names.hpp>  // price_ids_of
#include <aiaudit/detail/sha256.hpp>        // sha256
#include <aiaudit/pricing/price_book.hpp>

#include <algorithm>
#include <functional>

namespace aiaudit {
inline namespace v0_1_0 {

// Enters every name that the rule says by equality alone; true where that is all it says.
AIAUDIT_INLINE bool price_book::index_names(model_match const& match, std::size_t entry,
                                            index& names) {
    if (match.kind() == model_match::rule::equals) {
        return names.exact.try_emplace(match.pattern(), entry).first->second == entry;
    }
    if (match.kind() != model_match::rule::any_of) return false;
    bool all = true;
    for (model_match const& part : match.parts()) all = index_names(part, entry, names) && all;
    return all;
}

AIAUDIT_INLINE price_book::price_book(std::vector<price_provider> providers, load_report report) {
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

AIAUDIT_INLINE price_entry const* price_book::entry_of(std::size_t provider,
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

AIAUDIT_INLINE price_provider const* price_book::provider_named(std::string const& name) const {
    auto const by_id = [this](std::string_view id) -> price_provider const* {
        auto const at = data_->by_id.find(std::string{id});
        return at == data_->by_id.end() ? nullptr : &data_->providers[at->second];
    };
    if (auto const* same = by_id(name)) return same;
    if (auto const* names = detail::names_of(name)) {
        for (std::string_view const id : detail::price_ids_of(*names)) {
            if (auto const* known = by_id(id)) return known;
        }
    }
    for (price_provider const& provider : data_->providers) {
        if (provider.names.matches(name)) return &provider;
    }
    return nullptr;
}

AIAUDIT_INLINE price_book::found price_book::find_without_provider(std::string const& model) const {
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

AIAUDIT_INLINE price_book::found price_book::find(std::string_view provider,
                                                  std::string_view model) const {
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

AIAUDIT_INLINE price_book::found price_book::find_cached(price_query const& query,
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
namespace detail {

AIAUDIT_INLINE rate_card const* card_at(price_entry const& entry, timestamp at) noexcept {
    for (auto card = entry.cards.rbegin(); card != entry.cards.rend(); ++card) {
        if (card->applies(at)) return &*card;
    }
    return nullptr;
}

AIAUDIT_INLINE chosen_rates choose(price_entry const& entry, rate_card const& card,
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

AIAUDIT_INLINE result<void> charge(rate_table const& rates, usage const& counts,
                                   std::vector<applied_factor> const& factors, quote& answer) {
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
AIAUDIT_INLINE error named_error(price_query const& query, error reason) {
    std::string name = printable(query.provider) + "/" + printable(query.model);
    reason.where = reason.where.empty() ? std::move(name) : name + ": " + reason.where;
    return reason;
}

}  // namespace detail

AIAUDIT_INLINE result<quote> price_book::price_with(price_query const& query, found where) const {
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

AIAUDIT_INLINE result<quote> price_book::most(price_query const& query, price_doubts doubts,
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

AIAUDIT_INLINE result<void> price_book_builder::add(price_provider provider) {
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

#endif  // AIAUDIT_IMPL_PRICING_PRICE_BOOK_IPP
