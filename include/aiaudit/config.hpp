// SPDX-License-Identifier: MIT
//
// config.hpp: where this library compiles, its macros, and the integer that money needs.
//
// No macro here changes a layout or a signature, so translation units may differ in them.
// Floor 0.
#ifndef AIAUDIT_CONFIG_HPP
#define AIAUDIT_CONFIG_HPP

// Before all other headers, so that this is the first that a compiler says.
#if !defined(__linux__)
#error "aiaudit needs Linux: fdatasync, statfs, locks of open files, handlers at fork"
#elif !defined(__SIZEOF_INT128__) || __SIZEOF_POINTER__ != 8
#error "aiaudit needs a 64-bit target: money has 128 bits, and a log is mapped as a whole"
#elif __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "aiaudit needs a little-endian target: so are a log's bytes, and its LMDB pages"
#endif

#include <cassert>

// A broken precondition of ours. Define it before the first include to route it elsewhere.
#ifndef AIAUDIT_ASSERT
#define AIAUDIT_ASSERT(condition) assert(condition)
#endif

// Throws. Without exceptions (-fno-exceptions) it ends the process: AIAUDIT_ASSERT, then a trap.
#if defined(__cpp_exceptions)
#define AIAUDIT_THROW(...) throw __VA_ARGS__
#else
#define AIAUDIT_THROW(...)                                      \
    do {                                                        \
        static_cast<void>(sizeof(__VA_ARGS__));                 \
        [[maybe_unused]] constexpr bool has_exceptions = false; \
        AIAUDIT_ASSERT(has_exceptions);                         \
        __builtin_trap();                                       \
    } while (false)
#endif

// A function for failures: out of line, and out of the way of the others.
#define AIAUDIT_COLD __attribute__((cold, noinline))

// Inlines all that the function calls: for the few that run in nanoseconds, since a compiler gives
// up on inlining in a large source.
#ifdef AIAUDIT_SEPARATE
#define AIAUDIT_HOT __attribute__((flatten))
#else
#define AIAUDIT_HOT
#endif

// Functions that are no templates: inline by default. With AIAUDIT_SEPARATE the headers only
// declare them, and one source, which includes <aiaudit/impl.hpp>, compiles them.
#ifdef AIAUDIT_SEPARATE
#define AIAUDIT_INLINE
#else
#define AIAUDIT_INLINE inline
#endif

namespace aiaudit {
inline namespace v0_1_0 {

__extension__ typedef __int128 int128;  // NOLINT(modernize-use-using): __extension__ needs it
__extension__ typedef unsigned __int128 uint128;  // NOLINT(modernize-use-using)

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_CONFIG_HPP
