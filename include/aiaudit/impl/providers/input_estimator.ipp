// SPDX-License-Identifier: MIT
//
// input_estimator.ipp: the definitions of input_estimator.hpp.
#ifndef AIAUDIT_IMPL_PROVIDERS_INPUT_ESTIMATOR_IPP
#define AIAUDIT_IMPL_PROVIDERS_INPUT_ESTIMATOR_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/providers/input_estimator.hpp>

#include <algorithm>
#include <mutex>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE void input_estimator::learn(std::string_view provider, std::string_view model,
                                           std::uint64_t bytes, std::uint64_t tokens) {
    if (bytes == 0) return;
    std::uint64_t const ratio =
        (std::min)(((std::min)(tokens, count_most) * one) / bytes, 16 * one);
    std::string name = name_of_model(provider, model);
    std::lock_guard const lock(mutex_);
    auto found = seen_.find(name);
    if (found == seen_.end()) {
        if (seen_.size() == models_max) return;
        found = seen_.emplace(std::move(name), entry{}).first;
    }
    entry& of = found->second;
    // The peak fades, so that one odd request does not raise it for ever.
    of.peak = (std::max)(ratio, of.peak - of.peak / 256);
    of.outcomes = (std::min)(of.outcomes + 1, outcomes_min);
}

AIAUDIT_INLINE std::uint64_t input_estimator::estimate(std::string_view provider,
                                                       std::string_view model, std::uint64_t bytes,
                                                       std::uint64_t strict) const {
    std::string const name = name_of_model(provider, model);
    std::shared_lock const lock(mutex_);
    auto const found = seen_.find(name);
    if (found == seen_.end() || found->second.outcomes < outcomes_min) return strict;
    if (bytes > count_most) return strict;
    std::uint64_t const peak = found->second.peak;
    return (std::min)((bytes * (peak + peak / 4 + 1)) / one + 1 + extra_tokens, strict);
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PROVIDERS_INPUT_ESTIMATOR_IPP
