// SPDX-License-Identifier: MIT
//
// server.hpp: listens, deals connections out to threads, and ends in good order.
//
// Threads: add() and start() once, by one; the rest by any.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_SERVER_HPP
#define AIAUDIT_GATEWAY_SERVER_HPP

#include <aiaudit/clock/thread.hpp>               // thread
#include <aiaudit/core/ids.hpp>                   // sequence
#include <aiaudit/gateway/client_connection.hpp>  // client_connection
#include <aiaudit/gateway/error_body.hpp>         // error_response
#include <aiaudit/gateway/gateway_metrics.hpp>    // gateway_metrics
#include <aiaudit/gateway/gateway_site.hpp>       // gateway_site
#include <aiaudit/gateway/upstream_pool.hpp>      // upstream_pool

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

namespace detail {

class server;

// A request on its connection.
struct session {
    client_connection& client;
    upstream_pool& upstreams;
    std::atomic<bool> const& stops;
    gateway_request request{};
    [[nodiscard]] bool stopping() const noexcept { return stops.load(std::memory_order_relaxed); }
};

struct listener {
    listen_address at{};
    gateway_limits limits{};
    std::function<asio::awaitable<void>(session&)> serve{};
    doorkeeper door{};  // none: every body is read
};

// (Made outside of coroutines: g++ 12 cannot make lists within them.)
[[nodiscard]] gateway_response text_response(int status, std::string words,
                                             std::string type = "text/plain");
[[nodiscard]] inline asio::awaitable<void> say(session& of, int status, std::string words) {
    gateway_response const told = text_response(status, std::move(words));
    static_cast<void>(co_await of.client.respond(told));
}
// 426 for the handshake of a WebSocket, which Codex tries first: at 426 it asks by POST at once, at
// 404 after seven more tries. Nothing for any other request.
[[nodiscard]] std::optional<gateway_response> websocket_refusal(gateway_request const& asked);
[[nodiscard]] inline asio::awaitable<void> serve_metrics(gateway_metrics const& from, session& of) {
    if (path_of(of.request.target) != "/metrics") co_return co_await say(of, 404, "not found\n");
    gateway_response const told = text_response(200, from.text(), "text/plain; version=0.0.4");
    static_cast<void>(co_await of.client.respond(told));
}
[[nodiscard]] inline asio::awaitable<void> serve_events(gateway_site const& site, session& of) {
    constexpr std::chrono::milliseconds between{500};
    constexpr int quiet_most = 30;
    auto last = site.events_begin(of.request);
    if (!last) co_return co_await say(of, 500, "the log cannot be read\n");
    gateway_response const head = site.events_head();
    of.client.begin(head.status, head.headers, std::nullopt);
    static_cast<void>(co_await of.client.flush());
    of.client.watch([](bool) {});
    asio::steady_timer timer(co_await asio::this_coro::executor);
    // Its session may end before the client leaves.
    for (int quiet = 0; !of.client.gone() && !of.stopping() && site.is_event_stream(of.request);) {
        std::string text = site.events_after(*last);
        quiet = text.empty() ? quiet + 1 : 0;
        if (quiet == quiet_most) {
            text = ": keep-alive\n\n";
            quiet = 0;
        }
        bool const taken = co_await of.client.write(text);
        if (!taken) break;
        timer.expires_after(between);
        static_cast<void>(co_await timer.async_wait(as_value));
    }
    of.client.unwatch();
    static_cast<void>(co_await of.client.end());
}
[[nodiscard]] inline asio::awaitable<void> serve_site(gateway_site const& site, session& of) {
    if (site.is_event_stream && site.is_event_stream(of.request))
        co_return co_await serve_events(site, of);
    gateway_response const told = site.answer(of.request);
    if (told.delay.count() > 0) {
        asio::steady_timer timer(co_await asio::this_coro::executor, told.delay);
        static_cast<void>(co_await timer.async_wait(as_value));
    }
    static_cast<void>(co_await of.client.respond(told));
}

[[nodiscard]] gateway_response unreadable_response(unreadable_request const& why);

class server {
public:
    // What is referred to outlives the server. `on_end` is called when no connection is left, and
    // before the threads end.
    server(gateway_options const& options, gateway_metrics& metrics, tls_context tls,
           std::function<void()> on_end)
        : options_(options),
          metrics_(metrics),
          tls_(tls.release()),
          on_end_(std::move(on_end)),
          room_((std::max)(options.limits.bodies_bytes_max, options.limits.body_bytes_max)) {}
    ~server() { stop(); }
    server(server const&) = delete;
    server& operator=(server const&) = delete;

    void add(listener of) { listeners_.push_back(std::move(of)); }
    [[nodiscard]] result<void> start();
    void stop();
    [[nodiscard]] bool stopping() const noexcept { return stopping_; }
    [[nodiscard]] std::uint16_t port(std::size_t number) const { return ports_.at(number); }

private:
    using tcp = asio::ip::tcp;
    // A thread with its connections.
    struct worker {
        worker(asio::ssl::context& tls, gateway_options const& options)
            : upstreams(context.get_executor(), tls, options.upstream_idle_max,
                        options.upstream_idle_time) {}
        asio::io_context context{1};
        asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
        upstream_pool upstreams;
        asio::steady_timer sweeping{context};
        std::set<std::shared_ptr<client_connection>> clients{};
        detail::thread thread{};
    };

    [[nodiscard]] result<void> listen(listener const& at);
    [[nodiscard]] result<void> listen_and_run();
    void undo_start();
    [[nodiscard]] asio::awaitable<void> accept(tcp::acceptor& by, listener const& to);
    [[nodiscard]] asio::awaitable<void> converse(worker& in, listener const& with,
                                                 std::shared_ptr<client_connection> client);
    [[nodiscard]] asio::awaitable<void> sweep(worker& of);
    [[nodiscard]] asio::awaitable<void> refuse(client_connection& client,
                                               unreadable_request const& why);
    void welcome(tcp::socket socket, worker& in, listener const& to);
    // Calls of(worker) in each worker's own thread, and waits for that.
    template <class Function>
    void in_each(Function of);
    [[nodiscard]] bool await_end(std::chrono::milliseconds most);

    gateway_options const& options_;
    gateway_metrics& metrics_;
    asio::ssl::context tls_;
    std::function<void()> on_end_;
    body_room room_;
    std::vector<listener> listeners_{};
    std::vector<std::unique_ptr<worker>> workers_{};
    std::vector<std::unique_ptr<tcp::acceptor>> acceptors_{};
    std::vector<std::uint16_t> ports_{};
    std::size_t next_worker_ = 0;
    std::atomic<bool> stopping_ = false;
    std::mutex mutex_{};
    std::condition_variable changed_{};
    std::size_t connections_ = 0;  // under mutex_
};

inline asio::awaitable<void> server::accept(tcp::acceptor& by, listener const& to) {
    while (!stopping_) {
        worker& in = *workers_[next_worker_++ % workers_.size()];
        auto [why, socket] = co_await by.async_accept(in.context, as_value);
        if (why == asio::error::operation_aborted || stopping_) co_return;
        if (why) {  // no descriptors left, say: others must end first
            asio::steady_timer timer(by.get_executor(), std::chrono::milliseconds(20));
            static_cast<void>(co_await timer.async_wait(as_value));
            continue;
        }
        {
            std::lock_guard const lock(mutex_);
            if (connections_ >= options_.limits.connections_max) continue;  // closes it
            ++connections_;
        }
        auto arrived = std::make_shared<tcp::socket>(std::move(socket));
        asio::post(in.context, [this, arrived, &in, &to] { welcome(std::move(*arrived), in, to); });
    }
}

inline asio::awaitable<void> server::sweep(worker& of) {
    while (!stopping_) {
        of.upstreams.sweep();
        of.sweeping.expires_after(std::chrono::seconds(1));
        static_cast<void>(co_await of.sweeping.async_wait(as_value));
    }
}

inline asio::awaitable<void> server::refuse(client_connection& client,
                                            unreadable_request const& why) {
    if (why.status == 0 && !why.answer) co_return;
    // Who stands at the door has counted what it answered.
    if (!why.answer) metrics_.refused(why.status == 503 ? "memory" : "unreadable");
    client.give_back_room();
    client.close_after_this();
    gateway_response const told = unreadable_response(why);
    static_cast<void>(co_await client.respond(told));
    co_await client.linger();
}

inline asio::awaitable<void> server::converse(worker& in, listener const& with,
                                              std::shared_ptr<client_connection> client) {
    while (!stopping_) {
        unreadable_request why;
        auto request = co_await client->read(why, with.door);
        if (!request) {
            co_await refuse(*client, why);
            break;
        }
        session now{*client, in.upstreams, stopping_, std::move(*request)};
        if (stopping_) client->close_after_this();
        {
            counted_in const in_flight(&metrics_.in_flight);
            co_await with.serve(now);
        }
        client->give_back_room();
        if (!client->stays_open()) break;
    }
    client->shut_down();
}

template <class Function>
void server::in_each(Function of) {
    for (auto& each : workers_) asio::post(each->context, [of, in = each.get()] { of(*in); });
}

inline bool server::await_end(std::chrono::milliseconds most) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, most, [this] { return connections_ == 0; });
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/server.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_SERVER_HPP
