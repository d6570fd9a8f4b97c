// SPDX-License-Identifier: MIT
//
// attempt.hpp: one HTTP exchange of a call, from the request to the record of how it ended.
//
// Threads: plain functions; what they are given belongs to one thread, but for the transport.
// Floor 7.
#ifndef AIAUDIT_CLIENT_ATTEMPT_HPP
#define AIAUDIT_CLIENT_ATTEMPT_HPP

#include <aiaudit/budget/decision.hpp>           // budget_refusal
#include <aiaudit/client/options.hpp>            // call_options
#include <aiaudit/client/response_follower.hpp>  // response_follower
#include <aiaudit/client/stream_meter.hpp>       // stream_meter
#include <aiaudit/clock/timer.hpp>               // steady_time
#include <aiaudit/core/record.hpp>               // record
#include <aiaudit/pricing/priced_record.hpp>     // set_cost
#include <aiaudit/providers/request_body.hpp>    // prepared_request
#include <aiaudit/providers/usage_bounds.hpp>    // bounds_of
#include <aiaudit/resilience/retry.hpp>          // error_class
#include <aiaudit/transport/transport.hpp>       // transfer_limits

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// One of each thread: an attempt looks the same price up for its intent and for its outcome.
template <pricing_policy Prices>
[[nodiscard]] typename Prices::lookup_cache& lookup_cache_of() {
    thread_local typename Prices::lookup_cache cache;
    return cache;
}

// What is to be sent, where to, and for whom.
struct attempt_plan {
    provider_entry const* to = nullptr;
    api_key const* key = nullptr;
    prepared_request const* request = nullptr;
    endpoint const* where = nullptr;  // what the request's path asks for
    std::string_view model{};
    std::string_view
        downgraded_from{};  // the model that was asked for, where a budget chose another
    call_options const* who = nullptr;
    operation_id id{};
    std::uint32_t number = 1;
    bool stream = false;
    transfer_limits limits{};
    std::stop_token stop{};
    std::size_t body_bytes_kept = 0;
    // Secrets of the caller's that go to the provider beside `key`.
    std::span<std::string const> callers_keys{};
};

struct attempt_end {
    record outcome{};  // priced, not yet in the log
    answer content{};
    std::optional<std::string> body{};
    std::string content_type{};
    header_list headers{};
    std::optional<error> failure{};       // none: there is an answer
    std::optional<error> cost_problem{};  // why the cost is not exact
    error_class of = error_class::none;
    bool handed_on = false;
    bool ended_by_caller = false;
    std::exception_ptr thrown{};
    std::optional<budget_refusal>
        refused{};  // a budget's: nothing was sent, and `outcome` is empty
};

[[nodiscard]] inline std::uint64_t nanoseconds_between(steady_time from, steady_time to) noexcept {
    auto const passed = std::chrono::nanoseconds{to - from}.count();
    return passed < 0 ? 0 : static_cast<std::uint64_t>(passed);
}

// "openai gpt-5": for our own error texts.
[[nodiscard]] inline std::string place_of(attempt_plan const& plan) {
    return printable(plan.to->name) + " " + printable(plan.model);
}

// What the records of an attempt have in common.
[[nodiscard]] record record_of_attempt(attempt_plan const& plan, record_kind kind, timestamp at);

[[nodiscard]] exchange exchange_of(attempt_plan const& plan);

[[nodiscard]] http_request http_request_of(attempt_plan const& plan);

// Output that an attempt may have at the most where the request does not say.
[[nodiscard]] inline std::uint64_t output_ceiling(operation what, std::uint64_t most) noexcept {
    return what == operation::embeddings || what == operation::rerank ? 0 : most;
}

// Output tokens that each picture may have which a call asks for. None where it asks for none, or
// nothing says how many.
[[nodiscard]] inline std::optional<std::uint64_t> picture_ceiling(operation what,
                                                                  request_facts const& asked,
                                                                  std::string_view model) {
    if (what != operation::images) return std::nullopt;
    return most_picture_tokens(model, asked.picture);
}

// The most tokens of a picture that the model is shown. Google's imitation of OpenAI's API may take
// films for pictures.
[[nodiscard]] inline std::uint64_t shown_picture_ceiling(endpoint const& where,
                                                         std::string_view model) noexcept {
    bool const films = where.vendor == vendor::google && where.dialect == dialect::openai_chat;
    return films ? picture_tokens_max : shown_picture_tokens(where.vendor, model);
}

[[nodiscard]] price_doubts doubts_of(prepared_request const& request) noexcept;

// Whether a stream ends where its connection does, and all that it was billed for until then has
// been seen or takes its time: no tools of the provider's, no work in the background.
[[nodiscard]] bool ends_when_left(attempt_plan const& plan) noexcept;

// What is assumed of an attempt's output.
struct output_bounds {
    std::uint64_t tokens_max = 0;  // where the request sets no limit
    // Of a stream that was left, and ends_when_left(): the most that it had.
    std::optional<std::uint64_t> left_at{};
};

// What the pictures of the provider's tool use and cost at the most, by the dearest model that may
// make them. Errors: those of a model that has no price.
struct drawings_bound {
    usage tokens{};
    exact_cost cost{};
};
template <pricing_policy Prices>
[[nodiscard]] result<drawings_bound> most_of_drawings(record const& entry, attempt_plan const& plan,
                                                      Prices const& prices,
                                                      typename Prices::lookup_cache& cache) {
    request_shape const& shape = plan.request->facts.shape;
    auto const counted = [](std::uint64_t input, std::uint64_t output) {
        usage made;
        made.set(unit::input_tokens, (std::min)(input, usage::count_max), provenance::estimated);
        made.set(unit::output_tokens, (std::min)(output, usage::count_max), provenance::estimated);
        return made;
    };
    std::uint64_t const words = saturated_product(shape.drawings, drawing_prompt_tokens_max);
    std::uint64_t const originals =
        saturated_product(shape.drawings, shape.originals * original_tokens_max);
    drawings_bound most;
    std::uint64_t tokens_most = 0;
    for (std::string_view const model : drawing_models(shape.drawing_model, shape.drawing)) {
        std::uint64_t const tokens = saturated_product(
            shape.drawings, most_picture_tokens(model, shape.drawing).value_or(usage::count_max));
        auto cost = most_of_attempt(prices, entry.provider, model, counted(words, 0), {},
                                    entry.started_at, cache);
        auto const more = most_of_attempt(prices, entry.provider, model, counted(originals, tokens),
                                          {.picture_input = true}, entry.started_at, cache);
        if (!cost || !more) return cost ? more.error() : cost.error();
        if (auto added = cost->exact.add(more->exact); !added) return added.error();
        tokens_most = (std::max)(tokens_most, tokens);
        if (cost->exact.total.rounded() > most.cost.rounded()) most.cost = cost->exact.total;
    }
    most.tokens = counted(words + originals, tokens_most);
    return most;
}
// Adds them to what an attempt may use and cost. False: they have no price.
template <pricing_policy Prices>
bool add_drawings(record& entry, attempt_plan const& plan, Prices const& prices,
                  typename Prices::lookup_cache& cache) {
    if (plan.request->facts.shape.drawings == 0) return true;
    auto const most = most_of_drawings(entry, plan, prices, cache);
    if (!most) return false;
    for (unit const each : {unit::input_tokens, unit::output_tokens}) {
        if (!entry.usage.has(each)) continue;
        auto const sum = entry.usage.count(each) + most->tokens.count(each);
        entry.usage.set(each, (std::min)(sum, usage::count_max), provenance::estimated);
    }
    entry.cost = entry.cost + most->cost.rounded();
    return true;
}

// The range of what an attempt used.
template <pricing_policy Prices>
[[nodiscard]] usage_range used_range(record const& entry, attempt_facts const& facts,
                                     attempt_plan const& plan, output_bounds const& output,
                                     Prices const& prices, typename Prices::lookup_cache& cache) {
    auto const picture = picture_ceiling(facts.operation, plan.request->facts, facts.model_served);
    std::uint64_t const ceiling = picture.value_or(output_ceiling(
        facts.operation,
        output_limit_of(prices, entry.provider, facts.model_served, output.tokens_max, cache)));
    request_parameters asked = facts.parameters;
    if (output.left_at) {
        auto const limit = asked.max_output_tokens.value_or(ceiling);
        asked.max_output_tokens = (std::min)(limit, *output.left_at);
    }
    usage_range range =
        bounds_of(facts.usage, plan.request->body, plan.request->facts.shape, asked, ceiling,
                  context_of(prices, entry.provider, facts.model_served, cache),
                  shown_picture_ceiling(*plan.where, facts.model_served));
    // Anthropic counts all input before the first word, and it is final without tools of its own.
    bool const told =
        plan.where->dialect == dialect::anthropic_messages && facts.usage.has(unit::input_tokens);
    if (!output.left_at || !told) return range;
    std::uint64_t const most = range.upper.count(unit::output_tokens);
    range.upper = facts.usage;
    if (range.upper.count(unit::output_tokens) < most)
        range.upper.set(unit::output_tokens, most, provenance::estimated);
    range.bounded = true;
    return range;
}

// Prices the most that an attempt may have used, and says the least; nothing where it is unpriced.
template <pricing_policy Prices>
std::optional<usage> set_upper_bound(record& entry, attempt_facts& facts, attempt_plan const& plan,
                                     output_bounds const& output, Prices const& prices,
                                     typename Prices::lookup_cache& cache) {
    prepared_request const& request = *plan.request;
    // A zero beside an answer is no count.
    for (unit const tokens : {unit::input_tokens, unit::output_tokens}) {
        if (facts.usage_missing && facts.usage.count(tokens) == 0) facts.usage.clear(tokens);
    }
    bool const nothing_known = facts.usage.empty();
    usage_range const range = used_range(entry, facts, plan, output, prices, cache);
    facts.iterations.clear();  // they do not add up to a bound
    facts.usage = range.upper;
    entry.usage = range.upper;
    entry.iterations.clear();
    if (set_cost(entry, facts, prices, cache)) return std::nullopt;
    // Nobody knows at which of its rates: as in the intent.
    if (nothing_known) {
        auto const most = most_of_attempt(prices, entry.provider, facts.model_served, range.upper,
                                          doubts_of(request), entry.started_at, cache,
                                          request.facts.service_tier);
        if (most) entry.cost = (std::max)(entry.cost, most->cost());
    }
    entry.cost_status = cost_status::estimated;
    if (!add_drawings(entry, plan, prices, cache)) {
        entry.cost_status = cost_status::unpriced;
        entry.cost = {};
        return std::nullopt;
    }
    facts.usage = entry.usage;
    if (!range.bounded ||
        (!is_billed_by_tokens(facts.operation, plan.where->vendor, facts.model_served) &&
         !picture_ceiling(facts.operation, request.facts, facts.model_served))) {
        // What an image or a stored conversation adds nobody knows: such a cost is no upper bound.
        entry.cost_status = cost_status::unknown;
        entry.cost = {};
    }
    return range.lower;
}

// Settles at the upper bound what was sent and whose usage is not known in full.
template <pricing_policy Prices>
void settle_at_bounds(record& entry, attempt_facts& facts, attempt_plan const& plan,
                      output_bounds const& output, Prices const& prices,
                      typename Prices::lookup_cache& cache) {
    auto const lower = set_upper_bound(entry, facts, plan, output, prices, cache);
    if (!lower) return;
    facts.usage = *lower;
    auto const least =
        price_attempt(prices, entry.provider, facts, entry.started_at, cache, entry.key_id);
    entry.cost_low = least ? least->cost() : money{};
}

// Why there is no answer, in our words and, apart from them, in the provider's.
[[nodiscard]] std::optional<error> failure_of(attempt_plan const& plan,
                                              std::optional<error> const& transport,
                                              reading const& read, int status,
                                              bool ended_by_caller);

template <pricing_policy Prices>
void price_outcome(attempt_end& end, reading& read, std::optional<error> const& transport,
                   attempt_plan const& plan, output_bounds const& output, Prices const& prices,
                   typename Prices::lookup_cache& cache) {
    record& entry = end.outcome;
    int const status = entry.http_status;
    bool const refused = status >= 300;
    bool const free = read.problem && read.problem->code == errc::not_billable;
    if (refused || free || (status == 0 && transport && !transport->sent)) {
        entry.cost_status = cost_status::no_charge;
        return;
    }
    bool const whole =
        read.facts.complete && (!read.facts.usage_missing || read.facts.provider_cost);
    if (!transport && !read.problem && whole) {
        end.cost_problem = set_cost(entry, read.facts, prices, cache);
        return;
    }
    if (read.problem && read.problem->code == errc::bad_usage) {
        entry.cost_status = cost_status::unknown;
        end.cost_problem = read.problem;
        return;
    }
    settle_at_bounds(entry, read.facts, plan, output, prices, cache);
    end.cost_problem = read.problem ? read.problem : transport;
    if (!end.cost_problem && read.facts.usage_missing) {
        end.cost_problem =
            fail(errc::no_usage, "the usage counts nothing of an answer that is there");
    }
    if (!end.cost_problem) end.cost_problem = fail(errc::truncated, "the stream was cut");
}

inline constexpr std::size_t callers_key_bytes_least = 16;

// A provider, or what sits in between, may repeat the key in what it says.
void withhold_key(std::string_view key, reading& read);

// What was asked for and is dearer counts where the answer does not tell its terms; what is cheaper
// counts where it does. No answer of the moment has the rate of a batch but by its own words.
void take_terms(reading& read, request_facts const& asked);

// Whether a stream ended, or never began, because this side wanted no more of it.
[[nodiscard]] inline bool was_left(std::optional<error> const& transport,
                                   response_follower const& follower) {
    if (follower.status() != 0 && !follower.is_stream()) return false;
    if (follower.ended_by_caller()) return true;
    return transport &&
           (transport->code == errc::cancelled || transport->code == errc::budget_exceeded);
}

// What a response that ended (or never came) makes of an attempt. `meter`: what was noted of it.
template <pricing_policy Prices>
[[nodiscard]] attempt_end end_of(attempt_plan const& plan, response_follower& follower,
                                 std::optional<error> transport, record entry,
                                 stream_meter const& meter, std::uint64_t output_tokens_max,
                                 Prices const& prices) {
    attempt_end end;
    output_bounds output{output_tokens_max, {}};
    if (was_left(transport, follower) && ends_when_left(plan)) output.left_at = meter.charged();
    end.outcome = std::move(entry);
    // A stream that outran what was held for it may have passed the limit that it was given.
    usage const used = follower.used_so_far();
    reading read = follower.finish();
    withhold_key(plan.key->value, read);
    for (std::string const& each : plan.callers_keys) {
        // Shorter ones are words such as "none", which may stand in a model's name.
        if (each.size() >= callers_key_bytes_least) withhold_key(each, read);
    }
    if (read.facts.model_requested.empty()) read.facts.model_requested = plan.model;
    if (read.facts.model_served.empty()) read.facts.model_served = read.facts.model_requested;
    if (transport) read.facts.complete = false;
    take_terms(read, plan.request->facts);
    set_facts(end.outcome, read.facts);
    end.outcome.http_status = static_cast<std::uint16_t>(follower.status());
    end.ended_by_caller = follower.ended_by_caller();
    end.handed_on = follower.handed_on();
    end.thrown = follower.thrown();
    end.failure = failure_of(plan, transport, read, follower.status(), end.ended_by_caller);
    auto& limit = read.facts.parameters.max_output_tokens;
    if (limit) limit = (std::max)(*limit, used.count(unit::output_tokens));
    price_outcome(end, read, transport, plan, output, prices, lookup_cache_of<Prices>());
    if (end.failure) {
        end.of = classify(end.failure->code, follower.status(), read.facts.error_type);
        if (end.outcome.error_type.empty()) end.outcome.error_type = name_of(end.failure->code);
    }
    end.content = follower.take_answer();
    end.body = follower.take_body();
    end.content_type = follower.content_type();
    end.headers = follower.headers();
    return end;
}

// Sends the request, reads the response and prices it. `guard(response_follower const&)` is asked
// after each piece of a stream, asked for or not, whether it may go on, and gives an error where it
// may not.
template <class Transport, class Timer, class Guard, pricing_policy Prices>
[[nodiscard]] attempt_end make_attempt(attempt_plan const& plan, stream_listener const& to,
                                       timestamp at, Transport& transport, Timer& timer,
                                       Guard&& guard, std::uint64_t output_tokens_max,
                                       Prices const& prices) {
    record entry = record_of_attempt(plan, record_kind::outcome, at);
    response_follower follower(exchange_of(plan), *plan.request, *plan.where, to,
                               plan.body_bytes_kept);
    steady_time const begun = timer.now();
    stream_meter meter(begun, plan.request->facts.may_think);
    // A transport goes by the real time, which is another than that of a manual_timer.
    transfer_limits limits = plan.limits;
    if (limits.deadline)
        limits.deadline = std::chrono::steady_clock::now() + (*limits.deadline - begun);
    std::optional<error> failed;
    auto const sent = transport.exchange(
        http_request_of(plan), limits, plan.stop,
        [&](http_response_head const& head) {
            follower.begin(head);
            return true;
        },
        [&](std::string_view bytes) {
            steady_time const came = plan.stream ? timer.now() : begun;
            bool const more = follower.feed(bytes);
            if (plan.stream) meter.note(came, follower);
            if (!more) meter.note_unread(timer.now());
            if (plan.stream && follower.begun() && !entry.time_to_first_token_ns)
                entry.time_to_first_token_ns = nanoseconds_between(begun, timer.now());
            if (more && (plan.stream || follower.is_stream())) failed = guard(follower);
            return more && !failed;
        });
    steady_time const ended = timer.now();
    entry.duration_ns = nanoseconds_between(begun, ended);
    follower.conclude();
    meter.note(ended, follower);
    if (!sent && !failed) failed = sent.error();
    return end_of(plan, follower, std::move(failed), std::move(entry), meter, output_tokens_max,
                  prices);
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/client/attempt.ipp>
#endif

#endif  // AIAUDIT_CLIENT_ATTEMPT_HPP
