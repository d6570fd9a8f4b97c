// SPDX-License-Identifier: MIT
//
// postgres_schema.hpp: the tables and views of the schema `aiaudit` in PostgreSQL, made in steps.
//
// Plain SQL: no function, trigger or temporary table. A step is never changed once it was released;
// what comes later is a further step. Rows lie in a partition a month of started_at, and in a
// default partition where there is none for their month.
// Threads: functions without state. Processes: any number at once; a step is done by one of them.
// Floor 9.
#ifndef AIAUDIT_SINKS_POSTGRES_SCHEMA_HPP
#define AIAUDIT_SINKS_POSTGRES_SCHEMA_HPP

#include <aiaudit/core/timestamp.hpp>           // timestamp
#include <aiaudit/sinks/record_columns.hpp>     // column_type
#include <aiaudit/transport/pq_connection.hpp>  // pq_connection

#include <cstdint>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

// Makes what is missing of the schema, and partitions for that month and those that follow, for
// whoever ships with a role that may make none itself. Errors: connect_failed; newer_format;
// bad_argument, where the role may not make tables; storage_failed.
[[nodiscard]] result<void> prepare_postgres(std::string url, timestamp first_month,
                                            std::uint32_t months);

namespace detail {

[[nodiscard]] constexpr std::string_view postgres_type(column_type type) noexcept {
    switch (type) {
    case column_type::text: return "text";
    case column_type::whole: return "bigint";
    case column_type::amount: return "numeric(38,12)";
    case column_type::instant: return "timestamptz";
    case column_type::bytes: return "bytea";
    case column_type::flag: return "boolean";
    case column_type::json: return "jsonb";
    }
    return "text";
}

// How many steps this release knows.
inline constexpr int postgres_steps = 1;
// The statements of a step, from 1 on.
[[nodiscard]] std::string postgres_step(int number);
// How many steps the database has.
[[nodiscard]] result<int> done_steps(pq_connection& in);
// Does the steps that the database lacks. Errors: newer_format, where it has more of them than are
// known.
[[nodiscard]] result<void> make_postgres_schema(pq_connection& to);

// Partitions are made of months from this one on, and up to that one; other months share the
// default partition. So a record with a wrong clock makes no table.
inline constexpr std::int64_t partition_month_first = 12LL * (2015 - 1970);
inline constexpr std::int64_t partition_month_last = 12LL * (2100 - 1970) - 1;
// Makes the partition of a month (months since 1970), unless it is there, or the default partition
// has rows of that month, or the role may not: then that has the month's rows. Errors: those of a
// connection that broke.
[[nodiscard]] result<void> make_partition(pq_connection& in, std::int64_t month);

// A connection to a database that has tables of this release, and that log; empty: any. Errors:
// connect_failed; not_found, where there is no such log, or none at all; newer_format.
[[nodiscard]] result<pq_connection> open_shipped(pq_options options, std::string const& log);

// An error of a statement as a sink tells it: what no retry mends is told apart.
[[nodiscard]] error postgres_error(pq_connection const& from, error reason);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/sinks/postgres_schema.ipp>
#endif

#endif  // AIAUDIT_SINKS_POSTGRES_SCHEMA_HPP
