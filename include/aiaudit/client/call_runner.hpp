// SPDX-License-Identifier: MIT
//
// call_runner.hpp: takes a call through cache, targets, circuits, attempts and waits to its end.
//
// Threads: run() from any number at once.
// Floor 7.
#ifndef AIAUDIT_CLIENT_CALL_RUNNER_HPP
#define AIAUDIT_CLIENT_CALL_RUNNER_HPP

#include <aiaudit/cache/cache_key.hpp>        // key_of
#include <aiaudit/client/admission_desk.hpp>  // admission_desk
#include <aiaudit/client/attempt.hpp>         // make_attempt
#include <aiaudit/client/call.hpp>            // call
#include <aiaudit/client/hedge.hpp>           // first_of_two
#include <aiaudit/client/provider_ring.hpp>   // provider_ring
#include <aiaudit/client/reply.hpp>
#include <aiaudit/client/single_flight.hpp>  // single_flight
#include <aiaudit/client/stream_guard.hpp>   // stream_guard
#include <aiaudit/detail/bytes.hpp>          // view_of, append_field
#include <aiaudit/engine/ledger_share.hpp>   // ledger_share
#include <aiaudit/storage/process_mark.hpp>  // process_owned

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

template <class Ledger, class Policies>
class call_runner {
public:
    using transport = typename Policies::transport;
    using pricing = typename Policies::pricing;
    using cache_type = typename Policies::cache;
    using timer = typename Policies::timer;

    [[nodiscard]] static result<process_owned<call_runner>> make(Ledger& into,
                                                                 client_options options,
                                                                 pricing prices, transport by) {
        auto providers = provider_ring::make(options);
        if (!providers) return providers.error();
        std::optional<cache_type> cache;
        if (!options.cache.path.empty()) {
            auto opened = cache_type::open(options.cache);
            if (!opened) return opened.error();
            cache.emplace(std::move(*opened));
        }
        return process_owned<call_runner>(new call_runner(into, std::move(options),
                                                          std::move(*providers), std::move(prices),
                                                          std::move(by), std::move(cache)));
    }

    // The answer; `to` gets the rest.
    [[nodiscard]] result<answer> run(call& made, reply& to) {
        if (auto ok = process_.check_fork("the client"); !ok) return ok.error();
        made.begun = timer_.now();
        // Bounded, so that no sum of times overflows.
        made.deadline = made.begun + std::clamp(made.options->timeout.value_or(options_.timeout),
                                                std::chrono::milliseconds{0}, retry_after_most);
        made.id = make_operation_id(now());
        auto at = prepare_target(made, made.target);
        if (!at) return at.error();
        if (auto const key = cache_key_of(made, *at)) {
            at->shared = true;
            return run_cached(made, *key, *at, to);
        }
        auto end = run_targets(made, *at);
        return deliver(made, std::move(end), to);
    }

    [[nodiscard]] std::vector<breaker_report> circuits() const {
        if (process_.forked()) return {};
        return circuits_.report(timer_.now());
    }
    [[nodiscard]] cache_type* cache() noexcept { return cache_ ? &*cache_ : nullptr; }
    [[nodiscard]] timer& time() noexcept { return timer_; }

private:
    // A request that is ready to go to a target: prepared once, however often it is sent.
    struct ready_target {
        provider_ring::entry const* where = nullptr;
        std::string model{};
        prepared_request request{};
        endpoint point{};               // what the request's path asks for
        bool shared = false;            // the answer is for the cache, and who waits for it, too
        std::string downgraded_from{};  // the model that a budget had no room for
    };
    using flights = single_flight<shared_answer>;

    call_runner(Ledger& into, client_options options, provider_ring providers, pricing prices,
                transport by, std::optional<cache_type> cache)
        : ledger_(into),
          options_(std::move(options)),
          providers_(std::move(providers)),
          prices_(std::move(prices)),
          transport_(std::move(by)),
          cache_(std::move(cache)),
          desk_(*ledger_, timer_, options_, prices_),
          circuits_(options_.breaker) {}

    [[nodiscard]] timestamp now() const { return ledger_->time().now(); }

    // --- one attempt ---

    [[nodiscard]] result<ready_target> prepare_target(call const& made,
                                                      call_target const& target) const {
        auto const where = providers_.named(target.provider);
        if (!where) return where.error();
        auto request = made.make((*where)->where, target.model);
        if (!request) return request.error();
        auto point = endpoint_of((*where)->where.name, request->target);
        if (!point) return point.error();
        if (auto done = desk_.limit(*request, *point, (*where)->where.name, target.model); !done)
            return done.error();
        return ready_target{*where, target.model, std::move(*request), std::move(*point), false,
                            {}};
    }
    // What attempts and answers from the cache have in common.
    [[nodiscard]] static attempt_plan plan_at(call const& made, ready_target const& at) {
        attempt_plan plan;
        plan.to = &at.where->where;
        plan.key = &at.where->key;
        plan.request = &at.request;
        plan.where = &at.point;
        plan.model = at.model;
        plan.downgraded_from = at.downgraded_from;
        plan.who = made.options;
        plan.id = made.id;
        plan.stream = made.stream;
        return plan;
    }
    [[nodiscard]] attempt_plan plan_of(call& made, ready_target const& at, std::stop_token stop) {
        attempt_plan plan = plan_at(made, at);
        plan.number = ++made.attempts;
        plan.limits = options_.limits;
        plan.limits.deadline = made.deadline;
        plan.stop = std::move(stop);
        // A stream is kept for others alone.
        plan.body_bytes_kept = !made.stream ? options_.limits.response_bytes_max
                               : at.shared  ? options_.cache.entry_bytes_max
                                            : 0;
        return plan;
    }
    // Asks the budgets, makes the attempt, records how it ended. Errors: those of the ledger, and
    // cancelled.
    [[nodiscard]] result<attempt_end> attempt(call& made, attempt_plan const& plan) {
        auto in = desk_.enter(made, plan);
        if (!in) return in.error();
        if (in->refused) {
            attempt_end end;
            end.failure = std::move(in->failure);
            end.of = error_class::budget;
            end.refused = std::move(in->refused);
            return end;
        }
        ++made.sent;
        stream_guard guard(std::move(in->intent), options_.on_overrun, plan, prices_,
                           [&](record const& larger) { return desk_.extend(plan, larger); });
        attempt_end end = make_attempt(plan, made.listener, in->at, transport_, timer_, guard,
                                       options_.output_tokens_max, prices_);
        auto const kept = ledger_->append(end.outcome);
        if (!kept) return kept.error();
        made.ended(end.outcome.cost, *kept);
        desk_.learn(plan, end.outcome);
        return end;
    }
    [[nodiscard]] result<attempt_end> hedged(call& made, ready_target const& at) {
        auto const one = [&](std::stop_token stop) {
            return attempt(made, plan_of(made, at, std::move(stop)));
        };
        if (options_.hedge_after.count() <= 0 || made.stream) return one(made.options->stop);
        return first_of_two(one, options_.hedge_after, made.options->stop);
    }

    // --- one target ---

    void note(std::optional<breaker_change> const& change, std::string const& provider,
              std::string const& model) {
        if (!change) return;
        // Relaxed: it says nothing about money. What the log cannot take, the next call will tell.
        static_cast<void>(
            ledger_->enqueue(record_of_change(*change, provider, model, now(), timer_.now())));
    }
    [[nodiscard]] target_end refused(error why, error_class of) const {
        return {std::nullopt, std::move(why), of, false, {}, {}};
    }
    [[nodiscard]] target_end circuit_is_open(ready_target const& at,
                                             std::chrono::nanoseconds wait) const {
        return refused(with_course(fail(errc::circuit_open, printable(at.where->where.name) + " " +
                                                                printable(at.model) +
                                                                ": too many failures lately"),
                                   1, {false, wait, {}}),
                       error_class::circuit_open);
    }

    [[nodiscard]] static target_end refused_by_budget(call const& made, attempt_end end) {
        if (made.options->on_refusal) made.options->on_refusal(*end.refused);
        return {std::nullopt, std::move(end.failure), end.of, false, std::move(end.refused), {}};
    }

    // Attempts at one target, until one succeeds or another would not help.
    [[nodiscard]] target_end run_target(call& made, ready_target const& at) {
        std::string const& name = at.where->where.name;
        for (std::uint32_t number = 1;; ++number) {
            auto const admitted = circuits_.admit(name, at.model, timer_.now());
            note(admitted.change, name, at.model);
            if (!admitted.allowed) return circuit_is_open(at, admitted.wait);
            auto end = hedged(made, at);
            if (!end || end->refused) {
                circuits_.settle(name, at.model, timer_.now(), admitted.ticket,
                                 breaker_outcome::ignored);
                if (end) return refused_by_budget(made, std::move(*end));
                return refused(end.error(), classify(end.error().code, 0));
            }
            auto const failed = attempt_failure::from(end->of, end->headers, now());
            auto const change = circuits_.settle(name, at.model, timer_.now(), admitted.ticket,
                                                 outcome_of(end->of), failed.retry_after);
            note(change, name, at.model);
            if (!end->failure)
                return {std::move(*end), std::nullopt, error_class::none, false, {}, {}};
            auto next = decide(options_.retry, number, failed, end->handed_on, timer_.now(),
                               made.deadline, random_bits());
            // It would only be refused: the provider's own words say more.
            if (next.retry && change && change->to == breaker_state::open)
                next = {false, change->until - timer_.now(), "the circuit has opened"};
            if (!next.retry) {
                error why = with_course(std::move(*end->failure), number, next);
                error_class const of = end->of;
                return {std::move(*end), std::move(why), of, false, {}, {}};
            }
            timer_.wait_until(timer_.now() + next.wait, made.options->stop);
            if (made.options->stop.stop_requested())
                return refused(fail(errc::cancelled, "while waiting to try again"),
                               error_class::cancelled);
        }
    }

    // --- cheaper models ---

    // A target, or, where a budget has no room for its model and says so, a cheaper model at the
    // same provider. `at` becomes the target that was tried last.
    [[nodiscard]] target_end run_affordable(call& made, ready_target& at) {
        std::string const asked_for = at.model;
        std::vector<std::string> tried{asked_for};
        target_end end = run_target(made, at);
        while (end.refused && end.refused->then == budget_action::downgrade) {
            auto const next = cheaper_than(end.refused->models, tried.back(), tried);
            if (!next) break;
            tried.push_back(*next);
            auto ready = prepare_target(made, {at.where->where.name, *next});
            if (!ready) {  // why the call failed is still to be told
                end.failure->where +=
                    "; no downgrade to " + printable(*next) + ": " + ready.error().where;
                continue;
            }
            ready->shared = at.shared;
            ready->downgraded_from = asked_for;
            at = std::move(*ready);
            end = run_target(made, at);
            end.by_fallback = true;
        }
        end.downgraded_from = at.downgraded_from;
        return end;
    }

    // --- all targets ---

    [[nodiscard]] fallback_policy const& fallback_of(call const& made) const {
        return made.options->fallback ? *made.options->fallback : options_.fallback;
    }
    // `at` becomes the target that was tried last.
    [[nodiscard]] target_end run_targets(call& made, ready_target& at) {
        auto const& fallback = fallback_of(made);
        target_end end = run_affordable(made, at);
        for (call_target const& next : fallback.to) {
            bool const handed_on = end.last && end.last->handed_on;
            if (!end.failure || handed_on || !fallback.applies(end.of) ||
                timer_.now() >= made.deadline)
                break;
            auto ready = prepare_target(made, next);
            if (!ready) {  // why the call failed is still to be told
                end.failure->where +=
                    "; no fallback to " + printable(next.provider) + ": " + ready.error().where;
                continue;
            }
            ready->shared = at.shared;
            at = std::move(*ready);
            end = run_affordable(made, at);
            end.by_fallback = true;
        }
        if (end.last && end.last->thrown) std::rethrow_exception(end.last->thrown);
        return end;
    }

    [[nodiscard]] result<answer> deliver(call& made, target_end end, reply& to) {
        if (end.failure) return std::move(*end.failure);
        attempt_end& last = *end.last;
        to.provider = last.outcome.provider;
        to.model = last.outcome.model();
        to.status = last.outcome.http_status;
        if (!made.stream && last.body) to.body = std::move(*last.body);
        to.usage = last.outcome.usage;
        to.cost_status = last.outcome.cost_status;
        to.cost_problem = std::move(last.cost_problem);
        to.complete = last.outcome.complete;
        to.time_to_first_token_ns = last.outcome.time_to_first_token_ns;
        to.attempts = made.sent;
        to.budget_warned = made.warned;
        to.downgraded_from = std::move(end.downgraded_from);
        finish(made, to);
        return std::move(last.content);
    }
    void finish(call const& made, reply& to) {
        to.cost = made.spent;
        to.operation_id = made.id;
        to.record = made.last_record;
        to.duration_ns = nanoseconds_between(made.begun, timer_.now());
    }

    // --- cache and identical calls in flight ---

    // Nothing where the call is not to be shared.
    [[nodiscard]] std::optional<cache_key> cache_key_of(call const& made,
                                                        ready_target const& at) const {
        if (!cache_ || made.options->cache == cache_mode::none) return std::nullopt;
        auto const canonical = canonicalize_request(at.request.body, made.what);
        if (!canonical || canonical->stateful) return std::nullopt;
        if (!canonical->deterministic && !options_.cache_varying) return std::nullopt;
        provider_entry const& where = at.where->where;
        std::string const scope =
            scope_text(options_.cache_scope, made.options->user, made.options->project);
        std::string const variant =
            variant_text(where.origin, where.headers, made.options->headers);
        auto const key =
            key_of({where.name, at.request.target, at.model, scope, canonical->text, variant});
        if (!key) return std::nullopt;
        return *key;
    }
    // Who falls back elsewhere than others is not given their answer, and they not his.
    [[nodiscard]] static std::string flight_key(call const& made, cache_key const& key) {
        std::string text{view_of(key.bytes)};
        if (!made.options->fallback) return text;
        for (error_class const of : made.options->fallback->after)
            text.push_back(static_cast<char>(of));
        text.push_back('\xFF');
        for (call_target const& to : made.options->fallback->to) {
            append_field(text, to.provider);
            append_field(text, to.model);
        }
        return text;
    }
    // A cache that fails is a cache that has nothing: the provider is asked.
    [[nodiscard]] std::optional<cached_response> kept_answer(call const& made,
                                                             cache_key const& key) const {
        if (made.options->cache != cache_mode::allowed) return std::nullopt;
        auto kept = cache_->get(key, now());
        if (!kept) return std::nullopt;
        return std::move(*kept);
    }

    [[nodiscard]] result<answer> run_cached(call& made, cache_key const& key, ready_target& at,
                                            reply& to) {
        if (auto const kept = kept_answer(made, key)) return replay(made, at, *kept, to);
        auto joined = flights_.join(flight_key(made, key));
        if (auto* const follower = std::get_if<typename flights::follower>(&joined))
            return follow(made, key, at, std::move(*follower), to);
        auto leader = std::get<typename flights::leader>(std::move(joined));
        // Who led before may have finished since the first look.
        auto kept = kept_answer(made, key);
        if (!kept) return lead(made, key, at, std::move(leader), to);
        shared_answer found;
        found.response = std::move(*kept);
        found.from = {at.where->where.name, at.model};
        auto const shared = leader.finish(std::move(found));
        return replay(made, at, shared->response, to);
    }

    // Whatever ends this early, an exception of the caller's too, hands the lead to who waits.
    [[nodiscard]] result<answer> lead(call& made, cache_key const& key, ready_target& at,
                                      typename flights::leader leader, reply& to) {
        target_end end = run_targets(made, at);
        // A failure that is this caller's own is not theirs who wait, and half an answer is for
        // nobody else: one of them goes on.
        bool const own = end.of == error_class::cancelled || end.of == error_class::timeout ||
                         end.of == error_class::budget ||
                         (!end.failure && !end.last->outcome.complete);
        if (own) return deliver(made, std::move(end), to);
        shared_answer shared;
        shared.failure = end.failure;
        shared.from = {at.where->where.name, at.model};
        shared.alone = !end.failure && !end.last->body;
        if (!end.failure && end.last->body) {
            shared.response.status = end.last->outcome.http_status;
            shared.response.content_type = end.last->content_type;
            shared.response.body = *end.last->body;
            shared.response.cost = end.last->outcome.cost;
            shared.response.paid_by = made.id.to_string();
            // What a fallback answered is shared with those who wait, and not kept.
            if (!end.by_fallback) static_cast<void>(cache_->put(key, shared.response, now()));
        }
        leader.finish(std::move(shared));
        return deliver(made, std::move(end), to);
    }
    [[nodiscard]] result<answer> follow(call& made, cache_key const& key, ready_target& at,
                                        typename flights::follower follower, reply& to) {
        auto outcome = follower.wait(made.deadline, made.options->stop);
        if (!outcome) return outcome.error();
        if (auto* const leader = std::get_if<typename flights::leader>(&*outcome))
            return lead(made, key, at, std::move(*leader), to);
        auto const& shared = *std::get<std::shared_ptr<shared_answer const>>(*outcome);
        if (shared.failure) return *shared.failure;
        if (shared.alone) return deliver(made, run_targets(made, at), to);
        bool const same =
            shared.from.provider == at.where->where.name && shared.from.model == at.model;
        if (same) return replay(made, at, shared.response, to);
        auto const other = prepare_target(made, shared.from);
        if (!other) return other.error();
        return replay(made, *other, shared.response, to);
    }

    // An answer that another call paid for, read as if it came now, and its record.
    [[nodiscard]] result<answer> replay(call& made, ready_target const& at,
                                        cached_response const& from, reply& to) {
        attempt_plan const plan = plan_at(made, at);
        response_follower follower(exchange_of(plan), at.request, at.point, made.listener,
                                   made.stream ? 0 : options_.limits.response_bytes_max);
        record entry = record_of_attempt(plan, record_kind::outcome, now());
        follower.begin({from.status, {{"Content-Type", from.content_type}}});
        static_cast<void>(follower.feed(from.body));
        reading const read = follower.finish();
        set_facts(entry, read.facts);
        // What was not used is not counted; what it would have cost is.
        entry.usage = {};
        entry.iterations.clear();
        entry.provider_cost.reset();
        entry.http_status = static_cast<std::uint16_t>(from.status);
        entry.complete = !follower.ended_by_caller();
        entry.cost_status = cost_status::no_charge;
        entry.saved = from.cost;
        entry.duration_ns = nanoseconds_between(made.begun, timer_.now());
        to.provider = entry.provider;
        to.model = entry.model();
        to.status = from.status;
        to.cost_status = entry.cost_status;
        to.complete = entry.complete;
        if (auto const kept = ledger_->enqueue(entry); !kept) return kept.error();
        if (follower.thrown()) std::rethrow_exception(follower.thrown());
        if (auto body = follower.take_body(); body && !made.stream) to.body = std::move(*body);
        finish(made, to);
        return follower.take_answer();
    }

    ledger_share<Ledger> const ledger_;
    process_mark const process_{};
    client_options const options_;
    provider_ring const providers_;
    pricing const prices_;
    transport transport_;
    mutable timer timer_{};
    std::optional<cache_type> cache_;
    admission_desk<Ledger, timer, pricing> desk_;
    breaker_board circuits_;
    flights flights_{};
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_CLIENT_CALL_RUNNER_HPP
