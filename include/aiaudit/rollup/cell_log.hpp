// SPDX-License-Identifier: MIT
//
// cell_log.hpp: the cells of one day of UTC that are not yet saved, in the order of their coming.
//
// Appending must be quick, so nothing is merged or sorted here. A cell is kept as words: which
// numbers it has, then these. A record of text usage takes seven or eight of them.
// Threads: const members may run at once.
// Floor 4.
#ifndef AIAUDIT_ROLLUP_CELL_LOG_HPP
#define AIAUDIT_ROLLUP_CELL_LOG_HPP

#include <aiaudit/rollup/totals.hpp>  // totals, cell

#include <cstdint>
#include <memory>
#include <vector>

namespace aiaudit {
inline namespace v1 {
namespace detail {

class cell_log {
public:
    struct entry {
        std::uint32_t user = 0;
        std::uint32_t profile = 0;
        std::uint64_t slot_and_at = 0;  // slot of the day in the low byte; its first word

        [[nodiscard]] std::uint32_t slot() const noexcept {
            return static_cast<std::uint32_t>(slot_and_at & 0xFF);
        }
        [[nodiscard]] std::uint64_t at() const noexcept { return slot_and_at >> 8; }
    };

    // One attempt. `bucket` is its duration's, where it was timed.
    void add(std::uint32_t user, std::uint32_t profile, std::uint32_t slot, totals const& sum,
             std::uint32_t bucket) {
        std::uint64_t* const next = begin(user, profile, slot, sum, sum.timed);
        if (sum.timed != 0) next[0] = std::uint64_t{bucket} << 32 | 1;
    }
    void add(std::uint32_t user, std::uint32_t profile, std::uint32_t slot, cell const& value) {
        std::uint64_t* next = begin(user, profile, slot, value.sum, value.latency.entries().size());
        for (auto const& e : value.latency.entries())
            *next++ = std::uint64_t{e.bucket} << 32 | e.count;
    }
    [[nodiscard]] std::vector<entry> const& entries() const noexcept { return entries_; }
    void read(entry const& from, cell& to) const {
        to.clear();
        std::uint64_t const* word = word_at(from.at());
        std::uint64_t mask = *word++;
        std::uint64_t entries = mask >> entries_shift;
        bool const low = (mask & cost_low) != 0;
        bool const high = (mask & cost_high) != 0;
        std::uint64_t one = std::uint64_t{1} << ones_shift;
        std::uint64_t bit = 1;
        for_each_number(to.sum, [&](std::uint64_t& number) {
            if ((mask & bit) != 0) number = *word++;
            if (bit < std::uint64_t{1} << ones && (mask & one) != 0) number = 1;
            bit <<= 1;
            one <<= 1;
        });
        uint128 cost = low ? uint128{*word++} : uint128{0};
        if (high) cost |= uint128{*word++} << 64;
        to.sum.cost = money::from_pico(static_cast<int128>(cost));
        for (; entries > 0; --entries, ++word) {
            to.latency.add(static_cast<std::uint32_t>(*word >> 32),
                           static_cast<std::uint32_t>(*word));
        }
    }
    // Says that the entry will be read soon.
    void prefetch(entry const& which) const noexcept {
        std::uint64_t const* const word = word_at(which.at());
        __builtin_prefetch(word);
        __builtin_prefetch(word + 8);
    }

private:
    static constexpr std::size_t chunk_bits = 13;
    static constexpr std::size_t chunk_words = std::size_t{1} << chunk_bits;
    static constexpr unsigned ones = 5;         // so many numbers are usually 0 or 1
    static constexpr unsigned ones_shift = 20;  // where the bits stand that say so
    static constexpr unsigned entries_shift = 32;
    static constexpr std::uint64_t cost_low = std::uint64_t{1} << 18;
    static constexpr std::uint64_t cost_high = std::uint64_t{1} << 19;

    [[nodiscard]] std::uint64_t const* word_at(std::uint64_t at) const noexcept {
        return chunks_[at >> chunk_bits].get() + (at & (chunk_words - 1));
    }
    // Writes all but the histogram; returns where that goes.
    std::uint64_t* begin(std::uint32_t user, std::uint32_t profile, std::uint32_t slot,
                         totals const& sum, std::size_t entries) {
        if (used_ + totals_numbers + 3 + entries > chunk_words) {
            chunks_.push_back(std::make_unique<std::uint64_t[]>(chunk_words));
            used_ = 0;
        }
        std::uint64_t const at = ((chunks_.size() - 1) << chunk_bits) + used_;
        entries_.push_back({user, profile, at << 8 | slot});
        std::uint64_t* const words = chunks_.back().get() + used_;
        std::size_t size = 1;
        std::uint64_t mask = std::uint64_t{entries} << entries_shift;
        unsigned place = 0;
        for_each_number(sum, [&](std::uint64_t number) {
            if (number == 1 && place < ones) {
                mask |= std::uint64_t{1} << (ones_shift + place);
            } else if (number != 0) {
                mask |= std::uint64_t{1} << place;
                words[size++] = number;
            }
            ++place;
        });
        auto const cost = static_cast<uint128>(sum.cost.pico());
        auto const high = static_cast<std::uint64_t>(cost >> 64);
        if (cost != 0) {
            mask |= cost_low;
            words[size++] = static_cast<std::uint64_t>(cost);
        }
        if (high != 0) {
            mask |= cost_high;
            words[size++] = high;
        }
        words[0] = mask;
        used_ += size + entries;
        return words + size;
    }

    std::vector<entry> entries_{};
    std::vector<std::unique_ptr<std::uint64_t[]>> chunks_{};
    std::size_t used_ = chunk_words;  // of the last chunk
};

}  // namespace detail
}  // namespace v1
}  // namespace aiaudit

#endif  // AIAUDIT_ROLLUP_CELL_LOG_HPP
