// Records from elsewhere: calls that another program made, as their recorded exchanges.
#include "local_provider.hpp"

#include <aiaudit/aiaudit.hpp>

#include <iostream>

int main() {
    examples::temporary_directory const place;
    auto ledger = aiaudit::ledger::open({.path = place.file("calls")}).value();
    auto const prices = aiaudit::builtin_book();

    aiaudit::exchange call{.provider = "openai", .path = "/v1/chat/completions", .status = 200};
    call.request = R"({"model":"gpt-4.1","messages":[{"role":"user","content":"Hello"}]})";
    call.response =
        R"({"model":"gpt-4.1-2025-04-14","usage":{"prompt_tokens":1200,"completion_tokens":80}})";
    call.context.user = "ana";

    auto const made = aiaudit::record_of(call, prices, ledger.time().now()).value();
    auto const number = ledger.append(made.entry).value();  // on disk when it returns
    std::cout << "record " << value_of(number) << ": " << made.entry.cost.to_string() << " USD\n"
              << to_text(ledger.report({.kind = aiaudit::report_kind::models}).value(),
                         aiaudit::text_format::table);
}
