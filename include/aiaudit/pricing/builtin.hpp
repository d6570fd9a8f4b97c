// SPDX-License-Identifier: MIT
//
// builtin.hpp: the price books that come with the library.
//
// For first steps and for those who need no more; a price file of one's own is kept up to date by
// oneself. The figures stand in builtin_table.hpp with their date and source.
// Threads: plain functions; each call builds a book, so keep it.
// Floor 4.
#ifndef AIAUDIT_PRICING_BUILTIN_HPP
#define AIAUDIT_PRICING_BUILTIN_HPP

#include <aiaudit/pricing/builtin_table.hpp>  // builtin_prices
#include <aiaudit/pricing/price_book.hpp>     // price_book

#include <array>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

struct builtin_unit {
    std::string_view builtin_rates::*text;
    unit what;
    int power;  // the figure is for 10^power of the unit
};

inline constexpr std::array<builtin_unit, 12> builtin_units{{
    {&builtin_rates::input, unit::input_tokens, 6},
    {&builtin_rates::cache_read, unit::cache_read_tokens, 6},
    {&builtin_rates::cache_write, unit::cache_write_tokens, 6},
    {&builtin_rates::cache_write_1h, unit::cache_write_1h_tokens, 6},
    {&builtin_rates::output, unit::output_tokens, 6},
    {&builtin_rates::input_audio, unit::input_audio_tokens, 6},
    {&builtin_rates::cache_audio_read, unit::cache_audio_read_tokens, 6},
    {&builtin_rates::output_audio, unit::output_audio_tokens, 6},
    {&builtin_rates::input_image, unit::input_image_tokens, 6},
    {&builtin_rates::cache_image_read, unit::cache_image_read_tokens, 6},
    {&builtin_rates::output_image, unit::output_image_tokens, 6},
    {&builtin_rates::web_searches, unit::web_searches, 3},
}};

}  // namespace detail

// Public prices of the main models of OpenAI, Anthropic, Google, DeepSeek, Mistral and xAI. Azure's
// prices are taken to be those of the models' makers.
[[nodiscard]] price_book builtin_book();

// HolySheep's own list: one price for a token, whether in, out or cached.
[[nodiscard]] price_book holysheep_book();

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/pricing/builtin.ipp>
#endif

#endif  // AIAUDIT_PRICING_BUILTIN_HPP
