// SPDX-License-Identifier: MIT
//
// serve_shipping.hpp: the sinks that a gateway ships its ledger's records to, each in a thread of
// its own.
#ifndef AIAUDIT_TOOLS_SERVE_SHIPPING_HPP
#define AIAUDIT_TOOLS_SERVE_SHIPPING_HPP

#include "commands.hpp"

#include <aiaudit/alerts.hpp>
#include <aiaudit/clock/thread.hpp>
#include <aiaudit/sinks/shipper.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace aiaudit_tool {

class serve_shipping {
public:
    // Failures name --ship, --ship-origin and --ship-key.
    serve_shipping(std::vector<std::string> const& addresses, std::string const& origin,
                   std::string const& key);
    serve_shipping(serve_shipping const&) = delete;
    serve_shipping& operator=(serve_shipping const&) = delete;
    ~serve_shipping() { stop(); }

    // The ledger outlives the threads: stop() comes before its end.
    void start(aiaudit::ledger const& log);
    // Says on stderr what changed, and raises an alert where a sink stopped or is behind for long.
    void look(aiaudit::alert_watch& alerts);
    // Ships what there is, for some seconds at the most, and ends.
    void finish();
    // Ends the threads.
    void stop() noexcept;

    class stop_guard {
    public:
        explicit stop_guard(serve_shipping& shipping) noexcept : shipping_(shipping) {}
        stop_guard(stop_guard const&) = delete;
        stop_guard& operator=(stop_guard const&) = delete;
        ~stop_guard() { shipping_.stop(); }

    private:
        serve_shipping& shipping_;
    };

    // Thread: any, at any time. Empty before start().
    [[nodiscard]] std::vector<aiaudit::ship_status> statuses() const;

private:
    struct lane {
        std::unique_ptr<aiaudit::record_sink> sink{};  // until it has a shipper
        aiaudit::ship_options options{};
        std::unique_ptr<aiaudit::shipper> shipper{};
        aiaudit::detail::thread worker{};
        std::string said{};
        std::optional<aiaudit::timestamp> trouble_since{};
    };

    void look_at(lane& one, aiaudit::alert_watch& alerts);

    std::vector<std::unique_ptr<lane>> lanes_{};
    std::stop_source stop_{};
    mutable std::mutex mutex_{};  // of the list of shippers, which statuses() reads
};

}  // namespace aiaudit_tool

#endif  // AIAUDIT_TOOLS_SERVE_SHIPPING_HPP
