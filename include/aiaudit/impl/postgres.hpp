// SPDX-License-Identifier: MIT
//
// postgres.hpp: the definitions behind <aiaudit/transport/pq_connection.hpp> and what stands on it,
// which need libpq.
// Floor 11.
#ifndef AIAUDIT_IMPL_POSTGRES_HPP
#define AIAUDIT_IMPL_POSTGRES_HPP

#include <aiaudit/impl/fleet/postgres_ceilings.ipp>
#include <aiaudit/impl/sinks/postgres_collection.ipp>
#include <aiaudit/impl/sinks/postgres_held_rows.ipp>
#include <aiaudit/impl/sinks/postgres_rows.ipp>
#include <aiaudit/impl/sinks/postgres_schema.ipp>
#include <aiaudit/impl/sinks/postgres_sink.ipp>
#include <aiaudit/impl/transport/pq_connection.ipp>

#endif  // AIAUDIT_IMPL_POSTGRES_HPP
