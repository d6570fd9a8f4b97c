// SPDX-License-Identifier: MIT
//
// cell_log.hpp: the cells of one day of UTC that are not yet saved, in the order of their coming.
//
// Appending must be quick, so nothing is merged or sorted here. A cell is kept as words: whose it
// is, what it has, then the numbers that are not zero. A record of text usage takes six or seven.
// Threads: const members may run at once.
// Floor 4.
#ifndef AIAUDIT_ROLLUP_CELL_LOG_HPP
#define AIAUDIT_ROLLUP_CELL_LOG_HPP

#include <aiaudit/rollup/totals.hpp>  // totals, cell

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// What one attempt counts as, in bits. Stored in day parts.
struct attempt_bits {
    static constexpr std::uint8_t request = 1;
    static constexpr std::uint8_t error = 2;
    static constexpr std::uint8_t uncosted = 4;
    static constexpr std::uint8_t timed = 8;
    static constexpr std::uint8_t all = 15;

    [[nodiscard]] static std::uint8_t of(totals const& sum) noexcept {
        return static_cast<std::uint8_t>(sum.requests | sum.errors << 1 | sum.uncosted << 2 |
                                         sum.timed << 3);
    }
};

// A cell in a log. Valid until the log changes.
class logged_cell {
public:
    explicit logged_cell(std::uint64_t const* words) noexcept : words_(words) {}

    [[nodiscard]] std::uint32_t user() const noexcept {
        return static_cast<std::uint32_t>(words_[0] >> 32);
    }
    [[nodiscard]] std::uint32_t profile() const noexcept {
        return static_cast<std::uint32_t>(words_[0]);
    }
    [[nodiscard]] std::uint32_t slot() const noexcept {
        return static_cast<std::uint32_t>(words_[1] & 0xFF);
    }
    // One attempt, whose duration tells its bucket; else a sum of attempts.
    [[nodiscard]] bool is_attempt() const noexcept { return (words_[1] & sum_bit) == 0; }
    [[nodiscard]] std::uint8_t attempt() const noexcept {
        return static_cast<std::uint8_t>(words_[1] >> attempt_shift & attempt_bits::all);
    }
    // Which of totals::counts are not zero.
    [[nodiscard]] std::uint32_t mask() const noexcept {
        return static_cast<std::uint32_t>(words_[1] >> mask_shift & ((1U << mask_bits) - 1));
    }
    // Whether rare numbers follow its cost.
    [[nodiscard]] bool has_rare() const noexcept { return (words_[1] & rare_bit) != 0; }
    // For an attempt: its duration, where it was timed, then the counts by mask().
    [[nodiscard]] std::uint64_t const* numbers() const noexcept { return words_ + 2; }
    // Moves `from`, which is past the counts, past the cost.
    [[nodiscard]] int128 take_cost(std::uint64_t const*& from) const noexcept;
    // Moves `words`, which is past the cost, past the rare numbers, which are added to `sum`.
    // Precondition: has_rare().
    static void take_rare(std::uint64_t const*& words, totals& sum) noexcept;
    void add_to(cell& to) const;
    // Says that it will be read soon.
    void prefetch() const noexcept {
        __builtin_prefetch(words_);
        __builtin_prefetch(words_ + 7);
    }

private:
    friend class cell_log;
    static constexpr unsigned attempt_shift = 8;
    static constexpr std::uint64_t sum_bit = std::uint64_t{1} << 12;
    static constexpr std::uint64_t cost_low = std::uint64_t{1} << 13;
    static constexpr std::uint64_t cost_high = std::uint64_t{1} << 14;
    static constexpr std::uint64_t rare_bit = std::uint64_t{1} << 15;
    static constexpr unsigned mask_shift = 16;
    static constexpr unsigned mask_bits = reported_units.size();
    static constexpr unsigned entries_shift = 32;

    [[nodiscard]] std::size_t size() const noexcept;

    std::uint64_t const* words_;
};

class cell_log {
public:
    // One attempt or correction, as totals::of makes it.
    void add(std::uint32_t user, std::uint32_t profile, std::uint32_t slot, totals const& sum);
    void add(std::uint32_t user, std::uint32_t profile, std::uint32_t slot, cell const& value);

    // How many cells.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    // visit(logged_cell) for each, in the order of their coming.
    template <class Visitor>
    void for_each(Visitor&& visit) const {
        for (chunk const& each : chunks_) {
            std::uint64_t const* const words = each.words.get();
            for (std::size_t at = 0; at < each.used;) {
                logged_cell const found{words + at};
                visit(found);
                at += found.size();
            }
        }
    }
    // Keeps up to 8 MiB of memory for the next use.
    void clear() noexcept;
    [[nodiscard]] std::size_t bytes() const noexcept { return words_ * sizeof(std::uint64_t); }

private:
    // Chunks double from the least size to the most: a log may be one of many, of few cells each.
    static constexpr std::size_t chunk_words_min = std::size_t{1} << 9;
    static constexpr std::size_t chunk_words_max = std::size_t{1} << 13;
    static constexpr std::size_t words_kept = std::size_t{1} << 20;
    // Of a cell, but for the entries of its histogram.
    static constexpr std::size_t cell_words = 2 + totals_numbers + 2 + 1;

    struct chunk {
        std::unique_ptr<std::uint64_t[]> words{};
        std::size_t size = 0;
        std::size_t used = 0;
    };

    [[nodiscard]] static bool is_attempt(cell const& value) noexcept;
    std::uint64_t* room_for(std::size_t entries) {
        std::size_t const needed = cell_words + entries;
        if (chunks_.empty() || chunks_[current_].used + needed > chunks_[current_].size)
            add_chunk(needed);
        return chunks_[current_].words.get() + chunks_[current_].used;
    }
    void add_chunk(std::size_t words_min);
    // Writes the head, the counts, the cost and what is rare; returns where they end. What is zero
    // is written too, and then written over: that is quicker than to branch by what cannot be
    // foreseen.
    std::size_t finish(std::uint64_t* words, std::size_t size, std::uint64_t head,
                       totals const& sum);

    std::vector<chunk> chunks_{};
    std::size_t current_ = 0;  // of chunks_: those past it are empty
    std::size_t size_ = 0;
    std::size_t words_ = 0;  // of all chunks
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/rollup/cell_log.ipp>
#endif

#endif  // AIAUDIT_ROLLUP_CELL_LOG_HPP
