// SPDX-License-Identifier: MIT
//
// memory_guard.hpp: memory that the system does not give, as an error.
//
// Threads: a function without state.
// Floor 5.
#ifndef AIAUDIT_STORAGE_MEMORY_GUARD_HPP
#define AIAUDIT_STORAGE_MEMORY_GUARD_HPP

#include <aiaudit/error.hpp>  // result

#include <chrono>
#include <new>
#include <string>
#include <thread>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// What body() returns, as soon as it does not throw bad_alloc: for threads of the library, whom
// nobody hears. To be begun anew must do no harm.
template <class Body>
auto insist_on_memory(Body&& body) -> decltype(body()) {
#if defined(__cpp_exceptions)
    for (;; std::this_thread::sleep_for(std::chrono::milliseconds(10))) {
        try {
            return body();
        } catch (std::bad_alloc const&) {
            continue;
        }
    }
#else
    return body();
#endif
}

// body(), or some of it where it throws bad_alloc: what may be left undone.
template <class Body>
void try_with_memory(Body&& body) {
#if defined(__cpp_exceptions)
    try {
        body();
    } catch (std::bad_alloc const&) {
        return;
    }
#else
    body();
#endif
}

// What body() -> result<T> returns; storage_failed, where it throws bad_alloc, as soon as there is
// memory for the words. Without exceptions a program ends where new fails, whatever this does.
template <class Body>
[[nodiscard]] auto call_with_memory(char const* purpose, Body&& body) -> decltype(body()) {
#if defined(__cpp_exceptions)
    try {
        return body();
    } catch (std::bad_alloc const&) {
        return insist_on_memory([purpose]() -> decltype(body()) {
            return fail(errc::storage_failed,
                        std::string(purpose) + ": no memory (raise RLIMIT_AS, or memory.max)");
        });
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
