// SPDX-License-Identifier: MIT
//
// query.ipp: the definitions of query.hpp.
#ifndef AIAUDIT_IMPL_ROLLUP_QUERY_IPP
#define AIAUDIT_IMPL_ROLLUP_QUERY_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/rollup/query.hpp>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE day_overlap overlap_of(time_zone const& zone, civil_day utc_day,
                                      day_range days) noexcept {
    std::int64_t const first = first_slot_of(utc_day);
    std::int64_t within = 0;
    for (std::int64_t slot = first; slot < first + slots_per_day; ++slot)
        within += days.holds(day_of_slot(zone, slot)) ? 1 : 0;
    if (within == 0) return day_overlap::none;
    return within == slots_per_day ? day_overlap::whole : day_overlap::part;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ROLLUP_QUERY_IPP
