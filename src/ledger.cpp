// SPDX-License-Identifier: MIT
//
// The definitions of <aiaudit/ledger.hpp>, for those who compile with AIAUDIT_SEPARATE.
#include <aiaudit/impl/ledger.hpp>
