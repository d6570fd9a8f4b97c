// SPDX-License-Identifier: MIT
//
// openapi.ipp: the definitions of openapi.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_OPENAPI_IPP
#define AIAUDIT_IMPL_GATEWAY_OPENAPI_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/detail/json_string.hpp>
#include <aiaudit/export/record_text.hpp>
#include <aiaudit/gateway/openapi.hpp>
#include <aiaudit/gateway/openapi_schemas.hpp>  // openapi_objects

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::string responses_of(api_operation const& of) {
    json_writer content;
    if (of.answer.empty())
        content.raw("text/event-stream", "{\"schema\":{\"type\":\"string\"}}");
    else
        content.raw("application/json",
                    "{\"schema\":" + openapi_reference("schemas", of.answer) + "}");
    if (of.parameters.find("format") != std::string_view::npos)
        content.raw("text/csv", "{\"schema\":{\"type\":\"string\"}}");
    json_writer out;
    out.raw("200", "{\"description\":\"The answer\",\"content\":" + content.finish() + "}");
    for_each_word(of.problems, [&out](std::string_view status) {
        out.raw(status, openapi_reference("responses", "problem"));
    });
    return out.finish();
}

AIAUDIT_INLINE std::string description_of(api_operation const& of) {
    json_writer out;
    out.text("operationId", of.id);
    out.text("summary", of.summary);
    if (!of.needs_login()) out.raw("security", "[]");
    if (of.resource == api_resource::log_in)
        out.raw("requestBody", "{\"required\":true,\"content\":{\"application/json\":{\"schema\":" +
                                   openapi_reference("schemas", "login") + "}}}");
    std::string parameters;
    for_each_word(of.parameters, [&parameters](std::string_view name) {
        parameters.append(parameters.empty() ? "" : ",")
            .append(openapi_reference("parameters", name));
    });
    if (!parameters.empty()) out.raw("parameters", "[" + parameters + "]");
    out.raw("responses", responses_of(of));
    return out.finish();
}

}  // namespace detail

AIAUDIT_INLINE std::string dashboard_openapi() {
    detail::json_writer paths;
    for (api_operation const& each : detail::dashboard_operations) {
        std::string method = each.is_post() ? "{\"post\":" : "{\"get\":";
        paths.raw(each.path, method.append(detail::description_of(each)).append("}"));
    }
    std::string text(detail::openapi_head);
    text.append(paths.finish()).append(detail::openapi_components).append(detail::openapi_values);
    for (detail::api_object const& each : detail::openapi_objects)
        text.append(&each == detail::openapi_objects.begin() ? "\n" : ",\n")
            .append(detail::json_string(each.name))
            .append(":")
            .append(detail::schema_of(each));
    return text.append("\n    }\n  }\n}\n");
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_OPENAPI_IPP
