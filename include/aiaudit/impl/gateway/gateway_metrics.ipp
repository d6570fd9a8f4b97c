// SPDX-License-Identifier: MIT
//
// gateway_metrics.ipp: the definitions of gateway_metrics.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_GATEWAY_METRICS_IPP
#define AIAUDIT_IMPL_GATEWAY_GATEWAY_METRICS_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/gateway/gateway_metrics.hpp>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE void metric_histogram::add(std::optional<std::uint64_t> duration_ns) noexcept {
    if (!duration_ns) return;
    std::size_t place = 0;
    while (place < metric_bounds.size() &&
           *duration_ns > metric_bounds[place].ms * std::uint64_t{1'000'000})
        ++place;
    ++counts[place];
    sum_us += *duration_ns / 1000;
}

AIAUDIT_INLINE void metric_figures::add(int status, record const& outcome) {
    bool const answered = status >= 100 && status <= 599;
    ++requests[answered ? static_cast<std::size_t>(status / 100) : 0];
    for (std::size_t i = 0; i < metric_tokens.size(); ++i)
        tokens[i] += outcome.usage.reported_count(metric_tokens[i].first);
    cost += outcome.cost;
    if (outcome.cost_status == cost_status::estimated) estimated += outcome.cost;
    if (outcome.saved) saved += *outcome.saved;
    bool const known =
        outcome.cost_status != cost_status::unknown && outcome.cost_status != cost_status::unpriced;
    cost_unknown += known ? 0U : 1U;
    incomplete += outcome.complete ? 0U : 1U;
    duration.add(outcome.duration_ns);
    first_token.add(outcome.time_to_first_token_ns);
}

AIAUDIT_INLINE void write_histogram(metric_writer& to, std::string const& labels,
                                    metric_histogram const& durations) {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < durations.counts.size(); ++i) {
        total += durations.counts[i];
        bool const last = i == metric_bounds.size();
        std::string const bound(last ? "+Inf" : metric_bounds[i].seconds);
        to.line("_bucket", labels + ",le=\"" + bound + "\"", std::to_string(total));
    }
    to.line("_sum", labels, format_scaled_decimal(static_cast<int128>(durations.sum_us), 6));
    to.line("_count", labels, std::to_string(total));
}

}  // namespace detail

AIAUDIT_INLINE void gateway_metrics::refused(std::string_view why) {
    std::lock_guard const alone(reasons_mutex_);
    auto found = reasons_.find(why);
    if (found == reasons_.end()) {
        bool const room = reasons_.size() < detail::metric_reasons_most;
        found = reasons_.try_emplace(std::string(room ? why : detail::metric_other)).first;
    }
    ++found->second;
}

AIAUDIT_INLINE std::string gateway_metrics::text() const {
    std::string out;
    detail::metric_writer writer(out);
    write_gauges(writer);
    write_reasons(writer);
    auto const now = figures();
    write_requests(writer, now);
    write_amounts(writer, now);
    write_times(writer, now);
    std::lock_guard const alone(sources_mutex_);
    for (auto const& each : sources_) out += each();
    return out;
}

AIAUDIT_INLINE void gateway_metrics::add_source(std::function<std::string()> lines) {
    std::lock_guard const alone(sources_mutex_);
    sources_.push_back(std::move(lines));
}

AIAUDIT_INLINE detail::metric_series& gateway_metrics::series_of(std::string_view upstream,
                                                                 std::string_view model,
                                                                 int status) {
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

AIAUDIT_INLINE detail::metric_series& gateway_metrics::made(std::string_view upstream,
                                                            std::string_view model) {
    auto const [place, is_new] =
        series_.try_emplace(pair_name{std::string(upstream), std::string(model)});
    if (is_new) place->second = std::make_unique<detail::metric_series>();
    return *place->second;
}

AIAUDIT_INLINE gateway_metrics::figures_by_labels gateway_metrics::figures() const {
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

AIAUDIT_INLINE void gateway_metrics::write_gauges(detail::metric_writer& to) const {
    auto const write = [&to](std::string_view name, std::string_view help,
                             metrics_gauge const& of) {
        to.head(name, "gauge", help);
        to.line({}, {}, std::to_string(of.value()));
    };
    write("aiaudit_gateway_open_connections", "Connections of clients that are open.",
          open_connections);
    write("aiaudit_gateway_open_streams", "Streams that are being passed through.", open_streams);
    write("aiaudit_gateway_in_flight", "Requests that have begun and not ended.", in_flight);
}

AIAUDIT_INLINE void gateway_metrics::write_reasons(detail::metric_writer& to) const {
    to.head("aiaudit_gateway_refused_total", "counter",
            "Requests that the gateway did not let through, by reason.");
    std::lock_guard const alone(reasons_mutex_);
    for (auto const& [why, count] : reasons_) to.line("reason=" + detail::metric_label(why), count);
}

AIAUDIT_INLINE void gateway_metrics::write_requests(detail::metric_writer& to,
                                                    figures_by_labels const& now) {
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

AIAUDIT_INLINE void gateway_metrics::write_amounts(detail::metric_writer& to,
                                                   figures_by_labels const& now) {
    to.head("aiaudit_gateway_tokens_total", "counter",
            "Tokens that the provider reported; cache_read and cache_write are parts of input, "
            "reasoning of output.");
    for (auto const& [labels, of] : now) {
        for (std::size_t i = 0; i < of.tokens.size(); ++i)
            to.line(labels + ",kind=\"" + std::string(detail::metric_tokens[i].second) + '"',
                    of.tokens[i]);
    }
    to.head("aiaudit_gateway_cost_usd_total", "counter", "What the answers cost, in USD.");
    for (auto const& [labels, of] : now) to.line({}, labels, of.cost.to_string());
    to.head("aiaudit_gateway_cost_estimated_usd_total", "counter",
            "The part of the cost that is an upper bound, in USD.");
    for (auto const& [labels, of] : now) to.line({}, labels, of.estimated.to_string());
    to.head("aiaudit_gateway_saved_usd_total", "counter",
            "What answers from the cache would have cost, in USD.");
    for (auto const& [labels, of] : now) to.line({}, labels, of.saved.to_string());
    to.head("aiaudit_gateway_cost_unknown_total", "counter",
            "Answers whose cost is not known, which the cost does not hold.");
    for (auto const& [labels, of] : now) to.line(labels, of.cost_unknown);
}

AIAUDIT_INLINE void gateway_metrics::write_times(detail::metric_writer& to,
                                                 figures_by_labels const& now) {
    to.head("aiaudit_gateway_duration_seconds", "histogram", "From the request to its end.");
    for (auto const& [labels, of] : now) detail::write_histogram(to, labels, of.duration);
    to.head("aiaudit_gateway_time_to_first_token_seconds", "histogram",
            "Of streams: from the request to the first token.");
    for (auto const& [labels, of] : now) detail::write_histogram(to, labels, of.first_token);
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_GATEWAY_METRICS_IPP
