// The first call: an answer, what it cost, and two records on disk: that it was about to be made,
// and how it ended. With a key in OPENAI_API_KEY it goes to OpenAI if `providers` is left out.
#include "local_provider.hpp"

#include <aiaudit/aiaudit.hpp>

#include <iostream>

int main() {
    examples::local_provider const provider;
    examples::temporary_directory const place;

    auto ledger = aiaudit::ledger::open({.path = place.file("calls")}).value();
    auto client = aiaudit::client::open(ledger, {.providers = {provider.entry()}}).value();

    auto const reply =
        client.chat({.provider = "openai", .model = "gpt-4.1", .messages = {{"user", "Hello"}}},
                    {.user = "ana"});
    if (!reply) {
        std::cerr << reply.error().message() << '\n';
        return 1;
    }
    std::cout << reply->text << '\n'
              << "cost " << reply->cost.to_string() << " USD, record " << value_of(reply->record)
              << ", today " << ledger.spent_today().value().to_string() << " USD\n";
}
