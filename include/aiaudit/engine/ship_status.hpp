// SPDX-License-Identifier: MIT
//
// ship_status.hpp: how far a shipper has come (sinks/shipper.hpp), for who shows it.
//
// Threads: plain values; ship_metrics() without state.
// Floor 6.
#ifndef AIAUDIT_ENGINE_SHIP_STATUS_HPP
#define AIAUDIT_ENGINE_SHIP_STATUS_HPP

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

enum class ship_state : std::uint8_t {
    starting,  // nothing is known of the sink yet
    current,   // the sink has all that the log had when it was looked at
    behind,    // there is more to ship
    retrying,  // the sink failed, and is tried again
    stopped,   // no retry helps; `error` says why
};

[[nodiscard]] constexpr std::string_view name_of(ship_state state) noexcept {
    switch (state) {
    case ship_state::starting: return "starting";
    case ship_state::current: return "current";
    case ship_state::behind: return "behind";
    case ship_state::retrying: return "retrying";
    case ship_state::stopped: return "stopped";
    }
    return "unknown";
}

struct ship_status {
    ship_state state = ship_state::starting;
    std::string mark_name{};           // under which retention knows the sink
    std::string sink{};                // its address, without secrets
    std::string origin{};              // empty until the log has a record
    std::uint64_t shipped = 0;         // records that the sink has confirmed
    std::uint64_t log_size = 0;        // when it was last looked at
    std::chrono::milliseconds lag{0};  // for how long the sink has not had all of the log
    std::uint64_t rows = 0;            // sent by this shipper
    std::uint64_t batches = 0;
    std::uint64_t retries = 0;  // failures after which it tried again
    std::string error{};        // the last one; stays until a batch succeeds
};

// Families of Prometheus's text format 0.0.4, with the label sink="NAME". Empty without a shipper.
[[nodiscard]] std::string ship_metrics(std::span<ship_status const> all);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/engine/ship_status.ipp>
#endif

#endif  // AIAUDIT_ENGINE_SHIP_STATUS_HPP
