// SPDX-License-Identifier: MIT
//
// storage_growth: what changes with the number of records.
//
// open_clean_ms          opening after a clean close; median of 3, files in the page cache
// open_killed_ms         opening after a process was killed while it appended; median of 3
// report_p50_us ...      every kind over 1, 7, 30, 90 and all days, not for the first time
// verify_rps             every record read, encoded and hashed again, by one thread
// report_loaded_p99_us   the first report after opening, over days at least a month old
// report_vs_sqlite       SQL's time over the report's for 30 days; the least of the kinds
// rss_anon_mb            of a process that opened the ledger and made every report

#include "support_rivals.hpp"
#include "support_storage.hpp"

#include <sys/wait.h>

#include <csignal>
#include <cstdio>

namespace benchmark_support {
namespace {

using kind = aiaudit::report_kind;
constexpr kind kinds[] = {kind::daily,    kind::models, kind::users,     kind::user,
                          kind::projects, kind::keys,   kind::providers, kind::statuses};
// Those that the table of the rival has columns for.
constexpr kind sql_kinds[] = {kind::daily, kind::models,    kind::users,
                              kind::user,  kind::providers, kind::statuses};

// A closed ledger of so many records, and what its reports must say.
struct grown {
    std::string path{};
    std::size_t records = 0;
    std::string suffix{};
    aiaudit::timestamp end{};
    expectation want{};
};

aiaudit::report_query query_of(kind what, aiaudit::day_range days = {}) {
    return {what, {}, days, what == kind::user ? asked_user : ""};
}

// The days from `from` to `to` days before that instant's.
aiaudit::day_range days_before(aiaudit::timestamp end, int from, int to) {
    aiaudit::civil_day const today = aiaudit::time_zone{}.day_of(end);
    return {today.plus(-from), today.plus(-to)};
}

std::vector<aiaudit::day_range> usual_ranges(aiaudit::timestamp end) {
    return {days_before(end, 0, 0),
            days_before(end, 6, 0),
            days_before(end, 29, 0),
            days_before(end, 89, 0),
            {}};
}

// Runs this program as a child and gives what it printed.
std::string child(char const* what, std::string const& path, std::size_t count, bool killed) {
    std::string const self = std::filesystem::read_symlink("/proc/self/exe").string();
    std::string const command =
        "exec '" + self + "' --child " + what + " '" + path + "' " + std::to_string(count);
    FILE* const output = popen(command.c_str(), "r");
    if (output == nullptr) stop("cannot run a child");
    char line[80] = "";
    bool const said = std::fgets(line, sizeof line, output) != nullptr;
    int const status = pclose(output);
    bool const as_meant = killed ? WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL : status == 0;
    if (!said || !as_meant) stop(std::string("the child failed: ") + what);
    return line;
}

// Opening may take long: so many times, or what half a minute has room for.
bool again(std::vector<double> const& times, std::size_t enough, steady::time_point start) {
    return times.empty() || (times.size() < enough && seconds_since(start) < 30);
}

void open_clean(storage_run& run, grown const& of) {
    std::vector<double> ms;
    for (auto const begun = steady::now(); again(ms, 3, begun);) {
        auto const start = steady::now();
        auto ledger = open_ledger(of.path);
        ms.push_back(seconds_since(start) * 1e3);
        of.want.check_report({}, must(ledger.report({})));
    }
    run.add("open_clean_ms" + of.suffix, percentile(ms, 50), "ms");
}

void open_killed(storage_run& run, grown const& of) {
    std::vector<double> ms;
    for (auto const begun = steady::now(); again(ms, 3, begun);) {
        std::size_t const more = of.records / 100;
        auto const durable = std::stoull(child("append", of.path, more, true));
        auto const start = steady::now();
        auto ledger = open_ledger(of.path);
        ms.push_back(seconds_since(start) * 1e3);
        auto const last = value_of(must(ledger.last_sequence()));
        check(durable <= last && last <= durable + more, "the log after SIGKILL");
        check(must(ledger.report({})).sum.requests == last, "the report after SIGKILL");
    }
    run.add("open_killed_ms" + of.suffix, percentile(ms, 50), "ms");
}

void reports(storage_run& run, grown const& of) {
    auto ledger = open_ledger(of.path);
    std::vector<double> all;
    for (kind const what : kinds) {
        std::vector<double> us;
        for (aiaudit::day_range const days : usual_ranges(of.end)) {
            auto const query = query_of(what, days);
            aiaudit::report made = must(ledger.report(query));  // what it needs is then in memory
            auto const times = times_us(101, [&] { made = must(ledger.report(query)); });
            of.want.check_report(query, made);
            us.insert(us.end(), times.begin(), times.end());
        }
        all.insert(all.end(), us.begin(), us.end());
        std::string const name = std::string(name_of(what)) + of.suffix;
        run.add("report_p50_us_" + name, percentile(us, 50), "us");
        run.add("report_p99_us_" + name, percentile(us, 99), "us");
    }
    run.add("report_p50_us" + of.suffix, percentile(all, 50), "us");
    run.add("report_p99_us" + of.suffix, percentile(all, 99), "us");
}

void reports_loaded(storage_run& run, grown const& of) {
    std::vector<aiaudit::report_query> queries;
    for (int const from : {89, 60, 37})
        for (kind const what : kinds)
            queries.push_back(query_of(what, days_before(of.end, from, 31)));
    std::vector<double> us;
    for (auto const begun = steady::now(); again(us, queries.size(), begun);) {
        auto const& query = queries[us.size()];
        auto ledger = open_ledger(of.path);
        auto const start = steady::now();
        auto const made = must(ledger.report(query));
        us.push_back(seconds_since(start) * 1e6);
        of.want.check_report(query, made);
    }
    run.add("report_loaded_p99_us" + of.suffix, percentile(us, 99), "us");
}

// The same questions in SQL: the answers must be the same, and the times are compared.
void reports_and_sqlite(storage_run& run, grown const& of) {
    auto ledger = open_ledger(of.path);
    api_logs db(run.fresh("sqlite") + "/api_logs", true);
    typical_records same(1, of.records, 90, of.end);
    in_rounds(same, of.records, [&](auto const& round) { return db.insert_all(round); });
    int const runs = of.records > 1'000'000 ? 1 : 3;  // seconds each
    double least = 0;
    for (kind const what : sql_kinds) {
        auto const query = query_of(what, days_before(of.end, 29, 0));
        std::pair<std::size_t, tally> got;
        double const sql_us = median_us(runs, [&] { got = db.report(query); });
        aiaudit::report made;
        double const us = median_us(101, [&] { made = must(ledger.report(query)); });
        of.want.check_report(query, made);
        check(got == std::pair(made.rows.size(), tally{made.sum.requests, made.sum.cost}),
              "SQLite's " + std::string(name_of(what)));
        least = least == 0 ? sql_us / us : std::min(least, sql_us / us);
    }
    run.add("report_vs_sqlite" + of.suffix, least, "x");
}

void verify_all(storage_run& run, grown const& of) {
    auto ledger = open_ledger(of.path);
    auto const start = steady::now();
    auto const found = must(verify(ledger));
    double const seconds = seconds_since(start);
    check(found.sound() && found.read == of.records, "the verification");
    run.add("verify_rps" + of.suffix, static_cast<double>(found.read) / seconds, "records/s");
}

void resident(storage_run& run, grown const& of) {
    run.add("rss_anon_mb" + of.suffix, std::stod(child("report", of.path, 0, false)) / 1024, "MB");
}

struct measurement {
    char const* ids;
    void (*measure)(storage_run&, grown const&);
};
constexpr measurement measurements[] = {
    {"open_clean_ms", open_clean},
    {"report_p50_us report_p99_us", reports},
    {"report_loaded_p99_us", reports_loaded},
    {"report_vs_sqlite", reports_and_sqlite},
    {"verify_rps", verify_all},
    {"rss_anon_mb", resident},
    {"open_killed_ms", open_killed},  // last: it appends
};

// The child that appends until it is killed, after it said how much of it is durable.
void append_until_killed(std::string const& path, std::size_t count) {
    auto ledger = open_ledger(path);
    typical_records records(value_of(must(ledger.last_sequence())), 1'000'000, 1);
    append_all(ledger, records.take(count), 1);
    std::cout << value_of(must(ledger.last_sequence())) << std::endl;
    for (aiaudit::record& entry : records.take(count)) must(ledger.enqueue(std::move(entry)));
    std::raise(SIGKILL);
}

// The child that makes every report and says how many kB of memory it then has.
void report_and_measure(std::string const& path) {
    auto ledger = open_ledger(path);
    for (kind const what : kinds)
        for (auto const days : usual_ranges(aiaudit::system_clock{}.now()))
            must(ledger.report(query_of(what, days)));
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;)
        if (word == "RssAnon:" && status >> word) std::cout << word << std::endl;
}

}  // namespace

void measure_growth(storage_run& run) {
    std::vector<measurement> wanted;
    for (measurement const& each : measurements)
        if (run.wants(each.ids)) wanted.push_back(each);
    if (wanted.empty()) return;
    std::size_t const most = run.with.full ? 10'000'000 : run.with.records;
    for (int power = 4, count = 10'000; power <= 7 && static_cast<std::size_t>(count) <= most;
         ++power, count *= 10) {
        grown of{run.fresh("ledger"),
                 static_cast<std::size_t>(count),
                 "_1e" + std::to_string(power),
                 aiaudit::system_clock{}.now(),
                 {}};
        typical_records records(1, of.records, 90, of.end);
        {
            auto ledger = open_ledger(of.path);
            fill(ledger, records, of.records, run.with.threads);
        }
        of.want = records.expected;
        std::cerr << "storage: growth with " << of.records << " records\n";
        for (measurement const& each : wanted) each.measure(run, of);
    }
}

void be_child(std::string const& what, std::string const& path, std::size_t count) {
    what == "append" ? append_until_killed(path, count) : report_and_measure(path);
}

}  // namespace benchmark_support
