// SPDX-License-Identifier: MIT
//
// The definitions behind <aiaudit/aiaudit.hpp>, for those who compile with AIAUDIT_SEPARATE.
#include <aiaudit/impl/client.hpp>
