// SPDX-License-Identifier: MIT
//
// aiaudit verify: a ledger held to its own tree and to a checkpoint, or a proof file held to a key.

#include "commands.hpp"

#include <aiaudit/codec/record_codec.hpp>
#include <aiaudit/detail/json_string.hpp>

#include <iostream>
#include <memory>
#include <optional>

namespace aiaudit_tool {
namespace verify_command {

struct options {
    std::string db{};
    std::string checkpoint{};
    std::string proof{};
    std::string key{};
    std::string format = "text";
    bool only_after = false;
};

std::string to_json(aiaudit::verification const& found) {
    auto const number = [](std::uint64_t value) { return std::to_string(value); };
    std::string text = "{\"sound\":";
    text += found.sound() ? "true" : "false";
    text += ",\"records\":" + number(found.size) + ",\"read\":" + number(found.read) +
            ",\"dropped\":" + number(found.dropped) + ",\"anchored\":" + number(found.anchored) +
            ",\"root\":\"" + found.root.to_string() + "\",\"findings\":[";
    for (std::size_t i = 0; i < found.findings.size(); ++i) {
        if (i != 0) text += ',';
        text += aiaudit::detail::json_string(found.findings[i]);
    }
    text += "],\"unvouched\":[";
    for (std::size_t i = 0; i < found.unvouched.size(); ++i) {
        if (i != 0) text += ',';
        text += aiaudit::detail::json_string(found.unvouched[i]);
    }
    text += "],\"conclusion\":";
    text += aiaudit::detail::json_string(found.conclusion());
    return text + "}";
}

void verify_ledger(options const& with, int& status) {
    aiaudit::verification_request request;
    request.only_after_anchor = with.only_after;
    if (!with.checkpoint.empty()) {
        if (with.key.empty()) throw failure{"--checkpoint needs --key: whose signature counts"};
        request.anchor = value_or_fail(
            aiaudit::open_checkpoint(read_input(with.checkpoint), read_verification_key(with.key)),
            with.checkpoint);
    } else if (with.only_after) {
        throw failure{"--only-after needs --checkpoint"};
    }
    auto ledger = value_or_fail(
        aiaudit::ledger::open({.path = with.db, .create = false, .read_only = true}), with.db);
    auto const found = value_or_fail(aiaudit::verify(ledger, request), with.db);
    if (!found.sound()) status = exit_finding;
    if (with.format == "json") {
        std::cout << to_json(found) << '\n';
        return;
    }
    std::cout << found.conclusion() << '\n';
    for (std::size_t i = 1; i < found.findings.size(); ++i) std::cout << found.findings[i] << '\n';
    for (std::string const& each : found.unvouched)
        std::cout << "not vouched for: " << each << '\n';
    std::cout << "size " << found.size << " root " << found.root.to_string() << '\n';
}

// Needs no ledger: what a file and a key show by themselves.
void verify_proof(options const& with, int& status) {
    if (with.key.empty()) throw failure{"--proof needs --key: whose signature counts"};
    std::string const file = read_input(with.proof);
    aiaudit::trusted_log const log = read_verification_key(with.key);
    auto const refuse = [&](aiaudit::error const& why) {
        if (why.code != aiaudit::errc::verification_failed)
            throw failure{with.proof + ": " + why.message()};
        std::cout << "NOT PROVEN: " << why.where << '\n';
        status = exit_finding;
    };
    if (file.starts_with(aiaudit::detail::consistency_title)) {
        auto const shown = aiaudit::verify_consistency(file, log);
        if (!shown) return refuse(shown.error());
        std::cout << "the log of " << shown->newer.size() << " records begins with all "
                  << shown->older.size() << " of the older checkpoint\n";
        return;
    }
    auto const shown = aiaudit::verify_inclusion(file, log);
    if (!shown) return refuse(shown.error());
    auto const entry = value_or_fail(aiaudit::decode_record(shown->record), with.proof);
    if (with.format == "json") {
        std::cout << aiaudit::to_json(aiaudit::sequence{shown->index + 1}, entry) << '\n';
        return;
    }
    std::cout << "record " << shown->index + 1 << " is in the log of " << shown->state.size()
              << " records that " << shown->state.origin() << " signed:\n"
              << aiaudit::to_json(aiaudit::sequence{shown->index + 1}, entry) << '\n';
}

}  // namespace verify_command

aiaudit::note_verification_key read_verification_key(std::string const& text_or_path) {
    std::string text = text_or_path;
    if (auto const key = aiaudit::note_verification_key::parse(text)) return *key;
    text = read_input(text_or_path);
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return value_or_fail(aiaudit::note_verification_key::parse(text), text_or_path);
}

void add_verify(CLI::App& program, int& status) {
    using namespace verify_command;
    auto with = std::make_shared<options>();
    CLI::App* const command =
        program.add_subcommand("verify", "Hold a ledger, or a proof, to what was committed");
    auto* const db = command->add_option("--db", with->db, "The ledger's directory");
    auto* const proof = command->add_option("--proof", with->proof,
                                            "A proof made by aiaudit prove; needs no ledger");
    proof->excludes(db);
    command->add_option("--checkpoint", with->checkpoint,
                        "A checkpoint that was kept outside: what the ledger is held to");
    command->add_option("--key", with->key,
                        "The verification key of who signed, or a file that holds it");
    command->add_flag("--only-after", with->only_after,
                      "Read only the records after the checkpoint");
    command->add_option("--format", with->format, "text or json")
        ->check(CLI::IsMember({"text", "json"}));
    command->callback([with, &status] {
        if (with->db.empty() == with->proof.empty())
            throw failure{"verify needs --db DIR or --proof FILE"};
        if (with->db.empty()) {
            verify_proof(*with, status);
        } else {
            verify_ledger(*with, status);
        }
    });
}

}  // namespace aiaudit_tool
