// SPDX-License-Identifier: MIT
//
// shipped_log.hpp: how one of many logs stands in the database that they are shipped to
// (sinks/postgres_collection.hpp), for who shows it.
//
// Threads: plain values.
// Floor 6.
#ifndef AIAUDIT_ENGINE_SHIPPED_LOG_HPP
#define AIAUDIT_ENGINE_SHIPPED_LOG_HPP

#include <aiaudit/core/timestamp.hpp>  // timestamp

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

// One log, as the database has it.
struct shipped_log {
    std::string origin{};
    std::uint64_t size = 0;      // records that are there
    std::uint64_t log_size = 0;  // that the log had when its shipper last spoke
    std::uint64_t first = 1;     // the oldest that came
    std::string root{};          // of the log's tree over `size` records, in hexadecimal digits
    std::optional<timestamp> newest{};  // the latest started_at of its records
    timestamp updated{};                // when its shipper last spoke, by the database's clock
    std::chrono::seconds silent{0};     // since then
    // At which size two roots were told: the log was forked, or is another under the same name.
    std::optional<std::uint64_t> forked_at{};

    // Records that the log has and the database has not.
    [[nodiscard]] constexpr std::uint64_t lacking() const noexcept {
        return log_size > size ? log_size - size : 0;
    }
};

// The worse, the higher.
enum class log_state : std::uint8_t {
    current,
    behind,  // much of the log is not there
    silent,  // its shipper has not spoken for long
    forked,  // two logs have its name
};

[[nodiscard]] constexpr std::string_view name_of(log_state state) noexcept {
    switch (state) {
    case log_state::current: return "current";
    case log_state::behind: return "behind";
    case log_state::silent: return "silent";
    case log_state::forked: return "forked";
    }
    return "unknown";
}

// From when on a log is silent, and from when on behind.
struct log_bounds {
    std::uint64_t silent_seconds = 300;
    std::uint64_t behind_records = 100'000;
};

// The worst that is true of it.
[[nodiscard]] inline log_state state_of(shipped_log const& log, log_bounds const& bounds) {
    if (log.forked_at) return log_state::forked;
    auto const silent = log.silent.count();
    if (silent > 0 && static_cast<std::uint64_t>(silent) >= bounds.silent_seconds)
        return log_state::silent;
    std::uint64_t const lacking = log.lacking();
    if (lacking > 0 && lacking >= bounds.behind_records) return log_state::behind;
    return log_state::current;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_ENGINE_SHIPPED_LOG_HPP
