// SPDX-License-Identifier: MIT
//
// A user's first program, built in every way that the library can be had. Argument: an empty
// directory to write in.
#include <aiaudit/aiaudit.hpp>

#include <cstdlib>
#include <iostream>
#include <string>

int main(int argc, char** argv) {
    if (argc != 2) return EXIT_FAILURE;
    auto ledger = aiaudit::ledger::open({.path = std::string(argv[1]) + "/calls"}).value();
    aiaudit::record call;
    call.user = "ada";
    call.provider = "openai";
    call.model_requested = "gpt-4.1";
    call.http_status = 200;
    call.cost = aiaudit::money::parse("0.002583").value();
    call.cost_status = aiaudit::cost_status::priced;
    auto const at = ledger.append(call).value();
    auto const sums = ledger.report({.kind = aiaudit::report_kind::daily}).value();
    std::cout << "record " << value_of(at) << ", cost " << sums.sum.cost.to_string() << '\n';
    auto const zone = aiaudit::find_time_zone("Asia/Kathmandu").value();
    std::cout << zone.day_of({}).to_string() << '\n';
    return sums.sum.cost == call.cost ? EXIT_SUCCESS : EXIT_FAILURE;
}
