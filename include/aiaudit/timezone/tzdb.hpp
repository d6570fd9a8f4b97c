// SPDX-License-Identifier: MIT
//
// tzdb.hpp: the system's time zone database, by name.
//
// By std::chrono where the library has zones, else by Howard Hinnant's date/tz (link -ldate-tz).
// Opt-in for those who include ledger.hpp alone: a ledger counts in UTC without it.
// Threads: any; the database is loaded once.
// Floor 5.
#ifndef AIAUDIT_TIMEZONE_TZDB_HPP
#define AIAUDIT_TIMEZONE_TZDB_HPP

#include <aiaudit/core/calendar.hpp>  // time_zone

#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

// "Asia/Kathmandu", "UTC". Its changes from 1970 to 2099. Errors: unknown_zone.
[[nodiscard]] result<time_zone> find_time_zone(std::string_view name);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/timezone/tzdb.ipp>
#endif

#endif  // AIAUDIT_TIMEZONE_TZDB_HPP
