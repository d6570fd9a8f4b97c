// SPDX-License-Identifier: MIT
//
// server.ipp: the definitions of server.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_SERVER_IPP
#define AIAUDIT_IMPL_GATEWAY_SERVER_IPP

#include <aiaudit/config.hpp>          // AIAUDIT_INLINE
#include <aiaudit/gateway/router.hpp>  // router::family_of
#include <aiaudit/gateway/server.hpp>

#include <exception>
#include <thread>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE gateway_response text_response(int status, std::string words, std::string type) {
    gateway_response made{status, {}, std::move(words)};
    made.headers.emplace_back("Content-Type", type + "; charset=utf-8");
    made.headers.emplace_back("Cache-Control", "no-store");
    return made;
}

AIAUDIT_INLINE std::optional<gateway_response> websocket_refusal(gateway_request const& asked) {
    if (asked.method != "GET" || !same_name(header_of(asked.headers, "upgrade"), "websocket"))
        return std::nullopt;
    return error_response(
        router::family_of(asked.target, asked.headers),
        {426,
         "invalid_request_error",
         "no_websocket",
         "the gateway has no WebSockets; ask " + printable(path_of(asked.target)) + " by POST",
         {}});
}

AIAUDIT_INLINE gateway_response unreadable_response(unreadable_request const& why) {
    if (why.answer) return *why.answer;
    if (why.status != 503)
        return error_response(
            api_family::openai,
            {why.status, "invalid_request_error", "unreadable_request", why.why, {}});
    auto const family = router::family_of(why.target, {});
    return error_response(family, {503, "server_error", "bodies_full", why.why, 1});
}

AIAUDIT_INLINE result<void> server::listen(listener const& at) {
    beast::error_code why;
    auto const address = asio::ip::make_address(at.at.host, why);
    if (why)
        return fail(errc::bad_argument, "'" + printable(at.at.host) + "' is no numeric address");
    tcp::endpoint const place(address, at.at.port);
    auto by = std::make_unique<tcp::acceptor>(workers_.front()->context);
    by->open(place.protocol(), why);
    if (!why) by->set_option(tcp::acceptor::reuse_address(true), why);
    if (!why) by->bind(place, why);
    if (!why) by->listen(asio::socket_base::max_listen_connections, why);
    if (why)
        return fail(errc::connect_failed,
                    at.at.host + ":" + std::to_string(at.at.port) + ": " + why.message());
    ports_.push_back(by->local_endpoint(why).port());
    acceptors_.push_back(std::move(by));
    return {};
}

AIAUDIT_INLINE result<void> server::start() {
    unsigned const wanted =
        options_.threads != 0 ? options_.threads : std::thread::hardware_concurrency();
    for (unsigned i = 0; i < (std::max)(wanted, 1U); ++i)
        workers_.push_back(std::make_unique<worker>(tls_, options_));
    if (auto ok = listen_and_run(); !ok) {
        undo_start();
        return ok;
    }
    for (std::size_t i = 0; i < listeners_.size(); ++i)
        asio::co_spawn(workers_.front()->context, accept(*acceptors_[i], listeners_[i]),
                       [](std::exception_ptr) {});
    for (auto& each : workers_)
        asio::co_spawn(each->context, sweep(*each), [](std::exception_ptr) {});
    return {};
}

// No connection is taken before every thread runs.
AIAUDIT_INLINE result<void> server::listen_and_run() {
    for (listener const& each : listeners_) {
        if (auto ok = listen(each); !ok) return ok;
    }
    for (auto& each : workers_) {
        auto made = thread::start("a gateway's server", [of = each.get()] { of->context.run(); });
        if (!made) return made.error();
        each->thread = std::move(*made);
    }
    return {};
}

AIAUDIT_INLINE void server::undo_start() {
    for (auto& each : workers_) each->context.stop();
    for (auto& each : workers_) each->thread.join();
    acceptors_.clear();
    workers_.clear();
    ports_.clear();
}

AIAUDIT_INLINE void server::welcome(tcp::socket socket, worker& in, listener const& to) {
    auto client = std::make_shared<client_connection>(std::move(socket), to.limits, room_);
    in.clients.insert(client);
    ++metrics_.open_connections;
    asio::co_spawn(in.context, converse(in, to, client),
                   // What it threw is lack of memory: the connection ends, no other does.
                   [this, &in, client](std::exception_ptr) {
                       client->close();
                       in.clients.erase(client);
                       --metrics_.open_connections;
                       std::lock_guard const lock(mutex_);
                       --connections_;
                       changed_.notify_all();
                   });
}

AIAUDIT_INLINE void server::stop() {
    if (workers_.empty() || stopping_.exchange(true)) return;
    asio::post(workers_.front()->context, [this] {
        for (auto& each : acceptors_) each->close();
    });
    in_each([](worker& in) {
        for (auto const& each : in.clients)
            if (each->is_idle()) each->close();
    });
    if (!await_end(options_.shutdown_time)) {
        in_each([](worker& in) {
            for (auto const& each : in.clients) each->close();
        });
        // Each records how far it came, and ends.
        if (!await_end(std::chrono::seconds(5))) in_each([](worker& in) { in.context.stop(); });
    }
    if (on_end_) on_end_();
    in_each([](worker& in) {
        in.upstreams.clear();
        in.sweeping.cancel();
        in.work.reset();
    });
    for (auto& each : workers_) each->thread.join();
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_SERVER_IPP
