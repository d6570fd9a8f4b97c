// SPDX-License-Identifier: MIT
//
// ship_status.ipp: the definitions of ship_status.hpp.
#ifndef AIAUDIT_IMPL_ENGINE_SHIP_STATUS_IPP
#define AIAUDIT_IMPL_ENGINE_SHIP_STATUS_IPP

#include <aiaudit/config.hpp>              // AIAUDIT_INLINE
#include <aiaudit/core/money.hpp>          // format_scaled_decimal
#include <aiaudit/detail/metric_text.hpp>  // metric_writer
#include <aiaudit/engine/ship_status.hpp>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

struct ship_family {
    std::string_view name;
    std::string_view type;
    std::string_view help;
    std::string (*value)(ship_status const&);
};

inline constexpr ship_family ship_families[] = {
    {"aiaudit_ship_records", "gauge", "Records that the sink has confirmed.",
     [](ship_status const& one) { return std::to_string(one.shipped); }},
    {"aiaudit_ship_lag_records", "gauge", "Records of the log that the sink lacks.",
     [](ship_status const& one) {
         return std::to_string(one.log_size > one.shipped ? one.log_size - one.shipped : 0);
     }},
    {"aiaudit_ship_lag_seconds", "gauge", "For how long the sink has not had all of the log.",
     [](ship_status const& one) { return format_scaled_decimal(one.lag.count(), 3); }},
    {"aiaudit_ship_rows_total", "counter", "Records sent since the start.",
     [](ship_status const& one) { return std::to_string(one.rows); }},
    {"aiaudit_ship_retries_total", "counter", "Failures after which the shipper tried again.",
     [](ship_status const& one) { return std::to_string(one.retries); }},
    {"aiaudit_ship_stopped", "gauge", "1 if shipping stopped for a reason that no retry mends.",
     [](ship_status const& one) {
         return std::string(one.state == ship_state::stopped ? "1" : "0");
     }},
};

}  // namespace detail

AIAUDIT_INLINE std::string ship_metrics(std::span<ship_status const> all) {
    std::string text;
    if (all.empty()) return text;
    detail::metric_writer writer(text);
    for (detail::ship_family const& family : detail::ship_families) {
        writer.head(family.name, family.type, family.help);
        for (ship_status const& one : all)
            writer.line({}, "sink=" + detail::metric_label(one.mark_name), family.value(one));
    }
    return text;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ENGINE_SHIP_STATUS_IPP
