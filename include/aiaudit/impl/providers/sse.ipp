// SPDX-License-Identifier: MIT
//
// sse.ipp: the definitions of sse.hpp.
#ifndef AIAUDIT_IMPL_PROVIDERS_SSE_IPP
#define AIAUDIT_IMPL_PROVIDERS_SSE_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/providers/sse.hpp>

#include <algorithm>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE std::size_t sse_parser::end_of_line(std::string_view bytes) noexcept {
    auto const at =
        std::find_if(bytes.begin(), bytes.end(), [](char c) { return c == '\n' || c == '\r'; });
    return at == bytes.end() ? std::string_view::npos
                             : static_cast<std::size_t>(at - bytes.begin());
}

AIAUDIT_INLINE std::string_view sse_parser::skip_byte_order_mark(std::string_view bytes) {
    while (mark_seen_ < mark_done && !bytes.empty()) {
        if (bytes.front() != byte_order_mark[mark_seen_]) {
            line_.append(byte_order_mark.substr(0, mark_seen_));
            mark_seen_ = mark_done;
            break;
        }
        ++mark_seen_;
        bytes.remove_prefix(1);
    }
    return bytes;
}

AIAUDIT_INLINE void sse_parser::take_field() {
    std::string_view const line = line_;
    auto const colon = line.find(':');
    std::string_view const field = line.substr(0, colon);
    std::string_view value;
    if (colon != std::string_view::npos) value = line.substr(colon + 1);
    if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    if (field == "data") {
        if (has_data_) event_.data.push_back('\n');
        event_.data.append(value);
        has_data_ = true;
    } else if (field == "event") {
        event_.name = value;
    } else if (field == "id" && value.find('\0') == std::string_view::npos) {
        event_.id = value;
    }
    // A comment has an empty field name; `retry` and unknown fields mean nothing here.
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PROVIDERS_SSE_IPP
