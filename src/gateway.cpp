// SPDX-License-Identifier: MIT
//
// The definitions of <aiaudit/gateway.hpp>, for those who compile with AIAUDIT_SEPARATE.
#include <aiaudit/impl/gateway.hpp>
