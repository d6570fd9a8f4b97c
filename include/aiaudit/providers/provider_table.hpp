// SPDX-License-Identifier: MIT
//
// provider_table.hpp: where a provider is reached, what it speaks, and how it wants its key.
//
// The table holds those who have one address for all. Any other server is an entry that the caller
// makes: {.name = "local", .origin = "http://127.0.0.1:8000", .prefix = "/v1"}. Azure has an
// address for each customer: {.name = "azure", .origin = "https://NAME.openai.azure.com",
// .prefix = "/openai/v1", .key = key_header::api_key, .key_variable = "AZURE_OPENAI_API_KEY"}.
// Threads: pure functions.
// Floor 4.
#ifndef AIAUDIT_PROVIDERS_PROVIDER_TABLE_HPP
#define AIAUDIT_PROVIDERS_PROVIDER_TABLE_HPP

#include <aiaudit/core/http.hpp>  // header_list
#include <aiaudit/error.hpp>      // result

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

// Whose API it is that a provider speaks, or a client of the gateway.
enum class api_family : std::uint8_t {
    openai,  // OpenAI itself and all who are compatible with it
    anthropic,
    gemini,
};

[[nodiscard]] constexpr std::string_view name_of(api_family family) noexcept {
    switch (family) {
    case api_family::openai: return "openai";
    case api_family::anthropic: return "anthropic";
    case api_family::gemini: return "gemini";
    }
    return "unknown";
}

// The header that carries the key.
enum class key_header : std::uint8_t {
    authorization,   // Bearer
    x_api_key,       // Anthropic
    x_goog_api_key,  // Gemini
    api_key,         // Azure
};

struct provider_entry {
    std::string name{};
    std::string origin{};  // "https://api.example.com"
    std::string prefix{};  // of every path: "/v1"
    api_family family = api_family::openai;
    key_header key = key_header::authorization;
    std::string key_variable{};  // of the environment, which holds the key; may be empty
    header_list headers{};       // sent with every request, such as an organisation's
    // False for a server that refuses stream_options. Known vendors that do are left alone anyway.
    bool stream_options = true;
    // Whether a stream whose connection is closed is written, and billed, no further. Where it may
    // go on, one that was left is charged the most that it may have become.
    bool stops_when_left = false;
};

namespace detail {

struct provider_row {
    std::string_view name;
    std::string_view origin;
    std::string_view prefix;
    std::string_view key_variable;
    api_family family = api_family::openai;
    key_header key = key_header::authorization;
    bool stops_when_left = false;
};

// Names are ids of core/provider_names.hpp, which knows the others. Who stops when he is left: as
// OpenRouter's table of stream cancellation says (openrouter.ai/docs/api-reference/streaming, read
// in November 2026); whom it does not name, or names as going on, is not known to.
inline constexpr std::array provider_rows{
    provider_row{"openai", "https://api.openai.com", "/v1", "OPENAI_API_KEY", api_family::openai,
                 key_header::authorization, true},
    provider_row{"anthropic", "https://api.anthropic.com", "/v1", "ANTHROPIC_API_KEY",
                 api_family::anthropic, key_header::x_api_key, true},
    provider_row{"google", "https://generativelanguage.googleapis.com", "/v1beta", "GEMINI_API_KEY",
                 api_family::gemini, key_header::x_goog_api_key},
    provider_row{"mistral", "https://api.mistral.ai", "/v1", "MISTRAL_API_KEY"},
    provider_row{"deepseek", "https://api.deepseek.com", "", "DEEPSEEK_API_KEY", api_family::openai,
                 key_header::authorization, true},
    provider_row{"groq", "https://api.groq.com", "/openai/v1", "GROQ_API_KEY"},
    provider_row{"x-ai", "https://api.x.ai", "/v1", "XAI_API_KEY", api_family::openai,
                 key_header::authorization, true},
    provider_row{"openrouter", "https://openrouter.ai", "/api/v1", "OPENROUTER_API_KEY"},
    provider_row{"together", "https://api.together.xyz", "/v1", "TOGETHER_API_KEY",
                 api_family::openai, key_header::authorization, true},
    provider_row{"fireworks", "https://api.fireworks.ai", "/inference/v1", "FIREWORKS_API_KEY",
                 api_family::openai, key_header::authorization, true},
    provider_row{"cerebras", "https://api.cerebras.ai", "/v1", "CEREBRAS_API_KEY"},
    provider_row{"cohere", "https://api.cohere.ai", "/compatibility/v1", "COHERE_API_KEY",
                 api_family::openai, key_header::authorization, true},
    provider_row{"perplexity", "https://api.perplexity.ai", "", "PERPLEXITY_API_KEY"},
    provider_row{"moonshotai", "https://api.moonshot.ai", "/v1", "MOONSHOT_API_KEY"},
    provider_row{"zai", "https://api.z.ai", "/api/paas/v4", "ZAI_API_KEY"},
    provider_row{"zhipuai", "https://open.bigmodel.cn", "/api/paas/v4", "ZHIPUAI_API_KEY"},
    provider_row{"huggingface", "https://router.huggingface.co", "/v1", "HF_TOKEN"},
    provider_row{"minimax", "https://api.minimax.io", "/v1", "MINIMAX_API_KEY"},
};

}  // namespace detail

// The entry of a provider that everybody reaches in one place, by any of its usual names.
// Errors: bad_argument for one that is not in the table.
[[nodiscard]] result<provider_entry> provider_named(std::string_view name);

// What every request to a provider carries. An empty key adds no header for it, for a server that
// wants none.
[[nodiscard]] header_list auth_headers(provider_entry const& to, std::string_view key);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/providers/provider_table.ipp>
#endif

#endif  // AIAUDIT_PROVIDERS_PROVIDER_TABLE_HPP
