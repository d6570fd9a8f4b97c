// Retries and the circuit breaker: failed attempts are repeated, each is in the log; a model that
// keeps failing is not asked any more for a while.
#include "local_provider.hpp"

#include <aiaudit/aiaudit.hpp>

#include <iostream>
#include <thread>

int main() {
    examples::local_provider const provider(4);  // four failures
    examples::temporary_directory const place;
    auto ledger = aiaudit::ledger::open({.path = place.file("calls")}).value();
    aiaudit::client_options options;
    options.providers = {provider.entry()};
    options.retry = {.attempts_max = 2, .first = std::chrono::milliseconds{5}};
    options.breaker.calls_min = 3;
    options.breaker.open_for = std::chrono::milliseconds{100};
    auto client = aiaudit::client::open(ledger, options).value();

    aiaudit::chat_request const question{
        .provider = "openai", .model = "gpt-4.1", .messages = {{"user", "Hello"}}};
    for (auto reply = client.chat(question);; reply = client.chat(question)) {
        std::cout << (reply ? reply->text : reply.error().message()) << '\n';
        if (reply) break;
        std::this_thread::sleep_for(std::chrono::milliseconds{reply.error().retry_after_ms + 1});
    }
    ledger.flush().value();  // circuit records are not waited for
    ledger
        .read(aiaudit::sequence{1},
              [](aiaudit::sequence, aiaudit::record&& entry) {
                  std::cout << name_of(entry.kind) << " attempt " << entry.attempt << " status "
                            << entry.http_status << ' ' << entry.error_type;
                  for (auto const& [name, value] : entry.tags)
                      std::cout << name << ' ' << value << ' ';
                  std::cout << '\n';
                  return true;
              })
        .value();
}
