// SPDX-License-Identifier: MIT
//
// alert_sink.hpp: where alerts go: a name and what delivers one.
//
// A sink is a value. `deliver` tries once and says how it went; whoever calls it (alerts.hpp) tries
// again later. It may take seconds, never for ever. Errors hold no secrets: they get into the log.
// Threads: one delivery at a time, from one thread.
// Floor 6.
#ifndef AIAUDIT_ALERTS_ALERT_SINK_HPP
#define AIAUDIT_ALERTS_ALERT_SINK_HPP

#include <aiaudit/core/alert.hpp>  // alert
#include <aiaudit/error.hpp>       // result

#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {

struct alert_sink {
    // 1 to 64 printable characters without spaces. The log keeps by it what has arrived where: a
    // sink of another name gets the alerts of the last seven days again.
    std::string name{};
    std::function<result<void>(alert const&)> deliver{};
    // Which alerts go there; none: all. Quick, and without an effect.
    std::function<bool(alert const&)> wants{};
};

namespace detail {

// On one line, whatever it holds: names in it may be a stranger's.
[[nodiscard]] std::string one_line(std::string_view text);

// With a question mark for each byte that is no part of UTF-8: receivers refuse the whole else.
[[nodiscard]] std::string utf8_text(std::string_view text);

}  // namespace detail

// "2026-08-15T12:00:00Z budget_threshold: ...", without an end of line.
[[nodiscard]] inline std::string to_line(alert const& of) {
    return of.at.to_string() + " " + std::string(name_of(of.kind)) + ": " +
           detail::one_line(of.text);
}

[[nodiscard]] inline alert_sink callback_sink(std::string name,
                                              std::function<result<void>(alert const&)> deliver) {
    return {std::move(name), std::move(deliver), {}};
}

// Each alert as a line, to whatever writes logs.
[[nodiscard]] alert_sink log_line_sink(std::string name,
                                       std::function<void(std::string_view)> write);
// The stream must outlive the sink, and be written by nobody else meanwhile.
[[nodiscard]] alert_sink log_line_sink(std::string name, std::ostream& to);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/alerts/alert_sink.ipp>
#endif

#endif  // AIAUDIT_ALERTS_ALERT_SINK_HPP
