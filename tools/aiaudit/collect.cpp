// SPDX-License-Identifier: MIT
//
// aiaudit collect: the central side of many ledgers that are shipped to one database.

#include "collect_serve.hpp"
#include "commands.hpp"

#include <aiaudit/engine/shipped_log.hpp>
#include <aiaudit/export/cell_text.hpp>

#ifdef AIAUDIT_TOOL_POSTGRES
#include <aiaudit/sinks/postgres_collection.hpp>
#include <aiaudit/sinks/postgres_schema.hpp>
#endif

#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <vector>

namespace aiaudit_tool {
namespace collect_command {

struct options {
    std::string from{};
    std::string log{};
    std::string format = "table";
    aiaudit::log_bounds bounds{};
    std::string listen{};
    std::string token{};
    bool secure_cookie = false;
    std::string first_month{};
    std::uint32_t months = 13;
};

std::string url_of(options const& with, std::string const& option) {
    bool const elsewhere = with.from.starts_with('$') || with.from.starts_with('@');
    return elsewhere ? secret_at(with.from, option) : with.from;
}

#ifdef AIAUDIT_TOOL_POSTGRES

std::string words_of(aiaudit::shipped_log const& log, aiaudit::log_state state) {
    if (log.forked_at) return "forked at " + std::to_string(*log.forked_at);
    return state == aiaudit::log_state::current ? "ok" : std::string(name_of(state));
}

using cells = std::vector<aiaudit::detail::report_cell>;

cells line_of(aiaudit::shipped_log const& log, aiaudit::log_state state, bool for_eye) {
    return {{"log", for_eye ? aiaudit::detail::printable(log.origin) : log.origin, false, true},
            {"records", std::to_string(log.size), true, false},
            {"to_go", std::to_string(log.lacking()), true, false},
            {"last_record", log.newest ? log.newest->to_string() : "", false, false},
            {"last_word", log.updated.to_string(), false, false},
            {"silent_s", std::to_string(log.silent.count()), true, false},
            {"root", for_eye ? log.root.substr(0, 16) : log.root, false, false},
            {"state", words_of(log, state), false, false}};
}

void print_status(options const& with, int& status) {
    aiaudit::pq_options connecting;
    connecting.url = url_of(with, "--from");
    connecting.application = "aiaudit collect";
    connecting.answer_max = std::chrono::minutes(2);
    auto from = value_or_fail(aiaudit::postgres_collection::open(std::move(connecting), with.log));
    auto const format = *aiaudit::text_format_named(with.format);
    bool const for_eye = format == aiaudit::text_format::table;
    std::vector<cells> lines;
    for (aiaudit::shipped_log const& log : value_or_fail(from.logs())) {
        aiaudit::log_state const state = state_of(log, with.bounds);
        if (state != aiaudit::log_state::current) status = exit_finding;
        lines.push_back(line_of(log, state, for_eye));
    }
    cells const heads = line_of({}, {}, for_eye);
    std::cout << (for_eye ? aiaudit::detail::aligned_text(heads, lines)
                          : aiaudit::detail::machine_text(heads, lines, format));
}

void prepare(options const& with) {
    aiaudit::timestamp const first =
        with.first_month.empty()
            ? aiaudit::system_clock{}.now()
            : value_or_fail(aiaudit::timestamp::parse(with.first_month + "-01"), "--first");
    value_or_fail(aiaudit::prepare_postgres(url_of(with, "--to"), first, with.months));
}

#else

void print_status(options const&, int&) {
    throw failure{"collect: this program was built without libpq"};
}
void prepare(options const&) { throw failure{"collect: this program was built without libpq"}; }

#endif

void add_bounds(CLI::App& command, aiaudit::log_bounds& bounds) {
    command.add_option("--silent", bounds.silent_seconds,
                       "Seconds without a word of its shipper; default: 300");
    command.add_option("--behind", bounds.behind_records,
                       "Records that the log has and the database has not; default: 100,000");
}

void add_status(CLI::App& collect, int& status) {
    auto with = std::make_shared<options>();
    CLI::App* const command = collect.add_subcommand(
        "status", "How each log stands; exit status 1 where one is silent, behind or forked");
    command
        ->add_option("--from", with->from,
                     "The database: postgresql://..., or $VARIABLE or @FILE where that is")
        ->required();
    command->add_option("--log", with->log, "Only that log; default: all of them");
    add_bounds(*command, with->bounds);
    command->add_option("--format", with->format, "table, json, csv or jsonl; default: table")
        ->check(CLI::IsMember({"table", "json", "csv", "jsonl"}));
    command->callback([with, &status] { print_status(*with, status); });
}

void serve(options const& with) {
    serve_collection({url_of(with, "--from"), with.log, with.listen,
                      secret_at(with.token, "--dashboard-token"), with.secure_cookie, with.bounds});
}

void add_serve(CLI::App& collect) {
    auto with = std::make_shared<options>();
    CLI::App* const command = collect.add_subcommand(
        "serve", "The dashboard over the database, with the reports of all logs");
    command
        ->add_option("--from", with->from,
                     "The database: postgresql://..., or $VARIABLE or @FILE where that is")
        ->required();
    command->add_option("--log", with->log, "Only that log; default: all of them");
    command->add_option("--listen", with->listen, "ADDRESS:PORT; port 0: any that is free")
        ->required();
    command
        ->add_option("--dashboard-token", with->token,
                     "$VARIABLE or @FILE with what opens the dashboard: 16 characters or more")
        ->required();
    command->add_flag("--dashboard-tls", with->secure_cookie,
                      "Browsers come by TLS, which a proxy ends: the cookie never goes without");
    add_bounds(*command, with->bounds);
    command->callback([with] { serve(*with); });
}

void add_prepare(CLI::App& collect) {
    auto with = std::make_shared<options>();
    CLI::App* const command = collect.add_subcommand(
        "prepare", "Make tables and partitions, for shippers with a role that may not");
    command
        ->add_option("--to", with->from,
                     "The database, as its owner: postgresql://..., $VARIABLE or @FILE")
        ->required();
    command->add_option("--first", with->first_month,
                        "The first month of partitions, such as 2026-01; default: this one");
    command->add_option("--months", with->months, "How many months; default: 13")
        ->check(CLI::Range(0U, 600U));
    command->callback([with] { prepare(*with); });
}

}  // namespace collect_command

void add_collect(CLI::App& program, int& status) {
    using namespace collect_command;
    CLI::App* const collect = program.add_subcommand(
        "collect", "The central side of many ledgers that are shipped to one database");
    collect->require_subcommand(1);
    add_status(*collect, status);
    add_serve(*collect);
    add_prepare(*collect);
}

}  // namespace aiaudit_tool
