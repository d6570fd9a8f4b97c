// SPDX-License-Identifier: MIT
//
// loopback_http_server.hpp: an HTTP server on loopback, in a thread of its own, that answers by a
// function.
#ifndef AIAUDIT_TESTS_SUPPORT_LOOPBACK_HTTP_SERVER_HPP
#define AIAUDIT_TESTS_SUPPORT_LOOPBACK_HTTP_SERVER_HPP

#include <aiaudit/gateway/asio_result.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <exception>
#include <functional>
#include <string>
#include <thread>
#include <utility>

namespace aiaudit_tests {

class loopback_http_server {
public:
    using request = boost::beast::http::request<boost::beast::http::string_body>;
    using response = boost::beast::http::response<boost::beast::http::string_body>;

    // Both are called in the server's thread: for each request, and when one cannot be read.
    explicit loopback_http_server(
        std::function<response(request const&)> answer,
        std::function<void(boost::beast::error_code)> on_unreadable = [](auto const&) {})
        : answer_(std::move(answer)), on_unreadable_(std::move(on_unreadable)) {
        boost::asio::co_spawn(context_, accept(), [](std::exception_ptr) {});
        thread_ = std::thread([this] { context_.run(); });
    }
    loopback_http_server(loopback_http_server const&) = delete;
    loopback_http_server& operator=(loopback_http_server const&) = delete;
    ~loopback_http_server() {
        context_.stop();
        thread_.join();
    }
    [[nodiscard]] std::string origin() const {
        return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
    }

private:
    using tcp = boost::asio::ip::tcp;

    [[nodiscard]] boost::asio::awaitable<void> accept() {
        for (;;) {
            auto [failed, socket] = co_await acceptor_.async_accept(aiaudit::detail::as_value);
            if (failed) co_return;
            boost::asio::co_spawn(context_, serve(boost::beast::tcp_stream(std::move(socket))),
                                  [](std::exception_ptr) {});
        }
    }
    [[nodiscard]] boost::asio::awaitable<void> serve(boost::beast::tcp_stream peer) {
        boost::beast::flat_buffer buffer;
        for (;;) {
            request question;
            auto const [failed, bytes] = co_await boost::beast::http::async_read(
                peer, buffer, question, aiaudit::detail::as_value);
            if (failed) {
                on_unreadable_(failed);
                co_return;
            }
            response const reply = answer_(question);
            auto const [gone, sent] =
                co_await boost::beast::http::async_write(peer, reply, aiaudit::detail::as_value);
            if (gone) co_return;
        }
    }

    std::function<response(request const&)> const answer_;
    std::function<void(boost::beast::error_code)> const on_unreadable_;
    boost::asio::io_context context_{1};
    tcp::acceptor acceptor_{context_, {boost::asio::ip::address_v4::loopback(), 0}};
    std::thread thread_{};
};

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_SUPPORT_LOOPBACK_HTTP_SERVER_HPP
