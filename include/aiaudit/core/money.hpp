// SPDX-License-Identifier: MIT
//
// money.hpp: amounts and prices in USD, exact.
//
// An amount is a whole number of pico-USD (10^-12 USD) in 128 bits. A rate is the price of one unit
// (a token, a request) as a whole number of yocto-USD (10^-24 USD), so that every published price
// is exact. There is no binary floating point in this file: text comes in and goes out as decimal
// digits. Bounds: amounts to 1.7e26 USD, rates and unrounded costs to 1.7e14 USD; past them is
// errc::money_overflow.
// Threads: plain values.
// Floor 2.
#ifndef AIAUDIT_CORE_MONEY_HPP
#define AIAUDIT_CORE_MONEY_HPP

#include <aiaudit/config.hpp>  // int128, AIAUDIT_THROW
#include <aiaudit/error.hpp>   // result

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

inline constexpr int128 int128_max = static_cast<int128>(~uint128{0} >> 1);

// Digits with an optional sign, point and exponent ("-1.25e-7") times 10^scale, as a whole number.
// money_inexact where digits would be lost, money_overflow past 128 bits, bad_argument for other
// text.
[[nodiscard]] result<int128> parse_scaled_decimal(std::string_view text, int scale);

// value / 10^scale in the shortest decimal digits, never an exponent.
[[nodiscard]] std::string format_scaled_decimal(int128 value, int scale);

// The quotient rounded to nearest, ties to even. divisor > 0.
[[nodiscard]] constexpr int128 divide_half_even(int128 value, int128 divisor) noexcept {
    int128 quotient = value / divisor;
    int128 remainder = value % divisor;
    if (remainder < 0) {
        remainder += divisor;
        quotient -= 1;
    }
    int128 const other_half = divisor - remainder;
    bool const up = remainder > other_half || (remainder == other_half && (quotient & 1) != 0);
    return up ? quotient + 1 : quotient;
}

}  // namespace detail

// An amount of USD.
class money {
public:
    static constexpr int scale = 12;

    constexpr money() noexcept = default;
    [[nodiscard]] static constexpr money from_pico(int128 pico) noexcept {
        money amount;
        amount.pico_ = pico;
        return amount;
    }
    // "12.5", "-0.000000000001", "1e-7". money_inexact below one pico-USD.
    [[nodiscard]] static result<money> parse(std::string_view text) {
        auto value = detail::parse_scaled_decimal(text, scale);
        if (!value) return value.error();
        return from_pico(*value);
    }

    [[nodiscard]] constexpr int128 pico() const noexcept { return pico_; }
    // Shortest exact decimal: "0", "0.002583", "-1.5".
    [[nodiscard]] std::string to_string() const {
        return detail::format_scaled_decimal(pico_, scale);
    }

    // Throws exception(money_overflow): no sum of real money comes near it, so it is a defect, not
    // a result.
    constexpr money& operator+=(money other) {
        int128 sum = 0;
        if (__builtin_add_overflow(pico_, other.pico_, &sum)) overflow();
        pico_ = sum;
        return *this;
    }
    constexpr money& operator-=(money other) {
        int128 difference = 0;
        if (__builtin_sub_overflow(pico_, other.pico_, &difference)) overflow();
        pico_ = difference;
        return *this;
    }
    [[nodiscard]] friend constexpr money operator+(money left, money right) {
        return left += right;
    }
    [[nodiscard]] friend constexpr money operator-(money left, money right) {
        return left -= right;
    }
    friend constexpr bool operator==(money, money) noexcept = default;
    friend constexpr std::strong_ordering operator<=>(money left, money right) noexcept {
        return left.pico_ < right.pico_   ? std::strong_ordering::less
               : left.pico_ > right.pico_ ? std::strong_ordering::greater
                                          : std::strong_ordering::equal;
    }

private:
    [[noreturn]] static void overflow() { AIAUDIT_THROW(exception(fail(errc::money_overflow))); }
    int128 pico_ = 0;
};

// The price of one unit.
class rate {
public:
    static constexpr int scale = 24;

    constexpr rate() noexcept = default;
    [[nodiscard]] static constexpr rate from_yocto(int128 yocto) noexcept {
        rate price;
        price.yocto_ = yocto;
        return price;
    }
    // The text is a decimal price in USD for 10^power_of_units units: parse("2.50", 6) is 2.50 USD
    // per million.
    [[nodiscard]] static result<rate> parse(std::string_view text, int power_of_units = 0) {
        auto value = detail::parse_scaled_decimal(text, scale - power_of_units);
        if (!value) return value.error();
        return from_yocto(*value);
    }

    [[nodiscard]] constexpr int128 yocto() const noexcept { return yocto_; }
    // The price of 10^power_of_units units, shortest exact decimal.
    [[nodiscard]] std::string to_string(int power_of_units = 0) const {
        return detail::format_scaled_decimal(yocto_, scale - power_of_units);
    }
    friend constexpr bool operator==(rate, rate) noexcept = default;

private:
    int128 yocto_ = 0;
};

// A factor on a price, such as 1.1 for a region: numerator / denominator, both positive.
struct multiplier {
    std::int64_t numerator = 1;
    std::int64_t denominator = 1;
    friend constexpr bool operator==(multiplier, multiplier) noexcept = default;
};

// Adds up count * rate * multiplier without rounding; rounded() rounds once, half to even, to
// pico-USD. This is the one place where a cost is rounded.
class exact_cost {
public:
    [[nodiscard]] result<void> add(std::uint64_t count, rate price, multiplier factor = {});
    [[nodiscard]] result<void> add(exact_cost const& other);
    [[nodiscard]] result<void> add(money amount);
    [[nodiscard]] money rounded() const noexcept {
        return money::from_pico(
            detail::divide_half_even(numerator_, denominator_ * yocto_per_pico));
    }

private:
    static constexpr int128 yocto_per_pico = 1'000'000'000'000;
    [[nodiscard]] result<void> add_fraction(int128 numerator, int128 denominator);
    int128 numerator_ = 0;    // in yocto-USD
    int128 denominator_ = 1;  // small: the least common multiple of the factors' denominators
};

inline result<void> exact_cost::add(exact_cost const& other) {
    return add_fraction(other.numerator_, other.denominator_);
}

namespace detail {

// The parts of a decimal text: its digits without the point, and where the point stands.
struct decimal_parts {
    bool negative = false;
    std::string digits{};  // no leading zeros
    long exponent = 0;     // value = digits * 10^exponent
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/core/money.ipp>
#endif

#endif  // AIAUDIT_CORE_MONEY_HPP
