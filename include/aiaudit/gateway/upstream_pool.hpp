// SPDX-License-Identifier: MIT
//
// upstream_pool.hpp: connections to providers that stand and have nothing to do.
//
// Threads: a pool for one thread.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_UPSTREAM_POOL_HPP
#define AIAUDIT_GATEWAY_UPSTREAM_POOL_HPP

#include <aiaudit/gateway/upstream_connection.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class upstream_pool {
public:
    upstream_pool(asio::any_io_executor by, asio::ssl::context& tls, std::size_t idle_max,
                  std::chrono::milliseconds idle_time)
        : by_(std::move(by)), tls_(&tls), idle_max_(idle_max), idle_time_(idle_time) {}

    struct taken {
        std::unique_ptr<upstream_connection> connection{};
        bool is_open = false;  // or is to be opened
    };
    // Errors: bad_argument for an origin that is none.
    [[nodiscard]] result<taken> take(std::string const& origin);
    // Kept only where another request may be sent.
    void give_back(std::string const& origin, std::unique_ptr<upstream_connection> of) {
        if (!of->reusable() || idle_count_ >= idle_max_) return;
        idle_[origin].push_back({std::move(of), std::chrono::steady_clock::now()});
        ++idle_count_;
    }
    // Drops what the provider has closed, and what nobody has needed for long: whoever is between
    // may have forgotten it. To be called now and then; otherwise each would keep its descriptor.
    void sweep() {
        for (auto& [origin, waiting] : idle_)
            idle_count_ -= std::erase_if(waiting, [this](idle& each) { return !is_fit(each); });
    }
    void clear() {
        idle_.clear();
        idle_count_ = 0;
    }

private:
    struct idle {
        std::unique_ptr<upstream_connection> held{};
        std::chrono::steady_clock::time_point since{};
    };
    [[nodiscard]] bool is_fit(idle& of) const {
        return std::chrono::steady_clock::now() - of.since < idle_time_ && of.held->alive();
    }

    asio::any_io_executor by_;
    asio::ssl::context* tls_;
    std::size_t idle_max_;
    std::chrono::milliseconds idle_time_;
    std::size_t idle_count_ = 0;
    std::unordered_map<std::string, std::vector<idle>> idle_{};
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/upstream_pool.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_UPSTREAM_POOL_HPP
