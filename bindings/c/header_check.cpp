// SPDX-License-Identifier: MIT
//
// aiaudit.h as C++ reads it: twice in a row, and with its functions linked as C.
#include <aiaudit.h>

#include <type_traits>

static_assert(std::is_same_v<decltype(aiaudit_record), int(aiaudit_ledger*, char const*, char**)>);
static_assert(AIAUDIT_OK == 0);
