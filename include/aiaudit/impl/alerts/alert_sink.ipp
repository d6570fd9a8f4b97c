// SPDX-License-Identifier: MIT
//
// alert_sink.ipp: the definitions of alert_sink.hpp.
#ifndef AIAUDIT_IMPL_ALERTS_ALERT_SINK_IPP
#define AIAUDIT_IMPL_ALERTS_ALERT_SINK_IPP

#include <aiaudit/alerts/alert_sink.hpp>
#include <aiaudit/config.hpp>       // AIAUDIT_INLINE
#include <aiaudit/detail/utf8.hpp>  // escaped_text

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::string one_line(std::string_view text) {
    std::string line(text);
    for (char& c : line) {
        if (is_control_byte(c)) c = ' ';
    }
    return line;
}

AIAUDIT_INLINE std::string utf8_text(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        std::string_view const before = text;
        if (take_code_point(text)) {
            out.append(before.substr(0, before.size() - text.size()));
        } else {
            out.push_back('?');
            text.remove_prefix(1);
        }
    }
    return out;
}

}  // namespace detail

AIAUDIT_INLINE alert_sink log_line_sink(std::string name,
                                        std::function<void(std::string_view)> write) {
    return {std::move(name), [write = std::move(write)](alert const& of) -> result<void> {
                write(to_line(of));
                return {};
            }};
}

AIAUDIT_INLINE alert_sink log_line_sink(std::string name, std::ostream& to) {
    return {std::move(name), [&to](alert const& of) -> result<void> {
                to << detail::escaped_text(to_line(of)) << '\n' << std::flush;
                if (to) return {};
                to.clear();
                return fail(errc::storage_failed, "the log line could not be written");
            }};
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ALERTS_ALERT_SINK_IPP
