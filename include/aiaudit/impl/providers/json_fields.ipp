// SPDX-License-Identifier: MIT
//
// json_fields.ipp: the definitions of json_fields.hpp.
#ifndef AIAUDIT_IMPL_PROVIDERS_JSON_FIELDS_IPP
#define AIAUDIT_IMPL_PROVIDERS_JSON_FIELDS_IPP

#include <aiaudit/config.hpp>      // AIAUDIT_INLINE
#include <aiaudit/core/usage.hpp>  // usage::count_max
#include <aiaudit/limits.hpp>      // json_depth
#include <aiaudit/providers/json_fields.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE result<boost::json::value> parse_json(std::string_view text, std::string_view what,
                                                     boost::json::storage_ptr memory) {
    boost::json::parse_options options;
    options.max_depth = limits::json_depth;
    // A cut or mangled character in an answer's prose does not make its counts unreadable.
    options.allow_invalid_utf8 = true;
    boost::system::error_code code;
    boost::json::value value =
        boost::json::parse({text.data(), text.size()}, code, std::move(memory), options);
    if (code) return fail(errc::bad_json, std::string(what) + ": " + code.message());
    return value;
}

AIAUDIT_INLINE boost::json::value const* at_path(boost::json::value const* from,
                                                 std::string_view path) noexcept {
    while (from != nullptr) {
        auto const dot = path.find('.');
        from = member(from, path.substr(0, dot));
        if (dot == std::string_view::npos) break;
        path.remove_prefix(dot + 1);
    }
    return from == nullptr || from->is_null() ? nullptr : from;
}

AIAUDIT_INLINE std::string_view text_at(boost::json::value const* from,
                                        std::string_view path) noexcept {
    auto const* value = at_path(from, path);
    auto const* text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr ? std::string_view{} : text_of(*text);
}

AIAUDIT_INLINE bool true_at(boost::json::value const* from, std::string_view path) noexcept {
    auto const* value = at_path(from, path);
    auto const* flag = value == nullptr ? nullptr : value->if_bool();
    return flag != nullptr && *flag;
}

AIAUDIT_INLINE std::optional<std::uint64_t> whole_number(boost::json::value const& value) noexcept {
    std::uint64_t count = 0;
    if (auto const* integer = value.if_int64()) {
        if (*integer < 0) return std::nullopt;
        count = static_cast<std::uint64_t>(*integer);
    } else if (auto const* large = value.if_uint64()) {
        count = *large;
    } else if (auto const* real = value.if_double()) {
        // False for NaN too. count_max is far below 2^53, so the conversion is exact.
        if (!(*real >= 0 && *real <= static_cast<double>(usage::count_max))) return std::nullopt;
        count = static_cast<std::uint64_t>(*real);
        if (static_cast<double>(count) < *real) return std::nullopt;
    } else {
        return std::nullopt;
    }
    return count <= usage::count_max ? std::optional{count} : std::nullopt;
}

AIAUDIT_INLINE double number_of(boost::json::value const& value) noexcept {
    if (auto const* integer = value.if_int64()) return static_cast<double>(*integer);
    if (auto const* large = value.if_uint64()) return static_cast<double>(*large);
    auto const* real = value.if_double();
    return real == nullptr ? 0 : *real;
}

AIAUDIT_INLINE std::optional<money> printed_amount(boost::json::value const& value) {
    if (auto const count = whole_number(value)) {
        return money::from_pico(static_cast<int128>(*count) * 1'000'000'000'000);
    }
    auto const* real = value.if_double();
    // A thousand million USD for one call is no price.
    if (real == nullptr || !(*real >= 0 && *real <= 1e9)) return std::nullopt;
    // 16 places past a pico-USD: a double over 10^-12 has no more in its shortest text, and the
    // largest amount still fits. Below that the double itself is rounded.
    constexpr int places = 16;
    constexpr int128 pico = 10'000'000'000'000'000;
    char text[64];
    auto written = std::to_chars(text, text + sizeof text, *real);
    auto const size = [&] { return static_cast<std::size_t>(written.ptr - text); };
    if (auto const exact = parse_scaled_decimal({text, size()}, money::scale + places)) {
        return money::from_pico(divide_half_even(*exact, pico));
    }
    written =
        std::to_chars(text, text + sizeof text, *real, std::chars_format::fixed, money::scale);
    auto const amount = money::parse({text, size()});
    return amount ? std::optional{*amount} : std::nullopt;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PROVIDERS_JSON_FIELDS_IPP
