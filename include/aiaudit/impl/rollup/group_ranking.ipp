// SPDX-License-Identifier: MIT
//
// group_ranking.ipp: the definitions of group_ranking.hpp.
#ifndef AIAUDIT_IMPL_ROLLUP_GROUP_RANKING_IPP
#define AIAUDIT_IMPL_ROLLUP_GROUP_RANKING_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/rollup/group_ranking.hpp>

#include <algorithm>
#include <bit>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::string_view group_ranking::text_room::hold(std::string_view text) {
    if (text.empty()) return {};
    if (blocks_.empty() || blocks_.back().capacity() - blocks_.back().size() < text.size())
        blocks_.emplace_back().reserve((std::max)(block_bytes, text.size()));
    std::string& block = blocks_.back();
    std::size_t const place = block.size();
    block.append(text);
    return std::string_view(block).substr(place);
}

AIAUDIT_INLINE void group_ranking::begin_pass() {
    groups_.clear();
    index_.clear();
    texts_ = {};
    high_.reset();
}

AIAUDIT_INLINE void group_ranking::end_pass() {
    for (gathered const& group : groups_) {
        if (group.attempts != 0) compete(group);
    }
    low_ = std::move(high_);
}

AIAUDIT_INLINE void group_ranking::add(group_name name, std::uint64_t attempts, money cost) {
    if (!is_in_pass(name)) return;
    std::uint64_t const hash = name.hash();
    std::uint32_t const found =
        index_.find(hash, [&](std::uint32_t number) { return groups_[number].name == name; });
    if (found != hash_index::none) {
        gathered& group = groups_[found];
        group.attempts += attempts;
        group.cost = wrapping_sum(money::from_pico(group.cost), cost).pico();
        return;
    }
    insert({name, cost.pico(), attempts, hash});
    if ((groups_.size() & 1023) == 0 && bytes() > memory_bytes_) drop_half();
}

AIAUDIT_INLINE void group_ranking::add_base(gathered const& group) {
    if (!is_in_pass(group.name)) return;
    std::uint64_t const hash = group.name.hash();
    std::uint32_t const found =
        may_be_gathered(hash)
            ? index_.find(hash,
                          [&](std::uint32_t number) { return groups_[number].name == group.name; })
            : hash_index::none;
    if (found == hash_index::none) {
        if (group.attempts != 0) compete(group);
        return;
    }
    gathered& known = groups_[found];
    known.attempts += group.attempts;
    known.cost = wrapping_sum(money::from_pico(known.cost), money::from_pico(group.cost)).pico();
}

AIAUDIT_INLINE void group_ranking::begin_base() {
    constexpr std::size_t bits_a_group = 16;
    filter_.assign(std::bit_ceil(groups_.size() * bits_a_group / 64 + 1), 0);
    for (gathered const& group : groups_) {
        std::uint64_t const bit = group.hash >> 7 & (filter_.size() * 64 - 1);
        filter_[bit / 64] |= std::uint64_t{1} << bit % 64;
    }
}

AIAUDIT_INLINE void group_ranking::insert(gathered const& group) {
    gathered held = group;
    held.name = {texts_.hold(group.name.provider), texts_.hold(group.name.text)};
    index_.insert(group.hash, static_cast<std::uint32_t>(groups_.size()),
                  [this](std::uint32_t number) { return groups_[number].hash; });
    groups_.push_back(held);
}

AIAUDIT_INLINE void group_ranking::drop_half() {
    auto const middle = groups_.begin() + static_cast<std::ptrdiff_t>(groups_.size() / 2);
    std::nth_element(groups_.begin(), middle, groups_.end(),
                     [](gathered const& a, gathered const& b) { return a.name < b.name; });
    high_.emplace(middle->name);
    std::vector<gathered> const kept(groups_.begin(), middle);
    text_room const texts = std::exchange(texts_, {});
    groups_.clear();
    index_.clear();
    for (gathered const& group : kept) insert(group);
}

AIAUDIT_INLINE void group_ranking::compete(gathered const& group) {
    ++group_count_;
    if (places_ == 0 || (worst_ && group.cost < *worst_)) return;
    best_.push_back({held_name(group.name), group.cost});
    if (best_.size() >= places_ * 2 + 1024) keep_best();
}

AIAUDIT_INLINE void group_ranking::keep_best() {
    if (best_.size() < places_ || places_ == 0) return;
    auto const last = best_.begin() + static_cast<std::ptrdiff_t>(places_ - 1);
    std::nth_element(best_.begin(), last, best_.end(), before);
    worst_ = last->cost;
    best_.erase(std::next(last), best_.end());
}

AIAUDIT_INLINE void group_ranking::order() {
    keep_best();
    std::sort(best_.begin(), best_.end(), before);
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ROLLUP_GROUP_RANKING_IPP
