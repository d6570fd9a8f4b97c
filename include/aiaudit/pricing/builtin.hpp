// SPDX-License-Identifier: MIT
//
// builtin.hpp: the price books that come with the library.
//
// For first steps and for those who need no more; a price file of one's own is kept up to date by
// oneself. The figures stand in builtin_table.hpp, as of builtin_prices_day.
// Threads: plain functions; each call builds a book, so keep it.
// Floor 4.
#ifndef AIAUDIT_PRICING_BUILTIN_HPP
#define AIAUDIT_PRICING_BUILTIN_HPP

#include <aiaudit/pricing/builtin_table.hpp>  // builtin_rows
#include <aiaudit/pricing/price_book.hpp>     // price_book

#include <array>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// The letters of a unit in the table; a figure is for 10^power of the unit.
struct builtin_unit {
    std::string_view letters;
    unit what;
    int power;
};

inline constexpr std::array<builtin_unit, 32> builtin_units{{
    {"i", unit::input_tokens, 6},
    {"r", unit::cache_read_tokens, 6},
    {"w", unit::cache_write_tokens, 6},
    {"wh", unit::cache_write_1h_tokens, 6},
    {"wd", unit::cache_write_12h_tokens, 6},
    {"o", unit::output_tokens, 6},
    {"or", unit::output_reasoning_tokens, 6},
    {"ia", unit::input_audio_tokens, 6},
    {"ra", unit::cache_audio_read_tokens, 6},
    {"oa", unit::output_audio_tokens, 6},
    {"ii", unit::input_image_tokens, 6},
    {"ri", unit::cache_image_read_tokens, 6},
    {"oi", unit::output_image_tokens, 6},
    {"iv", unit::input_video_tokens, 6},
    {"ov", unit::output_video_tokens, 6},
    {"oc", unit::output_citation_tokens, 6},
    {"q", unit::requests, 3},
    {"s", unit::web_searches, 3},
    {"f", unit::file_searches, 3},
    {"m", unit::map_searches, 3},
    {"x", unit::code_executions, 3},
    {"u", unit::search_units, 3},
    {"c", unit::input_characters, 6},
    {"k", unit::output_characters, 6},
    {"p", unit::pages, 3},
    {"t", unit::input_audio_milliseconds, 6},
    {"y", unit::output_audio_milliseconds, 6},
    {"n", unit::output_images, 3},
    {"e", unit::input_images, 3},
    {"v", unit::output_video_milliseconds, 6},
    {"j", unit::input_video_milliseconds, 6},
    {"xs", unit::x_searches, 3},
}};

// Reads one row of the table.
class builtin_row {
public:
    // `text` is a line without its end, `factors` those of its provider.
    [[nodiscard]] static price_entry read(std::string_view text, std::string_view factors = {});

private:
    [[nodiscard]] static builtin_unit const* unit_of(std::string_view word);
    void name(std::string_view word);
    void part(std::string_view word);
    void card(std::string_view word);
    void factor(std::string_view word);
    void price(std::string_view word);

    price_entry entry_{};
    std::vector<model_match> names_{};
    rate_table* rates_ = nullptr;  // into which prices go
};

}  // namespace detail

// Public prices of the models of OpenAI, Anthropic, Google, DeepSeek, Mistral, xAI, Groq, Cohere,
// Perplexity, Moonshot and Z.ai. Azure's prices are taken to be those of the models' makers; Claude
// on Vertex has Anthropic's, with Google's factor for regions.
[[nodiscard]] price_book builtin_book();

// HolySheep's own list: one price for a token, whether in, out or cached.
[[nodiscard]] price_book holysheep_book();

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/pricing/builtin.ipp>
#endif

#endif  // AIAUDIT_PRICING_BUILTIN_HPP
