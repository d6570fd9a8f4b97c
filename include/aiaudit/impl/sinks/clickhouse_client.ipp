// SPDX-License-Identifier: MIT
//
// clickhouse_client.ipp: the definitions of clickhouse_client.hpp.
#ifndef AIAUDIT_IMPL_SINKS_CLICKHOUSE_CLIENT_IPP
#define AIAUDIT_IMPL_SINKS_CLICKHOUSE_CLIENT_IPP

#include <aiaudit/config.hpp>       // AIAUDIT_INLINE
#include <aiaudit/core/digest.hpp>  // hex_digit
#include <aiaudit/core/http.hpp>    // http_request
#include <aiaudit/sinks/clickhouse_client.hpp>
#include <aiaudit/transport/origin.hpp>  // parse_origin

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <stop_token>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// An insert of one batch takes far less; a merge that blocks it may take some time.
inline constexpr std::chrono::milliseconds clickhouse_patience{120'000};
// Old servers end a connection that is idle for 3 s.
inline constexpr std::chrono::milliseconds clickhouse_idle_max{2'500};

// False where a % is not before two hexadecimal digits.
[[nodiscard]] AIAUDIT_INLINE bool percent_decode(std::string_view text, std::string& out) {
    out.clear();
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out.push_back(text[i]);
            continue;
        }
        if (i + 2 >= text.size()) return false;
        int const high = hex_digit(text[i + 1]);
        int const low = hex_digit(text[i + 2]);
        if (high < 0 || low < 0) return false;
        out.push_back(static_cast<char>(high * 16 + low));
        i += 2;
    }
    return true;
}

AIAUDIT_INLINE std::string percent_encoded(std::string_view text) {
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    for (char const c : text) {
        if (is_letter_or_digit(c) || c == '-' || c == '_' || c == '.' || c == '~') {
            out.push_back(c);
            continue;
        }
        auto const byte = static_cast<unsigned char>(c);
        out.push_back('%');
        out.push_back(digits[byte >> 4U]);
        out.push_back(digits[byte & 15U]);
    }
    return out;
}

// "USER:PASSWORD" before the last @ of the authority, which is taken off.
[[nodiscard]] AIAUDIT_INLINE bool take_login(std::string_view& authority, clickhouse_place& place) {
    std::size_t const end = authority.rfind('@');
    if (end == std::string_view::npos) return true;
    std::string_view const login = authority.substr(0, end);
    authority.remove_prefix(end + 1);
    std::size_t const colon = login.find(':');
    bool ok = percent_decode(login.substr(0, colon), place.user);
    if (colon != std::string_view::npos)
        ok = ok && percent_decode(login.substr(colon + 1), place.password);
    return ok;
}

[[nodiscard]] AIAUDIT_INLINE bool is_database_name(std::string_view name) {
    bool good = !name.empty();
    for (char const c : name) good &= is_letter_or_digit(c) || c == '_' || c == '-';
    return good;
}

AIAUDIT_INLINE result<clickhouse_place> parse_clickhouse_address(std::string_view address) {
    auto const wrong = [](std::string_view why) {
        return fail(errc::bad_argument,
                    "an address of ClickHouse is clickhouse://USER:PASSWORD@HOST:PORT/DATABASE; " +
                        std::string(why));
    };
    clickhouse_place place;
    std::string_view rest = address;
    bool const tls = rest.starts_with("clickhouses://");
    if (!tls && !rest.starts_with("clickhouse://")) return wrong("it begins with its scheme");
    std::string const scheme = tls ? "clickhouses://" : "clickhouse://";
    rest.remove_prefix(scheme.size());
    std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
    rest.remove_prefix(authority.size());
    if (!take_login(authority, place))
        return wrong("after a % stand two hexadecimal digits, and '%' itself is %25");
    place.origin = (tls ? "https://" : "http://") + std::string(authority);
    auto network = parse_origin(place.origin);
    if (!network)
        return wrong(
            "the host or its port cannot be; what is special in a password is written %XX");
    if (!network->port_given) network->port = tls ? "8443" : "8123";
    place.origin = (tls ? "https://" : "http://") + network->authority_with_port();
    std::string_view path = rest.substr(0, rest.find('?'));
    rest.remove_prefix(path.size());
    while (path.starts_with('/')) path.remove_prefix(1);
    if (!path.empty()) place.database = path;
    if (!is_database_name(place.database))
        return wrong("a database's name has letters, digits, '_' and '-'");
    if (!rest.empty()) {
        if (!rest.starts_with("?ca_file=") || !percent_decode(rest.substr(9), place.ca_file))
            return wrong("behind a ? only ca_file=PATH is known");
    }
    place.shown = scheme + network->authority_with_port() + '/' + place.database;
    return place;
}

// "Code: 60, e.displayText() = ..." or "Code: 60. DB::Exception: ..."; 0 for other text.
[[nodiscard]] AIAUDIT_INLINE int clickhouse_code(std::string_view text) {
    int code = 0;
    std::size_t const at = text.find("Code: ");
    if (at != std::string_view::npos)
        std::from_chars(text.data() + at + 6, text.data() + text.size(), code);
    return code;
}

[[nodiscard]] constexpr errc clickhouse_errc(int code) noexcept {
    switch (code) {
    case 243: return errc::disk_full;  // NOT_ENOUGH_SPACE
    case 16:                           // NO_SUCH_COLUMN_IN_TABLE
    case 36:                           // BAD_ARGUMENTS
    case 47:                           // UNKNOWN_IDENTIFIER
    case 53:                           // TYPE_MISMATCH
    case 62:                           // SYNTAX_ERROR
    case 115:                          // UNKNOWN_SETTING
    case 164:                          // READONLY
    case 192:                          // UNKNOWN_USER
    case 193:                          // WRONG_PASSWORD
    case 194:                          // REQUIRED_PASSWORD
    case 195:                          // IP_ADDRESS_NOT_ALLOWED
    case 291:                          // DATABASE_ACCESS_DENIED
    case 497:                          // ACCESS_DENIED
    case 516:                          // AUTHENTICATION_FAILED
        return errc::bad_argument;
    default: return errc::storage_failed;
    }
}

AIAUDIT_INLINE error clickhouse_failure(clickhouse_place const& place, int status,
                                        std::string_view text) {
    constexpr std::size_t text_bytes_max = 300;
    int const code = clickhouse_code(text);
    if (code == 0)
        return fail(errc::bad_response, place.shown + " answered with HTTP status " +
                                            std::to_string(status) +
                                            ", and not as ClickHouse's HTTP interface does");
    text = text.substr(0, text.find(", e.what()"));  // 18.16 says the same again
    std::string words;
    for (char const c : text.substr(0, text_bytes_max))
        words.push_back(c >= ' ' && c < 0x7F ? c : ' ');
    while (!words.empty() && words.back() == ' ') words.pop_back();
    for (std::size_t at = 0; !place.password.empty();) {
        at = words.find(place.password, at);
        if (at == std::string::npos) break;
        words.replace(at, place.password.size(), "***");
        at += 3;
    }
    return fail(clickhouse_errc(code), place.shown + ": " + words);
}

AIAUDIT_INLINE std::vector<std::vector<std::string_view>> tab_separated(std::string_view text) {
    std::vector<std::vector<std::string_view>> lines;
    while (!text.empty()) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix((std::min)(line.size() + 1, text.size()));
        std::vector<std::string_view> fields;
        for (;;) {
            std::size_t const end = line.find('\t');
            fields.push_back(line.substr(0, end));
            if (end == std::string_view::npos) break;
            line.remove_prefix(end + 1);
        }
        lines.push_back(std::move(fields));
    }
    return lines;
}

AIAUDIT_INLINE std::string plain_type(std::string_view type) {
    std::string plain;
    for (char const c : type)
        if (c != ' ' && c != '\\') plain.push_back(c);
    return plain;
}

AIAUDIT_INLINE clickhouse_client::clickhouse_client(clickhouse_place place)
    : place_(std::move(place)),
      transport_(httplib_options{.ca_file = place_.ca_file, .idle_time_max = clickhouse_idle_max}) {
}

AIAUDIT_INLINE result<std::string> clickhouse_client::post(std::string target, std::string& body) {
    http_request request{"POST", place_.origin, std::move(target), {}, {}};
    if (!place_.user.empty()) request.headers.emplace_back("X-ClickHouse-User", place_.user);
    if (!place_.password.empty()) request.headers.emplace_back("X-ClickHouse-Key", place_.password);
    request.body.swap(body);
    transfer_limits limits;
    limits.first_byte = clickhouse_patience;
    limits.between_bytes = clickhouse_patience;
    int status = 0;
    std::string answer;
    auto const done = transport_.exchange(
        request, limits, std::stop_token{},
        [&](http_response_head const& head) {
            status = head.status;
            return true;
        },
        [&](std::string_view piece) {
            answer.append(piece);
            return true;
        });
    request.body.swap(body);
    if (!done) {
        error reason = done.error();
        reason.where = place_.shown + ": " + reason.where;
        return reason;
    }
    // A server that fails while it answers has sent its status already.
    if (status != 200 || answer.starts_with("Code: "))
        return clickhouse_failure(place_, status, answer);
    return answer;
}

AIAUDIT_INLINE result<std::string> clickhouse_client::query(std::string text, bool in_database) {
    std::string target = "/?wait_end_of_query=1";
    if (in_database) target += "&database=" + percent_encoded(place_.database);
    return post(std::move(target), text);
}

AIAUDIT_INLINE result<void> clickhouse_client::insert(std::string_view statement,
                                                      std::string_view settings,
                                                      std::string& body) {
    std::string target = "/?wait_end_of_query=1&database=" + percent_encoded(place_.database);
    target.append(settings).append("&query=").append(percent_encoded(statement));
    auto const done = post(std::move(target), body);
    if (!done) return done.error();
    return {};
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_SINKS_CLICKHOUSE_CLIENT_IPP
