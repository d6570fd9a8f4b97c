// SPDX-License-Identifier: MIT
//
// aiaudit prices update: another price file for a ledger, on record.

#include "ledger_prices.hpp"

#include <cstdlib>
#include <iostream>
#include <memory>

namespace aiaudit_tool {
namespace prices_update_command {

struct options {
    std::string db{};
    std::string from{};
    std::string by{};
};

void run(options const& with) {
    if (with.from.find("://") != std::string::npos)
        throw failure{"--from takes a file: fetch " + with.from + " first, and give its path"};
    std::string const text = read_input(with.from);
    auto const book = value_or_fail(aiaudit::load_price_book(text, with.from), with.from);
    if (book.size() == 0) throw failure{with.from + ": has no prices"};
    auto ledger = value_or_fail(aiaudit::ledger::open({.path = with.db, .create = false}), with.db);
    auto const before = current_prices(with.db);
    if (before.revision() == book.revision()) {
        std::cout << "these prices are in use already: " << book.revision().to_string() << '\n';
        return;
    }
    // In this order a crash leaves the old prices in use, or the new ones on record.
    keep_prices(with.db, book, text);
    auto const entry =
        prices_record(before, book, with.by, with.from, aiaudit::system_clock{}.now());
    auto const number = value_or_fail(ledger.append(entry), with.db);
    use_prices(with.db, text);
    std::cout << "record " << value_of(number) << ": " << book.size() << " entries";
    for (char const* const what : {"added", "changed", "removed"})
        std::cout << ", " << aiaudit::detail::tag_of(entry, what) << ' ' << what;
    std::cout << "; revision " << book.revision().to_string() << '\n';
}

}  // namespace prices_update_command

void add_prices_update(CLI::App& program) {
    using namespace prices_update_command;
    auto with = std::make_shared<options>();
    with->by = login_name();
    CLI::App* const command =
        program.add_subcommand("update", "Put another price file into use, on record");
    command->add_option("--db", with->db, "The ledger's directory")->required();
    command->add_option("--from", with->from, "The file: genai-prices or LiteLLM JSON")->required();
    command->add_option("--by", with->by, "Who does that; default: the login name");
    command->callback([with] { run(*with); });
}

}  // namespace aiaudit_tool
