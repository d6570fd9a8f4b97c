// SPDX-License-Identifier: MIT
//
// row_lines.hpp: rows to audit as lines of JSON.
//
//     {"origin":"example.com/node1","seq":1,"leaf":"HEX","record":"BASE64"}
//     {"origin":"example.com/node1","seq":1,"leaf":"HEX","encoded":"HEX", ...}
//     {"origin":"example.com/node1","checkpoint":{...}}
//
// The second and third are lines of the shipper's; the third is passed over. Other members of a row
// are not read here: sinks/line_rows.hpp compares those that are columns.
// Threads: one at a time.
// Floor 8.
#ifndef AIAUDIT_AUDIT_ROW_LINES_HPP
#define AIAUDIT_AUDIT_ROW_LINES_HPP

#include <aiaudit/audit/row_audit.hpp>  // row_source

#include <functional>
#include <iosfwd>
#include <string>

namespace boost::json {
class object;
}

namespace aiaudit {
inline namespace v0_1_0 {

// Sees all members of a row before it is handed out; they live until the next row is asked for.
using line_visitor = std::function<void(boost::json::object const&)>;

// The stream must live for as long as the source. A line has at most 1 MiB. Errors of the source:
// bad_input, which names the line; also for a row of another log.
[[nodiscard]] row_source row_lines(std::istream& in, std::string origin, line_visitor visit = {});

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/audit/row_lines.ipp>
#endif

#endif  // AIAUDIT_AUDIT_ROW_LINES_HPP
