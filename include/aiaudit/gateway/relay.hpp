// SPDX-License-Identifier: MIT
//
// relay.hpp: one request, from the client's key to the record of what it cost.
//
// Bodies pass as they came, but for a limit of output that caps or budgets want, and OpenAI's
// stream_options, which makes a stream report its usage.
// Threads: one request for one thread; the core is shared.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_RELAY_HPP
#define AIAUDIT_GATEWAY_RELAY_HPP

#include <aiaudit/client/stream_guard.hpp>         // stream_guard
#include <aiaudit/gateway/answer_passer.hpp>       // answer_passer
#include <aiaudit/gateway/answer_rights.hpp>       // check_owner
#include <aiaudit/gateway/caller.hpp>              // headers_for_upstream
#include <aiaudit/gateway/client_connection.hpp>   // client_connection
#include <aiaudit/gateway/cost_headers.hpp>        // held_answer
#include <aiaudit/gateway/error_body.hpp>          // error_response
#include <aiaudit/gateway/gateway_core.hpp>        // gateway_core
#include <aiaudit/gateway/model_lister.hpp>        // model_lister
#include <aiaudit/gateway/passing_answer.hpp>      // passing_answer
#include <aiaudit/gateway/understood_request.hpp>  // understand
#include <aiaudit/gateway/upstream_pool.hpp>       // upstream_pool

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

template <class Core>
class relay {
public:
    // The request and all else outlive the relay.
    relay(Core& core, upstream_pool& pool, client_connection& client,
          gateway_request const& request)
        : core_(core),
          pool_(pool),
          client_(client),
          request_(request),
          family_(router::family_of(request.target, request.headers)) {}
    relay(relay const&) = delete;
    relay& operator=(relay const&) = delete;

    // Answers the request, whatever happens.
    [[nodiscard]] asio::awaitable<void> run();

private:
    using passage = typename decltype(Core::desk)::passage;

    // A request that is ready to go to an upstream.
    struct ready_request {
        std::size_t upstream = 0;
        std::string model{};
        std::string downgraded_from{};
        prepared_request request{};
        endpoint point{};
    };
    // Why an upstream did not answer, so that another may be asked.
    struct refusal {
        gateway_problem problem{};
        std::optional<budget_refusal> by_budget{};
        bool final = false;  // no other upstream would help
    };
    using refused = std::optional<refusal>;
    using passing = passing_answer<Core>;

    [[nodiscard]] result<ready_request> ready(std::size_t upstream, std::string const& model);
    [[nodiscard]] attempt_plan plan_of(ready_request const& at, api_key const& key);

    [[nodiscard]] asio::awaitable<void> answer(gateway_problem problem);
    // Why the log would not take what the request leaves there; nothing where it is asked anyway,
    // before the request goes out.
    [[nodiscard]] asio::awaitable<std::optional<gateway_problem>> log_problem();
    [[nodiscard]] gateway_problem refused_by_log(error const& why);
    [[nodiscard]] asio::awaitable<refused> try_upstream(std::size_t upstream, bool is_last);
    [[nodiscard]] asio::awaitable<refused> attempt(ready_request const& at, bool is_last);
    [[nodiscard]] asio::awaitable<refused> exchange_with(ready_request const& at,
                                                         attempt_plan const& plan,
                                                         breaker_ticket ticket, passage in,
                                                         bool is_last);
    [[nodiscard]] asio::awaitable<result<passage>> enter(attempt_plan const& plan);
    // To the upstream that he asked for alone: what he has there opens nothing at another.
    [[nodiscard]] bool passes_callers_key(ready_request const& at) const noexcept {
        return asked_.is_nobodys() && at.upstream == asked_.to.upstream;
    }
    [[nodiscard]] result<http_request> request_for(ready_request const& at, passing const& of,
                                                   attempt_plan const& plan);
    [[nodiscard]] asio::awaitable<result<http_response_head>> begin_exchange(
        ready_request const& at, passing& of, attempt_plan const& plan);
    void note(std::optional<breaker_change> const& change, std::string const& model,
              std::string const& provider);
    [[nodiscard]] error_class record_end(ready_request const& at, attempt_plan const& plan,
                                         passing& of, std::optional<error> failed, record entry,
                                         breaker_ticket ticket);

    Core& core_;
    upstream_pool& pool_;
    client_connection& client_;
    gateway_request const& request_;
    api_family const family_;
    understood_request asked_{};
    operation_id id_{};
    std::uint32_t attempts_ = 0;
    bool warned_ = false;
};

template <class Core>
asio::awaitable<void> relay<Core>::answer(gateway_problem problem) {
    auto told = error_response(family_, problem);
    if (!id_.is_zero()) told.headers.emplace_back("x-aiaudit-operation", id_.to_string());
    static_cast<void>(co_await client_.respond(told));
}

template <class Core>
gateway_problem relay<Core>::refused_by_log(error const& why) {
    gateway_problem problem = log_problem_of(why);
    if (problem.status == 503) {
        core_.metrics.refused("ledger");
        core_.ready.forget();
    }
    return problem;
}

template <class Core>
asio::awaitable<std::optional<gateway_problem>> relay<Core>::log_problem() {
    bool const asks_first =
        asked_.to.billable && core_.options.calls.intent == intent_mode::durable;
    if (asks_first) co_return std::nullopt;
    auto const takes = co_await core_.log_takes();
    // A free look leaves nothing there.
    bool const leaves = asked_.to.billable || is_of_store(asked_);
    if (takes || (!leaves && takes.error().code != errc::moved)) co_return std::nullopt;
    co_return refused_by_log(takes.error());
}

template <class Core>
asio::awaitable<void> relay<Core>::run() {
    if (auto problem = understand(core_, request_, asked_)) {
        co_await answer(std::move(*problem));
        co_return;
    }
    if (auto problem = co_await log_problem()) {
        co_await answer(std::move(*problem));
        co_return;
    }
    if (model_lister<Core>::is_due(core_, request_, asked_)) {
        model_lister<Core> lister(core_, pool_, client_, request_, asked_);
        static_cast<void>(co_await client_.respond(co_await lister.run()));
        co_return;
    }
    if (core_.answers && is_of_store(asked_)) {
        if (auto problem = co_await core_.away([&] { return check_owner(core_, asked_); })) {
            co_await answer(std::move(*problem));
            co_return;
        }
    }
    id_ = make_operation_id(core_.ledger.time().now());
    client_.watch(nullptr);  // nothing is sent for one that leaves before its turn
    // What one upstream keeps no other one has, or it is another thing there.
    auto const others = is_of_store(asked_) ? std::vector<std::size_t>{}
                                            : core_.routes.fallbacks(asked_.to.upstream);
    refused last = co_await try_upstream(asked_.to.upstream, others.empty());
    for (std::size_t i = 0; i < others.size() && last && !last->final && !client_.gone(); ++i)
        last = co_await try_upstream(others[i], i + 1 == others.size());
    client_.unwatch();
    if (last && !client_.gone()) co_await answer(std::move(last->problem));
}

// --- one upstream ---

template <class Core>
result<typename relay<Core>::ready_request> relay<Core>::ready(std::size_t upstream,
                                                               std::string const& model) {
    provider_entry const& entry = core_.routes.upstreams()[upstream].entry;
    auto prepared = asked_.to.billable ? asked_.raw.prepared(entry, asked_.to.path, model)
                                       : asked_.raw.as_it_came(entry, asked_.to.path);
    if (!prepared) return prepared.error();
    auto point = point_of(asked_.to, entry, prepared->target);
    if (!point) return point.error();
    if (point->billable) {
        if (auto limited = core_.desk.limit(*prepared, *point, entry.name, model); !limited)
            return limited.error();
    }
    return ready_request{upstream, model, {}, std::move(*prepared), std::move(*point)};
}

template <class Core>
attempt_plan relay<Core>::plan_of(ready_request const& at, api_key const& key) {
    attempt_plan plan;
    plan.to = &core_.routes.upstreams()[at.upstream].entry;
    plan.key = &key;
    plan.request = &at.request;
    plan.where = &at.point;
    plan.model = at.model;
    plan.downgraded_from = at.downgraded_from;
    plan.who = &asked_.who;
    plan.id = id_;
    plan.number = ++attempts_;
    plan.stream = asked_.raw.stream;
    plan.limits = core_.options.upstream;
    plan.limits.deadline = core_.timer.now() + core_.options.upstream_time;
    return plan;
}

// With the model that is asked for, or, where a budget has no room for it and says so, a cheaper
// one.
template <class Core>
asio::awaitable<typename relay<Core>::refused> relay<Core>::try_upstream(std::size_t upstream,
                                                                         bool is_last) {
    std::vector<std::string> tried;
    std::string model = asked_.raw.model;
    for (;;) {
        auto at = ready(upstream, model);
        if (!at) co_return refusal{problem_of(at.error(), {}), {}, is_last};
        if (model != asked_.raw.model) at->downgraded_from = asked_.raw.model;
        refused why = co_await attempt(*at, is_last);
        if (!why || !why->by_budget || why->by_budget->then != budget_action::downgrade)
            co_return why;
        tried.push_back(model);
        auto const next = cheaper_than(why->by_budget->models, model, tried);
        if (!next || !may_use(*asked_.key, *next)) co_return why;
        model = *next;
    }
}

template <class Core>
void relay<Core>::note(std::optional<breaker_change> const& change, std::string const& model,
                       std::string const& provider) {
    if (!change) return;
    // Relaxed: it says nothing about money. What the log cannot take, the next call will tell.
    static_cast<void>(core_.ledger.enqueue(
        record_of_change(*change, provider, model, core_.ledger.time().now(), core_.timer.now())));
}

// Asks the budgets, without holding up the other connections of this thread.
template <class Core>
asio::awaitable<result<typename relay<Core>::passage>> relay<Core>::enter(
    attempt_plan const& plan) {
    steady_time const begun = core_.timer.now();
    for (;;) {
        result<passage> in{passage{}};
        if (core_.admissions_wait()) {
            log_wait const counted(core_.ready, core_.timer);
            in = co_await core_.away([&] { return core_.desk.ask(warned_, plan); });
        } else {
            in = core_.desk.ask(warned_, plan);
        }
        if (!in || !in->refused) co_return in;
        auto const until = core_.desk.end_of_wait(*in->refused, begun, plan);
        if (!until) co_return core_.desk.refuse(std::move(*in), plan);
        asio::steady_timer timer(co_await asio::this_coro::executor, *until);
        client_.watch([&timer](bool) { timer.cancel(); });
        if (!client_.gone()) static_cast<void>(co_await timer.async_wait(as_value));
        client_.watch(nullptr);
        if (client_.gone())
            co_return unsent(
                fail(errc::cancelled, "the client left while it waited for a rate limit"));
    }
}

template <class Core>
asio::awaitable<typename relay<Core>::refused> relay<Core>::attempt(ready_request const& at,
                                                                    bool is_last) {
    gateway_upstream const& upstream = core_.routes.upstreams()[at.upstream];
    api_key const key{upstream.entry.name, upstream.key, asked_.key->id};
    attempt_plan plan = plan_of(at, key);
    std::vector<std::string> passed_on;
    if (key.value.empty() && passes_callers_key(at)) passed_on = keys_in(request_.headers);
    plan.callers_keys = passed_on;
    std::string const& name = upstream.entry.name;
    auto const allowed = core_.circuits.admit(name, at.model, core_.timer.now());
    note(allowed.change, at.model, name);
    if (!allowed.allowed) {
        gateway_problem problem = problem_of(fail(errc::circuit_open, ""), {});
        problem.retry_after_s = static_cast<std::uint64_t>(
            std::chrono::ceil<std::chrono::seconds>(allowed.wait).count());
        co_return refusal{std::move(problem), {}, false};
    }
    // What costs nothing, such as a list of models, leaves no trace.
    result<passage> in{passage{}};
    if (at.point.billable) in = co_await enter(plan);
    if (in && !in->refused)
        co_return co_await exchange_with(at, plan, allowed.ticket, std::move(*in), is_last);
    core_.circuits.settle(name, at.model, core_.timer.now(), allowed.ticket,
                          breaker_outcome::ignored);
    if (!in) co_return refusal{refused_by_log(in.error()), {}, true};
    core_.metrics.refused("budget");
    co_return refusal{problem_of(*in->failure, in->refused), in->refused, false};
}

// --- one exchange ---

template <class Core>
result<http_request> relay<Core>::request_for(ready_request const& at, passing const& of,
                                              attempt_plan const& plan) {
    http_request out;
    out.method = request_.method;
    out.origin = of.origin;
    out.target = plan.request->target;
    out.headers = headers_for_upstream(request_, *plan.to, plan.key->value, passes_callers_key(at));
    if (header_of(out.headers, "idempotency-key").empty() && plan.where->billable)
        out.headers.emplace_back("Idempotency-Key", plan.id.to_string());
    out.body = plan.request->body;
    if (auto sound = check_request(out); !sound) return sound.error();
    return out;
}

template <class Core>
asio::awaitable<result<http_response_head>> relay<Core>::begin_exchange(ready_request const& at,
                                                                        passing& of,
                                                                        attempt_plan const& plan) {
    auto const out = request_for(at, of, plan);
    if (!out) co_return out.error();
    auto taken = pool_.take(of.origin);
    if (!taken) co_return unsent(taken.error());
    of.connection = std::move(taken->connection);
    bool const cuts = core_.options.on_client_gone == client_gone::cut;
    client_.watch([connection = of.connection.get(), cuts](bool at_once) {
        if (cuts || at_once) connection->cancel();
    });
    if (client_.gone())
        co_return unsent(fail(errc::cancelled, "the client left before the request was sent"));
    if (!taken->is_open) {
        if (auto opened = co_await of.connection->open(plan.limits); !opened)
            co_return unsent(opened.error());
    }
    if (auto sent = co_await of.connection->send(*out, plan.limits); !sent) co_return sent.error();
    co_return co_await of.connection->read_head(plan.limits);
}

template <class Core>
error_class relay<Core>::record_end(ready_request const& at, attempt_plan const& plan, passing& of,
                                    std::optional<error> failed, record entry,
                                    breaker_ticket ticket) {
    of.follower.conclude();
    of.meter.note(core_.timer.now(), of.follower);
    entry.duration_ns = nanoseconds_between(of.begun, of.meter.now());
    if (asked_.raw.stream) entry.time_to_first_token_ns = of.first_piece_ns;
    attempt_end end = end_of(plan, of.follower, std::move(failed), std::move(entry), of.meter,
                             core_.options.calls.output_tokens_max, core_.prices);
    auto const waits = attempt_failure::from(end.of, end.headers, core_.ledger.time().now());
    note(core_.circuits.settle(plan.to->name, at.model, core_.timer.now(), ticket,
                               outcome_of(end.of), waits.retry_after),
         at.model, plan.to->name);
    core_.metrics.count(core_.routes.upstreams()[at.upstream].name, at.model,
                        end.outcome.http_status, end.outcome);
    if (!at.point.billable) {
        record_storage(core_, asked_, std::move(end.outcome));
        return end.of;
    }
    of.cost = cost_headers(end.outcome);
    core_.ended.add(end.outcome);
    // What the log cannot take is not lost to the budgets: the intent stays charged.
    if (auto kept = core_.ledger.enqueue(end.outcome); !kept) core_.metrics.refused("log");
    core_.desk.learn(plan, end.outcome);
    return end.of;
}

template <class Core>
asio::awaitable<typename relay<Core>::refused> relay<Core>::exchange_with(ready_request const& at,
                                                                          attempt_plan const& plan,
                                                                          breaker_ticket ticket,
                                                                          passage in,
                                                                          bool is_last) {
    passing of(core_, asked_, plan);
    stream_guard guard(
        std::move(in.intent), core_.options.calls.on_overrun, plan, core_.prices,
        [&](record const& larger) { return core_.desk.extend(plan, larger); }, &of.meter);
    answer_passer<Core> body(core_, client_, family_, of);
    co_await body.start_ticks(guard);
    record entry = record_of_attempt(plan, record_kind::outcome, in.at);
    auto head = co_await begin_exchange(at, of, plan);
    std::optional<error> failed;
    if (!head) failed = head.error();
    if (of.ticks) co_await of.ticks->wait_idle();
    if (head) {
        of.follower.begin(*head);
        fallback_policy const fallback{};
        bool const elsewhere = !is_last && fallback.applies(classify({}, head->status));
        if (!elsewhere) failed = co_await body.pass(plan, *head, guard);
    }
    if (of.ticks) co_await of.ticks->stop();
    if (failed && of.cut) failed = of.cut;
    // Many clients leave at the words that end a stream: it was whole, and its cost is known.
    if (of.follower.said_end()) failed.reset();
    client_.watch(nullptr);  // the connection to the provider may end before this one
    std::optional<error> const told = failed;
    bool const begun = client_.has_begun() || of.held;
    bool const has_sent = client_.has_sent() || (of.held && !of.held->body.empty());
    error_class const why = record_end(at, plan, of, std::move(failed), std::move(entry), ticket);
    if (begun && (!told || has_sent)) {
        co_await body.finish(told, takes_trailers(request_.headers));
        if (!told) pool_.give_back(of.origin, std::move(of.connection));
        co_return std::nullopt;
    }
    client_.take_back();
    refusal no;
    no.problem = problem_of(told ? *told : fail(errc::connection_lost, ""), {});
    no.final = told ? !fallback_policy{}.applies(why) : !head;
    co_return no;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_GATEWAY_RELAY_HPP
