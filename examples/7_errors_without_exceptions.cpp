// Errors without exceptions: every operation returns a result, and says what went wrong and where.
#include "local_provider.hpp"

#include <aiaudit/aiaudit.hpp>

#include <iostream>

int main() {
    examples::local_provider const provider(1);
    examples::temporary_directory const place;
    auto const absent = aiaudit::ledger::open({.path = place.file("none"), .create = false});
    std::cout << absent.error().message() << '\n';

    auto ledger = aiaudit::ledger::open({.path = place.file("calls")}).value();
    aiaudit::client_options options;
    options.providers = {provider.entry(), {.name = "gone", .origin = "http://127.0.0.1:1"}};
    options.retry.attempts_max = 1;
    auto client = aiaudit::client::open(ledger, options).value();

    for (char const* const name : {"openai", "gone", "no-such-provider"}) {
        auto const reply =
            client.chat({.provider = name, .model = "gpt-4.1", .messages = {{"user", "Hello"}}});
        // `where` is ours and safe to print; `remote` is what the provider said, and is not.
        if (reply) {
            std::cout << reply->text << '\n';
        } else if (reply.error().code == aiaudit::errc::bad_argument) {
            std::cout << "nothing was sent: " << reply.error().where << '\n';
        } else {
            std::cout << reply.error().message() << '\n';
        }
    }
    auto const amount = aiaudit::money::parse("0.0000000000001");
    if (!amount) std::cout << amount.error().message() << '\n';
}
