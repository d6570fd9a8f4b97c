// SPDX-License-Identifier: MIT
//
// usage_chunk_filter.ipp: the definitions of usage_chunk_filter.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_USAGE_CHUNK_FILTER_IPP
#define AIAUDIT_IMPL_GATEWAY_USAGE_CHUNK_FILTER_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/gateway/usage_chunk_filter.hpp>
#include <aiaudit/providers/json_fields.hpp>  // parse_json
#include <aiaudit/providers/usage_asked.hpp>  // is_usage_only

#include <algorithm>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::string_view usage_chunk_filter::feed(std::string_view piece) {
    out_.clear();
    event_.append(piece);
    std::size_t begin = 0;
    for (;;) {
        std::size_t const end = end_of_event((std::max)(begin, searched_));
        if (end == std::string::npos) break;
        std::string_view const whole = std::string_view(event_).substr(begin, end - begin);
        if (!is_unasked(whole)) out_.append(whole);
        begin = end;
        searched_ = end;
    }
    event_.erase(0, begin);
    // The blank line may be cut in the middle.
    searched_ = event_.size() < 3 ? 0 : event_.size() - 3;
    if (event_.size() > event_bytes_max) out_.append(std::exchange(event_, {})), searched_ = 0;
    return out_;
}

AIAUDIT_INLINE std::size_t usage_chunk_filter::end_of_event(std::size_t from) const noexcept {
    for (std::size_t at = from; at < event_.size(); ++at) {
        if (event_[at] != '\n') continue;
        std::size_t next = at + 1;
        if (next < event_.size() && event_[next] == '\r') ++next;
        if (next < event_.size() && event_[next] == '\n') return next + 1;
    }
    return std::string::npos;
}

AIAUDIT_INLINE bool usage_chunk_filter::is_unasked(std::string_view event) const {
    constexpr std::string_view field = "data:";
    if (event.find("\"usage\"") == std::string_view::npos) return false;
    auto const at = event.find(field);
    if (at == std::string_view::npos) return false;
    event.remove_prefix(at + field.size());
    auto const chunk = parse_json(event.substr(0, event.find('\n')), "event");
    return chunk && is_usage_only(dialect_, *chunk);
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_USAGE_CHUNK_FILTER_IPP
