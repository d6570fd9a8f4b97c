// SPDX-License-Identifier: MIT
//
// child_process.hpp: work in a forked child, for what a test must not do to its own process: be
// killed, crash, mount, give up privileges.
//
// A child leaves with _exit: no destructor, no buffer and no exit handler of the parent runs twice.
#ifndef AIAUDIT_TESTS_ENGINE_SUPPORT_CHILD_PROCESS_HPP
#define AIAUDIT_TESTS_ENGINE_SUPPORT_CHILD_PROCESS_HPP

#include <atomic>
#include <cstdint>
#include <new>
#include <stdexcept>
#include <utility>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

namespace aiaudit_tests {

class child_process {
public:
    // body(): int, the exit status.
    template <class Body>
    explicit child_process(Body body) : id_(::fork()) {
        if (id_ < 0) throw std::runtime_error("fork failed");
        if (id_ != 0) return;
        int status = 125;
        try {
            status = body();
        } catch (...) {
            status = 126;
        }
        ::_exit(status);
    }
    child_process(child_process&& other) noexcept : id_(std::exchange(other.id_, -1)) {}
    child_process& operator=(child_process&&) = delete;
    ~child_process() {
        if (id_ > 0) kill();
    }
    [[nodiscard]] pid_t id() const noexcept { return id_; }
    // The exit status; minus the signal's number where one ended it.
    int wait() {
        int status = 0;
        while (::waitpid(id_, &status, 0) < 0) {
        }
        id_ = -1;
        return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
    }
    int kill() {
        ::kill(id_, SIGKILL);
        return wait();
    }

private:
    pid_t id_;
};

template <class Body>
int run_in_child(Body body) {
    return child_process(std::move(body)).wait();
}

// A number that parent and children share, without a pipe that could fill up.
class shared_counter {
public:
    shared_counter() {
        void* const page = ::mmap(nullptr, sizeof(counter), PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED) throw std::bad_alloc();
        value_ = new (page) counter(0);
    }
    shared_counter(shared_counter const&) = delete;
    shared_counter& operator=(shared_counter const&) = delete;
    ~shared_counter() { ::munmap(value_, sizeof(counter)); }
    void set(std::uint64_t value) noexcept { value_->store(value); }
    [[nodiscard]] std::uint64_t get() const noexcept { return value_->load(); }

private:
    using counter = std::atomic<std::uint64_t>;
    counter* value_ = nullptr;
};

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_ENGINE_SUPPORT_CHILD_PROCESS_HPP
