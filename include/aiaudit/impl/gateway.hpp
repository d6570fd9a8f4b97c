// SPDX-License-Identifier: MIT
//
// gateway.hpp: the definitions behind <aiaudit/gateway.hpp> that impl.hpp has not.
// Floor 11.
#ifndef AIAUDIT_IMPL_GATEWAY_HPP
#define AIAUDIT_IMPL_GATEWAY_HPP

#include <aiaudit/impl/gateway.ipp>
#include <aiaudit/impl/gateway.tpp>
#include <aiaudit/impl/gateway/answer_index.ipp>
#include <aiaudit/impl/gateway/asio_result.ipp>
#include <aiaudit/impl/gateway/audit_site.ipp>
#include <aiaudit/impl/gateway/caller.ipp>
#include <aiaudit/impl/gateway/client_connection.ipp>
#include <aiaudit/impl/gateway/cost_headers.ipp>
#include <aiaudit/impl/gateway/dashboard.tpp>
#include <aiaudit/impl/gateway/dashboard_api.ipp>
#include <aiaudit/impl/gateway/dashboard_query.ipp>
#include <aiaudit/impl/gateway/dashboard_records.ipp>
#include <aiaudit/impl/gateway/dashboard_session.ipp>
#include <aiaudit/impl/gateway/dashboard_shipping.ipp>
#include <aiaudit/impl/gateway/ended_calls.ipp>
#include <aiaudit/impl/gateway/error_body.ipp>
#include <aiaudit/impl/gateway/gateway_key.ipp>
#include <aiaudit/impl/gateway/gateway_metrics.ipp>
#include <aiaudit/impl/gateway/key_file.ipp>
#include <aiaudit/impl/gateway/key_log.ipp>
#include <aiaudit/impl/gateway/key_ring.ipp>
#include <aiaudit/impl/gateway/key_uses.ipp>
#include <aiaudit/impl/gateway/model_list.ipp>
#include <aiaudit/impl/gateway/model_pattern.ipp>
#include <aiaudit/impl/gateway/named_models.ipp>
#include <aiaudit/impl/gateway/openapi.ipp>
#include <aiaudit/impl/gateway/openapi_schemas.ipp>
#include <aiaudit/impl/gateway/own_answers.ipp>
#include <aiaudit/impl/gateway/router.ipp>
#include <aiaudit/impl/gateway/server.ipp>
#include <aiaudit/impl/gateway/site_server.ipp>
#include <aiaudit/impl/gateway/stored_object.ipp>
#include <aiaudit/impl/gateway/tlog_publisher.ipp>
#include <aiaudit/impl/gateway/tlog_site.ipp>
#include <aiaudit/impl/gateway/upstream_connection.ipp>
#include <aiaudit/impl/gateway/upstream_pool.ipp>
#include <aiaudit/impl/gateway/usage_chunk_filter.ipp>
#include <aiaudit/impl/gateway/waiting_threads.ipp>

#ifdef AIAUDIT_SEPARATE
namespace aiaudit {
inline namespace v0_1_0 {

template class basic_dashboard<ledger>;
template class basic_gateway<default_policies>;
template result<gateway_site> dashboard_site(ledger&, dashboard_options);

}  // namespace v0_1_0
}  // namespace aiaudit
#endif

#endif  // AIAUDIT_IMPL_GATEWAY_HPP
