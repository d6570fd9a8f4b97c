// SPDX-License-Identifier: MIT
//
// call.ipp: the definitions of call.hpp.
#ifndef AIAUDIT_IMPL_CLIENT_CALL_IPP
#define AIAUDIT_IMPL_CLIENT_CALL_IPP

#include <aiaudit/client/call.hpp>
#include <aiaudit/client/reply.hpp>  // reply
#include <aiaudit/config.hpp>        // AIAUDIT_INLINE

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::optional<std::string> cheaper_than(std::vector<std::string> const& models,
                                                       std::string const& now,
                                                       std::vector<std::string> const& tried) {
    auto const here = std::find(models.begin(), models.end(), now);
    auto const from = here == models.end() ? models.begin() : here + 1;
    auto const next = std::find_if(from, models.end(), [&](std::string const& each) {
        return std::find(tried.begin(), tried.end(), each) == tried.end();
    });
    return next == models.end() ? std::nullopt : std::optional(*next);
}

AIAUDIT_INLINE error with_course(error failure, std::uint32_t attempts,
                                 retry_decision const& decision) {
    if (attempts > 1) failure.where += ", after " + std::to_string(attempts) + " attempts";
    if (decision.wait.count() > 0) {
        failure.where += ", to be tried again in " + seconds_text(decision.wait);
        failure.retry_after_ms = static_cast<std::uint64_t>(
            std::chrono::ceil<std::chrono::milliseconds>(decision.wait).count());
    }
    return failure;
}

AIAUDIT_INLINE record record_of_change(breaker_change const& change, std::string const& provider,
                                       std::string const& model, timestamp at, steady_time now) {
    record entry;
    entry.kind = record_kind::circuit;
    entry.provider = provider;
    entry.model_requested = model;
    entry.operation = operation::other;
    entry.started_at = at;
    entry.cost_status = cost_status::no_charge;
    entry.tags = {{"from", std::string(name_of(change.from))},
                  {"to", std::string(name_of(change.to))}};
    if (change.to != breaker_state::open) return entry;
    entry.duration_ns = nanoseconds_between(now, change.until);
    entry.tags.emplace_back("failures", std::to_string(change.failures));
    entry.tags.emplace_back("calls", std::to_string(change.calls));
    return entry;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_CLIENT_CALL_IPP
