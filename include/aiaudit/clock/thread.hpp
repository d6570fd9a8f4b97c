// SPDX-License-Identifier: MIT
//
// thread.hpp: a thread of the library's own, which takes no signal of the application's.
//
// A service that blocks SIGTERM in main and waits for it with sigwait() must not lose it to a
// thread that it does not know. So every thread here begins with all signals blocked, but those
// that the thread's own fault raises: to block SIGSEGV would silence a crash handler.
// Threads: a thread object belongs to one thread at a time.
// Floor 5.
#ifndef AIAUDIT_CLOCK_THREAD_HPP
#define AIAUDIT_CLOCK_THREAD_HPP

#include <aiaudit/error.hpp>  // result

#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <pthread.h>
#include <signal.h>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Blocks signals in the calling thread, and in what it starts, until the end of the scope.
class signal_block {
public:
    signal_block() noexcept;
    signal_block(signal_block const&) = delete;
    signal_block& operator=(signal_block const&) = delete;
    ~signal_block() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
    sigset_t before_{};
};

// Its destructor joins.
class thread {
public:
    thread() noexcept = default;
    thread(thread&& other) noexcept
        : id_(other.id_), joinable_(std::exchange(other.joinable_, false)) {}
    thread& operator=(thread&& other) noexcept {
        std::swap(id_, other.id_);
        std::swap(joinable_, other.joinable_);
        return *this;
    }
    ~thread() { join(); }

    // Runs body(), which throws nothing, with signals blocked. Errors: no_thread; `purpose` names
    // the thread in the text.
    template <class Body>
    [[nodiscard]] static result<thread> start(char const* purpose, Body body) {
        auto owned = std::make_unique<Body>(std::move(body));
        thread made;
        int failed = 0;
        {
            signal_block const blocked;
            failed = ::pthread_create(&made.id_, nullptr, &run<Body>, owned.get());
        }
        if (failed != 0)
            return fail(errc::no_thread, std::string(purpose) + ": pthread_create: " +
                                             std::generic_category().message(failed) +
                                             " (look at RLIMIT_NPROC, pids.max and memory)");
        static_cast<void>(owned.release());  // run() deletes it
        made.joinable_ = true;
        return made;
    }

    [[nodiscard]] bool joinable() const noexcept { return joinable_; }
    // Does nothing if there is no thread to join.
    void join() noexcept {
        if (std::exchange(joinable_, false)) ::pthread_join(id_, nullptr);
    }

private:
    template <class Body>
    static void* run(void* body) noexcept {
        std::unique_ptr<Body> const owned(static_cast<Body*>(body));
        (*owned)();
        return nullptr;
    }

    pthread_t id_{};
    bool joinable_ = false;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/clock/thread.ipp>
#endif

#endif  // AIAUDIT_CLOCK_THREAD_HPP
