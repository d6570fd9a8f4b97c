// SPDX-License-Identifier: MIT
//
// hedge.hpp: the same attempt a second time, when the first takes long; the first answer wins.
//
// Threads: the first attempt runs in a thread of its own, the second in the caller's.
// Floor 7.
#ifndef AIAUDIT_CLIENT_HEDGE_HPP
#define AIAUDIT_CLIENT_HEDGE_HPP

#include <aiaudit/client/attempt.hpp>  // attempt_end
#include <aiaudit/clock/thread.hpp>    // thread

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// `attempt(stop_token)` gives a result<attempt_end>. The one that loses is stopped at once, and
// both are over when this returns. If the system gives no thread, the only attempt is the caller's.
template <class Attempt>
[[nodiscard]] result<attempt_end> first_of_two(Attempt const& attempt,
                                               std::chrono::milliseconds after,
                                               std::stop_token outer) {
    std::stop_source stop_first;
    std::stop_source stop_second;
    std::stop_callback const both(outer, [&] {
        stop_first.request_stop();
        stop_second.request_stop();
    });
    std::mutex mutex;
    std::condition_variable_any ended;
    std::optional<result<attempt_end>> first;  // under mutex
    auto const succeeded = [](result<attempt_end> const& of) { return of && !of->failure; };
    auto const begun = thread::start("a hedge", [&] {
        auto end = attempt(stop_first.get_token());
        if (succeeded(end)) stop_second.request_stop();
        std::lock_guard const lock(mutex);
        first.emplace(std::move(end));
        ended.notify_all();
    });
    if (!begun) return attempt(stop_first.get_token());
    std::unique_lock lock(mutex);
    if (ended.wait_for(lock, after, [&] { return first.has_value(); })) return std::move(*first);
    lock.unlock();
    auto second = attempt(stop_second.get_token());
    if (succeeded(second)) stop_first.request_stop();
    lock.lock();
    ended.wait(lock, [&] { return first.has_value(); });
    // A second that failed, or was stopped, leaves the first to speak.
    return succeeded(second) && !succeeded(*first) ? std::move(second) : std::move(*first);
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_CLIENT_HEDGE_HPP
