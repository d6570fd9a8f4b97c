// SPDX-License-Identifier: MIT
//
// fleet.hpp: the store of a fleet's ceilings, as commands name it, and what they do with it.
#ifndef AIAUDIT_TOOLS_AIAUDIT_FLEET_HPP
#define AIAUDIT_TOOLS_AIAUDIT_FLEET_HPP

#include <aiaudit/fleet/fleet_agent.hpp>
#include "commands.hpp"

#include <memory>
#include <string>

namespace aiaudit_tool {

// "postgresql://..." without a password, or "$VARIABLE", "@FILE", "!COMMAND" with one. Fails where
// the program was built without libpq.
std::unique_ptr<aiaudit::ceiling_store> fleet_store_at(std::string const& place,
                                                       std::string const& option);

// What a --fleet-rule says, into a budget. "closed", "open", "safe:AMOUNT".
void set_fleet_rule(aiaudit::budget& of, std::string const& rule);

// Of each node, for people or machines.
std::string ceilings_text(std::vector<aiaudit::stored_ceiling> const& all,
                          std::vector<aiaudit::stored_budget> const& budgets,
                          aiaudit::text_format format);

struct node_pardon {
    std::string node{};
    std::string by{};
    std::string why{};
    std::string db{};  // the node's ledger, where it is there
    bool dry_run = false;
};
// Gives up a node.
void write_off_node(std::string const& store, node_pardon const& wanted);

}  // namespace aiaudit_tool

#endif  // AIAUDIT_TOOLS_AIAUDIT_FLEET_HPP
