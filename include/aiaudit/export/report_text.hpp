// SPDX-License-Identifier: MIT
//
// report_text.hpp: a report as an aligned table, JSON, JSON Lines or CSV.
//
// Machine formats print money as exact decimal strings and name their columns as docs/usage.md
// does.
// Threads: plain functions.
// Floor 8.
#ifndef AIAUDIT_EXPORT_REPORT_TEXT_HPP
#define AIAUDIT_EXPORT_REPORT_TEXT_HPP

#include <aiaudit/export/cell_text.hpp>  // text_format, report_cell
#include <aiaudit/rollup/report.hpp>     // report

#include <cstdint>
#include <string>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

namespace detail {

// 1234567 ns -> "1.234567", as milliseconds.
[[nodiscard]] inline std::string milliseconds(std::uint64_t ns) {
    return format_scaled_decimal(static_cast<int128>(ns), 6);
}

[[nodiscard]] std::vector<report_cell> labels_of(report_kind kind, report_row const& row);

[[nodiscard]] std::vector<report_cell> figures_of(report_kind kind, report_row const& row);

[[nodiscard]] std::vector<report_cell> cells_of(report_kind kind, report_row const& row);

// The columns of a table: fewer than the machine formats', rounded for the eye.
[[nodiscard]] std::vector<report_cell> table_cells(report_kind kind, report_row const& row);

}  // namespace detail

// The whole text, with its last newline.
[[nodiscard]] std::string to_text(report const& from, text_format format);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/export/report_text.ipp>
#endif

#endif  // AIAUDIT_EXPORT_REPORT_TEXT_HPP
