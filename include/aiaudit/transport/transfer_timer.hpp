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
    [[nodiscard]] transfer_timer share(std::size_t count) const;

    [[nodiscard]] bool stopped() const noexcept { return stop_.stop_requested(); }
    [[nodiscard]] std::stop_token const& stop() const noexcept { return stop_; }

    // Why the exchange ends now; nothing while it may go on. Its transport says whether anything
    // was sent.
    [[nodiscard]] std::optional<error> expired() const;

    // For poll(2): rounded up, so that it does not wake before the time; -1 for no limit.
    [[nodiscard]] int poll_ms() const;

private:
    [[nodiscard]] bool connecting() const noexcept { return limit_name_ == "connect"; }
    void start(std::string_view name, std::chrono::milliseconds limit);
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

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/transport/transfer_timer.ipp>
#endif

#endif  // AIAUDIT_TRANSPORT_TRANSFER_TIMER_HPP
