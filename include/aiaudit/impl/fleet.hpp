// SPDX-License-Identifier: MIT
//
// fleet.hpp: the definitions behind <aiaudit/fleet/>, but for those that need libpq.
// Floor 11.
#ifndef AIAUDIT_IMPL_FLEET_HPP
#define AIAUDIT_IMPL_FLEET_HPP

#include <aiaudit/impl/fleet/ceiling_rows.ipp>
#include <aiaudit/impl/fleet/ceiling_text.ipp>
#include <aiaudit/impl/fleet/etcd_ceilings.ipp>
#include <aiaudit/impl/fleet/fleet_agent.ipp>
#include <aiaudit/impl/fleet/fleet_agent.tpp>
#include <aiaudit/impl/fleet/node_plan.ipp>

#ifdef AIAUDIT_SEPARATE
namespace aiaudit {
inline namespace v0_1_0 {

template class basic_fleet_agent<ledger>;

}  // namespace v0_1_0
}  // namespace aiaudit
#endif

#endif  // AIAUDIT_IMPL_FLEET_HPP
