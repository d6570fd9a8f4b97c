// SPDX-License-Identifier: MIT
//
// The one source that compiles a single header where all others only read its declarations.
#define AIAUDIT_SEPARATE
#define AIAUDIT_IMPLEMENTATION
#include <aiaudit/gateway.hpp>

#include <aiaudit/aiaudit.hpp>
