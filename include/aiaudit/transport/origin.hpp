// SPDX-License-Identifier: MIT
//
// origin.hpp: the parts of an origin and of a proxy's address.
//
// Threads: pure functions.
// Floor 5.
#ifndef AIAUDIT_TRANSPORT_ORIGIN_HPP
#define AIAUDIT_TRANSPORT_ORIGIN_HPP

#include <aiaudit/error.hpp>  // result

#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

struct network_place {
    bool tls = false;
    std::string host{};  // an IPv6 address without its brackets
    std::string port{};  // decimal
    bool port_given = false;

    [[nodiscard]] std::string authority_with_port() const {
        return (host.find(':') == std::string::npos ? host : '[' + host + ']') + ':' + port;
    }
    // As a Host header has it.
    [[nodiscard]] std::string authority() const {
        std::string text = authority_with_port();
        if (!port_given) text.resize(text.size() - port.size() - 1);
        return text;
    }
};

// Errors: bad_argument.
[[nodiscard]] result<network_place> parse_origin(std::string_view origin);

struct proxy_place {
    network_place at{};
    std::string user{};
    std::string password{};
};

// "http://[USER:PASSWORD@]HOST:PORT", which no error shows. Errors: bad_argument.
[[nodiscard]] result<proxy_place> parse_proxy(std::string_view text);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/transport/origin.ipp>
#endif

#endif  // AIAUDIT_TRANSPORT_ORIGIN_HPP
