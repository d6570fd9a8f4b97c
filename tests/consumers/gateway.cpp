// SPDX-License-Identifier: MIT
//
// As main.cpp, for those who want the gateway. Argument: an empty directory to write in.
#include <aiaudit/gateway.hpp>

#include <cstdlib>
#include <string>
#include <utility>

int main(int argc, char** argv) {
    if (argc != 2) return EXIT_FAILURE;
    auto ledger = aiaudit::ledger::open({.path = std::string(argv[1]) + "/calls"}).value();
    aiaudit::gateway_options options;
    options.listen = {"127.0.0.1", 0};
    options.keys_required = false;
    options.upstreams.push_back(aiaudit::upstream_named("openai").value());
    auto gateway = aiaudit::gateway::open(ledger, std::move(options)).value();
    gateway.start().value();
    bool const listens = gateway.port() != 0;
    gateway.stop();
    return listens ? EXIT_SUCCESS : EXIT_FAILURE;
}
