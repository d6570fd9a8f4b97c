// SPDX-License-Identifier: MIT
//
// decision.hpp: what a gate says to an attempt, and what a budget's state is.
//
// Threads: plain values.
// Floor 4.
#ifndef AIAUDIT_BUDGET_DECISION_HPP
#define AIAUDIT_BUDGET_DECISION_HPP

#include <aiaudit/budget/budget.hpp>  // budget
#include <aiaudit/core/ids.hpp>       // operation_id

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

enum class refusal_reason : std::uint8_t {
    full,          // the limit would be passed
    unbounded,     // nobody knows the most that the attempt may use
    unpriced,      // the model has no price
    clock_behind,  // the clock stepped back behind what is remembered of the budget
};

[[nodiscard]] constexpr std::string_view name_of(refusal_reason reason) noexcept {
    switch (reason) {
    case refusal_reason::full: return "full";
    case refusal_reason::unbounded: return "unbounded";
    case refusal_reason::unpriced: return "unpriced";
    case refusal_reason::clock_behind: return "clock_behind";
    }
    return "unknown";
}

// Why an attempt was not let through. Amounts are in the budget's unit.
struct budget_refusal {
    std::string budget{};
    std::string subject{};  // whose limit: "everyone", "user=alice", "tag:team=red"
    refusal_reason reason = refusal_reason::full;
    budget_period period = budget_period::month;  // minute: a rate limit
    budget_unit unit = budget_unit::usd;
    int128 limit = 0;
    int128 spent = 0;
    int128 reserved = 0;
    int128 asked = 0;
    std::optional<timestamp> resets_at{};  // none: never
    // When there will be room: of a bucket, exactly; of a window, when it ends; 0: not known.
    std::uint64_t retry_after_ms = 0;
    budget_action then = budget_action::refuse;
    std::vector<std::string> models{};  // downgrade
    std::uint64_t wait_ms_most = 0;     // wait
    std::string because{};              // unbounded, unpriced: what it is that has none
};

// What became of an attempt that asked.
struct admission {
    // Of the intent; zero where it is not in the log yet (durability::relaxed), or was refused.
    sequence number{};
    std::optional<budget_refusal> refused{};  // none: its cost is held
    bool warned = false;                      // a budget that only warns is over its limit
};

// A budget as it stands for one of its subjects.
struct budget_state {
    aiaudit::budget budget{};
    std::string subject{};
    std::optional<timestamp> window_begins{};  // none: total
    std::optional<timestamp> resets_at{};
    int128 spent = 0;
    int128 reserved = 0;
    int128 added = 0;  // to the limit, in this window: by top-ups, and what rolled over
    int128 left = 0;   // limit + added - spent - reserved - advance; may be negative
    // Spent by the end of the window, if it goes on as since its beginning; none where the window
    // has no end, or has hardly begun.
    std::optional<int128> forecast{};
    std::uint64_t open = 0;  // reservations
    // Held ahead of use by the process that decides alone; or by one that died, which may have used
    // it in its last moments.
    int128 advance = 0;
    std::optional<int128>
        ceiling{};  // of a fleet's: up to where this ledger may go, in place of the limit
};

// What a budget of a fleet has in a window here.
struct fleet_window_state {
    std::int64_t number = 0;
    timestamp begins{};
    timestamp ends{};  // the first instant after it; of total, the last that there is
    int128 ceiling = 0;
    int128 beyond = 0;  // of it, what no store has given
    int128 spent = 0;
    int128 reserved = 0;  // held ahead included
};
struct fleet_state {
    aiaudit::budget budget{};
    std::int64_t window = 0;  // that of now
    std::vector<fleet_window_state> windows{};
    int128 refused = 0;  // the most that was asked and refused since this was last asked
};

// Which of many rows: so many after so many others; top 0: all that follow.
struct budget_rows {
    std::size_t top = 0;
    std::size_t offset = 0;
};

// What a budget has counted in windows that begin after an instant.
struct future_state {
    std::string budget{};
    budget_unit unit = budget_unit::usd;
    int128 spent = 0;
    int128 reserved = 0;
    std::uint64_t windows = 0;  // of all its subjects
    std::uint64_t closed = 0;   // subjects that are refused until then: they have pushed out now's
};

// Whether so many percent of the limit are spent.
[[nodiscard]] constexpr bool has_reached(budget_state const& state,
                                         std::uint32_t percent) noexcept {
    return state.spent * 100 >= state.budget.limit * int128{percent};
}

// An attempt whose end is not known.
struct open_reservation {
    operation_id operation{};
    std::uint32_t attempt = 1;
    sequence intent{};
    timestamp deadline{};  // when it must have ended
};

// A budget has passed one of its alert_percents in a window.
struct budget_crossing {
    budget_state state{};
    std::uint32_t percent = 0;
};

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_BUDGET_DECISION_HPP
