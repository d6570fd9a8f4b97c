// SPDX-License-Identifier: MIT
//
// output_limit.ipp: the definitions of output_limit.hpp.
#ifndef AIAUDIT_IMPL_PROVIDERS_OUTPUT_LIMIT_IPP
#define AIAUDIT_IMPL_PROVIDERS_OUTPUT_LIMIT_IPP

#include <aiaudit/config.hpp>                 // AIAUDIT_INLINE
#include <aiaudit/providers/json_fields.hpp>  // parse_json
#include <aiaudit/providers/output_limit.hpp>

#include <boost/json.hpp>

#include <cstddef>
#include <string>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// The value at "a.b", made where it is not there or no object stands on the way.
AIAUDIT_INLINE boost::json::value& made_at(boost::json::object& from, std::string_view path) {
    auto const dot = path.find('.');
    auto& value = from[path.substr(0, dot)];
    if (dot == std::string_view::npos) return value;
    if (!value.is_object()) value = boost::json::object{};
    return made_at(value.get_object(), path.substr(dot + 1));
}

// Puts `"name":limit` behind the last member of an object's text that has none of that name.
AIAUDIT_INLINE void append_member(std::string& body, std::string_view name, std::uint64_t limit) {
    std::size_t const open = body.find('{');
    bool const empty = body[body.find_first_not_of(" \t\r\n", open + 1)] == '}';
    std::string member{empty ? "" : ","};
    member.append("\"").append(name).append("\":").append(std::to_string(limit));
    body.insert(body.rfind('}'), member);
}

}  // namespace detail

AIAUDIT_INLINE std::string_view output_limit_path(endpoint const& where, std::string_view target) {
    std::string_view const path = target.substr(0, target.find_first_of("?#"));
    if (where.operation == operation::responses)
        return path.ends_with("/responses") ? "max_output_tokens" : "";
    if (where.operation != operation::chat) return "";
    switch (where.dialect) {
    case dialect::openai_chat:
        // The older completions know the older word alone.
        return path.ends_with("/chat/completions") ? detail::chat_limit_name(where.vendor)
                                                   : std::string_view{"max_tokens"};
    case dialect::anthropic_messages:
    case dialect::cohere: return "max_tokens";
    case dialect::gemini: return "generationConfig.maxOutputTokens";
    case dialect::bedrock_converse: return "inferenceConfig.maxTokens";
    default: return "";
    }
}

AIAUDIT_INLINE result<void> set_output_limit(prepared_request& request, endpoint const& where,
                                             std::uint64_t limit) {
    std::string_view const path = output_limit_path(where, request.target);
    if (path.empty()) return fail(errc::bad_argument, "this request has no word for a limit");
    bool const top = path.find('.') == std::string_view::npos;
    std::string const quoted = "\"" + std::string(path) + "\"";
    if (top && !request.facts.parameters.max_output_tokens &&
        request.body.find(quoted) == std::string::npos) {
        detail::append_member(request.body, path, limit);
    } else {
        auto body = detail::parse_json(request.body, "request");
        if (!body) return body.error();
        if (!body->is_object()) return fail(errc::bad_json, "request: not a JSON object");
        boost::json::object& members = body->get_object();
        // Words of other APIs, which a lenient server may obey.
        for (char const* other : {"max_tokens", "max_completion_tokens", "max_output_tokens"}) {
            if (other != path && members.contains(other)) members[other] = limit;
        }
        // Google's servers take both spellings.
        if (auto* const other = members.if_contains("generation_config");
            other != nullptr && other->is_object() &&
            other->get_object().contains("max_output_tokens")) {
            other->get_object()["max_output_tokens"] = limit;
        } else {
            detail::made_at(members, path) = limit;
        }
        request.body = boost::json::serialize(*body);
    }
    request.facts.parameters.max_output_tokens = limit;
    return {};
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PROVIDERS_OUTPUT_LIMIT_IPP
