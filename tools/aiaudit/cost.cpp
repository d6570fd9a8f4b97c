// SPDX-License-Identifier: MIT
//
// aiaudit cost: exchanges in, their usage and exact cost out.

#include "commands.hpp"

#include <iostream>
#include <memory>

namespace aiaudit_tool {
namespace cost_command {

struct options {
    std::string prices{};
    std::string overlay{};
    std::string at{};
    std::string file{};
};

std::string answer(aiaudit::exchange const& from, aiaudit::import_result const& made) {
    aiaudit::record const& entry = made.entry;
    aiaudit::detail::json_writer out;
    out.text("id", from.id);
    out.text("provider", entry.provider);
    out.text("model", entry.model());
    out.raw("usage", to_json(entry.usage));
    out.raw("cost_usd",
            made.problem ? "null" : aiaudit::detail::json_string(entry.cost.to_string()));
    out.text_if("price_entry", entry.price_entry);
    if (!made.problem) out.text("cost_status", name_of(entry.cost_status));
    if (entry.provider_cost) out.text("provider_cost_usd", entry.provider_cost->to_string());
    if (entry.upstream_cost) out.text("upstream_cost_usd", entry.upstream_cost->to_string());
    if (entry.computed_cost) out.text("computed_cost_usd", entry.computed_cost->to_string());
    if (entry.price_basis != aiaudit::price_basis::listed)
        out.text("price_basis", name_of(entry.price_basis));
    out.text_if("unread", entry.unread);
    if (made.problem) out.text("error", made.problem->message());
    return out.finish();
}

void run(options const& with) {
    aiaudit::price_book const prices = read_prices(with.prices, with.overlay);
    aiaudit::timestamp const at = instant_or_now(with.at, "--at");
    std::string const name = with.file.empty() ? "standard input" : with.file;
    std::string const text = read_input(with.file);
    aiaudit::price_lookup_cache cache;
    std::string
        answers;  // printed when the whole input was read: a broken line leaves no half an answer
    for_each_line(text, [&](std::size_t number, std::string_view line) {
        auto exchange =
            value_or_fail(aiaudit::parse_exchange(line), name + ":" + std::to_string(number));
        if (!with.at.empty()) exchange.context.timestamp = at;
        auto const made = value_or_fail(aiaudit::record_of(exchange, prices, at, cache),
                                        name + ":" + std::to_string(number));
        answers.append(answer(exchange, made)).push_back('\n');
    });
    std::cout << answers;
}

}  // namespace cost_command

void add_cost(CLI::App& program, int&) {
    using namespace cost_command;
    auto with = std::make_shared<options>();
    CLI::App* const command =
        program.add_subcommand("cost", "Exchanges (JSON Lines) to their usage and exact cost");
    command->add_option("--prices", with->prices,
                        "A price file (genai-prices or LiteLLM JSON); default: built in");
    command->add_option("--overlay", with->overlay,
                        "A file with own rates, discounts and margins over the prices");
    command->add_option("--at", with->at,
                        "The instant whose prices hold; default: each exchange's own, or now");
    command->add_option("file", with->file, "The exchanges; default: standard input");
    command->callback([with] { run(*with); });
}

}  // namespace aiaudit_tool
