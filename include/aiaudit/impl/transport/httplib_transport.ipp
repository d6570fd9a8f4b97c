// SPDX-License-Identifier: MIT
//
// httplib_transport.ipp: the definitions of httplib_transport.hpp.
#ifndef AIAUDIT_IMPL_TRANSPORT_HTTPLIB_TRANSPORT_IPP
#define AIAUDIT_IMPL_TRANSPORT_HTTPLIB_TRANSPORT_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/transport/httplib_transport.hpp>
#include <aiaudit/transport/response_reader.hpp>  // response_reader

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE result<void> check_own_headers(http_request const& request) {
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

AIAUDIT_INLINE result<httplib_transport::route> httplib_transport::route_to(
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

AIAUDIT_INLINE result<SSL_CTX*> httplib_transport::tls_context() {
    std::lock_guard const lock(shared_->mutex);
    if (!shared_->tls) {
        auto made = detail::make_tls_context(shared_->options.ca_file, shared_->options.verify);
        if (!made) return made.error();
        shared_->tls = std::move(*made);
    }
    return shared_->tls.get();
}

AIAUDIT_INLINE result<void> httplib_transport::connect(detail::connection& to, route const& by,
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

AIAUDIT_INLINE result<void> httplib_transport::ask_proxy(detail::connection& to, route const& by,
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

AIAUDIT_INLINE std::string httplib_transport::head_text(http_request const& request,
                                                        route const& by) {
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

AIAUDIT_INLINE result<bool> httplib_transport::send(detail::connection& by_this,
                                                    http_request const& request, route const& by,
                                                    detail::answer_to const& answer,
                                                    detail::transfer_timer& timer) {
    detail::wake_on_stop const waking(timer.stop(), by_this);
    by_this.begin_request();
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

AIAUDIT_INLINE result<void> httplib_transport::exchange(
    http_request const& request, transfer_limits const& limits, std::stop_token const& stop,
    std::function<bool(http_response_head const&)> const& on_head,
    std::function<bool(std::string_view)> const& on_body) {
    if (auto const checked = check_request(request); !checked) return checked;
    if (auto checked = detail::check_own_headers(request); !checked)
        return unsent(std::move(checked).error());
    auto by = route_to(request.origin);
    if (!by) return unsent(std::move(by).error());
    detail::transfer_timer timer(limits, stop);
    timer.start_connect();
    if (auto why = timer.expired()) return unsent(std::move(*why));
    auto held = shared_->pool.take(request.origin);
    bool const pooled = held != nullptr;
    detail::answer_to const answer{on_head, on_body, limits.response_bytes_max};
    auto reusable = pooled ? send(*held, request, *by, answer, timer) : result<bool>{false};
    bool const dead =
        pooled && !reusable && held->sent() == 0 && reusable.error().code == errc::connection_lost;
    if (!pooled || dead) {
        held = std::make_unique<detail::connection>();
        if (auto prepared = held->prepare(); !prepared) return unsent(std::move(prepared).error());
        timer.start_connect();
        if (auto connected = connect(*held, *by, timer); !connected)
            return unsent(std::move(connected).error());
        reusable = send(*held, request, *by, answer, timer);
        if (!reusable && held->sent() == 0 && reusable.error().code == errc::connection_lost)
            return fail(errc::connect_failed, reusable.error().where);
    }
    if (!reusable) {
        error reason = std::move(reusable).error();
        reason.sent = held->sent() != 0;
        return reason;
    }
    // One that was woken too late to matter would wake the next call.
    if (*reusable && !stop.stop_requested()) shared_->pool.put(request.origin, std::move(held));
    return {};
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_TRANSPORT_HTTPLIB_TRANSPORT_IPP
