// SPDX-License-Identifier: MIT
//
// upstream_connection.ipp: the definitions of upstream_connection.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_UPSTREAM_CONNECTION_IPP
#define AIAUDIT_IMPL_GATEWAY_UPSTREAM_CONNECTION_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/gateway/upstream_connection.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE upstream_connection::upstream_connection(asio::any_io_executor const& by,
                                                        network_place place,
                                                        asio::ssl::context& tls)
    : place_(std::move(place)) {
    if (place_.tls)
        secure_ =
            std::make_unique<beast::ssl_stream<beast::tcp_stream>>(beast::tcp_stream(by), tls);
    else
        plain_ = std::make_unique<beast::tcp_stream>(by);
    buffer_.reserve(read_bytes);
    // Beast wants a head, the head of a chunk, and all trailers, whole in it.
    constexpr std::size_t whole_most = std::size_t{128} << 10;
    buffer_.max_size((std::max)(buffer_.capacity(), whole_most));
}

AIAUDIT_INLINE bool upstream_connection::alive() {
    char byte = 0;
    auto const got = ::recv(lowest().socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

AIAUDIT_INLINE error upstream_connection::error_of(beast::error_code why, std::string_view phase) {
    failed_ = true;
    if (cancelled_ || why == asio::error::operation_aborted)
        return fail(errc::cancelled, "the exchange with the provider was stopped");
    if (why == beast::error::timeout) return fail(errc::timed_out, std::string(phase));
    if (why == beast::http::error::end_of_stream || why == beast::http::error::partial_message)
        return fail(errc::connection_lost, "the provider closed the connection");
    if (why.category() == beast::http::make_error_code(beast::http::error::bad_method).category())
        return fail(errc::bad_response, "no HTTP: " + why.message());
    return fail(errc::connection_lost, why.message());
}

AIAUDIT_INLINE void upstream_connection::write_head(http_request const& request) {
    head_ = request.method + ' ' + request.target + " HTTP/1.1\r\nHost: " + place_.authority();
    head_ += "\r\n";
    for (auto const& [name, value] : request.headers)
        head_.append(name).append(": ").append(value).append("\r\n");
    if (!request.body.empty() || request.method != "GET")
        head_ += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
    head_ += "\r\n";
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_UPSTREAM_CONNECTION_IPP
