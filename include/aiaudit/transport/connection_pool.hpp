// SPDX-License-Identifier: MIT
//
// connection_pool.hpp: connections that wait to be used again.
//
// Threads: any.
// Floor 5.
#ifndef AIAUDIT_TRANSPORT_CONNECTION_POOL_HPP
#define AIAUDIT_TRANSPORT_CONNECTION_POOL_HPP

#include <aiaudit/transport/connection.hpp>  // connection

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class connection_pool {
public:
    // At most `most` idle connections of an origin, each for at most `longest`.
    connection_pool(std::size_t most, std::chrono::milliseconds longest)
        : most_(most), longest_(longest) {}

    // The one that was used last, so that those which are not needed grow old. Nothing where there
    // is none that is fit.
    [[nodiscard]] std::unique_ptr<connection> take(std::string const& origin) {
        for (;;) {
            idle found;
            {
                std::lock_guard const lock(mutex_);
                auto const at = idle_.find(origin);
                if (at == idle_.end() || at->second.empty()) return {};
                found = std::move(at->second.back());
                at->second.pop_back();
            }
            bool const young = std::chrono::steady_clock::now() - found.since < longest_;
            if (young && found.held->reusable()) return std::move(found.held);
        }
    }

    void put(std::string const& origin, std::unique_ptr<connection> held) {
        std::vector<idle> dropped;  // closed once the mutex is free
        auto const now = std::chrono::steady_clock::now();
        std::lock_guard const lock(mutex_);
        auto& waiting = idle_[origin];
        waiting.push_back({std::move(held), now});
        auto const old = std::find_if(waiting.begin(), waiting.end(), [&](idle const& each) {
            return now - each.since < longest_;
        });
        auto const surplus =
            static_cast<std::ptrdiff_t>(waiting.size() - (std::min)(waiting.size(), most_));
        auto const end = (std::max)(old, waiting.begin() + surplus);
        std::move(waiting.begin(), end, std::back_inserter(dropped));
        waiting.erase(waiting.begin(), end);
    }

private:
    struct idle {
        std::unique_ptr<connection> held{};
        std::chrono::steady_clock::time_point since{};
    };

    std::size_t most_;
    std::chrono::milliseconds longest_;
    std::mutex mutex_{};
    std::map<std::string, std::vector<idle>> idle_{};  // oldest first
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_TRANSPORT_CONNECTION_POOL_HPP
