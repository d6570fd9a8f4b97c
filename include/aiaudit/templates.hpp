// SPDX-License-Identifier: MIT
//
// templates.hpp: the members of basic_ledger, basic_client and their kin, for policies of one's own
// where AIAUDIT_SEPARATE is defined: only the default policies are compiled once.
//
// For a gateway with policies of its own: impl/gateway.tpp.
// Floor 11.
#ifndef AIAUDIT_TEMPLATES_HPP
#define AIAUDIT_TEMPLATES_HPP

#include <aiaudit/impl/alerts.tpp>
#include <aiaudit/impl/alerts/webhook.tpp>
#include <aiaudit/impl/basic_ledger.tpp>
#include <aiaudit/impl/client.tpp>
#include <aiaudit/impl/late_costs.tpp>
#include <aiaudit/impl/reprice.tpp>
#include <aiaudit/impl/retain.tpp>
#include <aiaudit/impl/verify.tpp>

#endif  // AIAUDIT_TEMPLATES_HPP
