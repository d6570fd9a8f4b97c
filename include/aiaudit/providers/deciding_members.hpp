// SPDX-License-Identifier: MIT
//
// deciding_members.hpp: the members of a request that decide what a call may do or cost, by API,
// and a strict reading of them.
//
// Servers differ in what they make of a name that stands twice, of "Max_Tokens", or of "5" for 5.
// What we judge by must mean the same to all of them, so each of these members stands once, in its
// own case, and is of its type.
// Threads: pure functions.
// Floor 4.
#ifndef AIAUDIT_PROVIDERS_DECIDING_MEMBERS_HPP
#define AIAUDIT_PROVIDERS_DECIDING_MEMBERS_HPP

#include <aiaudit/error.hpp>              // result
#include <aiaudit/providers/dialect.hpp>  // dialect

#include <boost/json.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

// Sets of APIs, and of types, as bits.
namespace apis {
inline constexpr unsigned chat = 1;
inline constexpr unsigned responses = 2;
inline constexpr unsigned embeddings = 4;
inline constexpr unsigned pictures = 8;
inline constexpr unsigned sounds = 16;
inline constexpr unsigned messages = 32;  // Anthropic's
inline constexpr unsigned gemini = 64;
inline constexpr unsigned bedrock = 128;
inline constexpr unsigned cohere = 256;
inline constexpr unsigned ollama = 512;
inline constexpr unsigned dashscope = 1024;
inline constexpr unsigned openai = chat | responses | embeddings | pictures | sounds;
inline constexpr unsigned all = 2047;
}  // namespace apis

namespace json_types {
inline constexpr unsigned text = 1;
inline constexpr unsigned flag = 2;
inline constexpr unsigned count = 4;  // a whole number, without fraction or exponent
inline constexpr unsigned list = 8;
inline constexpr unsigned object = 16;
}  // namespace json_types

// What a member decides.
enum class member_role : std::uint8_t {
    model,
    prompt,
    output_limit,  // the most tokens of an answer
    thinking,      // the most tokens of thought, which are part of the answer
    choices,       // how many answers
    stream,
    service_tier,
    tools,
    tool_limit,  // how often the provider's own tools may run
    outside,     // brings in text from elsewhere
    other,       // what is made of the call: its storage, its place, its speed
};

struct deciding_member {
    std::string_view path{};  // "a.b": b in the object a, or in each object of the list a
    unsigned apis = 0;
    unsigned types = 0;  // null is always allowed: the member is not there
    member_role role = member_role::other;
    std::int64_t least = 1;  // of a count
    std::int64_t most = 0x7FFF'FFFF;
};

inline constexpr std::array deciding_members{
    deciding_member{"model", apis::all, json_types::text, member_role::model},
    deciding_member{"agent", apis::gemini, json_types::text, member_role::model},
    deciding_member{"models", apis::openai, json_types::list, member_role::outside},
    deciding_member{"route", apis::chat, json_types::text, member_role::outside},
    deciding_member{"preset", apis::chat, json_types::text, member_role::outside},
    deciding_member{"requests", apis::gemini, json_types::list, member_role::prompt},
    deciding_member{"requests.model", apis::gemini, json_types::text, member_role::model},

    deciding_member{"prompt", apis::openai | apis::ollama,
                    json_types::text | json_types::list | json_types::object, member_role::prompt},
    deciding_member{"prompt.id", apis::responses, json_types::text, member_role::outside},
    deciding_member{"messages",
                    apis::chat | apis::messages | apis::bedrock | apis::cohere | apis::ollama,
                    json_types::list, member_role::prompt},
    deciding_member{"input", apis::openai | apis::dashscope | apis::ollama,
                    json_types::text | json_types::list | json_types::object, member_role::prompt},
    deciding_member{"instructions", apis::responses | apis::sounds,
                    json_types::text | json_types::list, member_role::prompt},
    deciding_member{"system", apis::messages | apis::bedrock | apis::ollama,
                    json_types::text | json_types::list, member_role::prompt},
    deciding_member{"contents", apis::gemini, json_types::list | json_types::object,
                    member_role::prompt},
    deciding_member{"systemInstruction", apis::gemini, json_types::object | json_types::text,
                    member_role::prompt},

    deciding_member{"max_tokens", apis::chat | apis::cohere, json_types::count,
                    member_role::output_limit},
    deciding_member{"max_tokens", apis::messages, json_types::count, member_role::output_limit, 0},
    deciding_member{"max_completion_tokens", apis::chat, json_types::count,
                    member_role::output_limit},
    deciding_member{"max_output_tokens", apis::responses, json_types::count,
                    member_role::output_limit},
    deciding_member{"generationConfig", apis::gemini, json_types::object},
    deciding_member{"generationConfig.maxOutputTokens", apis::gemini, json_types::count,
                    member_role::output_limit},
    deciding_member{"generationConfig.candidateCount", apis::gemini, json_types::count,
                    member_role::choices},
    deciding_member{"generationConfig.thinkingConfig", apis::gemini, json_types::object},
    deciding_member{"generationConfig.thinkingConfig.thinkingBudget", apis::gemini,
                    json_types::count, member_role::thinking, -1},
    deciding_member{"generationConfig.responseModalities", apis::gemini, json_types::list},
    deciding_member{"inferenceConfig", apis::bedrock, json_types::object},
    deciding_member{"inferenceConfig.maxTokens", apis::bedrock, json_types::count,
                    member_role::output_limit},
    deciding_member{"options", apis::ollama, json_types::object},
    deciding_member{"options.num_predict", apis::ollama, json_types::count,
                    member_role::output_limit},
    deciding_member{"parameters", apis::dashscope, json_types::object},
    deciding_member{"parameters.max_tokens", apis::dashscope, json_types::count,
                    member_role::output_limit},
    deciding_member{"thinking", apis::messages | apis::chat | apis::cohere, json_types::object},
    deciding_member{"thinking.type", apis::messages | apis::chat | apis::cohere, json_types::text},
    deciding_member{"thinking.budget_tokens", apis::messages | apis::chat, json_types::count,
                    member_role::thinking, 0},
    deciding_member{"reasoning", apis::chat | apis::responses, json_types::object},
    deciding_member{"reasoning.effort", apis::chat | apis::responses, json_types::text},
    deciding_member{"reasoning.mode", apis::chat | apis::responses, json_types::text},
    deciding_member{"reasoning.max_tokens", apis::chat, json_types::count, member_role::thinking,
                    0},
    deciding_member{"reasoning_effort", apis::chat, json_types::text},
    deciding_member{"thinking_budget", apis::chat, json_types::count, member_role::thinking, 0},

    deciding_member{"n", apis::chat | apis::pictures, json_types::count, member_role::choices},
    deciding_member{"best_of", apis::chat, json_types::count, member_role::choices},

    deciding_member{"stream", apis::all, json_types::flag, member_role::stream},
    deciding_member{"stream_options", apis::openai, json_types::object},
    deciding_member{"stream_options.include_usage", apis::openai, json_types::flag},
    deciding_member{"background", apis::responses | apis::gemini, json_types::flag},
    deciding_member{"store", apis::openai | apis::gemini, json_types::flag},
    deciding_member{"service_tier", apis::openai | apis::messages, json_types::text,
                    member_role::service_tier},
    deciding_member{"serviceTier", apis::gemini, json_types::text, member_role::service_tier},
    deciding_member{"speed", apis::messages, json_types::text},
    deciding_member{"inference_geo", apis::messages, json_types::text},
    deciding_member{"modalities", apis::chat, json_types::list},
    deciding_member{"audio", apis::chat, json_types::object},
    deciding_member{"size", apis::pictures, json_types::text},
    deciding_member{"quality", apis::pictures, json_types::text},
    deciding_member{"partial_images", apis::pictures, json_types::count, member_role::other, 0},
    deciding_member{"input_fidelity", apis::pictures, json_types::text},
    deciding_member{"images", apis::pictures, json_types::list, member_role::prompt},

    deciding_member{"tools", apis::all, json_types::list, member_role::tools},
    deciding_member{"tools.type", apis::openai | apis::messages, json_types::text,
                    member_role::tools},
    deciding_member{"tools.model", apis::openai | apis::messages, json_types::text,
                    member_role::tools},
    deciding_member{"tools.size", apis::responses, json_types::text},
    deciding_member{"tools.quality", apis::responses, json_types::text},
    deciding_member{"tools.partial_images", apis::responses, json_types::count, member_role::other,
                    0},
    deciding_member{"tools.n", apis::responses, json_types::count},
    deciding_member{"tools.max_uses", apis::messages, json_types::count, member_role::tool_limit,
                    0},
    deciding_member{"tools.tools", apis::responses, json_types::list, member_role::tools},
    deciding_member{"tools.tools.type", apis::responses, json_types::text, member_role::tools},
    deciding_member{"input.tools", apis::responses, json_types::list, member_role::tools},
    deciding_member{"input.tools.type", apis::responses, json_types::text, member_role::tools},
    deciding_member{"input.tools.model", apis::responses, json_types::text, member_role::tools},
    deciding_member{"input.tools.size", apis::responses, json_types::text},
    deciding_member{"input.tools.quality", apis::responses, json_types::text},
    deciding_member{"input.tools.partial_images", apis::responses, json_types::count,
                    member_role::other, 0},
    deciding_member{"input.tools.n", apis::responses, json_types::count},
    deciding_member{"input.tools.tools", apis::responses, json_types::list, member_role::tools},
    deciding_member{"input.tools.tools.type", apis::responses, json_types::text,
                    member_role::tools},
    deciding_member{"functions", apis::chat, json_types::list, member_role::tools},
    deciding_member{"max_tool_calls", apis::responses, json_types::count, member_role::tool_limit,
                    0},
    deciding_member{"web_search_options", apis::chat, json_types::object, member_role::outside},
    deciding_member{"search_parameters", apis::chat, json_types::object, member_role::outside},
    deciding_member{"plugins", apis::chat | apis::responses, json_types::list,
                    member_role::outside},
    deciding_member{"mcp_servers", apis::messages, json_types::list, member_role::outside},
    deciding_member{"container", apis::messages, json_types::text | json_types::object,
                    member_role::outside},
    deciding_member{"previous_response_id", apis::responses, json_types::text,
                    member_role::outside},
    deciding_member{"conversation", apis::responses, json_types::text | json_types::object,
                    member_role::outside},
    deciding_member{"conversation.id", apis::responses, json_types::text, member_role::outside},
    deciding_member{"previousInteractionId", apis::gemini, json_types::text, member_role::outside},
    deciding_member{"context_management", apis::messages | apis::responses,
                    json_types::object | json_types::list, member_role::outside},
    deciding_member{"prediction", apis::chat, json_types::object, member_role::outside},
    deciding_member{"cachedContent", apis::gemini, json_types::text, member_role::outside},
};

// Which of the sets an API is in.
[[nodiscard]] constexpr unsigned api_of(dialect which) noexcept {
    switch (which) {
    case dialect::openai_chat: return apis::chat;
    case dialect::openai_responses: return apis::responses;
    case dialect::openai_embeddings: return apis::embeddings;
    case dialect::openai_images: return apis::pictures;
    case dialect::openai_audio:
    case dialect::openai_speech: return apis::sounds;
    case dialect::anthropic_messages: return apis::messages;
    case dialect::gemini:
    case dialect::gemini_interactions: return apis::gemini;
    case dialect::bedrock_converse:
    case dialect::bedrock_invoke: return apis::bedrock;
    case dialect::cohere: return apis::cohere;
    case dialect::ollama: return apis::ollama;
    case dialect::dashscope: return apis::dashscope;
    }
    return apis::all;
}

// What a strict reading found.
struct strict_reading {
    // The member that is at fault, by its path, and why, with its line and column; both empty where
    // none is.
    std::string member{};
    std::string fault{};
    // Whether a name stands twice in an object that decides nothing by itself, or is written with
    // escapes there: what the object holds depends on who reads it.
    bool ambiguous = false;
};

// Reads the members of a JSON text that parses. Columns count characters, from 1.
[[nodiscard]] strict_reading read_strictly(std::string_view json, dialect which);

namespace detail {

// Google's servers take "max_output_tokens" for "maxOutputTokens".
[[nodiscard]] std::string snake_case(std::string_view camel);

// The value of a deciding member, in either of an API's spellings; null where it is not there. Not
// for paths through lists.
[[nodiscard]] boost::json::value const* value_of(boost::json::value const& body,
                                                 std::string_view path, unsigned api) noexcept;

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/providers/deciding_members.ipp>
#endif

#endif  // AIAUDIT_PROVIDERS_DECIDING_MEMBERS_HPP
