// SPDX-License-Identifier: MIT
//
// aiaudit key: makes, lists and revokes the keys that clients of the gateway have.

#include "commands.hpp"

#include <aiaudit/gateway/gateway_key.hpp>
#include <aiaudit/gateway/key_file.hpp>
#include <aiaudit/gateway/key_log.hpp>
#include <aiaudit/gateway/key_uses.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <vector>

namespace aiaudit_tool {
namespace key_command {

struct options {
    std::string db{};
    aiaudit::gateway_key wish{};
    limit_options limit{};
    std::string rate{};
    std::string rate_then = "refuse";
    std::string format = "table";
    std::string by = login_name();
    std::string expires{};
    std::string grace = "0h";
};

// "none" ends a list of models that a key may not use.
std::vector<std::string> denied_models_of(options const& with) {
    auto const& given = with.wish.denied_models;
    return given == std::vector<std::string>{"none"} ? std::vector<std::string>{} : given;
}

constexpr amount_unit time_units[] = {{"s", 1}, {"m", 60}, {"h", 3'600}, {"d", 86'400}};

// "2026-12-31", "2026-12-31T18:00:00Z", or how long from now: "90d", "24h".
aiaudit::timestamp expiry_of(std::string const& text, aiaudit::timestamp now) {
    if (auto const instant = aiaudit::timestamp::parse(text)) return *instant;
    constexpr std::uint64_t seconds_most = 100ULL * 366 * 86'400;
    auto const seconds = parse_amount(text, time_units, "--expires");
    if (seconds == 0 || seconds > seconds_most)
        throw failure{"--expires: '" + text + "' is not from a minute to a hundred years"};
    return {now.ns + static_cast<std::int64_t>(seconds) * aiaudit::nanoseconds_per_second};
}

std::chrono::nanoseconds grace_of(std::string const& text) {
    auto const seconds = parse_amount(text, time_units, "--grace");
    return std::chrono::seconds(std::min<std::uint64_t>(seconds, 1'000'000'000));
}

aiaudit::budget_scope scope_of(options const& with) {
    return {.of = aiaudit::budget_dimension::key, .each = false, .name = with.wish.id, .tag = {}};
}

// What the key may use over a window.
aiaudit::budget limit_of(options const& with) {
    aiaudit::budget wanted;
    wanted.name = "key-" + with.wish.id;
    set_limit(wanted, with.limit);
    set_unbounded(wanted, with.limit);
    set_reserve(wanted, with.limit);
    wanted.scope = scope_of(with);
    value_or_fail(validate(wanted));
    return wanted;
}

// How many requests it may make a minute.
aiaudit::budget rate_of(options const& with) {
    aiaudit::budget wanted;
    wanted.name = "key-" + with.wish.id + "-rate";
    wanted.unit = aiaudit::budget_unit::requests;
    wanted.limit =
        value_or_fail(aiaudit::parse_budget_limit(with.rate, wanted.unit), "--requests-per-minute");
    wanted.scope = scope_of(with);
    wanted.window.period = aiaudit::budget_period::minute;
    wanted.alert_percents.clear();
    if (with.rate_then != "refuse" && !with.rate_then.starts_with("wait="))
        throw failure{"--rate-then: '" + aiaudit::detail::printable(with.rate_then) +
                      "' is neither refuse nor wait=MILLISECONDS"};
    value_or_fail(aiaudit::parse_budget_action(with.rate_then, wanted), "--rate-then");
    value_or_fail(validate(wanted));
    return wanted;
}

// An option that says nothing without another is a mistake, not to be passed over.
void check_together(options const& with, CLI::App const& command) {
    if (with.limit.amount.empty() != with.limit.window.empty())
        throw failure{"--limit and --window are given together, or neither"};
    for (char const* const name : {"--unit", "--tz", "--unbounded", "--reserve"}) {
        if (command.count(name) != 0 && with.limit.amount.empty())
            throw failure{std::string(name) + ": of what --limit?"};
    }
    if (command.count("--rate-then") != 0 && with.rate.empty())
        throw failure{"--rate-then: of what --requests-per-minute?"};
}

std::vector<aiaudit::budget> budgets_of(options const& with) {
    std::vector<aiaudit::budget> wanted;
    if (!with.limit.amount.empty()) wanted.push_back(limit_of(with));
    if (!with.rate.empty()) wanted.push_back(rate_of(with));
    return wanted;
}

void create(options const& with, CLI::App const& command) {
    check_together(with, command);
    value_or_fail(aiaudit::detail::check_key(with.wish));
    if (!with.expires.empty())
        static_cast<void>(expiry_of(with.expires, aiaudit::system_clock{}.now()));
    auto const budgets = budgets_of(with);  // before anything is made
    auto ledger = value_or_fail(aiaudit::ledger::open({.path = with.db, .create = true}), with.db);
    auto const file = aiaudit::key_file::of_ledger(with.db);
    // Before the budgets, which would replace those of the key that has this id.
    auto const before = value_or_fail(file.read());
    value_or_fail(aiaudit::detail::check_free(before.keys, before.former_ids, with.wish.id));
    value_or_fail(aiaudit::check_keys(ledger, {before.recorded, before.of_keys}));
    value_or_fail(aiaudit::check_key_id(ledger, before, with.wish.id));
    value_or_fail(aiaudit::check_team(before.keys, with.wish));
    auto wish = with.wish;
    wish.denied_models = denied_models_of(with);
    auto const now = ledger.time().now();
    if (!with.expires.empty()) wish.expires_at = expiry_of(with.expires, now);
    auto const issued = value_or_fail(aiaudit::issue_key(wish, now));
    // The limits first: there is no moment at which the key opens and has none.
    for (aiaudit::budget const& each : budgets) value_or_fail(ledger.set_budget(each), with.db);
    value_or_fail(aiaudit::add_key(ledger, file, issued.kept, with.by));
    // Alone on its line of standard output, so that a script can take it.
    std::cerr << "key '" << issued.kept.id
              << "' is made; this is its secret, which is kept nowhere and shown this once:\n";
    std::cout << issued.secret << '\n';
}

// The directory's keys. Where there is no directory, "no keys" would be a lie.
aiaudit::key_file file_of(options const& with) {
    if (!std::filesystem::is_directory(with.db))
        throw failure{with.db + ": there is no such directory"};
    return aiaudit::key_file::of_ledger(with.db);
}

std::vector<aiaudit::detail::report_cell> cells_of(aiaudit::gateway_key const& key, bool for_eye,
                                                   std::optional<aiaudit::timestamp> used = {}) {
    using aiaudit::detail::label_cell;
    using aiaudit::detail::text_cell;
    auto const shown = [for_eye](std::string const& text) {
        return for_eye ? aiaudit::detail::printable(text) : text;
    };
    auto const joined = [](std::vector<std::string> const& names) {
        std::string text;
        for (std::string const& each : names) text += (text.empty() ? "" : ",") + each;
        return text;
    };
    std::string const models = joined(key.models);
    auto const instant = [for_eye](std::string const& name,
                                   std::optional<aiaudit::timestamp> const& at) {
        auto const text = at ? std::optional(at->to_string()) : std::nullopt;
        std::string shown_name = name;
        std::replace(shown_name.begin(), shown_name.end(), '_', ' ');
        return for_eye ? label_cell(shown_name, text.value_or("")) : text_cell(name, text);
    };
    auto const grace = key.former ? std::optional(key.former->until) : std::nullopt;
    auto flag = aiaudit::detail::report_cell{"names_users", key.names_users ? "true" : "false",
                                             true, false, false};
    if (for_eye) flag = label_cell("names users", key.names_users ? "yes" : "");
    return {
        label_cell("key", key.id),
        label_cell("user", shown(key.user)),
        label_cell("project", shown(key.project)),
        label_cell("team", shown(key.team)),
        label_cell("organisation", shown(key.organisation)),
        label_cell("models", for_eye && models.empty() ? "all" : shown(models)),
        label_cell(for_eye ? "denied models" : "denied_models", shown(joined(key.denied_models))),
        flag,
        label_cell(for_eye ? "created at" : "created_at", key.created_at.to_string()),
        instant("revoked_at", key.revoked_at),
        instant("expires_at", key.expires_at),
        instant("former_secret_until", grace),
        instant("last_used", used),
        label_cell("note", shown(key.note))};
}

// Changes a key, on record.
void update(options const& with, std::string_view what,
            aiaudit::detail::function_ref<aiaudit::result<void>(aiaudit::gateway_key&)> edit) {
    auto const file = file_of(with);
    auto ledger = value_or_fail(aiaudit::ledger::open({.path = with.db, .create = false}), with.db);
    value_or_fail(aiaudit::update_key(ledger, file, with.wish.id, {what, with.by}, edit));
}

void list(options const& with) {
    auto const format = *aiaudit::text_format_named(with.format);
    bool const for_eye = format == aiaudit::text_format::table;
    std::vector<std::vector<aiaudit::detail::report_cell>> lines;
    auto const file = file_of(with);
    auto const uses = value_or_fail(aiaudit::read_key_uses(file.path()));
    for (aiaudit::gateway_key const& key : value_or_fail(file.list())) {
        auto const used = uses.find(key.id);
        lines.push_back(cells_of(key, for_eye,
                                 used == uses.end() ? std::nullopt : std::optional(used->second)));
    }
    auto const names = cells_of({}, for_eye);
    std::cout << (lines.empty() && for_eye ? std::string("no keys\n")
                  : for_eye                ? aiaudit::detail::aligned_text(names, lines)
                                           : aiaudit::detail::machine_text(names, lines, format));
}

void revoke(options const& with) {
    update(with, "revoked", [](aiaudit::gateway_key& key) {
        return aiaudit::revoke_key(key, aiaudit::system_clock{}.now());
    });
    std::cout << "revoked key '" << with.wish.id << "'\n";
}

// Another secret; the former one opens too for the time of grace.
void rotate(options const& with) {
    auto const grace = grace_of(with.grace);
    aiaudit::issued_key issued;
    update(with, "rotated", [&](aiaudit::gateway_key& key) -> aiaudit::result<void> {
        auto made = aiaudit::rotate_key(key, aiaudit::system_clock{}.now(), grace);
        if (!made) return made.error();
        issued = std::move(*made);
        key = issued.kept;
        return {};
    });
    std::cerr << "key '" << issued.kept.id << "' has another secret, which is shown this once; ";
    if (issued.kept.former)
        std::cerr << "the former one opens too until " << issued.kept.former->until.to_string();
    else
        std::cerr << "the former one opens no more";
    std::cerr << ":\n";
    std::cout << issued.secret << '\n';
}

// What is given is changed; the rest stays.
void change(options const& with, CLI::App const& command) {
    constexpr std::array<char const*, 8> names{"--expires", "--note",      "--user",
                                               "--project", "--team",      "--organisation",
                                               "--model",   "--deny-model"};
    auto const is_given = [&command](char const* name) { return command.count(name) != 0; };
    if (std::none_of(names.begin(), names.end(), is_given))
        throw failure{
            "nothing to change: give --expires, --note, --user, --project, --team, --organisation, "
            "--model or --deny-model"};
    std::optional<aiaudit::timestamp> end;
    if (is_given("--expires") && with.expires != "never")
        end = expiry_of(with.expires, aiaudit::system_clock{}.now());
    auto const others = value_or_fail(file_of(with).list());
    update(with, "changed", [&](aiaudit::gateway_key& key) -> aiaudit::result<void> {
        if (is_given("--expires")) key.expires_at = end;
        if (is_given("--note")) key.note = with.wish.note;
        if (is_given("--user")) key.user = with.wish.user;
        if (is_given("--project")) key.project = with.wish.project;
        if (is_given("--team")) key.team = with.wish.team;
        if (is_given("--organisation")) key.organisation = with.wish.organisation;
        if (is_given("--model")) key.models = with.wish.models;
        if (is_given("--deny-model")) key.denied_models = denied_models_of(with);
        return aiaudit::check_team(others, key);
    });
    std::cout << "changed key '" << with.wish.id << "'\n";
}

// The file as it is, edited or put back by somebody who knows why.
void accept(options const& with) {
    auto const file = file_of(with);
    auto ledger = value_or_fail(aiaudit::ledger::open({.path = with.db, .create = false}), with.db);
    value_or_fail(aiaudit::accept_keys(ledger, file, {"accepted", with.by}));
    std::cout << "accepted the file with " << value_or_fail(file.list()).size() << " keys\n";
}

void add_create(CLI::App& key, std::shared_ptr<options> const& with) {
    CLI::App* const command =
        key.add_subcommand("create", "Make a key; its secret is shown once, on standard output");
    command->add_option("--db", with->db, "The ledger's directory; made where it is missing")
        ->required();
    command->add_option("--id", with->wish.id, "1 to 64 of A-Z a-z 0-9 _ -; records name it")
        ->required();
    command->add_option("--user", with->wish.user, "Whose calls these are");
    command->add_option("--project", with->wish.project, "What they are for");
    command->add_option("--team", with->wish.team, "Whose team's they are");
    command->add_option("--organisation", with->wish.organisation, "Of which the team is a part");
    command->add_option("--model", with->wish.models,
                        "A model that it may use, or the beginning of one and a '*'; may be given "
                        "several times; default: all");
    command->add_option("--deny-model", with->wish.denied_models,
                        "A model that it may not use, under any of its names, or the beginning of "
                        "one and a '*'; may be given several times");
    command->add_flag("--names-users", with->wish.names_users,
                      "Its calls may say for which user they are, and give tags");
    command->add_option("--expires", with->expires,
                        "When it ends: 2026-12-31, an instant, or from now on such as 90d or 24h");
    command->add_option("--note", with->wish.note, "Words of your own, on one line");
    command->add_option("--limit", with->limit.amount,
                        "What it may use, such as 50.00: budget key-ID");
    command->add_option(
        "--window", with->limit.window,
        "Of the limit: day, week, month, quarter, year, total, or hours such as 24h; "
        "week@sunday, year@04-06 begin on that day");
    command->add_option("--unit", with->limit.unit,
                        "Of the limit: usd, tokens or requests; default: usd");
    command->add_option("--tz", with->limit.zone,
                        "Whose calendar these are of: an IANA name; default: UTC");
    command->add_option("--unbounded", with->limit.unbounded,
                        "Of the limit: what becomes of a call of which nobody knows the most: "
                        "refuse (default), or hold=AMOUNT");
    command->add_option("--reserve", with->limit.reserve,
                        "Of the limit: how much of a call is held before it begins: full "
                        "(default), or stepwise");
    command->add_option("--requests-per-minute", with->rate,
                        "How often it may ask: budget key-ID-rate");
    command->add_option("--rate-then", with->rate_then,
                        "When it asks more often: refuse (default) or wait=MILLISECONDS");
    command->callback([with, command] { create(*with, *command); });
}

void add_rotate(CLI::App& key, std::shared_ptr<options> const& with) {
    CLI::App* const command = key.add_subcommand(
        "rotate", "Give a key another secret, which is shown once, on standard output");
    command->add_option("--db", with->db, "The ledger's directory")->required();
    command->add_option("--id", with->wish.id, "Which")->required();
    command->add_option("--grace", with->grace,
                        "How long the former secret opens too, such as 24h; default: not at all");
    command->callback([with] { rotate(*with); });
}

void add_set(CLI::App& key, std::shared_ptr<options> const& with) {
    CLI::App* const command =
        key.add_subcommand("set", "Change a key; a gateway that runs knows within a second");
    command->add_option("--db", with->db, "The ledger's directory")->required();
    command->add_option("--id", with->wish.id, "Which")->required();
    command->add_option("--expires", with->expires,
                        "When it ends: 2026-12-31, an instant, from now on such as 90d, or never");
    command->add_option("--note", with->wish.note, "Words of your own, on one line");
    command->add_option("--user", with->wish.user, "Whose calls these are");
    command->add_option("--project", with->wish.project, "What they are for");
    command->add_option("--team", with->wish.team, "Whose team's they are");
    command->add_option("--organisation", with->wish.organisation, "Of which the team is a part");
    command->add_option("--model", with->wish.models,
                        "The models that it may use, in place of those before; '*': all");
    command->add_option("--deny-model", with->wish.denied_models,
                        "The models that it may not use, in place of those before; none: none");
    command->callback([with, command] { change(*with, *command); });
}

}  // namespace key_command

void add_key(CLI::App& program, int&) {
    using namespace key_command;
    auto with = std::make_shared<options>();
    CLI::App* const key =
        program.add_subcommand("key", "The keys that clients of the gateway have");
    key->require_subcommand(1);
    add_create(*key, with);
    add_rotate(*key, with);
    add_set(*key, with);
    CLI::App* const listing = key->add_subcommand("list", "The keys, without their secrets");
    listing->add_option("--db", with->db, "The ledger's directory")->required();
    listing->add_option("--format", with->format, "table, json, csv or jsonl")
        ->check(CLI::IsMember({"table", "json", "csv", "jsonl"}));
    listing->callback([with] { list(*with); });
    CLI::App* const ending =
        key->add_subcommand("revoke", "End a key; a gateway that runs knows within a second");
    ending->add_option("--db", with->db, "The ledger's directory")->required();
    ending->add_option("--id", with->wish.id, "Which")->required();
    ending->callback([with] { revoke(*with); });
    CLI::App* const accepting = key->add_subcommand(
        "accept", "Take the file of keys as it is, on record: after an edit by hand or a restore");
    accepting->add_option("--db", with->db, "The ledger's directory")->required();
    accepting->callback([with] { accept(*with); });
    for (CLI::App* const each : key->get_subcommands({})) {
        if (each != listing) each->add_option("--by", with->by, "Who does it; default: you");
    }
}

}  // namespace aiaudit_tool
