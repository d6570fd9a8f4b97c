// SPDX-License-Identifier: MIT
//
// <aiaudit/aiaudit.hpp>: a call is made, and reported as text.
#include <aiaudit/aiaudit.hpp>

#include <cstdio>

int main() {
    auto ledger = aiaudit::ledger::open({.path = "calls"}).value();
    auto client = aiaudit::client::open(ledger).value();
    auto const reply =
        client.chat({.provider = "openai", .model = "gpt-4.1", .messages = {{"user", "Hello"}}},
                    {.user = "ana"});
    if (!reply) return 1;
    auto const report = ledger.report({.kind = aiaudit::report_kind::users}).value();
    std::puts(to_text(report, aiaudit::text_format::table).c_str());
}
