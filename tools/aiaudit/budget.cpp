// SPDX-License-Identifier: MIT
//
// aiaudit budget: sets, lists and removes budgets.

#include <aiaudit/budget/budget_record.hpp>  // future_text
#include "commands.hpp"
#include "fleet.hpp"

#include <filesystem>
#include <iostream>
#include <memory>

namespace aiaudit_tool {
namespace budget_command {

struct options {
    std::string db{};
    std::string name{};
    limit_options limit{};
    std::string scope = "everyone";
    std::string idle{};
    std::string roll_over{};
    std::string amount{};
    std::string subject{};
    std::string then = "refuse";
    std::string alerts = "50,80,100";
    std::string format = "table";
    std::string after{};
    std::string by{};
    std::string why{};
    std::string fleet{};
    std::string fleet_rule = "closed";
    std::string node{};
    bool dry_run = false;
};

aiaudit::budget budget_of(options const& with) {
    aiaudit::budget wanted;
    wanted.name = with.name;
    limit_options limit = with.limit;
    if (!with.idle.empty()) limit.window += "@" + with.idle;
    set_limit(wanted, limit);
    wanted.scope = value_or_fail(aiaudit::parse_budget_scope(with.scope), "--scope");
    value_or_fail(aiaudit::parse_budget_action(with.then, wanted), "--then");
    set_unbounded(wanted, with.limit);
    set_reserve(wanted, with.limit);
    if (!with.roll_over.empty())
        wanted.roll_over =
            value_or_fail(aiaudit::parse_budget_limit(with.roll_over, wanted.unit), "--roll-over");
    wanted.alert_percents = value_or_fail(aiaudit::parse_alert_percents(with.alerts), "--alert");
    if (!with.fleet.empty()) set_fleet_rule(wanted, with.fleet_rule);
    value_or_fail(validate(wanted));
    return wanted;
}

aiaudit::ledger open_ledger(options const& with, bool create, bool read_only) {
    return value_or_fail(
        aiaudit::ledger::open({.path = with.db, .create = create, .read_only = read_only}),
        with.db);
}

void need_place(options const& with) {
    if (with.db.empty() == with.fleet.empty())
        throw failure{"a budget is of a ledger (--db DIR) or of a fleet (--fleet STORE)"};
}

void set(options const& with) {
    need_place(with);
    aiaudit::budget const wanted = budget_of(with);  // before anything is made
    if (!with.fleet.empty()) {
        value_or_fail(fleet_store_at(with.fleet, "--fleet")->set(wanted), "--fleet");
        std::cout << "set for the fleet; its nodes take it over within seconds:\n"
                  << to_text(std::vector<aiaudit::budget>{wanted}, aiaudit::text_format::table);
        return;
    }
    bool const is_new = !std::filesystem::exists(with.db);
    auto ledger = open_ledger(with, true, false);
    auto const number = value_or_fail(ledger.set_budget(wanted), with.db);
    std::cout << "set in record " << value_of(number) << (is_new ? " of a new ledger:\n" : ":\n")
              << to_text(std::vector<aiaudit::budget>{wanted}, aiaudit::text_format::table);
}

void list(options const& with) {
    need_place(with);
    if (!with.fleet.empty()) {
        std::vector<aiaudit::budget> there;
        for (aiaudit::stored_budget& each :
             value_or_fail(fleet_store_at(with.fleet, "--fleet")->budgets(), "--fleet"))
            if (!each.removed) there.push_back(std::move(each.budget));
        std::cout << to_text(there, *aiaudit::text_format_named(with.format));
        return;
    }
    auto ledger = open_ledger(with, false, true);
    auto const budgets = value_or_fail(ledger.budgets(), with.db);
    std::cout << to_text(budgets, *aiaudit::text_format_named(with.format));
}

void top_up(options const& with) {
    auto ledger = open_ledger(with, false, false);
    aiaudit::budget_top_up wanted;
    wanted.budget = with.name;
    wanted.subject = with.subject;
    for (aiaudit::budget const& each : value_or_fail(ledger.budgets(), with.db))
        if (each.name == with.name) wanted.unit = each.unit;
    wanted.amount =
        value_or_fail(aiaudit::parse_budget_limit(with.amount, wanted.unit), "--amount");
    auto const number = value_or_fail(ledger.top_up_budget(wanted), with.db);
    std::cout << "added " << amount_text(wanted.amount, wanted.unit) << " to budget '" << with.name
              << "' in its present window, in record " << value_of(number) << '\n';
}

void remove(options const& with) {
    need_place(with);
    if (!with.fleet.empty()) {
        value_or_fail(fleet_store_at(with.fleet, "--fleet")->remove(with.name), "--fleet");
        std::cout << "removed the fleet's budget '" << with.name << "'\n";
        return;
    }
    auto ledger = open_ledger(with, false, false);
    auto const number = value_or_fail(ledger.remove_budget(with.name), with.db);
    std::cout << "removed budget '" << with.name << "' in record " << value_of(number) << '\n';
}

void forget_future(options const& with) {
    aiaudit::future_pardon wanted;
    wanted.by = with.by.empty() ? login_name() : with.by;
    wanted.why = with.why;
    if (!with.dry_run && wanted.by.empty()) throw failure{"budget forget-future needs --by NAME"};
    if (!with.dry_run && wanted.why.empty()) throw failure{"budget forget-future needs --why TEXT"};
    auto ledger = open_ledger(with, false, with.dry_run);
    aiaudit::timestamp const now = ledger.time().now();
    wanted.after = instant_or_now(with.after, "--after");
    if (!with.after.empty() && wanted.after < now)
        throw failure{"--after: only windows that begin later than now can be forgotten"};
    auto const states = value_or_fail(ledger.future_states(wanted.after), with.db);
    if (states.empty()) {
        std::cout << "no budget has counted anything after " << wanted.after.to_string() << '\n';
        return;
    }
    std::cout << "after " << wanted.after.to_string() << ": " << future_text(states) << '\n';
    if (with.dry_run) return;
    auto const number = value_or_fail(ledger.forget_future(wanted), with.db);
    std::cout << "forgotten in record " << value_of(number) << '\n';
}

void write_off(options const& with) {
    if (with.node.empty() != with.fleet.empty())
        throw failure{"budget write-off NODE needs --fleet STORE"};
    if (!with.node.empty())
        return write_off_node(with.fleet, {with.node, with.by.empty() ? login_name() : with.by,
                                           with.why, with.db, with.dry_run});
    if (with.db.empty()) throw failure{"budget write-off needs --db DIR, or NODE and --fleet"};
    aiaudit::advance_pardon wanted;
    wanted.by = with.by.empty() ? login_name() : with.by;
    wanted.why = with.why;
    if (!with.dry_run && wanted.by.empty()) throw failure{"budget write-off needs --by NAME"};
    if (!with.dry_run && wanted.why.empty()) throw failure{"budget write-off needs --why TEXT"};
    auto ledger = open_ledger(with, false, false);
    auto const lost = value_or_fail(ledger.lost_advances(), with.db);
    if (lost.empty()) {
        std::cout << "no process that died held anything ahead\n";
        return;
    }
    std::cout << "held ahead by processes that died: " << advance_text(lost) << '\n';
    if (with.dry_run) return;
    auto const number = value_or_fail(ledger.write_off_advances(wanted), with.db);
    std::cout << "written off in record " << value_of(number) << '\n';
}

CLI::App* add_command(CLI::App& budget, std::shared_ptr<options> const& with,
                      std::string const& name, std::string const& what, void (*run)(options const&),
                      bool may_be_fleet = false) {
    CLI::App* const command = budget.add_subcommand(name, what);
    command->add_option("--db", with->db, "The ledger's directory")->required(!may_be_fleet);
    if (may_be_fleet)
        command->add_option("--fleet", with->fleet,
                            "In place of it, the store of a fleet: postgresql://..., or $VARIABLE "
                            "or @FILE with it where it has a password");
    command->callback([with, run] { run(*with); });
    return command;
}

void add_set_options(CLI::App& command, options& with) {
    command.add_option("--name", with.name, "1 to 64 of A-Z a-z 0-9 . _ -; one there is replaced")
        ->required();
    command.add_option("--limit", with.limit.amount, "Such as 50.00; 0 lets nothing through")
        ->required();
    command.add_option("--unit", with.limit.unit, "usd, tokens or requests; default: usd");
    command
        .add_option(
            "--window", with.limit.window,
            "day, week, month, quarter, year, total, hours such as 24h (the last so many), or "
            "minute (a rate)")
        ->required();
    command.add_option("--anchor", with.limit.anchor,
                       "When it begins: a week on a day such as sunday (default: monday), a month "
                       "on a day such as 15, a quarter or a year on MM-DD; or behind --window, "
                       "week@sunday");
    command.add_option("--scope", with.scope,
                       "everyone (default), each-user or user=NAME (as well model, provider, "
                       "project, key, run, team, organisation), each-tag:KEY or tag:KEY=VALUE");
    command.add_option("--idle", with.idle,
                       "With --scope each-run --window total: after how long without a call a run "
                       "is over, such as 6h; default: 24h");
    command.add_option("--tz", with.limit.zone,
                       "Whose calendar these are of: an IANA name; default: UTC");
    command.add_option("--then", with.then,
                       "When it is full: refuse (default), warn, downgrade=MODEL,... or, for a "
                       "minute, wait=MILLISECONDS");
    command.add_option("--unbounded", with.limit.unbounded,
                       "A call of which nobody knows the most: refuse (default), or hold=AMOUNT in "
                       "the budget's unit");
    command.add_option("--reserve", with.limit.reserve,
                       "How much of a call is held before it begins: full (default), or stepwise");
    command.add_option("--roll-over", with.roll_over,
                       "How much at the most of what a window of the calendar leaves is added to "
                       "the next; default: nothing");
    command.add_option("--fleet-rule", with.fleet_rule,
                       "Of a fleet's, while its store is away and a node's ceiling is used up: "
                       "closed (default) refuses, open goes on, safe:AMOUNT goes on for so much a "
                       "window and node");
    command.add_option("--alert", with.alerts,
                       "At which percents there is an alert; default: 50,80,100");
}

}  // namespace budget_command

void add_budget(CLI::App& program, int&) {
    using namespace budget_command;
    auto with = std::make_shared<options>();
    CLI::App* const budget =
        program.add_subcommand("budget", "Limits of what calls may cost or use");
    budget->require_subcommand(1);
    add_set_options(
        *add_command(*budget, with, "set", "Set a budget, new or in place of one", set, true),
        *with);
    add_command(*budget, with, "list", "The budgets as they are set", list, true)
        ->add_option("--format", with->format, "table, json, csv or jsonl")
        ->check(CLI::IsMember({"table", "json", "csv", "jsonl"}));
    add_command(*budget, with, "remove", "Remove a budget; what it counted stays in the log",
                remove, true)
        ->add_option("--name", with->name, "Which")
        ->required();
    CLI::App* const adding = add_command(
        *budget, with, "top-up", "Add to a budget's limit, in its present window alone", top_up);
    adding->add_option("--name", with->name, "Which")->required();
    adding->add_option("--amount", with->amount, "How much, in its unit")->required();
    adding->add_option("--subject", with->subject,
                       "Of a budget for each, the one name; default: each of them");
    CLI::App* const forgetting = add_command(
        *budget, with, "forget-future",
        "Forget what a clock that stood ahead has counted in windows that have not begun",
        forget_future);
    forgetting->add_option("--after", with->after,
                           "Windows that begin after this instant; default: now");
    forgetting->add_option("--by", with->by, "Who says so; default: the login name");
    forgetting->add_option("--why", with->why, "The reason, for the record");
    forgetting->add_flag("--dry-run", with->dry_run, "Say what would be forgotten, and stop there");
    CLI::App* const freeing = add_command(
        *budget, with, "write-off",
        "Free what processes that died held ahead, and may have used (serve --durability "
        "relaxed); or give up a node of a fleet",
        write_off, true);
    freeing->add_option("node", with->node,
                        "Of a fleet: its ceilings count as spent; with --db, its ledger, what it "
                        "has used");
    freeing->add_option("--by", with->by, "Who says so; default: the login name");
    freeing->add_option("--why", with->why, "The reason, for the record");
    freeing->add_flag("--dry-run", with->dry_run, "Say what would be freed, and stop there");
    add_budget_reconcile(*budget);
}

}  // namespace aiaudit_tool
