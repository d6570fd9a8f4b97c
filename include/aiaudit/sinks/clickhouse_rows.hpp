// SPDX-License-Identifier: MIT
//
// clickhouse_rows.hpp: rows as ClickHouse's RowBinary, and the tables that hold them.
//
// One definition for servers from 18.16 to today's: no type, codec or index that one of them lacks.
// A column of record_columns.hpp is one of the table, but for an instant, which is whole seconds
// and, beside them, NAME_ns with all digits, and for tags, which are the arrays tag_k and tag_v.
// Threads: plain functions.
// Floor 9.
#ifndef AIAUDIT_SINKS_CLICKHOUSE_ROWS_HPP
#define AIAUDIT_SINKS_CLICKHOUSE_ROWS_HPP

#include <aiaudit/error.hpp>              // result
#include <aiaudit/sinks/record_sink.hpp>  // sink_row, sink_cursor

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

struct clickhouse_column {
    std::string name{};
    std::string type{};
};

// Of the table aiaudit_record, in the order of append_clickhouse_row().
[[nodiscard]] std::vector<clickhouse_column> clickhouse_columns();

// A cursor stays for each so many records: from one of them a hole is filled.
inline constexpr std::uint64_t clickhouse_slot = 65'536;

struct clickhouse_object {
    std::string_view name{};
    bool is_view = false;
    std::string statement{};  // makes it
};

// Tables first.
[[nodiscard]] std::vector<clickhouse_object> clickhouse_objects();

// "name, name, ...", as an insert lists them.
[[nodiscard]] std::string clickhouse_names(std::vector<clickhouse_column> const& columns);

// Errors: too_large, for an amount of 10^26 USD or more.
[[nodiscard]] result<void> append_clickhouse_row(std::string_view origin, sink_row const& row,
                                                 std::string& out);

inline constexpr std::string_view clickhouse_cursor_names =
    "origin, slot, size, root, first, checkpoint";
void append_clickhouse_cursor(std::string_view origin, sink_cursor const& cursor,
                              std::string_view checkpoint, std::string& out);

// 'text', as SQL has it.
[[nodiscard]] std::string clickhouse_literal(std::string_view text);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/sinks/clickhouse_rows.ipp>
#endif

#endif  // AIAUDIT_SINKS_CLICKHOUSE_ROWS_HPP
