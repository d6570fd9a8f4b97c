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

#include <algorithm>
#include <cstddef>
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

// The middle one, or the mean of the two in the middle. Precondition: not empty.
[[nodiscard]] inline int128 median_of(std::vector<int128> values) {
    std::sort(values.begin(), values.end());
    std::size_t const middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

// Far over any amount that is ever spent, and far under what would overflow below.
inline constexpr int128 anomaly_value_most = int128{1'000'000'000'000'000'000} * 1'000'000'000'000;

[[nodiscard]] inline std::optional<int128> value_of(anomaly_metric metric, activity const& of,
                                                    anomaly_options const& options) {
    bool const enough = of.attempts >= std::max<std::uint64_t>(options.attempts_min, 1);
    switch (metric) {
    case anomaly_metric::spend:
        if (of.attempts == 0) return std::nullopt;
        return std::clamp(of.cost.pico(), int128{0}, anomaly_value_most);
    case anomaly_metric::error_rate:
        if (!enough) return std::nullopt;
        return static_cast<int128>(of.errors) * 1'000'000 / static_cast<int128>(of.attempts);
    case anomaly_metric::latency:
        if (!enough || of.latency_ns == 0) return std::nullopt;
        return static_cast<int128>(of.latency_ns);
    }
    return std::nullopt;
}

[[nodiscard]] inline int128 least_excess(anomaly_metric metric, anomaly_options const& options) {
    switch (metric) {
    case anomaly_metric::spend:
        return std::clamp(options.spend_min.pico(), int128{0}, anomaly_value_most);
    case anomaly_metric::error_rate: return int128{options.error_percent_min} * 10'000;
    case anomaly_metric::latency: return static_cast<int128>(options.latency_ns_min);
    }
    return 0;
}

// With two decimals, cut.
[[nodiscard]] inline std::string hundredths_text(int128 hundredths) {
    std::string const decimals = std::to_string(static_cast<unsigned>(hundredths % 100));
    return money::from_pico(hundredths / 100 * 1'000'000'000'000).to_string() + "." +
           (decimals.size() < 2 ? "0" : "") + decimals;
}

[[nodiscard]] inline std::string anomaly_amount(anomaly_metric metric, int128 value) {
    switch (metric) {
    case anomaly_metric::spend: return money::from_pico(value).to_string() + " USD";
    case anomaly_metric::error_rate: return hundredths_text(value / 100) + " % failed";
    case anomaly_metric::latency: return hundredths_text(value / 10'000'000) + " s";
    }
    return {};
}

[[nodiscard]] inline std::string anomaly_text(anomaly const& of) {
    std::string const what = of.metric == anomaly_metric::spend        ? "spent "
                             : of.metric == anomaly_metric::error_rate ? ""
                                                                       : "latency ";
    return of.subject + ": " + what + anomaly_amount(of.metric, of.value) + " since " +
           of.since.to_string() + "; usual is " + anomaly_amount(of.metric, of.usual) +
           ", seldom over " + anomaly_amount(of.metric, of.limit) + " (median of " +
           std::to_string(of.periods) + " earlier periods)";
}

[[nodiscard]] inline std::optional<anomaly> find_anomaly(anomaly_metric metric,
                                                         std::string_view subject,
                                                         std::span<activity const> earlier,
                                                         activity const& now,
                                                         anomaly_options const& options) {
    auto const value = value_of(metric, now, options);
    if (!value) return std::nullopt;
    std::vector<int128> values;
    for (activity const& each : earlier) {
        if (auto const usual = value_of(metric, each, options)) values.push_back(*usual);
    }
    if (values.empty() || values.size() < options.periods_min) return std::nullopt;
    int128 const median = median_of(values);
    auto const periods = static_cast<std::uint32_t>(values.size());
    for (int128& each : values) each = each < median ? median - each : each - median;
    // 1.4826 MADs are a standard deviation of normal values.
    int128 const distance = median_of(std::move(values)) * 14'826 / 10'000;
    int128 const limit = (std::max)({median + distance * int128{options.deviations},
                                     median * int128{options.percent_min} / 100,
                                     median + least_excess(metric, options)});
    if (*value <= limit) return std::nullopt;
    anomaly found{metric, std::string(subject), now.begins, *value, median, limit, periods, {}};
    found.text = anomaly_text(found);
    return found;
}

}  // namespace detail

// What is far off in the period `now`, against the earlier ones; at most one of each metric. A
// period that has only begun can be compared with whole ones: what it has passed by now is far off
// already.
[[nodiscard]] inline std::vector<anomaly> find_anomalies(std::string_view subject,
                                                         std::span<activity const> earlier,
                                                         activity const& now,
                                                         anomaly_options const& options = {}) {
    std::vector<anomaly> all;
    for (auto const metric :
         {anomaly_metric::spend, anomaly_metric::error_rate, anomaly_metric::latency}) {
        if (auto found = detail::find_anomaly(metric, subject, earlier, now, options))
            all.push_back(std::move(*found));
    }
    return all;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_ROLLUP_ANOMALY_HPP
