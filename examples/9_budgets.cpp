// Budgets: each attempt holds the most that it may cost before it is sent, so that a limit is never
// passed, however many ask at once. Here each user has a limit a day, all together one a month, the
// provider is asked twenty times a minute at the most, and each model may write so much, no more.
#include "local_provider.hpp"

#include <aiaudit/aiaudit.hpp>

#include <iostream>

aiaudit::budget defined(std::string name, std::string const& limit, aiaudit::budget_unit unit,
                        std::string const& scope, std::string const& window,
                        std::string const& then) {
    aiaudit::budget made;
    made.name = std::move(name);
    made.unit = unit;
    made.limit = aiaudit::parse_budget_limit(limit, unit).value();
    made.scope = aiaudit::parse_budget_scope(scope).value();
    // Days and months begin where the users are.
    auto const zone = aiaudit::find_time_zone("Asia/Ho_Chi_Minh").value();
    made.window = aiaudit::parse_budget_window(window, zone).value();
    aiaudit::parse_budget_action(then, made).value();
    return made;
}

int main() {
    using aiaudit::budget_unit;
    examples::local_provider const provider;
    examples::temporary_directory const place;
    auto ledger = aiaudit::ledger::open({.path = place.file("calls")}).value();
    for (auto const& each :
         {defined("user-day", "0.01", budget_unit::usd, "each-user", "day", "refuse"),
          defined("all-month", "50.00", budget_unit::usd, "everyone", "month", "refuse"),
          defined("rate", "20", budget_unit::requests, "provider=openai", "minute", "wait=2000")})
        ledger.set_budget(each).value();

    aiaudit::client_options options;
    options.providers = {provider.entry()};
    options.output_caps = {{"gpt-4.1", 300}, {"gpt-4.1-mini", 2000}};
    options.output_most = 4000;  // of any other
    auto client = aiaudit::client::open(ledger, options).value();

    // A request that sets no limit of its own is given the model's cap.
    aiaudit::chat_request const question{
        .provider = "openai", .model = "gpt-4.1", .messages = {{"user", "Hello"}}};
    for (char const* const user : {"ana", "ana", "ana", "ana", "binh"}) {
        auto const reply = client.chat(question, {.user = user});
        std::cout << user << ": " << (reply ? reply->cost.to_string() : reply.error().message())
                  << '\n';
    }

    for (aiaudit::budget_state const& each : ledger.budget_states().value())
        std::cout << each.budget.name << ' ' << each.subject << ": "
                  << amount_text(each.spent, each.budget.unit) << " of "
                  << amount_text(each.budget.limit, each.budget.unit) << ' '
                  << name_of(each.budget.unit) << '\n';
}
