// SPDX-License-Identifier: MIT
//
// commands.hpp: the program's commands, and what they share. Each fills its own options from the
// command line and returns the exit status.
#ifndef AIAUDIT_TOOLS_COMMANDS_HPP
#define AIAUDIT_TOOLS_COMMANDS_HPP

#include <aiaudit/export/budget_report.hpp>
#include <aiaudit/export/record_text.hpp>
#include <aiaudit/export/report_text.hpp>
#include <aiaudit/gateway/gateway_options.hpp>
#include <aiaudit/import.hpp>
#include <aiaudit/integrity/proof_file.hpp>
#include <aiaudit/ledger.hpp>
#include <aiaudit/pricing/builtin.hpp>
#include <aiaudit/pricing/load.hpp>
#include <aiaudit/pricing/price_overlay.hpp>
#include <aiaudit/retain.hpp>
#include <aiaudit/timezone/tzdb.hpp>
#include <aiaudit/verify.hpp>
#include <aiaudit/version.hpp>

#include <CLI/CLI.hpp>

#include <charconv>
#include <csignal>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit_tool {

inline constexpr int exit_done = 0;
inline constexpr int exit_finding = 1;
inline constexpr int exit_bad_input = 2;

// What ends a command: main() prints it as one line on stderr.
struct failure {
    std::string message;
    int status = exit_bad_input;
};

// The value, or a failure that says `what` it was about.
template <class T>
T value_or_fail(aiaudit::result<T> from, std::string const& what = {}) {
    if (from) {
        if constexpr (std::is_void_v<T>)
            return;
        else
            return std::move(*from);
    }
    aiaudit::error const reason = from.error();
    std::string const& text =
        reason.where.empty() ? std::string(name_of(reason.code)) : reason.where;
    throw failure{what.empty() ? text : what + ": " + text};
}

// What the ledger found wrong, and went on without, as lines on stderr.
void print_notices(aiaudit::ledger const& of);
inline aiaudit::ledger value_or_fail(aiaudit::result<aiaudit::ledger> from,
                                     std::string const& what) {
    auto opened = value_or_fail<aiaudit::ledger>(std::move(from), what);
    print_notices(opened);
    return opened;
}

// The whole file, or standard input for "-" or "".
std::string read_input(std::string const& path);
// Calls visit(line number, text) for each line that is not blank.
template <class Visitor>
void for_each_line(std::string_view text, Visitor&& visit) {
    for (std::size_t number = 1; !text.empty(); ++number) {
        std::string_view const line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (line.find_first_not_of(" \t\r") != std::string_view::npos) visit(number, line);
    }
}
// The price book of a file, or the one built in for "", with the overlay of another file over it.
aiaudit::price_book read_prices(std::string const& path, std::string const& overlay = {});

// Of who runs this, as the environment says; may be empty.
std::string login_name();

// "$VARIABLE", "@FILE" or "!COMMAND": a secret itself would be seen by whoever lists processes.
// Failures name the option, and never show it.
std::string secret_at(std::string const& place, std::string const& option);
// Takes the values of such variables, and of those named here, out of the environment, where the
// process's own user can read them; secret_at() finds its own on.
void clear_secret_variables(std::vector<std::string> const& others);
// Blocks these signals in this thread, and in those that it makes from now on, so that they come
// to who waits for them: sigwait(), sigtimedwait().
sigset_t block_signals(std::initializer_list<int> numbers);
// No crash writes memory with secrets to a disk, and no other program of the same user reads it.
void forbid_core_dumps();

// Writes a file whole, beside it first, or standard output for "-" or "".
void write_output(std::string const& path, std::string const& text);
// The key itself, or the file that holds it.
aiaudit::note_verification_key read_verification_key(std::string const& text_or_path);
aiaudit::note_signing_key read_signing_key(std::string const& path);
// A new file that only its owner can read. An old one is never overwritten: it may be a key.
void write_secret(std::string const& path, std::string const& text);
// "127.0.0.1:8080", "[::1]:8080".
aiaudit::listen_address address_of(std::string const& text, std::string const& option);

// Whoever runs the program, as the environment has it; empty where it does not say.
std::string login_name();
// An option's instant, or now where it was not given.
aiaudit::timestamp instant_or_now(std::string const& text, std::string const& option);

// "180d": what stands for how much.
struct amount_unit {
    std::string_view name;
    std::uint64_t factor;
};

// "180d": a whole number and a unit of the table, multiplied.
template <std::size_t N>
std::uint64_t parse_amount(std::string const& text, amount_unit const (&units)[N],
                           std::string const& option) {
    std::uint64_t number = 0;
    auto const [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
    std::string_view const unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    for (amount_unit const& known : units) {
        constexpr std::uint64_t most = std::uint64_t{1} << 62;
        if (wrong == std::errc{} && unit == known.name && number <= most / known.factor)
            return number * known.factor;
    }
    std::string names;
    for (amount_unit const& known : units)
        names += (names.empty() ? "" : ", ") + std::string(known.name);
    throw failure{option + ": '" + text + "' is no whole number with a unit of " + names};
}

// How much of what a budget allows, and in which window.
struct limit_options {
    std::string amount{};
    std::string unit = "usd";
    std::string window{};
    std::string anchor{};
    std::string zone{};
    std::string unbounded = "refuse";
    std::string reserve = "full";
};

// After the budget's action, which it is kept with.
inline void set_unbounded(aiaudit::budget& of, limit_options const& with) {
    if (with.unbounded == "refuse") return;
    if (!with.unbounded.starts_with("hold="))
        throw failure{"--unbounded: '" + aiaudit::detail::printable(with.unbounded) +
                      "' is neither refuse nor hold=AMOUNT"};
    value_or_fail(aiaudit::parse_budget_action(action_text(of) + ";" + with.unbounded, of),
                  "--unbounded");
}

inline void set_reserve(aiaudit::budget& of, limit_options const& with) {
    of.reserve = value_or_fail(aiaudit::parse_budget_reserve(with.reserve), "--reserve");
}

// Failures name --limit, --unit, --window and --tz, as the commands that have them do.
inline void set_limit(aiaudit::budget& of, limit_options const& with) {
    of.unit = value_or_fail(aiaudit::parse_budget_unit(with.unit), "--unit");
    of.limit = value_or_fail(aiaudit::parse_budget_limit(with.amount, of.unit), "--limit");
    aiaudit::time_zone zone;
    if (!with.zone.empty()) zone = value_or_fail(aiaudit::find_time_zone(with.zone), "--tz");
    std::string const window = with.anchor.empty() ? with.window : with.window + "@" + with.anchor;
    of.window = value_or_fail(aiaudit::parse_budget_window(window, std::move(zone)), "--window");
    if (!with.zone.empty() && !aiaudit::detail::is_calendar(of.window.period))
        throw failure{
            "--tz: only the windows day, week, month, quarter and year are of a calendar"};
}

void add_demo(CLI::App& program, int& status);
void add_cost(CLI::App& program, int& status);
void add_prices(CLI::App& program, int& status);
void add_import(CLI::App& program, int& status);
void add_report(CLI::App& program, int& status);
void add_tail(CLI::App& program, int& status);
void add_verify(CLI::App& program, int& status);
void add_checkpoint(CLI::App& program, int& status);
void add_prove(CLI::App& program, int& status);
void add_reprice(CLI::App& program, int& status);
void add_retain(CLI::App& program, int& status);
void add_budget(CLI::App& program, int& status);
void add_serve(CLI::App& program, int& status);
void add_collect(CLI::App& program, int& status);
void add_ship(CLI::App& program, int& status);
void add_key(CLI::App& program, int& status);
void add_alert(CLI::App& program, int& status);
void add_audit(CLI::App& program, int& status);
// Below the group of commands "prices".
void add_prices_quote(CLI::App& prices);
void add_prices_update(CLI::App& prices);
// Below the group of commands "budget".
void add_budget_reconcile(CLI::App& budget);

}  // namespace aiaudit_tool

#endif  // AIAUDIT_TOOLS_COMMANDS_HPP
