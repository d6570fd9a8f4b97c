// SPDX-License-Identifier: MIT
//
// call.hpp: one call on its way: what is asked, of whom, until when, and what it has cost so far.
//
// Threads: one, but for what hedging shares (client.hpp).
// Floor 7.
#ifndef AIAUDIT_CLIENT_CALL_HPP
#define AIAUDIT_CLIENT_CALL_HPP

#include <aiaudit/client/attempt.hpp>  // attempt_end
#include <aiaudit/client/options.hpp>  // call_options

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// A request to a target, in the words of its API.
using request_maker =
    std::function<result<prepared_request>(provider_entry const&, std::string const& model)>;

struct call {
    call_options const* options = nullptr;
    call_target target{};
    request_maker make{};
    stream_listener listener{};
    bool stream = false;
    operation what = operation::chat;

    operation_id id{};
    steady_time begun{};
    steady_time deadline{};
    std::atomic<std::uint32_t> attempts = 0;  // numbered; some may have been refused by a budget
    std::atomic<std::uint32_t> sent = 0;
    std::atomic<bool> warned = false;  // by a budget

    // An attempt is over and recorded. From the threads of a hedged call at once.
    void ended(money cost, sequence number) {
        std::lock_guard const lock(mutex);
        spent += cost;
        last_record = (std::max)(last_record, number);
    }
    std::mutex mutex{};
    money spent{};  // by the attempts that have ended; under mutex while there are any
    sequence last_record{};
};

// How a target, with all its attempts, ended.
struct target_end {
    std::optional<attempt_end> last{};  // none where nothing was sent
    std::optional<error> failure{};
    error_class of = error_class::none;
    bool by_fallback = false;
    std::optional<budget_refusal> refused{};  // by a budget: why `failure`
    std::string downgraded_from{};            // the model that a budget had no room for
};

// What those who wait for an identical call are given.
struct shared_answer {
    std::optional<error> failure{};
    cached_response response{};
    call_target from{};  // whose words the answer is in: a fallback may have changed them
    bool alone = false;  // it was too large to be kept: each asks for itself
};

// Of the models that a full budget names: the first behind `now` that was not tried, or the first
// of all where `now` is not among them.
[[nodiscard]] std::optional<std::string> cheaper_than(std::vector<std::string> const& models,
                                                      std::string const& now,
                                                      std::vector<std::string> const& tried);

[[nodiscard]] inline std::string seconds_text(std::chrono::nanoseconds time) {
    auto const ms = std::chrono::ceil<std::chrono::milliseconds>(time).count();
    return ms < 10'000 ? std::to_string(ms) + " ms" : std::to_string((ms + 999) / 1000) + " s";
}

// Says how often it was tried, and when it is worth trying again.
[[nodiscard]] error with_course(error failure, std::uint32_t attempts,
                                retry_decision const& decision);

// The record of a circuit that opened or closed.
[[nodiscard]] record record_of_change(breaker_change const& change, std::string const& provider,
                                      std::string const& model, timestamp at, steady_time now);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/client/call.ipp>
#endif

#endif  // AIAUDIT_CLIENT_CALL_HPP
