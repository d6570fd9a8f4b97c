// SPDX-License-Identifier: MIT
//
// price_entry.ipp: the definitions of price_entry.hpp.
#ifndef AIAUDIT_IMPL_PRICING_PRICE_ENTRY_IPP
#define AIAUDIT_IMPL_PRICING_PRICE_ENTRY_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/pricing/price_entry.hpp>

#include <algorithm>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE void append_rates(std::string& out, rate_table const& rates) {
    for (rate_table::row const& row : rates.rows()) {
        out.append("  rate ").append(name_of(row.what)).append(" ");
        out.append(row.price.base.to_string());
        for (rate_tier const& tier : row.price.tiers) {
            out.append(tier.inclusive ? " >=" : " >").append(std::to_string(tier.start));
            out.append(" ").append(tier.price.to_string());
        }
        out.append("\n");
    }
}

AIAUDIT_INLINE void append_card(std::string& out, rate_card const& card) {
    out.append(" card");
    if (card.from) out.append(" from ").append(std::to_string(card.from->ns));
    if (card.until) out.append(" until ").append(std::to_string(card.until->ns));
    if (card.window) {
        out.append(" daily ").append(std::to_string(card.window->start_seconds)).append("-");
        out.append(std::to_string(card.window->end_seconds));
    }
    if (card.weekdays != every_weekday) out.append(" days ").append(std::to_string(card.weekdays));
    out.append("\n");
    append_rates(out, card.rates);
    std::vector<service_rates const*> services;
    for (service_rates const& each : card.services) services.push_back(&each);
    std::sort(services.begin(), services.end(), [](auto* a, auto* b) { return a->tier < b->tier; });
    for (service_rates const* each : services) {
        out.append("  service");
        append_sized(out, each->tier);
        out.append("\n");
        append_rates(out, each->rates);
    }
}

AIAUDIT_INLINE std::string canonical(price_entry const& entry) {
    std::string out = "entry";
    append_sized(out, entry.id);
    out.append("\n match ");
    entry.match.append_canonical(out);
    out.append("\n");
    for (rate_card const& card : entry.cards) append_card(out, card);
    std::vector<std::string> modifiers;
    for (price_modifier const& each : entry.modifiers) {
        std::string line = " factor " + std::to_string(static_cast<int>(each.kind));
        append_sized(line, each.value);
        line.append(" ").append(std::to_string(each.factor.numerator)).append("/");
        line.append(std::to_string(each.factor.denominator)).append(" on ");
        line.append(std::to_string(each.covers)).append("\n");
        modifiers.push_back(std::move(line));
    }
    std::sort(modifiers.begin(), modifiers.end());
    for (std::string const& line : modifiers) out.append(line);
    return out;
}

AIAUDIT_INLINE std::string canonical(price_provider const& provider, bool ordered) {
    std::string out = "provider";
    append_sized(out, provider.id);
    out.append("\n names ");
    provider.names.append_canonical(out);
    out.append("\n models ");
    provider.models.append_canonical(out);
    if (provider.names_first) out.append("\n names first");
    out.append("\n falls back");
    for (std::string const& id : provider.fallbacks) append_sized(out, id);
    out.append("\n");
    std::vector<std::string> entries;
    entries.reserve(provider.entries.size());
    for (price_entry const& entry : provider.entries) entries.push_back(canonical(entry));
    if (!ordered) std::sort(entries.begin(), entries.end());
    for (std::string const& entry : entries) out.append(entry);
    return out;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PRICING_PRICE_ENTRY_IPP
