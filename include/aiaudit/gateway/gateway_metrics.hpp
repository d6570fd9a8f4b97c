// SPDX-License-Identifier: MIT
//
// gateway_metrics.hpp: what the gateway counts, as Prometheus reads it (text format 0.0.4).
//
// Bounds: 200 pairs of upstream and model; what comes after that is counted under "other". A
// model's name is a stranger's text, so it gets a place of its own only once an upstream has
// answered for it: nobody can fill the places with names that he made up.
// Threads: any. A series has a lock of its own, held for some twenty additions: cheaper than as
// many atomic ones, and its figures always agree with each other.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_GATEWAY_METRICS_HPP
#define AIAUDIT_GATEWAY_GATEWAY_METRICS_HPP

#include <aiaudit/core/record.hpp>         // record
#include <aiaudit/detail/metric_text.hpp>  // metric_writer

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// How many there are now.
class metrics_gauge {
public:
    metrics_gauge& operator++() noexcept {
        value_.fetch_add(1, std::memory_order_relaxed);
        return *this;
    }
    metrics_gauge& operator--() noexcept {
        value_.fetch_sub(1, std::memory_order_relaxed);
        return *this;
    }
    void set(std::int64_t to) noexcept { value_.store(to, std::memory_order_relaxed); }
    [[nodiscard]] std::int64_t value() const noexcept {
        return value_.load(std::memory_order_relaxed);
    }

private:
    std::atomic<std::int64_t> value_{0};
};

namespace detail {

// Counted in a gauge for as long as it lives.
class counted_in {
public:
    explicit counted_in(metrics_gauge* in) noexcept : in_(in) {
        if (in_ != nullptr) ++*in_;
    }
    ~counted_in() {
        if (in_ != nullptr) --*in_;
    }
    counted_in(counted_in const&) = delete;
    counted_in& operator=(counted_in const&) = delete;

private:
    metrics_gauge* in_;
};

inline constexpr std::size_t metric_pairs_most = 200;
inline constexpr std::size_t metric_reasons_most = 32;
inline constexpr std::string_view metric_other = "other";

// The upper bound of a bucket, and how it is written in seconds.
struct metric_bound {
    std::uint64_t ms;
    std::string_view seconds;
};

// From the overhead of a cached answer to the longest answers of reasoning models.
inline constexpr std::array<metric_bound, 15> metric_bounds{{{5, "0.005"},
                                                             {10, "0.01"},
                                                             {25, "0.025"},
                                                             {50, "0.05"},
                                                             {100, "0.1"},
                                                             {250, "0.25"},
                                                             {500, "0.5"},
                                                             {1'000, "1"},
                                                             {2'500, "2.5"},
                                                             {5'000, "5"},
                                                             {10'000, "10"},
                                                             {30'000, "30"},
                                                             {60'000, "60"},
                                                             {120'000, "120"},
                                                             {300'000, "300"}}};

struct metric_histogram {
    std::array<std::uint64_t, metric_bounds.size() + 1> counts{};  // each bucket by itself
    std::uint64_t sum_us = 0;

    void add(std::optional<std::uint64_t> duration_ns) noexcept;
};

inline constexpr std::array<std::string_view, 6> metric_classes{"none", "1xx", "2xx",
                                                                "3xx",  "4xx", "5xx"};
inline constexpr std::array<std::pair<unit, std::string_view>, 5> metric_tokens{
    {{unit::input_tokens, "input"},
     {unit::output_tokens, "output"},
     {unit::cache_read_tokens, "cache_read"},
     {unit::cache_write_tokens, "cache_write"},
     {unit::output_reasoning_tokens, "reasoning"}}};

// Of one upstream and model.
struct metric_figures {
    std::array<std::uint64_t, metric_classes.size()> requests{};
    std::array<std::uint64_t, metric_tokens.size()> tokens{};
    money cost{};
    money estimated{};  // of the cost
    money saved{};
    std::uint64_t cost_unknown = 0;
    std::uint64_t incomplete = 0;
    metric_histogram duration{};
    metric_histogram first_token{};

    void add(int status, record const& outcome);
};

struct metric_series {
    mutable std::mutex mutex{};
    metric_figures figures{};
};

void write_histogram(metric_writer& to, std::string const& labels,
                     metric_histogram const& durations);

}  // namespace detail

class gateway_metrics {
public:
    metrics_gauge open_connections{};
    metrics_gauge open_streams{};
    metrics_gauge in_flight{};

    // A request that went to an upstream has ended. The status is what the client was told; 0 where
    // it was gone before that. Of the outcome: tokens, cost, times, whether it was complete.
    void count(std::string_view upstream, std::string_view model, int status,
               record const& outcome) {
        detail::metric_series& series = series_of(upstream, model, status);
        std::lock_guard const alone(series.mutex);
        series.figures.add(status, outcome);
    }

    // A request was not let through: "budget", "key". Few words of the caller's own; past 32 of
    // them they count as "other".
    void refused(std::string_view why);

    // Adds lines of another part of the program, whole metrics with their heads; any thread may
    // call `lines`.
    void add_source(std::function<std::string()> lines);

    // Of the Content-Type "text/plain; version=0.0.4; charset=utf-8".
    [[nodiscard]] std::string text() const;

private:
    using pair_name = std::pair<std::string, std::string>;
    using pair_view = std::pair<std::string_view, std::string_view>;
    struct pair_less {
        using is_transparent = void;
        [[nodiscard]] bool operator()(pair_view const& left,
                                      pair_view const& right) const noexcept {
            return left < right;
        }
    };
    using figures_by_labels = std::map<std::string, detail::metric_figures>;

    // The series of the pair, or the one that counts what has none of its own. Series are never
    // removed, so that a reference to one stays good.
    [[nodiscard]] detail::metric_series& series_of(std::string_view upstream,
                                                   std::string_view model, int status);

    // Under the lock.
    [[nodiscard]] detail::metric_series& made(std::string_view upstream, std::string_view model);

    // By the labels, since two long names may look the same once they are cut.
    [[nodiscard]] figures_by_labels figures() const;

    void write_gauges(detail::metric_writer& to) const;

    void write_reasons(detail::metric_writer& to) const;

    static void write_requests(detail::metric_writer& to, figures_by_labels const& now);

    static void write_amounts(detail::metric_writer& to, figures_by_labels const& now);

    static void write_times(detail::metric_writer& to, figures_by_labels const& now);

    mutable std::shared_mutex series_mutex_{};
    std::map<pair_name, std::unique_ptr<detail::metric_series>, pair_less> series_{};
    mutable std::mutex sources_mutex_{};
    std::vector<std::function<std::string()>> sources_{};
    mutable std::mutex reasons_mutex_{};
    std::map<std::string, std::uint64_t, std::less<>> reasons_{};
};

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/gateway_metrics.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_GATEWAY_METRICS_HPP
