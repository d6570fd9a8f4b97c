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
inline namespace v1 {
namespace detail {

class upstream_pool {
public:
    // At most `idle_max` of them, each for at most `longest`: what stands between may forget one
    // that says nothing, and not tell.
    upstream_pool(asio::any_io_executor by, asio::ssl::context& tls, std::size_t idle_max,
                  std::chrono::milliseconds longest)
        : by_(std::move(by)), tls_(&tls), idle_max_(idle_max), longest_(longest) {}

    struct taken {
        std::unique_ptr<upstream_connection> connection{};
        bool is_open = false;  // or is to be opened
    };
    // Errors: bad_argument for an origin that is none.
    [[nodiscard]] result<taken> take(std::string const& origin) {
        auto& idle = idle_[origin];
        while (!idle.empty()) {
            waiting last = std::move(idle.back());
            idle.pop_back();
            --idle_count_;
            bool const young = std::chrono::steady_clock::now() - last.since < longest_;
            if (young && last.connection->alive()) return taken{std::move(last.connection), true};
        }
        return open_later(origin);
    }
    [[nodiscard]] result<taken> open_later(std::string const& origin) {
        auto place = parse_origin(origin);
        if (!place) return place.error();
        return taken{std::make_unique<upstream_connection>(by_, std::move(*place), *tls_), false};
    }
    // Kept only where another request may be sent.
    void give_back(std::string const& origin, std::unique_ptr<upstream_connection> of) {
        if (!of->reusable() || idle_count_ >= idle_max_) return;
        idle_[origin].push_back({std::move(of), std::chrono::steady_clock::now()});
        ++idle_count_;
    }
    void clear() {
        idle_.clear();
        idle_count_ = 0;
    }

private:
    struct waiting {
        std::unique_ptr<upstream_connection> connection{};
        std::chrono::steady_clock::time_point since{};
    };

    asio::any_io_executor by_;
    asio::ssl::context* tls_;
    std::size_t idle_max_;
    std::chrono::milliseconds longest_;
    std::size_t idle_count_ = 0;
    std::unordered_map<std::string, std::vector<waiting>> idle_{};
};

}  // namespace detail
}  // namespace v1
}  // namespace aiaudit

#endif  // AIAUDIT_GATEWAY_UPSTREAM_POOL_HPP
