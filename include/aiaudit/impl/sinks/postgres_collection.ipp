// SPDX-License-Identifier: MIT
//
// postgres_collection.ipp: the definitions of postgres_collection.hpp.
#ifndef AIAUDIT_IMPL_SINKS_POSTGRES_COLLECTION_IPP
#define AIAUDIT_IMPL_SINKS_POSTGRES_COLLECTION_IPP

#include <aiaudit/config.hpp>                // AIAUDIT_INLINE
#include <aiaudit/rollup/ranked_report.hpp>  // places_of, check_row_count
#include <aiaudit/sinks/postgres_collection.hpp>
#include <aiaudit/sinks/postgres_schema.hpp>  // open_shipped
#include <aiaudit/sinks/record_columns.hpp>   // record_columns

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::vector<day_run> day_runs(time_zone const& zone, day_range days,
                                             timestamp oldest, timestamp newest) {
    std::vector<day_run> runs;
    for (std::int64_t slot = slot_of(oldest); slot <= slot_of(newest); ++slot) {
        civil_day const day = day_of_slot(zone, slot);
        if (!days.holds(day)) continue;
        if (runs.empty() || runs.back().end != slot || runs.back().day != day)
            runs.push_back({slot, slot, day});
        runs.back().end = slot + 1;
    }
    return runs;
}

[[nodiscard]] inline std::string slot_text(std::int64_t slot) {
    return timestamp::from_seconds(slot * slot_seconds).to_string();
}

// The columns that reports add up, in the order of record_columns.
[[nodiscard]] AIAUDIT_INLINE std::vector<std::string_view> summed_columns() {
    std::vector<std::string_view> names;
    bool counts = false;
    for (record_column const& column : record_columns) {
        counts = counts || column.name == "requests";
        if (counts && column.name != "latency_bucket") names.push_back(column.name);
    }
    return names;
}
[[nodiscard]] AIAUDIT_INLINE std::string sums_text() {
    std::string text;
    for (std::string_view const name : summed_columns())
        text.append(", sum(").append(name).append(") as ").append(name);
    return text;
}

// A sum of whole numbers, which wraps as those of reports do.
[[nodiscard]] AIAUDIT_INLINE result<std::uint64_t> pq_count(std::string_view text) {
    if (text.empty()) return std::uint64_t{0};
    auto const number = parse_scaled_decimal(text, 0);
    if (!number) return number.error();
    return static_cast<std::uint64_t>(*number);
}
[[nodiscard]] AIAUDIT_INLINE result<money> pq_money(std::string_view text) {
    if (text.empty()) return money{};
    return money::parse(text);
}

// The sums of a row from a column on, in the order of summed_columns().
[[nodiscard]] AIAUDIT_INLINE result<totals> pq_totals(pq_rows const& rows, int row, int column) {
    totals sum;
    std::optional<error> wrong;
    auto const count = [&](std::uint64_t& to) {
        auto const read = pq_count(rows.text(row, column++));
        if (read)
            to = *read;
        else
            wrong = read.error();
    };
    auto const amount = [&] {
        auto const read = pq_money(rows.text(row, column++));
        if (!read) wrong = read.error();
        return read ? *read : money{};
    };
    for (std::uint64_t* const to :
         {&sum.requests, &sum.attempts, &sum.errors, &sum.uncosted, &sum.timed, &sum.latency_ns})
        count(*to);
    for (std::uint64_t& to : sum.counts) count(to);
    sum.cost = amount();
    count(sum.unsure);
    sum.estimated = money_parts::of(amount());
    sum.margin = money_parts::of(amount());
    count(sum.corrections);
    sum.corrected = money_parts::of(amount());
    count(sum.made_costed);
    count(sum.made_sure);
    sum.made_exact = money_parts::of(amount());
    sum.made_narrow = money_parts::of(amount());
    if (wrong) return std::move(*wrong);
    return sum;
}

// Counts of durations by bucket, ascending.
using bucket_counts = std::vector<std::pair<std::uint32_t, std::uint64_t>>;

[[nodiscard]] AIAUDIT_INLINE latency_percentiles
percentiles_of_counts(bucket_counts const& counts) {
    std::vector<std::uint64_t> up_to(latency_histogram::bucket_count);
    for (auto const& each : counts)
        if (each.first < up_to.size()) up_to[each.first] += each.second;
    for (std::size_t i = 1; i < up_to.size(); ++i) up_to[i] += up_to[i - 1];
    return percentiles_of([&up_to](std::uint32_t bucket) { return up_to[bucket]; });
}
AIAUDIT_INLINE void set_percentiles(report_row& row, bucket_counts const& counts) {
    auto const found = percentiles_of_counts(counts);
    row.p50_ns = found.ns[0];
    row.p95_ns = found.ns[1];
    row.p99_ns = found.ns[2];
}

// The columns of a kind's names.
[[nodiscard]] AIAUDIT_INLINE std::vector<std::string> name_columns(report_kind kind) {
    switch (dimension_of(kind)) {
    case dimension::model: return {"provider", "model"};
    case dimension::user: return {"user_name"};
    case dimension::project: return {"project"};
    case dimension::key: return {"key_id"};
    case dimension::provider: return {"provider"};
    case dimension::status: return {"status"};
    case dimension::everything: break;
    }
    return {};
}
AIAUDIT_INLINE void set_names(group_names& names, report_kind kind, std::string_view first,
                              std::string_view second) {
    switch (dimension_of(kind)) {
    case dimension::model:
        names.provider = first;
        names.model = second;
        break;
    case dimension::user: names.user = first; break;
    case dimension::project: names.project = first; break;
    case dimension::key: names.key_id = first; break;
    case dimension::provider: names.provider = first; break;
    case dimension::status: names.status = first; break;
    case dimension::everything: break;
    }
}

AIAUDIT_INLINE std::string pq_array(std::vector<std::string_view> const& texts) {
    std::string array = "{";
    for (std::string_view const text : texts) {
        if (array.size() > 1) array += ',';
        array += '"';
        for (char const c : text) {
            if (c == '"' || c == '\\') array += '\\';
            array += c;
        }
        array += '"';
    }
    return array + "}";
}

[[nodiscard]] AIAUDIT_INLINE std::string joined(std::vector<std::string> const& parts,
                                                std::string_view prefix, std::string_view suffix) {
    std::string text;
    for (std::string const& part : parts) text.append(prefix).append(part).append(suffix);
    return text;
}

}  // namespace detail

AIAUDIT_INLINE result<postgres_collection> postgres_collection::open(pq_options options,
                                                                     std::string log) {
    auto made = detail::open_shipped(std::move(options), log);
    if (!made) return made.error();
    return postgres_collection(std::move(*made), std::move(log));
}

AIAUDIT_INLINE result<void> postgres_collection::begin() {
    return connection_.run("begin transaction isolation level repeatable read read only");
}
AIAUDIT_INLINE result<void> postgres_collection::end() { return connection_.run("rollback"); }

// One snapshot for all statements of a report.
template <class Function>
auto postgres_collection::in_snapshot(Function&& function) -> decltype(function()) {
    if (auto ok = begin(); !ok) return ok.error();
    auto made = function();
    if (connection_.is_open()) {
        if (auto ok = end(); !ok && made) return ok.error();
    }
    return made;
}

AIAUDIT_INLINE result<pq_rows> postgres_collection::ask(std::string const& statement,
                                                        detail::pq_condition const& condition) {
    auto rows = connection_.query(statement, condition.values);
    if (!rows) return detail::postgres_error(connection_, rows.error());
    return rows;
}

AIAUDIT_INLINE result<std::optional<postgres_collection::span>> postgres_collection::find_span() {
    detail::pq_condition condition;
    if (!log_.empty()) condition.text = " where log = " + condition.add(log_);
    auto const rows =
        ask("select min(oldest_ns), max(newest_ns) from aiaudit.logs" + condition.text, condition);
    if (!rows) return rows.error();
    if (rows->is_null(0, 0)) return std::optional<span>{};
    auto const oldest = detail::pq_count(rows->text(0, 0));
    auto const newest = detail::pq_count(rows->text(0, 1));
    if (!oldest || !newest) return oldest ? newest.error() : oldest.error();
    return std::optional(
        span{{static_cast<std::int64_t>(*oldest)}, {static_cast<std::int64_t>(*newest)}});
}

AIAUDIT_INLINE result<detail::pq_condition> postgres_collection::condition_of(
    report_query const& query) {
    detail::pq_condition made{" where kind in ('outcome', 'correction')", {}};
    if (!log_.empty()) made.text += " and origin = " + made.add(log_);
    if (query.kind == report_kind::user) made.text += " and user_name = " + made.add(query.user);
    if (query.days == day_range{}) return made;
    auto const whole = find_span();
    if (!whole) return whole.error();
    std::vector<detail::day_run> runs;
    if (*whole) runs = detail::day_runs(query.zone, query.days, (*whole)->oldest, (*whole)->newest);
    std::string spans;
    for (std::size_t i = 0; i < runs.size();) {
        std::int64_t const first = runs[i].begin;
        std::int64_t last = runs[i].end;
        for (++i; i < runs.size() && runs[i].begin == last; ++i) last = runs[i].end;
        spans += (spans.empty() ? "(" : " or (") + std::string("started_at >= ") +
                 made.add(detail::slot_text(first)) + "::timestamptz and started_at < " +
                 made.add(detail::slot_text(last)) + "::timestamptz)";
    }
    made.text += " and (" + (spans.empty() ? "false" : spans) + ")";
    return made;
}

AIAUDIT_INLINE result<void> postgres_collection::set_day_latencies(
    aiaudit::report& of, std::string const& day, detail::pq_condition const& condition,
    std::vector<detail::day_run> const& runs) {
    auto const rows =
        ask("select " + day + ", latency_bucket, count(*) from aiaudit.records" + condition.text +
                " and latency_bucket is not null group by 1, 2 order by 1, 2",
            condition);
    if (!rows) return rows.error();
    std::map<civil_day, detail::bucket_counts> counts;
    for (int i = 0; i < rows->size(); ++i) {
        auto const run = detail::pq_count(rows->text(i, 0));
        auto const bucket = detail::pq_count(rows->text(i, 1));
        auto const count = detail::pq_count(rows->text(i, 2));
        if (!run || !bucket || !count || *run < 1 || *run > runs.size())
            return fail(errc::bad_response, "PostgreSQL answered with another day");
        counts[runs[*run - 1].day].emplace_back(static_cast<std::uint32_t>(*bucket), *count);
    }
    for (report_row& row : of.rows) detail::set_percentiles(row, counts[row.day]);
    return {};
}

AIAUDIT_INLINE result<report> postgres_collection::daily(report_query const& query) {
    aiaudit::report made;
    auto condition = condition_of(query);
    auto const whole = find_span();
    if (!condition || !whole) return condition ? whole.error() : condition.error();
    if (!*whole) return made;
    auto const runs = detail::day_runs(query.zone, query.days, (*whole)->oldest, (*whole)->newest);
    std::string starts;
    for (detail::day_run const& run : runs)
        starts += (starts.empty() ? "{" : ",") + detail::slot_text(run.begin);
    if (runs.empty()) return made;
    std::string const day =
        "width_bucket(started_at, " + condition->add(starts + "}") + "::timestamptz[])";
    auto const rows = ask("select " + day + detail::sums_text() + " from aiaudit.records" +
                              condition->text + " group by 1 order by 1",
                          *condition);
    if (!rows) return rows.error();
    std::map<civil_day, totals> days;  // a day may have two runs, where a clock was put back
    for (int i = 0; i < rows->size(); ++i) {
        auto const run = detail::pq_count(rows->text(i, 0));
        auto const sum = detail::pq_totals(*rows, i, 1);
        if (!run || !sum || *run < 1 || *run > runs.size())
            return fail(errc::bad_response, "PostgreSQL answered with another day");
        days[runs[*run - 1].day].add(*sum);
    }
    for (auto each = days.rbegin(); each != days.rend(); ++each) {
        if (each->second.attempts == 0) continue;
        made.sum.add(each->second);
        report_row& row = made.rows.emplace_back();
        row.day = each->first;
        row.sum = each->second;
    }
    if (auto ok = set_day_latencies(made, day, *condition, runs); !ok) return ok.error();
    detail::take_page(made, query);
    return made;
}

AIAUDIT_INLINE result<void> postgres_collection::set_model_latencies(
    aiaudit::report& of, detail::pq_condition condition) {
    std::vector<std::string_view> providers;
    std::vector<std::string_view> models;
    for (report_row const& row : of.rows) {
        providers.push_back(row.names.provider);
        models.push_back(row.names.model);
    }
    condition.text += " and (provider, model) in (select * from unnest(" +
                      condition.add(detail::pq_array(providers)) + "::text[], " +
                      condition.add(detail::pq_array(models)) + "::text[]))";
    auto const rows = ask("select provider, model, latency_bucket, count(*) from aiaudit.records" +
                              condition.text +
                              " and latency_bucket is not null group by 1, 2, 3 order by 1, 2, 3",
                          condition);
    if (!rows) return rows.error();
    std::map<std::pair<std::string_view, std::string_view>, detail::bucket_counts> counts;
    for (int i = 0; i < rows->size(); ++i) {
        auto const bucket = detail::pq_count(rows->text(i, 2));
        auto const count = detail::pq_count(rows->text(i, 3));
        if (!bucket || !count) return bucket ? count.error() : bucket.error();
        counts[{rows->text(i, 0), rows->text(i, 1)}].emplace_back(
            static_cast<std::uint32_t>(*bucket), *count);
    }
    for (report_row& row : of.rows)
        detail::set_percentiles(row, counts[{row.names.provider, row.names.model}]);
    return {};
}

namespace detail {

// All groups with attempts: their sum first, at place 0, then the rows of the page, by place.
[[nodiscard]] AIAUDIT_INLINE std::string groups_statement(report_query const& query,
                                                          std::string const& condition,
                                                          std::size_t last) {
    auto const names = name_columns(query.kind);
    std::string totals_of;
    for (std::string_view const name : summed_columns())
        totals_of.append(", sum(").append(name).append(")");
    std::string sums;
    for (std::string_view const name : summed_columns()) sums.append(", ").append(name);
    std::string const groups = joined(names, ", ", "");
    std::string const order = (query.as_recorded ? "spent - corrected desc, " : std::string()) +
                              "spent desc" + joined(names, ", ", " collate \"C\"");
    return "with g as (select " + groups.substr(2) + sums_text() + " from aiaudit.records" +
           condition + " group by " + groups.substr(2) + " having sum(attempts) <> 0)," +
           " ranked as (select row_number() over (order by " + order + ") as place, g.* from g)" +
           " select 0 as place, count(*)" + joined(names, ", null::text as ", "") + totals_of +
           " from g union all select place, 0" + groups + sums + " from ranked where place > " +
           std::to_string(query.offset) + " and place <= " + std::to_string(last) + " order by 1";
}

}  // namespace detail

AIAUDIT_INLINE result<report> postgres_collection::groups(report_query const& query) {
    auto const last = detail::places_of(query);
    auto condition = condition_of(query);
    if (!last || !condition) return last ? condition.error() : last.error();
    auto const rows = ask(detail::groups_statement(query, condition->text, *last), *condition);
    if (!rows) return rows.error();
    int const names = static_cast<int>(detail::name_columns(query.kind).size());
    auto const count = detail::pq_count(rows->text(0, 1));
    if (!count) return count.error();
    if (auto ok = detail::check_row_count(query, *count); !ok) return ok.error();
    auto texts = std::make_shared<std::deque<std::string>>();
    auto const keep = [&texts](std::string_view text) -> std::string_view {
        return texts->emplace_back(text);
    };
    aiaudit::report made{query.kind, {}, *count, {}, texts};
    for (int i = 0; i < rows->size(); ++i) {
        auto sum = detail::pq_totals(*rows, i, 2 + names);
        if (!sum) return sum.error();
        if (query.as_recorded) *sum = sum->as_recorded();
        if (i == 0) {
            made.sum = *sum;
            continue;
        }
        report_row& row = made.rows.emplace_back();
        row.sum = *sum;
        detail::set_names(row.names, query.kind, keep(rows->text(i, 2)),
                          names > 1 ? keep(rows->text(i, 3)) : std::string_view{});
    }
    if (detail::keeps_latency(detail::dimension_of(query.kind)) && !made.rows.empty()) {
        if (auto ok = set_model_latencies(made, std::move(*condition)); !ok) return ok.error();
    }
    return made;
}

AIAUDIT_INLINE result<report> postgres_collection::report(report_query const& query) {
    return in_snapshot(
        [&] { return query.kind == report_kind::daily ? daily(query) : groups(query); });
}

AIAUDIT_INLINE result<std::vector<tag_sum>> postgres_collection::tag_sums(
    std::string_view tag, report_query const& query) {
    return in_snapshot([&]() -> result<std::vector<tag_sum>> {
        auto condition = condition_of(query);
        if (!condition) return condition.error();
        // The first of a record's tags of that name.
        std::string const value =
            "(select t.pair ->> 1 from jsonb_array_elements(tags)"
            " with ordinality as t(pair, place) where t.pair ->> 0 = " +
            condition->add(std::string(tag)) + " order by t.place limit 1)";
        auto const rows = ask("select v.value" + detail::sums_text() + " from (select " + value +
                                  " as value, r.* from aiaudit.records r" + condition->text +
                                  ") v where v.value <> '' group by 1"
                                  " order by sum(spent) desc, v.value collate \"C\"",
                              *condition);
        if (!rows) return rows.error();
        std::vector<tag_sum> made;
        for (int i = 0; i < rows->size(); ++i) {
            auto const sum = detail::pq_totals(*rows, i, 1);
            if (!sum) return sum.error();
            made.push_back({std::string(rows->text(i, 0)), *sum});
        }
        return made;
    });
}

AIAUDIT_INLINE result<std::vector<shipped_drift>> postgres_collection::drift(
    report_query const& query) {
    return in_snapshot([&]() -> result<std::vector<shipped_drift>> {
        auto condition = condition_of(query);
        if (!condition) return condition.error();
        // By the price book: beside the provider's charge, or, of an import, the cost itself.
        std::string const computed =
            "coalesce(computed_cost, case when cost_status in ('priced', 'partial') and"
            " price_book is not null and price_basis <> 'provider' then cost end)";
        auto const rows =
            ask("select provider, model, count(*), sum(provider_cost), sum(computed) from (select"
                " provider, model, provider_cost, " +
                    computed + " as computed from aiaudit.records" + condition->text +
                    " and kind = 'outcome') c where computed is not null and provider_cost is not"
                    " null group by 1, 2 order by provider collate \"C\", model collate \"C\"",
                *condition);
        if (!rows) return rows.error();
        std::vector<shipped_drift> made;
        for (int i = 0; i < rows->size(); ++i) {
            auto const count = detail::pq_count(rows->text(i, 2));
            auto const charged = detail::pq_money(rows->text(i, 3));
            auto const by_book = detail::pq_money(rows->text(i, 4));
            if (!count) return count.error();
            if (!charged || !by_book) return charged ? by_book.error() : charged.error();
            made.push_back({std::string(rows->text(i, 0)), std::string(rows->text(i, 1)), *count,
                            *charged, *by_book});
        }
        return made;
    });
}

AIAUDIT_INLINE result<std::vector<shipped_log>> postgres_collection::logs() {
    detail::pq_condition condition;
    if (!log_.empty()) condition.text = " where log = " + condition.add(log_);
    auto const rows =
        ask("select log, size, log_size, first, root, newest_ns,"
            " (extract(epoch from updated_at) * 1000000000)::numeric(30, 0), silent_s, forked_at"
            " from aiaudit.logs" +
                condition.text + " order by log collate \"C\"",
            condition);
    if (!rows) return rows.error();
    std::vector<shipped_log> made;
    for (int i = 0; i < rows->size(); ++i) {
        auto const number = [&](int column) {
            auto const read = detail::pq_count(rows->text(i, column));
            return read ? *read : std::uint64_t{0};
        };
        shipped_log& log = made.emplace_back();
        log.origin = rows->text(i, 0);
        log.size = number(1);
        log.log_size = number(2);
        log.first = number(3);
        log.root = rows->text(i, 4);
        if (!rows->is_null(i, 5)) log.newest = timestamp{static_cast<std::int64_t>(number(5))};
        log.updated = timestamp{static_cast<std::int64_t>(number(6))};
        log.silent = std::chrono::seconds(static_cast<std::int64_t>(number(7)));
        if (!rows->is_null(i, 8)) log.forked_at = number(8);
    }
    return made;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_SINKS_POSTGRES_COLLECTION_IPP
