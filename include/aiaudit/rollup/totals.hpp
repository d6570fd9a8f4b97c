// SPDX-License-Identifier: MIT
//
// totals.hpp: what a report adds up, and the histogram from which it takes latency percentiles.
//
// Both merge in any order and grouping to the same value, which is what lets a day be a sum of
// slots. They are whole numbers that wrap, so a sum over days may be kept as the difference of two
// running sums, whatever these began with.
// Threads: plain values.
// Floor 4.
#ifndef AIAUDIT_ROLLUP_TOTALS_HPP
#define AIAUDIT_ROLLUP_TOTALS_HPP

#include <aiaudit/core/correction.hpp>  // correction_number
#include <aiaudit/core/record.hpp>      // record

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

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

// A sum of money as two whole numbers that wrap, so that it adds up as counts do.
struct money_parts {
    std::uint64_t micro = 0;  // millionths of a dollar, rounded down; signed
    std::uint64_t pico = 0;   // what is left of each amount, below 1,000,000; a sum is signed

    [[nodiscard]] static constexpr money_parts of(money amount) noexcept {
        constexpr int128 factor = 1'000'000;
        int128 const rest = (amount.pico() % factor + factor) % factor;
        return {static_cast<std::uint64_t>((amount.pico() - rest) / factor),
                static_cast<std::uint64_t>(rest)};
    }
    // Bounds: sums of up to 2^43 dollars, of up to 2^43 amounts.
    [[nodiscard]] constexpr money value() const noexcept {
        return money::from_pico(int128{static_cast<std::int64_t>(micro)} * 1'000'000 +
                                static_cast<std::int64_t>(pico));
    }
    // What takes it off a sum, number by number, so that nothing of it is left.
    [[nodiscard]] constexpr money_parts negated() const noexcept { return {~micro + 1, ~pico + 1}; }
    friend constexpr bool operator==(money_parts, money_parts) noexcept = default;
};

// Outcomes, and the corrections of their costs (core/correction.hpp). A correction counts as no
// attempt: it changes `cost`, `uncosted` and `unsure`, that of one attempt `estimated` and `margin`
// too; and what it changed is told apart.
struct totals {
    std::uint64_t requests = 0;  // calls: their first attempts
    std::uint64_t attempts = 0;  // HTTP exchanges, retries included
    std::uint64_t errors = 0;    // attempts that failed
    std::uint64_t uncosted =
        0;  // attempts whose cost is not known (unpriced, or no usage): not in `cost`
    std::uint64_t timed = 0;       // attempts with a duration
    std::uint64_t latency_ns = 0;  // sum of the durations
    // By reported_units: what providers reported. An estimate is a bound, and no usage.
    std::array<std::uint64_t, reported_units.size()> counts{};
    // What follows is zero for most.
    // Attempts whose cost is a bound or partial, or by a price that is assumed or stale.
    std::uint64_t unsure = 0;
    money_parts estimated{};  // the part of `cost` that is a bound
    money_parts margin{};     // by how much `cost` may be above what is owed
    // Attempts saved before estimates were told apart: theirs are among `counts`, and are neither
    // in `unsure` nor in `estimated`.
    std::uint64_t unsplit = 0;
    std::uint64_t corrections = 0;  // records
    money_parts corrected{};        // the part of `cost` that they are; signed
    std::uint64_t made_costed = 0;  // by how much they lowered `uncosted`
    std::uint64_t made_sure = 0;    // by how much they lowered `unsure`
    money_parts made_exact{};       // by how much they lowered `estimated`
    money_parts made_narrow{};      // by how much they lowered `margin`
    money cost{};

    // `entry` is a record, or a view of one with the same members.
    template <class Record>
    [[nodiscard]] static totals of(Record const& entry) {
        totals sum;
        if (entry.kind == record_kind::correction) {
            sum.corrections = 1;
            sum.cost = entry.cost;
            sum.corrected = money_parts::of(entry.cost);
            sum.made_costed = detail::correction_number(entry, detail::correction_tag::costed);
            sum.made_sure = detail::correction_number(entry, detail::correction_tag::sure);
            sum.uncosted = ~sum.made_costed + 1;
            sum.unsure = ~sum.made_sure + 1;
            if (detail::is_late_cost(entry)) take_range(sum, entry);
            return sum;
        }
        sum.requests = entry.attempt == 1 ? 1 : 0;
        sum.attempts = 1;
        sum.errors = entry.failed() ? 1 : 0;
        sum.uncosted = is_uncosted(entry) ? 1 : 0;
        sum.timed = entry.duration_ns ? 1 : 0;
        sum.latency_ns = entry.duration_ns.value_or(0);
        for (std::size_t i = 0; i < reported_units.size(); ++i)
            sum.counts[i] = entry.usage.reported_count(reported_units[i]);
        sum.cost = entry.cost;
        if (entry.cost_status == cost_status::estimated) {
            sum.estimated = money_parts::of(entry.cost);
            sum.margin = money_parts::of(entry.cost - entry.cost_low.value_or(money{}));
        }
        sum.unsure = is_unsure(entry) ? 1 : 0;
        return sum;
    }

    // Whether the cost is not known: unpriced, or no usage.
    template <class Record>
    [[nodiscard]] static bool is_uncosted(Record const& entry) noexcept {
        return entry.cost_status == cost_status::unpriced ||
               entry.cost_status == cost_status::unknown;
    }
    // Whether the cost is a bound or partial, or by a price that is assumed or stale.
    template <class Record>
    [[nodiscard]] static bool is_unsure(Record const& entry) noexcept {
        if (entry.cost_status == cost_status::estimated ||
            entry.cost_status == cost_status::partial)
            return true;
        return entry.cost_status == cost_status::priced &&
               (entry.price_basis == price_basis::assumed ||
                entry.price_basis == price_basis::stale);
    }

    // Of an attempt's late cost (core/correction.hpp): nothing of the attempt's bound is left.
    template <class Record>
    static void take_range(totals& sum, Record const& entry) {
        money const more = entry.cost;
        if (sum.made_sure != 0)
            sum.made_exact = money_parts::of(entry.provider_cost.value_or(more) - more);
        sum.made_narrow = money_parts::of(entry.cost_low.value_or(more) - more);
        sum.estimated = sum.made_exact.negated();
        sum.margin = sum.made_narrow.negated();
    }

    void add(totals const& other);
    // The least that is owed of `cost`.
    [[nodiscard]] money cost_low() const noexcept;
    // As the records say, without their corrections.
    [[nodiscard]] totals as_recorded() const noexcept;
    // Whether only attempts are counted, and all of them are sure.
    [[nodiscard]] bool plain() const noexcept {
        return (unsure | unsplit | corrections | margin.micro | margin.pico) == 0;
    }
    [[nodiscard]] std::uint64_t count(unit which) const noexcept;
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

    void add(std::uint32_t bucket, std::uint32_t count = 1);
    void add(latency_histogram const& other) {
        for (entry const& e : other.entries_) add(e.bucket, e.count);
    }
    // Precondition: above every bucket it has.
    void append(std::uint32_t bucket, std::uint32_t count) { entries_.push_back({bucket, count}); }
    // Keeps its memory for the next use.
    void clear() noexcept { entries_.clear(); }
    [[nodiscard]] std::vector<entry> const& entries() const noexcept {
        return entries_;
    }  // ascending
    friend bool operator==(latency_histogram const&, latency_histogram const&) = default;

private:
    std::vector<entry> entries_{};
};

// The durations that 50, 95 and 99 percent do not exceed (nearest rank); zero where there are none.
struct latency_percentiles {
    static constexpr std::array<std::uint64_t, 3> percents{50, 95, 99};

    std::array<std::uint64_t, 3> ns{};

    friend constexpr bool operator==(latency_percentiles const&,
                                     latency_percentiles const&) noexcept = default;
};

// What one slot of one series adds up to.
struct cell {
    totals sum{};
    latency_histogram latency{};

    template <class Record>
    [[nodiscard]] static cell of(Record const& entry) {
        cell made{totals::of(entry), {}};
        if (entry.duration_ns) made.latency.add(latency_histogram::bucket_of(*entry.duration_ns));
        return made;
    }
    void add(cell const& other) {
        sum.add(other.sum);
        latency.add(other.latency);
    }
    void clear() noexcept {
        sum = {};
        latency.clear();
    }
    friend bool operator==(cell const&, cell const&) = default;
};

namespace detail {

// The numbers of a totals in their stored order, so that writing and reading cannot differ: the
// common ones, then those that most sums have none of.
inline constexpr std::size_t common_numbers = 6 + reported_units.size();
inline constexpr std::size_t rare_numbers = 15;
inline constexpr std::size_t totals_numbers = common_numbers + rare_numbers;

template <class Totals, class Visitor>
constexpr void for_each_rare_number(Totals& sum, Visitor&& visit) {
    visit(sum.unsure);
    for (auto* const each : {&sum.estimated, &sum.margin}) {
        visit(each->micro);
        visit(each->pico);
    }
    visit(sum.unsplit);
    visit(sum.corrections);
    visit(sum.corrected.micro);
    visit(sum.corrected.pico);
    visit(sum.made_costed);
    visit(sum.made_sure);
    for (auto* const each : {&sum.made_exact, &sum.made_narrow}) {
        visit(each->micro);
        visit(each->pico);
    }
}

template <class Totals, class Visitor>
constexpr void for_each_common_number(Totals& sum, Visitor&& visit) {
    visit(sum.requests);
    visit(sum.attempts);
    visit(sum.errors);
    visit(sum.uncosted);
    visit(sum.timed);
    visit(sum.latency_ns);
    for (auto& count : sum.counts) visit(count);
}
template <class Totals, class Visitor>
constexpr void for_each_number(Totals& sum, Visitor&& visit) {
    for_each_common_number(sum, visit);
    for_each_rare_number(sum, visit);
}

[[nodiscard]] constexpr money wrapping_sum(money a, money b) noexcept {
    return money::from_pico(
        static_cast<int128>(static_cast<uint128>(a.pico()) + static_cast<uint128>(b.pico())));
}
[[nodiscard]] constexpr money wrapping_difference(money a, money b) noexcept {
    return money::from_pico(
        static_cast<int128>(static_cast<uint128>(a.pico()) - static_cast<uint128>(b.pico())));
}

static_assert(std::is_trivially_copyable_v<totals> && offsetof(totals, requests) == 0 &&
              offsetof(totals, counts) == 6 * sizeof(std::uint64_t) &&
              offsetof(totals, unsure) == common_numbers * sizeof(std::uint64_t) &&
              offsetof(totals, made_narrow) == (totals_numbers - 2) * sizeof(std::uint64_t));

// The number at a place of for_each_number.
[[nodiscard]] std::uint64_t number_at(totals const& sum, std::size_t place) noexcept;
inline void set_number(totals& sum, std::size_t place, std::uint64_t number) noexcept {
    std::memcpy(reinterpret_cast<char*>(&sum) + place * sizeof number, &number, sizeof number);
}

void add_rare_numbers(totals& sum, totals const& part) noexcept;

// As totals::add, but the cost wraps too: for running sums, of which only differences mean
// something. Two numbers at a time, always the same two: every record is added many times, and what
// was written by one width and is read by another is waited for.
void wrapping_add(totals& to, totals const& part) noexcept;

// Counts by bucket, all of them: for what changes often. Empty until something is added.
class dense_histogram {
public:
    static constexpr std::uint32_t octave = latency_histogram::steps;
    static constexpr std::uint32_t octaves = latency_histogram::bucket_count / octave;
    static constexpr std::size_t bytes_max = latency_histogram::bucket_count * 4;

    void add(std::uint32_t bucket, std::uint32_t count) {
        if (counts_.empty()) counts_.resize(latency_histogram::bucket_count);
        counts_[bucket] += count;
    }
    [[nodiscard]] bool empty() const noexcept { return counts_.empty(); }
    void clear() noexcept { std::fill(counts_.begin(), counts_.end(), 0U); }
    // Precondition: not empty().
    [[nodiscard]] std::uint32_t operator[](std::uint32_t bucket) const noexcept {
        return counts_[bucket];
    }
    [[nodiscard]] std::uint64_t of_octave(std::uint32_t which) const noexcept;
    [[nodiscard]] std::size_t bytes() const noexcept { return counts_.capacity() * 4; }

private:
    std::vector<std::uint32_t> counts_{};
};

// How many durations fall into a bucket or one below it: a running sum over buckets, kept only
// between the first and the last that were ever seen.
class running_histogram {
public:
    [[nodiscard]] std::uint64_t up_to(std::uint32_t bucket) const noexcept {
        if (bucket < first_ || counts_.empty()) return 0;
        return counts_[std::min<std::size_t>(bucket - first_, counts_.size() - 1)];
    }
    void add(dense_histogram const& part) { change(part, std::uint64_t{1}); }
    void subtract(dense_histogram const& part) { change(part, ~std::uint64_t{0}); }
    [[nodiscard]] std::size_t bytes() const noexcept { return counts_.capacity() * 8; }

private:
    void change(dense_histogram const& part, std::uint64_t factor);
    void widen(std::uint32_t first, std::uint32_t last);

    std::uint32_t first_ = 0;
    std::vector<std::uint64_t> counts_{};
};

// `up_to(bucket)` counts the durations in a bucket or below; it must not fall as the bucket rises.
template <class UpTo>
[[nodiscard]] latency_percentiles percentiles_of(UpTo&& up_to) {
    latency_percentiles made;
    std::uint64_t const total = up_to(latency_histogram::bucket_count - 1);
    if (total == 0) return made;
    std::uint32_t low = 0;
    for (std::size_t i = 0; i < made.ns.size(); ++i) {
        std::uint64_t const rank =
            std::max<std::uint64_t>((total * latency_percentiles::percents[i] + 99) / 100, 1);
        std::uint32_t high = latency_histogram::bucket_count - 1;
        while (low < high) {
            std::uint32_t const middle = (low + high) / 2;
            if (up_to(middle) >= rank)
                high = middle;
            else
                low = middle + 1;
        }
        made.ns[i] = latency_histogram::value_ns(low);
    }
    return made;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/rollup/totals.ipp>
#endif

#endif  // AIAUDIT_ROLLUP_TOTALS_HPP
