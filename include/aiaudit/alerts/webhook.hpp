// SPDX-License-Identifier: MIT
//
// webhook.hpp: alerts as HTTP requests: JSON that is signed, and what Slack takes.
//
// Threads: a sink is for one delivery at a time.
// Floor 6.
#ifndef AIAUDIT_ALERTS_WEBHOOK_HPP
#define AIAUDIT_ALERTS_WEBHOOK_HPP

#include <aiaudit/alerts/alert_sink.hpp>            // alert_sink
#include <aiaudit/alerts/signature.hpp>             // webhook_signature
#include <aiaudit/clock/clock.hpp>                  // system_clock
#include <aiaudit/core/http.hpp>                    // http_request
#include <aiaudit/resilience/retry_after.hpp>       // retry_after
#include <aiaudit/transport/httplib_transport.hpp>  // httplib_transport
#include <aiaudit/transport/transport.hpp>          // transport_policy

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {

struct webhook_options {
    std::string name = "webhook";
    // "https://example.com/hooks/ai?team=red". No error shows what follows the host.
    std::string url{};
    std::string secret{};                        // signs; empty: not signed
    header_list headers{};                       // besides ours: "Authorization"
    std::chrono::milliseconds time_max{10'000};  // of a delivery
    // What the signature's time is.
    std::function<timestamp()> now = [] { return system_clock{}.now(); };
};

namespace detail {

struct url_parts {
    std::string origin{};
    std::string target{};
};

// Errors: bad_argument, without the URL: it may hold a secret.
[[nodiscard]] result<url_parts> split_url(std::string_view url);

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
                          timestamp const at = now();
                          fill(each, of, at);
                          return post_alert(*by, each, time_max, at);
                      }};
}

// What Slack takes for marks and mentions is shown as it is.
[[nodiscard]] std::string slack_text(std::string_view text);

}  // namespace detail

// {"key":...,"kind":...,"text":...,"at":...,"facts":{...}}
[[nodiscard]] std::string to_json(alert const& of);

// POSTs to_json() with an Idempotency-Key, which is the alert's, and a signature (signature.hpp).
// A redirect is not followed, because what is sent must not travel with it. Errors: bad_argument
// for options that cannot be.
template <transport_policy Transport = httplib_transport>
[[nodiscard]] result<alert_sink> webhook_sink(
    webhook_options const& options, std::shared_ptr<Transport> by = std::make_shared<Transport>()) {
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

// POSTs {"text":...} to an incoming webhook of Slack, or of what takes the same (Mattermost,
// Rocket.Chat, Discord's /slack). Its URL is the secret; `secret` is not used. Errors: as
// webhook_sink().
template <transport_policy Transport = httplib_transport>
[[nodiscard]] result<alert_sink> slack_sink(
    webhook_options const& options, std::shared_ptr<Transport> by = std::make_shared<Transport>()) {
    return detail::http_sink(
        options, std::move(by), [](http_request& request, alert const& of, timestamp) {
            std::string const text = std::string(name_of(of.kind)) + ": " + of.text;
            request.body = boost::json::serialize(boost::json::object{
                {"text", detail::slack_text(detail::utf8_text(detail::one_line(text)))}});
        });
}

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/alerts/webhook.ipp>
#endif

#endif  // AIAUDIT_ALERTS_WEBHOOK_HPP
