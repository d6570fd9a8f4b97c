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

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
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

    [[nodiscard]] rate at(std::uint64_t input_tokens) const noexcept;
    friend bool operator==(tiered_rate const&, tiered_rate const&) = default;
};

namespace detail {

[[nodiscard]] constexpr std::uint64_t bit_of(unit which) noexcept {
    return std::uint64_t{1} << static_cast<unsigned>(which);
}

// How many things a unit says about what it counts; more means narrower.
[[nodiscard]] constexpr int specificity(unit which) noexcept {
    unit_traits const& traits = traits_of(which);
    int const lifetime = traits.cache >= cache_use::write_5m;
    return (traits.cache != cache_use::any) + lifetime + (traits.modality != modality::any) +
           (traits.purpose != purpose::any);
}

// What a part is charged as where neither it nor what is between has a rate; a thing is no part.
[[nodiscard]] constexpr unit whole_of(unit part) noexcept {
    direction const way = traits_of(part).direction;
    if (way == direction::count) return part;
    return way == direction::output ? unit::output_tokens : unit::input_tokens;
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
// The units around every other of their direction.
inline constexpr std::uint64_t root_units =
    bit_of(unit::input_tokens) | bit_of(unit::output_tokens);

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

// Prices are read and shown for 10^n of a unit: a million tokens, or one search.
[[nodiscard]] constexpr int price_power(unit counted) noexcept {
    std::string_view const name = name_of(counted);
    bool const many = traits_of(counted).direction != direction::count ||
                      name.ends_with("milliseconds") || name.ends_with("characters");
    return many ? 6 : 0;
}

// How far into the day of UTC a time such as "16:30:00Z" is. Errors: as timestamp::parse().
[[nodiscard]] result<std::int32_t> seconds_of_day(std::string const& time);

[[nodiscard]] multiplier product(multiplier a, multiplier b) noexcept;

// "1.1" as 11/10. Bounds: above 0, at most 10000, six decimals. Errors: bad_price.
[[nodiscard]] result<multiplier> parse_multiplier(std::string_view text);

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
    void set(unit what, tiered_rate price);
    void set(unit what, rate price) { set(what, tiered_rate{price, {}}); }
    // Takes over the rates of units that have none here, but for a part that costs there what its
    // whole costs and whose whole has a rate here: it goes on costing what its whole does.
    void fill_from(rate_table const& other);
    // Gives a rate to what two priced units share (a cached audio token, where cached and audio
    // tokens have rates) and would else be charged twice: the dearer of the two.
    void complete();

    [[nodiscard]] bool has(unit what) const noexcept { return (mask_ & detail::bit_of(what)) != 0; }
    [[nodiscard]] tiered_rate const* find(unit what) const noexcept;
    [[nodiscard]] bool empty() const noexcept { return rows_.empty(); }
    [[nodiscard]] std::uint64_t mask() const noexcept { return mask_; }
    [[nodiscard]] std::vector<row> const& rows() const noexcept { return rows_; }
    friend bool operator==(rate_table const&, rate_table const&) = default;

private:
    std::vector<row> rows_{};
    std::uint64_t mask_ = 0;
};

// The rates of a service tier ("batch") that has its own; a unit without one keeps its standard
// rate (rate_table::fill_from).
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
    [[nodiscard]] rate_table const* service(std::string_view tier) const noexcept;
};

// What a factor depends on.
enum class modifier_kind : std::uint8_t {
    region = 0,
    speed = 1,
    service_tier = 2,
    margin = 3,  // of a key, or of all of them where none is named (price_overlay.hpp)
};

[[nodiscard]] constexpr std::string_view name_of(modifier_kind kind) noexcept {
    switch (kind) {
    case modifier_kind::region: return "region";
    case modifier_kind::speed: return "speed";
    case modifier_kind::service_tier: return "service_tier";
    case modifier_kind::margin: return "margin";
    }
    return "unknown";
}

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

    [[nodiscard]] result<void> add(cost_parts const& other);
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

// The exact cost of a usage; factors apply to the leaves that they cover. Tiers go by all input.
[[nodiscard]] result<cost_parts> cost_of(rate_table const& rates, usage const& counts,
                                         usage_leaves const& leaves,
                                         std::vector<applied_factor> const& factors = {});

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/pricing/rate_card.ipp>
#endif

#endif  // AIAUDIT_PRICING_RATE_CARD_HPP
