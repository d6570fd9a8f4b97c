// SPDX-License-Identifier: MIT
//
// connection_pool.ipp: the definitions of connection_pool.hpp.
#ifndef AIAUDIT_IMPL_TRANSPORT_CONNECTION_POOL_IPP
#define AIAUDIT_IMPL_TRANSPORT_CONNECTION_POOL_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/transport/connection_pool.hpp>

#include <algorithm>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::unique_ptr<connection> connection_pool::take(std::string const& origin) {
    for (;;) {
        idle found;
        {
            std::lock_guard const lock(mutex_);
            auto const at = idle_.find(origin);
            if (at == idle_.end() || at->second.empty()) return {};
            found = std::move(at->second.back());
            at->second.pop_back();
        }
        bool const young = std::chrono::steady_clock::now() - found.since < longest_;
        if (young && found.held->reusable()) return std::move(found.held);
    }
}

AIAUDIT_INLINE void connection_pool::put(std::string const& origin,
                                         std::unique_ptr<connection> held) {
    std::vector<idle> dropped;  // closed once the mutex is free
    auto const now = std::chrono::steady_clock::now();
    std::lock_guard const lock(mutex_);
    auto& waiting = idle_[origin];
    waiting.push_back({std::move(held), now});
    auto const old = std::find_if(waiting.begin(), waiting.end(),
                                  [&](idle const& each) { return now - each.since < longest_; });
    auto const surplus =
        static_cast<std::ptrdiff_t>(waiting.size() - (std::min)(waiting.size(), most_));
    auto const end = (std::max)(old, waiting.begin() + surplus);
    std::move(waiting.begin(), end, std::back_inserter(dropped));
    waiting.erase(waiting.begin(), end);
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_TRANSPORT_CONNECTION_POOL_IPP
