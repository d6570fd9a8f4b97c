// SPDX-License-Identifier: MIT
//
// own_answers.hpp: what a key may ask the gateway itself: what it has spent and has left, and what
// one of its calls has cost.
//
//     GET /aiaudit/v1/budget[?model=MODEL]
//     GET /aiaudit/v1/calls/OPERATION
//
// A key sees its own: the budgets that cover its calls, and its calls; those of another are 404.
// Threads: plain functions; the core is shared.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_OWN_ANSWERS_HPP
#define AIAUDIT_GATEWAY_OWN_ANSWERS_HPP

#include <aiaudit/codec/block.hpp>                 // view_block
#include <aiaudit/core/ids.hpp>                    // operation_id
#include <aiaudit/gateway/caller.hpp>              // caller_of
#include <aiaudit/gateway/dashboard_query.hpp>     // json_response
#include <aiaudit/gateway/ended_calls.hpp>         // ended_call
#include <aiaudit/gateway/error_body.hpp>          // error_response
#include <aiaudit/gateway/request_target.hpp>      // path_of, query_of
#include <aiaudit/gateway/server.hpp>              // session
#include <aiaudit/gateway/understood_request.hpp>  // identify

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

inline constexpr std::string_view own_prefix = "/aiaudit/";
inline constexpr std::string_view own_budget_path = "/aiaudit/v1/budget";
inline constexpr std::string_view own_calls_prefix = "/aiaudit/v1/calls/";
// How far back in the log a call is looked for that is not among the last ones.
inline constexpr std::uint64_t calls_looked_at_most = 200'000;

[[nodiscard]] gateway_problem no_such_call();
[[nodiscard]] gateway_problem no_such_answer(std::string_view method, std::string_view target);

// What the budgets leave for calls of `who`, as JSON.
[[nodiscard]] std::string budgets_json(record const& who, std::vector<budget_state> const& states);

// Of whom a call would be that came with this request. Errors: as caller_of(); bad_argument for a
// parameter that is not known.
[[nodiscard]] result<record> subject_of_request(gateway_request const& request,
                                                gateway_key const& key);

// A call's outcomes in the log, those of its last records alone, with what they cost in truth where
// that was said later. Of one that is `known` only the latter; none: there are none.
template <class Ledger>
[[nodiscard]] result<std::optional<ended_call>> find_call(Ledger& log, operation_id const& wanted,
                                                          std::optional<ended_call> known) {
    auto const first = log.first_sequence();
    if (!first) return first.error();
    auto const last = log.last_sequence();
    if (!last) return last.error();
    std::uint64_t const newest = value_of(*last);
    std::uint64_t const oldest = (std::max)(
        value_of(*first), newest > calls_looked_at_most ? newest - calls_looked_at_most + 1 : 1);
    bool const takes_outcomes = !known;
    std::optional<ended_call> found = std::move(known);
    if (oldest > newest) return found;
    auto const read = log.log().blocks(oldest, [&](std::string_view block) -> result<bool> {
        std::vector<sequence> of_call;
        auto const looked = view_block(block, [&](sequence number, record_view const& entry) {
            bool const is_of_kind = entry.kind == record_kind::outcome
                                        ? takes_outcomes
                                        : entry.kind == record_kind::correction;
            if (is_of_kind && entry.operation_id == wanted) of_call.push_back(number);
            return true;
        });
        if (!looked) return looked.error();
        if (of_call.empty()) return true;
        auto const taken = read_block(block, [&](sequence number, record&& entry) {
            if (std::find(of_call.begin(), of_call.end(), number) == of_call.end()) return true;
            if (entry.kind == record_kind::correction) {
                if (found) found->correct(entry);
                return true;
            }
            if (!found) found.emplace();
            found->add(entry);
            return true;
        });
        if (!taken) return taken.error();
        return true;
    });
    if (!read && read.error().code != errc::not_found) return read.error();
    return found;
}

template <class Core>
[[nodiscard]] result<gateway_response> own_budget(Core& core, gateway_request const& request,
                                                  gateway_key const& key) {
    auto const who = subject_of_request(request, key);
    if (!who) return who.error();
    auto const states = core.ledger.budget_states_of(*who);
    if (!states) return states.error();
    return json_response(budgets_json(*who, *states));
}

template <class Core>
[[nodiscard]] result<gateway_response> own_call(Core& core, std::string_view id,
                                                gateway_key const& key) {
    auto const none = [] { return error_response(api_family::openai, no_such_call()); };
    auto const wanted = operation_id::parse(id);
    if (!wanted) return none();
    auto found = core.ended.find(*wanted);
    if (!found || (found->bounds != 0 && found->key_id == key.id)) {
        auto looked = find_call(core.ledger, *wanted, found);
        if (!looked) return looked.error();
        found = std::move(*looked);
    }
    if (!found || found->key_id != key.id) return none();
    return json_response(to_json(*wanted, *found));
}

// In a thread that may wait.
template <class Core>
[[nodiscard]] gateway_response own_answer(Core& core, gateway_request const& request) {
    understood_request who;
    if (auto const problem = identify(core, request, who))
        return error_response(api_family::openai, *problem);
    std::string_view const path = path_of(request.target);
    result<gateway_response> made =
        error_response(api_family::openai, no_such_answer(request.method, request.target));
    bool const reads = request.method == "GET" || request.method == "HEAD";
    if (reads && path == own_budget_path) made = own_budget(core, request, *who.key);
    if (reads && path.starts_with(own_calls_prefix))
        made = own_call(core, path.substr(own_calls_prefix.size()), *who.key);
    if (!made) return error_response(api_family::openai, problem_of(made.error(), {}));
    made->headers.emplace_back("Cache-Control", "no-store");
    return std::move(*made);
}

template <class Core>
[[nodiscard]] asio::awaitable<void> serve_own(Core& core, session& of) {
    gateway_response const told = co_await core.away([&] { return own_answer(core, of.request); });
    static_cast<void>(co_await of.client.respond(told));
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/own_answers.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_OWN_ANSWERS_HPP
