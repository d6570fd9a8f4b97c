// SPDX-License-Identifier: MIT
//
// load.ipp: the definitions of load.hpp.
#ifndef AIAUDIT_IMPL_PRICING_LOAD_IPP
#define AIAUDIT_IMPL_PRICING_LOAD_IPP

#include <aiaudit/config.hpp>                // AIAUDIT_INLINE
#include <aiaudit/pricing/genai_prices.hpp>  // genai_prices_reader
#include <aiaudit/pricing/litellm.hpp>       // litellm_reader
#include <aiaudit/pricing/load.hpp>

#include <string>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE result<price_book> load_price_book(std::string_view text,
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

#endif  // AIAUDIT_IMPL_PRICING_LOAD_IPP
