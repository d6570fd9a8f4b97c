// SPDX-License-Identifier: MIT
//
// exchange.ipp: the definitions of exchange.hpp.
#ifndef AIAUDIT_IMPL_PROVIDERS_EXCHANGE_IPP
#define AIAUDIT_IMPL_PROVIDERS_EXCHANGE_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/providers/exchange.hpp>
#include <aiaudit/providers/json_fields.hpp>  // parse_json

#include <cmath>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE error wrong_member(std::string_view name, std::string_view expected) {
    return fail(errc::bad_input,
                "exchange: '" + std::string(name) + "' must be " + std::string(expected));
}

// Takes a string member, or leaves `to` empty where it is missing or null.
AIAUDIT_INLINE result<void> take_text(boost::json::value const& line, std::string_view name,
                                      std::string& to) {
    auto const* value = at_path(&line, name);
    if (value == nullptr) return {};
    auto const* text = value->if_string();
    if (text == nullptr) return wrong_member(name, "a string");
    to = text_of(*text);
    return {};
}

// Takes a body: a string as it is, any other value as its JSON text.
AIAUDIT_INLINE void take_body(boost::json::value const& line, std::string_view name,
                              std::string& to) {
    auto const* value = at_path(&line, name);
    if (value == nullptr) return;
    auto const* text = value->if_string();
    to = text != nullptr ? std::string(text_of(*text)) : boost::json::serialize(*value);
}

AIAUDIT_INLINE result<void> take_number(boost::json::value const& line, std::string_view name,
                                        std::optional<std::uint64_t>& to) {
    auto const* value = at_path(&line, name);
    if (value == nullptr) return {};
    to = whole_number(*value);
    if (!to) return wrong_member(name, "a whole number");
    return {};
}

// A duration; recorders print fractions of a millisecond, which are rounded.
AIAUDIT_INLINE result<void> take_duration(boost::json::value const& line, std::string_view name,
                                          std::optional<std::uint64_t>& to) {
    auto const* value = at_path(&line, name);
    if (value == nullptr) return {};
    auto const* real = value->if_double();
    to = real != nullptr ? whole_number(std::round(*real)) : whole_number(*value);
    if (!to) return wrong_member(name, "a number of milliseconds");
    return {};
}

// An object of strings (numbers and flags are taken as their text), in the order of the line.
AIAUDIT_INLINE result<void> take_pairs(boost::json::value const& line, std::string_view name,
                                       std::vector<std::pair<std::string, std::string>>& to) {
    auto const* value = at_path(&line, name);
    if (value == nullptr) return {};
    auto const* object = value->if_object();
    if (object == nullptr) return wrong_member(name, "an object of strings");
    for (auto const& pair : *object) {
        auto const* text = pair.value().if_string();
        if (text == nullptr && pair.value().is_structured()) {
            return wrong_member(name, "an object of strings");
        }
        to.emplace_back(
            std::string(pair.key().data(), pair.key().size()),
            text != nullptr ? std::string(text_of(*text)) : boost::json::serialize(pair.value()));
    }
    return {};
}

AIAUDIT_INLINE result<void> take_context(boost::json::value const& line, exchange_context& to) {
    std::string when;
    if (auto done = take_text(line, "timestamp", when); !done) return done;
    if (!when.empty()) {
        auto parsed = aiaudit::timestamp::parse(when);
        if (!parsed) return fail(errc::bad_time, "exchange: 'timestamp' is no ISO 8601 time");
        to.timestamp = *parsed;
    }
    struct named_text {
        std::string_view name;
        std::string& to;
    };
    for (auto const& [name, text] : {named_text{"user", to.user},
                                     {"project", to.project},
                                     {"key", to.key},
                                     {"trace_id", to.trace_id},
                                     {"operation_id", to.operation_id}}) {
        if (auto done = take_text(line, name, text); !done) return done;
    }
    if (auto done = take_duration(line, "duration_ms", to.duration_ms); !done) return done;
    if (auto done = take_duration(line, "ttft_ms", to.ttft_ms); !done) return done;
    if (auto done = take_number(line, "attempt", to.attempt); !done) return done;
    return take_pairs(line, "tags", to.tags);
}

// The end user that a request names to the provider; each API has its own word for it.
AIAUDIT_INLINE std::string user_named_by(boost::json::value const* request) {
    for (char const* path : {"user", "metadata.user_id", "safety_identifier"}) {
        if (auto const user = text_at(request, path); !user.empty()) return std::string(user);
    }
    return {};
}

}  // namespace detail

AIAUDIT_INLINE result<exchange> parse_exchange(std::string_view json_line) {
    boost::json::monotonic_resource memory;
    auto line = detail::parse_json(json_line, "exchange", &memory);
    if (!line) return line.error();
    if (!line->is_object()) return fail(errc::bad_input, "exchange: not a JSON object");
    exchange read;
    struct named_text {
        std::string_view name;
        std::string& to;
    };
    for (auto const& [name, text] : {named_text{"id", read.id},
                                     {"provider", read.provider},
                                     {"path", read.path},
                                     {"content_type", read.content_type}}) {
        if (auto done = detail::take_text(*line, name, text); !done) return done.error();
    }
    std::optional<std::uint64_t> status;
    if (auto done = detail::take_number(*line, "status", status); !done) return done.error();
    if (status.value_or(0) > 999) return detail::wrong_member("status", "an HTTP status");
    read.status = static_cast<int>(status.value_or(0));
    if (auto done = detail::take_pairs(*line, "headers", read.headers); !done) return done.error();
    if (auto done = detail::take_context(*line, read.context); !done) return done.error();
    for (char const* needed : {"provider", "path", "response"}) {
        // A call that got no answer at all is recorded with a response of null.
        auto const* value = detail::member(&*line, needed);
        bool const response = std::string_view{needed} == "response";
        if (value == nullptr || (value->is_null() && !response)) {
            return fail(errc::bad_input, "exchange: no '" + std::string(needed) + "'");
        }
    }
    detail::take_body(*line, "request", read.request);
    detail::take_body(*line, "response", read.response);
    if (read.context.user.empty()) {
        auto const* request = detail::at_path(&*line, "request");
        if (request != nullptr && request->is_object()) {
            read.context.user = detail::user_named_by(request);
        } else if (auto parsed = detail::parse_json(read.request, "request", &memory)) {
            read.context.user = detail::user_named_by(&*parsed);
        }
    }
    return read;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PROVIDERS_EXCHANGE_IPP
