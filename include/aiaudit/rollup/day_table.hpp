// SPDX-License-Identifier: MIT
//
// day_table.hpp: the sums of consecutive days by group, from which any span of days is read as one
// difference.
//
// A closed day is a row of running sums: through that day, from an origin that means nothing. The
// sum over days is the row of the last minus the row before the first, in numbers that wrap; so
// older days can be put in front without touching the rows that are there. What was added since is
// kept plain, a day at a time, and is added on top, until settle() takes it into the rows. So an
// added record costs the same whatever day it belongs to.
// Threads: const members may run at once.
// Floor 4.
#ifndef AIAUDIT_ROLLUP_DAY_TABLE_HPP
#define AIAUDIT_ROLLUP_DAY_TABLE_HPP

#include <aiaudit/rollup/packed_totals.hpp>  // packed_totals
#include <aiaudit/rollup/query.hpp>          // day_range
#include <aiaudit/rollup/totals.hpp>         // totals, running_histogram

#include <algorithm>
#include <cstdint>
#include <deque>
#include <limits>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

inline constexpr civil_day first_of_all_days{(std::numeric_limits<std::int32_t>::min)()};

// Plain sums by group: of a day, or of several.
struct group_sums {
    civil_day day{};
    std::vector<totals> sums{};
    std::vector<dense_histogram> latency{};  // shorter than `sums` where nothing was timed
    std::size_t grown_bytes = 0;             // since somebody took note of that

    totals& at(std::uint32_t group) {
        if (sums.size() <= group) grow(sums, group);
        return sums[group];
    }
    dense_histogram& latency_at(std::uint32_t group) {
        if (latency.size() <= group) grow(latency, group);
        return latency[group];
    }
    void add(std::uint32_t group, totals const& part) { wrapping_add(at(group), part); }
    // A duration of one attempt.
    void add_duration(std::uint32_t group, std::uint32_t bucket) {
        dense_histogram& to = latency_at(group);
        if (to.empty()) grown_bytes += dense_histogram::bytes_max;
        to.add(bucket, 1);
    }
    void add(std::uint32_t group, latency_histogram const& part) {
        if (part.entries().empty()) return;
        dense_histogram& to = latency_at(group);
        for (auto const& e : part.entries()) to.add(e.bucket, e.count);
    }
    // Keeps its memory for the next use.
    void clear() {
        std::fill(sums.begin(), sums.end(), totals{});
        for (auto& each : latency) each.clear();
    }
    [[nodiscard]] std::size_t bytes() const noexcept {
        std::size_t sum = sizeof(*this) + sums.capacity() * sizeof(totals);
        for (auto const& each : latency) sum += sizeof(each) + each.bytes();
        return sum;
    }

private:
    template <class Values>
    void grow(Values& values, std::uint32_t group) {
        std::size_t const before = values.capacity();
        values.resize(group + std::size_t{1});
        grown_bytes += (values.capacity() - before) * sizeof(values[0]);
    }
};

// Running sums by group. A group that is not there has zeros.
struct running_sums {
    civil_day day{};
    packed_totals sums{};
    std::vector<running_histogram> latency{};
    latency_percentiles percentiles{};  // of that day alone, for group 0

    void add(group_sums const& part) {
        sums.add(part.sums);
        if (latency.size() < part.latency.size()) latency.resize(part.latency.size());
        for (std::size_t i = 0; i < part.latency.size(); ++i) latency[i].add(part.latency[i]);
    }
    void subtract(group_sums const& part) {
        sums.subtract(part.sums);
        if (latency.size() < part.latency.size()) latency.resize(part.latency.size());
        for (std::size_t i = 0; i < part.latency.size(); ++i) latency[i].subtract(part.latency[i]);
    }
    [[nodiscard]] std::size_t bytes() const noexcept {
        std::size_t sum = sizeof(*this) + sums.bytes();
        for (auto const& each : latency) sum += sizeof(each) + each.bytes();
        return sum;
    }
};

// What a span of days adds up to, by group. Valid until what it was made of changes.
class span_sums {
public:
    span_sums(running_sums const& high, running_sums const& low) noexcept
        : high_(&high), low_(&low) {}
    void add(group_sums const& part) { extra_.push_back(&part); }

    [[nodiscard]] std::size_t group_count() const noexcept {
        std::size_t count = (std::max)(high_->sums.size(), low_->sums.size());
        for (group_sums const* const part : extra_) count = (std::max)(count, part->sums.size());
        return count;
    }
    [[nodiscard]] std::uint64_t attempts(std::size_t group) const noexcept;
    [[nodiscard]] money cost(std::size_t group) const noexcept;
    void prefetch(std::size_t group) const noexcept {
        high_->sums.prefetch(group);
        low_->sums.prefetch(group);
    }
    void read(std::size_t group, totals& to) const noexcept;
    [[nodiscard]] latency_percentiles percentiles(std::size_t group) const;

private:
    running_sums const* high_;
    running_sums const* low_;
    std::vector<group_sums const*> extra_{};
};

class day_table {
public:
    // All records of days from here on are counted; none of days before.
    [[nodiscard]] civil_day covered_from() const noexcept { return covered_from_; }
    void set_covered_from(civil_day day) noexcept { covered_from_ = day; }

    // Sums to which one more record of that day may be added; null for a day that is not covered.
    [[nodiscard]] group_sums* open(civil_day day);
    // Puts a day in front of all that are there. Precondition: day.day < covered_from().
    void prepend(group_sums const& day);
    // Takes all days but the newest into the running sums.
    void settle();
    // How many days must be added on top of the running sums.
    [[nodiscard]] std::size_t open_days() const noexcept { return open_.size(); }

    // Precondition: days.first >= covered_from(), or the caller adds what is missing.
    [[nodiscard]] span_sums sums_of(day_range days) const;
    // visit(day, totals const&, latency_percentiles const&) for group 0 on each day that has
    // records, newest first.
    template <class Visitor>
    void for_each_day(day_range days, Visitor&& visit) const;

    // Forgets the days before.
    void drop_before(civil_day day);
    // A day before which about half of the days lie; past the newest where there is only one.
    // Precondition: not empty().
    [[nodiscard]] civil_day middle_day() const noexcept;
    [[nodiscard]] bool empty() const noexcept { return rows_.empty() && open_.empty(); }
    [[nodiscard]] std::size_t bytes() const noexcept;

private:
    // The last row of a day before `day`, or of it where `or_same`.
    [[nodiscard]] running_sums const& row_before(civil_day day, bool or_same) const noexcept;
    [[nodiscard]] static latency_percentiles percentiles_of_day(group_sums const& day);
    void settle(group_sums const& part);
    [[nodiscard]] span_sums sums_of_row(std::ptrdiff_t place) const noexcept {
        auto const at = static_cast<std::size_t>(place);
        return {rows_[at], at == 0 ? base_ : rows_[at - 1]};
    }

    civil_day covered_from_ = first_of_all_days;
    running_sums base_{};              // before the first row
    std::deque<running_sums> rows_{};  // by day
    std::vector<group_sums> open_{};   // by day
};

template <class Visitor>
void day_table::for_each_day(day_range days, Visitor&& visit) const {
    std::size_t row = rows_.size();
    std::size_t part = open_.size();
    totals sum;
    while (row > 0 || part > 0) {
        bool const has_part = part > 0 && (row == 0 || rows_[row - 1].day <= open_[part - 1].day);
        bool const has_row = row > 0 && (part == 0 || rows_[row - 1].day >= open_[part - 1].day);
        civil_day const day = has_row ? rows_[row - 1].day : open_[part - 1].day;
        if (day < days.first) return;
        static running_sums const zero{};
        span_sums of =
            has_row ? sums_of_row(static_cast<std::ptrdiff_t>(row) - 1) : span_sums{zero, zero};
        if (has_part) of.add(open_[part - 1]);
        if (day <= days.last && of.attempts(0) != 0) {
            of.read(0, sum);
            visit(day, std::as_const(sum),
                  has_part ? of.percentiles(0) : rows_[row - 1].percentiles);
        }
        if (has_row) --row;
        if (has_part) --part;
    }
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/rollup/day_table.ipp>
#endif

#endif  // AIAUDIT_ROLLUP_DAY_TABLE_HPP
