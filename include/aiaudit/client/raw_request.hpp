// SPDX-License-Identifier: MIT
//
// raw_request.hpp: a caller's own JSON for a path of a provider's.
//
// Threads: pure functions.
// Floor 7.
#ifndef AIAUDIT_CLIENT_RAW_REQUEST_HPP
#define AIAUDIT_CLIENT_RAW_REQUEST_HPP

#include <aiaudit/providers/dialect.hpp>         // endpoint
#include <aiaudit/providers/provider_table.hpp>  // provider_entry
#include <aiaudit/providers/request_body.hpp>    // prepared_request
#include <aiaudit/providers/usage_asked.hpp>     // with_usage_asked

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

struct raw_request {
    endpoint point{};
    std::string body{};
    std::string model{};
    bool model_in_path = false;
    bool stream = false;
    std::optional<api_family> family{};  // of the provider that it was written for
    request_facts facts{};

    // Errors: bad_json where the body is no JSON object.
    [[nodiscard]] static result<raw_request> of(endpoint point, std::string json) {
        boost::json::monotonic_resource memory;
        auto const parsed = parse_json(json, "request", &memory);
        if (!parsed) return parsed.error();
        if (!parsed->is_object()) return fail(errc::bad_json, "request: not a JSON object");
        raw_request made;
        made.facts = facts_of_request(*parsed);
        made.model_in_path = !point.model.empty();
        made.model = made.model_in_path ? point.model : made.facts.model;
        made.stream = point.stream || made.facts.parameters.stream;
        made.point = std::move(point);
        made.body = std::move(json);
        return made;
    }

    // The first time for the provider that the request was written for. After that for a fallback,
    // whose model may be another; errors: bad_argument where the model is named in the path, or the
    // other provider has another family's API.
    [[nodiscard]] result<prepared_request> prepared(provider_entry const& where,
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
    // For a path of which nothing needs to be known, since it costs nothing.
    [[nodiscard]] result<prepared_request> as_it_came(provider_entry const& where,
                                                      std::string_view path) const {
        prepared_request made;
        made.dialect = point.dialect;
        made.target = where.prefix + std::string(path);
        made.body = body;
        made.facts = facts;
        return made;
    }
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_CLIENT_RAW_REQUEST_HPP
