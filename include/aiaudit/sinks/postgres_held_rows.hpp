// SPDX-License-Identifier: MIT
//
// postgres_held_rows.hpp: rows to audit, straight out of PostgreSQL. Opt-in: it needs libpq (-lpq).
//
// Read is the view aiaudit.records, which reports are made from, in one snapshot. Values come as
// the server has them, in its binary form, and are compared with the bytes that a shipper sends.
// Threads: one at a time. Memory: a page of 2,048 rows.
// Floor 9.
#ifndef AIAUDIT_SINKS_POSTGRES_HELD_ROWS_HPP
#define AIAUDIT_SINKS_POSTGRES_HELD_ROWS_HPP

#include <aiaudit/sinks/held_rows.hpp>          // held_rows
#include <aiaudit/sinks/postgres_rows.hpp>      // postgres_rows
#include <aiaudit/transport/pq_connection.hpp>  // pq_connection

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// Errors: connect_failed; not_found, where the database has no such log; newer_format;
// bad_response for a view without leaf or record, or with a column of another type. Of the rows:
// storage_failed, connection_lost, timed_out.
[[nodiscard]] result<std::unique_ptr<held_rows>> postgres_held_rows(pq_options options,
                                                                    std::string origin,
                                                                    held_range range);

namespace detail {

// A value in binary form; none: null.
using pq_value = std::optional<std::string_view>;

// A column of the view aiaudit.records.
struct pq_held_column {
    std::string name{};
    column_type type{};
    column_absence absence{};
    int place = -1;  // in a page; -1: the view lacks it
};
// In the order of postgres_rows. The first is the origin.
[[nodiscard]] std::vector<pq_held_column> pq_held_columns();

// The values of a row that postgres_rows wrote, in the order of pq_held_columns().
[[nodiscard]] std::vector<pq_value> pq_values_of(std::string_view row);
[[nodiscard]] bool is_same_pq_value(pq_held_column const& column, pq_value held, pq_value recorded);
// For people.
[[nodiscard]] std::optional<std::string> pq_value_text(column_type type, pq_value value);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/sinks/postgres_held_rows.ipp>
#endif

#endif  // AIAUDIT_SINKS_POSTGRES_HELD_ROWS_HPP
