// SPDX-License-Identifier: MIT
//
// openapi_schemas.ipp: the definitions of openapi_schemas.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_OPENAPI_SCHEMAS_IPP
#define AIAUDIT_IMPL_GATEWAY_OPENAPI_SCHEMAS_IPP

#include <aiaudit/config.hpp>              // AIAUDIT_INLINE
#include <aiaudit/export/record_text.hpp>  // json_writer
#include <aiaudit/gateway/openapi_schemas.hpp>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::string schema_of_type(std::string_view type) {
    if (type.ends_with("[]"))
        return "{\"type\":\"array\",\"items\":" + schema_of_type(type.substr(0, type.size() - 2)) +
               "}";
    std::string_view const base = type.substr(0, type.find('|'));
    std::string const quoted = json_string(base);
    if (base != type) return "{\"type\":[" + quoted + ",\"null\"]}";
    bool const is_json =
        base == "string" || base == "number" || base == "integer" || base == "boolean";
    return is_json ? "{\"type\":" + quoted + "}" : openapi_reference("schemas", base);
}

AIAUDIT_INLINE std::string schema_of(api_object const& of) {
    std::string required;
    std::string parts;
    json_writer properties;
    for_each_word(of.fields, [&](std::string_view field) {
        auto const colon = field.find(':');
        std::string_view name = field.substr(0, colon);
        if (name.ends_with('?'))
            name.remove_suffix(1);
        else
            required.append(required.empty() ? "" : ",").append(json_string(name));
        properties.raw(name, schema_of_type(field.substr(colon + 1)));
    });
    for_each_word(of.parts, [&parts](std::string_view part) {
        parts.append(parts.empty() ? "" : ",").append(openapi_reference("schemas", part));
    });
    json_writer out;
    out.text("type", "object");
    if (!parts.empty()) out.raw("allOf", "[" + parts + "]");
    out.raw("required", "[" + required + "]");
    out.raw("properties", properties.finish());
    if (!of.is_part) out.raw("unevaluatedProperties", "false");
    return out.finish();
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_OPENAPI_SCHEMAS_IPP
