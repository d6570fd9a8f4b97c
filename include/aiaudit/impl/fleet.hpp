// SPDX-License-Identifier: MIT
//
// fleet.hpp: the definitions behind <aiaudit/fleet/>, but for those that need libpq.
// Floor 11.
#ifndef AIAUDIT_IMPL_FLEET_HPP
#define AIAUDIT_IMPL_FLEET_HPP

#include <aiaudit/impl/fleet/ceiling_rows.ipp>
#include <aiaudit/impl/fleet/ceiling_text.ipp>
#include <aiaudit/impl/fleet/node_plan.ipp>

#endif  // AIAUDIT_IMPL_FLEET_HPP
