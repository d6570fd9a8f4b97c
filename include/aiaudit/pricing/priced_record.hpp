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

// Prices the record's usage. The cost is left zero, with the status that says why, where that
// cannot be done.
template <pricing_policy Prices>
[[nodiscard]] std::optional<error> set_cost(record& entry, attempt_facts const& facts,
                                            Prices const& prices,
                                            typename Prices::lookup_cache& cache) {
    auto const priced = price_attempt(prices, entry.provider, facts, entry.started_at, cache);
    if (!priced) {
        entry.cost_status = cost_status::unpriced;
        return priced.error();
    }
    bool const whole = facts.complete && !facts.usage.any_estimated();
    bool const fits = priced->unpriced == 0 && !priced->standard_tier_used &&
                      !priced->region_ignored && !priced->speed_ignored;
    entry.cost_status = !whole ? cost_status::estimated
                        : fits ? cost_status::priced
                               : cost_status::partial;
    entry.cost = priced->cost();
    entry.price_entry = priced->entry_id;
    entry.price_book = prices.revision();
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
