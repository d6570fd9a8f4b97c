// SPDX-License-Identifier: MIT
//
// readiness.hpp: whether calls would pass: looked at when somebody asks, at most once a second, and
// told as it was found last. A look that takes too long is an answer too.
//
// Threads: any.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_READINESS_HPP
#define AIAUDIT_GATEWAY_READINESS_HPP

#include <aiaudit/core/timestamp.hpp>  // steady_time
#include <aiaudit/error.hpp>           // result

#include <chrono>
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
    // Nothing while somebody looks. timed_out: he has looked for too long.
    [[nodiscard]] std::optional<result<void>> known(steady_time now) const {
        std::lock_guard const lock(mutex_);
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
    bool looks_ = false;
    steady_time begun_{};
    std::optional<result<void>> found_{};
    steady_time found_at_{};
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_GATEWAY_READINESS_HPP
