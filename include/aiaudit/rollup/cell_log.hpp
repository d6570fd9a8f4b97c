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
#include <vector>

namespace aiaudit {
inline namespace v1 {
namespace detail {

class cell_log {
public:
    struct entry {
        std::uint32_t series = 0;
        std::uint32_t slot = 0;  // of the day
        std::uint64_t at = 0;    // its first word
    };

    // One attempt. `bucket` is its duration's, where it was timed.
    void add(std::uint32_t series, std::uint32_t slot, totals const& sum, std::uint32_t bucket) {
        begin(series, slot, sum, sum.timed);
        if (sum.timed != 0) words_.push_back(std::uint64_t{bucket} << 32 | 1);
    }
    void add(std::uint32_t series, std::uint32_t slot, cell const& value) {
        begin(series, slot, value.sum, value.latency.entries().size());
        for (auto const& e : value.latency.entries()) {
            words_.push_back(std::uint64_t{e.bucket} << 32 | e.count);
        }
    }
    [[nodiscard]] std::vector<entry> const& entries() const noexcept { return entries_; }
    void read(entry const& from, cell& to) const {
        to.clear();
        std::uint64_t const* word = words_.data() + from.at;
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
    [[nodiscard]] std::size_t bytes() const noexcept {
        return entries_.capacity() * sizeof(entry) + words_.capacity() * 8;
    }

private:
    static constexpr unsigned ones = 5;         // so many numbers are usually 0 or 1
    static constexpr unsigned ones_shift = 20;  // where the bits stand that say so
    static constexpr unsigned entries_shift = 32;
    static constexpr std::uint64_t cost_low = std::uint64_t{1} << 18;
    static constexpr std::uint64_t cost_high = std::uint64_t{1} << 19;

    void begin(std::uint32_t series, std::uint32_t slot, totals const& sum, std::size_t entries) {
        std::size_t const at = words_.size();
        entries_.push_back({series, slot, at});
        std::array<std::uint64_t, totals_numbers + 3> words;
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
        words_.insert(words_.end(), words.begin(),
                      words.begin() + static_cast<std::ptrdiff_t>(size));
    }

    std::vector<entry> entries_{};
    std::vector<std::uint64_t> words_{};
};

}  // namespace detail
}  // namespace v1
}  // namespace aiaudit

#endif  // AIAUDIT_ROLLUP_CELL_LOG_HPP
