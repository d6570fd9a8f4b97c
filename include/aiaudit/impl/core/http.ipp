// SPDX-License-Identifier: MIT
//
// http.ipp: the definitions of http.hpp.
#ifndef AIAUDIT_IMPL_CORE_HTTP_IPP
#define AIAUDIT_IMPL_CORE_HTTP_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/core/http.hpp>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE std::string_view header_of(header_list const& headers,
                                          std::string_view name) noexcept {
    for (auto const& [key, value] : headers) {
        if (detail::same_name(key, name)) return value;
    }
    return {};
}

AIAUDIT_INLINE result<void> check_request(http_request const& request) {
    auto const refuse = [](std::string why) {
        return unsent(fail(errc::bad_argument, std::move(why)));
    };
    auto const clean = [](std::string_view text) {
        return std::none_of(text.begin(), text.end(), detail::is_control);
    };
    if (!detail::is_token(request.method)) return refuse("a bad HTTP method");
    bool const http = request.origin.starts_with("http://");
    bool const whole = (http || request.origin.starts_with("https://")) &&
                       request.origin.find_first_of("/?#@", http ? 7 : 8) == std::string::npos;
    if (!whole || !clean(request.origin) || request.origin.find(' ') != std::string::npos)
        return refuse("an origin is http://HOST[:PORT] or https://HOST[:PORT]");
    if (!request.target.starts_with('/') || !clean(request.target) ||
        request.target.find_first_of(" \t#") != std::string::npos)
        return refuse("a target is a path that begins with '/'");
    for (auto const& [name, value] : request.headers) {
        if (!detail::is_token(name)) return refuse("a bad header name");
        if (!clean(value)) return refuse("header " + name + " holds control characters");
    }
    return {};
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_CORE_HTTP_IPP
