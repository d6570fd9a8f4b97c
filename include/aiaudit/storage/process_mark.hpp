// SPDX-License-Identifier: MIT
//
// process_mark.hpp: whether this process is a fork of the one in which something was made.
//
// A forked child has none of its parent's threads, and mutexes as they stood at that moment: it may
// not lock, join, flush or close what its parent had open. It may only be told so, and leave it.
// Threads: any.
// Floor 5.
#ifndef AIAUDIT_STORAGE_PROCESS_MARK_HPP
#define AIAUDIT_STORAGE_PROCESS_MARK_HPP

#include <aiaudit/error.hpp>  // result

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <pthread.h>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

inline std::atomic<std::uint64_t> fork_count{0};  // of this process and those it forked from

// Told by fork() itself, so that to ask costs no system call.
class process_mark {
public:
    process_mark() noexcept : forks_(register_once()) {}
    [[nodiscard]] bool forked() const noexcept {
        return forks_ != fork_count.load(std::memory_order_relaxed);
    }
    // Errors: closed, in a forked child; `what` begins the text.
    [[nodiscard]] result<void> check_fork(std::string const& what) const {
        if (!forked()) return {};
        return fail(errc::closed,
                    what + ": was opened before this process forked; open it anew in the child");
    }

private:
    [[nodiscard]] static std::uint64_t register_once() noexcept {
        static bool const registered = ::pthread_atfork(nullptr, nullptr, &count_fork) == 0;
        static_cast<void>(registered);
        return fork_count.load(std::memory_order_relaxed);
    }
    static void count_fork() noexcept { fork_count.fetch_add(1, std::memory_order_relaxed); }

    std::uint64_t forks_;
};

// A forked child's copy is left as it is, with its threads, locks and descriptors.
struct delete_unless_forked {
    process_mark made{};
    template <class T>
    void operator()(T* object) const noexcept {
        if (!made.forked()) delete object;
    }
};

template <class T>
using process_owned = std::unique_ptr<T, delete_unless_forked>;

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_STORAGE_PROCESS_MARK_HPP
