// SPDX-License-Identifier: MIT
//
// provider_names.hpp: the names by which providers go, and which vendor each of them is.
//
// The one table of them: reading an answer, pricing it and addressing a provider all go by it, so
// that a name means the same to each. Letter case never counts.
// Threads: pure functions.
// Floor 2.
#ifndef AIAUDIT_CORE_PROVIDER_NAMES_HPP
#define AIAUDIT_CORE_PROVIDER_NAMES_HPP

#include <aiaudit/config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// Who serves an API, with his quirks. Bits, so that a rule can name several.
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
    ollama = 1U << 20,
    dashscope = 1U << 21,
};

// Several vendors.
struct vendor_set {
    std::uint32_t bits = 0;
    [[nodiscard]] constexpr bool has(vendor candidate) const noexcept {
        return (bits & static_cast<std::uint32_t>(candidate)) != 0;
    }
};
template <class... Vendors>
[[nodiscard]] constexpr vendor_set vendors(Vendors... which) noexcept {
    return {(static_cast<std::uint32_t>(which) | ... | 0U)};
}
inline constexpr vendor_set every_vendor{~0U};

namespace detail {

inline constexpr std::size_t provider_name_bytes_max = 31;  // of a name of the table

// One provider.
struct provider_names {
    std::string_view id{};  // as the price files have it
    aiaudit::vendor vendor = vendor::other;
    std::array<std::string_view, 12> aliases{};  // in the order in which a price book is asked
    std::string_view kin{};     // the provider whose prices and address also hold for this one
    std::string_view prefix{};  // every name that begins so is one of its names
};

// The names that recorders, SDKs, OpenTelemetry and price files use.
inline constexpr std::array provider_table{
    provider_names{"openai",
                   vendor::openai,
                   {"openai-chat", "openai-responses", "openai_chat", "openai_responses", "open-ai",
                    "open_ai", "text-completion-openai"}},
    // Sells the same models at other prices.
    provider_names{"openai-decisions", vendor::openai, {"openai_decisions"}},
    provider_names{
        "azure",
        vendor::azure,
        {"azure-openai", "azure_openai", "azureopenai", "azure_ai", "azure-ai", "azure_text",
         "azure.ai.openai", "azure.ai.inference", "az.ai.openai", "az.ai.inference"}},
    provider_names{"anthropic", vendor::anthropic, {"claude"}},
    provider_names{
        "google",
        vendor::google,
        {"gemini", "google-gla", "googleai", "google_ai_studio", "google-ai-studio", "google_ai",
         "google-ai", "google_genai", "google-genai", "gcp.gemini", "gcp.gen_ai"}},
    provider_names{"vertex_ai",
                   vendor::google,
                   {"vertex", "google-vertex", "vertexai", "vertex-ai", "google_vertex",
                    "google_vertexai", "google-vertexai", "google-vertex-ai", "google_vertex_ai",
                    "gcp.vertex_ai", "vertex_ai_beta"},
                   "google",
                   "vertex_ai-"},
    provider_names{"aws",
                   vendor::aws,
                   {"bedrock", "amazon-bedrock", "aws-bedrock", "amazon_bedrock", "aws_bedrock",
                    "aws.bedrock", "amazon"},
                   {},
                   "bedrock_"},
    provider_names{"deepseek", vendor::deepseek, {"deepseek-ai", "deepseek_ai"}},
    provider_names{
        "mistral",
        vendor::mistral,
        {"mistralai", "mistral-ai", "mistral_ai", "codestral", "text-completion-codestral"}},
    provider_names{"groq", vendor::groq, {"groqcloud"}},
    provider_names{"x-ai", vendor::xai, {"xai", "x.ai", "grok", "x_ai"}},
    provider_names{"openrouter", vendor::openrouter, {"open-router", "open_router"}},
    provider_names{"cohere", vendor::cohere, {"cohere_chat", "cohere-chat"}},
    provider_names{"cerebras", vendor::cerebras, {"cerebras-ai", "cerebras_ai"}},
    provider_names{"zai", vendor::zai, {"z-ai", "z.ai", "z_ai"}},
    // The same company within China: keys and prices of its own.
    provider_names{"zhipuai", vendor::zai, {"zhipu", "zhipu-ai", "zhipu_ai", "bigmodel"}},
    provider_names{
        "together", vendor::together, {"together-ai", "together_ai", "togetherai", "together.ai"}},
    provider_names{"fireworks",
                   vendor::fireworks,
                   {"fireworks_ai", "fireworks-ai", "fireworksai"},
                   {},
                   "fireworks_ai-"},
    provider_names{
        "moonshotai", vendor::moonshot, {"moonshot", "moonshot-ai", "moonshot_ai", "kimi"}},
    provider_names{
        "perplexity", vendor::perplexity, {"perplexity-ai", "perplexity_ai", "perplexityai"}},
    // "huggingface_groq": Hugging Face relays what the backend said.
    provider_names{
        "huggingface", vendor::huggingface, {"hugging-face", "hugging_face"}, {}, "huggingface"},
    provider_names{"minimax", vendor::minimax, {"minimaxai", "minimax-ai", "minimax_ai"}},
    provider_names{"ollama", vendor::ollama, {"ollama_chat", "ollama-chat"}},
    provider_names{"dashscope",
                   vendor::dashscope,
                   {"alibaba", "qwen", "qwencloud", "qwen_ai_platform", "alibaba-cloud",
                    "alibaba_cloud", "alibabacloud", "aliyun", "alibaba-cn"}},
    provider_names{"voyageai", vendor::other, {"voyage", "voyage-ai", "voyage_ai"}},
    provider_names{"github-copilot", vendor::other, {"github_copilot"}},
};

// Of the name of a provider, letter case aside; null for one that is not in the table.
[[nodiscard]] provider_names const* names_of(std::string_view provider) noexcept;

// The ids under which a price book may have a provider of the table, the first that it has to be
// taken: its own, its kin's, its aliases, and then those of the rest of its family.
[[nodiscard]] std::vector<std::string_view> price_ids_of(provider_names const& provider);

}  // namespace detail

// The vendor of a provider's name; vendor::other for one that is not known.
[[nodiscard]] vendor vendor_of(std::string_view provider) noexcept;

// The id that the price files have for a provider's name ("x-ai" for "x.ai"); the name itself where
// it is not known. It lives as long as what it was given.
[[nodiscard]] std::string_view provider_id_of(std::string_view provider) noexcept;

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/core/provider_names.ipp>
#endif

#endif  // AIAUDIT_CORE_PROVIDER_NAMES_HPP
