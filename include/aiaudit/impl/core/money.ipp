// SPDX-License-Identifier: MIT
//
// money.ipp: the definitions of money.hpp.
#ifndef AIAUDIT_IMPL_CORE_MONEY_IPP
#define AIAUDIT_IMPL_CORE_MONEY_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/core/money.hpp>

#include <algorithm>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE result<void> exact_cost::add(std::uint64_t count, rate price, multiplier factor) {
    AIAUDIT_ASSERT(factor.numerator > 0);
    AIAUDIT_ASSERT(factor.denominator > 0);
    int128 product = 0;
    if (__builtin_mul_overflow(price.yocto(), static_cast<int128>(count), &product) ||
        __builtin_mul_overflow(product, static_cast<int128>(factor.numerator), &product)) {
        return fail(errc::money_overflow);
    }
    return add_fraction(product, factor.denominator);
}

AIAUDIT_INLINE result<void> exact_cost::add(money amount) {
    int128 yocto = 0;
    if (__builtin_mul_overflow(amount.pico(), yocto_per_pico, &yocto))
        return fail(errc::money_overflow);
    return add_fraction(yocto, 1);
}

AIAUDIT_INLINE result<void> exact_cost::add_fraction(int128 numerator, int128 denominator) {
    int128 a = denominator_;
    int128 b = denominator;
    while (b != 0) {
        int128 const next = a % b;
        a = b;
        b = next;
    }
    int128 const grow_self = denominator / a;
    int128 const grow_other = denominator_ / a;
    int128 common = 0;
    int128 left = 0;
    int128 right = 0;
    int128 sum = 0;
    int128 divisor = 0;
    if (__builtin_mul_overflow(denominator_, grow_self, &common) ||
        __builtin_mul_overflow(common, yocto_per_pico, &divisor) ||
        __builtin_mul_overflow(numerator_, grow_self, &left) ||
        __builtin_mul_overflow(numerator, grow_other, &right) ||
        __builtin_add_overflow(left, right, &sum)) {
        return fail(errc::money_overflow);
    }
    numerator_ = sum;
    denominator_ = common;
    return {};
}
namespace detail {

AIAUDIT_INLINE result<decimal_parts> split_decimal(std::string_view text) {
    auto const bad = [&] {
        return fail(errc::bad_argument,
                    "not a decimal number: '" + std::string(text.substr(0, 40)) + "'");
    };
    decimal_parts parts;
    std::size_t at = 0;
    if (at < text.size() && (text[at] == '-' || text[at] == '+'))
        parts.negative = text[at++] == '-';
    bool any_digit = false;
    bool after_point = false;
    for (; at < text.size(); ++at) {
        char const c = text[at];
        if (c == '.' && !after_point) {
            after_point = true;
        } else if (c >= '0' && c <= '9') {
            any_digit = true;
            if (after_point) --parts.exponent;
            if (c != '0' || !parts.digits.empty()) parts.digits.push_back(c);
        } else {
            break;
        }
    }
    if (!any_digit || text.size() > 400) return bad();
    if (at == text.size()) return parts;
    if (text[at] != 'e' && text[at] != 'E') return bad();
    ++at;
    bool negative_exponent = false;
    if (at < text.size() && (text[at] == '-' || text[at] == '+'))
        negative_exponent = text[at++] == '-';
    if (at == text.size() || text.size() - at > 4) return bad();
    long exponent = 0;
    for (; at < text.size(); ++at) {
        if (text[at] < '0' || text[at] > '9') return bad();
        exponent = exponent * 10 + (text[at] - '0');
    }
    parts.exponent += negative_exponent ? -exponent : exponent;
    return parts;
}

AIAUDIT_INLINE result<int128> parse_scaled_decimal(std::string_view text, int scale) {
    auto parts = split_decimal(text);
    if (!parts) return parts.error();
    std::string& digits = parts->digits;
    if (digits.empty()) return int128{0};
    long exponent = parts->exponent + scale;
    while (exponent < 0 && !digits.empty() && digits.back() == '0') {
        digits.pop_back();
        ++exponent;
    }
    if (exponent < 0) {
        return fail(errc::money_inexact,
                    "too many decimal places: '" + std::string(text.substr(0, 40)) + "'");
    }
    int128 value = 0;
    auto const push = [&value](int digit) {
        return !__builtin_mul_overflow(value, int128{10}, &value) &&
               !__builtin_add_overflow(value, static_cast<int128>(digit), &value);
    };
    for (char const c : digits) {
        if (!push(c - '0')) return fail(errc::money_overflow, std::string(text.substr(0, 40)));
    }
    for (; exponent > 0; --exponent) {
        if (!push(0)) return fail(errc::money_overflow, std::string(text.substr(0, 40)));
    }
    return parts->negative ? -value : value;
}

AIAUDIT_INLINE std::string format_scaled_decimal(int128 value, int scale) {
    bool const negative = value < 0;
    uint128 rest =
        negative ? uint128{0} - static_cast<uint128>(value) : static_cast<uint128>(value);
    // 64 bits, which nearly all have, are divided in a fraction of the time that 128 take.
    auto const next_digit = [&rest] {
        auto const low = static_cast<std::uint64_t>(rest);
        bool const narrow = rest == low;
        auto const digit = narrow ? low % 10 : static_cast<std::uint64_t>(rest % 10);
        rest = narrow ? uint128{low / 10} : rest / 10;
        return static_cast<char>('0' + digit);
    };
    std::string text;  // built backwards
    bool significant = false;
    for (int place = 0; place < scale || rest != 0 || place == scale; ++place) {
        if (place == scale && significant) text.push_back('.');
        char const digit = next_digit();
        significant = significant || digit != '0';
        if (place >= scale || significant) text.push_back(digit);
    }
    if (negative) text.push_back('-');
    std::reverse(text.begin(), text.end());
    return text;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_CORE_MONEY_IPP
