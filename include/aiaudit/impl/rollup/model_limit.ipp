// SPDX-License-Identifier: MIT
//
// model_limit.ipp: the definitions of model_limit.hpp.
#ifndef AIAUDIT_IMPL_ROLLUP_MODEL_LIMIT_IPP
#define AIAUDIT_IMPL_ROLLUP_MODEL_LIMIT_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/rollup/model_limit.hpp>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Of the key, then with provider and model mixed in.
[[nodiscard]] AIAUDIT_INLINE std::uint64_t model_hash(std::uint64_t key, std::string_view provider,
                                                      std::string_view model) noexcept {
    constexpr std::uint64_t odd = 0x9E37'79B9'7F4A'7C15ULL;
    return mixed(mixed(key + odd, hash_of_text(provider) | 1) + hash_of_text(model), odd);
}

AIAUDIT_INLINE void model_limit::note(civil_day day, std::string_view key,
                                      std::string_view provider, std::string_view model) {
    if (model == other_models) return;
    std::uint64_t const hash_of_key = hash_of_text(key);
    day_models& known = days_[day];
    if (!known.models.insert(model_hash(hash_of_key, provider, model)).second) return;
    ++known.of_keys[hash_of_key];
    ++models_;
}

AIAUDIT_INLINE bool model_limit::admit(civil_day day, std::string_view key,
                                       std::string_view provider, std::string_view model) {
    std::uint64_t const hash_of_key = hash_of_text(key);
    std::uint64_t const hash = model_hash(hash_of_key, provider, model);
    day_models& known = days_[day];
    if (known.models.contains(hash)) return true;
    std::uint32_t& count = known.of_keys[hash_of_key];
    if (count >= models_max) return false;
    ++count;
    ++models_;
    known.models.insert(hash);
    return true;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ROLLUP_MODEL_LIMIT_IPP
