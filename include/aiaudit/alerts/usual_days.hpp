// SPDX-License-Identifier: MIT
//
// usual_days.hpp: who does today what is far from his own last weeks, by a ledger's reports.
//
// Threads: as the reports of the ledger.
// Floor 6.
#ifndef AIAUDIT_ALERTS_USUAL_DAYS_HPP
#define AIAUDIT_ALERTS_USUAL_DAYS_HPP

#include <aiaudit/core/calendar.hpp>   // civil_day
#include <aiaudit/rollup/anomaly.hpp>  // find_anomalies
#include <aiaudit/rollup/report.hpp>   // report

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

struct usual_days_options {
    time_zone zone{};         // whose calendar days
    std::uint32_t days = 28;  // before today
    // The dearest of today, of users and of models: what more there is, is not looked at.
    std::size_t subjects_most = 1'000;
    anomaly_options usual{};
};

namespace detail {

// Empty for nobody in particular.
[[nodiscard]] std::string subject_of(report_kind kind, report_row const& row);

// Of users, reports have no percentiles: the mean stands for them.
[[nodiscard]] activity activity_of(report_row const& row, timestamp begins);

// Whether it could be far off at all, whatever is usual.
[[nodiscard]] bool is_remarkable(activity const& of, anomaly_options const& options);

template <class Ledger>
[[nodiscard]] result<void> add_anomalies(Ledger& of, report_kind kind, timestamp now,
                                         usual_days_options const& options,
                                         std::vector<anomaly>& to) {
    civil_day const today = options.zone.day_of(now);
    auto const begins = [&](civil_day day) {
        return timestamp::from_seconds(options.zone.start_seconds(day));
    };
    struct days_of_one {
        activity today{};
        std::vector<activity> earlier{};
    };
    std::map<std::string, days_of_one> all;
    auto const rows = of.report({kind, options.zone, {today, today}, {}});
    if (!rows) return rows.error();
    for (std::size_t i = 0; i < (std::min)(rows->rows.size(), options.subjects_most); ++i) {
        activity const done = activity_of(rows->rows[i], begins(today));
        std::string subject = subject_of(kind, rows->rows[i]);
        if (!subject.empty() && is_remarkable(done, options.usual))
            all.emplace(std::move(subject), days_of_one{done, {}});
    }
    for (std::uint32_t back = 1; back <= options.days && !all.empty(); ++back) {
        civil_day const day{today.days - static_cast<std::int32_t>(back)};
        auto const before = of.report({kind, options.zone, {day, day}, {}});
        if (!before) return before.error();
        for (report_row const& row : before->rows) {
            auto const found = all.find(subject_of(kind, row));
            if (found != all.end()) found->second.earlier.push_back(activity_of(row, begins(day)));
        }
    }
    for (auto const& [subject, days] : all) {
        auto found = find_anomalies(subject, days.earlier, days.today, options.usual);
        to.insert(to.end(), std::make_move_iterator(found.begin()),
                  std::make_move_iterator(found.end()));
    }
    return {};
}

}  // namespace detail

// Each user and each model whose spend, error rate or latency of today is far from that of his
// days before. Spend counts as far as the day has come, so it is told when it passes what is usual
// for a whole day. Errors: those of report().
template <class Ledger>
[[nodiscard]] result<std::vector<anomaly>> anomalies_today(Ledger& of, timestamp now,
                                                           usual_days_options const& options = {}) {
    std::vector<anomaly> all;
    for (auto const kind : {report_kind::users, report_kind::models}) {
        if (auto ok = detail::add_anomalies(of, kind, now, options, all); !ok) return ok.error();
    }
    return all;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/alerts/usual_days.ipp>
#endif

#endif  // AIAUDIT_ALERTS_USUAL_DAYS_HPP
