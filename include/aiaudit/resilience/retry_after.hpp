// SPDX-License-Identifier: MIT
//
// retry_after.hpp: what the head of a response says about trying again.
//
// Headers are a stranger's text: what cannot be read, or asks for more than a year, says nothing.
// Threads: pure functions.
// Floor 4.
#ifndef AIAUDIT_RESILIENCE_RETRY_AFTER_HPP
#define AIAUDIT_RESILIENCE_RETRY_AFTER_HPP

#include <aiaudit/core/http.hpp>       // header_list
#include <aiaudit/core/timestamp.hpp>  // timestamp, digit helpers

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

// A longer wait is taken for nonsense: no quota of a provider is renewed less often than yearly.
inline constexpr std::chrono::milliseconds retry_after_most = std::chrono::days{366};

namespace detail {

[[nodiscard]] constexpr std::string_view without_spaces_around(std::string_view text) noexcept {
    auto const first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// "12" or "0.25" of a unit, in milliseconds and rounded up, so that nobody comes back too early.
[[nodiscard]] constexpr std::optional<std::chrono::milliseconds> decimal_wait(
    std::string_view text, std::chrono::milliseconds unit) noexcept {
    constexpr std::int64_t nano = 1'000'000'000;
    std::int64_t const most = retry_after_most / unit;
    std::size_t at = 0;
    auto const is_digit = [&] { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
    if (!is_digit()) return {};
    std::int64_t whole = 0;
    for (; is_digit(); ++at) {
        whole = whole * 10 + (text[at] - '0');
        if (whole > most) return {};
    }
    std::int64_t fraction = 0;  // in units of 1 / nano
    if (take_char(text, at, '.')) {
        if (!is_digit()) return {};
        std::int64_t place = nano;
        bool more = false;
        for (; is_digit(); ++at) {
            place /= 10;
            fraction += place * (text[at] - '0');
            more = more || (place == 0 && text[at] != '0');
        }
        if (more) ++fraction;
    }
    if (at != text.size()) return {};
    std::chrono::milliseconds const wait{whole * unit.count() +
                                         (fraction * unit.count() + nano - 1) / nano};
    if (wait > retry_after_most) return {};
    return wait;
}

// Reads one of `names` and moves on; its place from 1, or 0.
template <std::size_t N>
[[nodiscard]] constexpr unsigned take_name(std::string_view text, std::size_t& at,
                                           std::array<std::string_view, N> const& names) noexcept {
    for (unsigned i = 0; i < N; ++i) {
        if (!text.substr(at).starts_with(names[i])) continue;
        at += names[i].size();
        return i + 1;
    }
    return 0;
}

[[nodiscard]] constexpr bool take_text(std::string_view text, std::size_t& at,
                                       std::string_view wanted) noexcept {
    if (!text.substr(at).starts_with(wanted)) return false;
    at += wanted.size();
    return true;
}

// The three forms of RFC 9110, section 5.6.7. The name of the day is not compared with the date: it
// adds nothing, and a sender that guessed the century of RFC 850 would be refused for it.
class http_date_reader {
public:
    explicit constexpr http_date_reader(std::string_view text) noexcept : text_(text) {}

    // Seconds since 1970, UTC.
    [[nodiscard]] constexpr std::optional<std::int64_t> read(timestamp now) noexcept {
        // Long names first: each of them begins with a short one.
        constexpr std::array<std::string_view, 7> long_days{
            "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
        bool good = false;
        if (take_name(text_, at_, long_days) != 0) {
            good = rfc850(now);
        } else if (take_name(text_, at_, weekday_names) != 0) {
            good = take_char(text_, at_, ',') ? fixdate() : asctime();
        }
        if (!good || at_ != text_.size()) return {};
        auto const date = date_of(year_);
        if (!date.ok()) return {};
        return std::chrono::sys_days{date}.time_since_epoch().count() * seconds_per_day + in_day_;
    }

private:
    // ", 06 Nov 1994 08:49:37 GMT", after the comma.
    [[nodiscard]] constexpr bool fixdate() noexcept {
        return take_char(text_, at_, ' ') && take_day() && take_char(text_, at_, ' ') &&
               take_month() && take_char(text_, at_, ' ') && take_year(4) &&
               take_char(text_, at_, ' ') && take_time() && take_text(text_, at_, " GMT");
    }
    // ", 06-Nov-94 08:49:37 GMT".
    [[nodiscard]] constexpr bool rfc850(timestamp now) noexcept {
        bool const read = take_text(text_, at_, ", ") && take_day() && take_char(text_, at_, '-') &&
                          take_month() && take_char(text_, at_, '-') && take_year(2) &&
                          take_char(text_, at_, ' ') && take_time() &&
                          take_text(text_, at_, " GMT");
        if (read) complete_year(now);
        return read;
    }
    // " Nov  6 08:49:37 1994".
    [[nodiscard]] constexpr bool asctime() noexcept {
        if (!take_char(text_, at_, ' ') || !take_month() || !take_char(text_, at_, ' '))
            return false;
        bool const narrow = take_char(text_, at_, ' ');
        day_ = take_digits(text_, at_, narrow ? 1 : 2);
        return day_ > 0 && take_char(text_, at_, ' ') && take_time() &&
               take_char(text_, at_, ' ') && take_year(4);
    }

    [[nodiscard]] constexpr bool take_day() noexcept {
        day_ = take_digits(text_, at_, 2);
        return day_ > 0;
    }
    [[nodiscard]] constexpr bool take_month() noexcept {
        month_ = take_name(text_, at_, month_names);
        return month_ != 0;
    }
    [[nodiscard]] constexpr bool take_year(int width) noexcept {
        year_ = take_digits(text_, at_, width);
        return year_ >= 0;
    }
    [[nodiscard]] constexpr bool take_time() noexcept {
        int const hour = take_digits(text_, at_, 2);
        if (hour < 0 || hour > 23 || !take_char(text_, at_, ':')) return false;
        int const minute = take_digits(text_, at_, 2);
        if (minute < 0 || minute > 59 || !take_char(text_, at_, ':')) return false;
        int const second = take_digits(text_, at_, 2);
        in_day_ = hour * 3600 + minute * 60 + second;
        return second >= 0 && second <= 60;  // 60: a leap second
    }
    [[nodiscard]] constexpr std::chrono::year_month_day date_of(int year) const noexcept {
        return {std::chrono::year{year}, std::chrono::month{month_},
                std::chrono::day{static_cast<unsigned>(day_)}};
    }
    // The latest year with these two digits that is not more than 50 years ahead.
    constexpr void complete_year(timestamp now) noexcept {
        std::int64_t const days = floor_divide(now.seconds(), seconds_per_day);
        std::chrono::year_month_day const today{
            std::chrono::sys_days{std::chrono::days{static_cast<int>(days)}}};
        int const last = static_cast<int>(today.year()) + 50;
        year_ = last - (last - year_) % 100;
        auto const shifted = date_of(year_ - 50);
        std::int64_t const in_day_now = now.seconds() - days * seconds_per_day;
        if (shifted > today || (shifted == today && in_day_ > in_day_now)) year_ -= 100;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int year_ = 0;
    unsigned month_ = 0;
    int day_ = 0;
    std::int64_t in_day_ = 0;  // seconds
};

}  // namespace detail

// How long the provider wants us to stay away. `retry-after-ms`, which is finer, goes before
// `retry-after`: seconds, which may have a fraction, or a date. Zero for a date in the past; none
// where no header says anything that makes sense.
[[nodiscard]] std::optional<std::chrono::milliseconds> retry_after(header_list const& headers,
                                                                   timestamp now) noexcept;

// `x-should-retry`, by which a provider says that the status alone would mislead us.
[[nodiscard]] std::optional<bool> should_retry(header_list const& headers) noexcept;

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/resilience/retry_after.ipp>
#endif

#endif  // AIAUDIT_RESILIENCE_RETRY_AFTER_HPP
