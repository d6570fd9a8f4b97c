// SPDX-License-Identifier: MIT
//
// builtin_table.hpp: public prices of the main models, each with its date and source. Data only.
//
// Token prices are USD per million tokens, searches USD per thousand, all as decimal text. A row
// stands for its name, the further names beside it, and each of them followed by an edition
// ("-2025-04-14", "-latest"). Rows of one name are prices that follow one another in time, or hold
// in different hours. Checked by a test against the price book that they were taken from.
// Threads: constants.
// Floor 4.
#ifndef AIAUDIT_PRICING_BUILTIN_TABLE_HPP
#define AIAUDIT_PRICING_BUILTIN_TABLE_HPP

#include <aiaudit/pricing/rate_card.hpp>  // modifier_kind

#include <array>
#include <cstdint>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

// Where figures come from: who published them, and when and by way of what they were read.
struct price_source {
    std::string_view provider;
    std::string_view url;    // the provider's own price page
    std::string_view as_of;  // the day of the figures
    std::string_view via;    // the public price book of that day that they were read from
};

inline constexpr price_source openai_prices{"openai", "https://platform.openai.com/docs/pricing",
                                            "2026-08-15", "genai-prices"};
inline constexpr price_source openai_other{"openai", "https://platform.openai.com/docs/pricing",
                                           "2026-08-15", "LiteLLM"};
inline constexpr price_source anthropic_prices{"anthropic", "https://www.anthropic.com/pricing#api",
                                               "2026-08-15", "genai-prices"};
inline constexpr price_source anthropic_other{"anthropic", "https://www.anthropic.com/pricing#api",
                                              "2026-08-15", "LiteLLM"};
inline constexpr price_source anthropic_batch{"anthropic", "https://www.anthropic.com/pricing#api",
                                              "2026-06", "a guide that cites it"};
inline constexpr price_source google_prices{
    "google", "https://ai.google.dev/gemini-api/docs/pricing", "2026-08-15", "genai-prices"};
inline constexpr price_source google_other{
    "google", "https://ai.google.dev/gemini-api/docs/pricing", "2026-08-15", "LiteLLM"};
inline constexpr price_source deepseek_prices{
    "deepseek", "https://api-docs.deepseek.com/quick_start/pricing", "2026-08-15", "genai-prices"};
inline constexpr price_source mistral_prices{"mistral", "https://mistral.ai/pricing#api-pricing",
                                             "2026-08-15", "genai-prices"};
inline constexpr price_source xai_prices{"x-ai", "https://docs.x.ai/docs/models", "2026-08-15",
                                         "genai-prices"};

// Empty: the unit has no rate of its own.
struct builtin_rates {
    std::string_view input{};
    std::string_view cache_read{};
    std::string_view cache_write{};
    std::string_view cache_write_1h{};
    std::string_view output{};
    std::string_view input_audio{};
    std::string_view cache_audio_read{};
    std::string_view output_audio{};
    std::string_view input_image{};
    std::string_view cache_image_read{};
    std::string_view output_image{};
    std::string_view web_searches{};
};

struct builtin_price {
    price_source const* source;
    std::string_view id;
    std::string_view also;  // further names, separated by spaces
    builtin_rates base;
    std::uint64_t above = 0;  // input tokens past which `high` holds, for the whole request
    builtin_rates high{};
    std::string_view from{};        // first day; empty for the first prices
    std::string_view start_time{};  // of the day, UTC; empty for all day
    std::string_view end_time{};
};

// A factor on token prices: of one model, or of all of the provider's.
struct builtin_factor {
    price_source const* source;
    std::string_view id;  // empty: all
    modifier_kind kind;
    std::string_view value;
    std::string_view factor;
};

// clang-format off
inline constexpr std::array<builtin_price, 121> builtin_prices{{
    // OpenAI
    {&openai_prices, "gpt-3.5-turbo", "gpt-35-turbo", {.input = "0.5", .output = "1.5"}},
    {&openai_prices, "gpt-4", "", {.input = "30", .output = "60"}},
    {&openai_prices, "gpt-4-turbo",
     "gpt-4-turbo-0125-preview gpt-4-0125-preview gpt-4-1106-preview" " gpt-4-turbo-preview",
     {.input = "10", .output = "30"}},
    {&openai_other, "gpt-4o-2024-05-13", "", {.input = "5", .output = "15"}},
    {&openai_prices, "gpt-4o", "", {.input = "2.5", .cache_read = "1.25", .output = "10"}},
    {&openai_prices, "gpt-4o-mini", "gpt-4o-mini-search-preview",
     {.input = "0.15", .cache_read = "0.075", .output = "0.6"}},
    {&openai_prices, "gpt-4.1", "", {.input = "2", .cache_read = "0.5", .output = "8"}},
    {&openai_prices, "gpt-4.1-mini", "", {.input = "0.4", .cache_read = "0.1", .output = "1.6"}},
    {&openai_prices, "gpt-4.1-nano", "", {.input = "0.1", .cache_read = "0.025", .output = "0.4"}},
    {&openai_prices, "gpt-5", "gpt-5-chat gpt-5-codex",
     {.input = "1.25", .cache_read = "0.125", .output = "10"}},
    {&openai_prices, "gpt-5-mini", "", {.input = "0.25", .cache_read = "0.025", .output = "2"}},
    {&openai_prices, "gpt-5-nano", "", {.input = "0.05", .cache_read = "0.005", .output = "0.4"}},
    {&openai_prices, "gpt-5-pro", "", {.input = "15", .output = "120"}},
    {&openai_prices, "gpt-5.1",
     "gpt-5.1-codex gpt-5.1-codex-max gpt-5.1-chat gpt-5-1 gpt-5-1-codex"
     " gpt-5-1-codex-max gpt-5-1-chat", {.input = "1.25", .cache_read = "0.125", .output = "10"}},
    {&openai_prices, "gpt-5.1-codex-mini", "gpt-5.1-mini gpt-5-1-codex-mini gpt-5-1-mini",
     {.input = "0.25", .cache_read = "0.025", .output = "2"}},
    {&openai_prices, "gpt-5.2", "gpt-5-2 gpt-5.2-chat gpt-5-2-chat gpt-5.2-codex gpt-5-2-codex",
     {.input = "1.75", .cache_read = "0.175", .output = "14"}},
    {&openai_prices, "gpt-5.2-pro", "gpt-5-2-pro", {.input = "21", .output = "168"}},
    {&openai_prices, "gpt-5.3", "gpt-5-3 gpt-5.3-chat gpt-5-3-chat",
     {.input = "1.75", .cache_read = "0.175", .output = "14"}},
    {&openai_prices, "gpt-5.3-codex", "gpt-5-3-codex",
     {.input = "1.75", .cache_read = "0.175", .output = "14"}},
    {&openai_prices, "gpt-5.4", "gpt-5-4", {.input = "2.5", .cache_read = "0.25", .output = "15"},
     272'000, {.input = "5", .cache_read = "0.5", .output = "22.5"}},
    {&openai_prices, "gpt-5.4-mini", "gpt-5-4-mini",
     {.input = "0.75", .cache_read = "0.075", .output = "4.5"}},
    {&openai_prices, "gpt-5.4-nano", "gpt-5-4-nano",
     {.input = "0.2", .cache_read = "0.02", .output = "1.25"}},
    {&openai_prices, "gpt-5.4-pro", "gpt-5-4-pro", {.input = "30", .output = "180"}, 272'000,
     {.input = "60", .output = "270"}},
    {&openai_prices, "gpt-5.5", "gpt-5-5 gpt-5.5-chat gpt-5-5-chat gpt-5.5-codex gpt-5-5-codex",
     {.input = "5", .cache_read = "0.5", .output = "30"}},
    {&openai_prices, "gpt-5.5-pro", "gpt-5-5-pro", {.input = "30", .output = "180"}},
    {&openai_prices, "gpt-5.6-luna", "gpt-5-6-luna",
     {.input = "1", .cache_read = "0.1", .cache_write = "1.25", .output = "6"}, 272'000,
     {.input = "2", .cache_read = "0.2", .cache_write = "2.5", .output = "9"}},
    {&openai_prices, "gpt-5.6-luna", "gpt-5-6-luna",
     {.input = "0.2", .cache_read = "0.02", .cache_write = "0.25", .output = "1.2"}, 272'000,
     {.input = "0.4", .cache_read = "0.04", .cache_write = "0.5", .output = "1.8"}, "2026-07-30"},
    {&openai_prices, "gpt-5.6-terra", "gpt-5-6-terra",
     {.input = "2.5", .cache_read = "0.25", .cache_write = "3.125", .output = "15"}, 272'000,
     {.input = "5", .cache_read = "0.5", .cache_write = "6.25", .output = "22.5"}},
    {&openai_prices, "gpt-5.6-terra", "gpt-5-6-terra",
     {.input = "2", .cache_read = "0.2", .cache_write = "2.5", .output = "12"}, 272'000,
     {.input = "4", .cache_read = "0.4", .cache_write = "5", .output = "18"}, "2026-07-30"},
    {&openai_prices, "gpt-5.6-sol", "gpt-5-6-sol gpt-5.6 gpt-5-6",
     {.input = "5", .cache_read = "0.5", .cache_write = "6.25", .output = "30"}, 272'000,
     {.input = "10", .cache_read = "1", .cache_write = "12.5", .output = "45"}},
    {&openai_prices, "o1", "o1-preview", {.input = "15", .cache_read = "7.5", .output = "60"}},
    {&openai_prices, "o1-mini", "", {.input = "1.1", .cache_read = "0.55", .output = "4.4"}},
    {&openai_prices, "o1-pro", "", {.input = "150", .output = "600"}},
    {&openai_prices, "o3", "", {.input = "10", .cache_read = "0.5", .output = "40"}},
    {&openai_prices, "o3", "", {.input = "2", .cache_read = "0.5", .output = "8"}, 0, {},
     "2025-06-10"},
    {&openai_prices, "o3-mini", "o3-mini-high",
     {.input = "1.1", .cache_read = "0.55", .output = "4.4"}},
    {&openai_prices, "o3-pro", "", {.input = "20", .output = "80"}},
    {&openai_prices, "o4-mini", "o4-mini-high",
     {.input = "1.1", .cache_read = "0.275", .output = "4.4"}},
    {&openai_prices, "gpt-audio", "gpt-audio-1.5",
     {.input = "2.5", .output = "10", .input_audio = "32", .output_audio = "64"}},
    {&openai_prices, "gpt-realtime", "gpt-realtime-1.5",
     {.input = "4", .cache_read = "0.4", .output = "16", .input_audio = "32",
      .cache_audio_read = "0.4", .output_audio = "64", .input_image = "5",
      .cache_image_read = "0.5"}},
    {&openai_prices, "text-embedding-3-small", "", {.input = "0.02"}},
    {&openai_prices, "text-embedding-3-large", "", {.input = "0.13"}},
    {&openai_prices, "text-embedding-ada-002", "text-embedding-ada text-embedding-ada-002-v2",
     {.input = "0.1"}},
    // Anthropic
    {&anthropic_prices, "claude-3-haiku", "",
     {.input = "0.25", .cache_read = "0.03", .cache_write = "0.3", .cache_write_1h = "0.5",
      .output = "1.25"}},
    {&anthropic_prices, "claude-3-5-haiku", "claude-3.5-haiku",
     {.input = "0.8", .cache_read = "0.08", .cache_write = "1", .cache_write_1h = "1.6",
      .output = "4", .web_searches = "10"}},
    {&anthropic_prices, "claude-3-5-sonnet", "claude-3.5-sonnet",
     {.input = "3", .cache_read = "0.3", .cache_write = "3.75", .cache_write_1h = "6",
      .output = "15", .web_searches = "10"}},
    {&anthropic_prices, "claude-3-7-sonnet",
     "claude-3.7-sonnet claude-sonnet-3.7 claude-sonnet-3-7",
     {.input = "3", .cache_read = "0.3", .cache_write = "3.75", .cache_write_1h = "6",
      .output = "15", .web_searches = "10"}},
    {&anthropic_prices, "claude-3-opus", "",
     {.input = "15", .cache_read = "1.5", .cache_write = "18.75", .cache_write_1h = "30",
      .output = "75"}},
    {&anthropic_prices, "claude-haiku-4-5", "claude-haiku-4.5 claude-4-5-haiku claude-4.5-haiku",
     {.input = "1", .cache_read = "0.1", .cache_write = "1.25", .cache_write_1h = "2",
      .output = "5", .web_searches = "10"}},
    {&anthropic_prices, "claude-sonnet-4-0", "claude-sonnet-4 claude-4-sonnet",
     {.input = "3", .cache_read = "0.3", .cache_write = "3.75", .cache_write_1h = "6",
      .output = "15", .web_searches = "10"}},
    {&anthropic_prices, "claude-sonnet-4-5", "claude-sonnet-4.5",
     {.input = "3", .cache_read = "0.3", .cache_write = "3.75", .cache_write_1h = "6",
      .output = "15", .web_searches = "10"}, 200'000,
     {.input = "6", .cache_read = "0.6", .cache_write = "7.5", .cache_write_1h = "12",
      .output = "22.5"}},
    {&anthropic_prices, "claude-sonnet-4-6", "claude-sonnet-4.6",
     {.input = "3", .cache_read = "0.3", .cache_write = "3.75", .cache_write_1h = "6",
      .output = "15", .web_searches = "10"}, 200'000,
     {.input = "6", .cache_read = "0.6", .cache_write = "7.5", .cache_write_1h = "12",
      .output = "22.5"}},
    {&anthropic_prices, "claude-sonnet-4-6", "claude-sonnet-4.6",
     {.input = "3", .cache_read = "0.3", .cache_write = "3.75", .cache_write_1h = "6",
      .output = "15", .web_searches = "10"}, 0, {}, "2026-03-13"},
    {&anthropic_prices, "claude-sonnet-5", "claude-sonnet-5.0 claude-5-sonnet claude-5.0-sonnet",
     {.input = "2", .cache_read = "0.2", .cache_write = "2.5", .cache_write_1h = "4",
      .output = "10", .web_searches = "10"}},
    {&anthropic_prices, "claude-sonnet-5", "claude-sonnet-5.0 claude-5-sonnet claude-5.0-sonnet",
     {.input = "3", .cache_read = "0.3", .cache_write = "3.75", .cache_write_1h = "6",
      .output = "15", .web_searches = "10"}, 0, {}, "2026-09-01"},
    {&anthropic_prices, "claude-opus-4-0", "claude-4-opus claude-opus-4",
     {.input = "15", .cache_read = "1.5", .cache_write = "18.75", .cache_write_1h = "30",
      .output = "75", .web_searches = "10"}},
    {&anthropic_prices, "claude-opus-4-1", "claude-opus-4.1",
     {.input = "15", .cache_read = "1.5", .cache_write = "18.75", .cache_write_1h = "30",
      .output = "75", .web_searches = "10"}},
    {&anthropic_prices, "claude-opus-4-5", "claude-opus-4.5 claude-4-5-opus claude-4.5-opus",
     {.input = "5", .cache_read = "0.5", .cache_write = "6.25", .cache_write_1h = "10",
      .output = "25", .web_searches = "10"}},
    {&anthropic_prices, "claude-opus-4-6", "claude-opus-4.6 claude-4-6-opus claude-4.6-opus",
     {.input = "5", .cache_read = "0.5", .cache_write = "6.25", .cache_write_1h = "10",
      .output = "25", .web_searches = "10"}, 200'000,
     {.input = "10", .cache_read = "1", .cache_write = "12.5", .cache_write_1h = "20",
      .output = "37.5"}},
    {&anthropic_prices, "claude-opus-4-6", "claude-opus-4.6 claude-4-6-opus claude-4.6-opus",
     {.input = "5", .cache_read = "0.5", .cache_write = "6.25", .cache_write_1h = "10",
      .output = "25", .web_searches = "10"}, 0, {}, "2026-03-13"},
    {&anthropic_prices, "claude-opus-4-7", "claude-opus-4.7 claude-4-7-opus claude-4.7-opus",
     {.input = "5", .cache_read = "0.5", .cache_write = "6.25", .cache_write_1h = "10",
      .output = "25", .web_searches = "10"}},
    {&anthropic_prices, "claude-opus-4-8", "claude-opus-4.8 claude-4-8-opus claude-4.8-opus",
     {.input = "5", .cache_read = "0.5", .cache_write = "6.25", .cache_write_1h = "10",
      .output = "25", .web_searches = "10"}},
    {&anthropic_prices, "claude-opus-5", "claude-opus-5.0 claude-5-opus claude-5.0-opus",
     {.input = "5", .cache_read = "0.5", .cache_write = "6.25", .cache_write_1h = "10",
      .output = "25", .web_searches = "10"}},
    {&anthropic_prices, "claude-fable-5", "",
     {.input = "10", .cache_read = "1", .cache_write = "12.5", .cache_write_1h = "20",
      .output = "50", .web_searches = "10"}},
    // Google
    {&google_prices, "gemini-1.5-flash", "",
     {.input = "0.075", .cache_read = "0.01875", .output = "0.3"}, 128'000,
     {.input = "0.15", .cache_read = "0.0375", .output = "0.6"}},
    {&google_prices, "gemini-1.5-pro", "", {.input = "1.25", .output = "5"}, 128'000,
     {.input = "2.5", .output = "10"}},
    {&google_prices, "gemini-2.0-flash", "gemini-2.0-flash-exp gemini-2.0-flash-thinking",
     {.input = "0.1", .cache_read = "0.025", .output = "0.4", .input_audio = "0.7",
      .cache_audio_read = "0.175"}},
    {&google_prices, "gemini-2.0-flash-lite", "", {.input = "0.075", .output = "0.3"}},
    {&google_prices, "gemini-2.5-flash", "gemini-2.5-flash-preview-09-2025",
     {.input = "0.3", .cache_read = "0.03", .output = "2.5", .input_audio = "1",
      .cache_audio_read = "0.1"}},
    {&google_prices, "gemini-2.5-flash-lite", "gemini-2.5-flash-lite-preview",
     {.input = "0.1", .cache_read = "0.01", .output = "0.4", .input_audio = "0.3",
      .cache_audio_read = "0.03"}},
    {&google_prices, "gemini-2.5-flash-image", "gemini-2.5-flash-image-preview",
     {.input = "0.3", .output = "2.5", .output_image = "30"}},
    {&google_prices, "gemini-2.5-pro", "", {.input = "1.25", .cache_read = "0.125", .output = "10"},
     200'000, {.input = "2.5", .cache_read = "0.25", .output = "15"}},
    {&google_prices, "gemini-3-flash-preview", "",
     {.input = "0.5", .cache_read = "0.05", .output = "3", .input_audio = "1",
      .cache_audio_read = "0.1"}},
    {&google_prices, "gemini-3-pro-preview", "gemini-3-pro-text-preview",
     {.input = "2", .cache_read = "0.2", .output = "12"}, 200'000,
     {.input = "4", .cache_read = "0.4", .output = "18"}},
    {&google_prices, "gemini-3.1-flash-lite", "gemini-3.1-flash-lite-preview",
     {.input = "0.25", .cache_read = "0.025", .output = "1.5", .input_audio = "0.5",
      .cache_audio_read = "0.05"}},
    {&google_prices, "gemini-3.1-pro-preview", "",
     {.input = "2", .cache_read = "0.2", .output = "12"}, 200'000,
     {.input = "4", .cache_read = "0.4", .output = "18"}},
    {&google_prices, "gemini-3.5-flash", "gemini-3.5-flash-preview",
     {.input = "1.5", .cache_read = "0.15", .output = "9"}},
    {&google_prices, "gemini-3.5-flash-lite", "",
     {.input = "0.3", .cache_read = "0.03", .output = "2.5"}},
    {&google_prices, "gemini-3.6-flash", "",
     {.input = "0.75", .cache_read = "0.075", .output = "3.75"}},
    {&google_prices, "gemini-3.6-flash", "",
     {.input = "1.5", .cache_read = "0.15", .output = "7.5"}, 0, {}, "2027-01-01"},
    {&google_prices, "gemini-3.7-flash", "",
     {.input = "0.75", .cache_read = "0.075", .output = "3.75"}},
    {&google_prices, "gemini-3.7-flash", "",
     {.input = "1.5", .cache_read = "0.15", .output = "7.5"}, 0, {}, "2027-01-01"},
    {&google_prices, "gemini-embedding-001", "", {.input = "0.15"}},
    // DeepSeek
    {&deepseek_prices, "deepseek-chat", "deepseek-chat-v3-0324",
     {.input = "0.135", .cache_read = "0.035", .output = "0.55"}},
    {&deepseek_prices, "deepseek-chat", "deepseek-chat-v3-0324",
     {.input = "0.27", .cache_read = "0.07", .output = "1.1"}, 0, {}, "", "00:30:00Z", "16:30:00Z"},
    {&deepseek_prices, "deepseek-reasoner", "deepseek-r1",
     {.input = "0.135", .cache_read = "0.035", .output = "0.55"}},
    {&deepseek_prices, "deepseek-reasoner", "deepseek-r1",
     {.input = "0.55", .cache_read = "0.14", .output = "2.19"}, 0, {}, "", "00:30:00Z",
     "16:30:00Z"},
    {&deepseek_prices, "deepseek-v3.2", "", {.input = "0.2288", .output = "0.3432"}},
    {&deepseek_prices, "deepseek-v3.2-exp", "", {.input = "0.27", .output = "0.41"}},
    {&deepseek_prices, "deepseek-v4-flash", "",
     {.input = "0.14", .cache_read = "0.0028", .output = "0.28"}},
    {&deepseek_prices, "deepseek-v4-pro", "",
     {.input = "0.435", .cache_read = "0.003625", .output = "0.87"}},
    // Mistral
    {&mistral_prices, "codestral", "", {.input = "0.3", .output = "0.9"}},
    {&mistral_prices, "codestral-2508", "",
     {.input = "0.3", .cache_read = "0.03", .output = "0.9"}},
    {&mistral_prices, "devstral-2512", "", {.input = "0.4", .cache_read = "0.04", .output = "2"}},
    {&mistral_prices, "magistral-medium", "", {.input = "2", .output = "5"}},
    {&mistral_prices, "magistral-small", "", {.input = "0.5", .output = "1.5"}},
    {&mistral_prices, "ministral-3b-2512", "",
     {.input = "0.1", .cache_read = "0.01", .output = "0.1"}},
    {&mistral_prices, "ministral-8b", "", {.input = "0.1", .output = "1"}},
    {&mistral_prices, "ministral-14b-2512", "",
     {.input = "0.2", .cache_read = "0.02", .output = "0.2"}},
    {&mistral_prices, "mistral-embed", "", {.input = "0.1", .output = "0.1"}},
    {&mistral_prices, "mistral-large", "", {.input = "2", .output = "6"}},
    {&mistral_prices, "mistral-large-2512", "",
     {.input = "0.5", .cache_read = "0.05", .output = "1.5"}},
    {&mistral_prices, "mistral-medium-3", "mistral-medium", {.input = "0.4", .output = "2"}},
    {&mistral_prices, "mistral-nemo", "open-mistral-nemo", {.input = "0.15", .output = "0.15"}},
    {&mistral_prices, "mistral-small", "", {.input = "0.1", .output = "0.3"}},
    {&mistral_prices, "mistral-small-2603", "",
     {.input = "0.15", .cache_read = "0.015", .output = "0.6"}},
    {&mistral_prices, "pixtral-large", "", {.input = "2", .output = "6"}},
    // xAI
    {&xai_prices, "grok-2-1212", "grok-2", {.input = "2", .output = "10"}},
    {&xai_prices, "grok-3", "grok-3-beta", {.input = "3", .cache_read = "0.75", .output = "15"}},
    {&xai_prices, "grok-3-fast", "grok-3-fast-beta",
     {.input = "5", .cache_read = "1.25", .output = "25"}},
    {&xai_prices, "grok-3-mini", "grok-3-mini-beta",
     {.input = "0.3", .cache_read = "0.075", .output = "0.5"}},
    {&xai_prices, "grok-3-mini-fast", "grok-3-mini-fast-beta",
     {.input = "0.6", .cache_read = "0.15", .output = "4"}},
    {&xai_prices, "grok-4-0709", "grok-4", {.input = "3", .cache_read = "0.75", .output = "15"}},
    {&xai_prices, "grok-4-fast-reasoning", "grok-4-fast",
     {.input = "0.2", .cache_read = "0.05", .output = "0.5"}},
    {&xai_prices, "grok-4-fast-non-reasoning", "",
     {.input = "0.2", .cache_read = "0.05", .output = "0.5"}},
    {&xai_prices, "grok-4-1-fast-reasoning", "grok-4-1-fast",
     {.input = "0.2", .cache_read = "0.05", .output = "0.5"}},
    {&xai_prices, "grok-4-1-fast-non-reasoning", "",
     {.input = "0.2", .cache_read = "0.05", .output = "0.5"}},
    {&xai_prices, "grok-4.20", "", {.input = "1.25", .cache_read = "0.2", .output = "2.5"}},
    {&xai_prices, "grok-4.3", "x-ai/grok-4.3",
     {.input = "1.25", .cache_read = "0.2", .output = "2.5"}},
    {&xai_prices, "grok-4.5", "x-ai/grok-4.5 grok-latest",
     {.input = "2", .cache_read = "0.5", .output = "6"}},
    {&xai_prices, "grok-code-fast-1", "grok-code-fast",
     {.input = "0.2", .cache_read = "0.02", .output = "1.5"}},
}};
// clang-format on

// Speed is not charged for on cached tokens; the other factors hold for every token.
inline constexpr std::array<builtin_factor, 30> builtin_factors{{
    {&openai_other, "", modifier_kind::service_tier, "batch", "0.5"},
    {&openai_other, "gpt-5", modifier_kind::service_tier, "flex", "0.5"},
    {&openai_other, "gpt-5-mini", modifier_kind::service_tier, "flex", "0.5"},
    {&openai_other, "gpt-5-nano", modifier_kind::service_tier, "flex", "0.5"},
    {&openai_other, "gpt-5.4", modifier_kind::service_tier, "flex", "0.5"},
    {&openai_other, "gpt-5.4-mini", modifier_kind::service_tier, "flex", "0.5"},
    {&openai_other, "gpt-5.4-nano", modifier_kind::service_tier, "flex", "0.5"},
    {&openai_other, "gpt-5.4-pro", modifier_kind::service_tier, "flex", "0.5"},
    {&openai_other, "gpt-5.5", modifier_kind::service_tier, "flex", "0.5"},
    {&openai_other, "gpt-5.5-pro", modifier_kind::service_tier, "flex", "0.5"},
    {&openai_other, "gpt-5.6-luna", modifier_kind::service_tier, "flex", "0.5"},
    {&openai_other, "gpt-5.6-terra", modifier_kind::service_tier, "flex", "0.5"},
    {&openai_other, "gpt-5.6-sol", modifier_kind::service_tier, "flex", "0.5"},
    {&openai_other, "o3", modifier_kind::service_tier, "flex", "0.5"},
    {&openai_other, "o4-mini", modifier_kind::service_tier, "flex", "0.5"},
    {&google_other, "gemini-3.1-flash-lite", modifier_kind::service_tier, "flex", "0.5"},
    {&google_other, "gemini-3.5-flash-lite", modifier_kind::service_tier, "flex", "0.5"},
    {&google_other, "gemini-3.6-flash", modifier_kind::service_tier, "flex", "0.5"},
    {&google_other, "", modifier_kind::service_tier, "batch", "0.5"},
    {&anthropic_batch, "", modifier_kind::service_tier, "batch", "0.5"},
    {&anthropic_other, "claude-sonnet-5", modifier_kind::region, "us", "1.1"},
    {&anthropic_other, "claude-opus-4-6", modifier_kind::region, "us", "1.1"},
    {&anthropic_other, "claude-opus-4-7", modifier_kind::region, "us", "1.1"},
    {&anthropic_other, "claude-opus-4-8", modifier_kind::region, "us", "1.1"},
    {&anthropic_other, "claude-opus-5", modifier_kind::region, "us", "1.1"},
    {&anthropic_other, "claude-fable-5", modifier_kind::region, "us", "1.1"},
    {&anthropic_other, "claude-opus-4-6", modifier_kind::speed, "fast", "6"},
    {&anthropic_other, "claude-opus-4-7", modifier_kind::speed, "fast", "6"},
    {&anthropic_other, "claude-opus-4-8", modifier_kind::speed, "fast", "2"},
    {&anthropic_other, "claude-opus-5", modifier_kind::speed, "fast", "2"},
}};

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_PRICING_BUILTIN_TABLE_HPP
