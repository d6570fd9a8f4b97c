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

#include <aiaudit/core/money.hpp>    // money
#include <aiaudit/detail/ascii.hpp>  // lower_case
#include <aiaudit/error.hpp>         // result

#include <boost/json.hpp>

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
[[nodiscard]] result<boost::json::value> parse_json(std::string_view text, std::string_view what,
                                                    boost::json::storage_ptr memory = {});

[[nodiscard]] inline boost::json::value const* member(boost::json::value const* of,
                                                      std::string_view name) noexcept {
    auto const* object = of == nullptr ? nullptr : of->if_object();
    return object == nullptr ? nullptr : object->if_contains({name.data(), name.size()});
}

// The value at "a.b.c", or null where a step is missing, null, or no object.
[[nodiscard]] boost::json::value const* at_path(boost::json::value const* from,
                                                std::string_view path) noexcept;

// The text at a path; empty where there is none.
[[nodiscard]] std::string_view text_at(boost::json::value const* from,
                                       std::string_view path) noexcept;

[[nodiscard]] bool true_at(boost::json::value const* from, std::string_view path) noexcept;

// A count as JSON writes it: an integer, or a number without a fraction (123.0).
[[nodiscard]] std::optional<std::uint64_t> whole_number(boost::json::value const& value) noexcept;

// Any number; 0 for what is none. Rough past 2^53: to compare, not to count.
[[nodiscard]] double number_of(boost::json::value const& value) noexcept;

// An amount of USD that a provider printed. Boost.JSON has turned the digits into a double; the
// shortest text that reads back as that double is what the provider printed, as long as it printed
// at most 15 significant digits. Past a pico-USD they are rounded, half to even. Nothing for a
// negative.
[[nodiscard]] std::optional<money> printed_amount(boost::json::value const& value);

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

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/providers/json_fields.ipp>
#endif

#endif  // AIAUDIT_PROVIDERS_JSON_FIELDS_HPP
