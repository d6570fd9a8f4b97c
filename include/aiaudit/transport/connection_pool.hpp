// SPDX-License-Identifier: MIT
//
// connection_pool.hpp: connections that wait to be used again.
//
// Threads: any.
// Floor 5.
#ifndef AIAUDIT_TRANSPORT_CONNECTION_POOL_HPP
#define AIAUDIT_TRANSPORT_CONNECTION_POOL_HPP

#include <aiaudit/transport/connection.hpp>  // connection

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
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
    [[nodiscard]] std::unique_ptr<connection> take(std::string const& origin);

    void put(std::string const& origin, std::unique_ptr<connection> held);

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

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/transport/connection_pool.ipp>
#endif

#endif  // AIAUDIT_TRANSPORT_CONNECTION_POOL_HPP
