// SPDX-License-Identifier: MIT
//
// Records by chance, a place for day parts, and reports counted anew from the records.
#ifndef AIAUDIT_TESTS_UNIT_ROLLUP_SUPPORT_HPP
#define AIAUDIT_TESTS_UNIT_ROLLUP_SUPPORT_HPP

#include <aiaudit/rollup/day_part_writer.hpp>
#include <aiaudit/rollup/report.hpp>
#include <aiaudit/rollup/rollup.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace rollup_support {

using namespace aiaudit;

// Thirty days around the change of clock of New York, not in order; some attempts untimed, without
// cost, failed, or of a size that no real one has.
inline std::vector<record> random_records(std::size_t count, unsigned seed) {
    std::mt19937_64 random(seed);
    auto const start = timestamp::parse("2026-02-25").value();
    std::vector<record> entries;
    for (std::size_t i = 0; i < count; ++i) {
        record entry;
        entry.user = "user" + std::to_string(random() % 7);
        entry.project = random() % 2 == 0 ? "search" : "";
        entry.key_id = "key" + std::to_string(random() % 3);
        entry.provider = random() % 3 == 0 ? "openai" : "mistral";
        entry.model_requested = "model" + std::to_string(random() % 4);
        if (random() % 5 == 0) entry.model_served = entry.model_requested + "-2026";
        entry.started_at.ns =
            start.ns + static_cast<std::int64_t>(random() % (30ULL * 86'400'000'000'000ULL));
        entry.attempt = random() % 8 == 0 ? 2 : 1;
        entry.http_status = random() % 10 == 0 ? 500 : 200;
        if (random() % 20 == 0) entry.error_type = "timeout";
        entry.cost_status = random() % 9 == 0 ? cost_status::unpriced : cost_status::priced;
        std::uint64_t const scale = std::uint64_t{1} << (random() % 60);
        entry.cost = money::from_pico(static_cast<int128>(random() % scale) * 1000);
        if (random() % 50 == 0) entry.cost = money::from_pico(-(static_cast<int128>(1) << 70));
        if (random() % 6 != 0) entry.usage.set(unit::input_tokens, random() % 10'000);
        entry.usage.set(unit::output_tokens, random() % 1'000);
        if (random() % 5 == 0) entry.usage.set(unit::web_searches, random() % 3);
        if (random() % 10 == 0) entry.price_basis = price_basis::stale;
        if (random() % 12 == 0) {
            entry.cost_status = cost_status::estimated;
            entry.usage.set(unit::output_tokens, 128'000, provenance::estimated);
            if (random() % 2 == 0) entry.cost_low = money::from_pico(entry.cost.pico() / 3);
        }
        if (random() % 4 != 0)
            entry.duration_ns = random() % (20'000'000'000ULL >> (random() % 20));
        entries.push_back(entry);
    }
    return entries;
}

// What a correction says of one attempt whose cost was a bound.
inline record late_cost_of(record const& bound, money charge) {
    record late = bound;
    late.kind = record_kind::correction;
    late.usage = {};
    late.duration_ns.reset();
    late.cost_status = cost_status::priced;
    late.price_basis = price_basis::provider;
    late.provider_cost = charge;
    late.cost = charge - bound.cost;
    late.cost_low = charge - bound.cost_low.value_or(money{});
    late.tags = {{"correction.records", "1"}, {"correction.sure", "1"}};
    return late;
}

// Corrections of some of them, by more or less; in front of, between and behind them.
inline std::vector<record> with_corrections(std::vector<record> entries, unsigned seed) {
    std::mt19937_64 random(seed);
    std::vector<record> all;
    for (record const& entry : entries) {
        all.push_back(entry);
        if (random() % 4 != 0) continue;
        if (entry.cost_status == cost_status::estimated) {
            all.insert(all.begin() + static_cast<std::ptrdiff_t>(random() % all.size()),
                       late_cost_of(entry, money::from_pico(static_cast<int128>(random() >> 8))));
            continue;
        }
        record change = entry;
        change.kind = record_kind::correction;
        change.cost = money::from_pico(static_cast<int128>(random() % 2'000'001) - 1'000'000);
        change.usage = {};
        change.duration_ns.reset();
        if (entry.cost_status == cost_status::unpriced)
            change.tags = {{"correction.costed", "1"}};
        else if (totals::is_unsure(entry))
            change.tags = {{"correction.sure", "1"}};
        change.cost_status = cost_status::priced;
        change.price_basis = price_basis::listed;
        all.insert(all.begin() + static_cast<std::ptrdiff_t>(random() % all.size()), change);
    }
    return all;
}

inline std::vector<record> in_order(std::vector<record> entries) {
    std::stable_sort(entries.begin(), entries.end(), [](record const& a, record const& b) {
        return a.started_at.ns < b.started_at.ns;
    });
    return entries;
}

inline std::vector<time_zone> zones() {
    auto const utc = [](std::string_view text) { return timestamp::parse(text).value().seconds(); };
    return {
        time_zone{}, time_zone{"Asia/Kathmandu", 20'700, {}},
        time_zone{"America/New_York",
                  -18'000,
                  {{utc("2026-03-08T07:00:00Z"), -14'400}, {utc("2026-11-01T06:00:00Z"), -18'000}}},
        // Goes back from a minute past midnight, so that a day begins, ends and begins again.
        time_zone{"Test/Back_Over_Midnight", 3600, {{utc("2026-03-10T23:01:00Z"), -3600}}},
        time_zone{"Test/Far_East", 50'400, {}}};
}

// Keeps parts as a ledger would.
struct part_store {
    std::map<civil_day, std::vector<std::string>> parts{};
    std::size_t reads = 0;

    auto source() {
        return [this](civil_day day, auto&& visit) -> result<void> {
            auto const found = parts.find(day);
            if (found == parts.end()) return {};
            for (std::string const& part : found->second) {
                ++reads;
                visit(std::string_view{part});
            }
            return {};
        };
    }
    void save(rollup& from) {
        auto const stored = from.unsaved([this](civil_day day, std::string part) -> result<void> {
            parts[day].push_back(std::move(part));
            return {};
        });
        BOOST_REQUIRE(stored.has_value());
        from.saved();
    }
    void merge() {
        for (auto& [day, all] : parts) {
            std::vector<std::string_view> const views(all.begin(), all.end());
            all = {merge_day_parts(views).value()};
        }
    }
    [[nodiscard]] std::vector<civil_day> days() const {
        std::vector<civil_day> made;
        for (auto const& each : parts) made.push_back(each.first);
        return made;
    }
};

inline report ask(rollup& fold, part_store& store, report_query const& query,
                  loading what = loading::all_since) {
    auto const prepared = fold.prepare(query, store.source(), what);
    BOOST_REQUIRE_MESSAGE(prepared.has_value(),
                          (prepared.has_value() ? "" : prepared.error().message()));
    BOOST_REQUIRE(fold.ready(query));
    return make_report(fold, query);
}

// Dearest first, then by name, as a report's rows are.
struct counted_row {
    std::tuple<std::string, std::string> name{};  // the day, or the group's one or two names
    civil_day day{};
    totals sum{};
    std::vector<std::uint32_t> buckets{};

    [[nodiscard]] std::uint64_t percentile_ns(std::uint64_t percent) const {
        if (buckets.empty()) return 0;
        std::vector<std::uint32_t> sorted = buckets;
        std::sort(sorted.begin(), sorted.end());
        std::size_t const rank = std::max<std::size_t>((sorted.size() * percent + 99) / 100, 1);
        return latency_histogram::value_ns(sorted[rank - 1]);
    }
};

inline std::tuple<std::string, std::string> name_in(record const& entry, report_kind kind,
                                                    civil_day day) {
    switch (kind) {
    case report_kind::daily: return {day.to_string(), ""};
    case report_kind::models:
    case report_kind::user: return {entry.provider, entry.model()};
    case report_kind::users: return {entry.user, ""};
    case report_kind::projects: return {entry.project, ""};
    case report_kind::keys: return {entry.key_id, ""};
    case report_kind::providers: return {entry.provider, ""};
    case report_kind::statuses: break;
    }
    if (!entry.error_type.empty()) return {entry.error_type, ""};
    return {entry.http_status == 0 ? "ok" : std::to_string(entry.http_status), ""};
}

inline std::vector<counted_row> count_anew(std::vector<record> const& entries,
                                           report_query const& query) {
    std::map<std::tuple<std::string, std::string>, counted_row> rows;
    for (record const& entry : entries) {
        std::int64_t const slot = detail::floor_divide(entry.started_at.seconds(), 900);
        civil_day const day = query.zone.day_of(timestamp::from_seconds(slot * 900));
        bool const counts =
            entry.kind == record_kind::outcome || entry.kind == record_kind::correction;
        if (!counts || !query.days.holds(day)) continue;
        if (query.kind == report_kind::user && entry.user != query.user) continue;
        counted_row& row = rows[name_in(entry, query.kind, day)];
        row.day = day;
        row.sum.add(totals::of(entry));
        if (entry.duration_ns)
            row.buckets.push_back(latency_histogram::bucket_of(*entry.duration_ns));
    }
    std::vector<counted_row> made;
    for (auto& [name, row] : rows) {
        row.name = name;
        made.push_back(std::move(row));
    }
    std::stable_sort(made.begin(), made.end(), [&](counted_row const& a, counted_row const& b) {
        return query.kind == report_kind::daily ? a.day > b.day : a.sum.cost > b.sum.cost;
    });
    return made;
}

inline std::tuple<std::string, std::string> name_of_row(report_kind kind, report_row const& row) {
    group_names const& n = row.names;
    if (kind == report_kind::daily) return {row.day.to_string(), ""};
    if (detail::dimension_of(kind) == dimension::model)
        return {std::string(n.provider), std::string(n.model)};
    for (std::string_view const name : {n.user, n.project, n.key_id, n.provider, n.status}) {
        if (!name.empty()) return {std::string(name), ""};
    }
    return {"", ""};
}

// The report must be what the records say.
inline void require_same(report const& made, std::vector<record> const& entries,
                         report_query const& query) {
    auto const wanted = count_anew(entries, query);
    bool const latency = detail::keeps_latency(detail::dimension_of(query.kind));
    BOOST_TEST_INFO_SCOPE(name_of(query.kind)
                          << " in " << query.zone.name() << " from " << query.days.first.days
                          << " to " << query.days.last.days);
    BOOST_REQUIRE_EQUAL(made.rows.size(), wanted.size());
    totals all;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        report_row const& row = made.rows[i];
        BOOST_REQUIRE((name_of_row(query.kind, row) == wanted[i].name));
        BOOST_REQUIRE((row.sum == wanted[i].sum));
        BOOST_REQUIRE_EQUAL(row.p50_ns, latency ? wanted[i].percentile_ns(50) : 0U);
        BOOST_REQUIRE_EQUAL(row.p95_ns, latency ? wanted[i].percentile_ns(95) : 0U);
        BOOST_REQUIRE_EQUAL(row.p99_ns, latency ? wanted[i].percentile_ns(99) : 0U);
        all.add(row.sum);
    }
    BOOST_REQUIRE((made.sum == all));
}

// Every kind of report, in every zone, over all days, a part of them, and one.
inline std::vector<report_query> queries() {
    auto const day = [](std::string_view text) { return civil_day::parse(text).value(); };
    std::vector<report_query> made;
    for (time_zone const& zone : zones()) {
        for (int kind = 0; kind < 8; ++kind) {
            for (day_range const days :
                 {day_range{}, day_range{day("2026-03-05"), day("2026-03-11")},
                  day_range{day("2026-03-20"), day_range{}.last},
                  day_range{day_range{}.first, day("2026-02-26")},
                  day_range{day("2026-03-08"), day("2026-03-08")},
                  day_range{day("2026-03-09"), day("2026-03-08")}}) {
                made.push_back({static_cast<report_kind>(kind), zone, days, "user3"});
            }
        }
    }
    return made;
}

inline void require_all_same(rollup& fold, part_store& store, std::vector<record> const& entries) {
    for (report_query const& query : queries())
        require_same(ask(fold, store, query), entries, query);
}

}  // namespace rollup_support

#endif  // AIAUDIT_TESTS_UNIT_ROLLUP_SUPPORT_HPP
