// SPDX-License-Identifier: MIT
//
// aiaudit.hpp: everything but the opt-in headers.
//
// Where a new thing belongs (docs/architecture.md has all floors): a provider, providers/ (a row in
// dialect.hpp to read it, one in provider_table.hpp to call it); a price rule or price file,
// pricing/; a kind of budget, budget/; a report, rollup/; a storage engine, storage/; a text
// format, export/; a way for alerts to go, alerts/; a sink for records, a room sinks/ beside
// export/ on floor 8, over ledger.hpp.
// Threads: see each header.
// Floor 10.
#ifndef AIAUDIT_AIAUDIT_HPP
#define AIAUDIT_AIAUDIT_HPP

#include <aiaudit/config.hpp>  // first: it names the platforms

#include <aiaudit/alerts.hpp>
#include <aiaudit/alerts/webhook.hpp>
#include <aiaudit/audit/auditor.hpp>
#include <aiaudit/audit/row_lines.hpp>
#include <aiaudit/audit/witness.hpp>
#include <aiaudit/audit/witness_client.hpp>
#include <aiaudit/budget/gate.hpp>
#include <aiaudit/cache/memory_cache.hpp>
#include <aiaudit/client.hpp>
#include <aiaudit/import.hpp>
#include <aiaudit/late_costs.hpp>
#include <aiaudit/ledger.hpp>
#include <aiaudit/pricing/builtin.hpp>
#include <aiaudit/pricing/load.hpp>
#include <aiaudit/pricing/price_overlay.hpp>
#include <aiaudit/pricing/pricing_policy.hpp>
#include <aiaudit/reprice.hpp>
#include <aiaudit/timezone/tzdb.hpp>
#include <aiaudit/transport/replay_transport.hpp>

#endif  // AIAUDIT_AIAUDIT_HPP
