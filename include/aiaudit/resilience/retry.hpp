// SPDX-License-Identifier: MIT
//
// retry.hpp: whether a call that failed is tried again, and when.
//
// Pure decisions: the time and the random bits come from the caller, who also does the waiting.
// A provider may have done, and billed, a call whose answer was lost: each attempt is a record.
// Threads: pure functions.
// Floor 4.
#ifndef AIAUDIT_RESILIENCE_RETRY_HPP
#define AIAUDIT_RESILIENCE_RETRY_HPP

#include <aiaudit/core/http.hpp>               // header_list
#include <aiaudit/core/timestamp.hpp>          // steady_time
#include <aiaudit/error.hpp>                   // errc
#include <aiaudit/resilience/retry_after.hpp>  // retry_after, should_retry

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

// What sort of failure ended an attempt, as far as trying again is concerned.
enum class error_class : std::uint8_t {
    none,             // it succeeded
    connection,       // no connection, or it broke, or what came was no whole response
    tls,              // the certificate or the handshake: another attempt may meet an impostor
    timeout,          // one of our limits of time
    rate_limit,       // 429: too fast
    quota,            // the money is used up, or billing is off: waiting does not help
    server,           // 5xx
    conflict,         // 409: the provider was busy with the same thing
    request_timeout,  // 408: the provider tired of waiting for our request
    client,           // another 4xx, or a redirect, which is not followed
    circuit_open,     // we sent nothing
    cancelled,        // the caller wanted no more
    budget,           // a budget or a rate limit of our own did not let it through
    ours,             // the request or our own machinery: it would fail again
};

[[nodiscard]] constexpr std::string_view name_of(error_class of) noexcept {
    switch (of) {
    case error_class::none: return "none";
    case error_class::connection: return "connection";
    case error_class::tls: return "tls";
    case error_class::timeout: return "timeout";
    case error_class::rate_limit: return "rate_limit";
    case error_class::quota: return "quota";
    case error_class::server: return "server";
    case error_class::conflict: return "conflict";
    case error_class::request_timeout: return "request_timeout";
    case error_class::client: return "client";
    case error_class::circuit_open: return "circuit_open";
    case error_class::cancelled: return "cancelled";
    case error_class::budget: return "budget";
    case error_class::ours: return "ours";
    }
    return "unknown";
}

namespace detail {

[[nodiscard]] constexpr bool mentions(std::string_view text, std::string_view word) noexcept {
    return std::search(text.begin(), text.end(), word.begin(), word.end(),
                       [](char a, char b) { return ascii_lower(a) == b; }) != text.end();
}
[[nodiscard]] constexpr bool is_about_money(std::string_view error_type) noexcept {
    constexpr std::array<std::string_view, 3> words{"insufficient", "billing", "credit"};
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return mentions(error_type, word); });
}

// An error that came inside a response of status 200: in the middle of a stream.
[[nodiscard]] constexpr error_class class_of_type(std::string_view error_type) noexcept {
    if (error_type.empty()) return error_class::none;
    if (is_about_money(error_type)) return error_class::quota;
    if (mentions(error_type, "rate_limit")) return error_class::rate_limit;
    if (mentions(error_type, "timeout")) return error_class::request_timeout;
    for (std::string_view const word : {"overloaded", "server", "api_error", "unavailable"}) {
        if (mentions(error_type, word)) return error_class::server;
    }
    return error_class::client;
}

[[nodiscard]] constexpr error_class class_of_status(int status,
                                                    std::string_view error_type) noexcept {
    if (status == 0) return error_class::none;
    if (status < 100 || status > 599) return error_class::connection;  // no HTTP
    if (status == 402) return error_class::quota;
    if (status == 408) return error_class::request_timeout;
    if (status == 409) return error_class::conflict;
    if (status == 429)
        return is_about_money(error_type) ? error_class::quota : error_class::rate_limit;
    if (status >= 500) return error_class::server;
    if (status >= 300) return error_class::client;
    return class_of_type(error_type);
}

}  // namespace detail

// `code`: how the attempt failed on this side, if it did. `http_status`: 0 where none came.
// `error_type`: the provider's own word, such as "insufficient_quota"; only looked at.
[[nodiscard]] constexpr error_class classify(std::optional<errc> code, int http_status,
                                             std::string_view error_type = {}) noexcept {
    if (!code) return detail::class_of_status(http_status, error_type);
    switch (*code) {
    case errc::connect_failed:
    case errc::connection_lost:
    case errc::bad_response:
    case errc::truncated: return error_class::connection;
    case errc::tls_failed: return error_class::tls;
    case errc::timed_out: return error_class::timeout;
    case errc::cancelled: return error_class::cancelled;
    case errc::circuit_open: return error_class::circuit_open;
    case errc::budget_exceeded:
    case errc::rate_limited:
    case errc::unbounded: return error_class::budget;
    case errc::provider_error: {
        auto const of = detail::class_of_status(http_status, error_type);
        return of == error_class::none ? error_class::client : of;
    }
    default: return error_class::ours;
    }
}

struct retry_policy {
    std::uint32_t attempts_max = 3;         // the first one included; 1: never again
    std::chrono::milliseconds first{500};   // the bound of the first wait; each doubles it
    std::chrono::milliseconds most{8'000};  // where doubling ends
    // A provider that wants us away for longer gets no retry; the caller learns the time instead.
    std::chrono::milliseconds wait_max{60'000};
};

// What is known of an attempt that failed.
struct attempt_failure {
    error_class of = error_class::none;
    std::optional<std::chrono::milliseconds> retry_after{};
    std::optional<bool> should_retry{};

    [[nodiscard]] static attempt_failure from(error_class of, header_list const& headers,
                                              timestamp now) noexcept {
        return {of, aiaudit::retry_after(headers, now), aiaudit::should_retry(headers)};
    }
};

struct retry_decision {
    bool retry = false;
    // Before the next attempt; where there is none, what the provider asked for, or zero.
    std::chrono::nanoseconds wait{0};
    std::string_view why_not{};  // constant text, empty with `retry`
};

namespace detail {

[[nodiscard]] constexpr bool is_worth_retrying(error_class of) noexcept {
    return of == error_class::connection || of == error_class::timeout ||
           of == error_class::rate_limit || of == error_class::server ||
           of == error_class::conflict || of == error_class::request_timeout;
}
// What no header of a response can change: there was no response, or none to trust.
[[nodiscard]] constexpr bool is_final(error_class of) noexcept {
    return of == error_class::none || of == error_class::tls || of == error_class::circuit_open ||
           of == error_class::cancelled || of == error_class::budget || of == error_class::ours;
}

// In [0, most]; `most` is not negative. The bias of the remainder is under `most` / 2^64.
[[nodiscard]] constexpr std::chrono::nanoseconds random_wait(std::chrono::nanoseconds most,
                                                             std::uint64_t random) noexcept {
    auto const range = static_cast<std::uint64_t>(most.count()) + 1;
    return std::chrono::nanoseconds{static_cast<std::int64_t>(random % range)};
}

// min(most, first * 2^(attempt - 1)).
[[nodiscard]] constexpr std::chrono::milliseconds backoff_bound(retry_policy const& policy,
                                                                std::uint32_t attempt) noexcept {
    constexpr std::chrono::milliseconds zero{0};
    std::chrono::milliseconds const most = std::clamp(policy.most, zero, retry_after_most);
    std::chrono::milliseconds bound = (std::max)(policy.first, zero);
    for (std::uint32_t i = 1; i < (std::min)(attempt, 64U) && bound < most; ++i) bound *= 2;
    return (std::min)(bound, most);
}

}  // namespace detail

// Exponential back-off with full jitter: uniform between zero and the bound, so that clients that
// failed together do not come back together. `attempt`: 1 for the first, which failed.
[[nodiscard]] constexpr std::chrono::nanoseconds backoff(retry_policy const& policy,
                                                         std::uint32_t attempt,
                                                         std::uint64_t random) noexcept {
    return detail::random_wait(detail::backoff_bound(policy, attempt), random);
}

// `attempt`: the number of the one that failed, from 1. `handed_on`: the caller was given a part of
// the answer, which a second answer would not continue. `deadline`: of the whole call; a wait that
// would not end before it is no retry. `random`: 64 bits.
//
// The provider's Retry-After is the least wait; up to a tenth of it is added to spread the clients
// that were all told the same, unless the deadline leaves no room for that.
[[nodiscard]] constexpr retry_decision decide(retry_policy const& policy, std::uint32_t attempt,
                                              attempt_failure const& failure, bool handed_on,
                                              steady_time now, std::optional<steady_time> deadline,
                                              std::uint64_t random) noexcept {
    using std::chrono::nanoseconds;
    nanoseconds const told = std::clamp(failure.retry_after.value_or(std::chrono::milliseconds{0}),
                                        std::chrono::milliseconds{0}, retry_after_most);
    auto const no = [&](std::string_view why) { return retry_decision{false, told, why}; };
    auto const fits = [&](nanoseconds wait) {
        return !deadline || (*deadline > now && wait < *deadline - now);
    };
    if (failure.of == error_class::none) return no("it succeeded");
    if (handed_on) return no("a part of the answer was handed on");
    if (detail::is_final(failure.of)) return no("another attempt would not help");
    if (!failure.should_retry.value_or(detail::is_worth_retrying(failure.of)))
        return no(failure.should_retry ? "the provider says not to retry"
                                       : "another attempt would not help");
    if (attempt >= policy.attempts_max) return no("no attempts are left");
    if (told > policy.wait_max) return no("the provider wants a longer wait than is allowed");
    if (!fits(told)) return no("the wait would not end before the deadline");
    nanoseconds wait = backoff(policy, attempt, random);
    if (failure.retry_after) {
        wait = (std::max)(wait, told + detail::random_wait(told / 10, random));
        if (!fits(wait)) wait = told;
    }
    if (!fits(wait)) return no("the wait would not end before the deadline");
    return {true, wait, {}};
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_RESILIENCE_RETRY_HPP
