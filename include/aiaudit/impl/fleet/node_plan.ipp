// SPDX-License-Identifier: MIT
//
// node_plan.ipp: the definitions of node_plan.hpp.
#ifndef AIAUDIT_IMPL_FLEET_NODE_PLAN_IPP
#define AIAUDIT_IMPL_FLEET_NODE_PLAN_IPP

#include <aiaudit/budget/budget_windows.hpp>  // span_numbered
#include <aiaudit/config.hpp>                 // AIAUDIT_INLINE
#include <aiaudit/fleet/node_plan.hpp>

#include <algorithm>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE fleet_window_state const* window_of_now(fleet_state const& of) noexcept {
    for (fleet_window_state const& each : of.windows)
        if (each.number == of.window) return &each;
    return nullptr;
}

}  // namespace detail

AIAUDIT_INLINE void node_plan::look(std::vector<fleet_state> states, clock::time_point now) {
    if (!looked_) answered_ = asked_ = now - options_.refresh;
    looked_ = now;
    states_ = std::move(states);
    for (fleet_state const& of : states_) {
        budget_track& track = tracks_[of.budget.name];
        track.refused = (std::max)(track.refused, of.refused);
        fleet_window_state const* const window = detail::window_of_now(of);
        int128 const used = window == nullptr ? int128{0} : detail::all_used(*window);
        auto const ms =
            std::chrono::duration_cast<std::chrono::milliseconds>(now - track.since).count();
        bool const is_same = track.window == of.window && track.since != clock::time_point{};
        if (is_same && ms < options_.refresh.count() / 2) continue;
        if (is_same && ms > 0) {
            int128 const rate = (std::max)(used - track.used, int128{0}) * 1'000 / ms;
            track.rate = rate > track.rate ? rate : (track.rate * 3 + rate) / 4;
            if (track.refused == 0) track.boost = (std::max)(track.boost / 2, 1U);
        }
        track.window = of.window;
        track.used = used;
        track.since = now;
    }
}

AIAUDIT_INLINE node_plan::budget_track const& node_plan::track_of(std::string const& budget) const {
    static budget_track const none{};
    auto const found = tracks_.find(budget);
    return found == tracks_.end() ? none : found->second;
}

AIAUDIT_INLINE std::optional<node_plan::fleet_view> node_plan::view_of(
    std::string const& budget) const {
    return track_of(budget).view;
}

AIAUDIT_INLINE std::optional<timestamp> node_plan::store_now(clock::time_point now) const {
    if (!ever_) return std::nullopt;
    auto const ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now - answered_).count();
    return timestamp{store_time_.ns + ns};
}

AIAUDIT_INLINE int128 node_plan::smallest(budget const& of) const {
    return (std::max)(of.limit / options_.smallest_part, int128{1});
}

// Half of its share of what is left, but no more than two refreshes take; an eighth of that where
// little is used yet, so that the first calls of a window need not wait for the store.
AIAUDIT_INLINE int128 node_plan::piece(budget const& of, budget_track const& track) const {
    int128 const least = smallest(of);
    int128 const quick = 2 * track.rate * options_.refresh.count() / 1'000;
    int128 const left =
        track.view ? (std::max)(track.view->limit - track.view->sum, int128{0}) : of.limit;
    int128 const share = left / (2 * int128{nodes_});
    int128 const most = (std::max)({quick, least * track.boost, share / 8});
    return (std::max)(std::clamp(share, least, (std::max)(most, least)), track.refused);
}

AIAUDIT_INLINE std::optional<int128> node_plan::target(fleet_state const& of,
                                                       budget_track const& track,
                                                       fleet_window_state const& window,
                                                       clock::time_point now) const {
    int128 const used = detail::all_used(window);
    if (window.number == of.window) return used + piece(of.budget, track);
    auto const store = store_now(now);
    bool const is_over = window.number < of.window && store && *store >= window.ends;
    if (is_over) return used;
    return std::nullopt;
}

AIAUDIT_INLINE bool node_plan::is_due(clock::time_point now) const {
    if (now - asked_ >= options_.refresh) return true;
    if (!was_answered_) return false;
    return std::any_of(states_.begin(), states_.end(), [this](fleet_state const& of) {
        budget_track const& track = track_of(of.budget.name);
        fleet_window_state const* const window = detail::window_of_now(of);
        if (window == nullptr || track.unmet) return false;
        int128 const left = window->ceiling - detail::all_used(*window);
        return track.refused > left || left < piece(of.budget, track) / 2;
    });
}

AIAUDIT_INLINE std::vector<budget_ceiling> node_plan::lowerings(clock::time_point now) const {
    std::vector<budget_ceiling> all;
    if (!was_answered_) return all;
    for (fleet_state const& of : states_) {
        budget_track const& track = track_of(of.budget.name);
        for (fleet_window_state const& window : of.windows) {
            int128 const used = detail::all_used(window);
            int128 const given = window.ceiling - window.beyond;
            if (window.beyond != 0 && used < window.ceiling) {
                int128 const rest = (std::max)(used, given);
                if (rest < window.ceiling)
                    all.push_back(
                        ceiling_for(of.budget, window, rest, rest - given, "the store is back"));
                continue;
            }
            auto const wanted = target(of, track, window, now);
            if (!wanted || *wanted >= window.ceiling) continue;
            bool const is_over = window.number != of.window;
            // Not for little, as each is a record.
            if (!is_over && window.ceiling - *wanted <= piece(of.budget, track)) continue;
            int128 const beyond = (std::min)(window.beyond, *wanted);
            all.push_back(ceiling_for(of.budget, window, *wanted, beyond,
                                      is_over ? "the window is over" : "not needed"));
        }
    }
    return all;
}

AIAUDIT_INLINE std::optional<fleet_window_state> node_plan::next_window(
    fleet_state const& of, clock::time_point now) const {
    auto const store = store_now(now);
    fleet_window_state const* const window = detail::window_of_now(of);
    if (!store || window == nullptr || of.budget.window.period == budget_period::total)
        return std::nullopt;
    std::int64_t const length = window->ends.ns - window->begins.ns;
    if (store->ns < window->ends.ns - length / 10) return std::nullopt;
    for (fleet_window_state const& each : of.windows)
        if (each.number == of.window + 1) return each;
    auto const span = detail::span_numbered(of.budget.window, of.window + 1);
    return fleet_window_state{span.number, {span.begins_ns}, {span.ends_ns}};
}

AIAUDIT_INLINE sync_request node_plan::request(fleet_node const& node, clock::time_point now) {
    sync_request made;
    made.node = node;
    made.number = (node.incarnation << sync_counter_bits) | ++counter_;
    made.seen = seen_;
    made.recovery = recovery_;
    for (fleet_state const& of : states_) {
        budget_track const& track = track_of(of.budget.name);
        auto const add = [&](fleet_window_state const& window, int128 want) {
            int128 const claim = (std::max)(window.ceiling, detail::all_used(window));
            made.parts.push_back({of.budget.name, window.number, window.begins, window.ends, claim,
                                  window.ceiling - window.beyond, window.spent,
                                  (std::max)(want, claim)});
        };
        auto const next = next_window(of, now);
        for (fleet_window_state const& window : of.windows) {
            if (next && window.number == next->number) continue;
            add(window, target(of, track, window, now).value_or(0));
        }
        if (!next) continue;
        // What lasts a minute, so that a store that is away at midnight stops nobody.
        constexpr int128 seconds = 60;
        constexpr int128 pieces = 16;
        int128 const share = of.budget.limit / (4 * int128{nodes_});
        int128 const most = (std::max)(track.rate * seconds, pieces * smallest(of.budget));
        add(*next, (std::min)(share, most));
    }
    asked_ = now;
    was_answered_ = false;
    last_ = made;
    return made;
}

AIAUDIT_INLINE std::vector<budget_ceiling> node_plan::take(sync_reply const& reply,
                                                           clock::time_point now) {
    ever_ = was_answered_ = true;
    answered_ = now;
    store_time_ = reply.now;
    seen_ = (std::max)(seen_, reply.version);
    nodes_ = (std::max)(reply.nodes, 1U);
    recovering_ = reply.recovering;
    recovery_ = reply.recovery;
    std::vector<budget_ceiling> all;
    if (reply.state != sync_state::taken) return all;
    for (std::size_t i = 0; i < reply.parts.size() && i < last_.parts.size(); ++i) {
        ceiling_reply const& part = reply.parts[i];
        ceiling_request const& asked = last_.parts[i];
        budget_track& track = tracks_[part.budget];
        fleet_state const* of = nullptr;
        for (fleet_state const& each : states_)
            if (each.budget.name == part.budget) of = &each;
        if (of == nullptr || part.window != asked.window) continue;
        if (part.window == of->window) {
            track.view =
                part.known ? std::optional(fleet_view{part.limit, part.sum}) : std::nullopt;
            track.unmet = !part.known || part.ceiling < asked.want;
            if (track.refused != 0) track.boost = (std::min)(track.boost * 2, 1U << 16);
            track.refused = 0;
        }
        fleet_window_state here{part.window, asked.begins, asked.ends};
        for (fleet_window_state const& each : of->windows)
            if (each.number == part.window) here = each;
        if (part.known && part.ceiling > here.ceiling)
            all.push_back(
                ceiling_for(of->budget, here, part.ceiling, here.beyond, "given by the store"));
    }
    return all;
}

AIAUDIT_INLINE void node_plan::note_failure(clock::time_point now) {
    was_answered_ = false;
    asked_ = now;
}

AIAUDIT_INLINE std::vector<budget_ceiling> node_plan::go_on(clock::time_point now) const {
    std::vector<budget_ceiling> all;
    if (!is_away(now)) return all;
    for (fleet_state const& of : states_) {
        budget_track const& track = track_of(of.budget.name);
        fleet_window_state const* const window = detail::window_of_now(of);
        if (window == nullptr) continue;
        int128 const left = window->ceiling - detail::all_used(*window);
        int128 const needed = (std::max)({track.refused, smallest(of.budget), 2 * track.rate});
        if (left >= needed) continue;
        int128 more = 0;
        if (of.budget.fleet == fleet_rule::safe) more = of.budget.fleet_safe - window->beyond;
        if (of.budget.fleet == fleet_rule::open)
            more = (std::max)(needed * 4, of.budget.limit / 16);
        if (more <= 0) continue;
        all.push_back(ceiling_for(of.budget, *window, window->ceiling + more, window->beyond + more,
                                  "the store is away"));
    }
    return all;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_FLEET_NODE_PLAN_IPP
