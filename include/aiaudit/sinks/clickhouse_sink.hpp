// SPDX-License-Identifier: MIT
//
// clickhouse_sink.hpp: records to ClickHouse by its HTTP interface, as RowBinary. Opt-in:
// aiaudit.hpp does not include it. It needs what the client's transport needs, and no driver.
//
// ClickHouse has no transaction over two tables, so the rows go first, then the cursor. A row is
// the same bytes whenever it is sent, and ReplacingMergeTree keeps one of each (origin, day, seq):
// read FINAL, nothing counts twice, however often a batch was sent, and by how many shippers.
// open() counts what lies before the cursor. Where rows are missing (a power cut can lose a part
// that the server had confirmed), it hands out a cursor from before the hole, and the shipper fills
// it. write() looks first whether the server was started anew since, so that this is done then too.
// Servers: 18.16 to today's; `insert_deduplication_token` where there is one, and nothing depends
// on it.
// Threads: one at a time. Processes: any number may ship one log.
// Floor 9.
#ifndef AIAUDIT_SINKS_CLICKHOUSE_SINK_HPP
#define AIAUDIT_SINKS_CLICKHOUSE_SINK_HPP

#include <aiaudit/error.hpp>              // result
#include <aiaudit/sinks/record_sink.hpp>  // record_sink

#include <memory>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

// clickhouse://[USER[:PASSWORD]@]HOST[:PORT][/DATABASE][?ca_file=PATH], or clickhouses:// for TLS;
// the ports are 8123 and 8443, the database is `default`. What is special in a URL is written %XX.
// Its open() makes the database and its tables where they are missing, and adds columns that an
// older version did not know. Errors: bad_argument, which shows no part of the address.
[[nodiscard]] result<std::unique_ptr<record_sink>> clickhouse_sink(std::string_view address);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/sinks/clickhouse_sink.ipp>
#endif

#endif  // AIAUDIT_SINKS_CLICKHOUSE_SINK_HPP
