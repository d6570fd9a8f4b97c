// SPDX-License-Identifier: MIT
//
// reply.hpp: what a call comes back with: the answer, and what it cost.
//
// Threads: plain values.
// Floor 7.
#ifndef AIAUDIT_CLIENT_REPLY_HPP
#define AIAUDIT_CLIENT_REPLY_HPP

#include <aiaudit/core/record.hpp>       // cost_status
#include <aiaudit/error.hpp>             // error
#include <aiaudit/providers/answer.hpp>  // answer

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// Of every kind of call.
struct reply {
    std::string provider{};  // that answered, which a fallback may have changed
    std::string model{};     // that served it
    int status = 0;          // HTTP
    // The response as it came; empty for a stream, whose events were handed over one by one.
    std::string body{};

    aiaudit::usage usage{};  // of the attempt that answered
    money cost{};            // of the whole call: every attempt that was billed
    aiaudit::cost_status cost_status = aiaudit::cost_status::unknown;
    std::optional<error> cost_problem{};  // why the cost is not exact, where it is not

    aiaudit::operation_id operation_id{};  // by which the records of the call are found
    sequence record{};                     // of the last; zero where it is not known yet
    std::uint32_t attempts = 0;            // 0: from the cache, or from an identical call in flight
    bool complete = true;                  // false for a stream that the caller ended
    bool budget_warned = false;            // a budget that only warns is over its limit
    std::string downgraded_from{};         // the model that a budget had no room for
    std::uint64_t duration_ns = 0;         // of the whole call, waits included
    std::optional<std::uint64_t> time_to_first_token_ns{};  // streams: from the attempt's start

    [[nodiscard]] bool from_cache() const noexcept { return attempts == 0; }
};

struct chat_reply : reply, answer {
    using reply::model;  // an answer has one too, the same
};

struct embedding_reply : reply {
    std::vector<std::vector<float>> vectors{};  // in the order of the inputs
};

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_CLIENT_REPLY_HPP
