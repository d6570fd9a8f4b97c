// SPDX-License-Identifier: MIT
//
// json_lines_sink.hpp: records as lines of JSON, to a file or to a stream such as a pipe, for every
// tool that reads lines.
//
// A line a record, with the columns of record_columns.hpp: money as decimal text, instants as RFC
// 3339, bytes as hexadecimal digits, columns without a value left out. After each batch one line
// {"origin":..,"checkpoint":{"size":N,"root":"HEX","first":N,"note":".."}} says what the lines
// before it come to.
// A file is its own cursor: what follows its last checkpoint line was cut off by a crash, and is
// cut off by open(). So each record is in it once. A stream cannot be asked: where it was left, the
// caller says, and after a crash the last batch may come again, the same to the byte.
// Threads: one at a time. Processes: a file has one writer, by flock.
// Floor 9.
#ifndef AIAUDIT_SINKS_JSON_LINES_SINK_HPP
#define AIAUDIT_SINKS_JSON_LINES_SINK_HPP

#include <aiaudit/sinks/record_sink.hpp>  // record_sink

#include <memory>
#include <string>

namespace aiaudit {
inline namespace v0_1_0 {

// Makes the file where there is none. Errors, of its open(): already_open, where another process
// writes it; corrupt, where it has no checkpoint line and is not empty, or lines of another log.
[[nodiscard]] std::unique_ptr<record_sink> json_file_sink(std::string path);

// To an open descriptor, which stays the caller's; `start` is what was written to the stream
// before. Errors, of write(): closed, where nobody reads the pipe any more.
[[nodiscard]] std::unique_ptr<record_sink> json_stream_sink(int descriptor, sink_cursor start);

// The line of a row, with its end.
[[nodiscard]] std::string json_line(std::string_view origin, sink_row const& row);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/sinks/json_lines_sink.ipp>
#endif

#endif  // AIAUDIT_SINKS_JSON_LINES_SINK_HPP
