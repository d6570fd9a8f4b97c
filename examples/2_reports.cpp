// Reports: the same records by user, by model, by day of any time zone, and for machines.
#include "local_provider.hpp"

#include <aiaudit/aiaudit.hpp>

#include <iostream>

int main() {
    examples::local_provider const provider;
    examples::temporary_directory const place;
    auto ledger = aiaudit::ledger::open({.path = place.file("calls")}).value();
    auto client = aiaudit::client::open(ledger, {.providers = {provider.entry()}}).value();

    aiaudit::chat_request const question{
        .provider = "openai", .model = "gpt-4.1", .messages = {{"user", "Hello"}}};
    for (char const* const user : {"ana", "binh", "ana"})
        client.chat(question, {.user = user, .project = "search"}).value();

    std::cout << to_text(ledger.report({.kind = aiaudit::report_kind::users}).value(),
                         aiaudit::text_format::table)
              << '\n'
              << to_text(
                     ledger.report({.zone = aiaudit::find_time_zone("Asia/Tokyo").value()}).value(),
                     aiaudit::text_format::table)
              << '\n'
              << to_text(ledger.report({.kind = aiaudit::report_kind::models}).value(),
                         aiaudit::text_format::jsonl);
}
