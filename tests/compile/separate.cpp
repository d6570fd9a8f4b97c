// SPDX-License-Identifier: MIT
//
// A program of three sources and one copied header: separate_implementation.cpp compiles it, this
// one only reads declarations, and separate_templates.cpp has policies of its own.
#define AIAUDIT_SEPARATE
#include <aiaudit/aiaudit.hpp>
#include <aiaudit/gateway.hpp>

bool record_in_memory();

int main() {
    auto ledger = aiaudit::ledger::open({.path = "separate.ledger"}).value();
    bool const recorded = ledger.append({.user = "ana"}).has_value();
    auto const report = ledger.report({.kind = aiaudit::report_kind::users}).value();
    auto const sound = aiaudit::verify(ledger).value().sound();
    auto const client = aiaudit::client::open(ledger);
    auto const gateway = aiaudit::gateway::open(ledger, {});  // refused: it has no keys
    bool const held = recorded && report.rows.size() == 1 && sound && client && !gateway;
    return held && record_in_memory() ? 0 : 1;
}
