// SPDX-License-Identifier: MIT
//
// ceiling_text.hpp: budgets and amounts as a store of ceilings keeps them.
//
// Threads: functions without state.
// Floor 8.
#ifndef AIAUDIT_FLEET_CEILING_TEXT_HPP
#define AIAUDIT_FLEET_CEILING_TEXT_HPP

#include <aiaudit/budget/budget_record.hpp>  // to_record

#include <optional>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// A line a tag of its record: "unit=usd". With the changes of its zone's clock around an instant.
// Errors: as to_record().
[[nodiscard]] result<std::string> budget_lines(budget const& of, timestamp at);
// Errors: corrupt, for what is no such text.
[[nodiscard]] result<budget> parse_budget_lines(std::string_view lines);

// A whole number, which may be negative, and nothing else.
[[nodiscard]] std::optional<int128> parse_whole(std::string_view text) noexcept;
[[nodiscard]] inline std::string whole_text(int128 number) {
    return format_scaled_decimal(number, 0);
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/fleet/ceiling_text.ipp>
#endif

#endif  // AIAUDIT_FLEET_CEILING_TEXT_HPP
