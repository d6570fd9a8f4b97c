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

}  // namespace detail

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/transport/httplib_transport.ipp>
#endif

#endif  // AIAUDIT_TRANSPORT_HTTPLIB_TRANSPORT_HPP
