// SPDX-License-Identifier: MIT
//
// <aiaudit/gateway.hpp>: a gateway is opened, started and stopped.
#include <aiaudit/gateway.hpp>

int main() {
    auto ledger = aiaudit::ledger::open({.path = "calls"}).value();
    aiaudit::gateway_options options;
    options.upstreams = {{.name = "openai", .entry = aiaudit::provider_named("openai").value()}};
    options.listen.port = 8080;
    auto gateway = aiaudit::gateway::open(ledger, options).value();
    gateway.start().value();
    gateway.stop();
    return gateway.port() == 8080 ? 0 : 1;
}
