// SPDX-License-Identifier: MIT
//
// line_rows.hpp: rows to audit as lines of JSON (audit/row_lines.hpp), with their columns.
//
// In a line of the shipper's, which has `encoded`, a column that is not there says that the record
// has no value in it. In another line, which has `record`, it is one that was not exported.
// Threads: one at a time.
// Floor 9.
#ifndef AIAUDIT_SINKS_LINE_ROWS_HPP
#define AIAUDIT_SINKS_LINE_ROWS_HPP

#include <aiaudit/sinks/held_rows.hpp>  // held_rows

#include <iosfwd>
#include <memory>
#include <string>

namespace aiaudit {
inline namespace v0_1_0 {

// The stream must live for as long as the rows. Errors: those of row_lines().
[[nodiscard]] std::unique_ptr<held_rows> line_rows(std::istream& in, std::string origin);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/sinks/line_rows.ipp>
#endif

#endif  // AIAUDIT_SINKS_LINE_ROWS_HPP
