// SPDX-License-Identifier: MIT
//
// aiaudit alert: who is told by e-mail that a budget has come to some percents of its limit.

#include "alert_rules.hpp"

#include <aiaudit/alerts/mail.hpp>
#include <aiaudit/core/alert.hpp>
#include <aiaudit/engine/alert_book.hpp>
#include <aiaudit/export/budget_report.hpp>

#include <algorithm>
#include <iostream>
#include <memory>

namespace aiaudit_tool {
namespace alert_command {

struct options {
    std::string db{};
    std::string percents{};
    alert_rule wish{.smtp = "$AIAUDIT_SMTP"};
    std::string format = "table";
};

aiaudit::ledger open_ledger(options const& with) {
    return value_or_fail(aiaudit::ledger::open({.path = with.db, .create = false}), with.db);
}

bool has_all(std::vector<std::uint32_t> const& of, std::vector<std::uint32_t> const& wanted) {
    return std::includes(of.begin(), of.end(), wanted.begin(), wanted.end());
}

aiaudit::budget budget_named(aiaudit::ledger& log, std::string const& name) {
    for (aiaudit::budget& each : value_or_fail(log.budgets()))
        if (each.name == name) return std::move(each);
    throw failure{"--budget: there is no budget '" + aiaudit::detail::printable(name) +
                  "'; aiaudit budget list names them"};
}

// The budget raises an alert at its own percents alone.
void add_percents(aiaudit::ledger& log, aiaudit::budget of,
                  std::vector<std::uint32_t> const& wanted) {
    if (has_all(of.alert_percents, wanted)) return;
    std::vector<std::uint32_t> all;
    std::set_union(of.alert_percents.begin(), of.alert_percents.end(), wanted.begin(), wanted.end(),
                   std::back_inserter(all));
    of.alert_percents = std::move(all);
    auto const number = value_or_fail(log.set_budget(of), "--at");
    std::cout << "budget '" << of.name << "' alerts at "
              << aiaudit::detail::percents_text(of.alert_percents) << " % since record "
              << value_of(number) << '\n';
}

void set(options const& with) {
    constexpr std::size_t name_most = 58;
    alert_rule wish = with.wish;
    wish.at = value_or_fail(aiaudit::parse_alert_percents(with.percents), "--at");
    if (wish.at.empty()) throw failure{"--at: at which percents?"};
    if (wish.name.empty()) wish.name = wish.budget;
    if (!aiaudit::detail::is_budget_name(wish.name) || wish.name.size() > name_most)
        throw failure{"--name: a name is 1 to 58 of A-Z a-z 0-9 . _ -"};
    if (!can_send_mail())
        throw failure{"this program was built without libcurl, and sends no e-mail"};
    for (std::string const& each : wish.receivers)
        value_or_fail(aiaudit::detail::check_mail_address(each), "--email");
    if (!wish.from.empty()) value_or_fail(aiaudit::detail::check_mail_address(wish.from), "--from");
    bool const is_place =
        wish.smtp.size() > 1 && std::string("$@!").find(wish.smtp[0]) != std::string::npos;
    if (!is_place) throw failure{"--smtp: where the URL is: $VARIABLE, @FILE or !COMMAND"};
    auto ledger = open_ledger(with);
    auto const of = budget_named(ledger, wish.budget);
    if (of.window.period == aiaudit::budget_period::minute)
        throw failure{"--budget: a rate has no alerts"};
    bool const is_there = wish.smtp[0] != '$' || std::getenv(wish.smtp.c_str() + 1) != nullptr;
    wish.created_at = ledger.time().now();
    // Now, where it can be: a mistake is told here, not when it is too late.
    if (is_there) static_cast<void>(mail_sink(wish));
    add_percents(ledger, of, wish.at);
    change_alert_rules(with.db, [&wish](std::vector<alert_rule>& all) {
        std::erase_if(all, [&wish](alert_rule const& each) { return each.name == wish.name; });
        all.push_back(wish);
    });
    std::cout << "alert '" << wish.name << "' is set: budget '" << wish.budget << "' at "
              << aiaudit::detail::percents_text(wish.at) << " %\n";
    if (!is_there)
        std::cerr << "aiaudit: " << wish.smtp << " is not set here; `aiaudit serve` needs it: "
                  << "smtp://USER:PASSWORD@HOST\n";
}

alert_rule rule_named(options const& with) {
    for (alert_rule& each : read_alert_rules(with.db))
        if (each.name == with.wish.name) return std::move(each);
    throw failure{"--name: there is no alert '" + aiaudit::detail::printable(with.wish.name) +
                  "'; aiaudit alert list names them"};
}

// How a rule stands: what keeps it from being sent, or nothing.
std::string trouble_of(alert_rule const& of, std::vector<aiaudit::budget> const& budgets,
                       std::vector<aiaudit::alert_failure> const& failures) {
    auto const there = std::find_if(budgets.begin(), budgets.end(),
                                    [&of](auto const& each) { return each.name == of.budget; });
    if (there == budgets.end()) return "there is no such budget";
    if (!has_all(there->alert_percents, of.at)) return "the budget has no alert at these percents";
    for (auto const& each : failures)
        if (each.sink == sink_name(of)) return each.last.error + ": " + each.last.why;
    return {};
}

void list(options const& with) {
    using namespace aiaudit::detail;
    auto const format = *aiaudit::text_format_named(with.format);
    bool const for_eye = format == aiaudit::text_format::table;
    auto ledger = open_ledger(with);
    auto const rules = read_alert_rules(with.db);
    auto const budgets = value_or_fail(ledger.budgets(), with.db);
    auto const now = ledger.time().now();
    auto const failures = value_or_fail(
        ledger.alerts([now](alert_book const& book) { return book.failures(now); }), with.db);
    auto const cells_of = [&](alert_rule const& of) -> std::vector<report_cell> {
        auto const last = value_or_fail(ledger.alerts([&](alert_book const& book) {
            return book.last_delivered(sink_name(of));
        }),
                                        with.db);
        std::string receivers;
        for (auto const& each : of.receivers) receivers += (receivers.empty() ? "" : ",") + each;
        auto const sent = last ? std::optional(last->to_string()) : std::nullopt;
        return {label_cell("alert", of.name),
                label_cell("budget", of.budget),
                label_cell("at", percents_text(of.at)),
                label_cell("email", printable(receivers)),
                label_cell("smtp", printable(of.smtp)),
                for_eye ? label_cell("last sent", sent.value_or("")) : text_cell("last_sent", sent),
                label_cell("trouble", printable(trouble_of(of, budgets, failures)))};
    };
    std::vector<std::vector<report_cell>> lines;
    for (alert_rule const& each : rules) lines.push_back(cells_of(each));
    auto const names = cells_of({});
    std::cout << (lines.empty() && for_eye ? std::string("no alerts\n")
                  : for_eye                ? aligned_text(names, lines)
                                           : machine_text(names, lines, format));
}

void test(options const& with) {
    auto const rule = rule_named(with);
    auto const now = aiaudit::system_clock{}.now();
    aiaudit::alert of;
    of.kind = aiaudit::alert_kind::custom;
    of.at = now;
    of.text = "a test: alerts of budget '" + rule.budget + "' at " +
              aiaudit::detail::percents_text(rule.at) + " % arrive here";
    of.key = aiaudit::make_alert_key(of.kind, {"test", rule.name, now.to_string()});
    of.facts = {{"alert", rule.name}, {"budget", rule.budget}};
    value_or_fail(mail_sink(rule).deliver(of), "alert '" + rule.name + "'");
    std::cout << "sent to";
    for (auto const& each : rule.receivers) std::cout << ' ' << each;
    std::cout << '\n';
}

void remove(options const& with) {
    static_cast<void>(rule_named(with));
    change_alert_rules(with.db, [&with](std::vector<alert_rule>& all) {
        std::erase_if(all, [&with](alert_rule const& each) { return each.name == with.wish.name; });
    });
    std::cout << "removed alert '" << with.wish.name << "'\n";
}

CLI::App* add_command(CLI::App& alert, std::shared_ptr<options> const& with,
                      std::string const& name, std::string const& what,
                      void (*run)(options const&)) {
    CLI::App* const command = alert.add_subcommand(name, what);
    command->add_option("--db", with->db, "The ledger's directory")->required();
    command->callback([with, run] { run(*with); });
    return command;
}

}  // namespace alert_command

void add_alert(CLI::App& program, int&) {
    using namespace alert_command;
    auto with = std::make_shared<options>();
    CLI::App* const alert =
        program.add_subcommand("alert", "E-mails about budgets, which `aiaudit serve` sends");
    alert->require_subcommand(1);
    CLI::App* const setting =
        add_command(*alert, with, "set", "Set an alert, new or in place of one", set);
    setting->add_option("--budget", with->wish.budget, "Of which budget")->required();
    setting->add_option("--at", with->percents, "At which percents of its limit, such as 80,100")
        ->required();
    setting->add_option("--email", with->wish.receivers, "To whom; may be given several times")
        ->required();
    setting->add_option("--name", with->wish.name, "Of the alert; default: the budget's");
    setting->add_option("--smtp", with->wish.smtp,
                        "$VARIABLE, @FILE or !COMMAND with smtp://USER:PASSWORD@HOST (STARTTLS) or "
                        "smtps://...; default: $AIAUDIT_SMTP");
    setting->add_option("--from", with->wish.from, "The sender; default: who logs in");
    add_command(*alert, with, "list", "The alerts, and when each was last sent", list)
        ->add_option("--format", with->format, "table, json, csv or jsonl")
        ->check(CLI::IsMember({"table", "json", "csv", "jsonl"}));
    for (auto const& [name, what, run] :
         {std::tuple("test", "Send an e-mail now, to see that it arrives", &test),
          std::tuple("remove", "Remove an alert", &remove)})
        add_command(*alert, with, name, what, run)
            ->add_option("--name", with->wish.name, "Which")
            ->required();
}

}  // namespace aiaudit_tool
