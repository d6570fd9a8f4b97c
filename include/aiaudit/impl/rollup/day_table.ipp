// SPDX-License-Identifier: MIT
//
// day_table.ipp: the definitions of day_table.hpp.
#ifndef AIAUDIT_IMPL_ROLLUP_DAY_TABLE_IPP
#define AIAUDIT_IMPL_ROLLUP_DAY_TABLE_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/rollup/day_table.hpp>

#include <array>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::uint64_t span_sums::attempts(std::size_t group) const noexcept {
    std::uint64_t sum = 0;
    if (group < high_->sums.size()) sum = high_->sums.attempts(group);
    if (group < low_->sums.size()) sum -= low_->sums.attempts(group);
    for (group_sums const* const part : extra_) {
        if (group < part->sums.size()) sum += part->sums[group].attempts;
    }
    return sum;
}

AIAUDIT_INLINE money span_sums::cost(std::size_t group) const noexcept {
    money sum;
    if (group < high_->sums.size()) sum = high_->sums.cost(group);
    if (group < low_->sums.size()) sum = wrapping_difference(sum, low_->sums.cost(group));
    for (group_sums const* const part : extra_) {
        if (group < part->sums.size()) sum = wrapping_sum(sum, part->sums[group].cost);
    }
    return sum;
}

AIAUDIT_INLINE void span_sums::read(std::size_t group, totals& to) const noexcept {
    packed_totals::read_difference(high_->sums, low_->sums, group, to);
    for (group_sums const* const part : extra_) {
        if (group < part->sums.size()) wrapping_add(to, part->sums[group]);
    }
}

AIAUDIT_INLINE latency_percentiles span_sums::percentiles(std::size_t group) const {
    static running_histogram const none{};
    auto const of = [group](running_sums const& from) -> running_histogram const& {
        return group < from.latency.size() ? from.latency[group] : none;
    };
    running_histogram const& high = of(*high_);
    running_histogram const& low = of(*low_);
    std::vector<dense_histogram const*> open;
    for (group_sums const* const part : extra_) {
        if (group < part->latency.size() && !part->latency[group].empty())
            open.push_back(&part->latency[group]);
    }
    auto const closed = [&](std::uint32_t bucket) {
        return high.up_to(bucket) - low.up_to(bucket);
    };
    if (open.empty()) return percentiles_of(closed);
    // Running counts of the open days by octave: three percentiles ask for few buckets within.
    constexpr std::uint32_t width = dense_histogram::octave;
    std::array<std::uint64_t, dense_histogram::octaves + 1> before{};
    for (std::uint32_t i = 0; i < dense_histogram::octaves; ++i) {
        before[i + 1] = before[i];
        for (auto const* const each : open) before[i + 1] += each->of_octave(i);
    }
    return percentiles_of([&](std::uint32_t bucket) {
        std::uint64_t sum = closed(bucket) + before[bucket / width];
        for (std::uint32_t i = bucket / width * width; i <= bucket; ++i) {
            for (auto const* const each : open) sum += (*each)[i];
        }
        return sum;
    });
}

AIAUDIT_INLINE group_sums* day_table::open(civil_day day) {
    if (!open_.empty() && open_.back().day == day) return &open_.back();
    if (day < covered_from_) return nullptr;
    auto place = std::lower_bound(
        open_.begin(), open_.end(), day,
        [](group_sums const& have, civil_day wanted) { return have.day < wanted; });
    if (place == open_.end() || place->day != day) {
        place = open_.insert(place, group_sums{});
        place->day = day;
    }
    return &*place;
}

AIAUDIT_INLINE void day_table::prepend(group_sums const& day) {
    running_sums row = base_;
    row.day = day.day;
    row.percentiles = percentiles_of_day(day);
    rows_.push_front(std::move(row));
    base_.subtract(day);
    covered_from_ = day.day;
}

AIAUDIT_INLINE void day_table::settle() {
    if (open_.size() <= 1) return;
    std::size_t const newest = open_.size() - 1;
    for (std::size_t i = 0; i < newest; ++i) settle(open_[i]);
    open_.erase(open_.begin(), open_.begin() + static_cast<std::ptrdiff_t>(newest));
}

AIAUDIT_INLINE span_sums day_table::sums_of(day_range days) const {
    span_sums made{row_before(days.last, true), row_before(days.first, false)};
    for (group_sums const& part : open_) {
        if (days.holds(part.day)) made.add(part);
    }
    return made;
}

AIAUDIT_INLINE void day_table::drop_before(civil_day day) {
    while (!rows_.empty() && rows_.front().day < day) {
        base_ = std::move(rows_.front());
        rows_.pop_front();
    }
    std::erase_if(open_, [day](group_sums const& part) { return part.day < day; });
    if (rows_.empty()) base_ = {};
    covered_from_ = (std::max)(covered_from_, day);
}

AIAUDIT_INLINE civil_day day_table::middle_day() const noexcept {
    auto const days_of = [](auto const& from) {
        return from.empty() ? day_range{day_range{}.last, day_range{}.first}
                            : day_range{from.front().day, from.back().day};
    };
    day_range const rows = days_of(rows_);
    day_range const open = days_of(open_);
    civil_day const newest = (std::max)(rows.last, open.last);
    if ((std::min)(rows.first, open.first) == newest) return newest.plus(1);
    return rows_.size() > 1 ? rows_[rows_.size() / 2].day : newest;
}

AIAUDIT_INLINE std::size_t day_table::bytes() const noexcept {
    std::size_t sum = base_.bytes();
    for (auto const& row : rows_) sum += row.bytes();
    for (auto const& part : open_) sum += part.bytes();
    return sum;
}

AIAUDIT_INLINE running_sums const& day_table::row_before(civil_day day,
                                                         bool or_same) const noexcept {
    auto const next =
        std::partition_point(rows_.begin(), rows_.end(), [day, or_same](running_sums const& row) {
            return row.day < day || (or_same && row.day == day);
        });
    return next == rows_.begin() ? base_ : *std::prev(next);
}

AIAUDIT_INLINE latency_percentiles day_table::percentiles_of_day(group_sums const& day) {
    if (day.latency.empty()) return {};
    running_sums const zero;
    span_sums alone{zero, zero};
    alone.add(day);
    return alone.percentiles(0);
}

AIAUDIT_INLINE void day_table::settle(group_sums const& part) {
    auto place = std::partition_point(rows_.begin(), rows_.end(), [&part](running_sums const& row) {
        return row.day < part.day;
    });
    if (place == rows_.end() || place->day != part.day) {
        running_sums row = place == rows_.begin() ? base_ : *std::prev(place);
        row.day = part.day;
        place = rows_.insert(place, std::move(row));
    }
    for (auto row = place; row != rows_.end(); ++row) row->add(part);
    if (!place->latency.empty())
        place->percentiles = sums_of_row(place - rows_.begin()).percentiles(0);
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ROLLUP_DAY_TABLE_IPP
