// SPDX-License-Identifier: MIT
//
// config.hpp: the one macro, and the integer that money needs.
//
// No macro here changes a layout or a signature, so translation units may differ in them.
// Floor 0.
#ifndef AIAUDIT_CONFIG_HPP
#define AIAUDIT_CONFIG_HPP

#include <cassert>

// A broken precondition of ours. Define it before the first include to route it elsewhere.
#ifndef AIAUDIT_ASSERT
#define AIAUDIT_ASSERT(condition) assert(condition)
#endif

// Throws. Without exceptions (-fno-exceptions) it ends the process: AIAUDIT_ASSERT, then a trap.
#if defined(__cpp_exceptions)
#define AIAUDIT_THROW(...) throw __VA_ARGS__
#else
#define AIAUDIT_THROW(...)                      \
    do {                                        \
        AIAUDIT_ASSERT(!"throw " #__VA_ARGS__); \
        __builtin_trap();                       \
    } while (false)
#endif

// A function for failures: out of line, and out of the way of the others.
#define AIAUDIT_COLD __attribute__((cold, noinline))

namespace aiaudit {
inline namespace v0_1_0 {

__extension__ typedef __int128 int128;  // NOLINT(modernize-use-using): __extension__ needs it
__extension__ typedef unsigned __int128 uint128;  // NOLINT(modernize-use-using)

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_CONFIG_HPP
