// SPDX-License-Identifier: MIT
//
// usual_days.ipp: the definitions of usual_days.hpp.
#ifndef AIAUDIT_IMPL_ALERTS_USUAL_DAYS_IPP
#define AIAUDIT_IMPL_ALERTS_USUAL_DAYS_IPP

#include <aiaudit/alerts/usual_days.hpp>
#include <aiaudit/config.hpp>  // AIAUDIT_INLINE

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::string subject_of(report_kind kind, report_row const& row) {
    if (kind == report_kind::models) {
        if (row.names.model.empty()) return {};
        return "model " + printable(row.names.provider) + "/" + printable(row.names.model);
    }
    return row.names.user.empty() ? std::string{} : "user " + printable(row.names.user);
}

AIAUDIT_INLINE activity activity_of(report_row const& row, timestamp begins) {
    std::uint64_t const mean = row.sum.timed == 0 ? 0 : row.sum.latency_ns / row.sum.timed;
    return {begins, row.sum.cost, row.sum.attempts, row.sum.errors,
            row.p95_ns != 0 ? row.p95_ns : mean};
}

AIAUDIT_INLINE bool is_remarkable(activity const& of, anomaly_options const& options) {
    for (auto const metric :
         {anomaly_metric::spend, anomaly_metric::error_rate, anomaly_metric::latency}) {
        auto const value = value_of(metric, of, options);
        if (value && *value > least_excess(metric, options)) return true;
    }
    return false;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ALERTS_USUAL_DAYS_IPP
