// SPDX-License-Identifier: MIT
//
// transfer_timer.ipp: the definitions of transfer_timer.hpp.
#ifndef AIAUDIT_IMPL_TRANSPORT_TRANSFER_TIMER_IPP
#define AIAUDIT_IMPL_TRANSPORT_TRANSFER_TIMER_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/transport/transfer_timer.hpp>

#include <climits>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE transfer_timer transfer_timer::share(std::size_t count) const {
    transfer_timer part = *this;
    if (auto const end = next_end(); end && count > 1) {
        auto const now = std::chrono::steady_clock::now();
        part.end_ = now + (*end - now) / static_cast<std::ptrdiff_t>(count);
    }
    return part;
}

AIAUDIT_INLINE std::optional<error> transfer_timer::expired() const {
    if (stopped()) {
        return fail(errc::cancelled, connecting() ? "stopped by the caller while connecting"
                                                  : "stopped by the caller");
    }
    if (!limits_.deadline && !end_) return std::nullopt;
    auto const now = std::chrono::steady_clock::now();
    if (limits_.deadline && now >= *limits_.deadline)
        return fail(errc::timed_out, connecting()
                                         ? "total: the deadline has passed while connecting"
                                         : "total: the deadline has passed");
    if (end_ && now >= *end_) {
        return fail(errc::timed_out, std::string{limit_name_} + ": nothing within " +
                                         std::to_string(limit_.count()) + " ms");
    }
    return std::nullopt;
}

AIAUDIT_INLINE int transfer_timer::poll_ms() const {
    auto const end = next_end();
    if (!end) return -1;
    auto const left =
        std::chrono::ceil<std::chrono::milliseconds>(*end - std::chrono::steady_clock::now());
    return static_cast<int>(std::clamp<long long>(left.count(), 0, INT_MAX));
}

AIAUDIT_INLINE void transfer_timer::start(std::string_view name, std::chrono::milliseconds limit) {
    limit_name_ = name;
    limit_ = limit;
    end_.reset();
    // Past a year a limit is none; the sum would overflow.
    if (limit.count() > 0 && limit < std::chrono::hours{24 * 365})
        end_ = std::chrono::steady_clock::now() + limit;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_TRANSPORT_TRANSFER_TIMER_IPP
