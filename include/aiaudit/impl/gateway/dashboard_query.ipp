// SPDX-License-Identifier: MIT
//
// dashboard_query.ipp: the definitions of dashboard_query.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_DASHBOARD_QUERY_IPP
#define AIAUDIT_IMPL_GATEWAY_DASHBOARD_QUERY_IPP

#include <aiaudit/config.hpp>              // AIAUDIT_INLINE
#include <aiaudit/core/digest.hpp>         // hex_digit
#include <aiaudit/export/record_text.hpp>  // json_writer
#include <aiaudit/gateway/dashboard_query.hpp>
#include <aiaudit/integrity/text_form.hpp>  // decimal_of
#include <aiaudit/timezone/tzdb.hpp>        // find_time_zone

#include <algorithm>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE gateway_response problem_response(api_problem const& problem) {
    json_writer out;
    out.text("type", "about:blank");
    out.text("title", reason_of(problem.status));
    out.number("status", static_cast<std::uint64_t>(problem.status));
    out.text("detail", problem.detail);
    out.text_if("parameter", problem.parameter);
    return {problem.status, {{"Content-Type", "application/problem+json"}}, out.finish()};
}

// "a%20b+c" -> "a b c". Nothing where a percent sign is not followed by two digits.
AIAUDIT_INLINE std::optional<std::string> strictly_decoded(std::string_view text) {
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

AIAUDIT_INLINE api_parameters::api_parameters(std::string_view query) {
    while (!query.empty() && !problem_) {
        std::size_t const end = (std::min)(query.find('&'), query.size());
        add(query.substr(0, end));
        query.remove_prefix((std::min)(end + 1, query.size()));
    }
}

AIAUDIT_INLINE std::optional<std::string> api_parameters::text(std::string_view name) {
    for (parameter& each : all_) {
        if (each.name != name) continue;
        each.taken = true;
        return each.value;
    }
    return std::nullopt;
}

AIAUDIT_INLINE std::optional<std::uint64_t> api_parameters::number(std::string_view name,
                                                                   std::uint64_t least,
                                                                   std::uint64_t most) {
    auto const given = text(name);
    if (!given) return std::nullopt;
    auto const value = detail::decimal_of(*given);
    if (value && *value >= least && *value <= most) return value;
    blame(name,
          "it is a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    return std::nullopt;
}

AIAUDIT_INLINE std::optional<civil_day> api_parameters::day(std::string_view name) {
    auto const given = text(name);
    if (!given) return std::nullopt;
    auto const value = civil_day::parse(*given);
    if (value) return *value;
    blame(name, "it is a day such as 2026-03-01");
    return std::nullopt;
}

AIAUDIT_INLINE time_zone api_parameters::zone(std::string_view name) {
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

AIAUDIT_INLINE std::string_view api_parameters::word(std::string_view name,
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

AIAUDIT_INLINE day_range api_parameters::days(civil_day today, std::int32_t days_most) {
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

AIAUDIT_INLINE std::optional<api_problem> api_parameters::problem() const {
    if (problem_) return problem_;
    for (parameter const& each : all_) {
        if (!each.taken) return api_problem{400, "there is no such parameter here", each.name};
    }
    return std::nullopt;
}

AIAUDIT_INLINE void api_parameters::blame(std::string_view name, std::string_view why) {
    if (problem_) return;
    std::string const shown = detail::printable(name);
    problem_ =
        api_problem{400, "the parameter '" + shown + "' is not right: " + std::string(why), shown};
}

AIAUDIT_INLINE void api_parameters::add(std::string_view part) {
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

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_DASHBOARD_QUERY_IPP
