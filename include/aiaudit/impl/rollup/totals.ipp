// SPDX-License-Identifier: MIT
//
// totals.ipp: the definitions of totals.hpp.
#ifndef AIAUDIT_IMPL_ROLLUP_TOTALS_IPP
#define AIAUDIT_IMPL_ROLLUP_TOTALS_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/rollup/totals.hpp>

#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE void totals::add(totals const& other) {
    requests += other.requests;
    attempts += other.attempts;
    errors += other.errors;
    uncosted += other.uncosted;
    timed += other.timed;
    latency_ns += other.latency_ns;
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
    if (!other.plain()) detail::add_rare_numbers(*this, other);
    cost += other.cost;
}

AIAUDIT_INLINE money totals::cost_low() const noexcept {
    return detail::wrapping_difference(cost, margin.value());
}

AIAUDIT_INLINE totals totals::as_recorded() const noexcept {
    totals outcomes = *this;
    outcomes.cost = detail::wrapping_difference(cost, corrected.value());
    outcomes.uncosted += made_costed;
    outcomes.unsure += made_sure;
    for (auto const& [part, taken] :
         {std::pair{&outcomes.estimated, made_exact}, std::pair{&outcomes.margin, made_narrow}}) {
        part->micro += taken.micro;
        part->pico += taken.pico;
    }
    outcomes.corrections = outcomes.made_costed = outcomes.made_sure = 0;
    outcomes.corrected = outcomes.made_exact = outcomes.made_narrow = {};
    return outcomes;
}

AIAUDIT_INLINE std::uint64_t totals::count(unit which) const noexcept {
    for (std::size_t i = 0; i < reported_units.size(); ++i) {
        if (reported_units[i] == which) return counts[i];
    }
    return 0;
}

AIAUDIT_INLINE void latency_histogram::add(std::uint32_t bucket, std::uint32_t count) {
    auto at =
        std::lower_bound(entries_.begin(), entries_.end(), bucket,
                         [](entry const& e, std::uint32_t wanted) { return e.bucket < wanted; });
    if (at == entries_.end() || at->bucket != bucket) at = entries_.insert(at, {bucket, 0});
    at->count += count;
}
namespace detail {

AIAUDIT_INLINE std::uint64_t number_at(totals const& sum, std::size_t place) noexcept {
    std::uint64_t number = 0;
    std::memcpy(&number, reinterpret_cast<char const*>(&sum) + place * sizeof number,
                sizeof number);
    return number;
}

AIAUDIT_INLINE void add_rare_numbers(totals& sum, totals const& part) noexcept {
    for (std::size_t place = common_numbers; place < totals_numbers; ++place)
        set_number(sum, place, number_at(sum, place) + number_at(part, place));
}

AIAUDIT_INLINE void wrapping_add(totals& to, totals const& part) noexcept {
    using two_numbers [[gnu::vector_size(16)]] = std::uint64_t;
    auto* const bytes = reinterpret_cast<char*>(&to);
    auto const* const more = reinterpret_cast<char const*>(&part);
    for (std::size_t i = 0; i < common_numbers / 2; ++i) {
        two_numbers sum;
        two_numbers add;
        std::memcpy(&sum, bytes + i * sizeof sum, sizeof sum);
        std::memcpy(&add, more + i * sizeof add, sizeof add);
        sum += add;
        std::memcpy(bytes + i * sizeof sum, &sum, sizeof sum);
    }
    static_assert(common_numbers % 2 == 1);
    to.counts.back() += part.counts.back();
    if (!part.plain()) add_rare_numbers(to, part);
    to.cost = wrapping_sum(to.cost, part.cost);
}

AIAUDIT_INLINE std::uint64_t dense_histogram::of_octave(std::uint32_t which) const noexcept {
    std::uint32_t sum = 0;
    std::uint32_t const* const from = counts_.data() + which * octave;
    for (std::uint32_t i = 0; i < octave; ++i) sum += from[i];
    return sum;
}

AIAUDIT_INLINE void running_histogram::change(dense_histogram const& part, std::uint64_t factor) {
    if (part.empty()) return;
    std::uint32_t first = 0;
    std::uint32_t last = latency_histogram::bucket_count - 1;
    while (first < last && part[first] == 0) ++first;
    while (last > first && part[last] == 0) --last;
    widen(first, last);
    std::uint64_t sum = 0;
    for (std::uint32_t bucket = first; bucket - first_ < counts_.size(); ++bucket) {
        if (bucket <= last) sum += part[bucket] * factor;
        counts_[bucket - first_] += sum;
    }
}

AIAUDIT_INLINE void running_histogram::widen(std::uint32_t first, std::uint32_t last) {
    if (counts_.empty()) {
        first_ = first;
        counts_.resize(last - first + 1);
        return;
    }
    if (first < first_) {
        counts_.insert(counts_.begin(), first_ - first, 0);
        first_ = first;
    }
    if (last - first_ >= counts_.size()) counts_.resize(last - first_ + 1, counts_.back());
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ROLLUP_TOTALS_IPP
