// SPDX-License-Identifier: MIT
//
// upstream_pool.ipp: the definitions of upstream_pool.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_UPSTREAM_POOL_IPP
#define AIAUDIT_IMPL_GATEWAY_UPSTREAM_POOL_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/gateway/upstream_pool.hpp>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE result<upstream_pool::taken> upstream_pool::take(std::string const& origin) {
    auto& waiting = idle_[origin];
    while (!waiting.empty()) {
        // The one that was used last, so that those which are not needed grow old.
        idle last = std::move(waiting.back());
        waiting.pop_back();
        --idle_count_;
        if (is_fit(last)) return taken{std::move(last.held), true};
    }
    auto place = parse_origin(origin);
    if (!place) return place.error();
    return taken{std::make_unique<upstream_connection>(by_, std::move(*place), *tls_), false};
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_UPSTREAM_POOL_IPP
