// SPDX-License-Identifier: MIT
//
// asio_result.ipp: the definitions of asio_result.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_ASIO_RESULT_IPP
#define AIAUDIT_IMPL_GATEWAY_ASIO_RESULT_IPP

#include <aiaudit/config.hpp>     // AIAUDIT_INLINE
#include <aiaudit/core/http.hpp>  // header_list
#include <aiaudit/gateway/asio_result.hpp>

#include <algorithm>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE bool is_hop_by_hop(std::string_view name) noexcept {
    for (std::string_view const each :
         {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization",
          "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}) {
        if (same_name(each, name)) return true;
    }
    return false;
}

AIAUDIT_INLINE bool header_names(std::string_view list, std::string_view name) noexcept {
    while (!list.empty()) {
        std::string_view each = list.substr(0, list.find(','));
        list.remove_prefix((std::min)(each.size() + 1, list.size()));
        while (each.starts_with(' ') || each.starts_with('\t')) each.remove_prefix(1);
        while (each.ends_with(' ') || each.ends_with('\t')) each.remove_suffix(1);
        if (same_name(each, name)) return true;
    }
    return false;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_ASIO_RESULT_IPP
