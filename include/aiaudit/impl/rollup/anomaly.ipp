// SPDX-License-Identifier: MIT
//
// anomaly.ipp: the definitions of anomaly.hpp.
#ifndef AIAUDIT_IMPL_ROLLUP_ANOMALY_IPP
#define AIAUDIT_IMPL_ROLLUP_ANOMALY_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/rollup/anomaly.hpp>

#include <algorithm>
#include <cstddef>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// The middle one, or the mean of the two in the middle. Precondition: not empty.
AIAUDIT_INLINE int128 median_of(std::vector<int128> values) {
    std::sort(values.begin(), values.end());
    std::size_t const middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

AIAUDIT_INLINE std::optional<int128> value_of(anomaly_metric metric, activity const& of,
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

AIAUDIT_INLINE int128 least_excess(anomaly_metric metric, anomaly_options const& options) {
    switch (metric) {
    case anomaly_metric::spend:
        return std::clamp(options.spend_min.pico(), int128{0}, anomaly_value_most);
    case anomaly_metric::error_rate: return int128{options.error_percent_min} * 10'000;
    case anomaly_metric::latency: return static_cast<int128>(options.latency_ns_min);
    }
    return 0;
}

// With two decimals, cut.
AIAUDIT_INLINE std::string hundredths_text(int128 hundredths) {
    std::string const decimals = std::to_string(static_cast<unsigned>(hundredths % 100));
    return money::from_pico(hundredths / 100 * 1'000'000'000'000).to_string() + "." +
           (decimals.size() < 2 ? "0" : "") + decimals;
}

AIAUDIT_INLINE std::string anomaly_amount(anomaly_metric metric, int128 value) {
    switch (metric) {
    case anomaly_metric::spend: return money::from_pico(value).to_string() + " USD";
    case anomaly_metric::error_rate: return hundredths_text(value / 100) + " % failed";
    case anomaly_metric::latency: return hundredths_text(value / 10'000'000) + " s";
    }
    return {};
}

AIAUDIT_INLINE std::string anomaly_text(anomaly const& of) {
    std::string const what = of.metric == anomaly_metric::spend        ? "spent "
                             : of.metric == anomaly_metric::error_rate ? ""
                                                                       : "latency ";
    return of.subject + ": " + what + anomaly_amount(of.metric, of.value) + " since " +
           of.since.to_string() + "; usual is " + anomaly_amount(of.metric, of.usual) +
           ", seldom over " + anomaly_amount(of.metric, of.limit) + " (median of " +
           std::to_string(of.periods) + " earlier periods)";
}

AIAUDIT_INLINE std::optional<anomaly> find_anomaly(anomaly_metric metric, std::string_view subject,
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

AIAUDIT_INLINE std::vector<anomaly> find_anomalies(std::string_view subject,
                                                   std::span<activity const> earlier,
                                                   activity const& now,
                                                   anomaly_options const& options) {
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

#endif  // AIAUDIT_IMPL_ROLLUP_ANOMALY_IPP
