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

#include <cstddef>
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v1 {

struct alert_sink {
    // 1 to 64 printable characters without spaces. The log keeps by it what has arrived where: a
    // sink of another name gets the alerts of the last seven days again.
    std::string name{};
    std::function<result<void>(alert const&)> deliver{};
};

namespace detail {

// On one line, whatever it holds: names in it may be a stranger's.
[[nodiscard]] inline std::string one_line(std::string_view text) {
    std::string line(text);
    for (char& c : line) {
        if (static_cast<unsigned char>(c) < 0x20 || c == '\x7F') c = ' ';
    }
    return line;
}

// The length of the UTF-8 character at the front (RFC 3629); 0 where there is none.
[[nodiscard]] inline std::size_t utf8_length(std::string_view text) noexcept {
    auto const byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0};
    };
    std::uint8_t const first = byte(0);
    if (first < 0x80) return 1;
    std::size_t const length = first < 0xC2   ? 0
                               : first < 0xE0 ? 2
                               : first < 0xF0 ? 3
                               : first < 0xF5 ? 4
                                              : 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return 0;
    }
    bool const overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
    bool const surrogate = first == 0xED && byte(1) > 0x9F;
    bool const beyond = first == 0xF4 && byte(1) > 0x8F;
    return overlong || surrogate || beyond ? 0 : length;
}

// With a question mark for each byte that is no part of UTF-8: receivers refuse the whole else.
[[nodiscard]] inline std::string utf8_text(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        std::size_t const length = utf8_length(text);
        out.append(length == 0 ? std::string_view("?") : text.substr(0, length));
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return out;
}

}  // namespace detail

// "2026-08-15T12:00:00Z budget_threshold: ...", without an end of line.
[[nodiscard]] inline std::string to_line(alert const& of) {
    return of.at.to_string() + " " + std::string(name_of(of.kind)) + ": " +
           detail::one_line(of.text);
}

[[nodiscard]] inline alert_sink callback_sink(std::string name,
                                              std::function<result<void>(alert const&)> deliver) {
    return {std::move(name), std::move(deliver)};
}

// Each alert as a line, to whatever writes logs.
[[nodiscard]] inline alert_sink log_line_sink(std::string name,
                                              std::function<void(std::string_view)> write) {
    return {std::move(name), [write = std::move(write)](alert const& of) -> result<void> {
                write(to_line(of));
                return {};
            }};
}
// The stream must outlive the sink, and be written by nobody else meanwhile.
[[nodiscard]] inline alert_sink log_line_sink(std::string name, std::ostream& to) {
    return {std::move(name), [&to](alert const& of) -> result<void> {
                to << to_line(of) << '\n' << std::flush;
                if (to) return {};
                to.clear();
                return fail(errc::storage_failed, "the log line could not be written");
            }};
}

}  // namespace v1
}  // namespace aiaudit

#endif  // AIAUDIT_ALERTS_ALERT_SINK_HPP
