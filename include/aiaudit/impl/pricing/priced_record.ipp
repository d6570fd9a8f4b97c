// SPDX-License-Identifier: MIT
//
// priced_record.ipp: the definitions of priced_record.hpp.
#ifndef AIAUDIT_IMPL_PRICING_PRICED_RECORD_IPP
#define AIAUDIT_IMPL_PRICING_PRICED_RECORD_IPP

#include <aiaudit/config.hpp>       // AIAUDIT_INLINE
#include <aiaudit/detail/utf8.hpp>  // make_name_text
#include <aiaudit/pricing/priced_record.hpp>

namespace aiaudit {
inline namespace v0_1_0 {

namespace detail {

inline constexpr std::size_t fact_text_bytes = 256;

AIAUDIT_INLINE bool set_provider_cost(record& entry, attempt_facts const& facts,
                                      money const* computed) {
    bool const whole = facts.complete && !facts.usage.any_estimated();
    if (!facts.provider_cost || !whole) return false;
    bool const nothing = *facts.provider_cost == money{};
    bool const free = facts.model_served.ends_with(":free");  // OpenRouter's name for it
    if (nothing && !free && (computed == nullptr || *computed != money{})) return false;
    entry.cost = *facts.provider_cost;
    entry.cost_status = cost_status::priced;
    entry.price_basis = price_basis::provider;
    if (computed != nullptr) entry.computed_cost = *computed;
    return true;
}

}  // namespace detail

AIAUDIT_INLINE void set_facts(record& entry, attempt_facts const& facts) {
    entry.model_requested = facts.model_requested;
    entry.model_served = facts.model_served;
    entry.operation = facts.operation;
    entry.parameters = facts.parameters;
    entry.service_tier = facts.service_tier;
    entry.region = facts.region;
    entry.speed = facts.speed;
    entry.finish_reason = facts.finish_reason;
    entry.error_type = facts.error_type;
    entry.complete = facts.complete;
    entry.usage = facts.usage;
    entry.iterations = facts.iterations;
    entry.provider_cost = facts.provider_cost;
    entry.upstream_cost = facts.upstream_cost;
    entry.unread = facts.unread;
    entry.provider_request_id = facts.provider_request_id;
    // A provider's words, or a client's, in the log for ever.
    for (std::string* const text :
         {&entry.model_requested, &entry.model_served, &entry.service_tier, &entry.region,
          &entry.speed, &entry.finish_reason, &entry.error_type, &entry.provider_request_id})
        detail::make_name_text(*text, detail::fact_text_bytes);
    for (iteration& each : entry.iterations) {
        detail::make_name_text(each.kind, detail::fact_text_bytes);
        detail::make_name_text(each.model, detail::fact_text_bytes);
    }
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PRICING_PRICED_RECORD_IPP
