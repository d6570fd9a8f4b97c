// SPDX-License-Identifier: MIT
//
// webhook.ipp: the definitions of webhook.hpp.
#ifndef AIAUDIT_IMPL_ALERTS_WEBHOOK_IPP
#define AIAUDIT_IMPL_ALERTS_WEBHOOK_IPP

#include <aiaudit/alerts/webhook.hpp>
#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/impl/alerts/webhook.tpp>
#include <aiaudit/transport/httplib_transport.hpp>  // httplib_transport

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

#include <algorithm>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE result<url_parts> split_url(std::string_view url) {
    std::size_t const host = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
    if (host == 0)
        return fail(errc::bad_argument, "a webhook's URL begins with https:// or http://");
    std::size_t const end = (std::min)(url.find_first_of("/?", host), url.size());
    if (end == host) return fail(errc::bad_argument, "a webhook's URL names no host");
    url_parts parts{std::string(url.substr(0, end)), std::string(url.substr(end))};
    if (!parts.target.starts_with('/')) parts.target.insert(0, 1, '/');
    http_request const request{"POST", parts.origin, parts.target, {}, {}};
    if (auto ok = check_request(request); !ok)
        return fail(errc::bad_argument, "the webhook's URL: " + ok.error().where);
    return parts;
}

AIAUDIT_INLINE std::string slack_text(std::string_view text) {
    std::string out;
    for (char const c : text) {
        if (c == '&') {
            out += "&amp;";
        } else if (c == '<') {
            out += "&lt;";
        } else if (c == '>') {
            out += "&gt;";
        } else {
            out.push_back(c);
        }
    }
    return out;
}

}  // namespace detail

AIAUDIT_INLINE std::string to_json(alert const& of) {
    boost::json::object facts;
    for (auto const& [name, value] : of.facts)
        facts[detail::utf8_text(name)] = detail::utf8_text(value);
    boost::json::object const all{{"key", of.key},
                                  {"kind", name_of(of.kind)},
                                  {"text", detail::utf8_text(of.text)},
                                  {"at", of.at.to_string()},
                                  {"facts", std::move(facts)}};
    return boost::json::serialize(all);
}

AIAUDIT_INLINE result<alert_sink> webhook_sink(webhook_options const& options) {
    return webhook_sink(options, std::make_shared<httplib_transport>());
}
AIAUDIT_INLINE result<alert_sink> slack_sink(webhook_options const& options) {
    return slack_sink(options, std::make_shared<httplib_transport>());
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ALERTS_WEBHOOK_IPP
