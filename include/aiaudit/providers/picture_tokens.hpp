// SPDX-License-Identifier: MIT
//
// picture_tokens.hpp: how many tokens of input a picture may have that a model is shown, and how
// many of output one that it makes.
//
// OpenAI bills a picture by its size and its quality. Its first models have three of each, and a
// table; from gpt-image-2 on a size may be any, and a formula counts its patches. Both stand in
// its guide to image generation ("Cost and latency", and the calculator there); where the price of
// a picture says more than the table, as with gpt-image-1-mini, the price counts. What a request
// leaves open is the dearest.
// Threads: pure functions.
// Floor 4.
#ifndef AIAUDIT_PROVIDERS_PICTURE_TOKENS_HPP
#define AIAUDIT_PROVIDERS_PICTURE_TOKENS_HPP

#include <aiaudit/core/provider_names.hpp>  // vendor

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// Tokens of one picture that any model is shown. The most that a vendor's own formula gives is
// 48,169 (OpenAI's tiles, for gpt-4o-mini: 2833 and 8 times 5667); by patches it is 10,000 times
// 2.46.
inline constexpr std::uint64_t picture_tokens_max = 50'000;
// The same of one that this model is shown: as its vendor's guide gives it, else the most of any.
[[nodiscard]] std::uint64_t shown_picture_tokens(vendor who, std::string_view model) noexcept;

// What a request says of the pictures that it wants made.
struct picture_wish {
    std::string size{};         // "1024x1024"; empty: the model's choice, as "auto" is
    std::string quality{};      // likewise
    std::uint64_t partial = 0;  // earlier states of each picture, shown on the way

    friend bool operator==(picture_wish const&, picture_wish const&) = default;
};

// Tokens that each earlier state adds.
inline constexpr std::uint64_t partial_picture_tokens = 100;
// Words that a model from gpt-image-1.5 on may write beside a picture, and bills. OpenAI gives no
// most; users report some 200.
inline constexpr std::uint64_t picture_words_max = 2'048;

// A prompt for a picture: 32,000 characters, of up to four bytes.
inline constexpr std::uint64_t drawing_prompt_tokens_max = 4 * 32'000;
// Input tokens of a picture that others are made of: four tiles (65 and 4 times 129) and 6,240 more
// in high fidelity, as OpenAI's guide has it for gpt-image-1; from gpt-image-2 on, by users'
// measurements, some 1,536 patches.
inline constexpr std::uint64_t original_tokens_max = 8'192;
inline constexpr std::uint64_t originals_max = 16;

// The most output tokens of one picture, with its earlier states. None where no source says it: for
// a model that is not known, or a quality that the model is not known to have.
[[nodiscard]] std::optional<std::uint64_t> most_picture_tokens(std::string_view model,
                                                               picture_wish const& wish);

namespace detail {

// The models that may serve where a request names one of them, or none.
[[nodiscard]] std::vector<std::string_view> drawing_models(std::string_view named,
                                                           picture_wish const& wish);

struct shown_picture {
    vendor_set vendors;
    std::string_view model;
    bool family;  // all models whose names begin so
    std::uint64_t tokens;
};
// OpenAI cuts a picture of at most 2,048 by 768 pixels into tiles of 512 (a base, and 8 of them),
// or scales it to 1,536 patches, each of some tokens. Anthropic scales the longer side to 2,576
// pixels, and a token is a patch of 28: of a square, 92 by 92. Gemini 3 gives a budget, of which
// "ultra high" is the largest.
inline constexpr vendor_set claude_sellers =
    vendors(vendor::anthropic, vendor::aws, vendor::google);
inline constexpr std::array shown_pictures{
    shown_picture{vendors(vendor::openai), "gpt-4.1", false, 85 + 8 * 170},
    shown_picture{vendors(vendor::openai), "gpt-4o", false, 85 + 8 * 170},
    shown_picture{vendors(vendor::openai), "gpt-5", false, 70 + 8 * 140},
    shown_picture{vendors(vendor::openai), "gpt-5-chat-latest", false, 70 + 8 * 140},
    shown_picture{vendors(vendor::openai), "o1", false, 75 + 8 * 150},
    shown_picture{vendors(vendor::openai), "o1-pro", false, 75 + 8 * 150},
    shown_picture{vendors(vendor::openai), "o3", false, 75 + 8 * 150},
    shown_picture{vendors(vendor::openai), "computer-use-preview", false, 65 + 8 * 129},
    shown_picture{vendors(vendor::openai), "gpt-4.1-mini", false, 1536 * 162 / 100 + 1},
    shown_picture{vendors(vendor::openai), "gpt-4.1-nano", false, 1536 * 246 / 100 + 1},
    shown_picture{vendors(vendor::openai), "gpt-5-mini", false, 1536 * 162 / 100 + 1},
    shown_picture{vendors(vendor::openai), "gpt-5-nano", false, 1536 * 246 / 100 + 1},
    shown_picture{vendors(vendor::openai), "o4-mini", false, 1536 * 172 / 100 + 1},
    shown_picture{claude_sellers, "claude-3", true, 92 * 92},
    shown_picture{claude_sellers, "claude-opus-4", true, 92 * 92},
    shown_picture{claude_sellers, "claude-sonnet-4", true, 92 * 92},
    shown_picture{claude_sellers, "claude-haiku-4", true, 92 * 92},
    shown_picture{claude_sellers, "claude-opus-5", true, 92 * 92},
    shown_picture{claude_sellers, "claude-sonnet-5", true, 92 * 92},
    shown_picture{claude_sellers, "claude-haiku-5", true, 92 * 92},
    shown_picture{vendors(vendor::google), "gemini-3", true, 2'240},
};

// Tokens by quality (low, medium, high), of 1024x1024, 1024x1536 and 1536x1024.
using picture_figures = std::array<std::array<std::uint64_t, 3>, 3>;
struct picture_table {
    std::string_view model;
    bool words;  // whether it writes words beside a picture
    picture_figures tokens;
};
inline constexpr picture_figures table_of_guide{
    {{272, 408, 400}, {1'056, 1'584, 1'568}, {4'160, 6'240, 6'208}}};
// Of its prices ($0.005 to $0.052 for one, at $8 for a million), rounded up.
inline constexpr picture_figures table_of_mini{
    {{688, 813, 813}, {1'438, 1'938, 1'938}, {4'563, 6'563, 6'563}}};
inline constexpr std::array picture_tables{
    picture_table{"gpt-image-1", false, table_of_guide},
    picture_table{"gpt-image-1-mini", true, table_of_mini},
    picture_table{"gpt-image-1.5", true, table_of_guide},
    picture_table{"chatgpt-image-latest", true, table_of_guide},
};
inline constexpr std::array<std::string_view, 3> picture_table_sizes{"1024x1024", "1024x1536",
                                                                     "1536x1024"};

// Patches along the longer side, by quality.
struct picture_grid {
    std::string_view model;
    std::string_view quality;
    std::uint64_t patches;
};
inline constexpr std::array picture_grids{
    picture_grid{"gpt-image-2", "low", 16},
    picture_grid{"gpt-image-2", "medium", 48},
    picture_grid{"gpt-image-2", "high", 96},
    picture_grid{"gpt-image-2.5-flare", "low", 16},
    picture_grid{"gpt-image-2.5-flare", "medium", 24},
    picture_grid{"gpt-image-2.5-flare", "high", 48},
    picture_grid{"gpt-image-2.5-flare", "xhigh", 64},
    picture_grid{"gpt-image-2.5-flare", "max", 96},
    picture_grid{"gpt-image-2.5-sunburst", "low", 16},
    picture_grid{"gpt-image-2.5-sunburst", "medium", 24},
    picture_grid{"gpt-image-2.5-sunburst", "high", 48},
    picture_grid{"gpt-image-2.5-sunburst", "xhigh", 64},
    picture_grid{"gpt-image-2.5-sunburst", "max", 96},
};
// The largest picture that these models make, which as a square has the most patches.
inline constexpr std::uint64_t picture_pixels_max = 8'294'400;
inline constexpr std::uint64_t picture_side_max = 3'840;

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/providers/picture_tokens.ipp>
#endif

#endif  // AIAUDIT_PROVIDERS_PICTURE_TOKENS_HPP
