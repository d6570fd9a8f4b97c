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

#include <aiaudit/pricing/genai_prices.hpp>  // genai_prices_reader
#include <aiaudit/pricing/litellm.hpp>       // litellm_reader

#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

// `file_name` is for the error's text only. Nothing is loaded from a file that has an error.
// Errors: bad_price, naming the file and what is wrong where.
[[nodiscard]] inline result<price_book> load_price_book(std::string_view text,
                                                        std::string_view file_name) {
    auto const named = [&](error reason) {
        reason.code = errc::bad_price;
        reason.where = std::string(file_name) + ": " + reason.where;
        return reason;
    };
    auto root = detail::parse_decimal_json(text);
    if (!root) return named(fail(errc::bad_price, "not a price file: " + root.error().where));
    using kind = detail::decimal_json::kind;
    if (!root->is(kind::array) && !root->is(kind::object)) {
        return named(fail(errc::bad_price, "not a price file: neither a list nor an object"));
    }
    auto book = root->is(kind::array) ? detail::genai_prices_reader{}.read(*root)
                                      : detail::litellm_reader{}.read(*root);
    if (!book) return named(book.error());
    return book;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_PRICING_LOAD_HPP
