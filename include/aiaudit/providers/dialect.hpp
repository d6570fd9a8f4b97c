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

#include <aiaudit/core/call.hpp>              // operation
#include <aiaudit/error.hpp>                  // result
#include <aiaudit/providers/json_fields.hpp>  // lower_case

#include <array>
#include <cstddef>
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
    openai_audio,
    anthropic_messages,
    gemini,  // and Vertex
    bedrock_converse,
    bedrock_invoke,  // models that answer InvokeModel in a shape of their own
    cohere,
};

[[nodiscard]] constexpr std::string_view name_of(dialect which) noexcept {
    switch (which) {
    case dialect::openai_chat: return "openai_chat";
    case dialect::openai_responses: return "openai_responses";
    case dialect::openai_embeddings: return "openai_embeddings";
    case dialect::openai_images: return "openai_images";
    case dialect::openai_audio: return "openai_audio";
    case dialect::anthropic_messages: return "anthropic_messages";
    case dialect::gemini: return "gemini";
    case dialect::bedrock_converse: return "bedrock_converse";
    case dialect::bedrock_invoke: return "bedrock_invoke";
    case dialect::cohere: return "cohere";
    }
    return "unknown";
}

// Who serves a dialect. Bits, so that a rule can name several.
enum class vendor : std::uint32_t {
    other = 1U << 0,  // not known: read by the dialect alone
    openai = 1U << 1,
    azure = 1U << 2,
    anthropic = 1U << 3,
    google = 1U << 4,
    aws = 1U << 5,
    deepseek = 1U << 6,
    mistral = 1U << 7,
    groq = 1U << 8,
    xai = 1U << 9,
    openrouter = 1U << 10,
    cohere = 1U << 11,
    cerebras = 1U << 12,
    zai = 1U << 13,
    together = 1U << 14,
    fireworks = 1U << 15,
    moonshot = 1U << 16,
    perplexity = 1U << 17,
    huggingface = 1U << 18,
    minimax = 1U << 19,
};

// Several vendors.
struct vendor_set {
    std::uint32_t bits = 0;
    [[nodiscard]] constexpr bool has(vendor which) const noexcept {
        return (bits & static_cast<std::uint32_t>(which)) != 0;
    }
};
template <class... Vendors>
[[nodiscard]] constexpr vendor_set vendors(Vendors... which) noexcept {
    return {(static_cast<std::uint32_t>(which) | ... | 0U)};
}
inline constexpr vendor_set every_vendor{~0U};

namespace detail {

struct vendor_name {
    std::string_view name;
    vendor which;
};

// The names that recorders, SDKs and price lists use.
inline constexpr std::array vendor_names{
    vendor_name{"openai", vendor::openai},
    vendor_name{"azure", vendor::azure},
    vendor_name{"azure-openai", vendor::azure},
    vendor_name{"azure_openai", vendor::azure},
    vendor_name{"azure_ai", vendor::azure},
    vendor_name{"anthropic", vendor::anthropic},
    vendor_name{"google", vendor::google},
    vendor_name{"google-gla", vendor::google},
    vendor_name{"google-vertex", vendor::google},
    vendor_name{"google_vertex", vendor::google},
    vendor_name{"vertex", vendor::google},
    vendor_name{"vertex_ai", vendor::google},
    vendor_name{"gemini", vendor::google},
    vendor_name{"aws", vendor::aws},
    vendor_name{"bedrock", vendor::aws},
    vendor_name{"aws-bedrock", vendor::aws},
    vendor_name{"amazon-bedrock", vendor::aws},
    vendor_name{"deepseek", vendor::deepseek},
    vendor_name{"mistral", vendor::mistral},
    vendor_name{"mistralai", vendor::mistral},
    vendor_name{"groq", vendor::groq},
    vendor_name{"xai", vendor::xai},
    vendor_name{"x-ai", vendor::xai},
    vendor_name{"x_ai", vendor::xai},
    vendor_name{"grok", vendor::xai},
    vendor_name{"openrouter", vendor::openrouter},
    vendor_name{"cohere", vendor::cohere},
    vendor_name{"cerebras", vendor::cerebras},
    vendor_name{"zai", vendor::zai},
    vendor_name{"z-ai", vendor::zai},
    vendor_name{"z.ai", vendor::zai},
    vendor_name{"zhipuai", vendor::zai},
    vendor_name{"zhipu", vendor::zai},
    vendor_name{"together", vendor::together},
    vendor_name{"together-ai", vendor::together},
    vendor_name{"together_ai", vendor::together},
    vendor_name{"togetherai", vendor::together},
    vendor_name{"fireworks", vendor::fireworks},
    vendor_name{"fireworks-ai", vendor::fireworks},
    vendor_name{"fireworks_ai", vendor::fireworks},
    vendor_name{"moonshotai", vendor::moonshot},
    vendor_name{"moonshot", vendor::moonshot},
    vendor_name{"perplexity", vendor::perplexity},
    vendor_name{"huggingface", vendor::huggingface},
    vendor_name{"minimax", vendor::minimax},
};

}  // namespace detail

// The vendor of a provider's name; vendor::other for one that is not known.
[[nodiscard]] inline vendor vendor_of(std::string_view provider) {
    std::string const name = detail::lower_case(provider);
    for (auto const& [known, which] : detail::vendor_names) {
        if (known == name) return which;
    }
    // "huggingface_groq": Hugging Face relays what the backend said.
    return name.starts_with("huggingface") ? vendor::huggingface : vendor::other;
}

// What a path asks for.
struct endpoint {
    aiaudit::dialect dialect = dialect::openai_chat;
    aiaudit::vendor vendor = vendor::other;
    aiaudit::operation operation = operation::other;
    bool billable = true;  // false for counting tokens and listing models
    bool stream = false;   // the path itself asks for a stream
    std::string model{};   // where the path names it
};

namespace detail {

// "%3A" becomes ":"; a broken escape stays as it is.
[[nodiscard]] inline std::string percent_decoded(std::string_view text) {
    auto const digit = [](char c) {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        if (c >= 'A' && c <= 'F') return c - 'A' + 10;
        return -1;
    };
    std::string decoded;
    for (std::size_t at = 0; at < text.size(); ++at) {
        int const high = text[at] == '%' && at + 2 < text.size() ? digit(text[at + 1]) : -1;
        int const low = high >= 0 ? digit(text[at + 2]) : -1;
        decoded.push_back(low >= 0 ? static_cast<char>(high * 16 + low) : text[at]);
        if (low >= 0) at += 2;
    }
    return decoded;
}

// The segment after `before` in a path, as far as the next of `stops`; empty where there is none.
[[nodiscard]] inline std::string_view segment_after(std::string_view path, std::string_view before,
                                                    std::string_view stops) noexcept {
    auto const at = path.rfind(before);
    if (at == std::string_view::npos) return {};
    std::string_view const rest = path.substr(at + before.size());
    return rest.substr(0, rest.find_first_of(stops));
}

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
    path_rule{"/embeddings", dialect::openai_embeddings, operation::embeddings},
    path_rule{"/images/generations", dialect::openai_images, operation::images},
    path_rule{"/images/edits", dialect::openai_images, operation::images},
    path_rule{"/images/variations", dialect::openai_images, operation::images},
    path_rule{"/audio/transcriptions", dialect::openai_audio, operation::audio},
    path_rule{"/audio/translations", dialect::openai_audio, operation::audio},
    path_rule{"/audio/speech", dialect::openai_audio, operation::audio},
    path_rule{"/moderations", dialect::openai_chat, operation::other, false},
    path_rule{"/models", dialect::openai_chat, operation::other, false},
    path_rule{"/v1/chat", dialect::cohere, operation::chat},
    path_rule{"/v2/chat", dialect::cohere, operation::chat},
    path_rule{"/v1/embed", dialect::cohere, operation::embeddings},
    path_rule{"/v2/embed", dialect::cohere, operation::embeddings},
    path_rule{"/rerank", dialect::cohere, operation::rerank},
    path_rule{"/tokenize", dialect::cohere, operation::count_tokens, false},
};

// InvokeModel hands the model's own API through: its name tells which.
[[nodiscard]] inline dialect dialect_of_invoked(std::string_view model) noexcept {
    auto const has = [model](std::string_view part) {
        return model.find(part) != std::string_view::npos;
    };
    if (has("anthropic.")) return dialect::anthropic_messages;
    if (has("amazon.nova")) return dialect::bedrock_converse;
    if (has("cohere.")) return dialect::cohere;
    if (has("openai.") || has("qwen.") || has("deepseek.") || has("mistral.")) {
        return dialect::openai_chat;
    }
    return dialect::bedrock_invoke;
}

[[nodiscard]] inline std::string model_in_path(std::string_view path, dialect which) {
    std::string model;
    if (which == dialect::bedrock_converse || which == dialect::bedrock_invoke) {
        model = percent_decoded(segment_after(path, "/model/", "/"));
        // An ARN of an inference profile ends in the name that a price list knows.
        if (model.starts_with("arn:")) model = model.substr(model.rfind('/') + 1);
    } else if (which == dialect::gemini || path.find(':') != std::string_view::npos) {
        model = percent_decoded(segment_after(path, "/models/", "/:"));
    } else {
        model = percent_decoded(segment_after(path, "/deployments/", "/"));
    }
    return model;
}

}  // namespace detail

// What the path of a provider's API asks for. unknown_dialect where it is none that we know.
[[nodiscard]] inline result<endpoint> endpoint_of(std::string_view provider,
                                                  std::string_view path) {
    path = path.substr(0, path.find_first_of("?#"));
    while (path.ends_with('/')) path.remove_suffix(1);
    endpoint found;
    found.vendor = vendor_of(provider);
    for (detail::path_rule const& rule : detail::path_rules) {
        if (!path.ends_with(rule.ending)) continue;
        found.dialect = rule.dialect;
        found.operation = rule.operation;
        found.billable = rule.billable;
        found.stream = rule.stream;
        found.model = detail::model_in_path(path, rule.dialect);
        if (found.dialect == dialect::bedrock_invoke) {
            found.dialect = detail::dialect_of_invoked(found.model);
        }
        bool const raw = rule.ending == ":rawPredict" || rule.ending == ":streamRawPredict";
        if (raw && path.find("/publishers/anthropic/") == std::string_view::npos) {
            found.dialect = dialect::openai_chat;
        }
        return found;
    }
    // A stored response, fetched again: "/v1/responses/resp_123", or its cancellation.
    if (path.find("/responses/") != std::string_view::npos) {
        found.dialect = dialect::openai_responses;
        found.operation = operation::responses;
        return found;
    }
    // A path without its query holds no secret.
    return fail(errc::unknown_dialect, "no API is known for provider '" +
                                           detail::printable(provider) + "', path '" +
                                           detail::printable(path) + "'");
}

[[nodiscard]] inline result<dialect> dialect_of(std::string_view provider, std::string_view path) {
    auto found = endpoint_of(provider, path);
    if (!found) return found.error();
    return found->dialect;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_PROVIDERS_DIALECT_HPP
