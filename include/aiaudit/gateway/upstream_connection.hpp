// SPDX-License-Identifier: MIT
//
// upstream_connection.hpp: a connection to a provider: a request goes out, and its answer comes
// back piece by piece, as it arrives.
//
// Errors are those of transport/transport.hpp.
// Threads: one connection for one thread.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_UPSTREAM_CONNECTION_HPP
#define AIAUDIT_GATEWAY_UPSTREAM_CONNECTION_HPP

#include <aiaudit/gateway/asio_result.hpp>  // as_value
#include <aiaudit/transport/origin.hpp>     // network_place
#include <aiaudit/transport/tls.hpp>        // set_tls_host
#include <aiaudit/transport/transport.hpp>  // transfer_limits

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class upstream_connection {
public:
    using tcp = asio::ip::tcp;
    static constexpr std::size_t piece_bytes = std::size_t{16} << 10;
    static constexpr std::size_t read_bytes = std::size_t{8} << 10;  // at once

    // `tls` outlives the connection.
    upstream_connection(asio::any_io_executor const& by, network_place place,
                        asio::ssl::context& tls);

    // Errors: connect_failed, tls_failed, timed_out, cancelled. Nothing is sent before it is open,
    // which is the caller's to say: unsent().
    [[nodiscard]] asio::awaitable<result<void>> open(transfer_limits const& limits);

    // Sends a request that has passed check_request(), and whose body outlives the exchange.
    // Errors: connection_lost, timed_out, cancelled.
    [[nodiscard]] asio::awaitable<result<void>> send(http_request const& request,
                                                     transfer_limits const& limits);
    // The head of the answer. Errors: bad_response, connection_lost, timed_out, cancelled.
    [[nodiscard]] asio::awaitable<result<http_response_head>> read_head(
        transfer_limits const& limits);
    // The next piece of the body; empty at its end. It is there until the next call.
    [[nodiscard]] asio::awaitable<result<std::string_view>> read_piece(
        transfer_limits const& limits);

    // Of the answer's body, where the head says it.
    [[nodiscard]] std::optional<std::uint64_t> length() const {
        auto const known = parser_->content_length();
        return known ? std::optional<std::uint64_t>(*known) : std::nullopt;
    }
    [[nodiscard]] bool ended() const { return parser_ && parser_->is_done(); }
    // Whether another request may be sent.
    [[nodiscard]] bool reusable() const {
        return ended() && !failed_ && parser_->keep_alive() && buffer_.size() == 0;
    }
    // Whether the provider has not closed it meanwhile. Whatever can be read now is no answer.
    [[nodiscard]] bool alive();
    // Ends whatever is under way: it fails as cancelled.
    void cancel() {
        cancelled_ = true;
        lowest().close();
    }

private:
    [[nodiscard]] beast::tcp_stream& lowest() noexcept {
        return secure_ ? beast::get_lowest_layer(*secure_) : *plain_;
    }
    // Whichever it is.
    template <class Function>
    auto with_stream(Function function) {
        return secure_ ? function(*secure_) : function(*plain_);
    }
    void write_head(http_request const& request);
    [[nodiscard]] error error_of(beast::error_code why, std::string_view phase);
    [[nodiscard]] static error stopped_while_connecting() {
        return fail(errc::cancelled, "stopped while connecting to the provider");
    }

    network_place place_;
    std::unique_ptr<beast::tcp_stream> plain_{};
    std::unique_ptr<beast::ssl_stream<beast::tcp_stream>> secure_{};
    std::string head_{};
    beast::flat_buffer buffer_{};
    std::optional<beast::http::response_parser<beast::http::buffer_body>> parser_{};
    std::array<char, piece_bytes> piece_;
    std::uint64_t received_ = 0;
    bool failed_ = false;
    bool cancelled_ = false;
};

inline asio::awaitable<result<void>> upstream_connection::open(transfer_limits const& limits) {
    tcp::resolver resolver(lowest().get_executor());
    lowest().expires_after(limits.connect);
    auto const [unknown, addresses] =
        co_await resolver.async_resolve(place_.host, place_.port, as_value);
    if (cancelled_) co_return stopped_while_connecting();
    if (unknown)
        co_return fail(errc::connect_failed,
                       "the host's name has no address: " + unknown.message());
    auto const [refused, at] = co_await lowest().async_connect(addresses, as_value);
    if (refused == beast::error::timeout) co_return fail(errc::timed_out, "connect: no answer");
    if (cancelled_) co_return stopped_while_connecting();
    if (refused) co_return fail(errc::connect_failed, refused.message());
    beast::error_code ignored;
    lowest().socket().set_option(tcp::no_delay(true), ignored);
    if (!secure_) co_return result<void>{};
    if (auto named = set_tls_host(secure_->native_handle(), place_.host); !named)
        co_return named.error();
    auto const [broken] =
        co_await secure_->async_handshake(asio::ssl::stream_base::client, as_value);
    if (broken == beast::error::timeout)
        co_return fail(errc::timed_out, "connect: no answer to the TLS handshake");
    if (cancelled_) co_return stopped_while_connecting();
    if (broken) co_return tls_failure(secure_->native_handle());
    co_return result<void>{};
}

inline asio::awaitable<result<void>> upstream_connection::send(http_request const& request,
                                                               transfer_limits const& limits) {
    write_head(request);
    lowest().expires_after(limits.first_byte);
    parser_.reset();
    failed_ = false;
    received_ = 0;
    // At once: each send is a call into the system, and wakes the other side.
    std::array<asio::const_buffer, 2> const parts{asio::buffer(head_), asio::buffer(request.body)};
    auto const [why, bytes] = co_await with_stream(
        [&](auto& stream) { return asio::async_write(stream, parts, as_value); });
    if (why) co_return error_of(why, "first byte: the request could not be sent");
    co_return result<void>{};
}

inline asio::awaitable<result<http_response_head>> upstream_connection::read_head(
    transfer_limits const& limits) {
    namespace http = beast::http;
    constexpr std::uint32_t head_bytes_max = 64U << 10;
    for (;;) {
        parser_.emplace();
        parser_->header_limit(head_bytes_max);
        parser_->body_limit(boost::none);
        lowest().expires_after(limits.first_byte);
        auto const [why, bytes] = co_await with_stream([&](auto& stream) {
            return http::async_read_header(stream, buffer_, *parser_, as_value);
        });
        if (why) co_return error_of(why, "first byte: no answer");
        // 100 and 103 come before the answer.
        if (parser_->get().result_int() >= 200 || parser_->get().result_int() == 101) break;
    }
    http_response_head head;
    head.status = static_cast<int>(parser_->get().result_int());
    for (auto const& field : parser_->get())
        head.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    co_return head;
}

inline asio::awaitable<result<std::string_view>> upstream_connection::read_piece(
    transfer_limits const& limits) {
    namespace http = beast::http;
    while (!parser_->is_done()) {
        auto& body = parser_->get().body();
        body.data = piece_.data();
        body.size = piece_.size();
        lowest().expires_after(limits.between_bytes);
        auto [why, bytes] = co_await with_stream([&](auto& stream) {
            return http::async_read_some(stream, buffer_, *parser_, as_value);
        });
        if (why && why != http::error::need_buffer)
            co_return error_of(why, "between bytes: silence");
        std::size_t const got = piece_.size() - body.size;
        received_ += got;
        if (received_ > limits.response_bytes_max) {
            failed_ = true;
            co_return fail(
                errc::too_large,
                "an answer of over " + std::to_string(limits.response_bytes_max) + " bytes");
        }
        if (got != 0) co_return std::string_view(piece_.data(), got);
    }
    co_return std::string_view{};
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/upstream_connection.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_UPSTREAM_CONNECTION_HPP
