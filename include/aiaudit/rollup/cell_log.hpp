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

#include <bit>
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
    // For an attempt: its duration, where it was timed, then the counts by mask().
    [[nodiscard]] std::uint64_t const* numbers() const noexcept { return words_ + 2; }
    // Moves `from`, which is past the counts, past the cost.
    [[nodiscard]] int128 take_cost(std::uint64_t const*& from) const noexcept {
        uint128 cost = 0;
        if ((words_[1] & cost_low) != 0) cost = *from++;
        if ((words_[1] & cost_high) != 0) cost |= uint128{*from++} << 64;
        return static_cast<int128>(cost);
    }
    void add_to(cell& to) const {
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
        for (std::uint64_t left = words_[1] >> entries_shift; left > 0; --left, ++next) {
            to.latency.add(static_cast<std::uint32_t>(*next >> 32),
                           static_cast<std::uint32_t>(*next));
        }
    }
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
    static constexpr unsigned mask_shift = 16;
    static constexpr unsigned mask_bits = reported_units.size();
    static constexpr unsigned entries_shift = 32;

    [[nodiscard]] std::size_t size() const noexcept {
        std::uint64_t const head = words_[1];
        std::size_t const fixed =
            (head & sum_bit) != 0 ? 6 : head >> (attempt_shift + 3) & std::size_t{1};
        return 2 + fixed + static_cast<std::size_t>(std::popcount(mask())) +
               ((head & cost_low) != 0 ? 1U : 0U) + ((head & cost_high) != 0 ? 1U : 0U) +
               static_cast<std::size_t>(head >> entries_shift);
    }

    std::uint64_t const* words_;
};

class cell_log {
public:
    // One attempt, as totals::of makes it.
    void add(std::uint32_t user, std::uint32_t profile, std::uint32_t slot, totals const& sum) {
        std::uint64_t* const words = room_for(0);
        words[0] = std::uint64_t{user} << 32 | profile;
        std::size_t size = 2;
        words[size] = sum.latency_ns;
        size += static_cast<std::size_t>(sum.timed);
        std::uint64_t const head = slot | std::uint64_t{attempt_bits::of(sum)}
                                              << logged_cell::attempt_shift;
        finish(words, size, head, sum);
    }
    void add(std::uint32_t user, std::uint32_t profile, std::uint32_t slot, cell const& value) {
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
        size = finish(words, size,
                      slot | logged_cell::sum_bit |
                          std::uint64_t{entries.size()} << logged_cell::entries_shift,
                      sum);
        for (auto const& e : entries) words[size++] = std::uint64_t{e.bucket} << 32 | e.count;
        chunks_[current_].used += entries.size();
    }

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
    void clear() noexcept {
        if (chunks_.size() > chunks_kept) chunks_.resize(chunks_kept);
        for (chunk& each : chunks_) each.used = 0;
        current_ = 0;
        size_ = 0;
    }

private:
    static constexpr std::size_t chunk_words = std::size_t{1} << 13;
    static constexpr std::size_t chunks_kept = 128;
    // Of a cell, but for the entries of its histogram.
    static constexpr std::size_t cell_words = 2 + 6 + reported_units.size() + 2;

    struct chunk {
        std::unique_ptr<std::uint64_t[]> words{};
        std::size_t used = 0;
    };

    [[nodiscard]] static bool is_attempt(cell const& value) noexcept {
        totals const& sum = value.sum;
        if (sum.attempts != 1 || sum.requests > 1 || sum.errors > 1 || sum.uncosted > 1)
            return false;
        if (sum.timed == 0) return sum.latency_ns == 0;
        return sum.timed == 1 && value.latency.entries().front().bucket ==
                                     latency_histogram::bucket_of(sum.latency_ns);
    }
    std::uint64_t* room_for(std::size_t entries) {
        std::size_t const needed = cell_words + entries;
        if (chunks_.empty() || chunks_[current_].used + needed > chunk_words) add_chunk();
        return chunks_[current_].words.get() + chunks_[current_].used;
    }
    void add_chunk() {
        if (!chunks_.empty()) ++current_;
        if (current_ == chunks_.size()) {
            chunks_.push_back(
                {std::unique_ptr<std::uint64_t[]>(new std::uint64_t[chunk_words]), 0});
        }
    }
    // Writes the head, the counts and the cost; returns where they end. What is zero is written
    // too, and then written over: that is quicker than to branch by what cannot be foreseen.
    std::size_t finish(std::uint64_t* words, std::size_t size, std::uint64_t head,
                       totals const& sum) {
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
        words[1] = head;
        chunks_[current_].used += size;
        ++size_;
        return size;
    }

    std::vector<chunk> chunks_{};
    std::size_t current_ = 0;  // of chunks_: those past it are empty
    std::size_t size_ = 0;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_ROLLUP_CELL_LOG_HPP
