// SPDX-License-Identifier: MIT
//
// origin.ipp: the definitions of origin.hpp.
#ifndef AIAUDIT_IMPL_TRANSPORT_ORIGIN_IPP
#define AIAUDIT_IMPL_TRANSPORT_ORIGIN_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/transport/origin.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// "HOST", "HOST:PORT", "[ADDRESS]", "[ADDRESS]:PORT".
AIAUDIT_INLINE std::optional<network_place> parse_authority(std::string_view text,
                                                            std::string_view default_port) {
    network_place place;
    bool const bracketed = text.starts_with('[');
    auto const close = text.find(']');
    if (bracketed && close == std::string_view::npos) return std::nullopt;
    auto const end = bracketed ? close + 1 : (std::min)(text.find(':'), text.size());
    place.host = bracketed ? text.substr(1, close - 1) : text.substr(0, end);
    text.remove_prefix(end);
    place.port_given = !text.empty();
    if (place.port_given && !text.starts_with(':')) return std::nullopt;
    place.port = place.port_given ? text.substr(1) : default_port;
    bool const digits = std::all_of(place.port.begin(), place.port.end(),
                                    [](char c) { return c >= '0' && c <= '9'; });
    if (place.host.empty() || !digits || place.port.empty() || place.port.size() > 5 ||
        std::stoi(place.port) > 65'535 || std::stoi(place.port) == 0)
        return std::nullopt;
    return place;
}

AIAUDIT_INLINE result<network_place> parse_origin(std::string_view origin) {
    bool const tls = origin.starts_with("https://");
    bool const http = origin.starts_with("http://");
    auto place = tls || http ? parse_authority(origin.substr(tls ? 8 : 7), tls ? "443" : "80")
                             : std::nullopt;
    if (!place) return fail(errc::bad_argument, "the origin's host or port is none");
    place->tls = tls;
    return std::move(*place);
}

AIAUDIT_INLINE result<proxy_place> parse_proxy(std::string_view text) {
    proxy_place proxy;
    bool const http = text.starts_with("http://");
    if (http) text.remove_prefix(7);
    if (text.ends_with('/')) text.remove_suffix(1);
    if (auto const at = text.rfind('@'); at != std::string_view::npos) {
        auto const colon = (std::min)(text.find(':'), at);
        proxy.user = text.substr(0, colon);
        proxy.password = text.substr((std::min)(colon + 1, at), at - (std::min)(colon + 1, at));
        text.remove_prefix(at + 1);
    }
    auto place = http ? parse_authority(text, "80") : std::nullopt;
    bool const clean = std::none_of(text.begin(), text.end(),
                                    [](char c) { return c <= ' ' || c == '/' || c == '\x7F'; });
    if (!place || !clean)
        return fail(errc::bad_argument, "a proxy is http://[USER:PASSWORD@]HOST:PORT");
    proxy.at = std::move(*place);
    return proxy;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_TRANSPORT_ORIGIN_IPP
