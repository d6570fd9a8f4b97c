// SPDX-License-Identifier: MIT
//
// transport.hpp: what carries an HTTP request to a provider, and what a model of it promises.
//
// Threads: plain values; a model may be used by any number of threads at once.
// Floor 5.
#ifndef AIAUDIT_TRANSPORT_TRANSPORT_HPP
#define AIAUDIT_TRANSPORT_TRANSPORT_HPP

#include <aiaudit/core/http.hpp>       // http_request
#include <aiaudit/core/timestamp.hpp>  // steady_time
#include <aiaudit/error.hpp>           // result
#include <aiaudit/limits.hpp>          // response_bytes

#include <chrono>
#include <concepts>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

// How long an exchange may take, and how much may come back. 0 ms: no limit.
struct transfer_limits {
    // Until a connection stands: TCP, a proxy's consent and TLS. A pooled one costs nothing.
    std::chrono::milliseconds connect{10'000};
    // From then on: the request is sent, and something of the answer is there.
    std::chrono::milliseconds first_byte{600'000};
    // Silence within the answer. Time that the caller spends in on_body() does not count.
    std::chrono::milliseconds between_bytes{120'000};
    // The end of all, whatever still comes.
    std::optional<steady_time> deadline{};
    // Of the decoded body, and of what comes over the wire.
    std::size_t response_bytes_max = limits::response_bytes;
};

// Sends one request and hands over the response as it comes, in the caller's thread.
//
// - It calls on_head once, then on_body for each piece of the decoded body (gzip never shows).
// - When either returns false, or the token is stopped by another thread, the connection is closed
//   at once and the error is `cancelled`. That is checked against before the first byte too.
// - Success means that the whole response arrived, whatever its HTTP status. A redirect is a
//   response like any other: it is not followed, because a key must not travel with it.
// - check_request() has passed before the first byte leaves.
// - A request is sent once. Only where not one byte of it left may a transport try anew.
// - Errors: bad_argument; connect_failed; tls_failed; timed_out, whose text begins with the limit
//   ("connect", "first byte", "between bytes", "total"); connection_lost; bad_response (no HTTP,
//   more than the head promises, or an encoding that cannot be decoded); too_large (over
//   response_bytes_max); cancelled. No error holds a header's value, a query or a body.
//   After an error on_head and on_body may have been called: what they got is then incomplete.
//   Its `sent` is false only where nothing of the request left (unsent(), error.hpp): such an
//   attempt costs nothing. With any other the most that the request may cost is charged. No text
//   of an error decides anything.
template <class Transport>
concept transport_policy = std::default_initializable<Transport> && std::movable<Transport> &&
    requires(Transport& transport, http_request const& request, transfer_limits const& limits,
             std::stop_token stop, bool (*on_head)(http_response_head const&),
             bool (*on_body)(std::string_view)) {
    { transport.exchange(request, limits, stop, on_head, on_body) } -> std::same_as<result<void>>;
};

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_TRANSPORT_TRANSPORT_HPP
