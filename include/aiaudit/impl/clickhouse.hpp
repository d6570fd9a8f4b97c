// SPDX-License-Identifier: MIT
//
// clickhouse.hpp: the definitions behind <aiaudit/sinks/clickhouse_sink.hpp>, for the one source
// that compiles them. They need those of sinks.hpp.
// Floor 11.
#ifndef AIAUDIT_IMPL_CLICKHOUSE_HPP
#define AIAUDIT_IMPL_CLICKHOUSE_HPP

#include <aiaudit/impl/sinks/clickhouse_client.ipp>
#include <aiaudit/impl/sinks/clickhouse_held_rows.ipp>
#include <aiaudit/impl/sinks/clickhouse_rows.ipp>
#include <aiaudit/impl/sinks/clickhouse_sink.ipp>

#endif  // AIAUDIT_IMPL_CLICKHOUSE_HPP
