// SPDX-License-Identifier: MIT
//
// aiaudit tail: the last records, and those that follow.

#include "commands.hpp"

#include <chrono>
#include <iostream>
#include <memory>
#include <thread>

namespace aiaudit_tool {
namespace {

struct options {
    std::string db{};
    std::string format = "table";
    std::uint64_t count = 10;
    bool follow = false;
};

std::string line_of(aiaudit::sequence number, aiaudit::record const& entry, bool json) {
    if (json) return to_json(number, entry);
    bool const known = entry.cost_status != aiaudit::cost_status::unpriced &&
                       entry.cost_status != aiaudit::cost_status::unknown;
    std::string line =
        std::to_string(value_of(number)) + "  " + entry.started_at.to_string() + "  " +
        (entry.user.empty() ? "-" : entry.user) + "  " + entry.provider + "/" + entry.model() +
        "  " + std::to_string(entry.usage.count(aiaudit::unit::input_tokens)) + " in  " +
        std::to_string(entry.usage.count(aiaudit::unit::output_tokens)) + " out  " +
        (known ? entry.cost.to_string() + " USD" : std::string(name_of(entry.cost_status)));
    if (entry.failed()) line += "  " + std::string(aiaudit::detail::status_text(entry).text());
    return line;
}

void run(options const& with) {
    auto const ledger = value_or_fail(
        aiaudit::ledger::open({.path = with.db, .create = false, .read_only = true}), with.db);
    std::uint64_t const last = value_of(value_or_fail(ledger.last_sequence(), with.db));
    std::uint64_t next = last > with.count ? last - with.count + 1 : 1;
    for (;;) {
        value_or_fail(ledger.read(aiaudit::sequence{next},
                                  [&](aiaudit::sequence number, aiaudit::record&& entry) {
                                      std::cout << line_of(number, entry, with.format == "jsonl")
                                                << '\n';
                                      next = value_of(number) + 1;
                                      return true;
                                  }),
                      with.db);
        std::cout.flush();
        if (!with.follow || !std::cout) return;
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
}

}  // namespace

void add_tail(CLI::App& program, int&) {
    auto with = std::make_shared<options>();
    CLI::App* const command = program.add_subcommand("tail", "The last records, oldest first");
    command->add_option("--db", with->db, "The ledger's directory")->required();
    command->add_option("-n", with->count, "How many; default: 10");
    command->add_flag("-f", with->follow, "Go on as records are added");
    command->add_option("--format", with->format, "table or jsonl")
        ->check(CLI::IsMember({"table", "jsonl"}));
    command->callback([with] { run(*with); });
}

}  // namespace aiaudit_tool
