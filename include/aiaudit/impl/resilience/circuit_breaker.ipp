// SPDX-License-Identifier: MIT
//
// circuit_breaker.ipp: the definitions of circuit_breaker.hpp.
#ifndef AIAUDIT_IMPL_RESILIENCE_CIRCUIT_BREAKER_IPP
#define AIAUDIT_IMPL_RESILIENCE_CIRCUIT_BREAKER_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/resilience/circuit_breaker.hpp>

#include <iterator>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE breaker_admission circuit_breaker::admit(steady_time now) noexcept {
    if (!options_.enabled) return {};
    if (state_ == breaker_state::closed) return {true, {}, {generation_, 0}, {}};
    std::optional<breaker_change> change;
    if (state_ == breaker_state::open) {
        if (now < until_) return {false, until_ - now, {}, {}};
        change = change_to(breaker_state::half_open);
    } else if (probe_out_ && now < lease_end_) {
        return {false, lease_end_ - now, {}, {}};
    }
    probe_out_ = true;
    lease_end_ = now + options_.probe_lease;
    return {true, {}, {generation_, ++probe_}, change};
}

AIAUDIT_INLINE std::optional<breaker_change> circuit_breaker::settle(
    steady_time now, breaker_ticket ticket, breaker_outcome outcome,
    std::optional<std::chrono::milliseconds> retry_after) noexcept {
    if (ticket.generation == 0) return {};
    bool const failed = outcome == breaker_outcome::failure;
    if (ticket.generation != generation_) {
        // Late, but what the provider asks for holds from now. It never shortens.
        if (failed && retry_after && state_ == breaker_state::open)
            until_ = (std::max)(until_, now + within_open_max(*retry_after));
        return {};
    }
    if (ticket.probe != 0) return settle_probe(now, ticket, outcome, retry_after);
    if (state_ != breaker_state::closed || outcome == breaker_outcome::ignored) return {};
    count(now, failed);
    if (!failed) return {};
    counts const seen = counted(newest_);
    if (seen.calls < options_.calls_min ||
        std::uint64_t{seen.failures} * 100 < std::uint64_t{options_.failure_percent} * seen.calls)
        return {};
    return open(now, retry_after, seen);
}

AIAUDIT_INLINE breaker_options circuit_breaker::bounded(breaker_options options) noexcept {
    std::chrono::milliseconds const zero{0};
    options.window = std::clamp(options.window, std::chrono::milliseconds{slots}, retry_after_most);
    options.open_for = std::clamp(options.open_for, zero, retry_after_most);
    options.open_max = std::clamp(options.open_max, zero, retry_after_most);
    options.probe_lease = std::clamp(options.probe_lease, zero, retry_after_most);
    return options;
}

AIAUDIT_INLINE void circuit_breaker::count(steady_time now, bool failed) noexcept {
    // Threads ask for the time first and come here later: times may step back a little.
    newest_ = (std::max)(newest_, slot_number(now));
    slot& current = slots_[place_of(newest_)];
    if (current.number != newest_) current = {newest_, {}};
    ++current.seen.calls;
    if (failed) ++current.seen.failures;
}

AIAUDIT_INLINE circuit_breaker::counts circuit_breaker::counted(
    std::int64_t newest) const noexcept {
    counts sum;
    for (slot const& each : slots_) {
        if (each.number <= newest - slots) continue;
        sum.calls += each.seen.calls;
        sum.failures += each.seen.failures;
    }
    return sum;
}

AIAUDIT_INLINE std::optional<breaker_change> circuit_breaker::settle_probe(
    steady_time now, breaker_ticket ticket, breaker_outcome outcome,
    std::optional<std::chrono::milliseconds> retry_after) noexcept {
    if (outcome == breaker_outcome::failure) return open(now, retry_after, {});
    // A probe whose lease has ended still tells how the provider is, but holds no place.
    if (outcome == breaker_outcome::success) return change_to(breaker_state::closed);
    if (ticket.probe == probe_) probe_out_ = false;
    return {};
}

AIAUDIT_INLINE breaker_change circuit_breaker::open(
    steady_time now, std::optional<std::chrono::milliseconds> retry_after, counts seen) noexcept {
    auto const asked = within_open_max(retry_after.value_or(std::chrono::milliseconds{0}));
    until_ = (std::max)(until_, now + (std::max)(options_.open_for, asked));
    breaker_change change = change_to(breaker_state::open);
    change.failures = seen.failures;
    change.calls = seen.calls;
    change.until = until_;
    return change;
}

AIAUDIT_INLINE breaker_change circuit_breaker::change_to(breaker_state to) noexcept {
    breaker_change const change{state_, to, 0, 0, {}};
    state_ = to;
    ++generation_;
    probe_out_ = false;
    slots_ = {};
    return change;
}

AIAUDIT_INLINE breaker_admission breaker_board::admit(std::string_view provider,
                                                      std::string_view model, steady_time now) {
    if (!options_.enabled) return {};
    std::lock_guard const lock(mutex_);
    circuit_breaker* const found = find_or_add({provider, model}, now);
    return found != nullptr ? found->admit(now) : breaker_admission{};
}

AIAUDIT_INLINE std::optional<breaker_change> breaker_board::settle(
    std::string_view provider, std::string_view model, steady_time now, breaker_ticket ticket,
    breaker_outcome outcome, std::optional<std::chrono::milliseconds> retry_after) {
    if (ticket.generation == 0) return {};
    std::lock_guard const lock(mutex_);
    auto const found = by_name_.find({provider, model});
    if (found == by_name_.end()) return {};
    return found->second->breaker.settle(now, ticket, outcome, retry_after);
}

AIAUDIT_INLINE std::vector<breaker_report> breaker_board::report(steady_time now) const {
    std::vector<breaker_report> all;
    std::lock_guard const lock(mutex_);
    all.reserve(breakers_.size());
    for (auto const& [provider, model, breaker] : breakers_) {
        all.push_back({provider, model, breaker.state(), breaker.counted_at(now), breaker.until()});
    }
    return all;
}

AIAUDIT_INLINE circuit_breaker* breaker_board::find_or_add(names of, steady_time now) {
    if (auto const found = by_name_.find(of); found != by_name_.end()) {
        breakers_.splice(breakers_.begin(), breakers_, found->second);
        return &found->second->breaker;
    }
    if ((std::max)(of.provider.size(), of.model.size()) > name_bytes_max || !make_room(now))
        return nullptr;
    // Far apart: a ticket of a breaker that was dropped fits none that came after it.
    generation_ += std::uint64_t{1} << 32;
    breakers_.push_front(
        {std::string{of.provider}, std::string{of.model}, circuit_breaker{options_, generation_}});
    entry const& added = breakers_.front();
    by_name_.emplace(names{added.provider, added.model}, breakers_.begin());
    return &breakers_.front().breaker;
}

AIAUDIT_INLINE bool breaker_board::make_room(steady_time now) {
    if (breakers_.size() < most_) return true;
    auto const oldest = std::find_if(breakers_.rbegin(), breakers_.rend(), [&](entry const& each) {
        return each.breaker.state() == breaker_state::closed ||
               each.breaker.until() <= now - forgotten_after;
    });
    if (oldest == breakers_.rend()) return false;
    by_name_.erase(names{oldest->provider, oldest->model});
    breakers_.erase(std::prev(oldest.base()));
    return true;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_RESILIENCE_CIRCUIT_BREAKER_IPP
