// SPDX-License-Identifier: MIT
//
// mail.hpp: an alert as an e-mail (RFC 5322, MIME), and what an address is.
//
// Threads: pure functions.
// Floor 6.
#ifndef AIAUDIT_ALERTS_MAIL_HPP
#define AIAUDIT_ALERTS_MAIL_HPP

#include <aiaudit/alerts/alert_sink.hpp>  // alert, utf8_text
#include <aiaudit/core/timestamp.hpp>     // timestamp
#include <aiaudit/error.hpp>              // result

#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// What can stand in a header and in the protocol without quotes: one '@', ASCII letters, digits and
// some marks on both sides. Anything that could end a line or an address is refused. Errors:
// bad_argument, which does not repeat it.
[[nodiscard]] result<void> check_mail_address(std::string_view address);

// "Sat, 15 Aug 2026 12:00:00 +0000"
[[nodiscard]] std::string mail_date(timestamp at);

// Any text as a header's value, in encoded words (RFC 2047) of at most 75 characters, each of whole
// UTF-8 characters. What it holds can neither end the header nor begin another.
[[nodiscard]] std::string encoded_header(std::string_view text);

// The whole message. Its Message-ID is made of the alert's key, so a second copy can be told for
// one. Precondition: the addresses are checked, and the key is an alert's.
[[nodiscard]] std::string mail_message(alert const& of, std::string const& from,
                                       std::vector<std::string> const& to,
                                       std::string const& subject_prefix, timestamp now);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/alerts/mail.ipp>
#endif

#endif  // AIAUDIT_ALERTS_MAIL_HPP
