// SPDX-License-Identifier: MIT
//
// httplib_transport.hpp: HTTP/1.1 over TCP and TLS, with connections that are used again.
//
// cpp-httplib parses the responses and libssl does TLS; connecting, limits and the pool are ours,
// because the release that Debian ships can interrupt no connect, has one time limit for
// everything, and throws away what follows a response in its buffer.
//
// Threads: any number may call exchange() at once; each has a connection of its own meanwhile.
// Floor 5.
#ifndef AIAUDIT_TRANSPORT_HTTPLIB_TRANSPORT_HPP
#define AIAUDIT_TRANSPORT_HTTPLIB_TRANSPORT_HPP

#include <aiaudit/core/http.hpp>                  // http_request
#include <aiaudit/error.hpp>                      // result
#include <aiaudit/transport/connection.hpp>       // connection
#include <aiaudit/transport/connection_pool.hpp>  // connection_pool
#include <aiaudit/transport/origin.hpp>           // parse_origin
#include <aiaudit/transport/response_reader.hpp>  // response_reader
#include <aiaudit/transport/tls.hpp>              // make_tls_context
#include <aiaudit/transport/transfer_timer.hpp>   // transfer_timer
#include <aiaudit/transport/transport.hpp>        // transport_policy
#include <aiaudit/version.hpp>                    // version_major

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {

struct httplib_options {
    std::string ca_file{};  // trusted certificates in PEM, in place of the system's
    bool verify = true;     // the chain, its dates and the host's name; off is for tests alone
    std::string proxy{};    // "http://[USER:PASSWORD@]HOST:PORT"; no error ever shows it
    std::size_t idle_connections_max = 64;  // of each origin
    // Shorter than what servers commonly grant, so that they seldom close what is being used.
    std::chrono::milliseconds idle_time_max{30'000};
};

namespace detail {

struct answer_to {
    std::function<bool(http_response_head const&)> const& on_head;
    std::function<bool(std::string_view)> const& on_body;
    std::size_t bytes_max;
};

}  // namespace detail

class httplib_transport {
public:
    httplib_transport() : httplib_transport(httplib_options{}) {}
    explicit httplib_transport(httplib_options options)
        : shared_(std::make_unique<shared>(std::move(options))) {}

    // As transport_policy promises. Host, Content-Length, Transfer-Encoding, Connection, Expect and
    // Accept-Encoding are the transport's own: bad_argument where the request has one of them.
    // Without a User-Agent it is "aiaudit/VERSION". Header values may be percent-decoded, and are
    // in the order of their names.
    //
    // A pooled connection that turns out to be dead before a byte of the request left is replaced
    // once, without a word. One that dies later is connection_lost: whether the provider has
    // begun (and charges) is not known, so sending again is the caller's decision.
    // A response that has neither a length nor chunks ends with its connection; over plain HTTP a
    // lost end then looks like the end.
    [[nodiscard]] result<void> exchange(
        http_request const& request, transfer_limits const& limits, std::stop_token const& stop,
        std::function<bool(http_response_head const&)> const& on_head,
        std::function<bool(std::string_view)> const& on_body);

private:
    struct shared {
        explicit shared(httplib_options with)
            : options(std::move(with)), pool(options.idle_connections_max, options.idle_time_max) {}

        httplib_options const options;
        detail::connection_pool pool;
        std::mutex mutex{};
        detail::tls_context tls{};  // made at first use
    };
    // One call's view of where it goes.
    struct route {
        detail::network_place origin{};
        std::optional<detail::network_place> proxy{};
        std::string proxy_authorization{};
    };

    [[nodiscard]] result<route> route_to(std::string const& origin) const;
    [[nodiscard]] result<SSL_CTX*> tls_context();
    [[nodiscard]] result<void> connect(detail::connection& to, route const& by,
                                       detail::transfer_timer& timer);
    [[nodiscard]] static result<void> ask_proxy(detail::connection& to, route const& by,
                                                detail::transfer_timer& timer);
    // Whether the connection can be used again.
    [[nodiscard]] static result<bool> send(detail::connection& by_this, http_request const& request,
                                           route const& by, detail::answer_to const& answer,
                                           detail::transfer_timer& timer);
    [[nodiscard]] static std::string head_text(http_request const& request, route const& by);

    // Sent together with the head: one packet, or a few.
    static constexpr std::size_t small_body_bytes = 16'384;

    std::unique_ptr<shared> shared_;
};
static_assert(transport_policy<httplib_transport>);

namespace detail {

// Wakes whatever waits on the connection when the token is stopped.
class wake_on_stop {
public:
    wake_on_stop(std::stop_token const& stop, connection const& of) : callback_(stop, waker{of}) {}

private:
    struct waker {
        connection const& of;
        void operator()() const noexcept { of.wake(); }
    };
    std::stop_callback<waker> callback_;
};

[[nodiscard]] inline result<void> check_own_headers(http_request const& request) {
    for (auto const& [name, value] : request.headers) {
        for (std::string_view const own : {"Host", "Content-Length", "Transfer-Encoding",
                                           "Connection", "Expect", "Accept-Encoding"}) {
            if (same_name(name, own))
                return fail(errc::bad_argument, "header " + name + " is the transport's own");
        }
    }
    return {};
}

}  // namespace detail

inline result<httplib_transport::route> httplib_transport::route_to(
    std::string const& origin) const {
    route made;
    auto to = detail::parse_origin(origin);
    if (!to) return to.error();
    made.origin = std::move(*to);
    if (shared_->options.proxy.empty()) return made;
    auto proxy = detail::parse_proxy(shared_->options.proxy);
    if (!proxy) return proxy.error();
    if (!proxy->user.empty() || !proxy->password.empty()) {
        made.proxy_authorization =
            httplib::make_basic_authentication_header(proxy->user, proxy->password, true).second;
    }
    made.proxy = std::move(proxy->at);
    return made;
}

inline result<SSL_CTX*> httplib_transport::tls_context() {
    std::lock_guard const lock(shared_->mutex);
    if (!shared_->tls) {
        auto made = detail::make_tls_context(shared_->options.ca_file, shared_->options.verify);
        if (!made) return made.error();
        shared_->tls = std::move(*made);
    }
    return shared_->tls.get();
}

inline result<void> httplib_transport::connect(detail::connection& to, route const& by,
                                               detail::transfer_timer& timer) {
    detail::wake_on_stop const waking(timer.stop(), to);
    auto const& next = by.proxy ? *by.proxy : by.origin;
    std::string const name = by.proxy ? "the proxy" : detail::printable(by.origin.authority());
    if (auto const opened = to.open(next.host, next.port, name, timer); !opened) return opened;
    if (!by.origin.tls) return {};
    if (by.proxy) {
        if (auto const asked = ask_proxy(to, by, timer); !asked) return asked;
    }
    auto const context = tls_context();
    if (!context) return context.error();
    return to.start_tls(*context, by.origin.host, timer);
}

inline result<void> httplib_transport::ask_proxy(detail::connection& to, route const& by,
                                                 detail::transfer_timer& timer) {
    std::string const target = by.origin.authority_with_port();
    std::string text = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
    if (!by.proxy_authorization.empty())
        text += "Proxy-Authorization: " + by.proxy_authorization + "\r\n";
    if (auto const sent = to.write(text + "\r\n", timer); !sent) return sent;
    int status = 0;
    auto const note_status = [&](http_response_head const& head) {
        status = head.status;
        return true;
    };
    constexpr std::size_t bytes_max = std::size_t{1} << 20;
    detail::response_reader reader(to, timer, bytes_max, note_status,
                                   [](std::string_view) { return true; });
    auto const read = reader.read("CONNECT");
    if (status >= 300)
        return fail(errc::connect_failed, "the proxy answered " + std::to_string(status));
    if (read) return {};
    bool const lost = read.error().code == errc::connection_lost;
    return fail(lost ? errc::connect_failed : read.error().code,
                "the proxy: " + read.error().where);
}

inline std::string httplib_transport::head_text(http_request const& request, route const& by) {
    std::string text = request.method + ' ';
    bool const by_proxy = by.proxy && !by.origin.tls;
    if (by_proxy) text += request.origin;
    text += request.target + " HTTP/1.1\r\nHost: " + by.origin.authority() + "\r\n";
    for (auto const& [name, value] : request.headers) text += name + ": " + value + "\r\n";
    if (header_of(request.headers, "User-Agent").empty()) {
        text += "User-Agent: aiaudit/" + std::to_string(version_major) + '.' +
                std::to_string(version_minor) + '.' + std::to_string(version_patch) + "\r\n";
    }
    text += detail::httplib_abilities::get().decodes_gzip ? "Accept-Encoding: gzip\r\n"
                                                          : "Accept-Encoding: identity\r\n";
    if (by_proxy && !by.proxy_authorization.empty())
        text += "Proxy-Authorization: " + by.proxy_authorization + "\r\n";
    if (!request.body.empty() || request.method == "POST" || request.method == "PUT" ||
        request.method == "PATCH")
        text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
    return text + "\r\n";
}

inline result<bool> httplib_transport::send(detail::connection& by_this,
                                            http_request const& request, route const& by,
                                            detail::answer_to const& answer,
                                            detail::transfer_timer& timer) {
    detail::wake_on_stop const waking(timer.stop(), by_this);
    timer.start_first_byte();
    std::string text = head_text(request, by);
    bool const one_piece = request.body.size() <= small_body_bytes;
    if (one_piece) text += request.body;
    auto sent = by_this.write(text, timer);
    if (sent && !one_piece) sent = by_this.write(request.body, timer);
    bool const broken = !sent && sent.error().code == errc::connection_lost;
    if (!sent && (!broken || by_this.sent() == 0)) return sent.error();
    // A peer that refuses a request may answer before it has read all of it.
    detail::response_reader reader(by_this, timer, answer.bytes_max, answer.on_head,
                                   answer.on_body);
    auto const read = reader.read(request.method);
    if (!broken) return read;
    if (!reader.has_begun()) return sent.error();
    return read ? result<bool>{false} : read;
}

inline result<void> httplib_transport::exchange(
    http_request const& request, transfer_limits const& limits, std::stop_token const& stop,
    std::function<bool(http_response_head const&)> const& on_head,
    std::function<bool(std::string_view)> const& on_body) {
    if (auto const checked = check_request(request); !checked) return checked;
    if (auto const checked = detail::check_own_headers(request); !checked) return checked;
    auto const by = route_to(request.origin);
    if (!by) return by.error();
    detail::transfer_timer timer(limits, stop);
    timer.start_connect();
    if (auto why = timer.expired()) return *why;
    auto held = shared_->pool.take(request.origin);
    bool const pooled = held != nullptr;
    detail::answer_to const answer{on_head, on_body, limits.response_bytes_max};
    auto reusable = pooled ? send(*held, request, *by, answer, timer) : result<bool>{false};
    bool const dead =
        pooled && !reusable && held->sent() == 0 && reusable.error().code == errc::connection_lost;
    if (!pooled || dead) {
        held = std::make_unique<detail::connection>();
        if (auto const prepared = held->prepare(); !prepared) return prepared;
        timer.start_connect();
        if (auto const connected = connect(*held, *by, timer); !connected) return connected;
        reusable = send(*held, request, *by, answer, timer);
        // was_sent() goes by it.
        if (!reusable && held->sent() == 0 && reusable.error().code == errc::connection_lost)
            return fail(errc::connect_failed, reusable.error().where);
    }
    if (!reusable) return reusable.error();
    // One that was woken too late to matter would wake the next call.
    if (*reusable && !stop.stop_requested()) shared_->pool.put(request.origin, std::move(held));
    return {};
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_TRANSPORT_HTTPLIB_TRANSPORT_HPP
