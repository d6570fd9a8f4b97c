// SPDX-License-Identifier: MIT
//
// load.hpp: a price book from the text of a file in any of the formats known here.
//
// A list of providers is genai-prices' format, an object of models LiteLLM's. Reading the file is
// the caller's: this room does no I/O.
// Threads: plain functions.
// Floor 4.
#ifndef AIAUDIT_PRICING_LOAD_HPP
#define AIAUDIT_PRICING_LOAD_HPP

#include <aiaudit/error.hpp>
#include <aiaudit/pricing/price_book.hpp>

#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

// `file_name` is for the error's text only. Nothing is loaded from a file that has an error.
// Errors: bad_price, naming the file and what is wrong where.
[[nodiscard]] result<price_book> load_price_book(std::string_view text, std::string_view file_name);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/pricing/load.ipp>
#endif

#endif  // AIAUDIT_PRICING_LOAD_HPP
