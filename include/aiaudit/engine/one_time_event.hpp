// SPDX-License-Identifier: MIT
//
// one_time_event.hpp: a number that leaves zero once, and threads that sleep until it does.
//
// std::atomic::wait yields the processor several times before it sleeps: with many threads that all
// wait for one commit that costs as much as the commit. Here they sleep at once (futex); where
// there are no futexes, std::atomic::wait has to do.
// Threads: any.
// Floor 6.
#ifndef AIAUDIT_ENGINE_ONE_TIME_EVENT_HPP
#define AIAUDIT_ENGINE_ONE_TIME_EVENT_HPP

#include <atomic>
#include <climits>
#include <cstdint>

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class one_time_event {
public:
    // 0: not yet.
    [[nodiscard]] std::uint32_t get() const noexcept {
        return value_.load(std::memory_order_acquire);
    }
    // Precondition: value is not 0, and nobody has set one.
    void set(std::uint32_t value) noexcept {
        value_.store(value, std::memory_order_release);
#if defined(__linux__)
        futex(FUTEX_WAKE_PRIVATE, INT_MAX);
#else
        value_.notify_all();
#endif
    }
    void wait() const noexcept {
#if defined(__linux__)
        while (get() == 0) futex(FUTEX_WAIT_PRIVATE, 0);
#else
        value_.wait(0, std::memory_order_acquire);
#endif
    }

private:
#if defined(__linux__)
    void futex(int what, int value) const noexcept {
        static_assert(sizeof(value_) == sizeof(std::uint32_t));
        ::syscall(SYS_futex, &value_, what, value, nullptr, nullptr, 0);
    }
#endif
    std::atomic<std::uint32_t> value_{0};
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_ENGINE_ONE_TIME_EVENT_HPP
