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
    in_base_ = false;
    taken_count_ = 0;
}

AIAUDIT_INLINE void group_ranking::end_pass() {
    settle_base();
    for (gathered const& group : groups_) {
        if (group.attempts != 0) compete(group);
    }
    low_ = std::move(high_);
}

AIAUDIT_INLINE void group_ranking::settle() {
    std::size_t const count = std::exchange(taken_count_, 0);
    prefetch(count);
    for (std::size_t i = 0; i < count; ++i) add(taken_[i]);
}

AIAUDIT_INLINE void group_ranking::settle_base() {
    std::size_t const count = std::exchange(taken_count_, 0);
    std::size_t known = 0;  // of those that may be gathered, which come first then
    for (std::size_t i = 0; i < count; ++i) {
        if (!may_be_gathered(taken_[i].hash)) {
            if (taken_[i].attempts != 0) compete(taken_[i]);
            continue;
        }
        index_.prefetch(taken_[i].hash);
        taken_[known++] = taken_[i];
    }
    prefetch(known);
    for (std::size_t i = 0; i < known; ++i) add_base(taken_[i]);
}

AIAUDIT_INLINE void group_ranking::prefetch(std::size_t count) const noexcept {
    for (std::size_t i = 0; i < count; ++i) {
        std::uint32_t const number = index_.guess(taken_[i].hash);
        if (number != hash_index::none) __builtin_prefetch(&groups_[number]);
    }
    for (std::size_t i = 0; i < count; ++i) {
        std::uint32_t const number = index_.guess(taken_[i].hash);
        if (number != hash_index::none && groups_[number].hash == taken_[i].hash)
            __builtin_prefetch(groups_[number].name.text.data());
    }
}

AIAUDIT_INLINE std::uint32_t group_ranking::find(gathered const& group) const {
    return index_.find(group.hash, [&](std::uint32_t number) {
        return groups_[number].hash == group.hash && groups_[number].name == group.name;
    });
}

AIAUDIT_INLINE void group_ranking::add(gathered const& group) {
    if (!is_in_pass(group.name)) return;  // its half was dropped since it was taken
    if (std::uint32_t const found = find(group); found != hash_index::none) {
        add_to(groups_[found], group);
        return;
    }
    insert(group);
    if ((groups_.size() & 1023) == 0 && bytes() > memory_bytes_) drop_half();
}

AIAUDIT_INLINE void group_ranking::add_base(gathered const& group) {
    std::uint32_t const found = find(group);
    if (found != hash_index::none)
        add_to(groups_[found], group);
    else if (group.attempts != 0)
        compete(group);
}

AIAUDIT_INLINE void group_ranking::add_to(gathered& known, gathered const& group) noexcept {
    known.attempts += group.attempts;
    known.cost = wrapping_sum(money::from_pico(known.cost), money::from_pico(group.cost)).pico();
}

AIAUDIT_INLINE void group_ranking::begin_base() {
    constexpr std::size_t bits_a_group = 16;
    settle();
    in_base_ = true;
    filter_.assign(std::bit_ceil(groups_.size() * bits_a_group / 64 + 1), 0);
    for (gathered const& group : groups_) {
        std::uint64_t const bit = filter_bit(group.hash);
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
