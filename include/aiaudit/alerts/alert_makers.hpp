// SPDX-License-Identifier: MIT
//
// alert_makers.hpp: the alerts that a watch raises, in words and with their keys.
//
// A key says how often at most: a threshold once a window and subject; what is far from usual, a
// missing price and a full disk once a day; an open circuit once an hour.
// Threads: pure functions.
// Floor 6.
#ifndef AIAUDIT_ALERTS_ALERT_MAKERS_HPP
#define AIAUDIT_ALERTS_ALERT_MAKERS_HPP

#include <aiaudit/budget/decision.hpp>  // budget_crossing
#include <aiaudit/core/alert.hpp>       // alert
#include <aiaudit/core/calendar.hpp>    // civil_day
#include <aiaudit/rollup/anomaly.hpp>   // anomaly

#include <cstdint>
#include <string>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

[[nodiscard]] alert alert_of(budget_crossing const& of, timestamp now);

[[nodiscard]] alert alert_of(anomaly const& of, timestamp now);

// `entry` is an outcome that has no price, of a day.
[[nodiscard]] alert price_missing(record const& entry, civil_day day, timestamp now);

// Whether an outcome's provider charges another amount than the price book says, by more than a
// hundredth of the larger.
[[nodiscard]] bool drifts(record const& entry) noexcept;
// Of such an outcome, of a day.
[[nodiscard]] alert price_drift(record const& entry, civil_day day, timestamp now);

// `entry` says that a circuit opened.
[[nodiscard]] alert circuit_opened(record const& entry, timestamp now);

// A clock's two instants, the second later by another measure.
struct clock_step {
    timestamp before{};
    timestamp after{};
    std::int64_t passed_ns = 0;  // between them, by a clock that does not jump
    // By how much it went too far; negative: back.
    [[nodiscard]] int128 jump_ns() const noexcept {
        return int128{after.ns} - before.ns - passed_ns;
    }
};
[[nodiscard]] alert clock_jumped(clock_step const& of);
// A record is of an instant that has not come.
[[nodiscard]] alert record_ahead(record const& entry, civil_day day, timestamp now);
// Two records that follow each other are that far apart.
[[nodiscard]] alert records_apart(timestamp before, timestamp after, timestamp now);

[[nodiscard]] alert log_nearly_full(std::string const& directory, std::uint64_t free_bytes,
                                    std::uint64_t least, civil_day day, timestamp now);

// `notice`: what the ledger found (basic_ledger::notices).
[[nodiscard]] alert log_damaged(std::string const& notice, civil_day day, timestamp now);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/alerts/alert_makers.ipp>
#endif

#endif  // AIAUDIT_ALERTS_ALERT_MAKERS_HPP
