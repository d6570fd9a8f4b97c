// SPDX-License-Identifier: MIT
//
// usage_chunk_filter.hpp: takes the chunk that only reports usage out of a stream again, where we
// asked for it and the client did not. All other bytes pass as they came.
//
// Threads: one stream for one thread.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_USAGE_CHUNK_FILTER_HPP
#define AIAUDIT_GATEWAY_USAGE_CHUNK_FILTER_HPP

#include <aiaudit/providers/json_fields.hpp>  // parse_json
#include <aiaudit/providers/usage_asked.hpp>  // is_usage_only

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class usage_chunk_filter {
public:
    explicit usage_chunk_filter(dialect of) noexcept : dialect_(of) {}

    // What of the stream so far may go on: whole events. It is there until the next call.
    [[nodiscard]] std::string_view feed(std::string_view piece) {
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
    // The rest of a stream that ended, or was cut, in the middle of an event.
    [[nodiscard]] std::string_view rest() const noexcept { return event_; }

private:
    // A chunk of usage is far smaller: what is longer is passed on.
    static constexpr std::size_t event_bytes_max = std::size_t{1} << 20;

    // Behind the blank line that ends an event.
    [[nodiscard]] std::size_t end_of_event(std::size_t from) const noexcept {
        for (std::size_t at = from; at < event_.size(); ++at) {
            if (event_[at] != '\n') continue;
            std::size_t next = at + 1;
            if (next < event_.size() && event_[next] == '\r') ++next;
            if (next < event_.size() && event_[next] == '\n') return next + 1;
        }
        return std::string::npos;
    }
    [[nodiscard]] bool is_unasked(std::string_view event) const {
        constexpr std::string_view field = "data:";
        if (event.find("\"usage\"") == std::string_view::npos) return false;
        auto const at = event.find(field);
        if (at == std::string_view::npos) return false;
        event.remove_prefix(at + field.size());
        auto const chunk = parse_json(event.substr(0, event.find('\n')), "event");
        return chunk && is_usage_only(dialect_, *chunk);
    }

    dialect dialect_;
    std::string event_{};  // of which the end has not come
    std::string out_{};
    std::size_t searched_ = 0;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_GATEWAY_USAGE_CHUNK_FILTER_HPP
