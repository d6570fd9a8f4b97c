// SPDX-License-Identifier: MIT
//
// ledger.hpp: the definitions behind <aiaudit/ledger.hpp>, for the one source that compiles them.
// Floor 11.
#ifndef AIAUDIT_IMPL_LEDGER_HPP
#define AIAUDIT_IMPL_LEDGER_HPP

#include <aiaudit/impl/basic_ledger.tpp>
#include <aiaudit/impl/budget/budget_accounts.ipp>
#include <aiaudit/impl/budget/budget_record.ipp>
#include <aiaudit/impl/budget/budget_text.ipp>
#include <aiaudit/impl/budget/budget_windows.ipp>
#include <aiaudit/impl/budget/gate.ipp>
#include <aiaudit/impl/budget/gate_snapshot.ipp>
#include <aiaudit/impl/budget/gate_state.ipp>
#include <aiaudit/impl/budget/gate_views.ipp>
#include <aiaudit/impl/budget/kept_budget.ipp>
#include <aiaudit/impl/budget/open_attempts.ipp>
#include <aiaudit/impl/budget/unknown_outcome.ipp>
#include <aiaudit/impl/clock/thread.ipp>
#include <aiaudit/impl/codec/block.ipp>
#include <aiaudit/impl/codec/name_dictionary.ipp>
#include <aiaudit/impl/codec/record_codec.ipp>
#include <aiaudit/impl/core/alert.ipp>
#include <aiaudit/impl/core/calendar.ipp>
#include <aiaudit/impl/core/digest.ipp>
#include <aiaudit/impl/core/ids.ipp>
#include <aiaudit/impl/core/money.ipp>
#include <aiaudit/impl/core/timestamp.ipp>
#include <aiaudit/impl/detail/bytes.ipp>
#include <aiaudit/impl/detail/hash_index.ipp>
#include <aiaudit/impl/detail/json_string.ipp>
#include <aiaudit/impl/detail/metric_text.ipp>
#include <aiaudit/impl/detail/sha256.ipp>
#include <aiaudit/impl/detail/utf8.ipp>
#include <aiaudit/impl/engine/admission_lock.ipp>
#include <aiaudit/impl/engine/alert_book.ipp>
#include <aiaudit/impl/engine/batch_queue.ipp>
#include <aiaudit/impl/engine/fold_stand.ipp>
#include <aiaudit/impl/engine/gate_check.ipp>
#include <aiaudit/impl/engine/log_keys.ipp>
#include <aiaudit/impl/engine/part_check.ipp>
#include <aiaudit/impl/engine/part_places.ipp>
#include <aiaudit/impl/engine/part_table.ipp>
#include <aiaudit/impl/engine/retention_record.ipp>
#include <aiaudit/impl/engine/saved_gate.ipp>
#include <aiaudit/impl/engine/ship_status.ipp>
#include <aiaudit/impl/engine/sink_mark.ipp>
#include <aiaudit/impl/engine/spill_file.ipp>
#include <aiaudit/impl/error.ipp>
#include <aiaudit/impl/export/budget_report.ipp>
#include <aiaudit/impl/export/cell_text.ipp>
#include <aiaudit/impl/export/record_text.ipp>
#include <aiaudit/impl/export/report_text.ipp>
#include <aiaudit/impl/integrity/add_checkpoint.ipp>
#include <aiaudit/impl/integrity/checkpoint.ipp>
#include <aiaudit/impl/integrity/cosignature.ipp>
#include <aiaudit/impl/integrity/ed25519.ipp>
#include <aiaudit/impl/integrity/fork_file.ipp>
#include <aiaudit/impl/integrity/log_policy.ipp>
#include <aiaudit/impl/integrity/merkle.ipp>
#include <aiaudit/impl/integrity/note.ipp>
#include <aiaudit/impl/integrity/proof.ipp>
#include <aiaudit/impl/integrity/proof_file.ipp>
#include <aiaudit/impl/integrity/run_secret.ipp>
#include <aiaudit/impl/integrity/text_form.ipp>
#include <aiaudit/impl/integrity/tile.ipp>
#include <aiaudit/impl/retain.tpp>
#include <aiaudit/impl/rollup/cell_log.ipp>
#include <aiaudit/impl/rollup/day_part.ipp>
#include <aiaudit/impl/rollup/day_part_cell.ipp>
#include <aiaudit/impl/rollup/day_part_writer.ipp>
#include <aiaudit/impl/rollup/day_table.ipp>
#include <aiaudit/impl/rollup/group_ranking.ipp>
#include <aiaudit/impl/rollup/group_reader.ipp>
#include <aiaudit/impl/rollup/model_limit.ipp>
#include <aiaudit/impl/rollup/packed_totals.ipp>
#include <aiaudit/impl/rollup/part_fingerprint.ipp>
#include <aiaudit/impl/rollup/query.ipp>
#include <aiaudit/impl/rollup/ranked_report.ipp>
#include <aiaudit/impl/rollup/report.ipp>
#include <aiaudit/impl/rollup/resident_sums.ipp>
#include <aiaudit/impl/rollup/rollup.ipp>
#include <aiaudit/impl/rollup/series.ipp>
#include <aiaudit/impl/rollup/totals.ipp>
#include <aiaudit/impl/rollup/user_days.ipp>
#include <aiaudit/impl/rollup/user_sums.ipp>
#include <aiaudit/impl/storage/file_watch.ipp>
#include <aiaudit/impl/storage/ledger_directory.ipp>
#include <aiaudit/impl/storage/lmdb_environment.ipp>
#include <aiaudit/impl/storage/lmdb_handle.ipp>
#include <aiaudit/impl/storage/lmdb_layout.ipp>
#include <aiaudit/impl/storage/lmdb_pages.ipp>
#include <aiaudit/impl/storage/lmdb_registry.ipp>
#include <aiaudit/impl/storage/lmdb_segments.ipp>
#include <aiaudit/impl/storage/lmdb_tree.ipp>
#include <aiaudit/impl/storage/lmdb_views.ipp>
#include <aiaudit/impl/storage/memory_store.ipp>
#include <aiaudit/impl/storage/posix_file.ipp>
#include <aiaudit/impl/storage/process_lock.ipp>
#include <aiaudit/impl/storage/store.ipp>
#include <aiaudit/impl/storage/write_lock.ipp>
#include <aiaudit/impl/verify.ipp>
#include <aiaudit/impl/verify.tpp>

#ifdef AIAUDIT_SEPARATE
namespace aiaudit {
inline namespace v0_1_0 {

template class basic_ledger<default_policies>;
template result<void> budget_gate::apply(sequence, record const&);
template result<void> budget_gate::apply(sequence, record_view const&);
template budget_gate::verdict budget_gate::reserve(record const&);
template budget_gate::verdict budget_gate::reserve(record_view const&);
template result<verification> verify(ledger&, verification_request const&);
template result<checkpoint> checkpoint_of(ledger const&, std::string);
template result<std::vector<dropped_segment>> retain(ledger&, retention_policy const&);
template result<std::optional<retention_hold>> hold_of_sinks(ledger const&);

}  // namespace v0_1_0
}  // namespace aiaudit
#endif

#endif  // AIAUDIT_IMPL_LEDGER_HPP
