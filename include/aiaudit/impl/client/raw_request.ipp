// SPDX-License-Identifier: MIT
//
// raw_request.ipp: the definitions of raw_request.hpp.
#ifndef AIAUDIT_IMPL_CLIENT_RAW_REQUEST_IPP
#define AIAUDIT_IMPL_CLIENT_RAW_REQUEST_IPP

#include <aiaudit/client/raw_request.hpp>
#include <aiaudit/config.hpp>                 // AIAUDIT_INLINE
#include <aiaudit/providers/usage_asked.hpp>  // with_usage_asked

#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE result<raw_request> raw_request::of(endpoint point, std::string json) {
    boost::json::monotonic_resource memory;
    auto const parsed = parse_json(json, "request", &memory);
    if (!parsed) return parsed.error();
    if (!parsed->is_object()) return fail(errc::bad_json, "request: not a JSON object");
    raw_request made;
    made.facts = facts_of_request(*parsed, point.dialect);
    made.model_in_path = !point.model.empty();
    made.model = made.model_in_path ? point.model : made.facts.model;
    made.stream = point.stream || made.facts.parameters.stream;
    made.point = std::move(point);
    made.body = std::move(json);
    return made;
}

AIAUDIT_INLINE result<prepared_request> raw_request::prepared(provider_entry const& where,
                                                              std::string_view path,
                                                              std::string const& other) {
    auto const there = endpoint_of(where.name, path);
    if (!there) return there.error();
    if (where.family != family.value_or(where.family))
        return fail(errc::bad_argument, "no fallback to a provider of another API");
    family = where.family;
    prepared_request made;
    made.dialect = there->dialect;
    made.target = where.prefix + std::string(path);
    made.body = body;
    made.facts = facts;
    if (other != model) {
        if (model_in_path)
            return fail(errc::bad_argument, "no fallback for a path that names the model");
        auto value = parse_json(body, "request");
        if (!value) return value.error();
        value->get_object()["model"] = other;
        made.facts.model = other;
        made.body = boost::json::serialize(*value);
    }
    if (!where.stream_options || !stream) return made;
    auto asked = with_usage_asked(there->dialect, there->vendor, made.body);
    if (!asked) return asked.error();
    made.body = std::move(asked->body);
    made.usage_injected = asked->injected;
    return made;
}

AIAUDIT_INLINE result<prepared_request> raw_request::as_it_came(provider_entry const& where,
                                                                std::string_view path) const {
    prepared_request made;
    made.dialect = point.dialect;
    made.target = where.prefix + std::string(path);
    made.body = body;
    made.facts = facts;
    return made;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_CLIENT_RAW_REQUEST_IPP
