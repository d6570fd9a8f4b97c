// SPDX-License-Identifier: MIT
//
// http_messages.hpp: a request that came to the gateway, and an answer that is not a stream.
//
// Threads: plain values.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_HTTP_MESSAGES_HPP
#define AIAUDIT_GATEWAY_HTTP_MESSAGES_HPP

#include <aiaudit/core/http.hpp>  // header_list

#include <chrono>
#include <string>

namespace aiaudit {
inline namespace v0_1_0 {

struct gateway_request {
    std::string method{};
    std::string target{};  // path and query, as they were sent
    header_list headers{};
    std::string body{};
    std::string remote{};  // the address it came from, without the port
};

struct gateway_response {
    int status = 200;
    header_list headers{};
    std::string body{};
    std::chrono::milliseconds delay{};  // that a server lets pass before it sends this
};

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_GATEWAY_HTTP_MESSAGES_HPP
