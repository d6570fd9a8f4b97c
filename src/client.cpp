// SPDX-License-Identifier: MIT
//
// The definitions of <aiaudit/aiaudit.hpp>, for those who compile with AIAUDIT_SEPARATE.
#include <aiaudit/impl/client.hpp>
