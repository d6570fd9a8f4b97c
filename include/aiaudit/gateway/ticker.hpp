// SPDX-License-Identifier: MIT
//
// ticker.hpp: calls a function every second beside a coroutine, such as one that waits for bytes.
//
// Threads: one; all of it runs where the coroutine runs that it is beside.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_TICKER_HPP
#define AIAUDIT_GATEWAY_TICKER_HPP

#include <aiaudit/gateway/asio_result.hpp>  // as_value

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <exception>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class ticker {
public:
    explicit ticker(asio::any_io_executor const& by,
                    std::chrono::milliseconds every = std::chrono::seconds{1})
        : next_(by), changed_(by), every_(every) {}
    ticker(ticker const&) = delete;
    ticker& operator=(ticker const&) = delete;

    // Calls tick() -> awaitable<bool> again and again, until it gives false, or stop(). It and what
    // it uses live until stop() has returned.
    template <class Tick>
    void start(Tick tick) {
        running_ = true;
        asio::co_spawn(next_.get_executor(), run(std::move(tick)), [this](std::exception_ptr) {
            running_ = busy_ = false;
            changed_.cancel();
        });
    }
    // Waits until no call is under way.
    [[nodiscard]] asio::awaitable<void> wait_idle() {
        while (busy_) co_await change();
    }
    // Waits until there will be no further one. To be called before the ticker is destroyed, if it
    // was started.
    [[nodiscard]] asio::awaitable<void> stop() {
        stopped_ = true;
        next_.cancel();
        while (running_) co_await change();
    }

private:
    template <class Tick>
    asio::awaitable<void> run(Tick tick) {
        while (!stopped_) {
            next_.expires_after(every_);
            static_cast<void>(co_await next_.async_wait(as_value));
            if (stopped_) co_return;
            busy_ = true;
            bool const more = co_await tick();
            busy_ = false;
            changed_.cancel();
            if (!more) co_return;
        }
    }
    asio::awaitable<void> change() {
        changed_.expires_at((asio::steady_timer::time_point::max)());
        static_cast<void>(co_await changed_.async_wait(as_value));
    }

    asio::steady_timer next_;
    asio::steady_timer changed_;
    std::chrono::milliseconds const every_;
    bool running_ = false;
    bool busy_ = false;
    bool stopped_ = false;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_GATEWAY_TICKER_HPP
