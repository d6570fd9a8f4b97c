// The gateway within a service of one's own: other programs ask it in place of the provider, with
// whatever SDK they have, by one address changed. Each has a key of the gateway's, which says whose
// calls these are; this one may cost a cent in all.
#include "local_provider.hpp"

#include <aiaudit/aiaudit.hpp>
#include <aiaudit/gateway.hpp>

#include <httplib.h>

#include <iostream>

namespace {

// What such a program does. Nothing of aiaudit is in it.
void ask(std::uint16_t port, std::string const& key) {
    httplib::Client client("127.0.0.1", port);
    auto const answer =
        client.Post("/v1/chat/completions", {{"Authorization", "Bearer " + key}},
                    R"({"model":"gpt-4.1","messages":[{"role":"user","content":"Hello"}]})",
                    "application/json");
    if (!answer) throw std::runtime_error("no answer: " + to_string(answer.error()));
    std::cout << answer->status << ' ' << answer->body << '\n';
}

}  // namespace

int main() {
    examples::local_provider const provider;
    examples::temporary_directory const place;
    std::string const db = place.file("calls");
    auto ledger =
        aiaudit::ledger::open({.path = db, .budgets = aiaudit::budget_mode::exclusive}).value();

    // Once for each who may come; `aiaudit key create` does the same. The secret is kept nowhere.
    auto const keys = aiaudit::key_file::of_ledger(db);
    auto const issued =
        aiaudit::issue_key({.id = "team-red", .user = "ana"}, ledger.time().now()).value();
    keys.add(issued.kept).value();
    aiaudit::budget limit;
    limit.name = "key-team-red";
    limit.limit = aiaudit::parse_budget_limit("0.01", aiaudit::budget_unit::usd).value();
    limit.scope = aiaudit::parse_budget_scope("key=team-red").value();
    limit.window = aiaudit::parse_budget_window("total").value();
    ledger.set_budget(limit).value();

    aiaudit::gateway_options options;
    options.upstreams = {
        {.name = "openai", .entry = provider.entry(), .key = "sk-of-the-provider"}};
    options.listen.port = 0;  // any that is free
    options.key_file = keys.path();
    options.calls.output_caps = {{"gpt-4.1", 300}};
    auto gateway = aiaudit::gateway::open(ledger, options).value();
    gateway.start().value();  // serves in threads of its own

    for (int i = 0; i < 4; ++i) ask(gateway.port(), issued.secret);
    ask(gateway.port(), "a key of somebody else's");

    gateway.stop();          // when it returns, all is in the log's queue
    ledger.flush().value();  // and now on disk
    std::cout << "asked of the provider " << provider.calls() << " times\n"
              << to_text(ledger.report({.kind = aiaudit::report_kind::keys}).value(),
                         aiaudit::text_format::table)
              << to_text(ledger.budget_states().value(), aiaudit::text_format::table);
}
