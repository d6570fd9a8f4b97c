// SPDX-License-Identifier: MIT
//
// readiness.hpp: whether calls would pass: looked at when somebody asks, at most once a second, and
// told as it was found last. A look that takes too long is an answer too, and so are calls that
// wait for the log while it does not answer any.
//
// Threads: any.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_READINESS_HPP
#define AIAUDIT_GATEWAY_READINESS_HPP

#include <aiaudit/core/timestamp.hpp>  // steady_time
#include <aiaudit/error.hpp>           // result

#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class readiness {
public:
    static constexpr std::chrono::milliseconds known_for{1'000};
    static constexpr std::chrono::milliseconds look_most{2'000};

    // A call begins to wait for the log; has waited.
    void begin_wait(steady_time now) {
        std::lock_guard const lock(mutex_);
        if (waits_++ == 0) answered_at_ = now;
    }
    void end_wait(steady_time now) {
        std::lock_guard const lock(mutex_);
        --waits_;
        answered_at_ = now;
    }

    // True: who asks has to look now, and to note() what he finds.
    [[nodiscard]] bool begin_look(steady_time now) {
        std::lock_guard const lock(mutex_);
        if (looks_ || is_known(now)) return false;
        looks_ = true;
        begun_ = now;
        return true;
    }
    void note(result<void> found, steady_time now) {
        std::lock_guard const lock(mutex_);
        looks_ = false;
        found_ = std::move(found);
        found_at_ = now;
    }
    // Something is known to have changed: the next who asks has to look.
    void forget() {
        std::lock_guard const lock(mutex_);
        found_.reset();
    }
    // Nothing while somebody looks. timed_out: he has looked for too long, or calls wait.
    [[nodiscard]] std::optional<result<void>> known(steady_time now) const {
        std::lock_guard const lock(mutex_);
        if (waits_ != 0 && now - answered_at_ >= look_most)
            return fail(errc::timed_out, "the ledger does not answer the calls that wait for it");
        if (!looks_ && is_known(now)) return found_;
        if (looks_ && now - begun_ >= look_most)
            return fail(errc::timed_out, "the ledger does not answer");
        return std::nullopt;
    }

private:
    [[nodiscard]] bool is_known(steady_time now) const noexcept {
        return found_ && now - found_at_ < known_for;
    }

    mutable std::mutex mutex_{};
    // Under mutex_.
    std::size_t waits_ = 0;      // calls that wait for the log
    steady_time answered_at_{};  // when one of them ended, or the first of them began
    bool looks_ = false;
    steady_time begun_{};
    std::optional<result<void>> found_{};
    steady_time found_at_{};
};

// A call that waits for the log, as long as this lives.
template <class Timer>
class log_wait {
public:
    // Both outlive it.
    log_wait(readiness& of, Timer& by) : of_(of), by_(by) { of_.begin_wait(by_.now()); }
    log_wait(log_wait const&) = delete;
    log_wait& operator=(log_wait const&) = delete;
    ~log_wait() { of_.end_wait(by_.now()); }

private:
    readiness& of_;
    Timer& by_;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_GATEWAY_READINESS_HPP
