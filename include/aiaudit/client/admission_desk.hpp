// SPDX-License-Identifier: MIT
//
// admission_desk.hpp: what stands between an attempt and its first byte: its limit of output, its
// intent, and the budgets that cover it.
//
// Threads: all members may be called from any thread at once.
// Floor 7.
#ifndef AIAUDIT_CLIENT_ADMISSION_DESK_HPP
#define AIAUDIT_CLIENT_ADMISSION_DESK_HPP

#include <aiaudit/budget/budget_record.hpp>    // refusal_record
#include <aiaudit/budget/budget_text.hpp>      // refusal_text
#include <aiaudit/client/call.hpp>             // call
#include <aiaudit/client/intent.hpp>           // intent_of
#include <aiaudit/engine/ledger_options.hpp>   // durability
#include <aiaudit/providers/output_limit.hpp>  // set_output_limit

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Why an attempt may not begin, as its caller is told.
[[nodiscard]] inline error error_of(attempt_plan const& plan, budget_refusal const& why) {
    return {code_of(why), place_of(plan) + ": " + refusal_text(why), {}, why.retry_after_ms};
}

template <class Ledger, class Timer, pricing_policy Prices>
class admission_desk {
public:
    // All of these outlive the desk. `steps`: its streams can ask for more at any time, also while
    // nothing comes.
    admission_desk(Ledger& ledger, Timer& timer, client_options const& options,
                   Prices const& prices, bool steps = false)
        : ledger_(ledger), timer_(timer), options_(options), prices_(prices), steps_(steps) {}

    // Sets what bounds a request where budgets must hold: a limit for the provider's own tools, and
    // for output, as caps want it too. Errors: as of limit_output().
    [[nodiscard]] result<void> limit(prepared_request& request, endpoint const& where,
                                     std::string_view provider, std::string_view model) const {
        if (request.facts.shape.tool_limit_missing && ledger_.has_budgets()) {
            if (auto done = set_tool_limit(request, where, tool_uses_default); !done) return done;
        }
        return limit_output(request, where, provider, model);
    }
    // Sets the limit of output that the caps, or budgets, want: none where the model's own most is
    // known. Errors: bad_argument for a request over its cap (over_cap::refuse), or whose API has
    // no word for one, or that leaves no room for its thinking.
    [[nodiscard]] result<void> limit_output(prepared_request& request, endpoint const& where,
                                            std::string_view provider,
                                            std::string_view model) const {
        auto const cap = cap_of(model);
        auto const asked = request.facts.parameters.max_output_tokens;
        std::string_view const word = output_limit_path(where, request.target);
        bool const fits = asked && *asked <= cap.value_or(*asked);
        if (!cap && !ledger_.has_budgets()) return {};
        // Who knows the older word alone would not be bound by the newer.
        if (fits && word == "max_tokens" && request.facts.newer_limit_alone)
            return set_output_limit(request, where, *asked);
        if (fits) return {};
        // What the model cannot pass need not be said, and its provider may refuse more.
        if (!asked) {
            auto const known = known_output_of(prices_, provider, model, lookup_cache_of<Prices>());
            if (known != 0 && known <= cap.value_or(known)) return {};
        }
        if (word.empty()) {
            bool const writes =
                where.operation == operation::chat || where.operation == operation::responses;
            if (!writes || !cap) return {};
            return fail(errc::bad_argument, printable(model) +
                                                " has a cap of output tokens, and "
                                                "this request no word for it");
        }
        if (asked && options_.when_over_cap == over_cap::refuse)
            return fail(errc::bad_argument, std::to_string(*asked) + " output tokens asked for; " +
                                                printable(model) + " may have " +
                                                std::to_string(*cap));
        return set_output_limit(request, where, cap.value_or(options_.output_tokens_budgeted));
    }

    struct passage {
        timestamp at{};                           // when the attempt begins
        std::optional<record> intent{};           // as the budgets were asked, and hold it
        std::optional<budget_refusal> refused{};  // they do not let it through
        std::optional<error> failure{};           // why, in words
    };
    // Records the intent, where budgets allow it; waits for room where they say so. Errors: those
    // of the ledger; cancelled, while waiting.
    [[nodiscard]] result<passage> enter(call& made, attempt_plan const& plan) {
        steady_time const begun = timer_.now();
        for (;;) {
            auto in = ask(made.warned, plan);
            if (!in || !in->refused) return in;
            auto const until = end_of_wait(*in->refused, begun, plan);
            if (!until) return refuse(std::move(*in), plan);
            timer_.wait_until(*until, plan.stop);
            if (plan.stop.stop_requested())
                return unsent(fail(errc::cancelled, "while waiting for a rate limit"));
        }
    }
    // The parts of enter(), for who has another way to wait. Records the intent where budgets allow
    // it; `warned` is set where one only warns.
    template <class Flag>
    [[nodiscard]] result<passage> ask(Flag& warned, attempt_plan const& plan) {
        if (!ledger_.has_budgets()) return enter_freely(plan);
        passage in{.at = ledger_.time().now()};
        in.intent = intent_of(plan, in.at, timer_.now(), rules(true), prices_);
        auto said = ledger_.admit(*in.intent, durability_of_intents());
        if (!said) return said.error();
        if (said->warned) warned = true;
        in.refused = std::move(said->refused);
        return in;
    }
    // When to ask anew. None where the budget does not wait, or not for so long, or the call has
    // not the time.
    [[nodiscard]] std::optional<steady_time> end_of_wait(budget_refusal const& why,
                                                         steady_time begun,
                                                         attempt_plan const& plan) const {
        if (why.then != budget_action::wait || why.retry_after_ms == 0 ||
            why.retry_after_ms > why.wait_ms_most)
            return std::nullopt;
        auto const longest = std::min<std::uint64_t>(
            why.wait_ms_most, static_cast<std::uint64_t>(retry_after_most.count()));
        steady_time const until =
            timer_.now() + std::chrono::milliseconds{(std::min)(why.retry_after_ms, longest)};
        if (until > begun + std::chrono::milliseconds{longest}) return std::nullopt;
        if (plan.limits.deadline && until >= *plan.limits.deadline) return std::nullopt;
        return until;
    }
    // Records that it may not begin.
    [[nodiscard]] passage refuse(passage in, attempt_plan const& plan) {
        bool const unpriced = in.refused->reason == refusal_reason::unpriced;
        if (unpriced || in.refused->reason == refusal_reason::unbounded)
            in.refused->because = why_no_bound(*in.intent, plan, !unpriced, prices_);
        // Relaxed: nothing was spent. What the log cannot take, the next call will tell.
        static_cast<void>(ledger_.enqueue(refusal_record(std::move(*in.intent), *in.refused)));
        in.intent.reset();
        in.failure = unsent(error_of(plan, *in.refused));
        return in;
    }
    // Holds more for an attempt under way. An error where that may not, or cannot, be.
    [[nodiscard]] std::optional<error> extend(attempt_plan const& plan, record const& larger) {
        auto const said = ledger_.admit(larger, durability_of_intents());
        if (!said) return said.error();
        if (!said->refused) return std::nullopt;
        error why = error_of(plan, *said->refused);
        why.code = errc::budget_exceeded;  // whatever refused the rest of it
        why.where.insert(0, "the stream was cut: ");
        return why;
    }
    // What an attempt's input was, for those after it.
    void learn(attempt_plan const& plan, record const& outcome) {
        if (options_.input_estimate != input_estimate::learned) return;
        bool const told = outcome.usage.provenance_of(unit::input_tokens) == provenance::reported;
        if (!told || !outcome.complete || !plan.request->facts.shape.bounded) return;
        learned_.learn(outcome.provider, plan.model, plan.request->body.size(),
                       outcome.usage.count(unit::input_tokens));
        bool const cached = outcome.usage.count(unit::cache_read_tokens) != 0 ||
                            outcome.usage.count(unit::cache_write_tokens) != 0;
        if (cached) recent_.note(sender_of(plan), plan.request->body, ledger_.time().now());
    }

private:
    [[nodiscard]] std::optional<std::uint64_t> cap_of(std::string_view model) const {
        auto const found =
            std::find_if(options_.output_caps.begin(), options_.output_caps.end(),
                         [model](output_cap const& each) { return each.model == model; });
        if (found == options_.output_caps.end()) return options_.output_most;
        return (std::min)(found->tokens, options_.output_most.value_or(found->tokens));
    }
    [[nodiscard]] intent_rules rules(bool must_hold) const noexcept {
        bool const learns = must_hold && options_.input_estimate == input_estimate::learned;
        return {options_.output_tokens_max, must_hold, learns ? &learned_ : nullptr,
                learns ? &recent_ : nullptr, steps_ && must_hold && ledger_.has_stepwise_budgets()};
    }
    [[nodiscard]] durability durability_of_intents() const noexcept {
        return options_.intent == intent_mode::durable ? durability::committed
                                                       : durability::relaxed;
    }
    // No budgets: the intent is a trace for after a crash.
    [[nodiscard]] result<passage> enter_freely(attempt_plan const& plan) {
        passage in{.at = ledger_.time().now()};
        if (options_.intent == intent_mode::none) return in;
        auto const kept = ledger_.append(
            intent_of(plan, in.at, timer_.now(), rules(false), prices_), durability_of_intents());
        if (!kept) return kept.error();
        return in;
    }
    Ledger& ledger_;
    Timer& timer_;
    client_options const& options_;
    Prices const& prices_;
    bool const steps_;
    input_estimator learned_{};
    recent_prompts recent_{};
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_CLIENT_ADMISSION_DESK_HPP
