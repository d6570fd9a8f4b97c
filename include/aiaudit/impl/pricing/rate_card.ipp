// SPDX-License-Identifier: MIT
//
// rate_card.ipp: the definitions of rate_card.hpp.
#ifndef AIAUDIT_IMPL_PRICING_RATE_CARD_IPP
#define AIAUDIT_IMPL_PRICING_RATE_CARD_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/pricing/rate_card.hpp>

#include <algorithm>
#include <bit>
#include <numeric>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE rate tiered_rate::at(std::uint64_t input_tokens) const noexcept {
    rate price = base;
    for (rate_tier const& tier : tiers) {
        if (input_tokens < tier.start) break;
        if (input_tokens > tier.start || tier.inclusive) price = tier.price;
    }
    return price;
}
namespace detail {

AIAUDIT_INLINE result<std::int32_t> seconds_of_day(std::string const& time) {
    // The date is any; it lets the reader of instants deal with offsets.
    auto const instant = timestamp::parse("2001-01-01T" + time);
    if (!instant) return instant.error();
    return static_cast<std::int32_t>(instant->seconds() % seconds_per_day);
}

AIAUDIT_INLINE multiplier product(multiplier a, multiplier b) noexcept {
    std::int64_t const left = std::gcd(a.numerator, b.denominator);
    std::int64_t const right = std::gcd(b.numerator, a.denominator);
    return {(a.numerator / left) * (b.numerator / right),
            (a.denominator / right) * (b.denominator / left)};
}

AIAUDIT_INLINE result<multiplier> parse_multiplier(std::string_view text) {
    constexpr std::int64_t scale = 1'000'000;
    auto const value = parse_scaled_decimal(text, 6);
    if (!value || *value <= 0 || *value > 10'000 * int128{scale}) {
        return fail(errc::bad_price, "not a factor: '" + std::string(text.substr(0, 40)) + "'");
    }
    auto const numerator = static_cast<std::int64_t>(*value);
    std::int64_t const shared = std::gcd(numerator, scale);
    return multiplier{numerator / shared, scale / shared};
}

}  // namespace detail

AIAUDIT_INLINE void rate_table::set(unit what, tiered_rate price) {
    std::sort(price.tiers.begin(), price.tiers.end(),
              [](rate_tier const& a, rate_tier const& b) { return a.start < b.start; });
    auto const before = [](row const& a, unit b) {
        int const left = detail::specificity(a.what);
        int const right = detail::specificity(b);
        return left != right ? left > right : a.what < b;
    };
    auto const at = std::lower_bound(rows_.begin(), rows_.end(), what, before);
    if (at != rows_.end() && at->what == what) {
        at->price = std::move(price);
    } else {
        rows_.insert(at, row{what, std::move(price)});
    }
    mask_ |= detail::bit_of(what);
}

AIAUDIT_INLINE tiered_rate const* rate_table::find(unit what) const noexcept {
    for (row const& each : rows_) {
        if (each.what == what) return &each.price;
    }
    return nullptr;
}

AIAUDIT_INLINE void rate_table::fill_from(rate_table const& other) {
    std::uint64_t const own = mask_;
    for (row const& each : other.rows_) {
        if (has(each.what)) continue;
        bool const follows =
            std::any_of(other.rows_.begin(), other.rows_.end(), [&](row const& whole) {
                return whole.what != each.what && contains(whole.what, each.what) &&
                       (own & detail::bit_of(whole.what)) != 0 &&
                       whole.price.base == each.price.base;
            });
        if (!follows) set(each.what, each.price);
    }
}

AIAUDIT_INLINE void rate_table::complete() {
    std::vector<row> shared_rows;  // set at the end: what is shared goes by what was given
    for (std::size_t i = 0; i < unit_count; ++i) {
        auto const shared = static_cast<unit>(i);
        std::uint64_t const around = mask_ & detail::wholes_of[i] & ~detail::root_units;
        bool const several = (around & (around - 1)) != 0;
        if (has(shared) || !several) continue;
        tiered_rate const* dearest = nullptr;
        for (row const& each : rows_) {
            if ((around & detail::bit_of(each.what)) == 0) continue;
            bool const more = dearest == nullptr || each.price.base.yocto() > dearest->base.yocto();
            if (more) dearest = &each.price;
        }
        shared_rows.push_back({shared, *dearest});
    }
    for (row& each : shared_rows) set(each.what, std::move(each.price));
}

AIAUDIT_INLINE rate_table const* rate_card::service(std::string_view tier) const noexcept {
    for (service_rates const& each : services) {
        if (each.tier == tier) return &each.rates;
    }
    return nullptr;
}

AIAUDIT_INLINE bool rate_card::applies(timestamp at) const noexcept {
    if (from && at < *from) return false;
    if (until && at >= *until) return false;
    std::int64_t const seconds = at.seconds();
    std::int64_t const day =
        (seconds - (((seconds % seconds_per_day) + seconds_per_day) % seconds_per_day)) /
        seconds_per_day;
    if (weekdays != every_weekday) {
        std::int64_t const weekday = ((day + 3) % 7 + 7) % 7;  // 1970-01-01 was a Thursday
        if (((weekdays >> weekday) & 1) == 0) return false;
    }
    if (!window) return true;
    std::int64_t const in_day = seconds - day * seconds_per_day;
    bool const started = in_day >= window->start_seconds;
    bool const not_ended = in_day < window->end_seconds;
    return window->start_seconds <= window->end_seconds ? started && not_ended
                                                        : started || not_ended;
}

AIAUDIT_INLINE result<void> cost_parts::add(cost_parts const& other) {
    for (auto const part : {&cost_parts::total, &cost_parts::input, &cost_parts::output}) {
        if (auto done = (this->*part).add(other.*part); !done) return done.error();
    }
    return {};
}

AIAUDIT_INLINE result<std::uint64_t> usage_leaves::value(usage const& counts, unit what) const {
    if (counts.has(what)) return counts.count(what);
    if (what == unit::cache_write_tokens) {  // its lifetimes are all there is to it
        return counts.count(unit::cache_write_5m_tokens) +
               counts.count(unit::cache_write_1h_tokens) +
               counts.count(unit::cache_write_12h_tokens);
    }
    auto const index = static_cast<std::size_t>(what);
    if (std::uint64_t const parts = positive_ & detail::parts_of[index]; parts != 0) {
        auto const part = static_cast<unit>(std::countr_zero(parts));
        return fail(errc::bad_usage,
                    std::string(name_of(part)) + " without " + std::string(name_of(what)));
    }
    // Two counts that both contain this unit and overlap by an amount that nothing tells.
    std::uint64_t const around = positive_ & detail::wholes_of[index] & ~detail::root_units;
    if (std::popcount(around) >= 2) {
        return fail(errc::bad_usage,
                    "how many are " + std::string(name_of(what)) + " is not reported");
    }
    return std::uint64_t{0};
}

AIAUDIT_INLINE result<std::uint64_t> usage_leaves::leaf(usage const& counts, unit what,
                                                        std::uint64_t priced) const {
    auto const whole = value(counts, what);
    if (!whole) return whole.error();
    std::uint64_t parts = 0;
    std::uint64_t within = priced & detail::parts_of[static_cast<std::size_t>(what)];
    for (; within != 0; within &= within - 1) {
        parts += leaves_[static_cast<std::size_t>(std::countr_zero(within))];
    }
    if (parts > *whole) {
        return fail(errc::bad_usage, std::string(name_of(what)) + " is " + std::to_string(*whole) +
                                         " but its parts are " + std::to_string(parts));
    }
    return *whole - parts;
}

AIAUDIT_INLINE result<usage_leaves> usage_leaves::of(rate_table const& rates, usage const& counts) {
    usage_leaves leaves;
    for_each_count(counts, [&](unit what, std::uint64_t count) {
        if (count != 0) leaves.positive_ |= detail::bit_of(what);
    });
    for (rate_table::row const& row : rates.rows()) {  // narrowest first: parts before wholes
        auto const index = static_cast<std::size_t>(row.what);
        if (traits_of(row.what).direction == direction::count) {
            // Whoever is charged made one request, unless told otherwise.
            bool const implied = row.what == unit::requests && !counts.has(unit::requests);
            leaves.leaves_[index] = implied ? 1 : counts.count(row.what);
            continue;
        }
        auto const leaf = leaves.leaf(counts, row.what, rates.mask());
        if (!leaf) return leaf.error();
        leaves.leaves_[index] = *leaf;
    }
    for (unit const root : {unit::input_tokens, unit::output_tokens}) {
        if (rates.has(root)) continue;
        auto const rest = leaves.leaf(counts, root, rates.mask());
        if (!rest) return rest.error();
        if (*rest != 0) {
            return fail(errc::unpriced_unit,
                        std::to_string(*rest) + " " + std::string(name_of(root)) + " have no rate");
        }
    }
    leaves.unpriced_ =
        leaves.positive_ & detail::count_units & ~rates.mask() & ~detail::bit_of(unit::requests);
    // Pictures that are charged by their tokens.
    if ((leaves.positive_ & detail::bit_of(unit::output_image_tokens)) != 0)
        leaves.unpriced_ &= ~detail::bit_of(unit::output_images);
    return leaves;
}

AIAUDIT_INLINE result<cost_parts> cost_of(rate_table const& rates, usage const& counts,
                                          usage_leaves const& leaves,
                                          std::vector<applied_factor> const& factors) {
    cost_parts cost;
    std::uint64_t const context = counts.count(unit::input_tokens);
    for (rate_table::row const& row : rates.rows()) {
        std::uint64_t const count = leaves[row.what];
        if (count == 0) continue;
        multiplier factor{};
        for (applied_factor const& each : factors) {
            if ((each.covers & detail::bit_of(row.what)) != 0) {
                factor = detail::product(factor, each.factor);
            }
        }
        direction const way = traits_of(row.what).direction;
        exact_cost& part = way == direction::input    ? cost.input
                           : way == direction::output ? cost.output
                                                      : cost.total;  // things stand in it alone
        if (auto done = part.add(count, row.price.at(context), factor); !done) return done.error();
    }
    for (exact_cost const* part : {&cost.input, &cost.output}) {
        if (auto done = cost.total.add(*part); !done) return done.error();
    }
    return cost;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PRICING_RATE_CARD_IPP
