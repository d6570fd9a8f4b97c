// SPDX-License-Identifier: MIT
//
// request_body.ipp: the definitions of request_body.hpp.
#ifndef AIAUDIT_IMPL_PROVIDERS_REQUEST_BODY_IPP
#define AIAUDIT_IMPL_PROVIDERS_REQUEST_BODY_IPP

#include <aiaudit/config.hpp>                 // AIAUDIT_INLINE
#include <aiaudit/providers/json_fields.hpp>  // parse_json
#include <aiaudit/providers/request_body.hpp>
#include <aiaudit/providers/usage_asked.hpp>  // ask_for_usage

#include <boost/json.hpp>

#include <cmath>
#include <cstddef>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE result<boost::json::value> chat_message_body(chat_message const& from,
                                                            std::size_t at) {
    auto content = content_of(from, at);
    if (!content) return content.error();
    boost::json::object to;
    to["role"] = from.role;
    bool const calls = !from.tool_calls.empty();
    if (calls && from.text.empty() && from.json.empty()) *content = nullptr;
    to["content"] = std::move(*content);
    if (from.role == "tool") to["tool_call_id"] = from.tool_call_id;
    if (!calls) return to;
    boost::json::array list;
    for (tool_call const& call : from.tool_calls) {
        list.push_back({{"id", call.id},
                        {"type", "function"},
                        {"function", {{"name", call.name}, {"arguments", arguments_text(call)}}}});
    }
    to["tool_calls"] = std::move(list);
    return to;
}

AIAUDIT_INLINE result<void> fill_chat(chat_request const& from, vendor who,
                                      boost::json::object& to) {
    boost::json::array messages;
    if (!from.system.empty()) messages.push_back({{"role", "system"}, {"content", from.system}});
    for (std::size_t i = 0; i < from.messages.size(); ++i) {
        auto message = chat_message_body(from.messages[i], i);
        if (!message) return message.error();
        messages.push_back(std::move(*message));
    }
    to["model"] = from.model;
    to["messages"] = std::move(messages);
    if (from.max_tokens) to[chat_limit_name(who)] = *from.max_tokens;
    if (from.seed) to[who == vendor::mistral ? "random_seed" : "seed"] = *from.seed;
    if (!from.stop.empty()) to["stop"] = boost::json::value_from(from.stop);
    if (from.tools.empty()) return {};
    boost::json::array tools;
    for (chat_tool const& tool : from.tools) {
        auto function = function_of(tool, "parameters");
        if (!function) return function.error();
        tools.push_back({{"type", "function"}, {"function", std::move(*function)}});
    }
    to["tools"] = std::move(tools);
    if (from.tool_choice.empty()) return {};
    if (is_choice_word(from.tool_choice)) {
        to["tool_choice"] = from.tool_choice;
    } else {
        to["tool_choice"] = {{"type", "function"},
                             {"function", object_of("name", boost::json::value(from.tool_choice))}};
    }
    return {};
}

// A message becomes items: its text, then its calls; the result of a tool is an item of its own.
AIAUDIT_INLINE result<void> add_responses_items(chat_message const& from, std::size_t at,
                                                boost::json::array& to) {
    auto content = content_of(from, at);
    if (!content) return content.error();
    if (from.role == "tool") {
        to.push_back({{"type", "function_call_output"},
                      {"call_id", from.tool_call_id},
                      {"output", std::move(*content)}});
        return {};
    }
    if (from.tool_calls.empty() || !from.text.empty() || !from.json.empty()) {
        to.push_back({{"role", from.role}, {"content", std::move(*content)}});
    }
    for (tool_call const& call : from.tool_calls) {
        to.push_back({{"type", "function_call"},
                      {"call_id", call.id},
                      {"name", call.name},
                      {"arguments", arguments_text(call)}});
    }
    return {};
}

AIAUDIT_INLINE result<void> fill_responses(chat_request const& from, boost::json::object& to) {
    if (from.seed) return no_word_for("seed", "OpenAI's responses");
    if (!from.stop.empty()) return no_word_for("stop", "OpenAI's responses");
    boost::json::array input;
    for (std::size_t i = 0; i < from.messages.size(); ++i) {
        if (auto done = add_responses_items(from.messages[i], i, input); !done) return done;
    }
    to["model"] = from.model;
    if (!from.system.empty()) to["instructions"] = from.system;
    to["input"] = std::move(input);
    if (from.max_tokens) to["max_output_tokens"] = *from.max_tokens;
    if (from.tools.empty()) return {};
    boost::json::array tools;
    for (chat_tool const& tool : from.tools) {
        auto function = function_of(tool, "parameters");
        if (!function) return function.error();
        (*function)["type"] = "function";
        // This API's default is strict, the chat API's is not: the same question to both.
        (*function)["strict"] = false;
        tools.push_back(std::move(*function));
    }
    to["tools"] = std::move(tools);
    if (from.tool_choice.empty()) return {};
    if (is_choice_word(from.tool_choice)) {
        to["tool_choice"] = from.tool_choice;
    } else {
        to["tool_choice"] = {{"type", "function"}, {"name", from.tool_choice}};
    }
    return {};
}

AIAUDIT_INLINE result<void> fill_anthropic(chat_request const& from, boost::json::object& to) {
    if (from.seed) return no_word_for("seed", "Anthropic Messages");
    boost::json::array system;
    if (!from.system.empty()) add_blocks(boost::json::value(from.system), system);
    boost::json::array messages;
    for (std::size_t i = 0; i < from.messages.size(); ++i) {
        chat_message const& message = from.messages[i];
        bool const joins = message.role == "tool" && i > 0 && from.messages[i - 1].role == "tool";
        auto done = add_anthropic_message(message, i, joins, system, messages);
        if (!done) return done;
    }
    to["model"] = from.model;
    to["max_tokens"] = from.max_tokens.value_or(anthropic_max_tokens_default);
    if (!system.empty()) to["system"] = std::move(system);
    to["messages"] = std::move(messages);
    if (!from.stop.empty()) to["stop_sequences"] = boost::json::value_from(from.stop);
    if (from.tools.empty()) return {};
    boost::json::array tools;
    for (chat_tool const& tool : from.tools) {
        auto function = function_of(tool, "input_schema");
        if (!function) return function.error();
        if (!function->contains("input_schema"))
            (*function)["input_schema"] = object_of("type", "object");
        tools.push_back(std::move(*function));
    }
    to["tools"] = std::move(tools);
    std::string_view const choice = from.tool_choice;
    if (choice.empty()) return {};
    boost::json::object chosen{{"type", choice == "required" ? "any" : choice}};
    if (!is_choice_word(choice)) chosen = {{"type", "tool"}, {"name", choice}};
    to["tool_choice"] = std::move(chosen);
    return {};
}

AIAUDIT_INLINE result<void> fill_gemini_tools(chat_request const& from, boost::json::object& to) {
    if (from.tools.empty()) return {};
    boost::json::array declarations;
    for (chat_tool const& tool : from.tools) {
        auto function = function_of(tool, "parametersJsonSchema");
        if (!function) return function.error();
        declarations.push_back(std::move(*function));
    }
    boost::json::array tools;
    tools.push_back(object_of("functionDeclarations", std::move(declarations)));
    to["tools"] = std::move(tools);
    std::string_view const choice = from.tool_choice;
    if (choice.empty()) return {};
    boost::json::object config;
    config["mode"] = choice == "auto" ? "AUTO" : choice == "none" ? "NONE" : "ANY";
    if (!is_choice_word(choice)) {
        boost::json::array names;
        names.push_back(boost::json::value(choice));
        config["allowedFunctionNames"] = std::move(names);
    }
    to["toolConfig"] = object_of("functionCallingConfig", std::move(config));
    return {};
}

AIAUDIT_INLINE result<void> fill_gemini(chat_request const& from, boost::json::object& to) {
    boost::json::array system;
    if (!from.system.empty()) system.push_back(object_of("text", boost::json::value(from.system)));
    boost::json::array contents;
    for (std::size_t i = 0; i < from.messages.size(); ++i) {
        auto done = add_gemini_content(from.messages, i, system, contents);
        if (!done) return done;
    }
    if (!system.empty()) to["systemInstruction"] = object_of("parts", std::move(system));
    to["contents"] = std::move(contents);
    boost::json::object config;
    if (from.max_tokens) config["maxOutputTokens"] = *from.max_tokens;
    if (from.temperature) config["temperature"] = *from.temperature;
    if (from.top_p) config["topP"] = *from.top_p;
    if (from.seed) config["seed"] = *from.seed;
    if (!from.stop.empty()) config["stopSequences"] = boost::json::value_from(from.stop);
    if (!config.empty()) to["generationConfig"] = std::move(config);
    return fill_gemini_tools(from, to);
}

// Where a question goes, and its body but for what all APIs share.
AIAUDIT_INLINE result<void> fill_question(chat_request const& from, provider_entry const& to,
                                          bool stream, prepared_request& prepared,
                                          boost::json::object& body) {
    switch (to.family) {
    case api_family::openai:
        if (from.operation == operation::responses) {
            prepared.dialect = dialect::openai_responses;
            prepared.target = to.prefix + "/responses";
            return fill_responses(from, body);
        }
        prepared.dialect = dialect::openai_chat;
        prepared.target = to.prefix + "/chat/completions";
        return fill_chat(from, vendor_of(to.name), body);
    case api_family::anthropic:
        prepared.dialect = dialect::anthropic_messages;
        prepared.target = to.prefix + "/messages";
        return fill_anthropic(from, body);
    case api_family::gemini:
        prepared.dialect = dialect::gemini;
        prepared.target = gemini_target(
            to.prefix, from.model, stream ? ":streamGenerateContent?alt=sse" : ":generateContent");
        return fill_gemini(from, body);
    }
    return fail(errc::bad_argument, "no such API family");
}

AIAUDIT_INLINE result<void> check_numbers(chat_request const& from) {
    for (auto const& number : {from.temperature, from.top_p}) {
        if (number && !std::isfinite(*number)) {
            return fail(errc::bad_argument, "temperature and top_p must be finite");
        }
    }
    return {};
}

}  // namespace detail

AIAUDIT_INLINE result<prepared_request> prepare(chat_request const& from, provider_entry const& to,
                                                bool stream) {
    if (from.model.empty()) return fail(errc::bad_argument, "chat_request: no model");
    if (from.operation != operation::chat && from.operation != operation::responses) {
        return fail(errc::bad_argument, "chat_request: '" + std::string(name_of(from.operation)) +
                                            "' is no chat: use operation::chat or "
                                            "operation::responses");
    }
    if (from.messages.empty() && from.extra.empty()) {
        return fail(errc::bad_argument, "chat_request: no messages");
    }
    if (auto done = detail::check_numbers(from); !done) return done.error();
    prepared_request prepared;
    boost::json::value body = boost::json::object{};
    boost::json::object& members = body.get_object();
    auto done = detail::fill_question(from, to, stream, prepared, members);
    if (!done) return done.error();
    bool const gemini = prepared.dialect == dialect::gemini;
    if (!gemini && from.temperature) members["temperature"] = *from.temperature;
    if (!gemini && from.top_p) members["top_p"] = *from.top_p;
    if (!gemini && stream) members["stream"] = true;
    if (done = detail::lay_over(from.extra, body); !done) return done.error();
    if (!gemini && detail::true_at(&body, "stream") != stream) {
        return fail(errc::bad_argument, "extra: 'stream' is not for it to say");
    }
    bool const ask =
        stream && to.stream_options && must_ask_for_usage(prepared.dialect, vendor_of(to.name));
    prepared.usage_injected = ask && detail::ask_for_usage(body.get_object());
    prepared.body = boost::json::serialize(body);
    prepared.facts = facts_of_request(body, prepared.dialect);
    return prepared;
}

AIAUDIT_INLINE result<prepared_request> prepare(embedding_request const& from,
                                                provider_entry const& to) {
    if (from.model.empty()) return fail(errc::bad_argument, "embedding_request: no model");
    if (from.inputs.empty()) return fail(errc::bad_argument, "embedding_request: no inputs");
    if (to.family == api_family::anthropic) {
        return detail::no_word_for("an embedding", "Anthropic Messages");
    }
    prepared_request prepared;
    boost::json::value body;
    if (to.family == api_family::openai) {
        prepared.dialect = dialect::openai_embeddings;
        prepared.target = to.prefix + "/embeddings";
        body = {{"model", from.model}, {"input", boost::json::value_from(from.inputs)}};
        if (from.dimensions) body.get_object()["dimensions"] = *from.dimensions;
    } else {
        bool const one = from.inputs.size() == 1;
        prepared.dialect = dialect::gemini;
        prepared.target = detail::gemini_target(to.prefix, from.model,
                                                one ? ":embedContent" : ":batchEmbedContents");
        boost::json::array requests = detail::gemini_embeddings(from);
        body = one ? requests.front() : detail::object_of("requests", std::move(requests));
    }
    if (auto done = detail::lay_over(from.extra, body); !done) return done.error();
    prepared.body = boost::json::serialize(body);
    prepared.facts = facts_of_request(body, prepared.dialect);
    return prepared;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PROVIDERS_REQUEST_BODY_IPP
