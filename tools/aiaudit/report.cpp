// SPDX-License-Identifier: MIT
//
// aiaudit report: what the rollups say.

#include <aiaudit/export/cell_text.hpp>
#include "commands.hpp"
#include "fleet.hpp"
#include "report_source.hpp"

#include <algorithm>
#include <iostream>
#include <memory>
#include <vector>

namespace aiaudit_tool {
namespace report_command {

struct options {
    std::string kind{};
    std::string db{};
    std::string user{};
    std::string zone{};
    std::string format = "table";
    std::vector<std::string> from{};  // a day, an address of a database, or both
    std::string log{};
    std::string to{};
    std::string fleet{};
    int days = 0;
    std::size_t top = 0;
    std::size_t offset = 0;
    bool as_recorded = false;
};

// Rows of a table that are printed where --top does not say how many: what follows is counted.
constexpr std::size_t table_rows_max = 10'000;
// Rows that are asked for at one time where all are printed.
constexpr std::size_t page_rows = 65'536;

aiaudit::report_query query_of(options const& with) {
    aiaudit::report_query query;
    query.kind = *aiaudit::report_named(with.kind);
    if (!with.zone.empty()) query.zone = value_or_fail(aiaudit::find_time_zone(with.zone), "--tz");
    query.user = with.user;
    if (query.kind == aiaudit::report_kind::user && with.user.empty())
        throw failure{"report user needs --user NAME"};
    if (with.days > 0) {
        aiaudit::civil_day const today = query.zone.day_of(aiaudit::system_clock{}.now());
        query.days = {today.plus(1 - with.days), today};
    }
    for (std::string const& each : with.from)
        if (!is_collection_address(each))
            query.days.first = value_or_fail(aiaudit::civil_day::parse(each), "--from");
    if (!with.to.empty())
        query.days.last = value_or_fail(aiaudit::civil_day::parse(with.to), "--to");
    query.top = with.top;
    query.offset = with.offset;
    query.as_recorded = with.as_recorded;
    return query;
}

std::unique_ptr<report_source> open_source(options const& with) {
    std::string address;
    bool has_day = false;
    for (std::string const& each : with.from) {
        bool const is_address = is_collection_address(each);
        if (is_address ? !address.empty() : has_day)
            throw failure{"--from: one day and one database at the most"};
        has_day = has_day || !is_address;
        if (is_address) address = each;
    }
    if (address.empty() == with.db.empty())
        throw failure{"report needs --db, or --from with the address of a database"};
    if (address.empty() && !with.log.empty())
        throw failure{"--log: a ledger is one log; it is for --from"};
    return address.empty() ? open_ledger_source(with.db)
                           : open_collection_source(address, with.log, "--from");
}

void print_table(report_source& from, aiaudit::report_query query, options const& with) {
    if (query.top == 0) query.top = table_rows_max;
    auto const made = from.report(query);
    std::cout << to_text(made, aiaudit::text_format::table);
    std::size_t const next = query.offset + made.rows.size();
    if (with.top == 0 && next < made.row_count)
        std::cerr << made.row_count - next << " more rows: --offset " << next
                  << " shows the next; --format csv or jsonl has all\n";
}

// Row by row as they come, a page of them at a time.
void print_rows(report_source& from, aiaudit::report_query query, options const& with) {
    auto const format = *aiaudit::text_format_named(with.format);
    aiaudit::detail::machine_writer out(
        aiaudit::detail::cells_of(query.kind, aiaudit::report_row{}), format);
    aiaudit::totals first;
    bool grew = false;
    for (std::size_t left = with.top;; query.offset += page_rows) {
        query.top = with.top == 0 ? page_rows : std::min(left, page_rows);
        auto const page = from.report(query);
        if (query.offset == with.offset) first = page.sum;
        grew = grew || !(page.sum == first);
        for (aiaudit::report_row const& row : page.rows)
            out.add(aiaudit::detail::cells_of(query.kind, row));
        std::cout << out.take();
        left -= std::min(left, query.top);
        if (query.offset + page.rows.size() >= page.row_count || page.rows.empty() ||
            (with.top != 0 && left == 0))
            break;
    }
    out.finish();
    std::cout << out.take();
    if (grew)
        std::cerr << "records came while the rows were written: some near the bounds of a page may "
                     "be missing or there twice; ask for days that are over (--to)\n";
}

// The present window of each budget, in its own zone.
void report_budgets(options const& with) {
    for (std::string const* given : {&with.user, &with.zone, &with.to, &with.log}) {
        if (!given->empty() || !with.from.empty() || with.days > 0)
            throw failure{
                "report budgets shows present windows of a ledger: it has no user, zone, days or "
                "database"};
    }
    auto const format = *aiaudit::text_format_named(with.format);
    if (!with.fleet.empty()) {
        auto const store = fleet_store_at(with.fleet, "--fleet");
        auto const budgets = value_or_fail(store->budgets(), "--fleet");
        std::cout << ceilings_text(value_or_fail(store->ceilings(), "--fleet"), budgets, format);
        return;
    }
    if (with.db.empty()) throw failure{"report budgets needs --db, or --fleet"};
    auto ledger = value_or_fail(
        aiaudit::ledger::open({.path = with.db, .create = false, .read_only = true}), with.db);
    aiaudit::budget_rows const rows{with.top, with.offset};
    if (format == aiaudit::text_format::table || format == aiaudit::text_format::json) {
        auto const states = value_or_fail(ledger.budget_states(rows), with.db);
        print_notices(ledger);
        std::cout << to_text(states, format);
        return;
    }
    // Row by row: of very many, the text of all would be large.
    bool headed = format != aiaudit::text_format::csv;
    auto const visited = ledger.visit_budget_states(rows, [&](aiaudit::budget_state&& each) {
        std::string text = to_text(std::vector{std::move(each)}, format);
        if (format == aiaudit::text_format::csv && headed) text.erase(0, text.find('\n') + 1);
        headed = true;
        std::cout << text;
    });
    value_or_fail(visited, with.db);
    print_notices(ledger);
    if (!headed) std::cout << to_text(std::vector<aiaudit::budget_state>{}, format);
}

using cells = std::vector<aiaudit::detail::report_cell>;

void print_lines(cells const& heads, std::vector<cells> const& lines, options const& with,
                 report_source& from) {
    auto const format = *aiaudit::text_format_named(with.format);
    std::cout << (format == aiaudit::text_format::table
                      ? aiaudit::detail::aligned_text(heads, lines)
                      : aiaudit::detail::machine_text(heads, lines, format));
    if (from.first() > 1)
        std::cerr << "records before " << from.first() << " were dropped, and are not in it\n";
}

// By provider and model: what providers charged, and what the price book says of the same calls.
void report_drift(options const& with) {
    auto days_of = with;
    days_of.kind = "daily";
    aiaudit::report_query const query = query_of(days_of);
    if (!with.user.empty() || with.as_recorded)
        throw failure{"report drift is of all users, and knows no corrections"};
    auto const line = [](drift_line const& sum) {
        return cells{{"provider", sum.provider, false, true},
                     {"model", sum.model, false, true},
                     {"records", std::to_string(sum.records), true, false},
                     {"charged_usd", sum.charged.to_string(), false, false},
                     {"computed_usd", sum.computed.to_string(), false, false},
                     {"drift_usd", (sum.charged - sum.computed).to_string(), false, false}};
    };
    auto const from = open_source(with);
    std::vector<cells> lines;
    for (drift_line const& each : from->drift(query)) lines.push_back(line(each));
    print_lines(line({}), lines, with, *from);
}

void report_tags(options const& with, std::string const& tag) {
    auto days_of = with;
    days_of.kind = "daily";
    aiaudit::report_query const query = query_of(days_of);
    if (!with.user.empty() || with.as_recorded)
        throw failure{"report " + with.kind + " is of all users, with corrections"};
    bool const for_eye = with.format == "table";
    auto const line = [&](std::string const& name, aiaudit::totals const& sum) {
        return cells{
            {tag, for_eye ? aiaudit::detail::printable(name) : name, false, true},
            {"requests", std::to_string(sum.requests), true, false},
            {"attempts", std::to_string(sum.attempts), true, false},
            {"errors", std::to_string(sum.errors), true, false},
            {"input_tokens", std::to_string(sum.count(aiaudit::unit::input_tokens)), true, false},
            {"output_tokens", std::to_string(sum.count(aiaudit::unit::output_tokens)), true, false},
            {"cost_usd", sum.cost.to_string(), false, false},
            {"uncosted", std::to_string(sum.uncosted), true, false}};
    };
    auto const from = open_source(with);
    std::vector<cells> lines;
    for (auto const& each : from->tag_sums(tag, query))
        lines.push_back(line(each.first, each.second));
    print_lines(line("", {}), lines, with, *from);
}

void run(options const& with) {
    if (!with.fleet.empty() && with.kind != "budgets")
        throw failure{"--fleet goes with report budgets alone"};
    if (with.kind == "budgets") return report_budgets(with);
    if (with.kind == "drift") return report_drift(with);
    if (with.kind == "teams") return report_tags(with, "team");
    if (with.kind == "organisations") return report_tags(with, "organisation");
    if (with.kind == "runs") return report_tags(with, "run");
    aiaudit::report_query const query = query_of(with);
    auto const from = open_source(with);
    if (with.format == "table")
        print_table(*from, query, with);
    else
        print_rows(*from, query, with);
}

}  // namespace report_command

void add_report(CLI::App& program, int&) {
    using namespace report_command;
    auto with = std::make_shared<options>();
    CLI::App* const command =
        program.add_subcommand("report", "Sums by day, model, user and more; budgets");
    command
        ->add_option("kind", with->kind,
                     "daily, models, users, user, projects, keys, teams, organisations, runs, "
                     "providers, statuses, budgets or drift")
        ->required()
        ->check(
            CLI::IsMember({"daily", "models", "users", "user", "projects", "keys", "teams",
                           "organisations", "runs", "providers", "statuses", "budgets", "drift"}));
    command->add_option("--db", with->db, "The ledger's directory");
    command->add_option("--log", with->log, "Only that log of the database; default: all of them");
    command->add_option("--fleet", with->fleet,
                        "report budgets: each node's ceilings, from the store of a fleet");
    command->add_option("--user", with->user, "Whose models to list (report user)");
    command->add_option("--tz", with->zone,
                        "Whose calendar days count: an IANA name; default: UTC");
    command->add_option("--days", with->days, "The last N days, today included; default: all")
        ->check(CLI::Range(1, 100'000));
    command
        ->add_option("--from", with->from,
                     "The first day, such as 2026-03-01; or, in place of --db, the database that "
                     "ledgers were shipped to: postgresql://..., $VARIABLE or @FILE; or both")
        ->expected(1)
        ->take_all();
    command->add_option("--to", with->to, "The last day");
    command->add_option("--top", with->top, "The first N rows, dearest first; default: all")
        ->check(CLI::Range(1, 1'000'000));
    command->add_option("--offset", with->offset, "Behind the first N rows")
        ->check(CLI::Range(1, 1'000'000));
    command->add_flag("--as-recorded", with->as_recorded,
                      "Without corrections (aiaudit reprice): as the records say");
    command->add_option("--format", with->format, "table, json, csv or jsonl")
        ->check(CLI::IsMember({"table", "json", "csv", "jsonl"}));
    command->callback([with] { run(*with); });
}

}  // namespace aiaudit_tool
