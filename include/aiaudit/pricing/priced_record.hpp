// SPDX-License-Identifier: MIT
//
// priced_record.hpp: what a dialect read of an attempt, and its price, into the record of it.
//
// Threads: plain functions; a lookup cache belongs to one thread at a time.
// Floor 4.
#ifndef AIAUDIT_PRICING_PRICED_RECORD_HPP
#define AIAUDIT_PRICING_PRICED_RECORD_HPP

#include <aiaudit/core/record.hpp>             // record
#include <aiaudit/pricing/pricing_policy.hpp>  // price_attempt

#include <optional>

namespace aiaudit {
inline namespace v0_1_0 {

namespace detail {

// Whether the book's figure covers all that was counted, at rates that it lists.
[[nodiscard]] inline bool is_exact(quote const& priced) noexcept {
    return priced.unpriced == 0 && !priced.standard_tier_used && !priced.region_ignored &&
           !priced.speed_ignored && priced.basis != price_basis::assumed;
}

// The provider's own charge is the cost, and the book's figure, null where there is none, stands
// beside it. A charge of nothing for what has a price cannot be relied on: false, and nothing is
// set.
[[nodiscard]] bool set_provider_cost(record& entry, attempt_facts const& facts,
                                     money const* computed);

}  // namespace detail

// Prices the record's usage. What the provider says that it charges is the cost where it says so;
// the book's figure is then `computed_cost`. The cost is left zero, with the status that says why,
// where there is neither.
template <pricing_policy Prices>
[[nodiscard]] std::optional<error> set_cost(record& entry, attempt_facts const& facts,
                                            Prices const& prices,
                                            typename Prices::lookup_cache& cache) {
    auto const priced =
        price_attempt(prices, entry.provider, facts, entry.started_at, cache, entry.key_id);
    if (priced) {
        entry.price_entry = priced->entry_id;
        entry.price_book = prices.revision();
        entry.price_basis = priced->basis;
    }
    money const computed = priced ? priced->cost() : money{};
    if (detail::set_provider_cost(entry, facts, priced ? &computed : nullptr)) return std::nullopt;
    if (!priced) {
        entry.cost_status = cost_status::unpriced;
        return priced.error();
    }
    bool const whole = facts.complete && !facts.usage.any_estimated();
    bool const known = detail::is_exact(*priced) && facts.unread.empty() && !facts.usage_missing &&
                       !facts.provider_cost;
    entry.cost_status = !whole  ? cost_status::estimated
                        : known ? cost_status::priced
                                : cost_status::partial;
    entry.cost = computed;
    return std::nullopt;
}

// Copies what was read; who asked, when, and the price are the caller's.
void set_facts(record& entry, attempt_facts const& facts);

// The cost of an attempt of which no usage was read, for the reason given.
[[nodiscard]] inline cost_status status_without_usage(errc why, int http_status) noexcept {
    bool const refused = why == errc::provider_error && http_status >= 400;
    return refused || why == errc::not_billable ? cost_status::no_charge : cost_status::unknown;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/pricing/priced_record.ipp>
#endif

#endif  // AIAUDIT_PRICING_PRICED_RECORD_HPP
