// SPDX-License-Identifier: MIT
//
// options.hpp: how a client behaves, and what one call may ask for itself.
//
// Threads: plain values.
// Floor 7.
#ifndef AIAUDIT_CLIENT_OPTIONS_HPP
#define AIAUDIT_CLIENT_OPTIONS_HPP

#include <aiaudit/budget/decision.hpp>             // budget_refusal
#include <aiaudit/cache/response_cache.hpp>        // cache_options, cache_scope
#include <aiaudit/core/http.hpp>                   // header_list
#include <aiaudit/core/ids.hpp>                    // trace_id
#include <aiaudit/limits.hpp>                      // output_tokens
#include <aiaudit/providers/input_estimator.hpp>   // input_estimate
#include <aiaudit/providers/provider_table.hpp>    // provider_entry
#include <aiaudit/resilience/circuit_breaker.hpp>  // breaker_options
#include <aiaudit/resilience/retry.hpp>            // retry_policy, error_class
#include <aiaudit/transport/transport.hpp>         // transfer_limits

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// Whether an attempt is in the log before its first byte leaves. Where the ledger has budgets an
// intent is what they hold, so there always is one.
enum class intent_mode : std::uint8_t {
    durable,  // on disk first: no crash hides an attempt; one wait for the disk
    none,     // outcomes only; with budgets as `relaxed`
    relaxed,  // queued, not waited for: a crash may hide the attempts of its last moments
};

// What becomes of a stream that uses more than budgets hold for it.
enum class stream_overrun : std::uint8_t {
    extend,  // more is asked for, and the stream is cut where that is refused
    cut,     // it is cut
    ignore,  // it goes on; what it costs more is booked at its end
};

// The most output that a model may be asked for.
struct output_cap {
    std::string model{};  // as the caller names it
    std::uint64_t tokens = 0;
};

// What becomes of a request that asks for more than its cap.
enum class over_cap : std::uint8_t {
    lower,   // the cap is asked for instead
    refuse,  // bad_argument
};

enum class cache_mode : std::uint8_t {
    allowed,
    refresh,  // ask the provider, and keep what it answers
    none,     // neither read nor kept; nor shared with identical calls in flight
};

// A key of a provider. Only the id goes into records.
struct api_key {
    std::string provider{};
    std::string value{};
    std::string id{};
};

// Where a call may go instead.
struct call_target {
    std::string provider{};
    std::string model{};
};

// What is tried next, in this order, when all attempts at one target failed in one of these ways.
// Never after a part of a stream was handed on.
struct fallback_policy {
    std::vector<call_target> to{};
    std::vector<error_class> after{error_class::connection,      error_class::tls,
                                   error_class::timeout,         error_class::rate_limit,
                                   error_class::quota,           error_class::server,
                                   error_class::request_timeout, error_class::circuit_open};

    [[nodiscard]] bool applies(error_class of) const noexcept {
        return std::find(after.begin(), after.end(), of) != after.end();
    }
};

struct client_options {
    // Servers of one's own, and entries that replace those of the built-in table (by name).
    std::vector<provider_entry> providers{};
    // Keys. Where a provider has none here it is read from the environment, at open(), under the
    // name that the table gives.
    std::vector<api_key> keys{};

    retry_policy retry{};
    breaker_options breaker{};
    fallback_policy fallback{};
    // A second, identical attempt is begun where the first has not ended after this time, and the
    // answer that comes first is taken. Both may be billed. 0: never. Streams are never hedged.
    std::chrono::milliseconds hedge_after{0};

    // Of a whole call: every attempt and every wait between them end before.
    std::chrono::milliseconds timeout{600'000};
    transfer_limits limits{};  // of one attempt; its deadline is set by the call

    // Where cache.path is empty nothing is cached.
    cache_options cache{};
    aiaudit::cache_scope cache_scope = aiaudit::cache_scope::per_user;
    // Requests whose answer may differ each time too: those without a temperature of 0.
    bool cache_varying = false;

    intent_mode intent = intent_mode::durable;
    // Output that is assumed at the most where a request sets no limit and the answer was cut; the
    // model's own most, where the prices name it and this is as it is here or more.
    std::uint64_t output_tokens_max = limits::output_tokens;

    // Caps hold with budgets and without; a request that sets no limit is given its cap. Each
    // choice has as much.
    std::vector<output_cap> output_caps{};       // of single models
    std::optional<std::uint64_t> output_most{};  // of every model: the hard cap
    over_cap when_over_cap = over_cap::lower;
    // Where the ledger has budgets, the limit of a request that sets none and has no cap.
    std::uint64_t output_tokens_budgeted = 4096;
    // What budgets hold for input. The default is a strict bound.
    aiaudit::input_estimate input_estimate = aiaudit::input_estimate::bytes;
    stream_overrun on_overrun = stream_overrun::extend;
};

struct call_options {
    // Who asks. It goes into the record, never to the provider.
    std::string user{};
    std::string project{};
    aiaudit::trace_id trace_id{};
    std::vector<std::pair<std::string, std::string>> tags{};

    // In place of the client's.
    std::optional<std::chrono::milliseconds> timeout{};
    std::optional<fallback_policy> fallback{};
    cache_mode cache = cache_mode::allowed;

    header_list headers{};   // sent with every attempt
    std::stop_token stop{};  // ends the call at once

    // Told why a budget does not let the call through, in the caller's thread, before it goes on
    // with a cheaper model or fails.
    std::function<void(budget_refusal const&)> on_refusal{};
};

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_CLIENT_OPTIONS_HPP
