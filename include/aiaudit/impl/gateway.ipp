// SPDX-License-Identifier: MIT
//
// gateway.ipp: the definitions of gateway.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_IPP
#define AIAUDIT_IMPL_GATEWAY_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/gateway.hpp>

#include <cstdlib>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE result<gateway_upstream> upstream_named(std::string_view name) {
    auto entry = provider_named(name);
    if (!entry) return entry.error();
    gateway_upstream made;
    made.name = entry->name;
    if (char const* const key = std::getenv(entry->key_variable.c_str())) made.key = key;
    made.entry = std::move(*entry);
    return made;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_IPP
