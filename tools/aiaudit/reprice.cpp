// SPDX-License-Identifier: MIT
//
// aiaudit reprice: what the records of some days cost by another price book, and corrections.

#include <aiaudit/export/cell_text.hpp>
#include <aiaudit/reprice.hpp>
#include "ledger_prices.hpp"

#include <cstdlib>
#include <iostream>
#include <memory>
#include <vector>

namespace aiaudit_tool {
namespace reprice_command {

struct options {
    std::string db{};
    std::string prices{};
    std::string from{};
    std::string to{};
    std::string by{};
    std::string why{};
    std::string format = "table";
    bool apply = false;
};

using aiaudit::money;
using cells = std::vector<aiaudit::detail::report_cell>;

cells line_of(aiaudit::repriced_group const& group, aiaudit::repriced_sums const& sums) {
    auto const label = [](std::string name, std::string text) {
        return aiaudit::detail::report_cell{std::move(name), std::move(text), false, true};
    };
    auto const amount = [](std::string name, money of) {
        return aiaudit::detail::report_cell{std::move(name), of.to_string(), false, false};
    };
    return {label("date", group.day.to_string()),
            label("provider", group.provider),
            label("model", group.model),
            {"records", std::to_string(sums.records), true, false},
            amount("reported_usd", sums.reported),
            amount("repriced_usd", sums.repriced),
            amount("difference_usd", sums.repriced - sums.reported)};
}

std::string table_of(aiaudit::repricing const& made) {
    std::vector<cells> lines;
    aiaudit::repriced_sums all;
    for (auto const& [group, sums] : made.groups) {
        lines.push_back(line_of(group, sums));
        all.records += sums.records;
        all.reported += sums.reported;
        all.repriced += sums.repriced;
    }
    lines.push_back(line_of({}, all));
    lines.back()[0].text = "total";
    lines.back()[1].text = lines.back()[2].text = "";
    return aiaudit::detail::aligned_text(lines.back(), lines, {});
}

// What was left as it is, and why: one line each.
void tell_left_alone(aiaudit::repricing const& made) {
    constexpr std::array<std::string_view, aiaudit::left_alone_count> words{
        "the provider's own charge, or a cost from elsewhere", "no charge",
        "a bound: nobody reported the usage", "the usage is not known", "the book has no price"};
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (made.left[i] != 0)
            std::cerr << "left as they are: " << made.left[i] << " records: " << words[i] << '\n';
    }
    for (auto const& [model, count] : made.unknown)
        std::cerr << "  " << aiaudit::detail::printable(model) << ": " << count << " records\n";
}

aiaudit::reprice_options options_of(options const& with) {
    aiaudit::reprice_options made;
    made.days.first = value_or_fail(aiaudit::civil_day::parse(with.from), "--from");
    made.days.last = value_or_fail(aiaudit::civil_day::parse(with.to), "--to");
    made.apply = with.apply;
    made.by = with.by.empty() ? login_name() : with.by;
    made.why = with.why.empty() ? "prices of " + (with.prices.empty() ? "the ledger" : with.prices)
                                : with.why;
    if (with.apply && made.by.empty()) throw failure{"reprice --apply needs --by NAME"};
    return made;
}

void run(options const& with) {
    auto const wanted = options_of(with);
    auto const book = with.prices.empty() ? current_prices(with.db) : read_prices(with.prices);
    auto ledger = value_or_fail(
        aiaudit::ledger::open({.path = with.db, .create = false, .read_only = !with.apply}),
        with.db);
    auto const made = value_or_fail(aiaudit::reprice(ledger, book, wanted), with.db);
    if (with.format == "table") {
        std::cout << table_of(made);
    } else {
        std::vector<cells> lines;
        for (auto const& [group, sums] : made.groups) lines.push_back(line_of(group, sums));
        std::cout << aiaudit::detail::machine_text(line_of({}, {}), lines,
                                                   *aiaudit::text_format_named(with.format));
    }
    tell_left_alone(made);
    if (with.apply && made.corrections != 0)
        std::cerr << "appended " << made.corrections << " corrections, records "
                  << value_of(made.first) << " to " << value_of(made.first) + made.corrections - 1
                  << '\n';
    else if (made.corrections != 0)
        std::cerr << made.corrections << " corrections would say so: --apply appends them\n";
    else
        std::cerr << "nothing is to be corrected\n";
}

}  // namespace reprice_command

void add_reprice(CLI::App& program, int&) {
    using namespace reprice_command;
    auto with = std::make_shared<options>();
    CLI::App* const command = program.add_subcommand(
        "reprice", "What records cost by another price file, and corrections of them");
    command->add_option("--db", with->db, "The ledger's directory")->required();
    command->add_option(
        "--prices", with->prices,
        "The price file; default: the one in use (prices update), or the built-in one");
    command->add_option("--from", with->from, "The first day of UTC, such as 2026-03-01")
        ->required();
    command->add_option("--to", with->to, "The last day of UTC")->required();
    command->add_flag("--apply", with->apply, "Append the corrections: all of them, or none");
    command->add_option("--by", with->by, "Who corrects; default: the login name");
    command->add_option("--why", with->why, "The reason; default: the price file's name");
    command->add_option("--format", with->format, "table, json, csv or jsonl")
        ->check(CLI::IsMember({"table", "json", "csv", "jsonl"}));
    command->callback([with] { run(*with); });
}

}  // namespace aiaudit_tool
