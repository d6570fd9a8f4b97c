// SPDX-License-Identifier: MIT
//
// request_parts.ipp: the definitions of request_parts.hpp.
#ifndef AIAUDIT_IMPL_PROVIDERS_REQUEST_PARTS_IPP
#define AIAUDIT_IMPL_PROVIDERS_REQUEST_PARTS_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/providers/request_parts.hpp>

#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE boost::json::object object_of(std::string_view name, boost::json::value value) {
    boost::json::object to;
    to[name] = std::move(value);
    return to;
}

// Lays JSON text over a body by RFC 7396.
AIAUDIT_INLINE void merge_patch(boost::json::value& to, boost::json::value const& patch) {
    auto const* fields = patch.if_object();
    if (fields == nullptr) {
        to = patch;
        return;
    }
    if (!to.is_object()) to = boost::json::object{};
    for (auto const& field : *fields) {
        if (field.value().is_null()) {
            to.get_object().erase(field.key());
        } else {
            merge_patch(to.get_object()[field.key()], field.value());
        }
    }
}

AIAUDIT_INLINE result<void> lay_over(std::string_view extra, boost::json::value& body) {
    if (extra.empty()) return {};
    auto parsed = parse_json(extra, "extra");
    if (!parsed) return parsed.error();
    if (!parsed->is_object()) return fail(errc::bad_json, "extra: not a JSON object");
    merge_patch(body, *parsed);
    return {};
}

AIAUDIT_INLINE result<boost::json::value> content_of(chat_message const& from, std::size_t at) {
    bool known = false;
    for (char const* role : {"system", "developer", "user", "assistant", "tool"}) {
        known = known || from.role == role;
    }
    std::string const where = "messages[" + std::to_string(at) + "]";
    if (!known) return fail(errc::bad_argument, where + ": an unknown role");
    if (from.role == "tool" && from.tool_call_id.empty()) {
        return fail(errc::bad_argument, where + ": a result of a tool without tool_call_id");
    }
    if (from.json.empty()) return boost::json::value(from.text);
    return parse_json(from.json, where + ".json");
}

AIAUDIT_INLINE result<boost::json::object> function_of(chat_tool const& from,
                                                       std::string_view schema_name) {
    if (from.name.empty()) return fail(errc::bad_argument, "a tool without a name");
    boost::json::object to;
    to["name"] = from.name;
    if (!from.description.empty()) to["description"] = from.description;
    if (from.parameters_json.empty()) return to;
    auto schema = parse_json(from.parameters_json, "the parameters of a tool");
    if (!schema) return schema.error();
    to[schema_name] = std::move(*schema);
    return to;
}

AIAUDIT_INLINE void add_blocks(boost::json::value content, boost::json::array& to) {
    if (content.is_string()) {
        to.push_back({{"type", "text"}, {"text", std::move(content)}});
    } else if (auto* list = content.if_array()) {
        for (boost::json::value& block : *list) to.push_back(std::move(block));
    } else {
        to.push_back(std::move(content));
    }
}

AIAUDIT_INLINE result<void> add_anthropic_message(chat_message const& from, std::size_t at,
                                                  bool joins, boost::json::array& system,
                                                  boost::json::array& messages) {
    auto content = content_of(from, at);
    if (!content) return content.error();
    if (from.role == "system" || from.role == "developer") {
        add_blocks(std::move(*content), system);
        return {};
    }
    if (from.role == "tool") {
        boost::json::value block{{"type", "tool_result"},
                                 {"tool_use_id", from.tool_call_id},
                                 {"content", std::move(*content)}};
        if (joins) {
            auto& last = messages.back().get_object()["content"];
            last.get_array().push_back(std::move(block));
        } else {
            boost::json::array blocks;
            blocks.push_back(std::move(block));
            messages.push_back({{"role", "user"}, {"content", std::move(blocks)}});
        }
        return {};
    }
    if (!from.tool_calls.empty()) {
        boost::json::array blocks;
        // The API refuses an empty block of text.
        if (!from.text.empty() || !from.json.empty()) add_blocks(std::move(*content), blocks);
        for (tool_call const& call : from.tool_calls) {
            auto input = arguments_object(call, at);
            if (!input) return input.error();
            blocks.push_back({{"type", "tool_use"},
                              {"id", call.id},
                              {"name", call.name},
                              {"input", std::move(*input)}});
        }
        *content = std::move(blocks);
    }
    messages.push_back({{"role", from.role}, {"content", std::move(*content)}});
    return {};
}

// Appends a content as Gemini's parts.
AIAUDIT_INLINE void add_parts(boost::json::value content, boost::json::array& to) {
    if (content.is_string()) {
        to.push_back(object_of("text", std::move(content)));
    } else if (auto* list = content.if_array()) {
        for (boost::json::value& part : *list) to.push_back(std::move(part));
    } else {
        to.push_back(std::move(content));
    }
}

// The name of the function that a result is of: that of the last call with its id before it, else
// the id itself.
AIAUDIT_INLINE std::string_view name_of_call(std::vector<chat_message> const& messages,
                                             std::size_t at) noexcept {
    std::string_view const id = messages[at].tool_call_id;
    for (std::size_t i = at; i > 0; --i) {
        for (tool_call const& call : messages[i - 1].tool_calls) {
            if (call.id == id) return call.name;
        }
    }
    return id;
}

AIAUDIT_INLINE result<void> add_gemini_calls(chat_message const& from, std::size_t at,
                                             boost::json::array& parts) {
    for (tool_call const& call : from.tool_calls) {
        auto arguments = arguments_object(call, at);
        if (!arguments) return arguments.error();
        boost::json::object function{{"name", call.name}, {"args", std::move(*arguments)}};
        if (call.id != call.name) function["id"] = call.id;
        boost::json::object part = object_of("functionCall", std::move(function));
        if (!call.signature.empty()) part["thoughtSignature"] = call.signature;
        parts.push_back(std::move(part));
    }
    return {};
}

AIAUDIT_INLINE boost::json::value gemini_result(std::vector<chat_message> const& messages,
                                                std::size_t at, boost::json::value content) {
    auto const name = name_of_call(messages, at);
    // The API wants an object.
    if (!content.is_object()) content = object_of("result", std::move(content));
    boost::json::object function{{"name", name}, {"response", std::move(content)}};
    if (messages[at].tool_call_id != name) function["id"] = messages[at].tool_call_id;
    return object_of("functionResponse", std::move(function));
}

AIAUDIT_INLINE result<void> add_gemini_content(std::vector<chat_message> const& messages,
                                               std::size_t at, boost::json::array& system,
                                               boost::json::array& contents) {
    chat_message const& from = messages[at];
    auto content = content_of(from, at);
    if (!content) return content.error();
    if (from.role == "system" || from.role == "developer") {
        add_parts(std::move(*content), system);
        return {};
    }
    bool const result_of_tool = from.role == "tool";
    boost::json::array parts;
    if (result_of_tool) {
        parts.push_back(gemini_result(messages, at, std::move(*content)));
    } else if (from.tool_calls.empty() || !from.text.empty() || !from.json.empty()) {
        add_parts(std::move(*content), parts);
    }
    if (auto done = add_gemini_calls(from, at, parts); !done) return done;
    if (result_of_tool && at > 0 && messages[at - 1].role == "tool") {
        auto& last = contents.back().get_object()["parts"].get_array();
        last.push_back(std::move(parts.front()));
        return {};
    }
    contents.push_back(
        {{"role", from.role == "assistant" ? "model" : "user"}, {"parts", std::move(parts)}});
    return {};
}

AIAUDIT_INLINE std::string gemini_target(std::string_view prefix, std::string_view model,
                                         std::string_view verb) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    if (model.starts_with("models/")) model.remove_prefix(std::string_view{"models/"}.size());
    std::string target{prefix};
    target.append("/models/");
    for (char const c : model) {
        bool const plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
        auto const byte = static_cast<unsigned char>(c);
        if (plain) {
            target.push_back(c);
        } else {
            target.append(1, '%').append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
        }
    }
    return target.append(verb);
}

AIAUDIT_INLINE boost::json::array gemini_embeddings(embedding_request const& from) {
    bool const prefixed = from.model.starts_with("models/");
    boost::json::array requests;
    for (std::string const& input : from.inputs) {
        boost::json::array parts;
        parts.push_back(object_of("text", boost::json::value(input)));
        boost::json::object request;
        request["model"] = (prefixed ? "" : "models/") + from.model;
        request["content"] = object_of("parts", std::move(parts));
        if (from.dimensions) request["outputDimensionality"] = *from.dimensions;
        requests.push_back(std::move(request));
    }
    return requests;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PROVIDERS_REQUEST_PARTS_IPP
