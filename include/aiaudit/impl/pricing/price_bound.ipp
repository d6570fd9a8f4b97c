// SPDX-License-Identifier: MIT
//
// price_bound.ipp: the definitions of price_bound.hpp.
#ifndef AIAUDIT_IMPL_PRICING_PRICE_BOUND_IPP
#define AIAUDIT_IMPL_PRICING_PRICE_BOUND_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/pricing/price_bound.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// At any context up to so many tokens: the steps need not go up.
AIAUDIT_INLINE rate dearest_of(tiered_rate const& price, std::uint64_t input_tokens) {
    rate most = price.base;
    for (rate_tier const& tier : price.tiers) {
        if (tier.start > input_tokens) break;
        if (tier.price.yocto() > most.yocto()) most = tier.price;
    }
    return most;
}

// Nothing where the table has no rate of that direction.
AIAUDIT_INLINE std::optional<rate> dearest_of(rate_table const& rates, direction way,
                                              price_doubts doubts, std::uint64_t input_tokens) {
    std::optional<rate> most;
    for (rate_table::row const& row : rates.rows()) {
        if (traits_of(row.what).direction != way || !may_be_charged(row.what, doubts)) continue;
        rate const price = dearest_of(row.price, input_tokens);
        if (!most || price.yocto() > most->yocto()) most = price;
    }
    return most;
}

// What a provider's own tools are charged by, beside their tokens.
inline constexpr std::array tool_units_priced{unit::web_searches, unit::file_searches,
                                              unit::code_executions};
inline constexpr std::uint64_t tool_unit_mask =
    bit_of(unit::web_searches) | bit_of(unit::file_searches) | bit_of(unit::code_executions);

// Tiers that no provider charges more for than for the standard one.
AIAUDIT_INLINE bool is_no_dearer_tier(std::string_view tier) noexcept {
    for (std::string_view const each :
         {"standard", "default", "on_demand", "standard_only", "flex", "batch"}) {
        if (tier == each) return true;
    }
    return false;
}

// All that may be multiplied with: of each kind, the largest factor above 1.
AIAUDIT_INLINE multiplier dearest_factor(price_entry const& entry, std::uint64_t units,
                                         price_doubts doubts) {
    multiplier all{};
    for (modifier_kind const kind : {modifier_kind::region, modifier_kind::speed,
                                     modifier_kind::service_tier, modifier_kind::margin}) {
        if (kind == modifier_kind::speed && !doubts.speed) continue;
        if (kind == modifier_kind::service_tier && !doubts.tiers) continue;
        multiplier most{};
        for (price_modifier const& each : entry.modifiers) {
            if (each.kind != kind || (each.covers & units) == 0) continue;
            bool const more = static_cast<int128>(each.factor.numerator) * most.denominator >
                              static_cast<int128>(most.numerator) * each.factor.denominator;
            if (more) most = each.factor;
        }
        all = product(all, most);
    }
    return all;
}

AIAUDIT_INLINE result<cost_parts> most_by(rate_table const& rates, dearest_factors const& factors,
                                          usage const& counts, price_doubts doubts) {
    cost_parts cost;
    auto const input = counts.count(unit::input_tokens);
    for (direction const way : {direction::input, direction::output}) {
        bool const in = way == direction::input;
        auto const count = in ? input : counts.count(unit::output_tokens);
        if (count == 0) continue;
        auto const price = dearest_of(rates, way, doubts, input);
        if (!price) return fail(errc::unpriced_unit, "its entry has no rate for them");
        auto done =
            (in ? cost.input : cost.output).add(count, *price, in ? factors.input : factors.output);
        if (!done) return done.error();
    }
    for (unit const each : tool_units_priced) {
        auto const count = counts.count(each);
        if (count == 0) continue;
        auto const* price = rates.find(each);
        if (price == nullptr)
            return fail(errc::unpriced_unit, "has no price for " + std::string(name_of(each)));
        auto done = cost.total.add(count, dearest_of(*price, input), factors.tools);
        if (!done) return done.error();
    }
    if (auto const* request = rates.find(unit::requests)) {
        auto done = cost.total.add(1, dearest_of(*request, input), factors.requests);
        if (!done) return done.error();
    }
    for (exact_cost const* part : {&cost.input, &cost.output}) {
        if (auto done = cost.total.add(*part); !done) return done.error();
    }
    return cost;
}

AIAUDIT_INLINE result<cost_parts> most_by(rate_card const& card, price_entry const& entry,
                                          usage const& counts, price_doubts doubts,
                                          std::string_view tier) {
    if (card.rates.empty()) return fail(errc::unpriced_unit, "its entry has no rates");
    bool const any = tier.empty() || tier == "auto";
    bool const standard = !any && is_no_dearer_tier(tier);
    doubts.tiers = doubts.tiers && !standard;
    dearest_factors const factors{dearest_factor(entry, input_unit_mask, doubts),
                                  dearest_factor(entry, output_unit_mask, doubts),
                                  dearest_factor(entry, bit_of(unit::requests), doubts),
                                  dearest_factor(entry, tool_unit_mask, doubts)};
    auto most = most_by(card.rates, factors, counts, doubts);
    if (standard) return most;
    // OpenAI's newer name for it.
    std::string_view const named = tier == "fast" ? "priority" : tier;
    bool known = any || std::any_of(entry.modifiers.begin(), entry.modifiers.end(),
                                    [tier](price_modifier const& each) {
                                        return each.kind == modifier_kind::service_tier &&
                                               each.value == tier;
                                    });
    for (service_rates const& service : card.services) {
        if (!most) break;
        bool const meant = service.tier == tier || service.tier == named;
        known = known || meant;
        if (!any && !meant) continue;
        auto other = most_by(service.rates, factors, counts, doubts);
        if (!other || other->total.rounded() > most->total.rounded()) most = std::move(other);
    }
    if (!known)
        return fail(errc::unpriced_unit, "has no price in the service tier '" + printable(tier) +
                                             "': ask for another, or load prices that have it");
    return most;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PRICING_PRICE_BOUND_IPP
