// SPDX-License-Identifier: MIT
//
// user_days.ipp: the definitions of user_days.hpp.
#ifndef AIAUDIT_IMPL_ROLLUP_USER_DAYS_IPP
#define AIAUDIT_IMPL_ROLLUP_USER_DAYS_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/rollup/user_days.hpp>

#include <algorithm>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE void user_days::add(civil_day day, std::uint32_t model, totals const& sum,
                                   latency_histogram const& latency) {
    day_cells& to = at(day);
    auto found = std::find_if(to.models.begin(), to.models.end(),
                              [model](model_cell const& have) { return have.model == model; });
    if (found == to.models.end()) {
        to.models.push_back({model, {}});
        found = std::prev(to.models.end());
        bytes_ += sizeof(model_cell);
    }
    wrapping_add(found->value.sum, sum);
    for (auto const& e : latency.entries()) found->value.latency.add(e.bucket, e.count);
    bytes_ += latency.entries().size() * sizeof(latency_histogram::entry);
}

AIAUDIT_INLINE group_sums user_days::sums_of(day_range days) const {
    group_sums made;
    auto day =
        std::lower_bound(days_.begin(), days_.end(), days.first,
                         [](day_cells const& have, civil_day wanted) { return have.day < wanted; });
    for (; day != days_.end() && day->day <= days.last; ++day) {
        for (model_cell const& each : day->models) {
            made.add(each.model, each.value.sum);
            made.add(each.model, each.value.latency);
        }
    }
    return made;
}

AIAUDIT_INLINE user_days::day_cells& user_days::at(civil_day day) {
    if (!days_.empty() && days_.back().day == day) return days_.back();
    auto place =
        std::lower_bound(days_.begin(), days_.end(), day,
                         [](day_cells const& have, civil_day wanted) { return have.day < wanted; });
    if (place == days_.end() || place->day != day) {
        place = days_.insert(place, day_cells{day, {}});
        bytes_ += sizeof(day_cells);
    }
    return *place;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ROLLUP_USER_DAYS_IPP
