// SPDX-License-Identifier: MIT
//
// kept_budget.ipp: the definitions of kept_budget.hpp.
#ifndef AIAUDIT_IMPL_BUDGET_KEPT_BUDGET_IPP
#define AIAUDIT_IMPL_BUDGET_KEPT_BUDGET_IPP

#include <aiaudit/budget/budget_amounts.hpp>  // bounded amounts
#include <aiaudit/budget/kept_budget.hpp>
#include <aiaudit/config.hpp>  // AIAUDIT_INLINE

#include <algorithm>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE bool kept_budget::counts_as(budget const& other) const noexcept {
    budget_window const& mine = definition_.window;
    return definition_.unit == other.unit && definition_.scope == other.scope &&
           mine.period == other.window.period && mine.hours == other.window.hours &&
           mine.zone.name() == other.window.zone.name() && mine.anchor == other.window.anchor;
}

AIAUDIT_INLINE void kept_budget::redefine(budget definition) {
    std::vector<int128> const old = thresholds_;
    definition_ = std::move(definition);
    cursor_ = {};
    reckon_thresholds();
    if (thresholds_ == old) return;
    for (std::uint32_t i = 0; i < accounts_.size(); ++i) accounts_[i].windows.clear_fired();
}

AIAUDIT_INLINE void kept_budget::find_account(budget_place& place) const {
    if (definition_.scope.each) {
        place.account = accounts_.find(place.name, place.hash);
        if (of_lives_) place.window = life_at(place.account, place.window);
    } else if (accounts_.size() != 0) {
        place.account = 0;
    }
}

AIAUDIT_INLINE std::int64_t kept_budget::life_at(std::uint32_t account,
                                                 std::int64_t ns) const noexcept {
    if (account == account_table::none) return ns;
    std::int64_t const newest = accounts_[account].windows.newest();
    if (newest == window_sums::none) return ns;
    // What is held and not logged yet has begun a life, and not been counted as a use.
    std::int64_t const used = (std::max)(newest, accounts_.used_at(account));
    bool const over = used<ns&& static_cast<std::uint64_t>(ns) -
                           static_cast<std::uint64_t>(used)> static_cast<std::uint64_t>(idle_ns());
    return over ? ns : newest;
}

AIAUDIT_INLINE std::vector<std::uint32_t> kept_budget::drop_runs(std::vector<bool> const& holds) {
    std::int64_t latest = window_sums::none;
    for (std::uint32_t i = 0; i < accounts_.size(); ++i)
        latest = (std::max)(latest, accounts_.used_at(i));
    // What was used before counts no more.
    std::int64_t from = window_sums::none;
    if (latest != window_sums::none) {
        if (of_lives_)
            from = latest - idle_ns();
        else if (auto const since = matters_since(definition_.window, {latest}))
            from = since->ns;
    }
    std::vector<bool> keep = holds;
    std::vector<std::uint32_t> others;
    for (std::uint32_t i = 0; i < accounts_.size(); ++i)
        if (!holds[i] && accounts_.used_at(i) >= from) others.push_back(i);
    if (others.size() > runs_most) {
        std::sort(others.begin(), others.end(), [this](std::uint32_t a, std::uint32_t b) {
            std::int64_t const first = accounts_.used_at(a);
            std::int64_t const second = accounts_.used_at(b);
            return first != second ? first > second : accounts_[a].name() < accounts_[b].name();
        });
        others.resize(runs_most / 4 * 3);
    }
    for (std::uint32_t const each : others) keep[each] = true;
    auto numbers = accounts_.retain(keep);
    drop_above_ = std::clamp(2 * accounts_.size(), runs_few, runs_most);
    return numbers;
}

AIAUDIT_INLINE std::optional<refusal_reason> kept_budget::refuses(budget_place const& place,
                                                                  int128 amount) const {
    if (forgot(place) || forgot_before(place)) return refusal_reason::clock_behind;
    int128 const limit = limit_at(place);
    bool fits = amount <= limit;
    if (place.account != account_table::none) {
        fits = is_bucket()
                   ? accounts_.bucket(place.account).level.fits(place.window, limit, amount)
                   : accounts_[place.account].windows.most_used(place.window, keeping_) + amount <=
                         limit;
    }
    return fits ? std::nullopt : std::optional(refusal_reason::full);
}

AIAUDIT_INLINE void kept_budget::add_credit(std::int64_t window, std::string_view subject,
                                            int128 amount) {
    auto const before = [](window_credit const& each, window_credit const& other) {
        return each.window != other.window ? each.window < other.window
                                           : each.subject < other.subject;
    };
    window_credit added{window, std::string(subject), amount};
    auto const place = std::lower_bound(credits_.begin(), credits_.end(), added, before);
    if (place != credits_.end() && !before(added, *place))
        place->amount = (std::min)(place->amount + amount, budget_amount_most);
    else
        credits_.insert(place, std::move(added));
    adds_ = true;
    // As many windows as are remembered.
    std::int64_t const newest = credits_.back().window;
    auto const kept = static_cast<std::int64_t>(keeping_.kept);
    std::erase_if(credits_, [&](window_credit const& each) {
        return newest - each.window > keeping_.reach + kept;
    });
}

AIAUDIT_INLINE void kept_budget::set_ceiling(window_ceiling of) {
    auto const place = std::lower_bound(
        ceilings_.begin(), ceilings_.end(), of.window,
        [](window_ceiling const& each, std::int64_t wanted) { return each.window < wanted; });
    bool const is_there = place != ceilings_.end() && place->window == of.window;
    if (is_there)
        *place = of;
    else
        ceilings_.insert(place, of);
    if (ceilings_.size() > ceilings_kept) ceilings_.erase(ceilings_.begin());
}

AIAUDIT_INLINE bool kept_budget::lower_ceiling(std::int64_t window, int128 amount) {
    for (window_ceiling& each : ceilings_) {
        if (each.window != window) continue;
        if (amount >= each.now()) return true;
        if (amount < used_in(window).all()) return false;
        each.lowered = amount;
        return true;
    }
    return true;
}

AIAUDIT_INLINE void kept_budget::end_lowering(std::int64_t window) {
    for (window_ceiling& each : ceilings_)
        if (each.window == window) each.lowered = window_ceiling::never;
}

AIAUDIT_INLINE amounts_used kept_budget::used_in(std::int64_t window) const {
    if (accounts_.size() == 0) return {};
    auto const sums = accounts_[0].windows.find(window);
    return sums ? sums->used : amounts_used{};
}

AIAUDIT_INLINE int128 kept_budget::ceiling_at(std::int64_t window) const noexcept {
    for (window_ceiling const& each : ceilings_)
        if (each.window == window) return each.now();
    return 0;
}

AIAUDIT_INLINE bool kept_budget::may_be_window(std::int64_t number) const noexcept {
    std::int64_t most = 0;
    std::int64_t const days_most = reckonable_ns({(std::numeric_limits<std::int64_t>::max)()}) /
                                   (seconds_per_day * nanoseconds_per_second);
    switch (definition_.window.period) {
    case budget_period::total: break;
    case budget_period::day: most = days_most + 4; break;
    case budget_period::week: most = days_most / 7 + 4; break;
    case budget_period::month: most = days_most / 30; break;
    case budget_period::quarter: most = days_most / 90; break;
    case budget_period::year: most = days_most / 365 + 2; break;
    case budget_period::rolling:
        most = days_most * seconds_per_day * nanoseconds_per_second /
                   rolling_part_ns(definition_.window.hours) +
               184;
        break;
    case budget_period::minute: return reckonable_ns({number}) == number;
    }
    if (of_lives_) return reckonable_ns({number}) == number;
    return number >= -most && number <= most;
}

AIAUDIT_INLINE int128 kept_budget::credit_at(std::int64_t window, std::string_view subject) const {
    int128 sum = 0;
    for (window_credit const& each : credits_) {
        if (each.window <= window && window - each.window <= keeping_.reach &&
            (each.subject.empty() || each.subject == subject))
            sum += each.amount;
    }
    return sum;
}

AIAUDIT_INLINE int128 kept_budget::added_at(budget_place const& place) const {
    bool const is_there = place.account != account_table::none;
    std::string_view const name = is_there ? accounts_[place.account].name() : place.name;
    if (of_fleet()) return ceiling_at(place.window) - definition_.limit;
    int128 added = credit_at(place.window, name);
    // Two windows before the one in which it was set are known.
    constexpr std::int64_t known_before = 2;
    if (definition_.roll_over == 0) return added;
    window_account const* const windows = is_there ? &accounts_[place.account].windows : nullptr;
    auto const used_in = [windows](std::int64_t window) {
        auto const sums = windows == nullptr ? std::nullopt : windows->find(window);
        return sums ? sums->used.all() : int128{0};
    };
    auto const own_of = [&](std::int64_t window) {
        return definition_.limit + credit_at(window, name);
    };
    std::int64_t const last = place.window - 1;
    bool const is_known =
        last >= known_since_ + known_before && (windows == nullptr || windows->floor() < last);
    if (is_known)
        added += std::clamp(own_of(last) - used_in(last), int128{0}, definition_.roll_over);
    // What the next one took of this one's rest is gone.
    std::int64_t const next = place.window + 1;
    added -= std::clamp(used_in(next) - own_of(next), int128{0}, definition_.roll_over);
    return added;
}

AIAUDIT_INLINE bool kept_budget::forgot(budget_place const& place) const {
    if (place.window < known_since_ || place.window > known_until_) return true;
    if (place.account == account_table::none) return false;
    return is_bucket() ? accounts_.bucket(place.account).level.forgot(place.window)
                       : accounts_[place.account].windows.forgot(place.window, keeping_);
}

AIAUDIT_INLINE void kept_budget::change_hold(hold& of, int128 change, bool is_new) {
    if (is_bucket()) {
        bucket_account& bucket = accounts_.bucket(of.account);
        if (change > 0) {
            uint128 const end = bucket.level.fill(of.window, definition_.limit, change);
            // More for one that is in already counts as if it had come in with it.
            of.end = is_new ? end : of.end + leaky_bucket::drops(change);
        } else {
            bucket.level.take_back(of.end, of.amount, -change);
        }
        bucket.held += change;
        if (is_new) ++bucket.open;
    } else if (is_new || accounts_[of.account].windows.has(of.window)) {
        accounts_[of.account].windows.add(of.window, keeping_, {{0, change}, is_new ? 1 : 0});
    }
    of.amount += change;
}

AIAUDIT_INLINE void kept_budget::change_advance(hold& of, int128 change, bool is_new) {
    if (!is_bucket()) return change_hold(of, change, is_new);
    of.amount += change;
    // So that the account is known.
    if (is_new) accounts_.bucket(of.account).level.fill(of.window, definition_.limit, 0);
}

AIAUDIT_INLINE void kept_budget::log_hold(hold& of) {
    bool const is_new = of.logged == hold::not_logged;
    int128 const change = is_new ? of.amount : of.amount - of.logged;
    if (is_bucket() && change > 0) {
        leaky_bucket& bucket = accounts_.bucket(of.account).logged;
        uint128 const end = bucket.fill(of.window, definition_.limit, change);
        of.logged_end = is_new ? end : of.logged_end + leaky_bucket::drops(change);
    }
    of.logged = of.amount;
}

AIAUDIT_INLINE void kept_budget::log_advance(hold& of, std::int64_t window) {
    if (!is_bucket()) return;
    // For the log, one that was used up is another one.
    if (of.logged <= 0) of.window = window;
    accounts_.bucket(of.account).logged.fill(window, definition_.limit, 0);
}

AIAUDIT_INLINE void kept_budget::fill_lost(hold const& of, timestamp at) {
    std::int64_t const ns = reckonable_ns(at);
    auto const fill = [&](leaky_bucket& bucket, int128 amount) {
        int128 const room = definition_.limit - bucket.level(ns, definition_.limit);
        bucket.fill(ns, definition_.limit,
                    std::clamp(amount, int128{0}, (std::max)(room, int128{0})));
    };
    fill(accounts_.bucket(of.account).level, of.amount);
    fill(accounts_.bucket(of.account).logged, of.logged);
}

AIAUDIT_INLINE void kept_budget::settle(hold const& of, int128 taken) {
    if (is_bucket()) {
        bucket_account& bucket = accounts_.bucket(of.account);
        auto const settle_in = [&](leaky_bucket& in, uint128 end, int128 held) {
            if (taken < held)
                in.take_back(end, held, held - taken);
            else if (taken > held)
                in.fill(of.window, definition_.limit, taken - held);
        };
        settle_in(bucket.level, of.end, of.amount);
        settle_in(bucket.logged, of.logged_end, (std::max)(of.logged, int128{0}));
        bucket.held -= of.amount;
        --bucket.open;
        return;
    }
    window_account& windows = accounts_[of.account].windows;
    if (windows.has(of.window)) windows.add(of.window, keeping_, {{taken, -of.amount}, -1});
}

AIAUDIT_INLINE void kept_budget::restore_hold(hold const& of) {
    if (is_bucket()) {
        accounts_.bucket(of.account).held += of.amount;
        ++accounts_.bucket(of.account).open;
        return;
    }
    window_account& windows = accounts_[of.account].windows;
    if (windows.has(of.window)) windows.add(of.window, keeping_, {{0, of.amount}, 1});
}

AIAUDIT_INLINE void kept_budget::charge(std::uint32_t number, std::int64_t window, int128 amount) {
    if (is_bucket()) {
        accounts_.bucket(number).level.fill(window, definition_.limit, amount);
        accounts_.bucket(number).logged.fill(window, definition_.limit, amount);
        return;
    }
    window_account& windows = accounts_[number].windows;
    if (!windows.forgot(window, keeping_)) windows.add(window, keeping_, {{amount, 0}});
}

AIAUDIT_INLINE int128 kept_budget::correction_at(budget_place const& place, int128 change) const {
    if (definition_.unit != budget_unit::usd || is_bucket() || of_lives_) return 0;
    auto const sums = place.account == account_table::none
                          ? std::nullopt
                          : accounts_[place.account].windows.find(place.window);
    int128 const spent = sums ? sums->used.spent : int128{0};
    return std::clamp(change, -spent, budget_amount_most);
}

AIAUDIT_INLINE bool kept_budget::forgot_before(budget_place const& place) const noexcept {
    if (keeping_.reach == 0) return false;
    if (place.window - keeping_.reach < known_since_) return true;
    return place.account != account_table::none &&
           accounts_[place.account].windows.forgot_before(place.window, keeping_);
}

AIAUDIT_INLINE bool kept_budget::is_closed(window_account const& windows, timestamp at) const {
    if (of_lives_)
        return windows.newest() == window_sums::none && windows.floor() != window_sums::none;
    return windows.floor() >= first_window_at(at);
}

AIAUDIT_INLINE future_state kept_budget::future(timestamp after) const {
    future_state found;
    found.budget = definition_.name;
    found.unit = definition_.unit;
    if (!has_future()) return found;
    std::int64_t const last = window_at(after);
    for (std::uint32_t i = 0; i < accounts_.size(); ++i) {
        if (is_bucket()) {
            if (accounts_.bucket(i).level.at_ns() > last) ++found.closed;
            continue;
        }
        window_account windows = accounts_[i].windows;
        windows.for_each([&](window_sums const& each) {
            if (each.number <= last) return;
            found.spent += each.used.spent;
            found.reserved += each.used.reserved;
            ++found.windows;
        });
        windows.drop_after(last, keeping_);
        if (is_closed(windows, after)) ++found.closed;
    }
    if (known_since_ > last) found.closed = (std::max)(found.closed, std::uint64_t{1});
    return found;
}

AIAUDIT_INLINE bool kept_budget::forget_future(timestamp after) {
    if (!has_future()) return false;
    std::int64_t const last = window_at(after);
    accounts_.turn_back(reckonable_ns(after));
    std::erase_if(credits_, [last](window_credit const& each) { return each.window > last; });
    reckon_thresholds();
    if (is_bucket()) {
        known_since_ = (std::min)(known_since_, first_window_at(after));
        return false;
    }
    bool lost = known_since_ > first_window_at(after);
    for (std::uint32_t i = 0; i < accounts_.size(); ++i) {
        accounts_[i].windows.drop_after(last, keeping_);
        lost = lost || is_closed(accounts_[i].windows, after);
    }
    return lost;
}

AIAUDIT_INLINE std::int64_t kept_budget::kept_since(std::uint32_t account) const noexcept {
    if (account == account_table::none) return known_since_;
    window_account const& windows = accounts_[account].windows;
    constexpr std::int64_t never = (std::numeric_limits<std::int64_t>::max)();
    if (of_lives_) return windows.newest() == window_sums::none ? never : known_since_;
    std::int64_t const floor = windows.floor();
    return (std::max)(known_since_, floor == window_sums::none ? floor : floor + 1);
}

AIAUDIT_INLINE std::uint32_t kept_budget::take_lost(kept_budget const& read, std::uint32_t account,
                                                    timestamp after) {
    std::string_view const name = read.accounts()[account].name();
    std::uint32_t here = account_named(name);
    std::int64_t const since = kept_since(here);
    if (here == account_table::none) here = accounts_.add(name, account_table::hash_of(name));
    if (of_runs()) accounts_.use(here, read.accounts().used_at(account));
    window_account& to = accounts_[here].windows;
    window_account const& from = read.accounts()[account].windows;
    std::int64_t const first = first_window_at(after);
    if (since > first) to.restore_floor(of_lives_ ? from.floor() : first - 1);
    from.for_each([&](window_sums const& each) {
        if (each.number < since && !to.forgot(each.number, keeping_))
            to.add(each.number, keeping_, {{each.used.spent, 0}, 0, each.fired});
    });
    return here;
}

AIAUDIT_INLINE void kept_budget::end_taking(timestamp after) {
    std::int64_t const first = first_window_at(after);
    known_since_ = (std::min)(known_since_, first);
    if (of_lives_) return;
    for (std::uint32_t i = 0; i < accounts_.size(); ++i) {
        window_account& each = accounts_[i].windows;
        if (each.floor() >= first) each.restore_floor(first - 1);
    }
}

AIAUDIT_INLINE void kept_budget::reckon_thresholds() {
    adds_ = definition_.roll_over != 0 || !credits_.empty() || of_fleet();
    thresholds_.clear();
    for (std::uint32_t const percent : definition_.alert_percents) {
        int128 const least = (definition_.limit * percent + 99) / 100;
        thresholds_.push_back((std::max)(least, int128{1}));
    }
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_BUDGET_KEPT_BUDGET_IPP
