// SPDX-License-Identifier: MIT
//
// rollup.ipp: the definitions of rollup.hpp.
#ifndef AIAUDIT_IMPL_ROLLUP_ROLLUP_IPP
#define AIAUDIT_IMPL_ROLLUP_ROLLUP_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/rollup/rollup.hpp>

#include <limits>

namespace aiaudit {
inline namespace v0_1_0 {

namespace detail {

AIAUDIT_INLINE result<void> note_models(day_part const& part, model_limit& to) {
    auto const names = part.read_names();
    if (!names) return names.error();
    auto const profiles = part.read_profiles();
    if (!profiles) return profiles.error();
    for (auto const& profile : *profiles) {
        auto const& pair = names->pairs[profile.pair];
        to.note(part.day(), names->texts[2][profile.key], names->texts[3][pair.provider],
                names->texts[4][pair.model]);
    }
    return {};
}

}  // namespace detail

AIAUDIT_INLINE std::uint32_t rollup::profile_of(civil_day day, detail::profile_names names) {
    std::uint32_t profile = series_.find_profile(names);
    if (profile < named_days_.size() && named_days_[profile] == day) return profile;
    if (!models_.admit(day, names.key_id, names.provider, names.model)) names.model = other_models;
    profile = series_.profile(names);
    constexpr civil_day never{(std::numeric_limits<std::int32_t>::max)()};
    if (named_days_.size() <= profile) named_days_.resize(profile + std::size_t{1}, never);
    named_days_[profile] = day;
    return profile;
}

AIAUDIT_INLINE void rollup::saved() {
    if (!unsaved_.empty()) {
        spare_ = std::move(unsaved_.rbegin()->second);
        spare_.clear();
    }
    unsaved_.clear();
    log_ = nullptr;
    bool users_wide = false;
    bool others_wide = false;
    for (std::size_t i = 0; i < dimension_count; ++i) {
        auto const by = static_cast<dimension>(i);
        bool const over = series_.group_count(by) > detail::resident_sums::groups_max;
        (by == dimension::user ? users_wide : others_wide) |= over;
        if (over) resident_.set_wide(by);
    }
    if (others_wide) {
        series_.forget_all();
        named_days_.clear();
        resident_.forget_sums();
    } else if (users_wide) {
        series_.forget_users();
    }
    if (users_wide || others_wide) user_order_ = {};
    if (series_.profile_count() > profiles_max) {
        series_.forget_profiles();
        named_days_.clear();
    }
    if (models_.bytes() > models_bytes_max) models_.clear();
    resident_.make_room();
    wants_saving_ = false;
}

AIAUDIT_INLINE void rollup::forget_all() {
    series_.forget_all();
    models_.clear();
    named_days_.clear();
    unsaved_.clear();
    user_order_ = {};
    log_ = nullptr;
    resident_.forget_days();
    wants_saving_ = false;
}

AIAUDIT_INLINE void rollup::bound_memory() {
    records_until_look_ = records_between_looks;
    for (std::size_t i = 0; i < dimension_count; ++i) {
        auto const by = static_cast<dimension>(i);
        if (!resident_.is_wide(by) && series_.group_count(by) > detail::resident_sums::groups_max)
            resident_.set_wide(by);
    }
    resident_.make_room();
    std::uint64_t cells = 0;
    for (auto const& [day, log] : unsaved_) cells += log.bytes();
    wants_saving_ = has_unsaved() &&
                    cells + series_.bytes() + models_.bytes() > memory_bytes_ / 4 &&
                    cells > memory_bytes_ / 16;
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
