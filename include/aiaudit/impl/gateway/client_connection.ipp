// SPDX-License-Identifier: MIT
//
// client_connection.ipp: the definitions of client_connection.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_CLIENT_CONNECTION_IPP
#define AIAUDIT_IMPL_GATEWAY_CLIENT_CONNECTION_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/gateway/client_connection.hpp>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE client_connection::client_connection(tcp::socket socket,
                                                    gateway_limits const& limits, body_room& room)
    : stream_(std::move(socket)), limits_(limits), room_(room) {
    beast::error_code ignored;
    stream_.socket().set_option(tcp::no_delay(true), ignored);
    auto const from = stream_.socket().remote_endpoint(ignored);
    if (!ignored) remote_ = from.address().to_string();
}

AIAUDIT_INLINE unreadable_request client_connection::unreadable_of(beast::error_code why) const {
    using beast::http::error;
    if (why == error::header_limit)
        return {
            431, "the head is over " + std::to_string(limits_.head_bytes_max) + " bytes", {}, {}};
    if (why == error::body_limit)
        return {
            413, "the body is over " + std::to_string(limits_.body_bytes_max) + " bytes", {}, {}};
    if (why == error::buffer_overflow)
        return {
            431,
            "the body's chunks have too much beside their data: extensions or trailers of over " +
                std::to_string(limits_.framing_bytes_max) + " bytes",
            {},
            {}};
    bool const is_http = why.category() == make_error_code(error::bad_method).category();
    if (!is_http || why == error::end_of_stream || why == error::partial_message) return {};
    return {400, "no HTTP: " + why.message(), {}, {}};
}

AIAUDIT_INLINE std::string client_connection::head_text(int status, header_list const& headers,
                                                        std::string_view framing) const {
    std::string text = "HTTP/1.1 " + std::to_string(status) + ' ';
    text +=
        std::string_view(beast::http::obsolete_reason(static_cast<beast::http::status>(status)));
    text += "\r\n";
    for (auto const& [name, value] : headers) {
        if (is_hop_by_hop(name) || same_name(name, "content-length")) continue;
        text.append(name).append(": ").append(value).append("\r\n");
    }
    text += framing;
    if (status == 426) text += "Upgrade: HTTP/1.1\r\nConnection: Upgrade\r\n";  // RFC 9110, 15.5.22
    text += keep_alive_ ? (http_1_0_ ? "Connection: keep-alive\r\n\r\n" : "\r\n")
                        : "Connection: close\r\n\r\n";
    return text;
}

AIAUDIT_INLINE void client_connection::begin(int status, header_list const& headers,
                                             std::optional<std::uint64_t> length) {
    begun_ = held_ = true;
    chunked_ = !length && !http_1_0_;
    if (!length && http_1_0_) keep_alive_ = false;
    head_ = head_text(status, headers,
                      length     ? "Content-Length: " + std::to_string(*length) + "\r\n"
                      : chunked_ ? std::string("Transfer-Encoding: chunked\r\n")
                                 : std::string{});
}

AIAUDIT_INLINE void client_connection::watch(std::function<void(bool)> on_gone) {
    on_gone_ = std::move(on_gone);
    if (gone_ && on_gone_) on_gone_(false);
    if (std::exchange(watched_, true)) return;
    auto const seen = [self = weak_from_this()](auto why) {
        auto const here = self.lock();
        if (why || !here) return;
        char byte = 0;
        auto const got =
            ::recv(here->stream_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        // Bytes are the next request, which must wait.
        if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))) return;
        here->gone_ = true;
        if (here->on_gone_) here->on_gone_(false);
    };
    stream_.socket().async_wait(tcp::socket::wait_read,
                                asio::bind_cancellation_slot(watching_.slot(), seen));
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_CLIENT_CONNECTION_IPP
