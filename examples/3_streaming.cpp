// Streaming: the answer while it comes; the record says what it cost, and when its first word came.
#include "local_provider.hpp"

#include <aiaudit/aiaudit.hpp>

#include <iostream>

int main() {
    examples::local_provider const provider;
    examples::temporary_directory const place;
    auto ledger = aiaudit::ledger::open({.path = place.file("calls")}).value();
    auto client = aiaudit::client::open(ledger, {.providers = {provider.entry()}}).value();
    aiaudit::chat_request const question{.provider = "openai",
                                         .model = "gpt-4.1",
                                         .messages = {{"user", "Hello"}},
                                         .max_tokens = 500};

    auto const show = [](aiaudit::answer_delta const& piece) { std::cout << piece.text << '|'; };
    auto const whole = client.stream(question, show, {.user = "ana"}).value();
    std::cout << " costs " << whole.cost.to_string() << " USD, " << name_of(whole.cost_status)
              << '\n';

    // False ends it. What it used is then not known: it is charged what it may have cost at most.
    auto const first_only = [](aiaudit::answer_delta const&) { return false; };
    auto const cut = client.stream(question, first_only, {.user = "ana"}).value();
    std::cout << cut.text << "| costs at most " << cut.cost.to_string() << " USD, "
              << name_of(cut.cost_status) << '\n';
}
