// SPDX-License-Identifier: MIT
//
// postgres_schema.ipp: the definitions of postgres_schema.hpp.
#ifndef AIAUDIT_IMPL_SINKS_POSTGRES_SCHEMA_IPP
#define AIAUDIT_IMPL_SINKS_POSTGRES_SCHEMA_IPP

#include <aiaudit/config.hpp>         // AIAUDIT_INLINE
#include <aiaudit/core/calendar.hpp>  // month_of, first_of_month
#include <aiaudit/rollup/totals.hpp>  // reported_units
#include <aiaudit/sinks/postgres_schema.hpp>
#include <aiaudit/sinks/record_columns.hpp>  // record_columns

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// The columns that the first step makes; those that come later are a step of their own.
inline constexpr std::size_t columns_of_step_1 = 75;
static_assert(record_columns.size() == columns_of_step_1,
              "new columns need a further step: alter table aiaudit.record add column ...");

[[nodiscard]] constexpr std::string_view postgres_type(column_type type) noexcept {
    switch (type) {
    case column_type::text: return "text";
    case column_type::whole: return "bigint";
    case column_type::amount: return "numeric(38,12)";
    case column_type::instant: return "timestamptz";
    case column_type::bytes: return "bytea";
    case column_type::flag: return "boolean";
    case column_type::json: return "jsonb";
    }
    return "text";
}

[[nodiscard]] AIAUDIT_INLINE std::string record_table() {
    std::string columns;
    for (std::size_t i = 0; i < columns_of_step_1; ++i) {
        record_column const& column = record_columns[i];
        bool const is_log = column.name == "origin";
        columns += is_log ? "log_id integer" : std::string(column.name) + " ";
        if (!is_log) columns += postgres_type(column.type);
        if (column.absence == column_absence::never) columns += " not null";
        columns += ", ";
        if (column.type == column_type::instant) columns += "started_ns bigint not null, ";
    }
    return "create table aiaudit.record (" + columns +
           "primary key (log_id, seq, started_at)) partition by range (started_at);"
           "create table aiaudit.record_rest partition of aiaudit.record default;"
           "create index record_started_at on aiaudit.record using brin (started_at)"
           " with (autosummarize = on);";
}

// The view of all rows, with the log's name, and zeros and empty texts where the table has none.
[[nodiscard]] AIAUDIT_INLINE std::string records_view() {
    std::string columns;
    for (std::size_t i = 0; i < columns_of_step_1; ++i) {
        record_column const& column = record_columns[i];
        std::string const name(column.name);
        if (i > 0) columns += ", ";
        if (name == "origin")
            columns += "l.origin";
        else if (column.absence == column_absence::zero)
            columns += "coalesce(r." + name +
                       (column.type == column_type::text ? ", '')" : ", 0)") + " as " + name;
        else
            columns += "r." + name;
        if (column.type == column_type::instant) columns += ", r.started_ns";
    }
    return "create view aiaudit.records as select " + columns +
           " from aiaudit.record r join aiaudit.log l using (log_id);";
}

// What a report says of some names, by log and day of UTC, with the names of its columns.
[[nodiscard]] AIAUDIT_INLINE std::string spend_view(std::string_view by, std::string_view names) {
    std::string columns = "sum(requests) as requests, sum(errors) as errors";
    for (unit const each : reported_units) {
        std::string const name(name_of(each));
        columns.append(", sum(").append(name).append(") as ").append(name);
    }
    columns +=
        ", sum(input_tokens) + sum(output_tokens) as total_tokens"
        ", sum(spent) as cost_usd, sum(uncosted) as uncosted, sum(attempts) as attempts"
        ", sum(spent) - sum(margin) as cost_low_usd, sum(estimated) as estimated_cost_usd"
        ", sum(unsure) as unsure, sum(corrected) as corrected_cost_usd"
        ", sum(timed) as timed, sum(latency_ns) as latency_ns";
    std::string const day = "(started_at at time zone 'UTC')::date";
    std::string made = "create view aiaudit.spend_by_" + std::string(by) +
                       " as select origin as log, " + day + " as day, ";
    std::string groups = "1, 2";
    int place = 2;
    while (!names.empty()) {  // "column name,column name"
        std::string_view const one = names.substr(0, names.find(','));
        names.remove_prefix((std::min)(one.size() + 1, names.size()));
        std::string_view const column = one.substr(0, one.find(' '));
        made.append(column).append(" as \"").append(one.substr(column.size() + 1)).append("\", ");
        groups += ", " + std::to_string(++place);
    }
    return made + columns +
           " from aiaudit.records where kind in ('outcome', 'correction')"
           " group by " +
           groups + " having sum(attempts) <> 0;";
}

[[nodiscard]] AIAUDIT_INLINE std::string log_tables() {
    return "create table aiaudit.log ("
           "log_id integer generated by default as identity primary key,"
           "origin text not null unique,"
           "size bigint not null,"                // the cursor: records that are here
           "root bytea not null,"                 // of the log's tree over them
           "first bigint not null,"               // the oldest that came
           "checkpoint text,"                     // a signed note at that size or later
           "log_size bigint not null,"            // what the log had when its shipper last spoke
           "oldest_ns bigint, newest_ns bigint,"  // started_ns of the rows
           "noted_at timestamptz,"                // the last row of aiaudit.checkpoint
           "made_at timestamptz not null default now(),"
           "updated_at timestamptz not null default now());"  // when its shipper last spoke
           // What was once said of a log. Two roots of one size: the log was forked.
           "create table aiaudit.checkpoint ("
           "log_id integer not null, size bigint not null, root bytea not null, note text,"
           "seen_at timestamptz not null default now(), primary key (log_id, size, root));"
           "create view aiaudit.logs as select l.origin as log, l.size,"
           " encode(l.root, 'hex') as root, l.first, l.checkpoint, l.log_size,"
           " l.oldest_ns, l.newest_ns, l.made_at, l.updated_at,"
           " extract(epoch from now() - l.updated_at)::bigint as silent_s,"
           " (select min(f.size) from (select c.size from aiaudit.checkpoint c"
           " where c.log_id = l.log_id group by c.size having count(*) > 1) f) as forked_at"
           " from aiaudit.log l;"
           "create view aiaudit.checkpoints as select l.origin as log, c.size,"
           " encode(c.root, 'hex') as root, c.note, c.seen_at"
           " from aiaudit.checkpoint c join aiaudit.log l using (log_id);";
}

AIAUDIT_INLINE std::string postgres_step(int number) {
    if (number != 1) return {};
    std::string all = log_tables() + record_table() + records_view();
    all += spend_view("day", "");
    all += spend_view("model", "provider provider,model model");
    all += spend_view("user", "user_name user");
    all += spend_view("project", "project project");
    all += spend_view("key", "key_id key");
    all += spend_view("provider", "provider provider");
    all += spend_view("status", "status status");
    return all;
}

AIAUDIT_INLINE error postgres_error(pq_connection const& from, error reason) {
    std::string_view const state = from.sqlstate();
    if (reason.code != errc::storage_failed || state.empty()) return reason;
    std::string const place = "PostgreSQL at " + from.place() + ": ";
    if (state == "42501")
        return fail(errc::bad_argument,
                    place + "the role may not do this; docs/sinks.md says what it needs");
    if (state == "23505")
        return fail(errc::verification_failed,
                    place + "a row is there that the cursor does not know. Nothing is written");
    if (state.starts_with("22") || state.starts_with("23"))
        return fail(errc::bad_argument, place + "a value was refused, SQLSTATE " +
                                            std::string(state) + ". Nothing is written");
    if (state.starts_with("53"))
        return fail(state == "53100" ? errc::disk_full : errc::storage_failed,
                    place + "it lacks resources, SQLSTATE " + std::string(state));
    return reason;
}

AIAUDIT_INLINE result<int> done_steps(pq_connection& in) {
    auto const there = in.query("select to_regclass('aiaudit.migration') is not null");
    if (!there) return there.error();
    if (there->text(0, 0) != "t") return 0;
    auto const last = in.query("select coalesce(max(number), 0)::int from aiaudit.migration");
    if (!last) return last.error();
    int number = 0;
    for (char const digit : last->text(0, 0)) number = number * 10 + (digit - '0');
    return number;
}

// One step, with its number, whole or not at all. The number is the lock: of two that do a step at
// once the second waits, and finds it done.
[[nodiscard]] AIAUDIT_INLINE result<void> do_step(pq_connection& to, int number) {
    auto done = to.run("begin; insert into aiaudit.migration (number) values (" +
                       std::to_string(number) + ");" + postgres_step(number) + "commit");
    if (done) return {};
    std::string const state = to.sqlstate();
    error const reason = postgres_error(to, done.error());
    if (to.is_open()) {
        if (auto ok = to.run("rollback"); !ok) return ok;
    }
    if (state == "23505") return {};
    return reason;
}

AIAUDIT_INLINE result<void> make_postgres_schema(pq_connection& to) {
    auto steps = done_steps(to);
    if (!steps) return postgres_error(to, steps.error());
    if (*steps == 0) {
        for (char const* const each :
             {"create schema if not exists aiaudit",
              "create table if not exists aiaudit.migration"
              " (number integer primary key, done_at timestamptz not null default now())"}) {
            auto const made = to.run(each);
            bool const raced = !made && (to.sqlstate() == "23505" || to.sqlstate() == "42P07" ||
                                         to.sqlstate() == "42P06");
            if (!made && !raced) return postgres_error(to, made.error());
        }
    }
    for (int round = 0; round <= postgres_steps; ++round) {
        steps = done_steps(to);
        if (!steps) return postgres_error(to, steps.error());
        if (*steps > postgres_steps)
            return fail(errc::newer_format, "PostgreSQL at " + to.place() +
                                                ": a newer release made its tables (step " +
                                                std::to_string(*steps) + ", this one knows " +
                                                std::to_string(postgres_steps) + "); use that one");
        if (*steps == postgres_steps) return {};
        if (auto ok = do_step(to, *steps + 1); !ok) return ok;
    }
    return fail(errc::storage_failed, "PostgreSQL at " + to.place() + ": its tables are not made");
}

// "2026_11" and such.
[[nodiscard]] AIAUDIT_INLINE std::string partition_name(std::int64_t month) {
    std::string day = first_of_month(month).to_string();
    std::replace(day.begin(), day.end(), '-', '_');
    return "aiaudit.record_" + day.substr(0, 7);
}

AIAUDIT_INLINE result<void> make_partition(pq_connection& in, std::int64_t month) {
    if (month < partition_month_first || month > partition_month_last) return {};
    std::string const name = partition_name(month);
    auto const there = in.query("select to_regclass('" + name + "') is not null");
    if (!there) return postgres_error(in, there.error());
    if (there->text(0, 0) == "t") return {};
    auto const made =
        in.run("create table " + name + " partition of aiaudit.record for values from ('" +
               first_of_month(month).to_string() + " 00:00:00+00') to ('" +
               first_of_month(month + 1).to_string() + " 00:00:00+00')");
    // Another was quicker; the rows lie in the default partition; the role may not.
    bool const bearable = !made && (in.sqlstate() == "42P07" || in.sqlstate() == "23505" ||
                                    in.sqlstate() == "23514" || in.sqlstate() == "42501");
    if (!made && !bearable) return postgres_error(in, made.error());
    return {};
}

}  // namespace detail

AIAUDIT_INLINE result<void> prepare_postgres(std::string url, timestamp first_month,
                                             std::uint32_t months) {
    pq_options options;
    options.url = std::move(url);
    options.application = "aiaudit prepare";
    options.answer_max = std::chrono::minutes(5);
    auto to = pq_connection::open(std::move(options));
    if (!to) return to.error();
    if (auto ok = detail::make_postgres_schema(*to); !ok) return ok;
    std::int64_t const first = detail::month_of(time_zone{}.day_of(first_month));
    for (std::int64_t month = first; month < first + months; ++month) {
        if (auto ok = detail::make_partition(*to, month); !ok) return ok;
        if (to->sqlstate() == "42501")
            return fail(errc::bad_argument, "PostgreSQL at " + to->place() +
                                                ": only the owner of the tables makes partitions");
    }
    return {};
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_SINKS_POSTGRES_SCHEMA_IPP
