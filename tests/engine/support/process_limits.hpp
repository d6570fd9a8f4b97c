// SPDX-License-Identifier: MIT
//
// process_limits.hpp: what a child process may have: threads, address space, time.
#ifndef AIAUDIT_TESTS_ENGINE_SUPPORT_PROCESS_LIMITS_HPP
#define AIAUDIT_TESTS_ENGINE_SUPPORT_PROCESS_LIMITS_HPP

#include <aiaudit/error.hpp>

#include "engine/support/child_process.hpp"

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

namespace aiaudit_tests {

inline constexpr std::uint64_t mib = std::uint64_t{1} << 20;

[[nodiscard]] inline std::uint64_t address_space_in_use() {
    std::uint64_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

// For the process, from now on.
inline void limit_address_space(std::uint64_t further_bytes) {
    rlimit limit{};
    ::getrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = address_space_in_use() + further_bytes;
    ::setrlimit(RLIMIT_AS, &limit);
}
inline void lift_address_space_limit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_AS, &limit);
}

// Only descriptors below that number can be had.
inline void limit_descriptors(rlim_t number) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = number;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}
inline void lift_descriptor_limit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

// The same where the allocator has nothing left of what was freed, that would serve for a while
// without the system.
inline void limit_memory(std::uint64_t further_bytes) {
    limit_address_space(0);
    for (std::size_t bytes = mib; bytes >= 16; bytes /= 2) {
        while (std::malloc(bytes) != nullptr) {
        }
    }
    rlimit limit{};
    ::getrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur += further_bytes;
    ::setrlimit(RLIMIT_AS, &limit);
}

// The process can begin so many threads more.
inline void limit_threads(unsigned count) {
    constexpr std::size_t stack = 512 * mib;
    pthread_attr_t large;
    ::pthread_attr_init(&large);
    ::pthread_attr_setstacksize(&large, stack);
    ::pthread_setattr_default_np(&large);
    ::pthread_attr_destroy(&large);
    limit_address_space(count * stack + stack / 2);
}

// False under the address sanitizer of g++ 12: a fork copies the locks of its allocator as other
// threads hold them, and the child waits for them for ever. The allocator of glibc is made for it.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool can_fork_beside_threads = false;
#else
inline constexpr bool can_fork_beside_threads = true;
#endif

// The exit status of a child that is ended by SIGALRM if it hangs.
template <class Body>
[[nodiscard]] int run_in_hasty_child(Body body) {
    return run_in_child([&] {
        // Boost.Test's would go on with the next case.
        for (int const each : {SIGALRM, SIGABRT, SIGSEGV, SIGBUS}) std::signal(each, SIG_DFL);
        ::alarm(10);
        return body();
    });
}

template <class Result>
[[nodiscard]] bool is_closed(Result const& answer) {
    return !answer && answer.error().code == aiaudit::errc::closed;
}

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_ENGINE_SUPPORT_PROCESS_LIMITS_HPP
