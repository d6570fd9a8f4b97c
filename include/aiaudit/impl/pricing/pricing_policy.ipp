// SPDX-License-Identifier: MIT
//
// pricing_policy.ipp: the definitions of pricing_policy.hpp.
#ifndef AIAUDIT_IMPL_PRICING_PRICING_POLICY_IPP
#define AIAUDIT_IMPL_PRICING_PRICING_POLICY_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/pricing/pricing_policy.hpp>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE flat_rate flat_rate::per_token(rate price) {
    rate_table rates;
    rates.set(unit::input_tokens, price);
    rates.set(unit::output_tokens, price);
    return flat_rate{std::move(rates)};
}

AIAUDIT_INLINE result<quote> flat_rate::price(price_query const& query) const {
    quote answer;
    answer.provider_id = "flat";
    answer.entry_id = "flat";
    answer.standard_tier_used = !query.service_tier.empty();
    answer.region_ignored = !query.region.empty();
    answer.speed_ignored = !query.speed.empty();
    if (auto done = detail::charge(rates_, query.usage, {}, answer); !done) return done.error();
    return answer;
}

AIAUDIT_INLINE result<quote> flat_rate::most(price_query const& query, price_doubts doubts,
                                             lookup_cache&) const {
    auto const exact = detail::most_by(rates_, {}, query.usage, doubts);
    if (!exact) return exact.error();
    quote answer;
    answer.exact = *exact;
    answer.provider_id = "flat";
    answer.entry_id = "flat";
    return answer;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PRICING_PRICING_POLICY_IPP
