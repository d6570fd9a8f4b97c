// SPDX-License-Identifier: MIT
//
// http_date.hpp: the three forms of a date in HTTP (RFC 9110, section 5.6.7), for Retry-After.
#ifndef AIAUDIT_TESTS_SUPPORT_HTTP_DATE_HPP
#define AIAUDIT_TESTS_SUPPORT_HTTP_DATE_HPP

#include <aiaudit/core/timestamp.hpp>  // timestamp, append_padded

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace aiaudit_tests {

namespace provider_detail {

// Names of our own: those of strftime change with the locale.
struct date_parts {
    explicit date_parts(aiaudit::timestamp at) {
        constexpr std::array<std::string_view, 7> days = {
            "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
        constexpr std::array<std::string_view, 12> months = {
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        std::chrono::sys_seconds const seconds{std::chrono::seconds{at.seconds()}};
        auto const whole_days = std::chrono::floor<std::chrono::days>(seconds);
        std::chrono::year_month_day const date{whole_days};
        weekday = days[std::chrono::weekday{whole_days}.c_encoding()];
        month = months[static_cast<unsigned>(date.month()) - 1];
        day = static_cast<unsigned>(date.day());
        year = static_cast<int>(date.year());
        std::int64_t const in_day = (seconds - whole_days).count();
        aiaudit::detail::append_padded(time, in_day / 3600, 2);
        aiaudit::detail::append_padded(time += ':', in_day / 60 % 60, 2);
        aiaudit::detail::append_padded(time += ':', in_day % 60, 2);
    }
    [[nodiscard]] static std::string padded(std::int64_t value, int width) {
        std::string text;
        aiaudit::detail::append_padded(text, value, width);
        return text;
    }

    std::string weekday{};
    std::string month{};
    std::string time{};
    unsigned day = 0;
    int year = 0;
};

}  // namespace provider_detail

// "Sun, 06 Nov 1994 08:49:37 GMT"
[[nodiscard]] inline std::string imf_fixdate(aiaudit::timestamp at) {
    provider_detail::date_parts const parts(at);
    return parts.weekday.substr(0, 3) + ", " + parts.padded(parts.day, 2) + " " + parts.month +
           " " + parts.padded(parts.year, 4) + " " + parts.time + " GMT";
}

// "Sunday, 06-Nov-94 08:49:37 GMT"
[[nodiscard]] inline std::string rfc850_date(aiaudit::timestamp at) {
    provider_detail::date_parts const parts(at);
    return parts.weekday + ", " + parts.padded(parts.day, 2) + "-" + parts.month + "-" +
           parts.padded(parts.year % 100, 2) + " " + parts.time + " GMT";
}

// "Sun Nov  6 08:49:37 1994"
[[nodiscard]] inline std::string asctime_date(aiaudit::timestamp at) {
    provider_detail::date_parts const parts(at);
    std::string const day = std::to_string(parts.day);
    return parts.weekday.substr(0, 3) + " " + parts.month + (day.size() < 2 ? "  " : " ") + day +
           " " + parts.time + " " + parts.padded(parts.year, 4);
}

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_SUPPORT_HTTP_DATE_HPP
