// SPDX-License-Identifier: MIT
//
// node_plan.hpp: what a node of a fleet asks its store for, what it gives back, and what it does
// while the store is away: decisions alone.
//
// The order keeps the limit: a ceiling is lowered in the node's log before the store hears of it,
// and raised there after the store has said so. Until the log has it, the gate does not use it.
// Threads: one at a time.
// Floor 8.
#ifndef AIAUDIT_FLEET_NODE_PLAN_HPP
#define AIAUDIT_FLEET_NODE_PLAN_HPP

#include <aiaudit/budget/decision.hpp>      // fleet_state
#include <aiaudit/fleet/ceiling_store.hpp>  // sync_request

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

struct node_plan_options {
    std::chrono::milliseconds refresh{1'000};  // between messages, where nothing is urgent
    // Without an answer for so long, the store is away and budgets go on by their own rules.
    std::chrono::milliseconds away{5'000};
    // A piece is at least the limit through this, so that few records are written.
    std::uint32_t smallest_part = 2'000;
};

class node_plan {
public:
    using clock = std::chrono::steady_clock;
    // `seen`: the highest version of the store that the node's log has.
    explicit node_plan(node_plan_options options = {}, std::uint64_t seen = 0)
        : options_(options), seen_(seen) {}

    // How things stand; to be said before anything is asked. What was refused is remembered until
    // the next answer.
    void look(std::vector<fleet_state> states, clock::time_point now);
    // Whether a message is due.
    [[nodiscard]] bool is_due(clock::time_point now) const;

    // What is given back: to be set in the log before request(), and left out where the log
    // refuses, since more is used by now. None where the last message had no answer.
    [[nodiscard]] std::vector<budget_ceiling> lowerings(clock::time_point now) const;
    // The next message. After lowerings, look() again before.
    [[nodiscard]] sync_request request(fleet_node const& node, clock::time_point now);
    // What the store gives: to be set in the log. Precondition: it answers the last request().
    [[nodiscard]] std::vector<budget_ceiling> take(sync_reply const& reply, clock::time_point now);
    // A message had no answer.
    void note_failure(clock::time_point now);
    // Of budgets that are open or safe while the store is away: to be set in the log.
    [[nodiscard]] std::vector<budget_ceiling> go_on(clock::time_point now) const;

    [[nodiscard]] std::vector<fleet_state> const& states() const noexcept { return states_; }
    [[nodiscard]] bool is_away(clock::time_point now) const {
        return now - answered_ > options_.away;
    }
    [[nodiscard]] bool has_answer() const noexcept { return was_answered_; }
    // None before the first.
    [[nodiscard]] std::optional<clock::time_point> last_answer() const {
        return ever_ ? std::optional(answered_) : std::nullopt;
    }
    [[nodiscard]] bool is_recovering() const noexcept { return recovering_; }
    [[nodiscard]] std::optional<timestamp> store_now(clock::time_point now) const;
    // What the store said last of the whole fleet; none where it does not know the budget.
    struct fleet_view {
        int128 limit = 0;
        int128 sum = 0;
    };
    [[nodiscard]] std::optional<fleet_view> view_of(std::string const& budget) const;

private:
    struct budget_track {
        std::int64_t window = 0;
        int128 used = 0;            // at `since`
        clock::time_point since{};  // when the rate was last reckoned
        int128 rate = 0;            // a second
        int128 refused = 0;         // the most, since the last answer
        std::uint32_t boost = 1;    // how many of the smallest pieces at once
        bool unmet = false;         // the store gave less than was wanted
        std::optional<fleet_view> view{};
    };

    [[nodiscard]] budget_ceiling ceiling_for(budget const& of, fleet_window_state const& window,
                                             int128 amount, int128 beyond, std::string why) const {
        return {of.name, of.unit, amount, beyond, window.number, seen_, std::move(why)};
    }
    [[nodiscard]] int128 smallest(budget const& of) const;
    [[nodiscard]] int128 piece(budget const& of, budget_track const& track) const;
    // What a window should come to; none: as it is.
    [[nodiscard]] std::optional<int128> target(fleet_state const& of, budget_track const& track,
                                               fleet_window_state const& window,
                                               clock::time_point now) const;
    [[nodiscard]] std::optional<fleet_window_state> next_window(fleet_state const& of,
                                                                clock::time_point now) const;
    [[nodiscard]] budget_track const& track_of(std::string const& budget) const;

    node_plan_options options_;
    std::vector<fleet_state> states_{};
    std::map<std::string, budget_track> tracks_{};
    std::uint64_t counter_ = 0;
    std::uint64_t seen_ = 0;      // version of the store
    std::uint64_t recovery_ = 0;  // of it
    std::uint32_t nodes_ = 1;
    bool recovering_ = false;
    bool ever_ = false;          // it answered
    bool was_answered_ = false;  // the last message
    std::optional<clock::time_point> looked_{};
    clock::time_point asked_{};
    clock::time_point answered_{};
    timestamp store_time_{};  // at answered_
    sync_request last_{};
};

namespace detail {

[[nodiscard]] inline int128 all_used(fleet_window_state const& of) noexcept {
    return of.spent + of.reserved;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/fleet/node_plan.ipp>
#endif

#endif  // AIAUDIT_FLEET_NODE_PLAN_HPP
