// SPDX-License-Identifier: MIT
//
// http.hpp: an HTTP request and the head of its response, as values.
//
// Threads: plain values.
// Floor 2.
#ifndef AIAUDIT_CORE_HTTP_HPP
#define AIAUDIT_CORE_HTTP_HPP

#include <aiaudit/detail/ascii.hpp>  // ascii_lower, same_name
#include <aiaudit/error.hpp>         // result

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// In the order of the message; a name may stand more than once.
using header_list = std::vector<std::pair<std::string, std::string>>;

struct http_request {
    std::string method = "POST";
    std::string origin{};  // "https://api.example.com", "http://127.0.0.1:8080"; nothing after it
    std::string target{};  // path and query: "/v1/chat/completions"
    header_list headers{};
    std::string body{};
};

struct http_response_head {
    int status = 0;
    header_list headers{};
};

namespace detail {

// As dates of HTTP (RFC 9110) and of e-mails (RFC 5322) have them.
inline constexpr std::array<std::string_view, 7> weekday_names{"Sun", "Mon", "Tue", "Wed",
                                                               "Thu", "Fri", "Sat"};
inline constexpr std::array<std::string_view, 12> month_names{
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

[[nodiscard]] constexpr bool is_letter_or_digit(char c) noexcept {
    return (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || (c >= '0' && c <= '9');
}

// RFC 9110, section 5.6.2.
[[nodiscard]] constexpr bool is_token(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return is_letter_or_digit(c) ||
               std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
    });
}
[[nodiscard]] constexpr bool is_control(char c) noexcept { return is_control_byte(c) && c != '\t'; }

}  // namespace detail

// The value of the first header of that name, whatever its letter case; empty where there is none.
[[nodiscard]] std::string_view header_of(header_list const& headers,
                                         std::string_view name) noexcept;

// Refuses what would let a value end its line and begin another: header injection. Every transport
// calls it before the first byte. Errors: bad_argument, which names the header, never its value;
// unsent.
[[nodiscard]] result<void> check_request(http_request const& request);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/core/http.ipp>
#endif

#endif  // AIAUDIT_CORE_HTTP_HPP
