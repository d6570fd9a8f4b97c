// SPDX-License-Identifier: MIT
//
// json_fields.hpp: how the dialects look at JSON that a stranger wrote.
//
// Every look-up tolerates a missing member and a wrong type: it answers "nothing there". Counts and
// money are the exception; they are checked, because they become a bill.
// Threads: pure functions.
// Floor 4.
#ifndef AIAUDIT_PROVIDERS_JSON_FIELDS_HPP
#define AIAUDIT_PROVIDERS_JSON_FIELDS_HPP

#include <aiaudit/core/http.hpp>   // ascii_lower
#include <aiaudit/core/money.hpp>  // money
#include <aiaudit/core/usage.hpp>  // usage::count_max
#include <aiaudit/error.hpp>       // result
#include <aiaudit/limits.hpp>      // json_depth

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Boost.JSON's string_view converts to std's, but not the other way round in every place.
[[nodiscard]] inline std::string_view text_of(boost::json::string const& text) noexcept {
    return {text.data(), text.size()};
}

// The value of a JSON text, or bad_json with the reason and `what` it was.
[[nodiscard]] inline result<boost::json::value> parse_json(std::string_view text,
                                                           std::string_view what,
                                                           boost::json::storage_ptr memory = {}) {
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

[[nodiscard]] inline boost::json::value const* member(boost::json::value const* of,
                                                      std::string_view name) noexcept {
    auto const* object = of == nullptr ? nullptr : of->if_object();
    return object == nullptr ? nullptr : object->if_contains({name.data(), name.size()});
}

// The value at "a.b.c", or null where a step is missing, null, or no object.
[[nodiscard]] inline boost::json::value const* at_path(boost::json::value const* from,
                                                       std::string_view path) noexcept {
    while (from != nullptr) {
        auto const dot = path.find('.');
        from = member(from, path.substr(0, dot));
        if (dot == std::string_view::npos) break;
        path.remove_prefix(dot + 1);
    }
    return from == nullptr || from->is_null() ? nullptr : from;
}

// The text at a path; empty where there is none.
[[nodiscard]] inline std::string_view text_at(boost::json::value const* from,
                                              std::string_view path) noexcept {
    auto const* value = at_path(from, path);
    auto const* text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr ? std::string_view{} : text_of(*text);
}

[[nodiscard]] inline bool true_at(boost::json::value const* from, std::string_view path) noexcept {
    auto const* value = at_path(from, path);
    auto const* flag = value == nullptr ? nullptr : value->if_bool();
    return flag != nullptr && *flag;
}

// A count as JSON writes it: an integer, or a number without a fraction (123.0).
[[nodiscard]] inline std::optional<std::uint64_t> whole_number(
    boost::json::value const& value) noexcept {
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

// An amount of USD that a provider printed. Boost.JSON has turned the digits into a double; the
// shortest text that reads back as that double is what the provider printed, as long as it printed
// at most 15 significant digits. Past a pico-USD they are rounded, half to even. Nothing for a
// negative.
[[nodiscard]] inline std::optional<money> printed_amount(boost::json::value const& value) {
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

// True for the kind of code that machines compare ("rate_limit_error", "NOT_FOUND"): short and
// without room for prose, so that it may be printed and stored.
[[nodiscard]] constexpr bool is_machine_code(std::string_view text) noexcept {
    if (text.empty() || text.size() > 48) return false;
    for (char const c : text) {
        bool const allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                             (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
        if (!allowed) return false;
    }
    return true;
}

// ASCII only, whatever the locale.
[[nodiscard]] inline std::string lower_case(std::string_view text) {
    std::string lower{text};
    std::transform(lower.begin(), lower.end(), lower.begin(), ascii_lower);
    return lower;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_PROVIDERS_JSON_FIELDS_HPP
