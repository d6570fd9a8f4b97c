// SPDX-License-Identifier: MIT
//
// impl.hpp: the definitions behind <aiaudit/aiaudit.hpp>, for the one source that compiles them.
//
// Define AIAUDIT_SEPARATE in every source of the program; then headers only declare, and one source
// includes this one. For parts: impl/ledger.hpp, impl/client.hpp, and for the opt-in headers
// impl/gateway.hpp, impl/smtp.hpp. Without AIAUDIT_SEPARATE it adds nothing.
// Floor 11.
#ifndef AIAUDIT_IMPL_HPP
#define AIAUDIT_IMPL_HPP

#include <aiaudit/impl/client.hpp>
#include <aiaudit/impl/ledger.hpp>

#endif  // AIAUDIT_IMPL_HPP
