// SPDX-License-Identifier: MIT
//
// passing_answer.hpp: one attempt at an upstream, while its answer passes.
//
// Threads: one.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_PASSING_ANSWER_HPP
#define AIAUDIT_GATEWAY_PASSING_ANSWER_HPP

#include <aiaudit/client/attempt.hpp>               // attempt_plan
#include <aiaudit/client/stream_meter.hpp>          // stream_meter
#include <aiaudit/gateway/answer_rights.hpp>        // answer_watch
#include <aiaudit/gateway/cost_headers.hpp>         // held_answer
#include <aiaudit/gateway/ticker.hpp>               // ticker
#include <aiaudit/gateway/understood_request.hpp>   // understood_request
#include <aiaudit/gateway/upstream_connection.hpp>  // upstream_connection
#include <aiaudit/gateway/usage_chunk_filter.hpp>   // usage_chunk_filter

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// What an answer has on its way.
template <class Core>
struct passing_answer {
    passing_answer(Core& core, understood_request const& asked, attempt_plan const& plan)
        : follower(exchange_of(plan), *plan.request, *plan.where, nobody, 0, answer_text::passed),
          meter(core.timer.now(), plan.request->facts.may_think),
          origin(plan.to->origin),
          begun(meter.now()),
          watch(core, asked, plan.to->name, *plan.where) {}

    stream_listener nobody{};
    response_follower follower;
    stream_meter meter;
    std::string origin;
    std::unique_ptr<upstream_connection> connection{};
    std::optional<usage_chunk_filter> filter{};
    std::optional<held_answer> held{};
    header_list cost{};             // once it has ended
    std::optional<ticker> ticks{};  // where more is to be held while nothing comes
    std::optional<error> cut{};     // why it was, by a tick
    steady_time begun;
    std::optional<std::uint64_t> first_piece_ns{};
    std::size_t drained_bytes = 0;
    bool is_stream = false;
    answer_watch<Core> watch;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_GATEWAY_PASSING_ANSWER_HPP
