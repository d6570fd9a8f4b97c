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
#include <aiaudit/core/digest.hpp>            // hex_digit
#include <aiaudit/export/record_text.hpp>     // json_writer
#include <aiaudit/gateway/api_surface.hpp>    // path_of
#include <aiaudit/gateway/http_messages.hpp>  // gateway_response
#include <aiaudit/integrity/text_form.hpp>    // decimal_of, take_code_point
#include <aiaudit/rollup/query.hpp>           // day_range
#include <aiaudit/timezone/tzdb.hpp>          // find_time_zone

#include <algorithm>
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

// Names come from whoever calls, and may be no UTF-8, which JSON must be: what is none becomes the
// replacement character.
[[nodiscard]] inline std::string well_formed(std::string text) {
    auto const is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
    if (std::all_of(text.begin(), text.end(), is_ascii)) return text;
    std::string made;
    made.reserve(text.size());
    for (std::string_view rest = text; !rest.empty();) {
        std::string_view const before = rest;
        if (take_code_point(rest)) {
            made.append(before.substr(0, before.size() - rest.size()));
        } else {
            made.append("\xEF\xBF\xBD");
            rest.remove_prefix(1);
        }
    }
    return made;
}

[[nodiscard]] inline gateway_response json_response(std::string body, int status = 200) {
    return {status, {{"Content-Type", "application/json"}}, well_formed(std::move(body))};
}

[[nodiscard]] inline gateway_response problem_response(api_problem const& problem) {
    json_writer out;
    out.text("type", "about:blank");
    out.text("title", reason_of(problem.status));
    out.number("status", static_cast<std::uint64_t>(problem.status));
    out.text("detail", problem.detail);
    out.text_if("parameter", problem.parameter);
    return {
        problem.status, {{"Content-Type", "application/problem+json"}}, well_formed(out.finish())};
}

// Of the ledger's. The words of an error may name files, which are no business of a browser's.
[[nodiscard]] inline gateway_response failure_response(error const& why) {
    return problem_response(
        {500, "the ledger cannot be read: " + std::string(name_of(why.code)), {}});
}

// "a%20b+c" -> "a b c". Nothing where a percent sign is not followed by two digits.
[[nodiscard]] inline std::optional<std::string> strictly_decoded(std::string_view text) {
    std::string made;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            made.push_back(text[i] == '+' ? ' ' : text[i]);
            continue;
        }
        if (text.size() - i < 3) return std::nullopt;
        int const high = hex_digit(text[i + 1]);
        int const low = hex_digit(text[i + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        made.push_back(static_cast<char>(high * 16 + low));
        i += 2;
    }
    return made;
}

}  // namespace detail

// The parameters of a query. Each is taken by its name; a value that cannot be is remembered as the
// problem, the first one only, and so is, at the end, a parameter that nobody took.
class api_parameters {
public:
    static constexpr std::size_t parameters_most = 32;

    explicit api_parameters(std::string_view query) {
        while (!query.empty() && !problem_) {
            std::size_t const end = (std::min)(query.find('&'), query.size());
            add(query.substr(0, end));
            query.remove_prefix((std::min)(end + 1, query.size()));
        }
    }

    // None where it was not given. An empty one is a value too: records may have no user.
    [[nodiscard]] std::optional<std::string> text(std::string_view name) {
        for (parameter& each : all_) {
            if (each.name != name) continue;
            each.taken = true;
            return each.value;
        }
        return std::nullopt;
    }
    [[nodiscard]] std::optional<std::uint64_t> number(std::string_view name, std::uint64_t least,
                                                      std::uint64_t most) {
        auto const given = text(name);
        if (!given) return std::nullopt;
        auto const value = detail::decimal_of(*given);
        if (value && *value >= least && *value <= most) return value;
        blame(name,
              "it is a whole number from " + std::to_string(least) + " to " + std::to_string(most));
        return std::nullopt;
    }
    [[nodiscard]] std::optional<civil_day> day(std::string_view name) {
        auto const given = text(name);
        if (!given) return std::nullopt;
        auto const value = civil_day::parse(*given);
        if (value) return *value;
        blame(name, "it is a day such as 2026-03-01");
        return std::nullopt;
    }
    [[nodiscard]] time_zone zone(std::string_view name = "tz") {
        auto const given = text(name);
        if (!given) return {};
        auto const is_plain = [](char c) {
            return detail::is_letter_or_digit(c) ||
                   std::string_view{"/_+-"}.find(c) != std::string_view::npos;
        };
        if (given->size() <= 64 && std::all_of(given->begin(), given->end(), is_plain)) {
            if (auto found = find_time_zone(*given)) return std::move(*found);
        }
        blame(name, "there is no such time zone; use an IANA name such as Asia/Kathmandu");
        return {};
    }
    // One of these words; the first where it was not given.
    [[nodiscard]] std::string_view word(std::string_view name,
                                        std::vector<std::string_view> const& words) {
        auto const given = text(name);
        if (!given) return words.front();
        auto const found = std::find(words.begin(), words.end(), *given);
        if (found != words.end()) return *found;
        std::string list;
        for (std::string_view const each : words) {
            if (!each.empty()) list.append(list.empty() ? "" : ", ").append(each);
        }
        blame(name, "it is one of: " + list);
        return words.front();
    }
    // `from` and `to`, both included; the last 30 days where they were not given.
    [[nodiscard]] day_range days(civil_day today, std::int32_t days_most) {
        auto const from = day("from");
        auto const to = day("to");
        day_range range{today.plus(-29), today};
        if (to) range = {to->plus(-29), *to};
        if (from) range.first = *from;
        if (range.first > range.last) {
            blame("from", "it is after the last day, " + range.last.to_string());
        } else if (range.last.days - range.first.days >= days_most) {
            blame("from", "it is more than " + std::to_string(days_most) + " days before the last");
        }
        return range;
    }

    // Called last.
    [[nodiscard]] std::optional<api_problem> problem() const {
        if (problem_) return problem_;
        for (parameter const& each : all_) {
            if (!each.taken) return api_problem{400, "there is no such parameter here", each.name};
        }
        return std::nullopt;
    }

    void blame(std::string_view name, std::string_view why) {
        if (problem_) return;
        std::string const shown = detail::printable(name);
        problem_ = api_problem{
            400, "the parameter '" + shown + "' is not right: " + std::string(why), shown};
    }

private:
    struct parameter {
        std::string name{};
        std::string value{};
        bool taken = false;
    };

    void add(std::string_view part) {
        if (part.empty()) return;
        std::size_t const sign = (std::min)(part.find('='), part.size());
        auto name = detail::strictly_decoded(part.substr(0, sign));
        auto value = detail::strictly_decoded(part.substr((std::min)(sign + 1, part.size())));
        if (!name || !value)
            return blame(part.substr(0, sign), "a percent sign is followed by two digits");
        for (parameter const& each : all_) {
            if (each.name == *name) return blame(*name, "it was given twice");
        }
        if (all_.size() == parameters_most) return blame(*name, "there are too many parameters");
        all_.push_back({std::move(*name), std::move(*value), false});
    }

    std::vector<parameter> all_{};
    std::optional<api_problem> problem_{};
};

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_GATEWAY_DASHBOARD_QUERY_HPP
