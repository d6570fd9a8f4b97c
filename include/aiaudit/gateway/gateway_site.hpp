// SPDX-License-Identifier: MIT
//
// gateway_site.hpp: a site that the gateway serves at an address of its own.
//
// Threads: plain values; the functions are called by any thread.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_GATEWAY_SITE_HPP
#define AIAUDIT_GATEWAY_GATEWAY_SITE_HPP

#include <aiaudit/core/ids.hpp>               // sequence
#include <aiaudit/error.hpp>                  // result
#include <aiaudit/gateway/http_messages.hpp>  // gateway_request, gateway_response

#include <functional>
#include <string>

namespace aiaudit {
inline namespace v0_1_0 {

// A site that the gateway serves beside its own, such as the dashboard. Its functions are called by
// any thread, and may take some milliseconds.
struct gateway_site {
    std::function<gateway_response(gateway_request const&)> answer{};
    // A stream of server-sent events, if a request asks for one, and for as long as it may: after
    // which record it begins, its head, and what came after a record.
    std::function<bool(gateway_request const&)> is_event_stream{};
    std::function<result<sequence>(gateway_request const&)> events_begin{};
    std::function<gateway_response()> events_head{};
    std::function<std::string(sequence& last)> events_after{};
};

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_GATEWAY_GATEWAY_SITE_HPP
