// SPDX-License-Identifier: MIT
//
// thread.ipp: the definitions of thread.hpp.
#ifndef AIAUDIT_IMPL_CLOCK_THREAD_IPP
#define AIAUDIT_IMPL_CLOCK_THREAD_IPP

#include <aiaudit/clock/thread.hpp>
#include <aiaudit/config.hpp>  // AIAUDIT_INLINE

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE signal_block::signal_block() noexcept {
    sigset_t blocked;
    ::sigfillset(&blocked);
    for (int const fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS})
        ::sigdelset(&blocked, fault);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &before_);
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_CLOCK_THREAD_IPP
