// SPDX-License-Identifier: MIT
//
// gate_views.ipp: the definitions of gate_views.hpp.
#ifndef AIAUDIT_IMPL_BUDGET_GATE_VIEWS_IPP
#define AIAUDIT_IMPL_BUDGET_GATE_VIEWS_IPP

#include <aiaudit/budget/gate_views.hpp>
#include <aiaudit/config.hpp>  // AIAUDIT_INLINE

#include <algorithm>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// When what is counted at `window` is out of a rolling budget; none where nothing is.
AIAUDIT_INLINE std::optional<timestamp> rolls_out_at(kept_budget const& of,
                                                     window_account const& account,
                                                     std::int64_t window) {
    std::optional<std::int64_t> last;
    account.for_each([&](window_sums const& each) {
        bool const counts = each.number <= window && window - each.number <= of.keeping().reach;
        if (counts && each.used.all() != 0) last = each.number;
    });
    if (!last) return std::nullopt;
    auto const out = span_numbered(of.definition().window, *last + of.keeping().reach + 1);
    return timestamp{out.begins_ns};
}

// When `amount` fits into a rolling budget, if nothing more is used; none: never.
AIAUDIT_INLINE std::optional<timestamp> rolls_to_room(kept_budget const& of,
                                                      window_account const& account,
                                                      std::int64_t window, int128 amount,
                                                      budget_place place) {
    auto const limit_of = [&](std::int64_t later) {
        place.window = later;
        return of.limit_at(place);
    };
    for (std::int64_t later = window; later <= window + 2 * (of.keeping().reach + 1); ++later) {
        if (account.most_used(later, of.keeping()) + amount <= limit_of(later))
            return timestamp{span_numbered(of.definition().window, later).begins_ns};
    }
    return std::nullopt;
}

AIAUDIT_INLINE std::optional<int128> forecast_of(window_span const& span, timestamp now,
                                                 int128 spent) {
    if (!span.holds(now.ns)) return std::nullopt;
    constexpr std::int64_t millisecond = 1'000'000;
    std::int64_t const gone = (now.ns - span.begins_ns) / millisecond;
    std::int64_t const whole = (span.ends_ns - span.begins_ns) / millisecond;
    if (gone < whole / 100 || gone == 0) return std::nullopt;
    int128 product = 0;
    if (__builtin_mul_overflow(spent, int128{whole}, &product)) return std::nullopt;
    return product / gone;
}

AIAUDIT_INLINE void show_bucket(kept_budget const& of, bucket_account const* account,
                                std::int64_t ns, budget_state& state) {
    int128 const limit = of.definition().limit;
    state.window_begins = timestamp{ns - leaky_bucket::minute_ns};
    if (account == nullptr) return;
    int128 const level = account->level.level(ns, limit);
    state.reserved = (std::min)(level, account->held);
    state.spent = level - state.reserved;
    state.open = account->open;
    // It is empty when a whole limit fits.
    if (auto const wait = account->level.wait_ns(ns, limit, limit))
        state.resets_at = timestamp{reckonable_ns({ns}) + *wait};
}

AIAUDIT_INLINE void show_window(kept_budget const& of, budget_account const* account,
                                std::int64_t number, budget_state& state) {
    window_span const span = span_numbered(of.definition().window, number);
    budget_period const period = of.definition().window.period;
    if (period == budget_period::rolling) {
        state.window_begins =
            timestamp{span_numbered(of.definition().window, number - of.keeping().reach).begins_ns};
    } else if (of.of_lives()) {
        state.window_begins = timestamp{number};
    } else if (period != budget_period::total) {
        state.window_begins = timestamp{span.begins_ns};
        state.resets_at = timestamp{span.ends_ns};
    }
    if (account == nullptr) return;
    account->windows.for_each([&](window_sums const& each) {
        if (each.number > number || number - each.number > of.keeping().reach) return;
        state.spent += each.used.spent;
        state.reserved += each.used.reserved;
        state.open += each.open;
    });
    if (period == budget_period::rolling)
        state.resets_at = rolls_out_at(of, account->windows, number);
}

AIAUDIT_INLINE budget_state with_limit(kept_budget const& of, budget_place const& place,
                                       budget_state state) {
    int128 const limit = of.is_bucket() ? of.definition().limit : of.limit_at(place);
    if (of.of_fleet())
        state.ceiling = limit;
    else
        state.added = limit - of.definition().limit;
    state.left = limit - state.spent - state.reserved - state.advance;
    return state;
}

AIAUDIT_INLINE std::vector<advance_sums> sums_ahead(gate_state const& of) {
    std::vector<advance_sums> all(of.budgets.size());
    of.for_each_advance([&](std::uint32_t number, std::uint64_t) {
        of.open.for_each_hold(number, [&](hold const& each) {
            all[each.budget].push_back({each.account, each.window, each.amount});
        });
    });
    for (advance_sums& each : all) {
        std::sort(each.begin(), each.end(),
                  [](advance_sum const& a, advance_sum const& b) { return a.account < b.account; });
    }
    return all;
}

// Of what is counted as reserved, what is held ahead.
AIAUDIT_INLINE void tell_apart(kept_budget const& of, std::uint32_t account, std::int64_t window,
                               advance_sums const& ahead, budget_state& state) {
    auto at = std::lower_bound(
        ahead.begin(), ahead.end(), account,
        [](advance_sum const& each, std::uint32_t wanted) { return each.account < wanted; });
    for (; at != ahead.end() && at->account == account; ++at) {
        if (at->window > window || window - at->window > of.keeping().reach) continue;
        state.advance += at->amount;
        state.reserved -= at->amount;
        --state.open;
    }
}

AIAUDIT_INLINE budget_state state_of(kept_budget const& of, std::uint32_t account,
                                     std::int64_t window, advance_sums const& ahead) {
    budget_account const* const there =
        account == account_table::none ? nullptr : &of.accounts()[account];
    budget_state state;
    state.budget = of.definition();
    state.subject =
        subject_text(of.definition().scope, there == nullptr ? std::string_view{} : there->name());
    if (of.is_bucket())
        show_bucket(of, there == nullptr ? nullptr : &of.accounts().bucket(account), window, state);
    else
        show_window(of, there, window, state);
    if (!of.is_bucket() && there != nullptr) tell_apart(of, account, window, ahead, state);
    budget_place const place{there == nullptr ? std::string_view{} : there->name(), 0, account,
                             window};
    return with_limit(of, place, std::move(state));
}

AIAUDIT_INLINE void add_forecast(kept_budget const& of, std::int64_t window, timestamp now,
                                 budget_state& to) {
    budget_window const& windows = of.definition().window;
    if (is_calendar(windows.period))
        to.forecast = forecast_of(span_numbered(windows, window), now, to.spent);
}

AIAUDIT_INLINE budget_state state_at(kept_budget const& of, budget_place const& place,
                                     timestamp now, advance_sums const& ahead) {
    budget_state state = with_limit(of, place, state_of(of, place.account, place.window, ahead));
    state.subject = subject_text(of.definition().scope, place.name);
    add_forecast(of, place.window, now, state);
    return state;
}

// What a subject has used and holds, as large as it is.
struct ranked_account {
    int128 used = 0;
    std::uint32_t account = 0;
};
AIAUDIT_INLINE std::vector<ranked_account> ranked_accounts(kept_budget const& of,
                                                           std::int64_t window) {
    std::vector<ranked_account> all;
    for (std::uint32_t i = 0; i < of.accounts().size(); ++i) {
        std::int64_t const at = of.of_lives() ? of.life_at(i, window) : window;
        int128 used = 0;
        bool open = false;
        if (of.is_bucket()) {
            bucket_account const& bucket = of.accounts().bucket(i);
            used = bucket.level.level(at, of.definition().limit);
            open = bucket.open != 0;
        } else {
            of.accounts()[i].windows.for_each([&](window_sums const& each) {
                if (each.number > at || at - each.number > of.keeping().reach) return;
                used += each.used.all();
                open = open || each.open != 0;
            });
        }
        if (used != 0 || open || !of.definition().scope.each) all.push_back({used, i});
    }
    return all;
}

AIAUDIT_INLINE bool visit_states(kept_budget const& of, timestamp now, advance_sums const& ahead,
                                 budget_rows& rows, function_ref<void(budget_state&&)> visit) {
    std::int64_t const window = of.window_at(now);
    auto ranked = ranked_accounts(of, window);
    if (ranked.empty() && !of.definition().scope.each) ranked.push_back({0, account_table::none});
    std::size_t const first = (std::min)(rows.offset, ranked.size());
    std::size_t const last =
        rows.top == 0 ? ranked.size() : (std::min)(first + rows.top, ranked.size());
    std::partial_sort(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(last),
                      ranked.end(), [&of](ranked_account const& a, ranked_account const& b) {
                          if (a.used != b.used) return a.used > b.used;
                          return of.accounts()[a.account].name() < of.accounts()[b.account].name();
                      });
    for (std::size_t i = first; i < last; ++i) {
        std::uint32_t const account = ranked[i].account;
        budget_state state =
            state_of(of, account, of.of_lives() ? of.life_at(account, window) : window, ahead);
        add_forecast(of, window, now, state);
        visit(std::move(state));
    }
    rows.offset -= first;
    if (rows.top == 0) return true;
    rows.top -= last - first;
    return rows.top != 0;
}

AIAUDIT_INLINE budget_refusal refusal_of(kept_budget const& of, budget_place const& place,
                                         timestamp at, refusal_reason reason, int128 asked) {
    budget const& definition = of.definition();
    budget_state const state = with_limit(of, place, state_of(of, place.account, place.window));
    budget_refusal refused;
    refused.budget = definition.name;
    refused.subject = subject_text(definition.scope, place.name);
    refused.reason = reason;
    refused.period = definition.window.period;
    refused.unit = definition.unit;
    refused.limit = state.ceiling.value_or(definition.limit + state.added);
    if (state.ceiling)
        refused.because = "this node's part of the fleet's limit of " +
                          amount_and_unit(definition.limit, definition.unit);
    refused.spent = state.spent;
    refused.reserved = state.reserved;
    refused.asked = asked;
    refused.resets_at = state.resets_at;
    refused.then = definition.then;
    refused.models = definition.models;
    refused.wait_ms_most = definition.wait_ms_most;
    if (reason != refusal_reason::full || asked > refused.limit ||
        place.account == account_table::none)
        return refused;
    std::optional<std::int64_t> wait_ns;
    if (of.is_bucket()) {
        wait_ns = of.accounts()
                      .bucket(place.account)
                      .level.wait_ns(place.window, definition.limit, asked);
    } else {
        auto const room = of.keeping().reach == 0
                              ? state.resets_at
                              : rolls_to_room(of, of.accounts()[place.account].windows,
                                              place.window, asked, place);
        if (room) wait_ns = room->ns - reckonable_ns(at);
    }
    constexpr std::int64_t millisecond = 1'000'000;
    if (wait_ns && *wait_ns > 0)
        refused.retry_after_ms = static_cast<std::uint64_t>((*wait_ns - 1) / millisecond + 1);
    return refused;
}

AIAUDIT_INLINE fleet_state fleet_state_of(kept_budget& of, timestamp now) {
    fleet_state made;
    made.budget = of.definition();
    made.window = of.window_at(now);
    made.refused = of.take_refused();
    bool has_now = false;
    auto const add = [&](std::int64_t number, int128 ceiling, int128 beyond) {
        auto const span = span_numbered(made.budget.window, number);
        auto const used = of.used_in(number);
        has_now = has_now || number == made.window;
        made.windows.push_back(
            {number, {span.begins_ns}, {span.ends_ns}, ceiling, beyond, used.spent, used.reserved});
    };
    for (window_ceiling const& each : of.ceilings()) add(each.window, each.now(), each.beyond);
    if (!has_now) add(made.window, 0, 0);
    return made;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_BUDGET_GATE_VIEWS_IPP
