// SPDX-License-Identifier: MIT
//
// anomaly.hpp: what somebody does today that is far from what he usually does: spend, failures,
// latency.
//
// Usual is the median of the earlier periods in which he did anything, and how far it usually
// strays is the median distance from it (MAD): a few odd days move neither. A period is far off
// where it lies above the median by `deviations` times that distance, by `percent_min`, and by an
// amount worth a word. Only upwards: that somebody spends less is no alarm.
// Threads: pure functions.
// Floor 4.
#ifndef AIAUDIT_ROLLUP_ANOMALY_HPP
#define AIAUDIT_ROLLUP_ANOMALY_HPP

#include <aiaudit/core/money.hpp>      // money
#include <aiaudit/core/timestamp.hpp>  // timestamp

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

enum class anomaly_metric : std::uint8_t { spend, error_rate, latency };

[[nodiscard]] constexpr std::string_view name_of(anomaly_metric metric) noexcept {
    switch (metric) {
    case anomaly_metric::spend: return "spend";
    case anomaly_metric::error_rate: return "error_rate";
    case anomaly_metric::latency: return "latency";
    }
    return "unknown";
}

// What somebody did in a period: a day, or the same hours of a day.
struct activity {
    timestamp begins{};
    money cost{};
    std::uint64_t attempts = 0;
    std::uint64_t errors = 0;
    std::uint64_t latency_ns = 0;  // a percentile of choice, or the mean; 0: not known
};

struct anomaly_options {
    // Earlier periods with enough in them: fewer are no habit, and nothing is said.
    std::uint32_t periods_min = 7;
    // Times the usual distance, which for values that scatter normally is a standard deviation.
    std::uint32_t deviations = 6;
    std::uint32_t percent_min = 200;                        // of the median: twice as much
    money spend_min = money::from_pico(1'000'000'000'000);  // above the median: 1 USD
    std::uint64_t attempts_min = 50;  // of a period, for error rates and latencies to mean anything
    std::uint32_t error_percent_min = 5;         // points above the median
    std::uint64_t latency_ns_min = 500'000'000;  // above the median
};

struct anomaly {
    anomaly_metric metric = anomaly_metric::spend;
    std::string subject{};  // "user alice", "model openai/gpt-4.1"
    timestamp since{};
    // In pico-USD, errors in a million attempts, or nanoseconds.
    int128 value = 0;
    int128 usual = 0;
    int128 limit = 0;  // above which it is far off
    std::uint32_t periods = 0;
    // What, how much against what is usual, since when, who: one line.
    std::string text{};
};

namespace detail {

// Far over any amount that is ever spent, and far under what would overflow below.
inline constexpr int128 anomaly_value_most = int128{1'000'000'000'000'000'000} * 1'000'000'000'000;

[[nodiscard]] std::optional<int128> value_of(anomaly_metric metric, activity const& of,
                                             anomaly_options const& options);

[[nodiscard]] int128 least_excess(anomaly_metric metric, anomaly_options const& options);

[[nodiscard]] std::string anomaly_amount(anomaly_metric metric, int128 value);

}  // namespace detail

// What is far off in the period `now`, against the earlier ones; at most one of each metric. A
// period that has only begun can be compared with whole ones: what it has passed by now is far off
// already.
[[nodiscard]] std::vector<anomaly> find_anomalies(std::string_view subject,
                                                  std::span<activity const> earlier,
                                                  activity const& now,
                                                  anomaly_options const& options = {});

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/rollup/anomaly.ipp>
#endif

#endif  // AIAUDIT_ROLLUP_ANOMALY_HPP
