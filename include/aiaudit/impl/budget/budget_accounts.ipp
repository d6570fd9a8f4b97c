// SPDX-License-Identifier: MIT
//
// budget_accounts.ipp: the definitions of budget_accounts.hpp.
#ifndef AIAUDIT_IMPL_BUDGET_BUDGET_ACCOUNTS_IPP
#define AIAUDIT_IMPL_BUDGET_BUDGET_ACCOUNTS_IPP

#include <aiaudit/budget/budget_accounts.hpp>
#include <aiaudit/config.hpp>  // AIAUDIT_INLINE

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE int128 window_account::most_used(std::int64_t number, window_keeping keeping) const {
    if (number == newest_.number) return keeping.reach == 0 ? newest_.used.all() : running_;
    if (keeping.reach != 0) return most_in_reach(number, keeping.reach);
    window_sums const* const there = find_in_past(number);
    return there == nullptr ? 0 : there->used.all();
}

AIAUDIT_INLINE window_sums& window_account::add(std::int64_t number, window_keeping keeping,
                                                amounts_used change) {
    window_sums& to = number == newest_.number ? newest_ : make(number, keeping);
    to.used.spent += change.spent;
    to.used.reserved += change.reserved;
    if (keeping.reach != 0 && newest_.number - number <= keeping.reach) running_ += change.all();
    return to;
}

AIAUDIT_INLINE amounts_used window_account::ending_with(std::int64_t last,
                                                        std::int64_t reach) const {
    amounts_used sum;
    for_each([&](window_sums const& each) {
        if (each.number > last || last - each.number > reach) return;
        sum.spent += each.used.spent;
        sum.reserved += each.used.reserved;
    });
    return sum;
}

AIAUDIT_INLINE window_sums& window_account::make(std::int64_t number, window_keeping keeping) {
    if (window_sums* const there = find(number)) return *there;
    AIAUDIT_ASSERT(!forgot(number, keeping));
    if (newest_.number == window_sums::none) {
        newest_.number = number;
        return newest_;
    }
    if (past_.size() + 1 >= keeping.kept) forget_lowest();
    if (number < newest_.number) {
        window_sums made;
        made.number = number;
        return *past_.insert(place_of(number), made);
    }
    if (newest_.number != window_sums::none) past_.push_back(newest_);
    newest_ = {};
    newest_.number = number;
    if (keeping.reach != 0) running_ = ending_with(number, keeping.reach).all();
    return newest_;
}

AIAUDIT_INLINE void window_account::forget_lowest() {
    floor_ = lowest();
    if (past_.empty()) {
        newest_ = {};
    } else {
        past_.erase(past_.begin());
    }
}

AIAUDIT_INLINE void window_account::drop_after(std::int64_t number, window_keeping keeping) {
    if (newest_.number == window_sums::none) return;
    // What came below the lowest of as many as are kept was not counted.
    if (past_.size() + 1 >= keeping.kept) floor_ = (std::max)(floor_, lowest() - 1);
    while (newest_.number > number) {
        newest_ = {};
        if (past_.empty()) break;
        newest_ = past_.back();
        past_.pop_back();
    }
    floor_ = (std::min)(floor_, number);
    running_ = keeping.reach == 0 ? 0 : ending_with(newest_.number, keeping.reach).all();
}

AIAUDIT_INLINE int128 window_account::most_in_reach(std::int64_t number, std::int64_t reach) const {
    int128 most = ending_with(number, reach).all();
    for_each([&](window_sums const& each) {
        if (each.number <= number || each.number - number > reach) return;
        most = (std::max)(most, ending_with(each.number, reach).all());
    });
    return most;
}

AIAUDIT_INLINE uint128 leaky_bucket::level_drops(std::int64_t ns, int128 limit) const noexcept {
    uint128 const level = filled_ - drained_;
    if (ns <= at_ns_ || level == 0) return level;
    uint128 const out = static_cast<uint128>(limit) *
                        (static_cast<std::uint64_t>(ns) - static_cast<std::uint64_t>(at_ns_));
    return out < level ? level - out : 0;
}

AIAUDIT_INLINE std::optional<std::int64_t> leaky_bucket::wait_ns(std::int64_t ns, int128 limit,
                                                                 int128 amount) const noexcept {
    if (amount > limit || limit == 0) return std::nullopt;
    uint128 const wanted = level_drops(ns, limit) + drops(amount);
    if (wanted <= drops(limit)) return 0;
    uint128 const over = wanted - drops(limit);
    auto const a_nanosecond = static_cast<uint128>(limit);
    uint128 wait = (over + a_nanosecond - 1) / a_nanosecond;
    // Nothing runs out before the time that the bucket stands at.
    if (at_ns_ > ns) wait += static_cast<std::uint64_t>(at_ns_) - static_cast<std::uint64_t>(ns);
    return static_cast<std::int64_t>((std::min)(wait, wait_most_ns));
}

AIAUDIT_INLINE uint128 leaky_bucket::fill(std::int64_t ns, int128 limit, int128 amount) noexcept {
    drained_ = filled_ - level_drops(ns, limit);
    at_ns_ = (std::max)(at_ns_, ns);
    filled_ += (std::min)(drops(amount), level_most - (filled_ - drained_));
    return filled_;
}

AIAUDIT_INLINE void leaky_bucket::take_back(uint128 end, int128 amount, int128 unused) noexcept {
    auto const ahead = static_cast<int128>(end - drained_);
    if (ahead <= 0) return;
    uint128 const still_in = (std::min)(static_cast<uint128>(ahead), drops(amount));
    drained_ += (std::min)({still_in, drops(unused), filled_ - drained_});
}

AIAUDIT_INLINE bool leaky_bucket::restore(std::int64_t at_ns, uint128 filled,
                                          uint128 drained) noexcept {
    at_ns_ = at_ns;
    filled_ = filled;
    drained_ = drained;
    return filled - drained <= level_most;
}

AIAUDIT_INLINE void account_table::prefetch_account(std::uint64_t hash) const noexcept {
    std::uint32_t const number = index_.guess(hash);
    if (number == none) return;
    auto const* const lines = reinterpret_cast<char const*>(&accounts_[number]);
    __builtin_prefetch(lines);
    __builtin_prefetch(lines + sizeof(budget_account) / 2);
    if (of_buckets_) __builtin_prefetch(&buckets_[number]);
}

AIAUDIT_INLINE std::uint32_t account_table::add(std::string_view name, std::uint64_t hash) {
    auto const number = static_cast<std::uint32_t>(accounts_.size());
    accounts_.emplace_back().name = name;
    if (of_buckets_) buckets_.emplace_back();
    if (keeps_use_) used_at_.push_back(window_sums::none);
    index_.insert(hash, number, [this](std::uint32_t of) { return hash_of(accounts_[of].name); });
    return number;
}

AIAUDIT_INLINE std::vector<std::uint32_t> account_table::retain(std::vector<bool> const& keep) {
    account_table left(of_buckets_, keeps_use_);
    std::vector<std::uint32_t> numbers(accounts_.size(), none);
    for (std::uint32_t i = 0; i < accounts_.size(); ++i) {
        if (!keep[i]) continue;
        numbers[i] = left.add(accounts_[i].name, hash_of(accounts_[i].name));
        left.accounts_[numbers[i]] = std::move(accounts_[i]);
        if (of_buckets_) left.buckets_[numbers[i]] = buckets_[i];
        if (keeps_use_) left.used_at_[numbers[i]] = used_at_[i];
    }
    *this = std::move(left);
    return numbers;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_BUDGET_BUDGET_ACCOUNTS_IPP
