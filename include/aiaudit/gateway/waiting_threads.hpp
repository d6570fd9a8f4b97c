// SPDX-License-Identifier: MIT
//
// waiting_threads.hpp: threads for work that waits for the disk, so that no thread that serves
// connections does.
//
// Threads: start() once, by one; join() and the destructor by one; the executor by any.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_WAITING_THREADS_HPP
#define AIAUDIT_GATEWAY_WAITING_THREADS_HPP

#include <aiaudit/clock/thread.hpp>         // thread
#include <aiaudit/gateway/asio_result.hpp>  // asio

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class waiting_threads {
public:
    waiting_threads() = default;
    waiting_threads(waiting_threads const&) = delete;
    waiting_threads& operator=(waiting_threads const&) = delete;
    // Leaves what is not begun yet.
    ~waiting_threads() {
        context_.stop();
        join();
    }

    // Errors: no_thread. What was started before that ends with this.
    [[nodiscard]] result<void> start(unsigned count);
    // Until all work is done.
    void join() {
        work_.reset();
        for (thread& each : threads_) each.join();
    }
    [[nodiscard]] asio::io_context::executor_type get_executor() noexcept {
        return context_.get_executor();
    }

private:
    asio::io_context context_{};
    asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
    std::vector<thread> threads_{};  // last: they use all of the above
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/waiting_threads.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_WAITING_THREADS_HPP
