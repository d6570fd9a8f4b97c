// SPDX-License-Identifier: MIT
//
// ended_calls.ipp: the definitions of ended_calls.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_ENDED_CALLS_IPP
#define AIAUDIT_IMPL_GATEWAY_ENDED_CALLS_IPP

#include <aiaudit/config.hpp>              // AIAUDIT_INLINE
#include <aiaudit/core/correction.hpp>     // correction_number
#include <aiaudit/export/record_text.hpp>  // json_writer
#include <aiaudit/gateway/ended_calls.hpp>

#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

[[nodiscard]] constexpr int doubt_of(cost_status status) noexcept {
    switch (status) {
    case cost_status::no_charge: return 0;
    case cost_status::priced: return 1;
    case cost_status::estimated: return 2;
    case cost_status::partial: return 3;
    case cost_status::unpriced: return 4;
    case cost_status::unknown: return 5;
    }
    return 5;
}

AIAUDIT_INLINE cost_status joined_status(cost_status one, cost_status other) noexcept {
    return doubt_of(one) < doubt_of(other) ? other : one;
}

AIAUDIT_INLINE void ended_call::add(record const& outcome) {
    key_id = outcome.key_id;
    provider = outcome.provider;
    model = outcome.model_served.empty() ? outcome.model_requested : outcome.model_served;
    ++attempts;
    complete = outcome.complete;
    if (outcome.cost_status == aiaudit::cost_status::estimated)
        ++bounds;
    else
        sure_status = joined_status(sure_status, outcome.cost_status);
    cost = cost + outcome.cost;
    cost_low = cost_low + outcome.cost_low.value_or(outcome.cost);
    usage = outcome.usage;
}

AIAUDIT_INLINE void ended_call::correct(record const& late_cost) {
    bool const is_first = correction_number(late_cost, correction_tag::sure) != 0;
    if (is_first && bounds != 0) --bounds;
    sure_status = joined_status(sure_status, aiaudit::cost_status::priced);
    cost = cost + late_cost.cost;
    cost_low = cost_low + late_cost.cost_low.value_or(late_cost.cost);
}

AIAUDIT_INLINE cost_status ended_call::cost_status() const noexcept {
    return bounds == 0 ? sure_status : joined_status(sure_status, aiaudit::cost_status::estimated);
}

AIAUDIT_INLINE std::string to_json(operation_id const& of, ended_call const& call) {
    cost_status const status = call.cost_status();
    bool const is_known = status != cost_status::unknown && status != cost_status::unpriced;
    json_writer out;
    out.text("operation_id", of.to_string());
    out.text("key", call.key_id);
    out.text("provider", call.provider);
    out.text("model", call.model);
    out.number("attempts", call.attempts);
    out.raw("complete", call.complete ? "true" : "false");
    out.text("cost_status", name_of(status));
    out.raw("cost_usd", is_known ? json_string(call.cost.to_string()) : "null");
    out.raw("cost_low_usd", is_known ? json_string(call.cost_low.to_string()) : "null");
    out.raw("usage", aiaudit::to_json(call.usage));
    return out.finish();
}

AIAUDIT_INLINE void ended_calls::add(record const& outcome) {
    std::lock_guard const lock(mutex_);
    calls_[outcome.operation_id].add(outcome);
    // Identifiers begin with the time at which they were made.
    if (calls_.size() > most) calls_.erase(calls_.begin());
}

AIAUDIT_INLINE std::optional<ended_call> ended_calls::find(operation_id const& of) const {
    std::lock_guard const lock(mutex_);
    auto const found = calls_.find(of);
    if (found == calls_.end()) return std::nullopt;
    return found->second;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_ENDED_CALLS_IPP
