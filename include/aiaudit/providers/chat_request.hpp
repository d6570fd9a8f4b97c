// SPDX-License-Identifier: MIT
//
// chat_request.hpp: a question to a model, in one form for all APIs.
//
// For designated initialisers: {.provider = "openai", .model = "gpt-5", .messages = {{"user",
// "Hello"}}}. What has no member here is in reach by `extra`.
// Threads: plain values.
// Floor 4.
#ifndef AIAUDIT_PROVIDERS_CHAT_REQUEST_HPP
#define AIAUDIT_PROVIDERS_CHAT_REQUEST_HPP

#include <aiaudit/core/call.hpp>         // operation
#include <aiaudit/providers/answer.hpp>  // tool_call

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

struct chat_message {
    std::string role{};  // "system", "developer", "user", "assistant" or "tool"
    std::string text{};
    // JSON text of the content in the API's own form, in place of `text`: an array of parts with
    // images, say. Gemini's are the parts; the result of a tool is the content of the result.
    std::string json{};
    std::vector<tool_call> tool_calls{};  // of an assistant, as the answer had them
    std::string tool_call_id{};           // of a tool: the call that this is the result of
};

// A function that the model may ask for.
struct chat_tool {
    std::string name{};
    std::string description{};
    std::string parameters_json{};  // JSON Schema of an object; empty where it takes none
};

struct chat_request {
    std::string provider{};
    std::string model{};
    std::string system{};  // stands before the messages
    std::vector<chat_message> messages{};
    std::optional<std::uint64_t> max_tokens{};  // of the answer
    std::optional<double> temperature{};
    std::optional<double> top_p{};
    std::optional<std::int64_t> seed{};
    std::vector<std::string> stop{};
    std::vector<chat_tool> tools{};
    std::string tool_choice{};  // "auto", "none", "required", or the name of a tool
    // operation::responses asks by OpenAI's Responses API, operation::chat by its chat completions.
    // The other families have one API for both.
    aiaudit::operation operation = operation::chat;
    // JSON text of an object that is laid over the body last, by the rules of RFC 7396: objects are
    // merged, null removes, anything else replaces.
    std::string extra{};
};

struct embedding_request {
    std::string provider{};
    std::string model{};
    std::vector<std::string> inputs{};
    std::optional<std::uint64_t> dimensions{};
    std::string extra{};  // as above
};

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_PROVIDERS_CHAT_REQUEST_HPP
