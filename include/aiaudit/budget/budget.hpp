// SPDX-License-Identifier: MIT
//
// budget.hpp: what a budget is: a limit, in a unit, over a scope and a window, and what is done
// when it is full.
//
// A rate limit is a budget whose window is a minute: a bucket of `limit` that fills again at
// `limit` a minute.
// Threads: plain values.
// Floor 4.
#ifndef AIAUDIT_BUDGET_BUDGET_HPP
#define AIAUDIT_BUDGET_BUDGET_HPP

#include <aiaudit/config.hpp>          // int128
#include <aiaudit/core/calendar.hpp>   // time_zone
#include <aiaudit/core/ids.hpp>        // operation_id
#include <aiaudit/core/timestamp.hpp>  // timestamp

#include <cstdint>
#include <string>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// Stored in records: a number is never changed or used again.
enum class budget_unit : std::uint8_t { usd = 0, tokens = 1, requests = 2 };

// Whose calls are counted together. Stored, as above.
enum class budget_dimension : std::uint8_t {
    everyone = 0,
    user = 1,
    model = 2,  // as the caller asked for it
    provider = 3,
    project = 4,
    key = 5,
    tag = 6,
    run = 7,           // an agent's session, say: the tag "run"
    team = 8,          // the tag "team"
    organisation = 9,  // the tag "organisation"
};

struct budget_scope {
    budget_dimension of = budget_dimension::everyone;
    bool each = false;   // every name has a limit of its own
    std::string name{};  // the one name; of a tag, its value; empty where `each`
    std::string tag{};   // which tag, where `of` is tag
    friend bool operator==(budget_scope const&, budget_scope const&) = default;
};

// Stored, as above.
enum class budget_period : std::uint8_t {
    total = 0,    // for ever
    day = 1,      // of the calendar of `zone`
    month = 2,    // as well
    rolling = 3,  // the last `hours`
    minute = 4,   // a bucket
    week = 5,     // of the calendar of `zone`, as the two below
    quarter = 6,
    year = 7,
};

struct budget_window {
    budget_period period = budget_period::month;
    // Rolling: 1 to 8,784. Of each run for ever, after so many without a call it is over, and one
    // of its name another; 0 stands for 24.
    std::uint32_t hours = 0;
    time_zone zone{};  // day, week, month, quarter, year
    // On which day it begins, if not on the usual one (0): of a week 1 (Tuesday) to 6 (Sunday); of
    // a month its day, 2 to 28; of a quarter or a year month * 100 + day, days 1 to 28, months 1 to
    // 3 or 1 to 12, and not 101.
    std::uint32_t anchor = 0;
};

// Stored, as above.
enum class budget_action : std::uint8_t {
    refuse = 0,
    warn = 1,       // the call goes through, and is marked
    downgrade = 2,  // the next of `models` is asked for instead
    wait = 3,       // for room, `wait_ms_most` at the most; then refuse. For the window minute
};

// How much of an attempt is held before it begins.
enum class budget_reserve : std::uint8_t {
    full = 0,  // the most that it may come to
    // Its input and a first piece of its output, where it may be cut; more as it goes on.
    stepwise = 1,
};

// Whether a limit is that of a fleet of ledgers, of which each has a ceiling; and what one does
// that has used up its own while the store of ceilings cannot be reached.
enum class fleet_rule : std::uint8_t {
    none = 0,    // the limit is this ledger's alone
    closed = 1,  // it refuses
    open = 2,    // it goes on: no limit holds until the store is back
    safe = 3,    // it goes on for `fleet_safe` a window: over the limit at most nodes times that
};

struct budget {
    std::string name{};  // 1 to 64 of A-Z a-z 0-9 . _ -
    budget_unit unit = budget_unit::usd;
    int128 limit = 0;  // pico-USD, tokens or requests; 0 or more
    budget_scope scope{};
    budget_window window{};
    budget_action then = budget_action::refuse;
    std::vector<std::string> models{};  // downgrade: 1 to 16, the dearest first
    std::uint64_t wait_ms_most = 0;     // wait
    // What is held for a call of which nobody knows the most, in the unit; 0: it is refused.
    int128 unbounded_hold = 0;
    // How much at the most of what a window of the calendar left is added to the next; 0: nothing.
    int128 roll_over = 0;
    budget_reserve reserve = budget_reserve::full;
    std::vector<std::uint32_t> alert_percents{50, 80, 100};  // ascending, 1 to 1000, at most 8
    fleet_rule fleet = fleet_rule::none;
    int128 fleet_safe = 0;  // more than 0 where `fleet` is safe
};

// Up to where a ledger may go in a window of a budget of its fleet: this, and not the budget's
// limit, is what its gate holds.
struct budget_ceiling {
    std::string budget{};  // its name
    budget_unit unit = budget_unit::usd;
    int128 amount = 0;          // in the budget's unit
    int128 beyond = 0;          // of it, what no store has given: fleet_rule
    std::int64_t window = 0;    // its number
    std::uint64_t version = 0;  // of the store, as far as it is known: it does not go back
    std::string why{};          // for who reads the record, at most 1,024 bytes on one line
};

// A ledger is a node of a fleet, and begins to ask its store anew.
struct fleet_node {
    std::string name{};             // 1 to 64 of A-Z a-z 0-9 . _ -
    operation_id id{};              // of this ledger: two may not have one name
    std::uint64_t incarnation = 0;  // 1, and 1 more each time
    friend bool operator==(fleet_node const&, fleet_node const&) = default;
};

// An amount that is added to a limit in one window alone: that in which it is given.
struct budget_top_up {
    std::string budget{};   // its name
    std::string subject{};  // of a budget for each, the one name; empty: each of them
    budget_unit unit = budget_unit::usd;
    int128 amount = 0;  // more than 0, in the budget's unit
};

// A part of a limit that a process holds ahead of what it asks for, or gives back.
struct budget_advance {
    std::string budget{};   // its name
    std::string subject{};  // of a budget for each, the one name
    budget_unit unit = budget_unit::usd;
    int128 amount = 0;         // more than 0, in the budget's unit
    int128 limit = 0;          // as it is set, for who reads the record
    std::uint64_t holder = 0;  // the process; not 0
    bool back = false;
};

// What processes that died held ahead is free again, though they may have used it.
struct advance_pardon {
    std::string by{};         // who says so, 1 to 128 bytes on one line
    std::string why{};        // and why, 1 to 1,024
    std::string forgotten{};  // what it is, in words
};

// What a clock that stood ahead has counted in windows that begin after an instant is forgotten.
struct future_pardon {
    timestamp after{};        // not before the record of it
    std::string by{};         // who says so, 1 to 128 bytes on one line
    std::string why{};        // and why, 1 to 1,024
    std::string forgotten{};  // what these windows held, in words: future_text()
};

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_BUDGET_BUDGET_HPP
