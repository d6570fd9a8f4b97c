// SPDX-License-Identifier: MIT
//
// price_overlay.hpp: own rates, discounts and margins over a price book.
//
// A file of JSON: {"overlays": [{...}, ...]}. Each overlay is about the models that it names:
//   provider  by id or alias; left out: every provider
//   model     a name, or the beginning of ids with "*" behind; left out: every model
// and says one of
//   factor    on all that a call costs: "0.9" is a discount, "1.15" a margin. With `key` only for
//             the calls of that key; the factor of a key takes the place of that for all of them
//   rates     by unit: USD a million tokens, milliseconds or characters, or USD for one of what
//             else is counted; they take the place of the standard rates, tiers included. A model
//             that the book does not have is added; then provider and model are needed
// Later overlays go over earlier ones. Numbers are decimal, as text or not.
// Threads: plain functions.
// Floor 4.
#ifndef AIAUDIT_PRICING_PRICE_OVERLAY_HPP
#define AIAUDIT_PRICING_PRICE_OVERLAY_HPP

#include <aiaudit/pricing/price_book.hpp>  // price_book

#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

// The book with the overlays of the file over it. It has a revision of its own, and is known as of
// the same day. `file_name` is for the error's text only. Errors: bad_price, saying what is wrong
// in which overlay; then nothing is changed.
[[nodiscard]] result<price_book> overlay_prices(price_book const& base, std::string_view text,
                                                std::string_view file_name);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/pricing/price_overlay.ipp>
#endif

#endif  // AIAUDIT_PRICING_PRICE_OVERLAY_HPP
