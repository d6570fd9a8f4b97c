// SPDX-License-Identifier: MIT
//
// aiaudit tail: the last records, and those that follow.

#include <aiaudit/budget/budget_record.hpp>
#include <aiaudit/core/correction.hpp>
#include <aiaudit/detail/utf8.hpp>
#include <aiaudit/rollup/series.hpp>
#include "commands.hpp"

#include <chrono>
#include <iostream>
#include <memory>
#include <thread>

namespace aiaudit_tool {
namespace tail_command {

struct options {
    std::string db{};
    std::string format = "table";
    std::uint64_t count = 10;
    bool follow = false;
};

using aiaudit::detail::printable;

// Of a record that is of no call of its own: its tags.
std::string tags_text(aiaudit::record const& entry) {
    std::string text;
    for (auto const& [key, value] : entry.tags)
        text += "  " + printable(key) + "=" + printable(value);
    return text;
}

std::string tag_of(aiaudit::record const& entry, std::string_view key) {
    std::string_view const value = aiaudit::detail::tag_of(entry, key);
    return value.empty() ? "?" : printable(value);
}

std::string budget_line(aiaudit::record const& entry) {
    auto const change = aiaudit::read_budget_change(entry);
    if (!change) return "budget  " + change.error().message();
    if (change->forgets_after)
        return "budgets forget what comes after " + change->forgets_after->to_string() + ", by " +
               aiaudit::detail::printable(aiaudit::detail::tag_of(entry, "by")) + ": " +
               aiaudit::detail::printable(aiaudit::detail::tag_of(entry, "forgotten"));
    if (change->advanced)
        return "budget '" + change->advanced->budget + "': " +
               aiaudit::detail::amount_and_unit(change->advanced->amount, change->advanced->unit) +
               (change->advanced->back ? " given back" : " held ahead") +
               (change->advanced->subject.empty() ? ""
                                                  : "  " + printable(change->advanced->subject));
    if (change->ended)
        return "budgets: held ahead, " + tag_of(entry, "change") + "  " +
               tag_of(entry, "forgotten");
    if (!change->set) return "budget '" + change->removed + "' removed";
    aiaudit::budget const& of = *change->set;
    return "budget '" + of.name + "' set: " + aiaudit::detail::amount_and_unit(of.limit, of.unit) +
           "  " + printable(scope_text(of.scope)) + "  " + window_text(of.window) + "  then " +
           printable(action_text(of));
}

std::string refusal_line(aiaudit::record const& entry) {
    std::string line = entry.error_type + " by budget '" + tag_of(entry, "budget") + "' of " +
                       tag_of(entry, "subject");
    for (char const* const key : {"limit", "spent", "reserved", "asked"})
        line += "  " + std::string(key) + " " + tag_of(entry, key);
    return line;
}

// Who called which model, and what that took.
std::string call_line(aiaudit::record const& entry) {
    bool const known = entry.cost_status != aiaudit::cost_status::unpriced &&
                       entry.cost_status != aiaudit::cost_status::unknown;
    std::string line =
        (entry.user.empty() ? "-" : entry.user) + "  " + entry.provider + "/" + entry.model();
    if (entry.kind == aiaudit::record_kind::refusal) return line + "  " + refusal_line(entry);
    line += "  " + std::to_string(entry.usage.count(aiaudit::unit::input_tokens)) + " in  " +
            std::to_string(entry.usage.count(aiaudit::unit::output_tokens)) + " out  ";
    if (entry.kind == aiaudit::record_kind::intent) line += "at most ";
    line += known ? entry.cost.to_string() + " USD" : std::string(name_of(entry.cost_status));
    if (entry.failed()) line += "  " + std::string(aiaudit::detail::status_text(entry).text());
    return line;
}

std::string correction_line(aiaudit::record const& entry) {
    if (aiaudit::detail::is_late_cost(entry))
        return "correction  " + entry.operation_id.to_string() + ":" +
               std::to_string(entry.attempt) + "  " + entry.cost.to_string() +
               " USD: the provider charges " +
               entry.provider_cost.value_or(aiaudit::money{}).to_string() + ", by " +
               tag_of(entry, aiaudit::detail::correction_tag::by) + ": " +
               tag_of(entry, aiaudit::detail::correction_tag::why);
    return "correction  " + printable(entry.user) + "  " + printable(entry.provider) + "/" +
           printable(entry.model()) + "  " + entry.cost.to_string() + " USD for " +
           tag_of(entry, aiaudit::detail::correction_tag::records) + " records, by " +
           tag_of(entry, aiaudit::detail::correction_tag::by) + ": " +
           tag_of(entry, aiaudit::detail::correction_tag::why);
}

std::string prices_line(aiaudit::record const& entry) {
    return "prices  " + entry.price_book.to_string().substr(0, 16) + " from " +
           tag_of(entry, "source") + ", by " + tag_of(entry, "by") + ": " +
           tag_of(entry, "entries") + " entries, " + tag_of(entry, "added") + " added, " +
           tag_of(entry, "changed") + " changed, " + tag_of(entry, "removed") + " removed";
}

std::string key_line(aiaudit::record const& entry) {
    std::string const who = entry.key_id.empty() ? "keys" : "key '" + printable(entry.key_id) + "'";
    return who + " " + tag_of(entry, "change") + ", by " + tag_of(entry, "by");
}

std::string storage_line(aiaudit::record const& entry) {
    std::string line = "storage " + tag_of(entry, "change") + "  " + entry.provider_request_id +
                       "  " + (entry.user.empty() ? "-" : entry.user) + "  " + entry.provider;
    if (entry.failed()) line += "  " + std::string(aiaudit::detail::status_text(entry).text());
    return line;
}

std::string what_of(aiaudit::record const& entry) {
    switch (entry.kind) {
    case aiaudit::record_kind::intent:
    case aiaudit::record_kind::outcome:
    case aiaudit::record_kind::refusal: return call_line(entry);
    case aiaudit::record_kind::budget: return budget_line(entry);
    case aiaudit::record_kind::circuit:
        return "circuit  " + entry.provider + "/" + entry.model() + tags_text(entry);
    case aiaudit::record_kind::alert:
        return "alert " + printable(entry.finish_reason) + "  " + printable(entry.path) +
               tags_text(entry);
    case aiaudit::record_kind::correction: return correction_line(entry);
    case aiaudit::record_kind::prices: return prices_line(entry);
    case aiaudit::record_kind::key: return key_line(entry);
    case aiaudit::record_kind::storage: return storage_line(entry);
    case aiaudit::record_kind::retention: break;
    }
    return std::string(name_of(entry.kind)) + tags_text(entry);
}

std::string line_of(aiaudit::sequence number, aiaudit::record const& entry, bool json) {
    if (json) return to_json(number, entry);
    return std::to_string(value_of(number)) + "  " + entry.started_at.to_string() + "  " +
           aiaudit::detail::escaped_text(what_of(entry));
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

}  // namespace tail_command

void add_tail(CLI::App& program, int&) {
    using namespace tail_command;
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
