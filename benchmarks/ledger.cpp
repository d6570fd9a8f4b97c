// SPDX-License-Identifier: MIT
//
// ledger: a million records in, reports out, beside SQLite doing the same.
//
// import_rps       rows of a CSV file parsed, priced and committed a second (aiaudit import's path)
// daily_us ...     one report over all of them, in the process; the answer is checked before the
//                  time counts
// sqlite_...       the same rows into a plain api_logs table (request_id unique, timestamp and
//                  model indexed) in transactions of 10,000 rows with synchronous=FULL, and the
//                  same four questions as SQL
// Usage: ledger [--json FILE] [--records N]

#include "support.hpp"

#include <aiaudit/aiaudit.hpp>

namespace {

using namespace benchmark_support;

constexpr std::int64_t days = 30;
constexpr int users = 1000;
char const* const models[] = {"gpt-4.1", "gpt-4.1-mini", "gpt-4o", "gpt-4o-mini", "o3", "o4-mini"};

struct row {
    aiaudit::timestamp at;
    std::string id;
    std::string user;
    std::string model;
    std::uint64_t input;
    std::uint64_t output;
    std::uint64_t duration_ms;
};

std::vector<row> make_rows(std::size_t count, aiaudit::timestamp end) {
    std::vector<row> rows;
    rows.reserve(count);
    std::uint64_t state = 1;
    auto const random = [&state](std::uint64_t below) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        return (state >> 33) % below;
    };
    std::int64_t const span = days * aiaudit::seconds_per_day * aiaudit::nanoseconds_per_second;
    auto const step = span / static_cast<std::int64_t>(count);
    for (std::size_t i = 0; i < count; ++i) {
        rows.push_back({{end.ns - span + step * static_cast<std::int64_t>(i + 1)},
                        "req-" + std::to_string(i),
                        "user" + std::to_string(random(users)),
                        models[random(std::size(models))],
                        100 + random(8000),
                        10 + random(900),
                        200 + random(9000)});
    }
    return rows;
}

std::string csv_of(std::vector<row> const& rows) {
    std::string text;
    for (row const& r : rows) {
        text.append(r.at.to_string())
            .append(",")
            .append(r.id)
            .append(",")
            .append(r.user)
            .append(",")
            .append(r.model);
        for (std::uint64_t const n : {r.input, r.output, r.duration_ms})
            text.append(",").append(std::to_string(n));
        text.push_back('\n');
    }
    return text;
}

// What both systems must answer.
struct expected {
    std::uint64_t requests = 0;
    std::uint64_t input = 0;
    std::uint64_t user_requests = 0;
    aiaudit::money cost{};
    aiaudit::money today{};
};

aiaudit::money cost_of(aiaudit::price_book const& prices, row const& r) {
    aiaudit::usage counts;
    counts.set(aiaudit::unit::input_tokens, r.input);
    counts.set(aiaudit::unit::output_tokens, r.output);
    return must(prices.price({.provider = "openai", .model = r.model, .usage = counts, .at = r.at}))
        .cost();
}

double import_into(sqlite& db, std::vector<row> const& rows,
                   std::vector<aiaudit::money> const& costs) {
    db.run(
        "CREATE TABLE api_logs(id INTEGER PRIMARY KEY, request_id TEXT UNIQUE, timestamp "
        "INTEGER, user TEXT, model TEXT, input_tokens INTEGER, output_tokens INTEGER, "
        "latency_ms INTEGER, cost_pico INTEGER)");
    db.run("CREATE INDEX by_time ON api_logs(timestamp)");
    db.run("CREATE INDEX by_model ON api_logs(model)");
    db.prepare(
        "INSERT INTO api_logs(request_id,timestamp,user,model,input_tokens,output_tokens,"
        "latency_ms,cost_pico) VALUES(?,?,?,?,?,?,?,?)");
    return db.in_transactions(rows.size(), [&](std::size_t i) {
        row const& r = rows[i];
        db.insert(r.id, r.at.ns, r.user, r.model, r.input, r.output, r.duration_ms,
                  static_cast<std::int64_t>(costs[i].pico()));
    });
}

void measure_aiaudit(std::string const& directory, std::vector<row> const& rows,
                     expected const& want, figure_table& figures) {
    std::string const csv = csv_of(rows);
    auto const prices = aiaudit::builtin_book();
    auto ledger = must(aiaudit::ledger::open({.path = directory + "/ledger"}));
    auto importer =
        must(aiaudit::csv_importer::make("timestamp=at,request_id=id,user=user,model=model,input_"
                                         "tokens=in,output_tokens=out,duration_ms=ms,"
                                         "provider==openai,status==200",
                                         "at,id,user,model,in,out,ms"));
    auto const start = std::chrono::steady_clock::now();
    for (std::string_view text = csv; !text.empty();) {
        std::string_view const line = text.substr(0, text.find('\n'));
        text.remove_prefix(line.size() + 1);
        must(ledger.append(must(importer.record_of(line, prices)).entry,
                           aiaudit::durability::relaxed));
    }
    must(ledger.flush());
    figures.add("import_rps", static_cast<double>(rows.size()) / seconds_since(start), "records/s");
    figures.add("bytes_per_record",
                static_cast<double>(ledger.bytes_on_disk()) / static_cast<double>(rows.size()),
                "B");

    using kind = aiaudit::report_kind;
    aiaudit::report made;
    auto const report_us = [&](aiaudit::report_query const& query) {
        return median_us(101, [&] { made = must(ledger.report(query)); });
    };
    auto const daily = report_us({.kind = kind::daily});
    check(made.sum.requests == want.requests && made.sum.cost == want.cost, "daily");
    figures.add("daily_us", daily, "us");
    auto const model = report_us({.kind = kind::models});
    check(made.sum.count(aiaudit::unit::input_tokens) == want.input && made.sum.cost == want.cost,
          "models");
    figures.add("models_us", model, "us");
    auto const user = report_us({.kind = kind::user, .user = "user7"});
    check(made.sum.requests == want.user_requests, "user");
    figures.add("user_us", user, "us");
    double const users_us = report_us({.kind = kind::users});
    check(made.sum.cost == want.cost, "users");
    figures.add("users_us", users_us, "us");
    aiaudit::money today;
    double const today_us = median_us(101, [&] { today = must(ledger.spent_today()); });
    check(today == want.today, "today");
    figures.add("today_us", today_us, "us");

    auto const reopen = std::chrono::steady_clock::now();
    { auto closed = std::move(ledger); }
    ledger = must(aiaudit::ledger::open({.path = directory + "/ledger"}));
    figures.add("open_ms", seconds_since(reopen) * 1e3, "ms");
    check(must(ledger.report({.kind = kind::daily})).sum.cost == want.cost,
          "daily after reopening");
}

void measure_sqlite(std::string const& directory, std::vector<row> const& rows,
                    std::vector<aiaudit::money> const& costs, expected const& want,
                    std::int64_t today_ns, figure_table& figures) {
    sqlite db(directory + "/api_logs.sqlite");
    double const seconds = import_into(db, rows, costs);
    figures.add("sqlite_import_rps", static_cast<double>(rows.size()) / seconds, "records/s");
    std::string const sums =
        "count(*),sum(input_tokens),sum(output_tokens),sum(cost_pico),avg(latency_ms) FROM "
        "api_logs ";
    std::int64_t got = 0;
    auto const query_us = [&](std::string const& sql, std::size_t column) {
        return median_us(3, [&] { got = db.sums(sql)[column + 1]; });
    };
    auto const pico = static_cast<std::int64_t>(want.cost.pico());
    double const daily_us = query_us(
        "SELECT timestamp/86400000000000 AS day," + sums + "GROUP BY day ORDER BY day DESC", 4);
    check(got == pico, "SQLite daily");
    figures.add("sqlite_daily_us", daily_us, "us");
    double const models_us = query_us("SELECT model," + sums + "GROUP BY model ORDER BY 5 DESC", 4);
    check(got == pico, "SQLite models");
    figures.add("sqlite_models_us", models_us, "us");
    double const user_us =
        query_us("SELECT model," + sums + "WHERE user='user7' GROUP BY model", 1);
    check(got == static_cast<std::int64_t>(want.user_requests), "SQLite user");
    figures.add("sqlite_user_us", user_us, "us");
    double const today_us =
        query_us("SELECT coalesce(sum(cost_pico),0) FROM api_logs WHERE timestamp>=" +
                     std::to_string(today_ns),
                 0);
    check(got == static_cast<std::int64_t>(want.today.pico()), "SQLite today");
    figures.add("sqlite_today_us", today_us, "us");
}

void run(std::vector<std::string> const& words) {
    std::string json;
    std::size_t records = 1'000'000;
    for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
        std::string const& option = words[i];
        if (option == "--json")
            json = words[i + 1];
        else if (option == "--records")
            records = std::strtoul(words[i + 1].c_str(), nullptr, 10);
        else
            stop("unknown option " + option);
    }
    scratch_directory const scratch(std::filesystem::current_path());
    aiaudit::timestamp const now = aiaudit::system_clock{}.now();
    auto const rows = make_rows(records, now);
    std::int64_t const today_ns = now.seconds() / aiaudit::seconds_per_day *
                                  aiaudit::seconds_per_day * aiaudit::nanoseconds_per_second;
    auto const prices = aiaudit::builtin_book();
    expected want;
    std::vector<aiaudit::money> costs;
    for (row const& r : rows) {
        costs.push_back(cost_of(prices, r));
        ++want.requests;
        want.input += r.input;
        want.user_requests += r.user == "user7" ? 1 : 0;
        want.cost += costs.back();
        if (r.at.ns >= today_ns) want.today += costs.back();
    }
    figure_table figures(20, 1);
    measure_aiaudit(scratch.path(), rows, want, figures);
    measure_sqlite(scratch.path(), rows, costs, want, today_ns, figures);
    figures.write_json(json);
}

}  // namespace

int main(int argc, char** argv) {
    return run_benchmark("ledger", [&] { run({argv + 1, argv + argc}); });
}
