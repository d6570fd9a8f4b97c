// SPDX-License-Identifier: MIT
//
// site_server.ipp: the definitions of site_server.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_SITE_SERVER_IPP
#define AIAUDIT_IMPL_GATEWAY_SITE_SERVER_IPP

#include <aiaudit/config.hpp>          // AIAUDIT_INLINE
#include <aiaudit/gateway/server.hpp>  // server
#include <aiaudit/gateway/site_server.hpp>

#include <chrono>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {

struct site_server::state {
    state(gateway_options with, detail::tls_context tls)
        : options(std::move(with)), web(options, metrics, std::move(tls), {}) {}
    gateway_options const options;
    gateway_metrics metrics{};
    detail::server web;
};

AIAUDIT_INLINE site_server::site_server(std::unique_ptr<state> made) noexcept
    : state_(std::move(made)) {}
AIAUDIT_INLINE site_server::site_server(site_server&&) noexcept = default;
AIAUDIT_INLINE site_server& site_server::operator=(site_server&&) noexcept = default;
AIAUDIT_INLINE site_server::~site_server() = default;

AIAUDIT_INLINE result<site_server> site_server::make(unsigned threads, std::size_t body_bytes_max) {
    gateway_options with;
    with.threads = threads;
    with.limits.body_bytes_max = body_bytes_max;
    with.shutdown_time = std::chrono::seconds(5);
    auto tls = detail::make_tls_context({}, true);
    if (!tls) return tls.error();
    return site_server{std::make_unique<state>(std::move(with), std::move(*tls))};
}

AIAUDIT_INLINE void site_server::add(listen_address at, gateway_site site) {
    state_->web.add(
        {std::move(at),
         state_->options.limits,
         [of = std::move(site)](auto& session) { return detail::serve_site(of, session); },
         {}});
}
AIAUDIT_INLINE result<void> site_server::start() { return state_->web.start(); }
AIAUDIT_INLINE std::uint16_t site_server::port(std::size_t number) const {
    return state_->web.port(number);
}
AIAUDIT_INLINE void site_server::stop() { state_->web.stop(); }

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_SITE_SERVER_IPP
