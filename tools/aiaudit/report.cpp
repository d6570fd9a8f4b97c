// SPDX-License-Identifier: MIT
//
// aiaudit report: what the rollups say.

#include <aiaudit/export/cell_text.hpp>
#include "commands.hpp"
#include "fleet.hpp"

#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace aiaudit_tool {
namespace report_command {

struct options {
    std::string kind{};
    std::string db{};
    std::string user{};
    std::string zone{};
    std::string format = "table";
    std::string from{};
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
    if (!with.from.empty())
        query.days.first = value_or_fail(aiaudit::civil_day::parse(with.from), "--from");
    if (!with.to.empty())
        query.days.last = value_or_fail(aiaudit::civil_day::parse(with.to), "--to");
    query.top = with.top;
    query.offset = with.offset;
    query.as_recorded = with.as_recorded;
    return query;
}

void print_table(aiaudit::ledger& ledger, aiaudit::report_query query, options const& with) {
    if (query.top == 0) query.top = table_rows_max;
    auto const made = value_or_fail(ledger.report(query), with.db);
    std::cout << to_text(made, aiaudit::text_format::table);
    std::size_t const next = query.offset + made.rows.size();
    if (with.top == 0 && next < made.row_count)
        std::cerr << made.row_count - next << " more rows: --offset " << next
                  << " shows the next; --format csv or jsonl has all\n";
}

// Row by row as they come, a page of them at a time.
void print_rows(aiaudit::ledger& ledger, aiaudit::report_query query, options const& with) {
    auto const format = *aiaudit::text_format_named(with.format);
    aiaudit::detail::machine_writer out(
        aiaudit::detail::cells_of(query.kind, aiaudit::report_row{}), format);
    aiaudit::totals first;
    bool grew = false;
    for (std::size_t left = with.top;; query.offset += page_rows) {
        query.top = with.top == 0 ? page_rows : std::min(left, page_rows);
        auto const page = value_or_fail(ledger.report(query), with.db);
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
    for (std::string const* given : {&with.user, &with.zone, &with.from, &with.to}) {
        if (!given->empty() || with.days > 0)
            throw failure{"report budgets shows present windows: it has no user, zone or days"};
    }
    auto const format = *aiaudit::text_format_named(with.format);
    if (!with.fleet.empty()) {
        auto const store = fleet_store_at(with.fleet, "--fleet");
        auto const budgets = value_or_fail(store->budgets(), "--fleet");
        std::cout << ceilings_text(value_or_fail(store->ceilings(), "--fleet"), budgets, format);
        return;
    }
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

// By the price book: beside the provider's charge, or, of an import, the cost itself.
std::optional<aiaudit::money> computed_cost_of(aiaudit::record const& entry) {
    bool const is_priced = entry.cost_status == aiaudit::cost_status::priced ||
                           entry.cost_status == aiaudit::cost_status::partial;
    if (entry.computed_cost || !is_priced || entry.price_book.is_zero() ||
        entry.price_basis == aiaudit::price_basis::provider)
        return entry.computed_cost;
    return entry.cost;
}

// By provider and model: what providers charged, and what the price book says of the same calls.
// Reads the log, since the rollups do not tell them apart.
void report_drift(options const& with) {
    auto days_of = with;
    days_of.kind = "daily";
    aiaudit::report_query const query = query_of(days_of);
    if (!with.user.empty() || with.as_recorded)
        throw failure{"report drift is of all users, and knows no corrections"};
    struct sums {
        std::uint64_t records = 0;
        aiaudit::money charged{};
        aiaudit::money computed{};
    };
    std::map<std::pair<std::string, std::string>, sums> all;
    auto const ledger = value_or_fail(
        aiaudit::ledger::open({.path = with.db, .create = false, .read_only = true}), with.db);
    auto const first = value_or_fail(ledger.first_sequence(), with.db);
    value_or_fail(ledger.read(first,
                              [&](aiaudit::sequence, aiaudit::record&& entry) {
                                  auto const computed = computed_cost_of(entry);
                                  if (entry.kind != aiaudit::record_kind::outcome || !computed ||
                                      !entry.provider_cost ||
                                      !query.days.holds(query.zone.day_of(entry.started_at)))
                                      return true;
                                  sums& sum = all[{entry.provider, entry.model()}];
                                  ++sum.records;
                                  sum.charged += *entry.provider_cost;
                                  sum.computed += *computed;
                                  return true;
                              }),
                  with.db);
    using cells = std::vector<aiaudit::detail::report_cell>;
    auto const line = [](std::string const& provider, std::string const& model, sums const& sum) {
        return cells{{"provider", provider, false, true},
                     {"model", model, false, true},
                     {"records", std::to_string(sum.records), true, false},
                     {"charged_usd", sum.charged.to_string(), false, false},
                     {"computed_usd", sum.computed.to_string(), false, false},
                     {"drift_usd", (sum.charged - sum.computed).to_string(), false, false}};
    };
    std::vector<cells> lines;
    for (auto const& [names, sum] : all) lines.push_back(line(names.first, names.second, sum));
    auto const heads = line("", "", {});
    auto const format = *aiaudit::text_format_named(with.format);
    std::cout << (format == aiaudit::text_format::table
                      ? aiaudit::detail::aligned_text(heads, lines)
                      : aiaudit::detail::machine_text(heads, lines, format));
    if (value_of(first) > 1)
        std::cerr << "records before " << value_of(first) << " were dropped, and are not in it\n";
}

// Reads the log, since the rollups do not tell tags apart.
void report_tags(options const& with, std::string const& tag) {
    auto days_of = with;
    days_of.kind = "daily";
    aiaudit::report_query const query = query_of(days_of);
    if (!with.user.empty() || with.as_recorded)
        throw failure{"report " + with.kind + " is of all users, with corrections"};
    std::map<std::string, aiaudit::totals> all;
    auto const ledger = value_or_fail(
        aiaudit::ledger::open({.path = with.db, .create = false, .read_only = true}), with.db);
    auto const first = value_or_fail(ledger.first_sequence(), with.db);
    value_or_fail(ledger.read(first,
                              [&](aiaudit::sequence, aiaudit::record&& entry) {
                                  bool const counts =
                                      entry.kind == aiaudit::record_kind::outcome ||
                                      entry.kind == aiaudit::record_kind::correction;
                                  std::string_view const name = aiaudit::detail::tag_of(entry, tag);
                                  if (counts && !name.empty() &&
                                      query.days.holds(query.zone.day_of(entry.started_at)))
                                      aiaudit::detail::wrapping_add(all[std::string(name)],
                                                                    aiaudit::totals::of(entry));
                                  return true;
                              }),
                  with.db);
    using cells = std::vector<aiaudit::detail::report_cell>;
    auto const format = *aiaudit::text_format_named(with.format);
    bool const for_eye = format == aiaudit::text_format::table;
    auto const line = [&](std::string const& name, aiaudit::totals const& sum) {
        auto const tokens = [&sum](aiaudit::unit of) {
            for (std::size_t i = 0; i < aiaudit::reported_units.size(); ++i)
                if (aiaudit::reported_units[i] == of) return std::to_string(sum.counts[i]);
            return std::string("0");
        };
        return cells{{tag, for_eye ? aiaudit::detail::printable(name) : name, false, true},
                     {"requests", std::to_string(sum.requests), true, false},
                     {"attempts", std::to_string(sum.attempts), true, false},
                     {"errors", std::to_string(sum.errors), true, false},
                     {"input_tokens", tokens(aiaudit::unit::input_tokens), true, false},
                     {"output_tokens", tokens(aiaudit::unit::output_tokens), true, false},
                     {"cost_usd", sum.cost.to_string(), false, false},
                     {"uncosted", std::to_string(sum.uncosted), true, false}};
    };
    std::vector<std::pair<std::string, aiaudit::totals>> order(all.begin(), all.end());
    std::stable_sort(order.begin(), order.end(),
                     [](auto const& a, auto const& b) { return b.second.cost < a.second.cost; });
    std::vector<cells> lines;
    for (auto const& [name, sum] : order) lines.push_back(line(name, sum));
    auto const heads = line("", {});
    std::cout << (for_eye ? aiaudit::detail::aligned_text(heads, lines)
                          : aiaudit::detail::machine_text(heads, lines, format));
    if (value_of(first) > 1)
        std::cerr << "records before " << value_of(first) << " were dropped, and are not in it\n";
}

void run(options const& with) {
    if (!with.fleet.empty() && with.kind != "budgets")
        throw failure{"--fleet goes with report budgets alone"};
    if (with.db.empty() && with.fleet.empty()) throw failure{"--db is required"};
    if (with.kind == "budgets") return report_budgets(with);
    if (with.kind == "drift") return report_drift(with);
    if (with.kind == "teams") return report_tags(with, "team");
    if (with.kind == "organisations") return report_tags(with, "organisation");
    if (with.kind == "runs") return report_tags(with, "run");
    aiaudit::report_query const query = query_of(with);
    auto ledger = value_or_fail(
        aiaudit::ledger::open({.path = with.db, .create = false, .read_only = true}), with.db);
    if (with.format == "table")
        print_table(ledger, query, with);
    else
        print_rows(ledger, query, with);
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
    command->add_option("--fleet", with->fleet,
                        "report budgets: each node's ceilings, from the store of a fleet");
    command->add_option("--user", with->user, "Whose models to list (report user)");
    command->add_option("--tz", with->zone,
                        "Whose calendar days count: an IANA name; default: UTC");
    command->add_option("--days", with->days, "The last N days, today included; default: all")
        ->check(CLI::Range(1, 100'000));
    command->add_option("--from", with->from, "The first day, such as 2026-03-01");
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
