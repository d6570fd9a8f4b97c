// SPDX-License-Identifier: MIT
//
// totals.hpp: what a report adds up, and the histogram from which it takes latency percentiles.
//
// Both merge in any order and grouping to the same value, which is what lets a day be a sum of
// slots.
// Threads: plain values.
// Floor 4.
#ifndef AIAUDIT_ROLLUP_TOTALS_HPP
#define AIAUDIT_ROLLUP_TOTALS_HPP

#include <aiaudit/core/record.hpp>   // record
#include <aiaudit/detail/bytes.hpp>  // varints

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <string>
#include <vector>

namespace aiaudit {
inline namespace v1 {

// The units that reports add up, in the order of their columns.
inline constexpr std::array<unit, 11> reported_units{unit::input_tokens,
                                                     unit::cache_read_tokens,
                                                     unit::cache_write_tokens,
                                                     unit::cache_write_5m_tokens,
                                                     unit::cache_write_1h_tokens,
                                                     unit::output_tokens,
                                                     unit::output_reasoning_tokens,
                                                     unit::input_audio_tokens,
                                                     unit::output_audio_tokens,
                                                     unit::output_image_tokens,
                                                     unit::web_searches};

struct totals {
    std::uint64_t requests = 0;  // calls: their first attempts
    std::uint64_t attempts = 0;  // HTTP exchanges, retries included
    std::uint64_t errors = 0;    // attempts that failed
    std::uint64_t uncosted =
        0;  // attempts whose cost is not known (unpriced, or no usage): not in `cost`
    std::uint64_t timed = 0;                                    // attempts with a duration
    std::uint64_t latency_ns = 0;                               // sum of the durations
    std::array<std::uint64_t, reported_units.size()> counts{};  // by reported_units
    money cost{};

    [[nodiscard]] static totals of(record const& entry) {
        totals sum;
        sum.requests = entry.attempt == 1 ? 1 : 0;
        sum.attempts = 1;
        sum.errors = entry.failed() ? 1 : 0;
        sum.uncosted =
            entry.cost_status == cost_status::unpriced || entry.cost_status == cost_status::unknown
                ? 1
                : 0;
        sum.timed = entry.duration_ns ? 1 : 0;
        sum.latency_ns = entry.duration_ns.value_or(0);
        for (std::size_t i = 0; i < reported_units.size(); ++i)
            sum.counts[i] = entry.usage.count(reported_units[i]);
        sum.cost = entry.cost;
        return sum;
    }

    void add(totals const& other) {
        requests += other.requests;
        attempts += other.attempts;
        errors += other.errors;
        uncosted += other.uncosted;
        timed += other.timed;
        latency_ns += other.latency_ns;
        for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
        cost += other.cost;
    }
    [[nodiscard]] std::uint64_t count(unit which) const noexcept {
        for (std::size_t i = 0; i < reported_units.size(); ++i) {
            if (reported_units[i] == which) return counts[i];
        }
        return 0;
    }
    [[nodiscard]] std::uint64_t total_tokens() const noexcept {
        return count(unit::input_tokens) + count(unit::output_tokens);
    }
    // Cost for one request, rounded half to even to pico-USD; zero without requests.
    [[nodiscard]] money average_cost() const noexcept {
        if (requests == 0) return {};
        return money::from_pico(
            detail::divide_half_even(cost.pico(), static_cast<int128>(requests)));
    }

    friend bool operator==(totals const&, totals const&) = default;
};

// Counts of durations in buckets 1/32 of their size wide (an error of at most 1.6 %), from 1 us to
// 19 h.
class latency_histogram {
public:
    static constexpr unsigned steps = 32;  // buckets in an octave
    static constexpr std::uint32_t bucket_count = 33 * steps;

    [[nodiscard]] static constexpr std::uint32_t bucket_of(std::uint64_t duration_ns) noexcept {
        std::uint64_t const us = duration_ns / 1000;
        if (us < steps) return static_cast<std::uint32_t>(us);
        unsigned const shift =
            static_cast<unsigned>(std::bit_width(us)) - 6;  // leaves 6 bits: 32 to 63
        std::uint64_t const bucket = std::uint64_t{shift} * steps + (us >> shift);
        return static_cast<std::uint32_t>(std::min<std::uint64_t>(bucket, bucket_count - 1));
    }
    // The middle of the bucket.
    [[nodiscard]] static constexpr std::uint64_t value_ns(std::uint32_t bucket) noexcept {
        if (bucket < 2 * steps) return bucket * std::uint64_t{1000};
        unsigned const shift = bucket / steps - 1;
        std::uint64_t const low = std::uint64_t{bucket % steps + steps} << shift;
        return (low * 2 + (std::uint64_t{1} << shift)) * 500;
    }

    struct entry {
        std::uint32_t bucket = 0;
        std::uint32_t count = 0;
        friend constexpr bool operator==(entry, entry) noexcept = default;
    };

    void add(std::uint32_t bucket, std::uint32_t count = 1) {
        auto at = std::lower_bound(
            entries_.begin(), entries_.end(), bucket,
            [](entry const& e, std::uint32_t wanted) { return e.bucket < wanted; });
        if (at == entries_.end() || at->bucket != bucket) at = entries_.insert(at, {bucket, 0});
        at->count += count;
    }
    void add(latency_histogram const& other) {
        for (entry const& e : other.entries_) add(e.bucket, e.count);
    }
    [[nodiscard]] std::vector<entry> const& entries() const noexcept {
        return entries_;
    }  // ascending
    friend bool operator==(latency_histogram const&, latency_histogram const&) = default;

private:
    std::vector<entry> entries_{};
};

// Histograms added up for one query.
class latency_sum {
public:
    void add(latency_histogram const& part) {
        if (part.entries().empty()) return;
        if (counts_.empty()) counts_.resize(latency_histogram::bucket_count);
        for (auto const& e : part.entries()) {
            counts_[e.bucket] += e.count;
            total_ += e.count;
        }
    }
    // The duration that `percent` of them do not exceed (nearest rank); 0 where there are none.
    [[nodiscard]] std::uint64_t percentile_ns(std::uint64_t percent) const noexcept {
        std::uint64_t const rank = std::max<std::uint64_t>((total_ * percent + 99) / 100, 1);
        std::uint64_t seen = 0;
        for (std::uint32_t bucket = 0; bucket < counts_.size(); ++bucket) {
            seen += counts_[bucket];
            if (seen >= rank) return latency_histogram::value_ns(bucket);
        }
        return 0;
    }

private:
    std::vector<std::uint64_t> counts_{};
    std::uint64_t total_ = 0;
};

// One cell of a rollup.
struct cell {
    totals sum{};
    latency_histogram latency{};

    [[nodiscard]] static cell of(record const& entry) {
        cell made{totals::of(entry), {}};
        if (entry.duration_ns) made.latency.add(latency_histogram::bucket_of(*entry.duration_ns));
        return made;
    }
    void add(cell const& other) {
        sum.add(other.sum);
        latency.add(other.latency);
    }
    friend bool operator==(cell const&, cell const&) = default;
};

namespace detail {

// The numbers of a totals in their stored order, so that writing and reading cannot differ.
template <class Totals, class Visitor>
void for_each_number(Totals& sum, Visitor&& visit) {
    visit(sum.requests);
    visit(sum.attempts);
    visit(sum.errors);
    visit(sum.uncosted);
    visit(sum.timed);
    visit(sum.latency_ns);
    for (auto& count : sum.counts) visit(count);
}

// A mask of the numbers that are not zero, those numbers, the cost, the histogram.
inline void append_cell(std::string& out, cell const& from) {
    std::uint64_t mask = 0;
    unsigned place = 0;
    for_each_number(from.sum,
                    [&](std::uint64_t number) { mask |= std::uint64_t{number != 0} << place++; });
    append_varint(out, mask);
    for_each_number(from.sum, [&](std::uint64_t number) {
        if (number != 0) append_varint(out, number);
    });
    append_varint128(out, from.sum.cost.pico());
    append_varint(out, from.latency.entries().size());
    for (auto const& e : from.latency.entries()) {
        append_varint(out, e.bucket);
        append_varint(out, e.count);
    }
}

[[nodiscard]] inline cell take_cell(byte_reader& in) {
    cell to;
    std::uint64_t mask = in.varint();
    for_each_number(to.sum, [&](std::uint64_t& number) {
        if ((mask & 1) != 0) number = in.varint();
        mask >>= 1;
    });
    to.sum.cost = money::from_pico(in.varint128());
    for (std::uint64_t left = in.varint(); left > 0 && in.ok(); --left) {
        auto const bucket = static_cast<std::uint32_t>(in.varint());
        to.latency.add(std::min(bucket, latency_histogram::bucket_count - 1),
                       static_cast<std::uint32_t>(in.varint()));
    }
    return to;
}

}  // namespace detail
}  // namespace v1
}  // namespace aiaudit

#endif  // AIAUDIT_ROLLUP_TOTALS_HPP
