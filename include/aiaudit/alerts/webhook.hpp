// SPDX-License-Identifier: MIT
//
// webhook.hpp: alerts as HTTP requests: JSON that is signed, and what Slack takes.
//
// Threads: a sink is for one delivery at a time.
// Floor 6.
#ifndef AIAUDIT_ALERTS_WEBHOOK_HPP
#define AIAUDIT_ALERTS_WEBHOOK_HPP

#include <aiaudit/alerts/alert_sink.hpp>  // alert_sink
#include <aiaudit/alerts/signature.hpp>   // verify_webhook
#include <aiaudit/core/http.hpp>          // header_list
#include <aiaudit/core/timestamp.hpp>     // timestamp

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

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
    std::function<timestamp()> now{};  // empty: the system's clock
};

namespace detail {

struct url_parts {
    std::string origin{};
    std::string target{};
};

// Errors: bad_argument, without the URL: it may hold a secret.
[[nodiscard]] result<url_parts> split_url(std::string_view url);

// What Slack takes for marks and mentions is shown as it is.
[[nodiscard]] std::string slack_text(std::string_view text);

}  // namespace detail

// {"key":...,"kind":...,"text":...,"at":...,"facts":{...}}
[[nodiscard]] std::string to_json(alert const& of);

// POSTs to_json() with an Idempotency-Key, which is the alert's, and a signature (signature.hpp).
// A redirect is not followed, because what is sent must not travel with it. Errors: bad_argument
// for options that cannot be.
template <class Transport>
[[nodiscard]] result<alert_sink> webhook_sink(webhook_options const& options,
                                              std::shared_ptr<Transport> transport);
[[nodiscard]] result<alert_sink> webhook_sink(webhook_options const& options);

// POSTs {"text":...} to an incoming webhook of Slack, or of what takes the same (Mattermost,
// Rocket.Chat, Discord's /slack). Its URL is the secret; `secret` is not used. Errors: as
// webhook_sink().
template <class Transport>
[[nodiscard]] result<alert_sink> slack_sink(webhook_options const& options,
                                            std::shared_ptr<Transport> transport);
[[nodiscard]] result<alert_sink> slack_sink(webhook_options const& options);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/alerts/webhook.ipp>
#include <aiaudit/impl/alerts/webhook.tpp>
#endif

#endif  // AIAUDIT_ALERTS_WEBHOOK_HPP
