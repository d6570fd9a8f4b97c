// SPDX-License-Identifier: MIT
//
// dashboard_shipping.hpp: what the dashboard says of records on their way: the sinks that a log is
// shipped to, and the logs that came to a database.
//
// Threads: plain values; the functions are called by any thread.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_DASHBOARD_SHIPPING_HPP
#define AIAUDIT_GATEWAY_DASHBOARD_SHIPPING_HPP

#include <aiaudit/engine/ship_status.hpp>       // ship_status
#include <aiaudit/engine/shipped_log.hpp>       // shipped_log, log_bounds
#include <aiaudit/error.hpp>                    // result
#include <aiaudit/gateway/dashboard_query.hpp>  // api_parameters

#include <cstddef>
#include <functional>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// Whoever ships, or has a database of what was shipped, gives the function; empty: there is none.
struct dashboard_shipping {
    static constexpr std::size_t logs_most = 1'000;  // in one answer

    std::function<std::vector<ship_status>()> sinks{};
    std::function<result<std::vector<shipped_log>>()> logs{};
    log_bounds bounds{};
};

namespace detail {

// The worst first.
[[nodiscard]] gateway_response shipping_response(dashboard_shipping const& shipping,
                                                 api_parameters const& parameters);

}  // namespace detail

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/dashboard_shipping.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_DASHBOARD_SHIPPING_HPP
