// SPDX-License-Identifier: MIT
//
// model_limit.hpp: which models of a key and day count under their own names.
//
// A caller may invent names of models. So the first models_max of each key and UTC day, in the
// order of the log, count under their own names, and those that follow under `other_models` of
// their provider; records keep the exact name. What a day's stored parts name is among the first,
// so whoever folds on from there comes to the same.
// Memory: some 40 bytes for each model of a key and day that is known.
// Threads: const members may run at once.
// Floor 4.
#ifndef AIAUDIT_ROLLUP_MODEL_LIMIT_HPP
#define AIAUDIT_ROLLUP_MODEL_LIMIT_HPP

#include <aiaudit/core/calendar.hpp>      // civil_day
#include <aiaudit/detail/hash_index.hpp>  // hash_of_text

#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace aiaudit {
inline namespace v0_1_0 {

// The name of those that follow. A model that is called so counts there too.
inline constexpr std::string_view other_models = "other";

namespace detail {

class model_limit {
public:
    static constexpr std::size_t models_max = 1'000;  // of a key and day

    // Whether begin() was called for the day.
    [[nodiscard]] bool knows(civil_day day) const noexcept { return days_.contains(day); }
    void begin(civil_day day) { days_.try_emplace(day); }
    // Notes what a stored part of the day names.
    void note(civil_day day, std::string_view key, std::string_view provider,
              std::string_view model);
    // Whether the model counts under its own name. It does from then on.
    [[nodiscard]] bool admit(civil_day day, std::string_view key, std::string_view provider,
                             std::string_view model);
    void clear() {
        days_.clear();
        models_ = 0;
    }
    [[nodiscard]] std::size_t bytes() const noexcept { return models_ * 40 + days_.size() * 256; }

private:
    struct day_models {
        std::unordered_set<std::uint64_t> models{};                  // hashes of key and model
        std::unordered_map<std::uint64_t, std::uint32_t> of_keys{};  // how many, by the key's hash
    };

    std::map<civil_day, day_models> days_{};
    std::size_t models_ = 0;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/rollup/model_limit.ipp>
#endif

#endif  // AIAUDIT_ROLLUP_MODEL_LIMIT_HPP
