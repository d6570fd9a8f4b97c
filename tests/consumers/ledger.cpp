// SPDX-License-Identifier: MIT
//
// As main.cpp, for those who want the ledger alone. Argument: an empty directory to write in.
#include <aiaudit/ledger.hpp>

#include <cstdlib>
#include <string>

int main(int argc, char** argv) {
    if (argc != 2) return EXIT_FAILURE;
    auto ledger = aiaudit::ledger::open({.path = std::string(argv[1]) + "/calls"}).value();
    aiaudit::record call;
    call.model_requested = "gpt-4.1";
    return value_of(ledger.append(call).value()) == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
