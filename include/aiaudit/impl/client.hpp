// SPDX-License-Identifier: MIT
//
// client.hpp: the definitions behind <aiaudit/aiaudit.hpp> that impl/ledger.hpp has not.
// Floor 11.
#ifndef AIAUDIT_IMPL_CLIENT_HPP
#define AIAUDIT_IMPL_CLIENT_HPP

#include <aiaudit/impl/alerts.tpp>
#include <aiaudit/impl/alerts/alert_makers.ipp>
#include <aiaudit/impl/alerts/alert_sink.ipp>
#include <aiaudit/impl/alerts/mail.ipp>
#include <aiaudit/impl/alerts/signature.ipp>
#include <aiaudit/impl/alerts/usual_days.ipp>
#include <aiaudit/impl/alerts/webhook.ipp>
#include <aiaudit/impl/alerts/webhook.tpp>
#include <aiaudit/impl/audit/audit_directory.ipp>
#include <aiaudit/impl/audit/auditor.ipp>
#include <aiaudit/impl/audit/log_mirror.ipp>
#include <aiaudit/impl/audit/log_source.ipp>
#include <aiaudit/impl/audit/row_audit.ipp>
#include <aiaudit/impl/audit/row_lines.ipp>
#include <aiaudit/impl/audit/witness.ipp>
#include <aiaudit/impl/audit/witness_client.ipp>
#include <aiaudit/impl/cache/cache_directory.ipp>
#include <aiaudit/impl/cache/cache_entry.ipp>
#include <aiaudit/impl/cache/cache_key.ipp>
#include <aiaudit/impl/cache/cache_tables.ipp>
#include <aiaudit/impl/cache/lmdb_cache.ipp>
#include <aiaudit/impl/cache/memory_cache.ipp>
#include <aiaudit/impl/client.tpp>
#include <aiaudit/impl/client/attempt.ipp>
#include <aiaudit/impl/client/call.ipp>
#include <aiaudit/impl/client/provider_ring.ipp>
#include <aiaudit/impl/client/raw_request.ipp>
#include <aiaudit/impl/client/response_follower.ipp>
#include <aiaudit/impl/clock/timer.ipp>
#include <aiaudit/impl/codec/json_canonical.ipp>
#include <aiaudit/impl/core/http.ipp>
#include <aiaudit/impl/core/provider_names.ipp>
#include <aiaudit/impl/engine/correction_lock.ipp>
#include <aiaudit/impl/import.ipp>
#include <aiaudit/impl/late_costs.tpp>
#include <aiaudit/impl/pricing/builtin.ipp>
#include <aiaudit/impl/pricing/decimal_json.ipp>
#include <aiaudit/impl/pricing/genai_prices.ipp>
#include <aiaudit/impl/pricing/litellm.ipp>
#include <aiaudit/impl/pricing/load.ipp>
#include <aiaudit/impl/pricing/model_expression.ipp>
#include <aiaudit/impl/pricing/model_match.ipp>
#include <aiaudit/impl/pricing/price_book.ipp>
#include <aiaudit/impl/pricing/price_bound.ipp>
#include <aiaudit/impl/pricing/price_entry.ipp>
#include <aiaudit/impl/pricing/price_overlay.ipp>
#include <aiaudit/impl/pricing/priced_record.ipp>
#include <aiaudit/impl/pricing/pricing_policy.ipp>
#include <aiaudit/impl/pricing/rate_card.ipp>
#include <aiaudit/impl/providers/answer_reader.ipp>
#include <aiaudit/impl/providers/aws_event_stream.ipp>
#include <aiaudit/impl/providers/deciding_members.ipp>
#include <aiaudit/impl/providers/dialect.ipp>
#include <aiaudit/impl/providers/embeddings.ipp>
#include <aiaudit/impl/providers/exchange.ipp>
#include <aiaudit/impl/providers/facts_collector.ipp>
#include <aiaudit/impl/providers/input_estimator.ipp>
#include <aiaudit/impl/providers/json_fields.ipp>
#include <aiaudit/impl/providers/output_limit.ipp>
#include <aiaudit/impl/providers/picture_tokens.ipp>
#include <aiaudit/impl/providers/provider_table.ipp>
#include <aiaudit/impl/providers/reader.ipp>
#include <aiaudit/impl/providers/recent_prompts.ipp>
#include <aiaudit/impl/providers/request_body.ipp>
#include <aiaudit/impl/providers/request_facts.ipp>
#include <aiaudit/impl/providers/request_parts.ipp>
#include <aiaudit/impl/providers/sse.ipp>
#include <aiaudit/impl/providers/tool_runs.ipp>
#include <aiaudit/impl/providers/unread_counts.ipp>
#include <aiaudit/impl/providers/usage_asked.ipp>
#include <aiaudit/impl/providers/usage_bounds.ipp>
#include <aiaudit/impl/providers/usage_reader.ipp>
#include <aiaudit/impl/providers/usage_rules.ipp>
#include <aiaudit/impl/reprice.tpp>
#include <aiaudit/impl/resilience/circuit_breaker.ipp>
#include <aiaudit/impl/resilience/retry_after.ipp>
#include <aiaudit/impl/rollup/anomaly.ipp>
#include <aiaudit/impl/timezone/tzdb.ipp>
#include <aiaudit/impl/transport/connection.ipp>
#include <aiaudit/impl/transport/connection_pool.ipp>
#include <aiaudit/impl/transport/httplib_transport.ipp>
#include <aiaudit/impl/transport/origin.ipp>
#include <aiaudit/impl/transport/replay_transport.ipp>
#include <aiaudit/impl/transport/response_reader.ipp>
#include <aiaudit/impl/transport/tls.ipp>
#include <aiaudit/impl/transport/transfer_timer.ipp>

#ifdef AIAUDIT_SEPARATE
namespace aiaudit {
inline namespace v0_1_0 {

template class basic_client<default_policies>;
template class basic_alert_watch<ledger>;
template result<late_cost_result> correct_costs(ledger&, std::vector<late_cost> const&,
                                                late_cost_options const&);
template result<repricing> reprice(ledger&, price_book const&, reprice_options const&);

}  // namespace v0_1_0
}  // namespace aiaudit
#endif

#endif  // AIAUDIT_IMPL_CLIENT_HPP
