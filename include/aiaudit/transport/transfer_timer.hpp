// SPDX-License-Identifier: MIT
//
// transfer_timer.hpp: when one exchange has to give up, and why.
//
// Threads: one; the stop token may be stopped by any.
// Floor 5.
#ifndef AIAUDIT_TRANSPORT_TRANSFER_TIMER_HPP
#define AIAUDIT_TRANSPORT_TRANSFER_TIMER_HPP

#include <aiaudit/error.hpp>                // error
#include <aiaudit/transport/transport.hpp>  // transfer_limits

#include <algorithm>
#include <chrono>
#include <climits>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class transfer_timer {
public:
    transfer_timer(transfer_limits const& limits, std::stop_token stop)
        : limits_(limits), stop_(std::move(stop)) {}

    void start_connect() { start("connect", limits_.connect); }
    void start_first_byte() { start("first byte", limits_.first_byte); }
    void start_between_bytes() { start("between bytes", limits_.between_bytes); }

    // One of `count` attempts that share what is left of the present limit.
    [[nodiscard]] transfer_timer share(std::size_t count) const {
        transfer_timer part = *this;
        if (auto const end = next_end(); end && count > 1) {
            auto const now = std::chrono::steady_clock::now();
            part.end_ = now + (*end - now) / static_cast<std::ptrdiff_t>(count);
        }
        return part;
    }

    [[nodiscard]] bool stopped() const noexcept { return stop_.stop_requested(); }
    [[nodiscard]] std::stop_token const& stop() const noexcept { return stop_; }

    // Why the exchange ends now; nothing while it may go on.
    [[nodiscard]] std::optional<error> expired() const {
        if (stopped()) return fail(errc::cancelled, phase() + "stopped by the caller");
        if (!limits_.deadline && !end_) return std::nullopt;
        auto const now = std::chrono::steady_clock::now();
        if (limits_.deadline && now >= *limits_.deadline)
            return fail(errc::timed_out, connecting() ? "connect: the deadline has passed"
                                                      : "total: the deadline has passed");
        if (end_ && now >= *end_) {
            return fail(errc::timed_out, std::string{limit_name_} + ": nothing within " +
                                             std::to_string(limit_.count()) + " ms");
        }
        return std::nullopt;
    }

    // For poll(2): rounded up, so that it does not wake before the time; -1 for no limit.
    [[nodiscard]] int poll_ms() const {
        auto const end = next_end();
        if (!end) return -1;
        auto const left =
            std::chrono::ceil<std::chrono::milliseconds>(*end - std::chrono::steady_clock::now());
        return static_cast<int>(std::clamp<long long>(left.count(), 0, INT_MAX));
    }

private:
    [[nodiscard]] bool connecting() const noexcept { return limit_name_ == "connect"; }
    // was_sent() goes by it.
    [[nodiscard]] std::string phase() const { return connecting() ? "connect: " : ""; }

    void start(std::string_view name, std::chrono::milliseconds limit) {
        limit_name_ = name;
        limit_ = limit;
        end_.reset();
        // Past a year a limit is none; the sum would overflow.
        if (limit.count() > 0 && limit < std::chrono::hours{24 * 365})
            end_ = std::chrono::steady_clock::now() + limit;
    }
    [[nodiscard]] std::optional<steady_time> next_end() const {
        if (!end_ || !limits_.deadline) return end_ ? end_ : limits_.deadline;
        return (std::min)(*end_, *limits_.deadline);
    }

    transfer_limits const& limits_;
    std::stop_token stop_;
    std::string_view limit_name_ = "connect";
    std::chrono::milliseconds limit_{0};
    std::optional<steady_time> end_{};
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_TRANSPORT_TRANSFER_TIMER_HPP
