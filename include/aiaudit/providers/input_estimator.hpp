// SPDX-License-Identifier: MIT
//
// input_estimator.hpp: how many tokens a request's bytes will be, learned from those before it.
//
// The strict bound, a token a byte, is some four times what a request really has. What past
// requests of a model had is much nearer, but bounds nothing: the next one may be in another
// language, or all digits, and have more.
// Threads: all members may be called from any thread at once.
// Floor 4.
#ifndef AIAUDIT_PROVIDERS_INPUT_ESTIMATOR_HPP
#define AIAUDIT_PROVIDERS_INPUT_ESTIMATOR_HPP

#include <aiaudit/detail/string_hash.hpp>  // string_hash

#include <cstddef>
#include <cstdint>
#include <functional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace aiaudit {
inline namespace v0_1_0 {

// What holds a place for a request's input before it is sent.
enum class input_estimate : std::uint8_t {
    bytes,    // a token a byte: a strict bound, and the only one for a limit that must hold
    learned,  // by input_estimator: nearer, and no bound
};

// Remembers for each model the most tokens a byte that it was seen with lately.
class input_estimator {
public:
    static constexpr std::uint32_t outcomes_min = 8;   // before them the strict bound is used
    static constexpr std::size_t models_max = 1024;    // more are not learned
    static constexpr std::uint64_t extra_tokens = 64;  // for what is around the text

    // A request of so many bytes was counted as so many tokens of input.
    void learn(std::string_view provider, std::string_view model, std::uint64_t bytes,
               std::uint64_t tokens);
    // A quarter over the peak, and never above `strict`, which is also the answer for a model of
    // which too little is known.
    [[nodiscard]] std::uint64_t estimate(std::string_view provider, std::string_view model,
                                         std::uint64_t bytes, std::uint64_t strict) const;

private:
    static constexpr std::uint64_t one = std::uint64_t{1} << 16;  // a token a byte
    // So that no product leaves 64 bits: with the largest ratio, times 5/4.
    static constexpr std::uint64_t count_most = std::uint64_t{1} << 42;

    struct entry {
        std::uint64_t peak = 0;  // tokens a byte, times `one`
        std::uint32_t outcomes = 0;
    };

    [[nodiscard]] static std::string name_of_model(std::string_view provider,
                                                   std::string_view model) {
        std::string name{provider};
        return name.append(1, '\n').append(model);
    }

    mutable std::shared_mutex mutex_{};
    std::unordered_map<std::string, entry, detail::string_hash, std::equal_to<>> seen_{};
};

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/providers/input_estimator.ipp>
#endif

#endif  // AIAUDIT_PROVIDERS_INPUT_ESTIMATOR_HPP
