// SPDX-License-Identifier: MIT
//
// <aiaudit/ledger.hpp>: a log is opened, given a record and a budget, and asked.
#include <aiaudit/ledger.hpp>

int main() {
    auto ledger = aiaudit::ledger::open({.path = "calls"}).value();
    aiaudit::budget limit;
    limit.name = "all";
    limit.limit = aiaudit::parse_budget_limit("5.00", aiaudit::budget_unit::usd).value();
    ledger.set_budget(limit).value();
    aiaudit::record call;
    call.user = "ana";
    ledger.append(call).value();
    auto const report = ledger.report({.kind = aiaudit::report_kind::users}).value();
    ledger.flush().value();
    return report.rows.size() == 1 ? 0 : 1;
}
