// SPDX-License-Identifier: MIT
//
// mail.ipp: the definitions of mail.hpp.
#ifndef AIAUDIT_IMPL_ALERTS_MAIL_IPP
#define AIAUDIT_IMPL_ALERTS_MAIL_IPP

#include <aiaudit/alerts/mail.hpp>
#include <aiaudit/config.hpp>     // AIAUDIT_INLINE
#include <aiaudit/core/http.hpp>  // month_names, ascii_lower
#include <aiaudit/detail/sha256.hpp>
#include <aiaudit/integrity/text_form.hpp>  // base64_encode

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE result<void> check_mail_address(std::string_view address) {
    std::size_t const at = address.find('@');
    bool const parts = at != std::string_view::npos && at != 0 && at + 1 < address.size() &&
                       address.find('@', at + 1) == std::string_view::npos;
    bool const plain = std::all_of(address.begin(), address.end(), [](char c) {
        return is_letter_or_digit(c) ||
               std::string_view{"!#$%&'*+-./=?^_`{|}~@"}.find(c) != std::string_view::npos;
    });
    if (parts && plain && address.size() <= 254) return {};
    return fail(errc::bad_argument,
                "an e-mail address is NAME@HOST in plain ASCII, without quotes");
}

AIAUDIT_INLINE std::string mail_date(timestamp at) {
    using namespace std::chrono;
    sys_days const date{floor<days>(sys_seconds{seconds{at.seconds()}})};
    year_month_day const ymd{date};
    std::string text(weekday_names[weekday{date}.c_encoding()]);
    text.append(", ").append(std::to_string(static_cast<unsigned>(ymd.day()))).append(" ");
    text.append(month_names[static_cast<unsigned>(ymd.month()) - 1]).append(" ");
    append_padded(text, static_cast<int>(ymd.year()), 4);
    text.append(" ").append(at.to_string().substr(11, 8)).append(" +0000");
    return text;
}

AIAUDIT_INLINE std::string encoded_header(std::string_view text) {
    constexpr std::size_t word_bytes = 45;  // 60 characters of base64
    std::string const whole = utf8_text(text);
    std::string_view rest = whole;
    std::string out;
    do {
        std::string_view const before = rest;
        std::string_view left = rest;
        while (!left.empty() && take_code_point(left) && before.size() - left.size() <= word_bytes)
            rest = left;
        if (!out.empty()) out += "\r\n ";
        out += "=?UTF-8?B?" + base64_encode(before.substr(0, before.size() - rest.size())) + "?=";
    } while (!rest.empty());
    return out;
}

// In lines of 76 characters.
AIAUDIT_INLINE std::string base64_lines(std::string_view bytes) {
    std::string const whole = base64_encode(bytes);
    std::string out;
    for (std::size_t at = 0; at < whole.size(); at += 76)
        out.append(std::string_view(whole).substr(at, 76)).append("\r\n");
    return out;
}

AIAUDIT_INLINE std::string mail_text(alert const& of) {
    std::string text = one_line(of.text) + "\r\n\r\n";
    text += "kind: " + std::string(name_of(of.kind)) + "\r\n";
    text += "at: " + of.at.to_string() + "\r\n";
    for (auto const& [name, value] : of.facts)
        text += one_line(name) + ": " + one_line(value) + "\r\n";
    text += "key: " + of.key + "\r\n";
    return utf8_text(text);
}

AIAUDIT_INLINE std::string mail_message(alert const& of, std::string const& from,
                                        std::vector<std::string> const& to,
                                        std::string const& subject_prefix, timestamp now) {
    std::string receivers;
    for (std::string const& each : to)
        receivers += (receivers.empty() ? "<" : ",\r\n <") + each + ">";
    std::string const subject =
        subject_prefix + std::string(name_of(of.kind)) + ": " + one_line(of.text).substr(0, 200);
    return "Date: " + mail_date(now) + "\r\nFrom: <" + from + ">\r\nTo: " + receivers +
           "\r\nSubject: " + encoded_header(subject) + "\r\nMessage-ID: <" +
           to_hex(sha256(of.key)) + from.substr(from.find('@')) +
           ">\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
           "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
           base64_lines(mail_text(of));
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ALERTS_MAIL_IPP
