// SPDX-License-Identifier: MIT
//
// answer_passer.hpp: passes an answer's body from its upstream to its client, piece by piece, while
// the budgets hold what it may still cost.
//
// Threads: one.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_ANSWER_PASSER_HPP
#define AIAUDIT_GATEWAY_ANSWER_PASSER_HPP

#include <aiaudit/detail/ascii.hpp>               // lower_case
#include <aiaudit/gateway/client_connection.hpp>  // client_connection
#include <aiaudit/gateway/cost_headers.hpp>       // held_answer
#include <aiaudit/gateway/error_body.hpp>         // error_event
#include <aiaudit/gateway/gateway_core.hpp>       // gateway_core
#include <aiaudit/gateway/passing_answer.hpp>     // passing_answer

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

template <class Core>
class answer_passer {
public:
    // All of them outlive it.
    answer_passer(Core& core, client_connection& client, api_family family,
                  passing_answer<Core>& answer)
        : core_(core), client_(client), family_(family), answer_(answer) {}

    // Asks `guard` every second, until the answer's ticker is stopped, for what a model that thinks
    // may use while nothing comes.
    template <class Guard>
    [[nodiscard]] asio::awaitable<void> start_ticks(Guard& guard);
    // Everything between the head and the end. An error: the answer was cut.
    template <class Guard>
    [[nodiscard]] asio::awaitable<std::optional<error>> pass(attempt_plan const& plan,
                                                             http_response_head const& head,
                                                             Guard& guard);
    // The end of an answer, or, if it was cut, words on that in the stream; an answer of another
    // kind is broken off, so that nobody takes it for whole.
    [[nodiscard]] asio::awaitable<void> finish(std::optional<error> const& failed,
                                               bool takes_trailers);

private:
    void begin_answer(attempt_plan const& plan, http_response_head const& head);
    // Asks for more if it is needed. An error: it may not be had.
    template <class Guard>
    [[nodiscard]] asio::awaitable<std::optional<error>> hold_more(Guard& guard);
    [[nodiscard]] asio::awaitable<bool> hand_on(std::string_view piece);
    void follow(std::string_view piece);
    // `taken`: the client took the last piece.
    [[nodiscard]] std::optional<error> reason_to_stop(bool taken, attempt_plan const& plan) const;
    // Whether a piece waits for the answer's end.
    [[nodiscard]] bool holds_back(std::string_view piece);

    Core& core_;
    client_connection& client_;
    api_family const family_;
    passing_answer<Core>& answer_;
};

template <class Core>
asio::awaitable<bool> answer_passer<Core>::hand_on(std::string_view piece) {
    if (client_.gone()) {
        answer_.drained_bytes += piece.size();
        co_return false;
    }
    std::string const held = begin_held(answer_.held, client_);
    if (!held.empty()) static_cast<void>(co_await client_.write(held));
    if (answer_.filter) piece = answer_.filter->feed(piece);
    co_return co_await client_.write(piece);
}

template <class Core>
bool answer_passer<Core>::holds_back(std::string_view piece) {
    return answer_.held && !client_.gone() && answer_.held->add(piece);
}

template <class Core>
void answer_passer<Core>::begin_answer(attempt_plan const& plan, http_response_head const& head) {
    std::string_view const type = header_of(head.headers, "content-type");
    answer_.is_stream = lower_case(std::string(type)).starts_with("text/event-stream");
    if (answer_.is_stream && plan.request->usage_injected)
        answer_.filter.emplace(plan.request->dialect);
    header_list headers = headers_for_client(head.headers, plan.id, plan.request->output_limit_set);
    if (plan.where->billable && !answer_.is_stream && is_whole_type(type)) {
        answer_.held.emplace(
            held_answer{head.status, std::move(headers), answer_.connection->length(), {}});
        return;
    }
    client_.begin(head.status, headers,
                  answer_.filter ? std::nullopt : answer_.connection->length());
}

template <class Core>
void answer_passer<Core>::follow(std::string_view piece) {
    static_cast<void>(answer_.follower.feed(piece));
    answer_.meter.note(core_.timer.now(), answer_.follower);
    if (answer_.follower.begun() && !answer_.first_piece_ns)
        answer_.first_piece_ns = nanoseconds_between(answer_.begun, answer_.meter.now());
}

template <class Core>
std::optional<error> answer_passer<Core>::reason_to_stop(bool taken,
                                                         attempt_plan const& plan) const {
    auto const then = core_.options.on_client_gone;
    bool const drained = answer_.drained_bytes > core_.options.drain_bytes_max;
    if (!taken && (then == client_gone::cut || (then == client_gone::drain_some && drained)))
        return fail(errc::cancelled, "the client went away");
    if (core_.timer.now() >= *plan.limits.deadline)
        return fail(errc::timed_out, "total: the answer took too long");
    return std::nullopt;
}

template <class Core>
template <class Guard>
asio::awaitable<std::optional<error>> answer_passer<Core>::pass(attempt_plan const& plan,
                                                                http_response_head const& head,
                                                                Guard& guard) {
    begin_answer(plan, head);
    counted_in const open_stream(answer_.is_stream ? &core_.metrics.open_streams : nullptr);
    if (answer_.is_stream) static_cast<void>(co_await client_.flush());
    for (;;) {
        auto const piece = co_await answer_.connection->read_piece(plan.limits);
        if (answer_.ticks) co_await answer_.ticks->wait_idle();
        if (!piece) co_return piece.error();
        if (piece->empty()) {
            auto const rest = answer_.watch.rest(answer_.follower);
            if (!holds_back(rest)) static_cast<void>(co_await hand_on(rest));
            co_return std::nullopt;
        }
        follow(*piece);
        auto const passed = answer_.watch.next(answer_.follower, *piece, answer_.is_stream);
        bool taken = true;
        if (!holds_back(passed)) taken = co_await hand_on(passed);
        if (!taken) answer_.meter.note_unread(core_.timer.now());
        if (auto why = reason_to_stop(taken, plan)) co_return why;
        // What it is counts, not what was asked for.
        bool const streams = plan.stream || answer_.is_stream || answer_.follower.is_stream();
        if (!streams) continue;
        if (answer_.ticks) co_await answer_.ticks->wait_idle();
        if (auto failed = co_await hold_more(guard)) co_return failed;
    }
}

template <class Core>
template <class Guard>
asio::awaitable<std::optional<error>> answer_passer<Core>::hold_more(Guard& guard) {
    if (!guard.outruns(answer_.follower)) co_return std::nullopt;
    if (!core_.admissions_wait()) co_return guard(answer_.follower);
    co_return co_await core_.away([&] { return guard(answer_.follower); });
}

template <class Core>
template <class Guard>
asio::awaitable<void> answer_passer<Core>::start_ticks(Guard& guard) {
    if (!guard.has_steps() || !answer_.meter.thinks()) co_return;
    answer_.ticks.emplace(co_await asio::this_coro::executor);
    answer_.ticks->start([this, &guard]() -> asio::awaitable<bool> {
        answer_.meter.note(core_.timer.now(), answer_.follower);
        answer_.cut = co_await hold_more(guard);
        if (answer_.cut && answer_.connection) answer_.connection->cancel();
        co_return !answer_.cut;
    });
}

template <class Core>
asio::awaitable<void> answer_passer<Core>::finish(std::optional<error> const& failed,
                                                  bool takes_trailers) {
    if (client_.gone()) co_return;
    if (answer_.filter && !answer_.filter->rest().empty())
        static_cast<void>(co_await client_.write(answer_.filter->rest()));
    if (answer_.held && !failed) answer_.held->complete(std::exchange(answer_.cost, {}));
    std::string const held = begin_held(answer_.held, client_);
    if (!held.empty()) static_cast<void>(co_await client_.write(held));
    if (!takes_trailers) answer_.cost.clear();
    if (!failed) {
        static_cast<void>(co_await client_.end(answer_.cost));
        co_return;
    }
    client_.close_after_this();
    if (!answer_.is_stream || answer_.connection->length()) {
        client_.close();
        co_return;
    }
    static_cast<void>(co_await client_.write(error_event(family_, problem_of(*failed, {}))));
    static_cast<void>(co_await client_.end(answer_.cost));
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_GATEWAY_ANSWER_PASSER_HPP
