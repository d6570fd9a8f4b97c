// SPDX-License-Identifier: MIT
//
// price_bound.hpp: the most that an attempt can come to, which is not the price of its counts.
//
// Before an attempt nobody knows which of a model's rates its tokens will be charged at: whether
// they are read from a cache or written to one, are reasoning, were served in a dearer tier or
// region, or fall below a step of the context's length past which the rate is lower. So all input
// counts at the dearest rate of input, and all output at the dearest rate of output.
// Threads: pure functions.
// Floor 4.
#ifndef AIAUDIT_PRICING_PRICE_BOUND_HPP
#define AIAUDIT_PRICING_PRICE_BOUND_HPP

#include <aiaudit/pricing/price_entry.hpp>  // price_entry

#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

// What a request asks for that has rates of its own. Service tiers and regions need not be asked
// for: accounts have defaults. They are reckoned with, but for a tier where the request names one.
struct price_doubts {
    bool cache_writes = false;
    bool media_input = false;    // input that is not text
    bool picture_input = false;  // input that is text or pictures
    bool speed = false;          // "fast"
    bool tiers = true;           // the account's default may be another than the standard one
};

namespace detail {

[[nodiscard]] constexpr bool may_be_charged(unit what, price_doubts doubts) noexcept {
    unit_traits const& traits = traits_of(what);
    if (traits.direction != direction::input) return true;
    bool const text = traits.modality == modality::any || traits.modality == modality::text;
    bool const written = traits.cache != cache_use::any && traits.cache != cache_use::read;
    bool const picture = traits.modality == modality::image && doubts.picture_input;
    return (text || picture || doubts.media_input) && (!written || doubts.cache_writes);
}

// The most that an entry's rates may be multiplied with: the same in every service tier.
struct dearest_factors {
    multiplier input{};
    multiplier output{};
    multiplier requests{};
    multiplier tools{};
};

// The most that these counts of input and output cost by one table. Errors: unpriced_unit,
// money_overflow.
[[nodiscard]] result<cost_parts> most_by(rate_table const& rates, dearest_factors const& factors,
                                         usage const& counts, price_doubts doubts);

// The dearest of a card's tables: the standard one, and that of each service tier that may be
// meant. A tier that is named is served, or the standard one in its place; without a name, or with
// "auto", it may be any. Errors as above; unpriced_unit for a tier that may be dearer than the
// standard one and has no rates.
[[nodiscard]] result<cost_parts> most_by(rate_card const& card, price_entry const& entry,
                                         usage const& counts, price_doubts doubts,
                                         std::string_view tier = {});

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/pricing/price_bound.ipp>
#endif

#endif  // AIAUDIT_PRICING_PRICE_BOUND_HPP
