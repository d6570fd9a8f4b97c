// SPDX-License-Identifier: MIT
//
// timestamp.ipp: the definitions of timestamp.hpp.
#ifndef AIAUDIT_IMPL_CORE_TIMESTAMP_IPP
#define AIAUDIT_IMPL_CORE_TIMESTAMP_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/core/timestamp.hpp>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE void append_padded(std::string& text, std::int64_t value, int width) {
    std::string const digits = std::to_string(value);
    for (int i = static_cast<int>(digits.size()); i < width; ++i) text.push_back('0');
    text += digits;
}

}  // namespace detail

AIAUDIT_INLINE result<timestamp> timestamp::parse(std::string_view text) {
    using namespace std::chrono;
    auto const bad = [&] {
        return fail(errc::bad_time,
                    "not an ISO 8601 time: '" + std::string(text.substr(0, 40)) + "'");
    };
    std::size_t at = 0;
    int const y = detail::take_digits(text, at, 4);
    if (y < 0 || !detail::take_char(text, at, '-')) return bad();
    int const m = detail::take_digits(text, at, 2);
    if (m < 0 || !detail::take_char(text, at, '-')) return bad();
    int const d = detail::take_digits(text, at, 2);
    if (d < 0) return bad();
    year_month_day const date{year{y}, month{static_cast<unsigned>(m)},
                              day{static_cast<unsigned>(d)}};
    if (!date.ok() || y < 1678 || y > 2261) return bad();
    std::int64_t seconds = sys_days{date}.time_since_epoch().count() * seconds_per_day;
    std::int64_t fraction = 0;
    if (at == text.size()) return from_seconds(seconds);
    if (text[at] != 'T' && text[at] != 't' && text[at] != ' ') return bad();
    ++at;
    int const hour = detail::take_digits(text, at, 2);
    if (hour < 0 || hour > 23 || !detail::take_char(text, at, ':')) return bad();
    int const minute = detail::take_digits(text, at, 2);
    if (minute < 0 || minute > 59) return bad();
    int second = 0;
    if (detail::take_char(text, at, ':')) {
        second = detail::take_digits(text, at, 2);
        if (second < 0 || second > 60)
            return bad();  // 60: a leap second, which POSIX counts as the next second
        if (detail::take_char(text, at, '.') || detail::take_char(text, at, ',')) {
            std::int64_t place = nanoseconds_per_second;
            std::size_t const start = at;
            for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
                place /= 10;
                fraction += place * (text[at] - '0');
            }
            if (at == start) return bad();
        }
    }
    seconds += hour * 3600 + minute * 60 + second;
    if (at < text.size() && (text[at] == 'Z' || text[at] == 'z')) {
        ++at;
    } else if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
        int const sign = text[at++] == '-' ? -1 : 1;
        int const offset_hours = detail::take_digits(text, at, 2);
        detail::take_char(text, at, ':');
        int const offset_minutes = at == text.size() ? 0 : detail::take_digits(text, at, 2);
        if (offset_hours < 0 || offset_hours > 23 || offset_minutes < 0 || offset_minutes > 59)
            return bad();
        seconds -= sign * (offset_hours * 3600 + offset_minutes * 60);
    }
    if (at != text.size()) return bad();
    return timestamp{seconds * nanoseconds_per_second + fraction};
}

AIAUDIT_INLINE std::string timestamp::to_string() const {
    using namespace std::chrono;
    std::int64_t const whole = seconds();
    std::int64_t fraction = ns - whole * nanoseconds_per_second;
    sys_days const date{floor<days>(sys_seconds{std::chrono::seconds{whole}})};
    year_month_day const ymd{date};
    std::int64_t const in_day = whole - date.time_since_epoch().count() * seconds_per_day;
    std::string text;
    detail::append_padded(text, static_cast<int>(ymd.year()), 4);
    text.push_back('-');
    detail::append_padded(text, static_cast<unsigned>(ymd.month()), 2);
    text.push_back('-');
    detail::append_padded(text, static_cast<unsigned>(ymd.day()), 2);
    text.push_back('T');
    detail::append_padded(text, in_day / 3600, 2);
    text.push_back(':');
    detail::append_padded(text, in_day / 60 % 60, 2);
    text.push_back(':');
    detail::append_padded(text, in_day % 60, 2);
    if (fraction != 0) {
        int width = 9;
        while (fraction % 1000 == 0) {
            fraction /= 1000;
            width -= 3;
        }
        text.push_back('.');
        detail::append_padded(text, fraction, width);
    }
    text.push_back('Z');
    return text;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_CORE_TIMESTAMP_IPP
