// SPDX-License-Identifier: MIT
//
// budget_text.hpp: budgets in words: how they are given on a command line, kept in records and
// shown; and whether one is well-formed.
//
// Threads: functions without state.
// Floor 4.
#ifndef AIAUDIT_BUDGET_BUDGET_TEXT_HPP
#define AIAUDIT_BUDGET_BUDGET_TEXT_HPP

#include <aiaudit/budget/decision.hpp>  // budget, budget_refusal
#include <aiaudit/core/money.hpp>       // decimals

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// 10^24: a limit or an amount above it (10^12 USD, 10^24 tokens) is a mistake, and a sum of
// 10^14 of them still fits in 128 bits.
inline constexpr int128 budget_amount_most = int128{1'000'000'000'000} * 1'000'000'000'000;
// Of a bucket, so that what runs out of it in any time fits in 128 bits.
inline constexpr int128 bucket_limit_most = int128{1} << 62;
inline constexpr std::uint32_t rolling_hours_most = 8'784;  // a leap year
inline constexpr std::uint64_t budget_wait_ms_most = 3'600'000;
inline constexpr std::size_t budget_name_bytes = 64;
inline constexpr std::size_t subject_name_bytes = 1'024;
inline constexpr std::size_t downgrade_models_most = 16;
inline constexpr std::size_t alert_percents_most = 8;
inline constexpr std::uint32_t alert_percent_most = 1'000;

inline constexpr std::array<std::string_view, 3> budget_unit_names{"usd", "tokens", "requests"};
inline constexpr std::array<std::string_view, 10> budget_dimension_names{
    "everyone", "user", "model", "provider", "project",
    "key",      "tag",  "run",   "team",     "organisation"};

inline constexpr std::array<std::pair<std::string_view, budget_period>, 5> calendar_windows{
    {{"day", budget_period::day},
     {"week", budget_period::week},
     {"month", budget_period::month},
     {"quarter", budget_period::quarter},
     {"year", budget_period::year}}};
inline constexpr std::array<std::string_view, 7> week_beginnings{
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};
inline constexpr std::uint32_t anchor_day_most = 28;  // each month has it

[[nodiscard]] inline error bad_budget(std::string where) {
    return fail(errc::bad_argument, std::move(where));
}

// What stands in `names` at the place of `name`.
template <class Enum, std::size_t Size>
[[nodiscard]] std::optional<Enum> enum_named(std::array<std::string_view, Size> const& names,
                                             std::string_view name) noexcept {
    auto const found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return std::nullopt;
    return static_cast<Enum>(found - names.begin());
}

// All of the text as a number without sign.
template <class Integer>
[[nodiscard]] std::optional<Integer> whole_number(std::string_view text) noexcept {
    Integer value{};
    auto const [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    bool const signed_text = !text.empty() && text.front() == '-';
    if (failure != std::errc{} || end != text.data() + text.size() || signed_text)
        return std::nullopt;
    return value;
}

// Calls visit(part) -> bool for what stands between the commas, while it returns true.
template <class Visitor>
[[nodiscard]] bool all_of_list(std::string_view text, Visitor&& visit) {
    for (;;) {
        std::size_t const comma = text.find(',');
        if (!visit(text.substr(0, comma))) return false;
        if (comma == std::string_view::npos) return true;
        text.remove_prefix(comma + 1);
    }
}

// A name that can be shown on a line.
[[nodiscard]] inline bool is_subject_name(std::string_view name) noexcept {
    return !name.empty() && name.size() <= subject_name_bytes &&
           std::none_of(name.begin(), name.end(), is_control_byte);
}
// Whether each run has a limit for as long as it goes on.
[[nodiscard]] inline bool is_of_lives(budget const& of) noexcept {
    return of.scope.of == budget_dimension::run && of.scope.each &&
           of.window.period == budget_period::total;
}
inline constexpr std::uint32_t idle_hours_usual = 24;

[[nodiscard]] bool is_budget_name(std::string_view name) noexcept;

inline constexpr std::array<std::string_view, 2> budget_reserve_names{"full", "stepwise"};
inline constexpr std::array<std::string_view, 4> fleet_rule_names{"", "closed", "open", "safe:"};

}  // namespace detail

[[nodiscard]] constexpr std::string_view name_of(budget_unit unit) noexcept {
    return detail::budget_unit_names[static_cast<std::size_t>(unit)];
}

// The rest: errors are bad_argument, one line that says what is wrong and what would be right.

[[nodiscard]] result<budget_unit> parse_budget_unit(std::string_view text);

// "everyone", "each-user", "each-tag:team", "user=alice", "tag:team=red".
[[nodiscard]] result<budget_scope> parse_budget_scope(std::string_view text);

// "day", "week", "month", "quarter", "year", "total", "minute", "24h". Behind an '@', when one of
// the calendar begins: "week@sunday", "month@15", "quarter@02-01" (the months of that day, each
// third), "year@04-06"; days of months are 1 to 28; and "total@6h", after how many hours a run
// without a call is over. The zone is that of a window of the calendar.
[[nodiscard]] result<budget_window> parse_budget_window(std::string_view text, time_zone zone = {});

// Dollars exactly ("50.00"), or a whole number of tokens or requests.
[[nodiscard]] result<int128> parse_budget_limit(std::string_view text, budget_unit unit);

// "refuse", "warn", "downgrade=gpt-5-mini,gpt-5-nano", "wait=1500" (milliseconds at the most); with
// ";hold=2.50" behind it, what is held for a call without a bound, in the unit that `into` has;
// with ";reserve=stepwise" behind that, budget_reserve::stepwise; with ";roll=50" behind that, so
// much at the most rolls over; with ";fleet=closed", "open" or "safe:5" at the end, it is a limit
// of the fleet. Leaves `into` as it is where the text is wrong.
[[nodiscard]] result<void> parse_budget_action(std::string_view text, budget& into);

// "full", "stepwise".
[[nodiscard]] result<budget_reserve> parse_budget_reserve(std::string_view text);

// "50,80,100"; empty for none.
[[nodiscard]] result<std::vector<std::uint32_t>> parse_alert_percents(std::string_view text);

namespace detail {

[[nodiscard]] std::string percents_text(std::vector<std::uint32_t> const& percents);

// Whether the windows are those of the calendar of a zone.
[[nodiscard]] constexpr bool is_calendar(budget_period period) noexcept {
    return period == budget_period::day || period == budget_period::month ||
           (period >= budget_period::week && period <= budget_period::year);
}

}  // namespace detail

// Whether a budget is well-formed.
[[nodiscard]] result<void> validate(budget const& of);

// What the parsers above read.
[[nodiscard]] std::string scope_text(budget_scope const& scope);
[[nodiscard]] std::string window_text(budget_window const& window);
[[nodiscard]] std::string action_text(budget const& of);
[[nodiscard]] inline std::string amount_text(int128 amount, budget_unit unit) {
    return detail::format_scaled_decimal(amount, unit == budget_unit::usd ? money::scale : 0);
}
// Whose limit it is: "everyone", "user=alice", "tag:team=red". `name` is that of an each-scope.
[[nodiscard]] std::string subject_text(budget_scope const& scope, std::string_view name);

namespace detail {

// "0.05 USD", "1000 tokens".
[[nodiscard]] inline std::string amount_and_unit(int128 amount, budget_unit unit) {
    std::string_view const word = unit == budget_unit::usd ? "USD" : name_of(unit);
    return amount_text(amount, unit).append(" ").append(word);
}

}  // namespace detail

// One line: budget, limit, spent, reserved, asked, when it resets.
[[nodiscard]] std::string refusal_text(budget_refusal const& refused);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/budget/budget_text.ipp>
#endif

#endif  // AIAUDIT_BUDGET_BUDGET_TEXT_HPP
