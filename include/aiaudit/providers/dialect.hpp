// SPDX-License-Identifier: MIT
//
// dialect.hpp: which API a provider and a path speak.
//
// A dialect is a shape of bodies; a vendor is who serves it, with his quirks. The path decides the
// dialect, so that a provider nobody has heard of is still read by the API that it imitates.
// Threads: pure functions.
// Floor 4.
#ifndef AIAUDIT_PROVIDERS_DIALECT_HPP
#define AIAUDIT_PROVIDERS_DIALECT_HPP

#include <aiaudit/core/call.hpp>            // operation
#include <aiaudit/core/provider_names.hpp>  // vendor, vendor_of
#include <aiaudit/error.hpp>                // result

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

enum class dialect : std::uint8_t {
    openai_chat,  // and the older /completions
    openai_responses,
    openai_embeddings,
    openai_images,
    openai_audio,   // transcriptions and translations
    openai_speech,  // text to sound
    anthropic_messages,
    gemini,  // and Vertex
    gemini_interactions,
    bedrock_converse,
    bedrock_invoke,  // models that answer InvokeModel in a shape of their own
    cohere,
    ollama,     // its own API; it serves OpenAI's too
    dashscope,  // its own API; it serves OpenAI's too
};

[[nodiscard]] constexpr std::string_view name_of(dialect which) noexcept {
    switch (which) {
    case dialect::openai_chat: return "openai_chat";
    case dialect::openai_responses: return "openai_responses";
    case dialect::openai_embeddings: return "openai_embeddings";
    case dialect::openai_images: return "openai_images";
    case dialect::openai_audio: return "openai_audio";
    case dialect::openai_speech: return "openai_speech";
    case dialect::anthropic_messages: return "anthropic_messages";
    case dialect::gemini: return "gemini";
    case dialect::gemini_interactions: return "gemini_interactions";
    case dialect::bedrock_converse: return "bedrock_converse";
    case dialect::bedrock_invoke: return "bedrock_invoke";
    case dialect::cohere: return "cohere";
    case dialect::ollama: return "ollama";
    case dialect::dashscope: return "dashscope";
    }
    return "unknown";
}

// What a path asks for.
struct endpoint {
    aiaudit::dialect dialect = dialect::openai_chat;
    aiaudit::vendor vendor = vendor::other;
    aiaudit::operation operation = operation::other;
    bool billable = true;  // false for counting tokens and listing models
    bool stream = false;   // the path itself asks for a stream
    std::string model{};   // where the path names it
    std::string region{};  // Vertex's location where the path names one; empty for "global"
};

namespace detail {

// "%3A" becomes ":"; a broken escape stays as it is.
[[nodiscard]] std::string percent_decoded(std::string_view text);

// How a path ends, and what that says.
struct path_rule {
    std::string_view ending;
    aiaudit::dialect dialect;
    aiaudit::operation operation;
    bool billable = true;
    bool stream = false;
};

// The first that fits wins: longer endings stand before their own tails.
inline constexpr std::array path_rules{
    path_rule{"/chat/completions", dialect::openai_chat, operation::chat},
    path_rule{"/completions", dialect::openai_chat, operation::chat},
    path_rule{"/responses", dialect::openai_responses, operation::responses},
    path_rule{"/responses/compact", dialect::openai_responses, operation::responses},
    path_rule{"/responses/input_tokens", dialect::openai_responses, operation::count_tokens, false},
    path_rule{"/messages", dialect::anthropic_messages, operation::chat},
    path_rule{"/messages/count_tokens", dialect::anthropic_messages, operation::count_tokens,
              false},
    path_rule{":rawPredict", dialect::anthropic_messages, operation::chat},
    path_rule{":streamRawPredict", dialect::anthropic_messages, operation::chat, true, true},
    path_rule{":generateContent", dialect::gemini, operation::chat},
    path_rule{":streamGenerateContent", dialect::gemini, operation::chat, true, true},
    path_rule{":embedContent", dialect::gemini, operation::embeddings},
    path_rule{":batchEmbedContents", dialect::gemini, operation::embeddings},
    path_rule{":countTokens", dialect::gemini, operation::count_tokens, false},
    path_rule{"/converse", dialect::bedrock_converse, operation::chat},
    path_rule{"/converse-stream", dialect::bedrock_converse, operation::chat, true, true},
    path_rule{"/count-tokens", dialect::bedrock_converse, operation::count_tokens, false},
    path_rule{"/invoke", dialect::bedrock_invoke, operation::chat},
    path_rule{"/invoke-with-response-stream", dialect::bedrock_invoke, operation::chat, true, true},
    path_rule{"/interactions", dialect::gemini_interactions, operation::chat},
    path_rule{"/api/chat", dialect::ollama, operation::chat},
    path_rule{"/api/generate", dialect::ollama, operation::chat},
    path_rule{"/api/embed", dialect::ollama, operation::embeddings},
    path_rule{"/api/embeddings", dialect::ollama, operation::embeddings},
    path_rule{"/text-generation/generation", dialect::dashscope, operation::chat},
    path_rule{"/multimodal-generation/generation", dialect::dashscope, operation::chat},
    path_rule{"/text-embedding/text-embedding", dialect::dashscope, operation::embeddings},
    path_rule{"/multimodal-embedding/multimodal-embedding", dialect::dashscope,
              operation::embeddings},
    path_rule{"/embeddings", dialect::openai_embeddings, operation::embeddings},
    path_rule{"/images/generations", dialect::openai_images, operation::images},
    path_rule{"/images/edits", dialect::openai_images, operation::images},
    path_rule{"/images/variations", dialect::openai_images, operation::images},
    path_rule{"/audio/transcriptions", dialect::openai_audio, operation::audio},
    path_rule{"/audio/translations", dialect::openai_audio, operation::audio},
    path_rule{"/audio/speech", dialect::openai_speech, operation::audio},
    path_rule{"/moderations", dialect::openai_chat, operation::other, false},
    path_rule{"/models", dialect::openai_chat, operation::other, false},
    path_rule{"/v1/chat", dialect::cohere, operation::chat},
    path_rule{"/v2/chat", dialect::cohere, operation::chat},
    path_rule{"/v1/embed", dialect::cohere, operation::embeddings},
    path_rule{"/v2/embed", dialect::cohere, operation::embeddings},
    path_rule{"/rerank", dialect::cohere, operation::rerank},
    path_rule{"/tokenize", dialect::cohere, operation::count_tokens, false},
};

[[nodiscard]] std::string model_in_path(std::string_view path, dialect which);

}  // namespace detail

// What the path of a provider's API asks for. unknown_dialect where it is none that we know.
[[nodiscard]] result<endpoint> endpoint_of(std::string_view provider, std::string_view path);

[[nodiscard]] result<dialect> dialect_of(std::string_view provider, std::string_view path);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/providers/dialect.ipp>
#endif

#endif  // AIAUDIT_PROVIDERS_DIALECT_HPP
