// SPDX-License-Identifier: MIT
//
// dashboard_api.ipp: the definitions of dashboard_api.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_DASHBOARD_API_IPP
#define AIAUDIT_IMPL_GATEWAY_DASHBOARD_API_IPP

#include <aiaudit/basic_ledger.hpp>  // basic_ledger
#include <aiaudit/config.hpp>        // AIAUDIT_INLINE
#include <aiaudit/gateway/dashboard_api.hpp>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::vector<report_cell> dashboard_figures(report_row const& row,
                                                          bool has_percentiles) {
    std::vector<report_cell> cells = figures_of(report_kind::models, row);
    for (report_cell& cell : cells) {
        if (has_percentiles || !cell.name.starts_with("p") || !cell.name.ends_with("_latency_ms"))
            continue;
        cell.text.clear();
        cell.absent = true;
    }
    return cells;
}

AIAUDIT_INLINE gateway_response csv_response(std::string_view name, day_range days,
                                             std::vector<report_cell> const& names,
                                             std::vector<std::vector<report_cell>> lines) {
    std::string file = "attachment; filename=\"aiaudit-" + std::string(name) + "-" +
                       days.first.to_string() + "-" + days.last.to_string() + ".csv\"";
    return {200,
            {{"Content-Type", "text/csv; charset=utf-8"}, {"Content-Disposition", std::move(file)}},
            machine_text(names, lines, text_format::csv)};
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_DASHBOARD_API_IPP
