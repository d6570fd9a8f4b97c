// SPDX-License-Identifier: MIT
//
// rollup.ipp: the definitions of rollup.hpp.
#ifndef AIAUDIT_IMPL_ROLLUP_ROLLUP_IPP
#define AIAUDIT_IMPL_ROLLUP_ROLLUP_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/rollup/rollup.hpp>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE void rollup::saved() {
    if (!unsaved_.empty()) {
        spare_ = std::move(unsaved_.rbegin()->second);
        spare_.clear();
    }
    unsaved_.clear();
    log_ = nullptr;
    if (series_.profile_count() > profiles_max) series_.forget_profiles();
    resident_.make_room();
}

AIAUDIT_INLINE void rollup::open_log(civil_day day) {
    auto const [place, added] = unsaved_.try_emplace(day);
    if (added) place->second = std::exchange(spare_, {});
    log_ = &place->second;
    log_day_ = day;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ROLLUP_ROLLUP_IPP
