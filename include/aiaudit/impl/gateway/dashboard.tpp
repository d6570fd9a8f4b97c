// SPDX-License-Identifier: MIT
//
// dashboard.tpp: the members of dashboard.hpp, for any policies.
#ifndef AIAUDIT_IMPL_GATEWAY_DASHBOARD_TPP
#define AIAUDIT_IMPL_GATEWAY_DASHBOARD_TPP

#include <aiaudit/engine/ledger_share.hpp>  // ledger_share
#include <aiaudit/gateway/dashboard.hpp>
#include <aiaudit/gateway/dashboard_api.hpp>      // dashboard_api
#include <aiaudit/gateway/dashboard_assets.hpp>   // dashboard_assets
#include <aiaudit/gateway/dashboard_query.hpp>    // problem_response
#include <aiaudit/gateway/dashboard_session.hpp>  // dashboard_sessions
#include <aiaudit/gateway/openapi.hpp>            // dashboard_openapi
#include <aiaudit/gateway/request_target.hpp>
#include <aiaudit/impl/basic_ledger.tpp>      // basic_ledger
#include <aiaudit/providers/json_fields.hpp>  // parse_json
#include <aiaudit/version.hpp>                // version_major

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {

template <class Ledger>
struct basic_dashboard<Ledger>::state {
    state(Ledger& opened, dashboard_options const& with)
        : of(opened),
          api(opened, with.shipping),
          sessions(with.token),
          secure_cookie(with.secure_cookie) {}

    // By its cookie, or by the token itself.
    [[nodiscard]] token_answer admits(gateway_request const& from, token_use use) {
        auto const now = std::chrono::steady_clock::now();
        if (auto const name = session_of(from); name && sessions.holds(*name, now))
            return {true, 0};
        std::string_view const given = header_of(from.headers, "authorization");
        constexpr std::string_view scheme = "Bearer ";
        if (!detail::same_name(given.substr(0, scheme.size()), scheme)) return {};
        return sessions.try_token(given.substr(scheme.size()), from.remote, now, use);
    }

    detail::ledger_share<Ledger> const of;
    dashboard_api<Ledger> api;
    dashboard_sessions sessions;
    bool secure_cookie;
};

template <class Ledger>
basic_dashboard<Ledger>::basic_dashboard(std::unique_ptr<state> opened) noexcept
    : state_(std::move(opened)) {}
template <class Ledger>
basic_dashboard<Ledger>::basic_dashboard(basic_dashboard&&) noexcept = default;
template <class Ledger>
basic_dashboard<Ledger>& basic_dashboard<Ledger>::operator=(basic_dashboard&&) noexcept = default;
template <class Ledger>
basic_dashboard<Ledger>::~basic_dashboard() = default;

template <class Ledger>
gateway_response basic_dashboard<Ledger>::answer(gateway_request const& to) {
    return with_headers(route(to));
}

template <class Ledger>
gateway_response basic_dashboard<Ledger>::with_headers(gateway_response of) {
    auto const add = [&of](std::string_view name, std::string_view value) {
        if (header_of(of.headers, name).empty()) of.headers.emplace_back(name, value);
    };
    add("Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'");
    add("X-Content-Type-Options", "nosniff");
    add("Referrer-Policy", "no-referrer");
    add("Cross-Origin-Resource-Policy", "same-origin");
    add("Cache-Control", "no-store");
    return of;
}

template <class Ledger>
gateway_response basic_dashboard<Ledger>::route(gateway_request const& to) {
    if (!to.target.starts_with('/') || to.target.size() > target_most)
        return detail::problem_response({400, "the request's target is no path, or too long", {}});
    std::string_view const path = detail::path_of(to.target);
    auto const* const found = detail::operation_at(path);
    bool const takes_post = found != nullptr && found->is_post();
    if (to.method == "POST" && takes_post) return post(*found, to);
    if ((to.method != "GET" && to.method != "HEAD") || path == "/logout") return not_allowed(path);
    if (path.starts_with("/api/")) return get_api(path, to);
    return asset(path, to);
}

template <class Ledger>
gateway_response basic_dashboard<Ledger>::post(api_operation const& of, gateway_request const& to) {
    if (!is_same_origin(to))
        return detail::problem_response({403, "the request comes from another site", {}});
    return of.resource == api_resource::log_in ? log_in(to) : log_out(to);
}

template <class Ledger>
gateway_response basic_dashboard<Ledger>::get_api(std::string_view path,
                                                  gateway_request const& to) {
    token_answer const admitted = state_->admits(to, token_use::log_in);
    auto const* const found = detail::operation_at(path);
    bool const is_open = found != nullptr && !found->needs_login();
    if (!admitted.right && (!is_open || admitted.retry_after_s != 0)) return refused(admitted);
    api_parameters in(detail::query_of(to.target));
    if (found == nullptr) return state_->api.get(path, std::move(in));
    switch (found->resource) {
    case api_resource::session:
    case api_resource::document:
    case api_resource::events: break;
    default: return state_->api.get(path, std::move(in));
    }
    if (auto const wrong = in.problem()) return detail::problem_response(*wrong);
    if (found->resource == api_resource::session) return session_response(admitted.right);
    if (found->resource == api_resource::events) return events_so_far(to);
    return detail::json_response(dashboard_openapi());
}

// For a server that holds no stream open: the client asks again after the time it is told.
template <class Ledger>
gateway_response basic_dashboard<Ledger>::events_so_far(gateway_request const& to) {
    auto last = events_begin(to);
    if (!last) return detail::failure_response(last.error());
    gateway_response made = events_head();
    made.body = "retry: 2000\n\n" + events_after(*last);
    return made;
}

template <class Ledger>
gateway_response basic_dashboard<Ledger>::log_in(gateway_request const& to) {
    // A form of another site cannot send this type without asking first.
    std::string_view const type = header_of(to.headers, "content-type");
    if (!detail::same_name(type.substr(0, type.find(';')), "application/json"))
        return detail::problem_response({415, "a login is application/json", {}});
    if (to.body.size() > body_most)
        return detail::problem_response({413, "a login has at most 4096 bytes", {}});
    auto const body = detail::parse_json(to.body, "a login");
    auto const* const token =
        body && body->is_object() ? body->as_object().if_contains("token") : nullptr;
    if (token == nullptr || !token->is_string())
        return detail::problem_response({400, "a login is {\"token\": \"...\"}", {}});
    auto const now = std::chrono::steady_clock::now();
    token_answer const said = state_->sessions.try_token(detail::text_of(token->as_string()),
                                                         to.remote, now, token_use::log_in);
    if (!said.right) return refused(said);
    auto const name = state_->sessions.begin(now);
    if (!name) return detail::failure_response(name.error());
    gateway_response made = session_response(true);
    std::chrono::seconds const lasts = dashboard_sessions::lasts;
    made.headers.emplace_back("Set-Cookie", cookie(*name, lasts.count()));
    return made;
}

template <class Ledger>
gateway_response basic_dashboard<Ledger>::log_out(gateway_request const& to) {
    if (auto const name = session_of(to)) state_->sessions.end(*name);
    gateway_response made = session_response(false);
    made.headers.emplace_back("Set-Cookie", cookie({}, 0));
    return made;
}

template <class Ledger>
std::string basic_dashboard<Ledger>::cookie(std::string_view name, std::int64_t seconds) const {
    std::string text{cookie_name};
    text.append("=").append(name).append("; Path=/; Max-Age=").append(std::to_string(seconds));
    text.append("; HttpOnly; SameSite=Strict");
    if (state_->secure_cookie) text.append("; Secure");
    return text;
}

template <class Ledger>
std::optional<std::string_view> basic_dashboard<Ledger>::session_of(gateway_request const& from) {
    for (auto const& [name, value] : from.headers) {
        if (!detail::same_name(name, "cookie")) continue;
        std::string_view rest = value;
        while (!rest.empty()) {
            std::size_t const end = (std::min)(rest.find(';'), rest.size());
            std::string_view one = rest.substr(0, end);
            rest.remove_prefix((std::min)(end + 1, rest.size()));
            one.remove_prefix((std::min)(one.find_first_not_of(' '), one.size()));
            std::size_t const sign = one.find('=');
            if (sign == std::string_view::npos || one.substr(0, sign) != cookie_name) continue;
            return one.substr(sign + 1);
        }
    }
    return std::nullopt;
}

// Browsers say where a request comes from; programs need not.
template <class Ledger>
bool basic_dashboard<Ledger>::is_same_origin(gateway_request const& from) {
    std::string_view const site = header_of(from.headers, "sec-fetch-site");
    if (!site.empty() && site != "same-origin" && site != "none") return false;
    std::string_view const origin = header_of(from.headers, "origin");
    if (origin.empty()) return true;
    std::size_t const host = origin.find("://");
    return host != std::string_view::npos &&
           detail::same_name(origin.substr(host + 3), header_of(from.headers, "host"));
}

// The pages hold nothing that is secret: they show the login until the API lets them in.
template <class Ledger>
gateway_response basic_dashboard<Ledger>::asset(std::string_view path, gateway_request const& to) {
    bool const is_page = path == "/login" || path == "/index.html";
    std::string_view const wanted = is_page ? std::string_view{"/"} : path;
    auto const found =
        std::find_if(dashboard_assets.begin(), dashboard_assets.end(),
                     [&](dashboard_asset const& each) { return each.path == wanted; });
    if (found == dashboard_assets.end())
        return detail::problem_response({404, "there is no such page", {}});
    std::string tag(found->etag);
    if (!tag.starts_with('"')) tag = "\"" + tag + "\"";
    // A cache may have it, and asks each time whether it is still the same.
    gateway_response made{200, {{"ETag", tag}, {"Cache-Control", "no-cache"}}, {}};
    if (header_of(to.headers, "if-none-match").find(tag) != std::string_view::npos) {
        made.status = 304;
        return made;
    }
    made.headers.emplace_back("Content-Type", found->content_type);
    made.body = found->bytes;
    return made;
}

template <class Ledger>
gateway_response basic_dashboard<Ledger>::session_response(bool logged_in) {
    detail::json_writer out;
    out.raw("logged_in", logged_in ? "true" : "false");
    out.text("version", std::to_string(version_major) + "." + std::to_string(version_minor) + "." +
                            std::to_string(version_patch));
    return detail::json_response(out.finish());
}

template <class Ledger>
gateway_response basic_dashboard<Ledger>::refused(token_answer const& why) {
    if (why.retry_after_s != 0) {
        auto made = detail::problem_response(
            {429, "a wrong token, after too many others; the right one opens at any time", {}});
        made.headers.emplace_back("Retry-After", std::to_string(why.retry_after_s));
        made.delay = dashboard_sessions::wrong_delay;
        return made;
    }
    auto made = detail::problem_response({401, "log in with the dashboard's token", {}});
    made.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"aiaudit\"");
    return made;
}

template <class Ledger>
gateway_response basic_dashboard<Ledger>::not_allowed(std::string_view path) {
    auto made = detail::problem_response({405, "this method is not allowed here", {}});
    // At /login there is a page too.
    made.headers.emplace_back("Allow", path == "/logout"  ? "POST"
                                       : path == "/login" ? "GET, HEAD, POST"
                                                          : "GET, HEAD");
    return made;
}

template <class Ledger>
result<basic_dashboard<Ledger>> basic_dashboard<Ledger>::open(Ledger& of,
                                                              dashboard_options options) {
    if (auto ok = dashboard_sessions::check_token(options.token); !ok) return ok.error();
    basic_dashboard made(std::make_unique<state>(of, options));
    detail::wipe(options.token);  // its hash is kept
    return made;
}

template <class Ledger>
bool basic_dashboard<Ledger>::is_event_stream(gateway_request const& of) {
    auto const* const found = detail::operation_at(detail::path_of(of.target));
    return of.method == "GET" && found != nullptr && found->resource == api_resource::events &&
           detail::query_of(of.target).empty() && state_->admits(of, token_use::look).right;
}

template <class Ledger>
result<sequence> basic_dashboard<Ledger>::events_begin(gateway_request const& of) const {
    auto const seen = detail::decimal_of(header_of(of.headers, "last-event-id"));
    if (seen) return sequence{*seen};
    return state_->of->last_sequence();
}

template <class Ledger>
gateway_response basic_dashboard<Ledger>::events_head() {
    return with_headers({200, {{"Content-Type", "text/event-stream"}}, {}});
}

template <class Ledger>
std::string basic_dashboard<Ledger>::events_after(sequence& last, std::size_t records_most) {
    return state_->api.records().events_after(last, records_most);
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_DASHBOARD_TPP
