// SPDX-License-Identifier: MIT
//
// aiaudit retain: drops the oldest segments by a policy.

#include "commands.hpp"

#include <iostream>
#include <memory>

namespace aiaudit_tool {
namespace retain_command {

struct options {
    std::string db{};
    std::string age_min{};
    std::string age_max{};
    std::string bytes_max{};
    std::uint32_t segments = 4;
    bool dry_run = false;
    bool unshipped = false;
};

std::chrono::seconds parse_age(std::string const& text, std::string const& option) {
    constexpr amount_unit units[] = {{"h", 3600}, {"d", 86'400}, {"w", 604'800}, {"y", 31'557'600}};
    return std::chrono::seconds(parse_amount(text, units, option));
}
std::uint64_t parse_bytes(std::string const& text, std::string const& option) {
    constexpr amount_unit units[] = {{"M", 1'000'000},         {"G", 1'000'000'000},
                                     {"T", 1'000'000'000'000}, {"Mi", 1ULL << 20},
                                     {"Gi", 1ULL << 30},       {"Ti", 1ULL << 40}};
    return parse_amount(text, units, option);
}

void run(options const& with) {
    aiaudit::retention_policy policy;
    if (!with.age_min.empty()) policy.age_min = parse_age(with.age_min, "--min-age");
    if (!with.age_max.empty()) policy.age_max = parse_age(with.age_max, "--max-age");
    if (!with.bytes_max.empty()) policy.bytes_max = parse_bytes(with.bytes_max, "--max-bytes");
    if (!policy.age_max && !policy.bytes_max)
        throw failure{"retain needs --max-age or --max-bytes: what is to go"};
    policy.segments_max = with.segments;
    policy.dry_run = with.dry_run;
    policy.drop_unshipped = with.unshipped;
    auto ledger = value_or_fail(
        aiaudit::ledger::open({.path = with.db, .create = false, .read_only = with.dry_run}),
        with.db);
    auto const dropped = value_or_fail(aiaudit::retain(ledger, policy), with.db);
    for (auto const& segment : dropped) {
        std::cout << (with.dry_run ? "would drop" : "dropped") << " segment " << segment.number
                  << ": records " << value_of(segment.first) << " to " << value_of(segment.last)
                  << ", the youngest of " << segment.latest.to_string() << '\n';
    }
    if (dropped.empty()) std::cout << "nothing is due\n";
    auto const hold = value_or_fail(aiaudit::hold_of_sinks(ledger), with.db);
    if (hold && !with.unshipped)
        std::cout << "the sink '" << hold->sink << "' has the records up to " << hold->shipped
                  << "; what comes after them stays (--unshipped drops it too)\n";
    if (dropped.size() == policy.segments_max)
        std::cout << "that was the most for one run; there may be more\n";
}

}  // namespace retain_command

void add_retain(CLI::App& program, int&) {
    using namespace retain_command;
    auto with = std::make_shared<options>();
    CLI::App* const command = program.add_subcommand(
        "retain", "Drop the oldest segments by a policy; reports and proofs stay");
    command->add_option("--db", with->db, "The ledger's directory")->required();
    command->add_option("--max-age", with->age_max,
                        "Segments whose records are all older go: 400d, 6y (units h, d, w, y)");
    command->add_option("--min-age", with->age_min,
                        "Younger segments stay, whatever the rest says");
    command->add_option(
        "--max-bytes", with->bytes_max,
        "The oldest go until the ledger is this small: 50G (units M, G, T, Mi ...)");
    command->add_option("--segments", with->segments, "The most to drop in one run; default: 4")
        ->check(CLI::Range(1U, 100'000U));
    command->add_flag("--unshipped", with->unshipped,
                      "Also drop records that a sink still lacks (aiaudit ship)");
    command->add_flag("--dry-run", with->dry_run, "Only say what would be dropped");
    command->callback([with] { run(*with); });
}

}  // namespace aiaudit_tool
