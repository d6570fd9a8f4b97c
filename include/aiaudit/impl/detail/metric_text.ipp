// SPDX-License-Identifier: MIT
//
// metric_text.ipp: the definitions of metric_text.hpp.
#ifndef AIAUDIT_IMPL_DETAIL_METRIC_TEXT_IPP
#define AIAUDIT_IMPL_DETAIL_METRIC_TEXT_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/detail/metric_text.hpp>
#include <aiaudit/detail/utf8.hpp>  // clean_text

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::string metric_label(std::string_view text) {
    std::string quoted = "\"";
    for (char const c : clean_text(text, metric_label_bytes)) {
        if (c == '"' || c == '\\') quoted.push_back('\\');
        quoted.push_back(c);
    }
    quoted.push_back('"');
    return quoted;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_DETAIL_METRIC_TEXT_IPP
