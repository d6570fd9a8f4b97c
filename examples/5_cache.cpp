// The cache: a question whose answer is the same each time (temperature 0) is paid for once; the
// records of the others say what they saved.
#include "local_provider.hpp"

#include <aiaudit/aiaudit.hpp>

#include <iostream>

int main() {
    examples::local_provider const provider;
    examples::temporary_directory const place;
    auto ledger = aiaudit::ledger::open({.path = place.file("calls")}).value();
    aiaudit::client_options options;
    options.providers = {provider.entry()};
    options.cache.path = place.file("cache");
    auto client = aiaudit::client::open(ledger, options).value();

    aiaudit::chat_request const question{.provider = "openai",
                                         .model = "gpt-4.1",
                                         .messages = {{"user", "Hello"}},
                                         .temperature = 0};
    // An answer is shared among the calls of one user, unless options.cache_scope says otherwise.
    for (char const* const user : {"ana", "ana", "binh"}) {
        auto const reply = client.chat(question, {.user = user}).value();
        std::cout << user << ": " << reply.text << " cost " << reply.cost.to_string() << " USD"
                  << (reply.from_cache() ? ", from the cache\n" : "\n");
    }
    auto const fresh =
        client.chat(question, {.user = "ana", .cache = aiaudit::cache_mode::refresh});
    std::cout << "asked again: cost " << fresh.value().cost.to_string() << " USD\n"
              << provider.calls() << " calls reached the provider\n";
}
