// SPDX-License-Identifier: MIT
//
// cell_log.ipp: the definitions of cell_log.hpp.
#ifndef AIAUDIT_IMPL_ROLLUP_CELL_LOG_IPP
#define AIAUDIT_IMPL_ROLLUP_CELL_LOG_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/rollup/cell_log.hpp>

#include <algorithm>
#include <bit>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE int128 logged_cell::take_cost(std::uint64_t const*& from) const noexcept {
    uint128 cost = 0;
    if ((words_[1] & cost_low) != 0) cost = *from++;
    if ((words_[1] & cost_high) != 0) cost |= uint128{*from++} << 64;
    return static_cast<int128>(cost);
}

// A word that says which there are, then these.
AIAUDIT_INLINE void logged_cell::take_rare(std::uint64_t const*& words, totals& sum) noexcept {
    std::uint64_t const rare_mask = *words++;
    std::size_t place = 0;
    for_each_rare_number(sum, [&](std::uint64_t& number) {
        if ((rare_mask >> place++ & 1) != 0) number += *words++;
    });
}

AIAUDIT_INLINE void logged_cell::add_to(cell& to) const {
    totals& sum = to.sum;
    std::uint64_t const* next = numbers();
    if (is_attempt()) {
        std::uint8_t const bits = attempt();
        sum.attempts += 1;
        sum.requests += bits & 1U;
        sum.errors += bits >> 1 & 1U;
        sum.uncosted += bits >> 2 & 1U;
        if ((bits & attempt_bits::timed) != 0) {
            sum.timed += 1;
            sum.latency_ns += *next;
            to.latency.add(latency_histogram::bucket_of(*next++), 1);
        }
    } else {
        for (std::uint64_t* const number : {&sum.requests, &sum.attempts, &sum.errors,
                                            &sum.uncosted, &sum.timed, &sum.latency_ns}) {
            *number += *next++;
        }
    }
    for (std::uint32_t rest = mask(); rest != 0; rest &= rest - 1)
        sum.counts[static_cast<std::size_t>(std::countr_zero(rest))] += *next++;
    sum.cost = wrapping_sum(sum.cost, money::from_pico(take_cost(next)));
    if (has_rare()) take_rare(next, sum);
    for (std::uint64_t left = words_[1] >> entries_shift; left > 0; --left, ++next) {
        to.latency.add(static_cast<std::uint32_t>(*next >> 32), static_cast<std::uint32_t>(*next));
    }
}

AIAUDIT_INLINE std::size_t logged_cell::size() const noexcept {
    std::uint64_t const head = words_[1];
    std::size_t const fixed =
        (head & sum_bit) != 0 ? 6 : head >> (attempt_shift + 3) & std::size_t{1};
    std::size_t const to_rare = 2 + fixed + static_cast<std::size_t>(std::popcount(mask())) +
                                ((head & cost_low) != 0 ? 1U : 0U) +
                                ((head & cost_high) != 0 ? 1U : 0U);
    std::size_t const rare =
        has_rare() ? 1 + static_cast<std::size_t>(std::popcount(words_[to_rare])) : 0;
    return to_rare + rare + static_cast<std::size_t>(head >> entries_shift);
}

AIAUDIT_INLINE void cell_log::add(std::uint32_t user, std::uint32_t profile, std::uint32_t slot,
                                  totals const& sum) {
    if (sum.attempts != 1) {
        add(user, profile, slot, cell{sum, {}});
        return;
    }
    std::uint64_t* const words = room_for(0);
    words[0] = std::uint64_t{user} << 32 | profile;
    std::size_t size = 2;
    words[size] = sum.latency_ns;
    size += static_cast<std::size_t>(sum.timed);
    std::uint64_t const head = slot | std::uint64_t{attempt_bits::of(sum)}
                                          << logged_cell::attempt_shift;
    finish(words, size, head, sum);
}

AIAUDIT_INLINE void cell_log::add(std::uint32_t user, std::uint32_t profile, std::uint32_t slot,
                                  cell const& value) {
    if (is_attempt(value)) {
        add(user, profile, slot, value.sum);
        return;
    }
    totals const& sum = value.sum;
    auto const& entries = value.latency.entries();
    std::uint64_t* const words = room_for(entries.size());
    words[0] = std::uint64_t{user} << 32 | profile;
    std::size_t size = 2;
    for (std::uint64_t const number :
         {sum.requests, sum.attempts, sum.errors, sum.uncosted, sum.timed, sum.latency_ns}) {
        words[size++] = number;
    }
    size = finish(
        words, size,
        slot | logged_cell::sum_bit | std::uint64_t{entries.size()} << logged_cell::entries_shift,
        sum);
    for (auto const& e : entries) words[size++] = std::uint64_t{e.bucket} << 32 | e.count;
    chunks_[current_].used += entries.size();
}

AIAUDIT_INLINE void cell_log::clear() noexcept {
    while (words_ > words_kept) {
        words_ -= chunks_.back().size;
        chunks_.pop_back();
    }
    for (chunk& each : chunks_) each.used = 0;
    current_ = 0;
    size_ = 0;
}

AIAUDIT_INLINE bool cell_log::is_attempt(cell const& value) noexcept {
    totals const& sum = value.sum;
    if (sum.attempts != 1 || sum.requests > 1 || sum.errors > 1 || sum.uncosted > 1) return false;
    if (sum.timed == 0) return sum.latency_ns == 0;
    return sum.timed == 1 &&
           value.latency.entries().front().bucket == latency_histogram::bucket_of(sum.latency_ns);
}

AIAUDIT_INLINE void cell_log::add_chunk(std::size_t words_min) {
    if (!chunks_.empty()) ++current_;
    while (current_ < chunks_.size() && chunks_[current_].size < words_min) ++current_;
    if (current_ < chunks_.size()) return;
    std::size_t size = chunks_.empty() ? chunk_words_min : chunks_.back().size * 2;
    size = (std::max)((std::min)(size, chunk_words_max), words_min);
    chunks_.push_back({std::unique_ptr<std::uint64_t[]>(new std::uint64_t[size]), size, 0});
    words_ += size;
}

AIAUDIT_INLINE std::size_t cell_log::finish(std::uint64_t* words, std::size_t size,
                                            std::uint64_t head, totals const& sum) {
    for (std::size_t i = 0; i < sum.counts.size(); ++i) {
        std::uint64_t const has = sum.counts[i] != 0 ? 1 : 0;
        words[size] = sum.counts[i];
        size += static_cast<std::size_t>(has);
        head |= has << (logged_cell::mask_shift + i);
    }
    auto const cost = static_cast<uint128>(sum.cost.pico());
    auto const low = static_cast<std::uint64_t>(cost);
    auto const high = static_cast<std::uint64_t>(cost >> 64);
    words[size] = low;
    size += low != 0 ? 1 : 0;
    words[size] = high;
    size += high != 0 ? 1 : 0;
    if (low != 0) head |= logged_cell::cost_low;
    if (high != 0) head |= logged_cell::cost_high;
    if (!sum.plain()) {
        std::uint64_t& rare_mask = words[size++];
        rare_mask = 0;
        std::size_t place = 0;
        for_each_rare_number(sum, [&](std::uint64_t number) {
            if (number != 0) {
                rare_mask |= std::uint64_t{1} << place;
                words[size++] = number;
            }
            ++place;
        });
        head |= logged_cell::rare_bit;
    }
    words[1] = head;
    chunks_[current_].used += size;
    ++size_;
    return size;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ROLLUP_CELL_LOG_IPP
