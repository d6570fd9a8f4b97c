// SPDX-License-Identifier: MIT
//
// timestamp.hpp: an instant, and its ISO 8601 text.
//
// Units: nanoseconds since 1970-01-01T00:00:00Z without leap seconds, as POSIX counts. Bounds:
// years 1678 to 2261.
// Threads: plain values.
// Floor 2.
#ifndef AIAUDIT_CORE_TIMESTAMP_HPP
#define AIAUDIT_CORE_TIMESTAMP_HPP

#include <aiaudit/error.hpp>  // result

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

// Time that never steps back, for what takes how long; its zero means nothing.
using steady_time = std::chrono::steady_clock::time_point;

inline constexpr std::int64_t nanoseconds_per_second = 1'000'000'000;
inline constexpr std::int64_t seconds_per_day = 86'400;

namespace detail {

// The quotient rounded towards minus infinity, so that time before 1970 counts like time after it.
[[nodiscard]] constexpr std::int64_t floor_divide(std::int64_t value,
                                                  std::int64_t divisor) noexcept {
    return value / divisor - (value % divisor < 0 ? 1 : 0);
}

}  // namespace detail

struct timestamp {
    std::int64_t ns = 0;

    friend constexpr auto operator<=>(timestamp, timestamp) noexcept = default;

    // The whole second at or before this instant.
    [[nodiscard]] constexpr std::int64_t seconds() const noexcept {
        return detail::floor_divide(ns, nanoseconds_per_second);
    }
    [[nodiscard]] static constexpr timestamp from_seconds(std::int64_t seconds) noexcept {
        return {seconds * nanoseconds_per_second};
    }
    // "2026-08-15T12:00:00Z", "2026-08-15 12:00:00.1234567", "2026-08-15T14:00+02:00",
    // "2026-08-15". Without an offset the text is UTC. Errors: bad_time.
    [[nodiscard]] static result<timestamp> parse(std::string_view text);
    // "2026-08-15T12:00:00Z", with as many decimals (3, 6 or 9) as it takes.
    [[nodiscard]] std::string to_string() const;
};

namespace detail {

// Reads exactly `width` digits at `at` and moves on; -1 where they are not there.
constexpr int take_digits(std::string_view text, std::size_t& at, int width) noexcept {
    int value = 0;
    for (int i = 0; i < width; ++i, ++at) {
        if (at >= text.size() || text[at] < '0' || text[at] > '9') return -1;
        value = value * 10 + (text[at] - '0');
    }
    return value;
}

constexpr bool take_char(std::string_view text, std::size_t& at, char wanted) noexcept {
    if (at >= text.size() || text[at] != wanted) return false;
    ++at;
    return true;
}

void append_padded(std::string& text, std::int64_t value, int width);

}  // namespace detail

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/core/timestamp.ipp>
#endif

#endif  // AIAUDIT_CORE_TIMESTAMP_HPP
