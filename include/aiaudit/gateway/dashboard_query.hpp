// SPDX-License-Identifier: MIT
//
// dashboard_query.hpp: what a request to the dashboard's API asks for, every parameter checked, and
// the body of an answer that says what was wrong with it (RFC 9457).
//
// Threads: plain values.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_DASHBOARD_QUERY_HPP
#define AIAUDIT_GATEWAY_DASHBOARD_QUERY_HPP

#include <aiaudit/core/calendar.hpp>          // civil_day, time_zone
#include <aiaudit/gateway/http_messages.hpp>  // gateway_response
#include <aiaudit/rollup/query.hpp>           // day_range

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// Why a request is not answered. The detail is for people, and tells no secret.
struct api_problem {
    int status = 400;
    std::string detail{};
    std::string parameter{};  // the one that is to blame; empty: none
};

namespace detail {

[[nodiscard]] constexpr std::string_view reason_of(int status) noexcept {
    switch (status) {
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 429: return "Too Many Requests";
    default: return "Internal Server Error";
    }
}

[[nodiscard]] inline gateway_response json_response(std::string body, int status = 200) {
    return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

[[nodiscard]] gateway_response problem_response(api_problem const& problem);

// Of the ledger's. The words of an error may name files, which are no business of a browser's.
[[nodiscard]] inline gateway_response failure_response(error const& why) {
    return problem_response(
        {500, "the ledger cannot be read: " + std::string(name_of(why.code)), {}});
}

}  // namespace detail

// The parameters of a query. Each is taken by its name; a value that cannot be is remembered as the
// problem, the first one only, and so is, at the end, a parameter that nobody took.
class api_parameters {
public:
    static constexpr std::size_t parameters_most = 32;

    explicit api_parameters(std::string_view query);

    // None where it was not given. An empty one is a value too: records may have no user.
    [[nodiscard]] std::optional<std::string> text(std::string_view name);
    [[nodiscard]] std::optional<std::uint64_t> number(std::string_view name, std::uint64_t least,
                                                      std::uint64_t most);
    [[nodiscard]] std::optional<civil_day> day(std::string_view name);
    [[nodiscard]] time_zone zone(std::string_view name = "tz");
    // One of these words; the first where it was not given.
    [[nodiscard]] std::string_view word(std::string_view name,
                                        std::vector<std::string_view> const& words);
    // `from` and `to`, both included; the last 30 days where they were not given.
    [[nodiscard]] day_range days(civil_day today, std::int32_t days_most);

    // Called last.
    [[nodiscard]] std::optional<api_problem> problem() const;

    void blame(std::string_view name, std::string_view why);

private:
    struct parameter {
        std::string name{};
        std::string value{};
        bool taken = false;
    };

    void add(std::string_view part);

    std::vector<parameter> all_{};
    std::optional<api_problem> problem_{};
};

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/dashboard_query.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_DASHBOARD_QUERY_HPP
