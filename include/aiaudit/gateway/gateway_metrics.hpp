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
#include <aiaudit/gateway/clean_text.hpp>  // clean_text

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
inline constexpr std::size_t metric_label_bytes = 128;
inline constexpr std::string_view metric_other = "other";

// A label's value between quotes: of valid UTF-8, with the escapes of the format.
[[nodiscard]] inline std::string metric_label(std::string_view text) {
    std::string quoted = "\"";
    for (char const c : clean_text(text, metric_label_bytes)) {
        if (c == '"' || c == '\\') quoted.push_back('\\');
        quoted.push_back(c);
    }
    quoted.push_back('"');
    return quoted;
}

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

    void add(std::optional<std::uint64_t> duration_ns) noexcept {
        if (!duration_ns) return;
        std::size_t place = 0;
        while (place < metric_bounds.size() &&
               *duration_ns > metric_bounds[place].ms * std::uint64_t{1'000'000})
            ++place;
        ++counts[place];
        sum_us += *duration_ns / 1000;
    }
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
    money saved{};
    std::uint64_t cost_unknown = 0;
    std::uint64_t incomplete = 0;
    metric_histogram duration{};
    metric_histogram first_token{};

    void add(int status, record const& outcome) {
        bool const answered = status >= 100 && status <= 599;
        ++requests[answered ? static_cast<std::size_t>(status / 100) : 0];
        for (std::size_t i = 0; i < metric_tokens.size(); ++i)
            tokens[i] += outcome.usage.count(metric_tokens[i].first);
        cost += outcome.cost;
        if (outcome.saved) saved += *outcome.saved;
        bool const known = outcome.cost_status != cost_status::unknown &&
                           outcome.cost_status != cost_status::unpriced;
        cost_unknown += known ? 0U : 1U;
        incomplete += outcome.complete ? 0U : 1U;
        duration.add(outcome.duration_ns);
        first_token.add(outcome.time_to_first_token_ns);
    }
};

struct metric_series {
    mutable std::mutex mutex{};
    metric_figures figures{};
};

// Lines of one metric, under the head that the format wants once.
class metric_writer {
public:
    explicit metric_writer(std::string& out) noexcept : out_(out) {}

    void head(std::string_view name, std::string_view type, std::string_view help) {
        name_ = name;
        out_.append("# HELP ").append(name).append(" ").append(help);
        out_.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
    }
    void line(std::string_view ending, std::string_view labels, std::string_view value) {
        out_.append(name_).append(ending);
        if (!labels.empty()) out_.append("{").append(labels).append("}");
        out_.append(" ").append(value).append("\n");
    }
    void line(std::string_view labels, std::uint64_t value) {
        line({}, labels, std::to_string(value));
    }
    void histogram(std::string const& labels, metric_histogram const& of) {
        std::uint64_t total = 0;
        for (std::size_t i = 0; i < of.counts.size(); ++i) {
            total += of.counts[i];
            bool const last = i == metric_bounds.size();
            std::string const bound(last ? "+Inf" : metric_bounds[i].seconds);
            line("_bucket", labels + ",le=\"" + bound + "\"", std::to_string(total));
        }
        line("_sum", labels, format_scaled_decimal(static_cast<int128>(of.sum_us), 6));
        line("_count", labels, std::to_string(total));
    }

private:
    std::string& out_;
    std::string_view name_{};
};

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
    void refused(std::string_view why) {
        std::lock_guard const alone(reasons_mutex_);
        auto found = reasons_.find(why);
        if (found == reasons_.end()) {
            bool const room = reasons_.size() < detail::metric_reasons_most;
            found = reasons_.try_emplace(std::string(room ? why : detail::metric_other)).first;
        }
        ++found->second;
    }

    // Of the Content-Type "text/plain; version=0.0.4; charset=utf-8".
    [[nodiscard]] std::string text() const {
        std::string out;
        detail::metric_writer writer(out);
        write_gauges(writer);
        write_reasons(writer);
        auto const now = figures();
        write_requests(writer, now);
        write_amounts(writer, now);
        write_times(writer, now);
        return out;
    }

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
                                                   std::string_view model, int status) {
        {
            std::shared_lock const reading(series_mutex_);
            auto const found = series_.find(pair_view{upstream, model});
            if (found != series_.end()) return *found->second;
        }
        std::lock_guard const alone(series_mutex_);
        if (status >= 200 && status < 300 && series_.size() < detail::metric_pairs_most)
            return made(upstream, model);
        // The upstreams are few, since they are configured; still nothing grows without a bound.
        auto const rest = series_.find(pair_view{upstream, detail::metric_other});
        if (rest != series_.end()) return *rest->second;
        bool const room = series_.size() < 2 * detail::metric_pairs_most;
        return made(room ? upstream : detail::metric_other, detail::metric_other);
    }

    // Under the lock.
    [[nodiscard]] detail::metric_series& made(std::string_view upstream, std::string_view model) {
        auto const [place, is_new] =
            series_.try_emplace(pair_name{std::string(upstream), std::string(model)});
        if (is_new) place->second = std::make_unique<detail::metric_series>();
        return *place->second;
    }

    // By the labels, since two long names may look the same once they are cut.
    [[nodiscard]] figures_by_labels figures() const {
        figures_by_labels copied;
        std::shared_lock const reading(series_mutex_);
        for (auto const& [pair, series] : series_) {
            std::string labels = "upstream=" + detail::metric_label(pair.first) +
                                 ",model=" + detail::metric_label(pair.second);
            std::lock_guard const alone(series->mutex);
            while (!copied.try_emplace(labels, series->figures).second)
                labels.insert(labels.size() - 1, "~");
        }
        return copied;
    }

    void write_gauges(detail::metric_writer& to) const {
        auto const write = [&to](std::string_view name, std::string_view help,
                                 metrics_gauge const& of) {
            to.head(name, "gauge", help);
            to.line({}, {}, std::to_string(of.value()));
        };
        write("aiaudit_gateway_open_connections", "Connections of clients that are open.",
              open_connections);
        write("aiaudit_gateway_open_streams", "Streams that are being passed through.",
              open_streams);
        write("aiaudit_gateway_in_flight", "Requests that have begun and not ended.", in_flight);
    }

    void write_reasons(detail::metric_writer& to) const {
        to.head("aiaudit_gateway_refused_total", "counter",
                "Requests that the gateway did not let through, by reason.");
        std::lock_guard const alone(reasons_mutex_);
        for (auto const& [why, count] : reasons_)
            to.line("reason=" + detail::metric_label(why), count);
    }

    static void write_requests(detail::metric_writer& to, figures_by_labels const& now) {
        to.head("aiaudit_gateway_requests_total", "counter",
                "Requests that went to an upstream, by the class of the status that was answered.");
        for (auto const& [labels, of] : now) {
            for (std::size_t i = 0; i < of.requests.size(); ++i) {
                if (of.requests[i] == 0) continue;
                to.line(labels + ",status=\"" + std::string(detail::metric_classes[i]) + '"',
                        of.requests[i]);
            }
        }
        to.head("aiaudit_gateway_incomplete_total", "counter",
                "Answers that were cut before their end.");
        for (auto const& [labels, of] : now) to.line(labels, of.incomplete);
    }

    static void write_amounts(detail::metric_writer& to, figures_by_labels const& now) {
        to.head("aiaudit_gateway_tokens_total", "counter",
                "Tokens; cache_read and cache_write are parts of input, reasoning of output.");
        for (auto const& [labels, of] : now) {
            for (std::size_t i = 0; i < of.tokens.size(); ++i)
                to.line(labels + ",kind=\"" + std::string(detail::metric_tokens[i].second) + '"',
                        of.tokens[i]);
        }
        to.head("aiaudit_gateway_cost_usd_total", "counter", "What the answers cost, in USD.");
        for (auto const& [labels, of] : now) to.line({}, labels, of.cost.to_string());
        to.head("aiaudit_gateway_saved_usd_total", "counter",
                "What answers from the cache would have cost, in USD.");
        for (auto const& [labels, of] : now) to.line({}, labels, of.saved.to_string());
        to.head("aiaudit_gateway_cost_unknown_total", "counter",
                "Answers whose cost is not known, which the cost does not hold.");
        for (auto const& [labels, of] : now) to.line(labels, of.cost_unknown);
    }

    static void write_times(detail::metric_writer& to, figures_by_labels const& now) {
        to.head("aiaudit_gateway_duration_seconds", "histogram", "From the request to its end.");
        for (auto const& [labels, of] : now) to.histogram(labels, of.duration);
        to.head("aiaudit_gateway_time_to_first_token_seconds", "histogram",
                "Of streams: from the request to the first token.");
        for (auto const& [labels, of] : now) to.histogram(labels, of.first_token);
    }

    mutable std::shared_mutex series_mutex_{};
    std::map<pair_name, std::unique_ptr<detail::metric_series>, pair_less> series_{};
    mutable std::mutex reasons_mutex_{};
    std::map<std::string, std::uint64_t, std::less<>> reasons_{};
};

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_GATEWAY_GATEWAY_METRICS_HPP
