// SPDX-License-Identifier: MIT
//
// memory_guard.hpp: memory that the system does not give, as an error.
//
// Threads: a function without state.
// Floor 5.
#ifndef AIAUDIT_STORAGE_MEMORY_GUARD_HPP
#define AIAUDIT_STORAGE_MEMORY_GUARD_HPP

#include <aiaudit/error.hpp>  // result

#include <new>
#include <string>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// What body() -> result<T> returns; storage_failed, where it throws bad_alloc. Without exceptions a
// program ends where new fails, whatever this does.
template <class Body>
[[nodiscard]] auto call_with_memory(char const* purpose, Body&& body) -> decltype(body()) {
#if defined(__cpp_exceptions)
    try {
        return body();
    } catch (std::bad_alloc const&) {
        return fail(errc::storage_failed,
                    std::string(purpose) + ": no memory (raise RLIMIT_AS, or memory.max)");
    }
#else
    static_cast<void>(purpose);
    return body();
#endif
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_STORAGE_MEMORY_GUARD_HPP
