// SPDX-License-Identifier: MIT
//
// output_limit.ipp: the definitions of output_limit.hpp.
#ifndef AIAUDIT_IMPL_PROVIDERS_OUTPUT_LIMIT_IPP
#define AIAUDIT_IMPL_PROVIDERS_OUTPUT_LIMIT_IPP

#include <aiaudit/config.hpp>                 // AIAUDIT_INLINE
#include <aiaudit/providers/json_fields.hpp>  // parse_json
#include <aiaudit/providers/output_limit.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Sets the value at "a.b" in the spelling that stands there, of the two that Google's servers take;
// an object is made where none stands on the way.
AIAUDIT_INLINE void set_at(boost::json::object& from, std::string_view path, unsigned api,
                           std::uint64_t limit) {
    auto const dot = path.find('.');
    std::string name{path.substr(0, dot)};
    if ((api & apis::gemini) != 0 && from.contains(snake_case(name))) name = snake_case(name);
    auto& value = from[name];
    if (dot == std::string_view::npos) {
        value = limit;
        return;
    }
    if (!value.is_object()) value = boost::json::object{};
    set_at(value.get_object(), path.substr(dot + 1), api, limit);
}

// Puts `"name":limit` behind the last member of an object's text that has none of that name.
AIAUDIT_INLINE void append_member(std::string& body, std::string_view name, std::uint64_t limit) {
    std::size_t const open = body.find('{');
    bool const empty = body[body.find_first_not_of(" \t\r\n", open + 1)] == '}';
    std::string member{empty ? "" : ","};
    member.append("\"").append(name).append("\":").append(std::to_string(limit));
    body.insert(body.rfind('}'), member);
}

// Lowers the number at "a.b.c", in either of an API's spellings; `asked`: the limit of output that
// it was thought of with.
AIAUDIT_INLINE result<void> lower_thinking(boost::json::object& members, std::string_view path,
                                           unsigned api, std::optional<std::uint64_t> asked,
                                           std::uint64_t limit) {
    boost::json::object* in = &members;
    for (auto dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
        auto* next = in->if_contains(path.substr(0, dot));
        if (next == nullptr && (api & apis::gemini) != 0)
            next = in->if_contains(snake_case(path.substr(0, dot)));
        if (next == nullptr || !next->is_object()) return {};
        in = &next->get_object();
        path.remove_prefix(dot + 1);
    }
    auto* value = in->if_contains(path);
    if (value == nullptr && (api & apis::gemini) != 0) value = in->if_contains(snake_case(path));
    auto const tokens = value == nullptr ? std::nullopt : whole_number(*value);
    if (!tokens || *tokens == 0) return {};
    std::uint64_t lowered = (std::min)(*tokens, limit / 2);
    if (asked && *asked > limit)
        lowered = static_cast<std::uint64_t>(static_cast<int128>(*tokens) * limit / *asked);
    if ((api & apis::messages) != 0) {
        if (limit <= thinking_tokens_least)
            return fail(errc::bad_argument,
                        std::to_string(limit) +
                            " output tokens are the most here, and leave no room for "
                            "thinking.budget_tokens, which is at least " +
                            std::to_string(thinking_tokens_least) + ": ask without thinking");
        lowered = (std::min)((std::max)(lowered, thinking_tokens_least), limit - 1);
    }
    if (lowered < *tokens) *value = lowered;
    return {};
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
    auto const asked = request.facts.parameters.max_output_tokens;
    std::string const quoted = "\"" + std::string(path) + "\"";
    if (top && !asked && !request.facts.thinking_tokens &&
        request.body.find(quoted) == std::string::npos) {
        detail::append_member(request.body, path, limit);
    } else {
        auto body = detail::parse_json(request.body, "request");
        if (!body) return body.error();
        if (!body->is_object()) return fail(errc::bad_json, "request: not a JSON object");
        boost::json::object& members = body->get_object();
        unsigned const api = api_of(where.dialect);
        for (deciding_member const& each : deciding_members) {
            if (each.role != member_role::thinking || (each.apis & api) == 0) continue;
            auto done = detail::lower_thinking(members, each.path, api, asked, limit);
            if (!done) return done;
        }
        // Words of other APIs, which a lenient server may obey.
        for (char const* other : {"max_tokens", "max_completion_tokens", "max_output_tokens"}) {
            if (other != path && members.contains(other)) members[other] = limit;
        }
        detail::set_at(members, path, api, limit);
        request.body = boost::json::serialize(*body);
    }
    if (asked != limit) request.output_limit_set = limit;
    request.facts.parameters.max_output_tokens = limit;
    request.facts.newer_limit_alone = false;
    return {};
}

AIAUDIT_INLINE result<void> set_tool_limit(prepared_request& request, endpoint const& where,
                                           std::uint64_t uses) {
    auto body = detail::parse_json(request.body, "request");
    if (!body) return body.error();
    if (!body->is_object()) return fail(errc::bad_json, "request: not a JSON object");
    boost::json::object& members = body->get_object();
    unsigned const api = api_of(where.dialect);
    if ((api & apis::responses) != 0) members["max_tool_calls"] = uses;
    auto* const tools = (api & apis::messages) != 0 ? members.if_contains("tools") : nullptr;
    if (tools != nullptr && tools->is_array()) {
        for (boost::json::value& tool : tools->get_array()) {
            bool const missing = detail::at_path(&tool, "max_uses") == nullptr;
            if (missing && detail::text_at(&tool, "type").starts_with("web_"))
                tool.get_object()["max_uses"] = uses;
        }
    }
    request.body = boost::json::serialize(*body);
    request.facts.shape = shape_of(*body, api);
    return {};
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PROVIDERS_OUTPUT_LIMIT_IPP
