// SPDX-License-Identifier: MIT
//
// notices.hpp: what a ledger found wrong and went on without, in words.
//
// Threads: any.
// Floor 6.
#ifndef AIAUDIT_ENGINE_NOTICES_HPP
#define AIAUDIT_ENGINE_NOTICES_HPP

#include <aiaudit/config.hpp>  // first: it names the platforms

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class notices {
public:
    static constexpr std::size_t kept_most = 64;

    // What is there already is not added again.
    void add(std::string text) {
        std::lock_guard const lock(mutex_);
        bool const is_there = std::find(texts_.begin(), texts_.end(), text) != texts_.end();
        if (!is_there && texts_.size() < kept_most) texts_.push_back(std::move(text));
    }
    [[nodiscard]] std::vector<std::string> all() const {
        std::lock_guard const lock(mutex_);
        return texts_;
    }

private:
    mutable std::mutex mutex_{};
    std::vector<std::string> texts_{};
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_ENGINE_NOTICES_HPP
