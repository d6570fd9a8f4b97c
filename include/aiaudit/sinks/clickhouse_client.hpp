// SPDX-License-Identifier: MIT
//
// clickhouse_client.hpp: statements to a ClickHouse server by its HTTP interface.
//
// User and password travel in headers, never in a URL, and stand in no message.
// Threads: one at a time.
// Floor 9.
#ifndef AIAUDIT_SINKS_CLICKHOUSE_CLIENT_HPP
#define AIAUDIT_SINKS_CLICKHOUSE_CLIENT_HPP

#include <aiaudit/error.hpp>                        // result
#include <aiaudit/transport/httplib_transport.hpp>  // httplib_transport

#include <charconv>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

struct clickhouse_place {
    std::string origin{};  // of HTTP: "http://127.0.0.1:8123"
    std::string user{};
    std::string password{};
    std::string database = "default";
    std::string ca_file{};
    std::string shown{};  // the address without user and password
};

// Errors: bad_argument, which shows no part of the address.
[[nodiscard]] result<clickhouse_place> parse_clickhouse_address(std::string_view address);

// What a server's answer comes to: its code and its words, on one line and without the password.
[[nodiscard]] error clickhouse_failure(clickhouse_place const& place, int status,
                                       std::string_view text);

[[nodiscard]] std::string percent_encoded(std::string_view text);

// "a\tb\n": the fields of the lines of TabSeparated.
[[nodiscard]] std::vector<std::vector<std::string_view>> tab_separated(std::string_view text);

// False for what is not all a number.
template <class Integer>
[[nodiscard]] bool parse_integer(std::string_view text, Integer& value) noexcept {
    auto const [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
    return wrong == std::errc{} && end == text.data() + text.size();
}

// As servers of all ages write a type.
[[nodiscard]] std::string plain_type(std::string_view type);

class clickhouse_client {
public:
    explicit clickhouse_client(clickhouse_place place);

    [[nodiscard]] clickhouse_place const& place() const noexcept { return place_; }
    // Its rows as TabSeparated. Errors: the transport's and the server's.
    [[nodiscard]] result<std::string> query(std::string text, bool in_database = true);
    // "insert into ... format RowBinary"; `settings`: "&name=value", encoded. The body comes back,
    // for its memory. Errors: as query().
    [[nodiscard]] result<void> insert(std::string_view statement, std::string_view settings,
                                      std::string& body);

private:
    [[nodiscard]] result<std::string> post(std::string target, std::string& body);

    clickhouse_place place_;
    httplib_transport transport_;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/sinks/clickhouse_client.ipp>
#endif

#endif  // AIAUDIT_SINKS_CLICKHOUSE_CLIENT_HPP
