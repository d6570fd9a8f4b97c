// SPDX-License-Identifier: MIT
//
// call_runner.hpp: takes a call through cache, targets, circuits, attempts and waits to its end.
//
// Threads: run() from any number at once.
// Floor 7.
#ifndef AIAUDIT_CLIENT_CALL_RUNNER_HPP
#define AIAUDIT_CLIENT_CALL_RUNNER_HPP

#include <aiaudit/cache/cache_key.hpp>       // key_of
#include <aiaudit/client/attempt.hpp>        // make_attempt
#include <aiaudit/client/call.hpp>           // call
#include <aiaudit/client/hedge.hpp>          // first_of_two
#include <aiaudit/client/provider_ring.hpp>  // provider_ring
#include <aiaudit/client/single_flight.hpp>  // single_flight

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace aiaudit {
inline namespace v1 {
namespace detail {

template <class Ledger, class Policies>
class call_runner {
public:
    using transport = typename Policies::transport;
    using pricing = typename Policies::pricing;
    using cache_type = typename Policies::cache;

    [[nodiscard]] static result<std::unique_ptr<call_runner>> make(Ledger& into,
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
        return std::unique_ptr<call_runner>(
            new call_runner(into, std::move(options), std::move(*providers), std::move(prices),
                            std::move(by), std::move(cache)));
    }

    // The answer; `to` gets the rest.
    [[nodiscard]] result<answer> run(call& made, reply& to) {
        made.begun = timer_.now();
        made.deadline = made.begun + made.options->timeout.value_or(options_.timeout);
        made.id = make_operation_id(now());
        if (auto const key = cache_key_of(made)) return run_cached(made, *key, to);
        auto end = run_targets(made);
        return deliver(made, std::move(end), to);
    }

    [[nodiscard]] std::vector<breaker_report> circuits() const {
        return circuits_.report(timer_.now());
    }
    [[nodiscard]] cache_type* cache() noexcept { return cache_ ? &*cache_ : nullptr; }

private:
    using flights = single_flight<shared_answer>;

    call_runner(Ledger& into, client_options options, provider_ring providers, pricing prices,
                transport by, std::optional<cache_type> cache)
        : ledger_(&into),
          options_(std::move(options)),
          providers_(std::move(providers)),
          prices_(std::move(prices)),
          transport_(std::move(by)),
          cache_(std::move(cache)),
          circuits_(options_.breaker) {}

    [[nodiscard]] timestamp now() const { return ledger_->time().now(); }

    // --- one attempt ---

    [[nodiscard]] attempt_plan plan_of(call& made, provider_ring::entry const& where,
                                       std::string_view model, prepared_request const& request,
                                       std::stop_token stop) {
        attempt_plan plan;
        plan.to = &where.where;
        plan.key = &where.key;
        plan.request = &request;
        plan.model = model;
        plan.who = made.options;
        plan.id = made.id;
        plan.number = ++made.attempts;
        plan.stream = made.stream;
        plan.limits = options_.limits;
        plan.limits.deadline = made.deadline;
        plan.stop = std::move(stop);
        // A stream is kept for the cache alone.
        plan.body_bytes_kept = !made.stream ? options_.limits.response_bytes_max
                               : cache_     ? options_.cache.entry_bytes_max
                                            : 0;
        return plan;
    }
    // Records the intent, makes the attempt, records how it ended. Errors: those of the ledger.
    [[nodiscard]] result<attempt_end> attempt(call& made, attempt_plan const& plan) {
        timestamp const at = now();
        if (options_.intent == intent_mode::durable) {
            thread_local typename pricing::lookup_cache cache;
            auto const intent =
                intent_of(plan, at, timer_.now(), options_.output_tokens_max, prices_, cache);
            if (auto const kept = ledger_->append(intent); !kept) return kept.error();
        }
        attempt_end end = make_attempt(plan, made.listener, at, transport_, timer_,
                                       options_.output_tokens_max, prices_);
        auto const kept = ledger_->append(end.outcome);
        if (!kept) return kept.error();
        made.ended(end.outcome.cost, *kept);
        return end;
    }
    [[nodiscard]] result<attempt_end> hedged(call& made, provider_ring::entry const& where,
                                             std::string_view model,
                                             prepared_request const& request) {
        auto const one = [&](std::stop_token stop) {
            return attempt(made, plan_of(made, where, model, request, std::move(stop)));
        };
        if (options_.hedge_after.count() == 0 || made.stream) return one(made.options->stop);
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
        return {std::nullopt, std::move(why), of, false};
    }
    [[nodiscard]] target_end circuit_is_open(provider_entry const& where, std::string const& model,
                                             std::chrono::nanoseconds wait) const {
        return refused(
            with_course(fail(errc::circuit_open, printable(where.name) + " " + printable(model) +
                                                     ": too many failures lately"),
                        1, {false, wait, {}}),
            error_class::circuit_open);
    }

    // Attempts at one target, until one succeeds or another would not help.
    [[nodiscard]] target_end run_target(call& made, call_target const& target) {
        auto const where = providers_.named(target.provider);
        if (!where) return refused(where.error(), error_class::ours);
        std::string const& name = (*where)->where.name;
        auto const request = made.make((*where)->where, target.model);
        if (!request) return refused(request.error(), error_class::ours);
        for (std::uint32_t number = 1;; ++number) {
            auto const admitted = circuits_.admit(name, target.model, timer_.now());
            note(admitted.change, name, target.model);
            if (!admitted.allowed)
                return circuit_is_open((*where)->where, target.model, admitted.wait);
            auto end = hedged(made, **where, target.model, *request);
            if (!end) {
                circuits_.settle(name, target.model, timer_.now(), admitted.ticket,
                                 breaker_outcome::ignored);
                return refused(end.error(), error_class::ours);
            }
            auto const failed = attempt_failure::from(end->of, end->headers, now());
            note(circuits_.settle(name, target.model, timer_.now(), admitted.ticket,
                                  outcome_of(end->of), failed.retry_after),
                 name, target.model);
            if (!end->failure) return {std::move(*end), std::nullopt, error_class::none, false};
            auto const next = decide(options_.retry, number, failed, end->handed_on, timer_.now(),
                                     made.deadline, random_bits());
            if (!next.retry) {
                error why = with_course(std::move(*end->failure), number, next);
                error_class const of = end->of;
                return {std::move(*end), std::move(why), of, false};
            }
            timer_.wait_until(timer_.now() + next.wait, made.options->stop);
            if (made.options->stop.stop_requested())
                return refused(fail(errc::cancelled, "while waiting to try again"),
                               error_class::cancelled);
        }
    }

    // --- all targets ---

    [[nodiscard]] target_end run_targets(call& made) {
        auto const& fallback = made.options->fallback ? *made.options->fallback : options_.fallback;
        target_end end = run_target(made, made.target);
        for (call_target const& next : fallback.to) {
            bool const handed_on = end.last && end.last->handed_on;
            if (!end.failure || handed_on || !fallback.applies(end.of) ||
                timer_.now() >= made.deadline)
                break;
            end = run_target(made, next);
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
        to.attempts = made.attempts;
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
    [[nodiscard]] std::optional<cache_key> cache_key_of(call& made) {
        if (!cache_ || made.options->cache == cache_mode::none) return std::nullopt;
        auto const where = providers_.named(made.target.provider);
        if (!where) return std::nullopt;
        auto const request = made.make((*where)->where, made.target.model);
        if (!request) return std::nullopt;
        auto const canonical = canonicalize_request(request->body, made.what);
        if (!canonical || canonical->stateful) return std::nullopt;
        if (!canonical->deterministic && !options_.cache_varying) return std::nullopt;
        std::string const scope =
            scope_text(options_.cache_scope, made.options->user, made.options->project);
        auto const key = key_of({(*where)->where.name, request->target, made.target.model, scope,
                                 canonical->text, (*where)->where.origin});
        if (!key) return std::nullopt;
        return *key;
    }

    [[nodiscard]] result<answer> run_cached(call& made, cache_key const& key, reply& to) {
        if (made.options->cache == cache_mode::allowed) {
            // A cache that fails is a cache that has nothing: the provider is asked.
            auto const kept = cache_->get(key, now());
            if (kept && *kept) return replay(made, **kept, to);
        }
        auto joined = flights_.join(key);
        if (auto* const leader = std::get_if<typename flights::leader>(&joined))
            return lead(made, key, std::move(*leader), to);
        return follow(made, key, std::get<typename flights::follower>(std::move(joined)), to);
    }

    [[nodiscard]] result<answer> lead(call& made, cache_key const& key,
                                      typename flights::leader leader, reply& to) {
        target_end end = run_targets(made);
        shared_answer shared;
        shared.of = end.of;
        shared.failure = end.failure;
        if (!end.failure && end.last->outcome.complete && end.last->body) {
            shared.response.status = end.last->outcome.http_status;
            shared.response.content_type = end.last->content_type;
            shared.response.body = *end.last->body;
            shared.response.cost = end.last->outcome.cost;
            shared.response.paid_by = made.id.to_string();
            // What a fallback answered is shared with those who wait, and not kept.
            if (!end.by_fallback) static_cast<void>(cache_->put(key, shared.response, now()));
        } else if (!end.failure) {
            return deliver(made, std::move(end), to);  // half an answer is for nobody else
        }
        // A failure that is this caller's own is not theirs who wait: one of them goes on.
        bool const own = shared.of == error_class::cancelled || shared.of == error_class::timeout;
        if (!own) leader.finish(std::move(shared));
        return deliver(made, std::move(end), to);
    }
    [[nodiscard]] result<answer> follow(call& made, cache_key const& key,
                                        typename flights::follower follower, reply& to) {
        auto outcome = follower.wait(made.deadline, made.options->stop);
        if (!outcome) return outcome.error();
        if (auto* const leader = std::get_if<typename flights::leader>(&*outcome))
            return lead(made, key, std::move(*leader), to);
        auto const& shared = *std::get<std::shared_ptr<shared_answer const>>(*outcome);
        if (shared.failure) return *shared.failure;
        return replay(made, shared.response, to);
    }

    // An answer that another call paid for, read as if it came now, and its record.
    [[nodiscard]] result<answer> replay(call& made, cached_response const& from, reply& to) {
        auto const where = providers_.named(made.target.provider);
        if (!where) return where.error();
        auto const request = made.make((*where)->where, made.target.model);
        if (!request) return request.error();
        attempt_plan plan;
        plan.to = &(*where)->where;
        plan.key = &(*where)->key;
        plan.request = &*request;
        plan.model = made.target.model;
        plan.who = made.options;
        plan.id = made.id;
        plan.stream = made.stream;
        response_follower follower(exchange_of(plan), *request, made.listener,
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

    [[nodiscard]] static std::uint64_t random_bits() {
        thread_local std::mt19937_64 generator{std::random_device{}()};
        return generator();
    }

    Ledger* ledger_;
    client_options const options_;
    provider_ring const providers_;
    pricing const prices_;
    transport transport_;
    mutable typename Policies::timer timer_{};
    std::optional<cache_type> cache_;
    breaker_board circuits_;
    flights flights_{};
};

}  // namespace detail
}  // namespace v1
}  // namespace aiaudit

#endif  // AIAUDIT_CLIENT_CALL_RUNNER_HPP
