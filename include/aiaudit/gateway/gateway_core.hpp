// SPDX-License-Identifier: MIT
//
// gateway_core.hpp: what all connections of a gateway share.
//
// Threads: all of it may be used from any thread at once.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_GATEWAY_CORE_HPP
#define AIAUDIT_GATEWAY_GATEWAY_CORE_HPP

#include <aiaudit/client/admission_desk.hpp>       // admission_desk
#include <aiaudit/clock/timer.hpp>                 // steady_timer
#include <aiaudit/engine/ledger_share.hpp>         // ledger_share
#include <aiaudit/gateway/answer_index.hpp>        // answer_index
#include <aiaudit/gateway/asio_result.hpp>         // asio
#include <aiaudit/gateway/ended_calls.hpp>         // ended_calls
#include <aiaudit/gateway/gateway_metrics.hpp>     // gateway_metrics
#include <aiaudit/gateway/gateway_options.hpp>     // gateway_options
#include <aiaudit/gateway/key_ring.hpp>            // key_ring
#include <aiaudit/gateway/readiness.hpp>           // readiness
#include <aiaudit/gateway/router.hpp>              // router
#include <aiaudit/gateway/switched_prices.hpp>     // switched_prices
#include <aiaudit/gateway/waiting_threads.hpp>     // waiting_threads
#include <aiaudit/resilience/circuit_breaker.hpp>  // breaker_board

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

template <class Ledger, pricing_policy Prices>
struct gateway_core {
    using ledger_type = Ledger;

    gateway_core(Ledger& into, gateway_options with, Prices by, router to,
                 std::optional<key_ring> ring)
        : held(into),
          options(std::move(with)),
          prices(std::move(by)),
          routes(std::move(to)),
          keys(std::move(ring)) {}

    // Whether an admission waits for the disk, so that no thread that serves connections may ask
    // for it.
    [[nodiscard]] bool admissions_wait() const {
        return options.calls.intent == intent_mode::durable ||
               (ledger.has_budgets() && ledger.budgets_by() == budget_mode::shared);
    }
    // Calls a function that may wait, in a thread that may; here, where there is none.
    template <class Function>
    [[nodiscard]] asio::awaitable<std::invoke_result_t<Function&>> away(Function function) {
        using value = std::invoke_result_t<Function&>;
        if (options.waiting_threads == 0) co_return function();
        auto made = co_await asio::co_spawn(
            waiting.get_executor(),
            [&function]() -> asio::awaitable<std::optional<value>> { co_return function(); },
            asio::use_awaitable);
        co_return std::move(*made);
    }

    // Whether calls would pass, as far as the log and the budgets go. Nothing: somebody looks.
    // Looks in a thread that may wait.
    [[nodiscard]] std::optional<result<void>> readiness_now() {
        auto const look = [this] {
            auto found = ledger.claim_budgets();
            if (found) found = ledger.probe();
            ready.note(std::move(found), timer.now());
        };
        bool const looks = ready.begin_look(timer.now());
        if (looks && options.waiting_threads == 0)
            look();
        else if (looks)
            asio::post(waiting.get_executor(), look);
        return ready.known(timer.now());
    }
    // Whether the log would take what follows a request that goes out before the log has anything
    // of it: looked at every few milliseconds.
    [[nodiscard]] asio::awaitable<result<void>> log_takes() {
        constexpr std::chrono::milliseconds known_for{20};
        auto const now = timer.now();
        if (now - steady_time{steady_time::duration{log_seen.load()}} < known_for)
            co_return result<void>{};
        auto found = co_await away([this] { return ledger.probe(); });
        if (found) log_seen = now.time_since_epoch().count();
        co_return found;
    }

    // Has whose answers are whose read from the log, in a thread that may wait.
    void read_answers() {
        asio::post(waiting.get_executor(), [this] { static_cast<void>(answers->catch_up()); });
    }

    ledger_share<Ledger> const held;
    Ledger& ledger = *held;
    gateway_options const options;
    switched_prices<Prices> prices;
    router const routes;
    std::optional<key_ring> const keys;  // none: nobody has one
    // Whose the answers are that providers keep; none where there are no keys.
    std::unique_ptr<answer_index<Ledger>> answers{};
    steady_timer timer{};
    gateway_metrics metrics{};
    ended_calls ended{};
    readiness ready{};
    std::atomic<steady_time::rep> log_seen{(steady_time::min)().time_since_epoch().count() / 2};
    breaker_board circuits{options.calls.breaker};
    admission_desk<Ledger, steady_timer, switched_prices<Prices>> desk{ledger, timer, options.calls,
                                                                       prices, true};
    waiting_threads waiting{};  // last: what it does uses all of the above
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_GATEWAY_GATEWAY_CORE_HPP
