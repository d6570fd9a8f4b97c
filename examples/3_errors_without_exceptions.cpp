// Errors without exceptions: every operation returns a result, and says what went wrong and where.
#include <aiaudit/aiaudit.hpp>

#include <iostream>

int main() {
    auto const absent = aiaudit::ledger::open({.path = "no-such-ledger", .create = false});
    if (!absent) std::cout << absent.error().message() << '\n';

    auto const prices = aiaudit::builtin_book();
    aiaudit::usage counts;
    counts.set(aiaudit::unit::input_tokens, 1000);
    auto const quote =
        prices.price({.provider = "openai", .model = "gpt-99", .usage = counts, .at = {}});
    if (!quote && quote.error().code == aiaudit::errc::unknown_model)
        std::cout << quote.error().message() << '\n';

    auto const amount = aiaudit::money::parse("0.0000000000001");
    if (!amount) std::cout << amount.error().message() << '\n';
}
