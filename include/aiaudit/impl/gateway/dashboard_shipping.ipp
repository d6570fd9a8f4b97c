// SPDX-License-Identifier: MIT
//
// dashboard_shipping.ipp: the definitions of dashboard_shipping.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_DASHBOARD_SHIPPING_IPP
#define AIAUDIT_IMPL_GATEWAY_DASHBOARD_SHIPPING_IPP

#include <aiaudit/config.hpp>              // AIAUDIT_INLINE
#include <aiaudit/detail/json_string.hpp>  // json_list_of
#include <aiaudit/export/record_text.hpp>  // json_writer
#include <aiaudit/gateway/dashboard_shipping.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::string json_of(ship_status const& sink) {
    json_writer out;
    out.text("name", sink.mark_name);
    out.text("address", sink.sink);
    out.text("origin", sink.origin);
    out.text("state", name_of(sink.state));
    out.number("shipped", sink.shipped);
    out.number("log_size", sink.log_size);
    out.number("lag_ms", static_cast<std::uint64_t>(
                             (std::max)(sink.lag, std::chrono::milliseconds{0}).count()));
    out.text("error", sink.error);
    return out.finish();
}

AIAUDIT_INLINE std::string json_of(shipped_log const& log, log_state state) {
    json_writer out;
    out.text("name", log.origin);
    out.text("state", name_of(state));
    out.number("shipped", log.size);
    out.number("log_size", log.log_size);
    out.raw("last_record", log.newest ? json_string(log.newest->to_string()) : "null");
    out.text("heard_at", log.updated.to_string());
    out.number("silent_s",
               static_cast<std::uint64_t>((std::max)(log.silent, std::chrono::seconds{0}).count()));
    out.raw("forked_at", log.forked_at ? std::to_string(*log.forked_at) : "null");
    return out.finish();
}

AIAUDIT_INLINE gateway_response shipping_response(dashboard_shipping const& shipping,
                                                  api_parameters const& parameters) {
    if (auto const wrong = parameters.problem()) return problem_response(*wrong);
    std::vector<std::string> sinks;
    if (shipping.sinks) {
        auto all = shipping.sinks();
        std::stable_sort(all.begin(), all.end(), [](ship_status const& a, ship_status const& b) {
            return a.state > b.state;
        });
        for (ship_status const& each : all) sinks.push_back(json_of(each));
    }
    std::vector<std::string> logs;
    std::size_t log_count = 0;
    if (shipping.logs) {
        auto all = shipping.logs();
        if (!all) return failure_response(all.error());
        log_count = all->size();
        auto const state = [&shipping](shipped_log const& log) {
            return state_of(log, shipping.bounds);
        };
        std::stable_sort(
            all->begin(), all->end(),
            [&state](shipped_log const& a, shipped_log const& b) { return state(a) > state(b); });
        all->resize((std::min)(log_count, dashboard_shipping::logs_most));
        for (shipped_log const& each : *all) logs.push_back(json_of(each, state(each)));
    }
    json_writer out;
    out.raw("sinks", json_list_of(sinks));
    out.raw("logs", json_list_of(logs));
    out.number("log_count", log_count);
    return json_response(out.finish());
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_DASHBOARD_SHIPPING_IPP
