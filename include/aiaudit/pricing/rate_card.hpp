// SPDX-License-Identifier: MIT
//
// rate_card.hpp: the prices of one model over one stretch of time, and what a usage costs at them.
//
// Units overlap: a cached audio token is a cached token, an audio token and an input token. A count
// is therefore charged once, at the most specific unit that has a rate: from the count of a priced
// unit the priced units within it are taken away, and what is left (its leaf) is charged at its
// rate. A part without a rate of its own so is charged at the rate of what contains it.
// Threads: plain values.
// Floor 4.
#ifndef AIAUDIT_PRICING_RATE_CARD_HPP
#define AIAUDIT_PRICING_RATE_CARD_HPP

#include <aiaudit/core/money.hpp>      // rate, multiplier, exact_cost
#include <aiaudit/core/timestamp.hpp>  // timestamp
#include <aiaudit/core/usage.hpp>      // unit, usage

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// A price that takes the place of the base price, for the whole request, past a context length.
struct rate_tier {
    std::uint64_t start = 0;  // in input tokens, cached ones included
    rate price{};
    bool inclusive = false;  // true: from `start` on, as xAI bills; false: only above it

    friend bool operator==(rate_tier const&, rate_tier const&) noexcept = default;
};

struct tiered_rate {
    rate base{};
    std::vector<rate_tier> tiers{};  // ascending; rate_table::set() sorts them

    [[nodiscard]] rate at(std::uint64_t input_tokens) const noexcept {
        rate price = base;
        for (rate_tier const& tier : tiers) {
            if (input_tokens < tier.start) break;
            if (input_tokens > tier.start || tier.inclusive) price = tier.price;
        }
        return price;
    }
    friend bool operator==(tiered_rate const&, tiered_rate const&) = default;
};

namespace detail {

[[nodiscard]] constexpr std::uint64_t bit_of(unit which) noexcept {
    return std::uint64_t{1} << static_cast<unsigned>(which);
}

// How many things a unit says about what it counts; more means narrower.
[[nodiscard]] constexpr int specificity(unit which) noexcept {
    unit_traits const& traits = traits_of(which);
    int const lifetime = traits.cache == cache_use::write_5m || traits.cache == cache_use::write_1h;
    return (traits.cache != cache_use::any) + lifetime + (traits.modality != modality::any) +
           (traits.purpose != purpose::any);
}

// For each unit the units strictly within it, or strictly around it, as bits.
[[nodiscard]] constexpr std::array<std::uint64_t, unit_count> relatives(bool within) noexcept {
    std::array<std::uint64_t, unit_count> masks{};
    for (std::size_t i = 0; i < unit_count; ++i) {
        for (std::size_t j = 0; j < unit_count; ++j) {
            auto const a = static_cast<unit>(i);
            auto const b = static_cast<unit>(j);
            if (a != b && (within ? contains(a, b) : contains(b, a))) masks[i] |= bit_of(b);
        }
    }
    return masks;
}
inline constexpr std::array<std::uint64_t, unit_count> parts_of = relatives(true);
inline constexpr std::array<std::uint64_t, unit_count> wholes_of = relatives(false);

[[nodiscard]] constexpr std::uint64_t mask_of(direction way) noexcept {
    std::uint64_t mask = 0;
    for (std::size_t i = 0; i < unit_count; ++i) {
        auto const which = static_cast<unit>(i);
        if (traits_of(which).direction == way) mask |= bit_of(which);
    }
    return mask;
}
inline constexpr std::uint64_t input_unit_mask = mask_of(direction::input);
inline constexpr std::uint64_t output_unit_mask = mask_of(direction::output);
inline constexpr std::uint64_t count_units = mask_of(direction::count);
inline constexpr std::uint64_t token_units = input_unit_mask | output_unit_mask;
inline constexpr std::uint64_t cache_units =
    bit_of(unit::cache_read_tokens) | bit_of(unit::cache_write_tokens) |
    parts_of[static_cast<std::size_t>(unit::cache_read_tokens)] |
    parts_of[static_cast<std::size_t>(unit::cache_write_tokens)];

[[nodiscard]] inline multiplier product(multiplier a, multiplier b) noexcept {
    std::int64_t const left = std::gcd(a.numerator, b.denominator);
    std::int64_t const right = std::gcd(b.numerator, a.denominator);
    return {(a.numerator / left) * (b.numerator / right),
            (a.denominator / right) * (b.denominator / left)};
}

// "1.1" as 11/10. Bounds: above 0, at most 10000, six decimals. Errors: bad_price.
[[nodiscard]] inline result<multiplier> parse_multiplier(std::string_view text) {
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

// Rates by unit, the narrowest unit first.
class rate_table {
public:
    struct row {
        unit what{};
        tiered_rate price{};
        friend bool operator==(row const&, row const&) = default;
    };

    // Replaces a rate that is there.
    void set(unit what, tiered_rate price) {
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
    void set(unit what, rate price) { set(what, tiered_rate{price, {}}); }
    // Takes over the rates of units that have none here.
    void fill_from(rate_table const& other) {
        for (row const& each : other.rows_) {
            if (!has(each.what)) set(each.what, each.price);
        }
    }
    // Gives a rate to what two priced units share (a cached audio token, where cached and audio
    // tokens have rates) and would else be charged twice: the dearer of the two.
    void complete();

    [[nodiscard]] bool has(unit what) const noexcept { return (mask_ & detail::bit_of(what)) != 0; }
    [[nodiscard]] tiered_rate const* find(unit what) const noexcept {
        for (row const& each : rows_) {
            if (each.what == what) return &each.price;
        }
        return nullptr;
    }
    [[nodiscard]] bool empty() const noexcept { return rows_.empty(); }
    [[nodiscard]] std::uint64_t mask() const noexcept { return mask_; }
    [[nodiscard]] std::vector<row> const& rows() const noexcept { return rows_; }
    friend bool operator==(rate_table const&, rate_table const&) = default;

private:
    std::vector<row> rows_{};
    std::uint64_t mask_ = 0;
};

inline void rate_table::complete() {
    std::vector<row> const given = rows_;
    for (std::size_t i = 0; i < unit_count; ++i) {
        auto const shared = static_cast<unit>(i);
        if (has(shared) || detail::specificity(shared) < 2) continue;
        // The priced units around it, but for input_tokens and output_tokens.
        tiered_rate const* dearest = nullptr;
        int around = 0;
        for (row const& each : given) {
            if (each.what == shared || !contains(each.what, shared)) continue;
            if (detail::specificity(each.what) == 0) continue;
            ++around;
            bool const more = dearest == nullptr || each.price.base.yocto() > dearest->base.yocto();
            if (more) dearest = &each.price;
        }
        if (around >= 2) set(shared, *dearest);
    }
}

// The rates of a service tier ("batch") that has its own; a unit without one keeps its standard
// rate.
struct service_rates {
    std::string tier{};
    rate_table rates{};
};

// The part of a day in which a card applies, in UTC. start > end goes past midnight; start == end
// is never. Bounds: 0 to 86399 seconds.
struct daily_window {
    std::int32_t start_seconds = 0;
    std::int32_t end_seconds = 0;  // exclusive
};

inline constexpr std::uint8_t every_weekday = 0x7f;  // bit 0 is Monday

// One set of prices and when it applies. All that is set must hold.
struct rate_card {
    std::optional<timestamp> from{};   // inclusive
    std::optional<timestamp> until{};  // exclusive
    std::optional<daily_window> window{};
    std::uint8_t weekdays = every_weekday;  // of the instant itself, in UTC
    rate_table rates{};
    std::vector<service_rates> services{};

    [[nodiscard]] bool applies(timestamp at) const noexcept;
    // The rates of the tier where it has its own, else null.
    [[nodiscard]] rate_table const* service(std::string_view tier) const noexcept {
        for (service_rates const& each : services) {
            if (each.tier == tier) return &each.rates;
        }
        return nullptr;
    }
};

inline bool rate_card::applies(timestamp at) const noexcept {
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

// What a factor depends on.
enum class modifier_kind : std::uint8_t { region = 0, speed = 1, service_tier = 2 };

// A factor on the rates of some units where the request was served in a region, at a speed, or in a
// service tier that has no rates of its own.
struct price_modifier {
    modifier_kind kind{};
    std::string value{};
    multiplier factor{};
    std::uint64_t covers = 0;  // bit n: the leaf of unit n
};

// A cost that is not rounded yet, and its parts. Counts of things (searches) are in `total` alone.
struct cost_parts {
    exact_cost total{};
    exact_cost input{};
    exact_cost output{};

    [[nodiscard]] result<void> add(cost_parts const& other) {
        for (auto const part : {&cost_parts::total, &cost_parts::input, &cost_parts::output}) {
            if (auto done = (this->*part).add(other.*part); !done) return done.error();
        }
        return {};
    }
};

struct applied_factor {
    multiplier factor{};
    std::uint64_t covers = 0;
};

// What is charged for each priced unit of a table, by inclusion and exclusion.
class usage_leaves {
public:
    // Errors: bad_usage where parts are more than their whole, or where the usage does not say how
    // far two of its counts overlap; unpriced_unit where tokens are left that no rate covers.
    [[nodiscard]] static result<usage_leaves> of(rate_table const& rates, usage const& counts);

    [[nodiscard]] std::uint64_t operator[](unit what) const noexcept {
        return leaves_[static_cast<std::size_t>(what)];
    }
    // Counted things other than tokens that have no rate, as bits; they are not in the cost.
    [[nodiscard]] std::uint64_t unpriced() const noexcept { return unpriced_; }

private:
    // The count of a unit, worked out where it is absent and its parts tell it.
    [[nodiscard]] result<std::uint64_t> value(usage const& counts, unit what) const;
    [[nodiscard]] result<std::uint64_t> leaf(usage const& counts, unit what,
                                             std::uint64_t priced) const;

    std::array<std::uint64_t, unit_count> leaves_{};
    std::uint64_t positive_ = 0;  // units counted above zero
    std::uint64_t unpriced_ = 0;
};

inline result<std::uint64_t> usage_leaves::value(usage const& counts, unit what) const {
    if (counts.has(what)) return counts.count(what);
    if (what == unit::cache_write_tokens) {  // its two lifetimes are all there is to it
        return counts.count(unit::cache_write_5m_tokens) +
               counts.count(unit::cache_write_1h_tokens);
    }
    auto const index = static_cast<std::size_t>(what);
    if (std::uint64_t const parts = positive_ & detail::parts_of[index]; parts != 0) {
        auto const part = static_cast<unit>(std::countr_zero(parts));
        return fail(errc::bad_usage,
                    std::string(name_of(part)) + " without " + std::string(name_of(what)));
    }
    // Two counts that both contain this unit and overlap by an amount that nothing tells.
    std::uint64_t const roots =
        detail::bit_of(unit::input_tokens) | detail::bit_of(unit::output_tokens);
    std::uint64_t const around = positive_ & detail::wholes_of[index] & ~roots;
    if (std::popcount(around) >= 2) {
        return fail(errc::bad_usage,
                    "how many are " + std::string(name_of(what)) + " is not reported");
    }
    return std::uint64_t{0};
}

inline result<std::uint64_t> usage_leaves::leaf(usage const& counts, unit what,
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

inline result<usage_leaves> usage_leaves::of(rate_table const& rates, usage const& counts) {
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
    return leaves;
}

// The exact cost of a usage; factors apply to the leaves that they cover. Tiers go by all input.
[[nodiscard]] inline result<cost_parts> cost_of(rate_table const& rates, usage const& counts,
                                                usage_leaves const& leaves,
                                                std::vector<applied_factor> const& factors = {}) {
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

#endif  // AIAUDIT_PRICING_RATE_CARD_HPP
