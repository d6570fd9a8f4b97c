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
    if (match.kind() == model_match::rule::dated) {  // and its editions, which take the rule
        names.exact.try_emplace(match.pattern(), entry);
        return false;
    }
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
    if (first != entries.size() && data_->providers[provider].names_first) return &entries[first];
    for (std::size_t const e : names.patterns) {
        if (e >= first) break;  // the entry found by equality stands before it
        if (entries[e].match.matches(model)) return &entries[e];
    }
    return first == entries.size() ? nullptr : &entries[first];
}

AIAUDIT_INLINE price_book::found price_book::found_in(std::size_t provider,
                                                      std::string const& model) const {
    price_entry const* const entry = entry_of(provider, model);
    if (entry == nullptr) return {};
    return {&data_->providers[provider], entry,
            !entry->match.lists(model, detail::lower(entry->id))};
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

AIAUDIT_INLINE price_book::found price_book::find_name(price_provider const& first,
                                                       std::string const& model) const {
    auto const place = static_cast<std::size_t>(&first - data_->providers.data());
    if (found const hit = found_in(place, model)) return hit;
    for (std::string const& id : first.fallbacks) {
        auto const home = data_->by_id.find(id);
        if (home == data_->by_id.end()) continue;
        if (found const hit = found_in(home->second, model)) return hit;
    }
    return {};
}

namespace detail {

// Other spellings of a name: an ARN's last part, a fine-tuned model's base with the date that the
// book has it by, and Vertex's "@" before a date for everyone's "-", and back.
AIAUDIT_INLINE std::vector<std::string> other_spellings(std::string const& model) {
    std::vector<std::string> others;
    if (model.starts_with("arn:")) {
        others.push_back(model.substr(model.rfind('/') + 1));
    } else if (model.starts_with("ft:")) {  // ft:base:organisation:name:id
        if (auto const end = model.find(':', 3); end != std::string::npos) {
            others.push_back(model.substr(0, end));
        }
    } else if (auto const sign = model.find('@'); sign != std::string::npos) {
        std::string plain = model;
        plain[sign] = '-';
        others.push_back(std::move(plain));
        if (model.substr(sign) == "@default") others.push_back(model.substr(0, sign));
    } else if (auto const dash = model.rfind('-');
               dash != std::string::npos && model.size() - dash == 9 &&
               all_digits(std::string_view{model}.substr(dash + 1))) {
        std::string vertex = model;
        vertex[dash] = '@';
        others.push_back(std::move(vertex));
    }
    return others;
}

}  // namespace detail

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
    found best = find_name(*first, name);
    if (best && !best.assumed) return best;
    for (std::string const& other : detail::other_spellings(name)) {
        found const hit = find_name(*first, other);
        if (hit && (!best || !hit.assumed)) best = hit;
        if (best && !best.assumed) break;
    }
    return best;
}

AIAUDIT_INLINE price_book::found price_book::find_cached(std::string_view provider,
                                                         std::string_view model,
                                                         lookup_cache& cache) const {
    if (cache.book_ != data_) {
        cache = lookup_cache{};
        cache.book_ = data_;
    }
    std::size_t const hash =
        std::hash<std::string_view>{}(model) ^ (std::hash<std::string_view>{}(provider)*31);
    lookup_cache::slot& slot = cache.slots_[(hash ^ (hash >> 32)) % lookup_cache::slot_count];
    if (!slot.used || slot.model != model || slot.provider != provider) {
        found const hit = find(provider, model);
        if (model.size() > detail::model_name_bytes_max) return hit;  // not worth the room
        if (provider.size() > detail::model_name_bytes_max) return hit;
        slot = {
            std::string{provider}, std::string{model}, hit.provider, hit.entry, hit.assumed, true};
    }
    return {slot.in, slot.entry, slot.assumed};
}

AIAUDIT_INLINE model_limits price_book::limits(std::string_view provider, std::string_view model,
                                               lookup_cache& cache) const {
    price_book::found const where = find_cached(provider, model, cache);
    if (!where) return {};
    model_limits known{where.entry->context_tokens, where.entry->output_tokens_max};
    if (known.context_tokens == 0) return known;
    // One that has a rate for tokens past its context has a larger one for who asks for it.
    for (rate_card const& card : where.entry->cards) {
        for (rate_table::row const& row : card.rates.rows()) {
            for (rate_tier const& tier : row.price.tiers) {
                if (tier.start >= where.entry->context_tokens)
                    known.context_tokens = (std::max)(known.context_tokens, long_context_tokens);
            }
        }
    }
    return known;
}

AIAUDIT_INLINE price_basis price_book::basis_of(found where, timestamp instant,
                                                std::uint64_t units) const {
    price_entry const& entry = *where.entry;
    units |= detail::bit_of(unit::requests);
    if (where.assumed || (entry.unsure & units) != 0) return price_basis::assumed;
    if (entry.known_from && instant < *entry.known_from) return price_basis::assumed;
    constexpr std::int64_t most = price_book_days_max * seconds_per_day;
    if (as_of_ && instant.seconds() - as_of_->seconds() > most) return price_basis::stale;
    return price_basis::listed;
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
    if (!is_standard_tier(tier)) {
        auto const* own = card.service(tier);
        // OpenAI's newer name for it.
        if (own == nullptr && tier == "fast") own = card.service("priority");
        if (own != nullptr) {
            chosen.rates = own;
        } else {
            answer.standard_tier_used = !factor(modifier_kind::service_tier, tier);
        }
    }
    if (!query.region.empty() && query.region != "global") {
        answer.region_ignored = !factor(modifier_kind::region, query.region) &&
                                !factor(modifier_kind::region, any_region);
    }
    bool const own_margin = !query.key.empty() && factor(modifier_kind::margin, query.key);
    if (!own_margin) factor(modifier_kind::margin, {});
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
    std::uint64_t units = 0;
    for_each_count(query.usage, [&](unit what, std::uint64_t count) {
        if (count != 0) units |= detail::bit_of(what);
    });
    answer.basis = basis_of(where, query.at, units);
    return answer;
}

AIAUDIT_INLINE result<quote> price_book::most(price_query const& query, price_doubts doubts,
                                              lookup_cache& cache) const {
    found const where = find_cached(query.provider, query.model, cache);
    if (!where) return detail::named_error(query, fail(errc::unknown_model));
    rate_card const* const card = detail::card_at(*where.entry, query.at);
    if (card == nullptr)
        return detail::named_error(
            query, fail(errc::unpriced_unit, "has no price at " + query.at.to_string()));
    auto const exact =
        detail::most_by(*card, *where.entry, query.usage, doubts, query.service_tier);
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
        // OpenRouter charges nothing for these, whether or not a file says so.
        bool const free = provider.id == "openrouter" && entry.id.ends_with(":free");
        for (rate_card& card : entry.cards) {
            if (free && card.rates.empty()) {
                card.rates.set(unit::input_tokens, rate{});
                card.rates.set(unit::output_tokens, rate{});
            }
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
