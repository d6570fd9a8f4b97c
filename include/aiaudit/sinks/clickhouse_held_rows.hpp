// SPDX-License-Identifier: MIT
//
// clickhouse_held_rows.hpp: rows to audit, straight out of ClickHouse.
//
// Read is aiaudit_record FINAL, page by page; there is no snapshot, and none is needed where rows
// are only added. Values come as RowBinary, and are compared with the bytes that a shipper sends.
// Threads: one at a time. Memory: a page of 8,192 rows.
// Floor 9.
#ifndef AIAUDIT_SINKS_CLICKHOUSE_HELD_ROWS_HPP
#define AIAUDIT_SINKS_CLICKHOUSE_HELD_ROWS_HPP

#include <aiaudit/sinks/clickhouse_rows.hpp>  // clickhouse_column
#include <aiaudit/sinks/held_rows.hpp>        // held_rows

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// Errors: bad_argument, which shows no part of the address; not_found, where there is no such log;
// bad_response for a table without leaf or record, or with a column of another type; the
// transport's. Of the rows: the transport's and the server's.
[[nodiscard]] result<std::unique_ptr<held_rows>> clickhouse_held_rows(std::string_view address,
                                                                      std::string origin,
                                                                      held_range range);

namespace detail {

// Takes the value of a type from the front of RowBinary. None where it is not whole.
[[nodiscard]] std::optional<std::string_view> take_clickhouse_value(std::string_view& bytes,
                                                                    std::string_view type);
// For people. None for NULL.
[[nodiscard]] std::optional<std::string> clickhouse_value_text(std::string_view type,
                                                               std::string_view value);
// Whether a column is compared: all but that of the table's own.
[[nodiscard]] inline bool is_of_record(clickhouse_column const& column) noexcept {
    return column.name != "ver";
}
// What is otherwise of the columns that are there, `held` and `recorded` being in the order of
// clickhouse_columns(), and none where the table lacks the column.
void compare_clickhouse_values(std::vector<clickhouse_column> const& columns,
                               std::vector<std::optional<std::string_view>> const& held,
                               std::string_view recorded, std::vector<column_difference>& found);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/sinks/clickhouse_held_rows.ipp>
#endif

#endif  // AIAUDIT_SINKS_CLICKHOUSE_HELD_ROWS_HPP
