// SPDX-License-Identifier: MIT
//
// aiaudit budget reconcile: settles attempts of which nobody knows how they ended, and says what
// calls cost whose charge became known late.

#include <aiaudit/late_costs.hpp>
#include <aiaudit/pricing/decimal_json.hpp>
#include "commands.hpp"

#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aiaudit_tool {
namespace reconcile_command {

struct options {
    std::string db{};
    std::string older_than{};
    std::string operation{};
    std::string response{};
    std::string cost{};
    std::string from{};
    std::string by{};
    std::string why{};
    bool bounds_alone = false;
};

constexpr std::size_t file_bytes_most = std::size_t{64} << 20;

aiaudit::ledger open_ledger(options const& with) {
    return value_or_fail(aiaudit::ledger::open({.path = with.db, .create = false}), with.db);
}

void settle(options const& with) {
    constexpr amount_unit units[] = {{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86'400}};
    std::string const age = with.older_than.empty() ? "1h" : with.older_than;
    auto const seconds = static_cast<std::int64_t>(parse_amount(age, units, "--older-than"));
    auto ledger = open_ledger(with);
    std::int64_t const now = ledger.time().now().seconds();
    auto const settled = value_or_fail(
        ledger.reconcile(aiaudit::timestamp::from_seconds(seconds < now ? now - seconds : 0)),
        with.db);
    auto const open = value_or_fail(ledger.open_reservations(), with.db).size();
    std::cout << "settled " << settled << " attempts at what was held for them; " << open
              << " are open\n";
}

// "UUID" or "UUID:ATTEMPT".
void set_operation(aiaudit::late_cost& to, std::string_view text, std::string const& place) {
    std::size_t const colon = text.find(':');
    auto const bad = [&](std::string const& what) {
        return failure{place + ": '" + aiaudit::detail::printable(text) + "' " + what};
    };
    auto const id = aiaudit::operation_id::parse(text.substr(0, colon));
    if (!id || id->is_zero()) throw bad("is no operation id: give a UUID, or UUID:ATTEMPT");
    to.operation_id = *id;
    if (colon == std::string_view::npos) return;
    std::string_view const number = text.substr(colon + 1);
    auto const [end, wrong] =
        std::from_chars(number.data(), number.data() + number.size(), to.attempt);
    if (wrong != std::errc{} || end != number.data() + number.size() || to.attempt == 0)
        throw bad("has no attempt after the ':': give a whole number from 1");
}

aiaudit::late_cost cost_of(std::string_view operation, std::string_view response,
                           std::string_view cost, std::string const& place) {
    aiaudit::late_cost made;
    made.place = place;
    if (operation.empty() == response.empty())
        throw failure{place + ": give an operation or a response, and not both"};
    if (cost.empty()) throw failure{place + ": no cost: give USD, such as 0.0123"};
    if (!operation.empty()) set_operation(made, operation, place);
    made.response = response;
    made.cost = value_or_fail(aiaudit::money::parse(cost),
                              place + ": the cost '" + aiaudit::detail::printable(cost) + "'");
    return made;
}

// A line of JSON: {"operation" or "response": ID, "cost": USD}.
aiaudit::late_cost cost_of_json(std::string_view line, std::string const& place) {
    using aiaudit::detail::decimal_json;
    auto const read = aiaudit::detail::parse_decimal_json(line);
    if (!read) throw failure{place + ": no JSON of one line"};
    if (!read->is(decimal_json::kind::object)) throw failure{place + ": no JSON object"};
    auto const text_of = [&](std::string_view key, bool may_be_number) -> std::string_view {
        if (std::count(read->keys.begin(), read->keys.end(), key) > 1)
            throw failure{place + ": \"" + std::string(key) + "\" twice"};
        decimal_json const* const found = read->find(key);
        if (found == nullptr) return {};
        bool const fits = found->is(decimal_json::kind::string) ||
                          (may_be_number && found->is(decimal_json::kind::number));
        if (!fits) throw failure{place + ": \"" + std::string(key) + "\" is of another type"};
        return found->text;
    };
    return cost_of(text_of("operation", false), text_of("response", false), text_of("cost", true),
                   place);
}

// A table with a line of names: operation or response, and cost. Other columns do not matter.
class cost_table {
public:
    cost_table(std::string_view header, std::string const& place) {
        value_or_fail(aiaudit::split_csv_line(header, cells_), place);
        width_ = cells_.size();
        operation_ = column_of("operation", place);
        response_ = column_of("response", place);
        cost_ = column_of("cost", place);
        if (cost_ == none || (operation_ == none && response_ == none))
            throw failure{place +
                          ": no JSON, and no names of columns: operation or response, and cost"};
    }
    aiaudit::late_cost read(std::string_view line, std::string const& place) {
        value_or_fail(aiaudit::split_csv_line(line, cells_), place);
        if (cells_.size() != width_)
            throw failure{place + ": " + std::to_string(cells_.size()) +
                          " cells, where the names are " + std::to_string(width_)};
        auto const cell = [this](std::size_t at) {
            return at == none ? std::string_view{} : std::string_view(cells_[at]);
        };
        return cost_of(cell(operation_), cell(response_), cell(cost_), place);
    }

private:
    static constexpr std::size_t none = ~std::size_t{0};

    std::size_t column_of(std::string_view name, std::string const& place) const {
        auto const at = std::find(cells_.begin(), cells_.end(), name);
        if (at == cells_.end()) return none;
        if (std::find(at + 1, cells_.end(), name) != cells_.end())
            throw failure{place + ": the column " + std::string(name) + " twice"};
        return static_cast<std::size_t>(at - cells_.begin());
    }

    std::vector<std::string> cells_{};
    std::size_t width_ = 0;
    std::size_t operation_ = none;
    std::size_t response_ = none;
    std::size_t cost_ = none;
};

std::vector<aiaudit::late_cost> costs_of_file(std::string const& path) {
    std::string const text = read_input(path);
    if (text.size() > file_bytes_most)
        throw failure{path + ": more than 64 MiB: give fewer costs at a time"};
    bool const is_json = text.find_first_not_of(" \t\r\n") != std::string::npos &&
                         text[text.find_first_not_of(" \t\r\n")] == '{';
    std::unique_ptr<cost_table> table;
    std::vector<aiaudit::late_cost> costs;
    for_each_line(text, [&](std::size_t number, std::string_view line) {
        std::string const place = path + ":" + std::to_string(number);
        if (is_json)
            costs.push_back(cost_of_json(line, place));
        else if (table)
            costs.push_back(table->read(line, place));
        else
            table = std::make_unique<cost_table>(line, place);
        if (costs.size() > aiaudit::late_costs_max)
            throw failure{place + ": more than " + std::to_string(aiaudit::late_costs_max) +
                          " costs: give fewer at a time"};
    });
    if (costs.empty()) throw failure{path + ": no costs"};
    return costs;
}

void correct(options const& with) {
    std::vector<aiaudit::late_cost> costs;
    if (with.from.empty())
        costs.push_back(cost_of(with.operation, with.response, with.cost,
                                with.operation.empty() ? "--response" : "--operation"));
    else
        costs = costs_of_file(with.from);
    aiaudit::late_cost_options wanted;
    wanted.by = with.by.empty() ? login_name() : with.by;
    wanted.why = with.why.empty() ? "the provider's charge" : with.why;
    wanted.bounds_alone = with.bounds_alone;
    if (wanted.by.empty()) throw failure{"budget reconcile needs --by NAME"};
    auto ledger = open_ledger(with);
    auto const done = value_or_fail(aiaudit::correct_costs(ledger, costs, wanted));
    if (done.left != 0)
        std::cerr << "left: " << done.left
                  << " costs of calls that are not in the log or no bound\n";
    if (done.corrections == 0) {
        std::cout << "nothing is to be corrected\n";
        return;
    }
    std::cout << "corrected " << done.corrections << " calls by " << done.change.to_string()
              << " USD, records " << value_of(done.first) << " to "
              << value_of(done.first) + done.corrections - 1;
    if (done.unchanged != 0) std::cout << "; " << done.unchanged << " were said before";
    std::cout << '\n';
    for (std::string const& place : done.below)
        std::cerr << place << ": less than what was taken for the least; the charge counts\n";
}

void run(options const& with) {
    bool const one = !with.operation.empty() || !with.response.empty();
    if (!one && with.from.empty()) {
        for (std::string const* const each : {&with.cost, &with.by, &with.why}) {
            if (!each->empty())
                throw failure{
                    "budget reconcile: --cost, --by and --why need --operation, "
                    "--response or --from"};
        }
        return settle(with);
    }
    if (with.from.empty() && with.bounds_alone)
        throw failure{"budget reconcile: --bounds-alone is of a file"};
    if (one && !with.from.empty())
        throw failure{"budget reconcile: give one call, or a file of them"};
    if (!with.from.empty() && !with.cost.empty())
        throw failure{"budget reconcile: the costs are in the file; no --cost"};
    if (!with.older_than.empty())
        throw failure{"budget reconcile: --older-than is of attempts that are open, and no call's"};
    correct(with);
}

}  // namespace reconcile_command

void add_budget_reconcile(CLI::App& budget) {
    using namespace reconcile_command;
    auto with = std::make_shared<options>();
    CLI::App* const command = budget.add_subcommand(
        "reconcile",
        "Settle attempts that must have ended, at what is held for them; or say what a call cost "
        "whose record has but a bound");
    command->add_option("--db", with->db, "The ledger's directory")->required();
    command->add_option("--older-than", with->older_than,
                        "How long their deadline must be past; default: 1h (units s, m, h, d)");
    command->add_option("--operation", with->operation,
                        "The call, ID or ID:ATTEMPT (header x-aiaudit-operation)");
    command->add_option("--response", with->response,
                        "The call, by the provider's id of its answer");
    command->add_option("--cost", with->cost, "What the provider charges for it, in USD");
    command->add_option("--from", with->from,
                        "Many of them: CSV with the columns operation or response, and cost; or "
                        "JSON lines with these members; - is standard input");
    command->add_flag("--bounds-alone", with->bounds_alone,
                      "With --from: leave lines of calls that are not in the log, or whose cost is "
                      "no bound; default: they are errors, and nothing is taken");
    command->add_option("--by", with->by, "Who says so; default: the login name");
    command->add_option("--why", with->why, "From where; default: the provider's charge");
    command->callback([with] { run(*with); });
}

}  // namespace aiaudit_tool
