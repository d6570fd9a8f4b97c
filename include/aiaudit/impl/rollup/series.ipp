// SPDX-License-Identifier: MIT
//
// series.ipp: the definitions of series.hpp.
#ifndef AIAUDIT_IMPL_ROLLUP_SERIES_IPP
#define AIAUDIT_IMPL_ROLLUP_SERIES_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/rollup/series.hpp>

#include <charconv>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::size_t status_text::write(std::uint16_t status) noexcept {
    if (status >= 100 && status <= 999) {
        digits_[0] = static_cast<char>('0' + status / 100);
        digits_[1] = static_cast<char>('0' + status / 10 % 10);
        digits_[2] = static_cast<char>('0' + status % 10);
        return 3;
    }
    auto const end = std::to_chars(digits_.data(), digits_.data() + digits_.size(), status);
    return static_cast<std::size_t>(end.ptr - digits_.data());
}

AIAUDIT_INLINE std::uint32_t name_table::number_of(std::string_view name) {
    std::uint64_t const hash = hash_of_text(name);
    std::uint32_t const found = find(hash, name);
    if (found != hash_index::none) return found;
    auto const number = static_cast<std::uint32_t>(names_.size());
    names_.push_back(texts_->emplace_back(name));
    if (name.size() >= sizeof(std::string) / 2) text_bytes_ += name.size() + 1;
    index_.insert(hash, number, [this](std::uint32_t of) { return hash_of_text(names_[of]); });
    return number;
}

AIAUDIT_INLINE void name_table::forget() { *this = name_table{}; }

AIAUDIT_INLINE void series_table::forget_profiles() {
    profiles_.clear();
    profile_names_.clear();
    profile_index_.clear();
}

AIAUDIT_INLINE void series_table::forget_users() {
    names_[name_place(dimension::user)].forget();
    texts_ = texts_of(names_);
}

AIAUDIT_INLINE void series_table::forget_all() { *this = series_table{}; }

AIAUDIT_INLINE std::size_t series_table::bytes() const noexcept {
    std::size_t sum = profiles_.capacity() * sizeof(group_numbers) +
                      profile_names_.capacity() * sizeof(profile_names) + profile_index_.bytes();
    for (name_table const& each : names_) sum += each.bytes();
    constexpr std::size_t pair_bytes = 64;  // with its entry in the index
    return sum + models_.size() * pair_bytes;
}

AIAUDIT_INLINE std::shared_ptr<series_table::table_texts const> series_table::texts_of(
    name_tables const& tables) {
    auto held = std::make_shared<table_texts>();
    for (std::size_t i = 0; i < tables.size(); ++i) (*held)[i] = tables[i].texts();
    return held;
}

AIAUDIT_INLINE std::uint32_t series_table::profile(profile_names const& names) {
    std::uint64_t const hash = hash_of(names);
    std::uint32_t const found = profile_index_.find(
        hash, [&](std::uint32_t number) { return same(profile_names_[number], names); });
    return found != hash_index::none ? found : insert(hash, names);
}

AIAUDIT_INLINE std::uint32_t series_table::find_profile(profile_names const& names) const {
    return profile_index_.find(
        hash_of(names), [&](std::uint32_t number) { return same(profile_names_[number], names); });
}

AIAUDIT_INLINE std::uint32_t series_table::model_group(std::string_view provider,
                                                       std::string_view model) {
    std::uint32_t const provider_number = names_[3].number_of(provider);
    std::uint32_t const model_number = names_[4].number_of(model);
    auto const [place, added] =
        model_numbers_.try_emplace(std::uint64_t{provider_number} << 32 | model_number,
                                   static_cast<std::uint32_t>(models_.size()));
    if (added) models_.push_back({provider_number, model_number});
    return place->second;
}

AIAUDIT_INLINE group_names series_table::names_of(dimension by,
                                                  std::uint32_t group) const noexcept {
    group_names made;
    switch (by) {
    case dimension::everything: break;
    case dimension::model:
        made.provider = names_[3][models_[group].provider];
        made.model = names_[4][models_[group].model];
        break;
    case dimension::user: made.user = names_[0][group]; break;
    case dimension::project: made.project = names_[1][group]; break;
    case dimension::key: made.key_id = names_[2][group]; break;
    case dimension::provider: made.provider = names_[3][group]; break;
    case dimension::status: made.status = names_[5][group]; break;
    }
    return made;
}

AIAUDIT_INLINE std::uint64_t series_table::hash_of(profile_names const& names) noexcept {
    constexpr std::uint64_t odd = 0x9E37'79B9'7F4A'7C15ULL;
    std::uint64_t const hash = hash_of_text(names.project) * 3 + hash_of_text(names.key_id) * 5 +
                               hash_of_text(names.provider) * 7 + hash_of_text(names.model) * 9 +
                               hash_of_text(names.status) * 11;
    return mixed(hash, odd);
}

AIAUDIT_INLINE std::uint32_t series_table::insert(std::uint64_t hash, profile_names const& names) {
    group_numbers groups{};
    groups[index_of(dimension::model)] = model_group(names.provider, names.model);
    groups[index_of(dimension::project)] = names_[1].number_of(names.project);
    groups[index_of(dimension::key)] = names_[2].number_of(names.key_id);
    groups[index_of(dimension::provider)] = names_[3].number_of(names.provider);
    groups[index_of(dimension::status)] = names_[5].number_of(names.status);
    auto const number = static_cast<std::uint32_t>(profiles_.size());
    profiles_.push_back(groups);
    model_pair const pair = models_[groups[index_of(dimension::model)]];
    profile_names_.push_back({names_[1][groups[index_of(dimension::project)]],
                              names_[2][groups[index_of(dimension::key)]], names_[3][pair.provider],
                              names_[4][pair.model],
                              names_[5][groups[index_of(dimension::status)]]});
    profile_index_.insert(hash, number,
                          [this](std::uint32_t of) { return hash_of(profile_names_[of]); });
    return number;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ROLLUP_SERIES_IPP
