// SPDX-License-Identifier: MIT
//
// webhook.tpp: the templates of webhook.hpp, for any transport.
#ifndef AIAUDIT_IMPL_ALERTS_WEBHOOK_TPP
#define AIAUDIT_IMPL_ALERTS_WEBHOOK_TPP

#include <aiaudit/alerts/signature.hpp>  // webhook_signature
#include <aiaudit/alerts/webhook.hpp>
#include <aiaudit/clock/clock.hpp>             // system_clock
#include <aiaudit/core/http.hpp>               // http_request
#include <aiaudit/resilience/retry_after.hpp>  // retry_after
#include <aiaudit/transport/transport.hpp>     // transport_policy

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Sends it, and takes any 2xx for delivered.
template <class Transport>
[[nodiscard]] result<void> post_alert(Transport& by, http_request const& request,
                                      std::chrono::milliseconds time_max, timestamp now) {
    transfer_limits limits;
    limits.deadline = std::chrono::steady_clock::now() + time_max;
    limits.response_bytes_max = std::size_t{1} << 20;
    http_response_head answer;
    auto const sent = by.exchange(
        request, limits, std::stop_token{},
        [&answer](http_response_head const& head) {
            answer = head;
            return true;
        },
        [](std::string_view) { return true; });
    if (!sent) return sent.error();
    if (answer.status >= 200 && answer.status < 300) return {};
    error refused =
        fail(errc::bad_response, "the webhook answered " + std::to_string(answer.status));
    if (auto const wait = retry_after(answer.headers, now))
        refused.retry_after_ms = static_cast<std::uint64_t>(wait->count());
    return refused;
}

// `fill(http_request&, alert const&, timestamp)` makes a request of an alert.
template <class Transport, class Fill>
[[nodiscard]] result<alert_sink> http_sink(webhook_options const& options,
                                           std::shared_ptr<Transport> by, Fill fill) {
    auto to = split_url(options.url);
    if (!to) return to.error();
    http_request request{"POST", std::move(to->origin), std::move(to->target), options.headers, {}};
    request.headers.emplace_back("Content-Type", "application/json");
    if (auto ok = check_request(request); !ok) return ok.error();
    return alert_sink{options.name,
                      [request, by = std::move(by), fill = std::move(fill),
                       time_max = options.time_max, now = options.now](alert const& of) {
                          http_request each = request;
                          timestamp const at = now ? now() : system_clock{}.now();
                          fill(each, of, at);
                          return post_alert(*by, each, time_max, at);
                      }};
}

}  // namespace detail

template <class Transport>
result<alert_sink> webhook_sink(webhook_options const& options, std::shared_ptr<Transport> by) {
    static_assert(transport_policy<Transport>, "not a transport_policy (transport/transport.hpp)");
    return detail::http_sink(
        options, std::move(by),
        [secret = options.secret](http_request& request, alert const& of, timestamp now) {
            request.body = to_json(of);
            request.headers.emplace_back(webhook_key_header, of.key);
            request.headers.emplace_back(webhook_time_header, std::to_string(now.seconds()));
            if (secret.empty()) return;
            request.headers.emplace_back(webhook_signature_header,
                                         webhook_signature(secret, now.seconds(), request.body));
        });
}

template <class Transport>
result<alert_sink> slack_sink(webhook_options const& options, std::shared_ptr<Transport> by) {
    static_assert(transport_policy<Transport>, "not a transport_policy (transport/transport.hpp)");
    return detail::http_sink(
        options, std::move(by), [](http_request& request, alert const& of, timestamp) {
            std::string const text = std::string(name_of(of.kind)) + ": " + of.text;
            request.body = boost::json::serialize(boost::json::object{
                {"text", detail::slack_text(detail::utf8_text(detail::one_line(text)))}});
        });
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ALERTS_WEBHOOK_TPP
