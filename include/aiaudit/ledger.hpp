// SPDX-License-Identifier: MIT
//
// ledger.hpp: the ledger alone, for a service with few dependencies: the log, budgets, reports as
// text and JSON, verification, checkpoints, proofs, retention.
//
// It needs LMDB and libcrypto (-llmdb -lcrypto -pthread), and of Boost nothing.
// Threads: each header says.
// Floor 9.
#ifndef AIAUDIT_LEDGER_HPP
#define AIAUDIT_LEDGER_HPP

#include <aiaudit/config.hpp>  // first: it names the platforms

#include <aiaudit/basic_ledger.hpp>
#include <aiaudit/budget/budget_text.hpp>
#include <aiaudit/export/budget_report.hpp>
#include <aiaudit/export/record_text.hpp>
#include <aiaudit/export/report_text.hpp>
#include <aiaudit/integrity/add_checkpoint.hpp>
#include <aiaudit/integrity/fork_file.hpp>
#include <aiaudit/integrity/log_policy.hpp>
#include <aiaudit/integrity/proof_file.hpp>
#include <aiaudit/integrity/tile.hpp>
#include <aiaudit/retain.hpp>
#include <aiaudit/storage/memory_store.hpp>
#include <aiaudit/verify.hpp>
#include <aiaudit/version.hpp>

#endif  // AIAUDIT_LEDGER_HPP
