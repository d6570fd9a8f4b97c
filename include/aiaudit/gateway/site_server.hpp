// SPDX-License-Identifier: MIT
//
// site_server.hpp: serves sites without a gateway.
//
// Threads: add() and start() once, by one; the rest by any.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_SITE_SERVER_HPP
#define AIAUDIT_GATEWAY_SITE_SERVER_HPP

#include <aiaudit/gateway/gateway_options.hpp>  // listen_address, gateway_limits
#include <aiaudit/gateway/gateway_site.hpp>     // gateway_site

#include <cstddef>
#include <cstdint>
#include <memory>

namespace aiaudit {
inline namespace v0_1_0 {

class site_server {
public:
    // `threads` that serve; bodies of requests up to so many bytes. Errors: tls_failed.
    [[nodiscard]] static result<site_server> make(unsigned threads, std::size_t body_bytes_max);

    site_server(site_server&&) noexcept;
    site_server& operator=(site_server&&) noexcept;
    ~site_server();

    void add(listen_address at, gateway_site site);
    // Errors: as basic_gateway::start().
    [[nodiscard]] result<void> start();
    [[nodiscard]] std::uint16_t port(std::size_t number) const;
    void stop();

private:
    struct state;
    explicit site_server(std::unique_ptr<state> made) noexcept;

    std::unique_ptr<state> state_;
};

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/site_server.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_SITE_SERVER_HPP
