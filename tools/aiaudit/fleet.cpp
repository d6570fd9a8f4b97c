// SPDX-License-Identifier: MIT
//
// Budgets of a fleet: its store, who has which ceiling, and nodes that are given up.

#include "fleet.hpp"

#include <aiaudit/budget/gate.hpp>
#include <aiaudit/export/budget_report.hpp>  // cells
#include <aiaudit/impl/fleet.hpp>
#ifdef AIAUDIT_TOOL_POSTGRES
#include <aiaudit/fleet/postgres_ceilings.hpp>
#include <aiaudit/impl/postgres.hpp>
#endif

#include <iostream>
#include <map>
#include <utility>

namespace aiaudit_tool {
namespace fleet_command {

// Whether a URL shows a password to whoever lists processes.
bool has_password(std::string_view url) {
    auto const begin = url.find("://");
    if (begin == std::string_view::npos) return false;
    std::string_view const rest = url.substr(begin + 3);
    std::string_view const host = rest.substr(0, rest.find_first_of("/?"));
    auto const at = host.rfind('@');
    bool const in_front =
        at != std::string_view::npos && host.substr(0, at).find(':') != std::string_view::npos;
    return in_front || rest.find("password=") != std::string_view::npos;
}

std::string url_at(std::string const& place, std::string const& option) {
    if (place.find("://") == std::string::npos) return secret_at(place, option);
    if (has_password(place))
        throw failure{option +
                      ": whoever lists processes would see the password: give the URL as "
                      "$VARIABLE, @FILE or !COMMAND"};
    return place;
}

// What it says of each window of a fleet's budget.
std::vector<aiaudit::fleet_state> states_of(aiaudit::ledger& ledger, std::string const& db) {
    auto const now = ledger.time().now();
    return value_or_fail(ledger.look_at_gate([now](aiaudit::budget_gate& gate) {
        return gate.take_fleet_states(now);
    }),
                         db);
}

// Its ceilings end at what it has used, on its record: what comes to life again goes no further.
std::vector<aiaudit::stored_ceiling> close_node(aiaudit::ledger& ledger,
                                                node_pardon const& wanted) {
    auto const node = value_or_fail(
        ledger.look_at_gate([](aiaudit::budget_gate& gate) { return gate.node(); }), wanted.db);
    if (node.name != wanted.node)
        throw failure{wanted.db + " is the ledger of " +
                      (node.incarnation == 0 ? "no node" : "node '" + node.name + "'") +
                      ", not of '" + wanted.node + "'"};
    std::vector<aiaudit::stored_ceiling> all;
    for (aiaudit::fleet_state const& of : states_of(ledger, wanted.db)) {
        for (aiaudit::fleet_window_state const& window : of.windows) {
            aiaudit::int128 const used = window.spent + window.reserved;
            all.push_back({of.budget.name,
                           window.number,
                           window.begins,
                           window.ends,
                           wanted.node,
                           used,
                           window.spent,
                           {},
                           true});
            if (wanted.dry_run || used >= window.ceiling) continue;
            auto const entry = value_or_fail(to_record(
                aiaudit::budget_ceiling{of.budget.name, of.budget.unit, used,
                                        std::min(window.beyond, used), window.number, 0,
                                        "written off by " + wanted.by + ": " + wanted.why},
                ledger.time().now()));
            if (!value_or_fail(ledger.append_once(entry), wanted.db))
                throw failure{wanted.db + ": calls are being made there: stop its gateway first"};
        }
    }
    return all;
}

}  // namespace fleet_command

std::unique_ptr<aiaudit::ceiling_store> fleet_store_at(std::string const& place,
                                                       std::string const& option) {
    std::string const url = fleet_command::url_at(place, option);
#ifdef AIAUDIT_TOOL_POSTGRES
    return value_or_fail(
        aiaudit::postgres_ceilings::make({.url = url, .application = "aiaudit fleet"}), option);
#else
    throw failure{option +
                  ": this program was built without libpq, so it reaches no fleet's "
                  "store; install libpq-dev and build it again"};
#endif
}

void set_fleet_rule(aiaudit::budget& of, std::string const& rule) {
    aiaudit::budget read = of;
    value_or_fail(parse_budget_action("refuse;fleet=" + rule, read), "--fleet-rule");
    of.fleet = read.fleet;
    of.fleet_safe = read.fleet_safe;
}

std::string ceilings_text(std::vector<aiaudit::stored_ceiling> const& all,
                          std::vector<aiaudit::stored_budget> const& budgets,
                          aiaudit::text_format format) {
    using namespace aiaudit::detail;
    std::map<std::string, aiaudit::budget_unit> units;
    for (aiaudit::stored_budget const& each : budgets) units[each.budget.name] = each.budget.unit;
    auto const cells = [&units](aiaudit::stored_ceiling const& of) {
        aiaudit::budget_unit const unit = units[of.budget];
        bool const total = of.begins.ns < 0;
        return std::vector<report_cell>{
            label_cell("budget", of.budget),
            label_cell("window_begins", total ? "total" : of.begins.to_string()),
            label_cell("node", of.node),
            label_cell("unit", std::string(name_of(unit))),
            text_cell("ceiling", amount_text(of.ceiling, unit)),
            text_cell("spent", amount_text(of.used, unit)),
            label_cell("last_seen", of.seen.to_string()),
            label_cell("state", of.written_off ? "written off" : "ok"),
        };
    };
    std::vector<std::vector<report_cell>> lines;
    for (aiaudit::stored_ceiling const& each : all) lines.push_back(cells(each));
    auto const names = cells({});
    return format == aiaudit::text_format::table ? aligned_text(names, lines, {})
                                                 : machine_text(names, lines, format);
}

void write_off_node(std::string const& place, node_pardon const& wanted) {
    if (!wanted.dry_run && wanted.by.empty()) throw failure{"budget write-off needs --by NAME"};
    if (!wanted.dry_run && wanted.why.empty()) throw failure{"budget write-off needs --why TEXT"};
    auto const store = fleet_store_at(place, "--fleet");
    auto const all = value_or_fail(store->ceilings(), "--fleet");
    std::vector<aiaudit::stored_ceiling> mine;
    for (aiaudit::stored_ceiling const& each : all)
        if (each.node == wanted.node) mine.push_back(each);
    aiaudit::node_write_off off{wanted.node, wanted.by, wanted.why, {}};
    if (!wanted.db.empty()) {
        auto ledger =
            value_or_fail(aiaudit::ledger::open({.path = wanted.db, .create = false}), wanted.db);
        off.known = fleet_command::close_node(ledger, wanted);
    }
    for (aiaudit::stored_ceiling& each : mine) {
        for (aiaudit::stored_ceiling const& known : off.known)
            if (known.budget == each.budget && known.window == each.window) {
                each.ceiling = known.ceiling;
                each.used = known.used;
            }
    }
    std::cout << "node '" << wanted.node << "' counts as having spent, in each window, its ceiling"
              << (wanted.db.empty() ? "" : ", which is what its ledger has used") << ":\n"
              << ceilings_text(mine, value_or_fail(store->budgets(), "--fleet"),
                               aiaudit::text_format::table);
    if (wanted.dry_run) return;
    value_or_fail(store->write_off(off), "--fleet");
    std::cout << "written off" << (wanted.db.empty() ? "" : ", on record in its ledger as well")
              << '\n';
}

}  // namespace aiaudit_tool
