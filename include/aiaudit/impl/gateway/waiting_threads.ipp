// SPDX-License-Identifier: MIT
//
// waiting_threads.ipp: the definitions of waiting_threads.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_WAITING_THREADS_IPP
#define AIAUDIT_IMPL_GATEWAY_WAITING_THREADS_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/gateway/waiting_threads.hpp>

#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE result<void> waiting_threads::start(unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
        auto made = thread::start("a waiting thread of the gateway", [this] { context_.run(); });
        if (!made) return made.error();
        threads_.push_back(std::move(*made));
    }
    return {};
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_WAITING_THREADS_IPP
