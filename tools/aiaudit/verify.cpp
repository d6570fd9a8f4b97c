// SPDX-License-Identifier: MIT
//
// aiaudit verify: a ledger held to its own tree and to a checkpoint, or a proof file held to a key.

#include "commands.hpp"

#include <aiaudit/codec/record_codec.hpp>
#include <aiaudit/detail/json_string.hpp>
#include <aiaudit/gateway/answer_check.hpp>
#include <aiaudit/gateway/key_log.hpp>
#include <aiaudit/integrity/log_policy.hpp>
#include <aiaudit/storage/lmdb_store.hpp>

#include <filesystem>
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
    std::string policy{};
    std::string format = "text";
    bool only_after = false;
    bool fold_anew = false;
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

// What records say of the files beside the ledger.
struct records_of_files {
    std::optional<aiaudit::detail::last_key_change> keys{};
    std::optional<aiaudit::digest> prices{};

    void see(aiaudit::sequence number, aiaudit::record_view const& entry) {
        if (entry.kind == aiaudit::record_kind::key)
            keys = aiaudit::detail::last_key_change{
                value_of(number), std::string(aiaudit::detail::tag_of(entry, "change")),
                std::string(entry.key_id), std::string(aiaudit::detail::tag_of(entry, "keys"))};
        else if (entry.kind == aiaudit::record_kind::prices)
            prices = entry.price_book;
    }
};

// The gateway's keys are those that the log knows.
void compare_keys(std::string const& db, records_of_files const& known,
                  aiaudit::verification& found) {
    auto const file = aiaudit::key_file::of_ledger(db);
    if (!std::filesystem::exists(file.path())) return;
    auto const now = file.read();
    if (!now) return found.findings.push_back(now.error().message());
    auto const compared = aiaudit::detail::compare_keys({now->recorded, now->of_keys}, known.keys,
                                                        found.dropped + 1, found.size);
    if (!compared) found.findings.push_back(compared.error().message());
}

// Each price file is what its name says, and the one in use is that of the newest record.
void compare_prices(std::string const& db, records_of_files const& known,
                    aiaudit::verification& found) {
    std::error_code none;
    for (auto const& entry : std::filesystem::directory_iterator(db + "/prices", none)) {
        std::string const path = entry.path();
        std::string const name = entry.path().stem();
        if (entry.path().extension() != ".json") continue;
        auto const book = aiaudit::load_price_book(read_input(path), path);
        std::string const wanted = name != "current" ? name
                                   : known.prices    ? known.prices->to_string()
                                                     : "";
        if (!book)
            found.findings.push_back(book.error().message());
        else if (wanted.empty())
            found.unvouched.push_back(path + ", of which no record that was read says anything");
        else if (book->revision().to_string() != wanted)
            found.findings.push_back(path + " is not the price file " + wanted);
    }
}

// Nothing where there is no index, or it is damaged, which is a finding.
using answer_check = aiaudit::detail::answer_check<aiaudit::ledger>;
std::optional<answer_check> begin_answers(aiaudit::ledger& ledger, std::string const& db,
                                          std::vector<std::string>& findings) {
    std::string const path = db + "/gateway-answers";
    if (!std::filesystem::exists(path)) return {};
    auto made = answer_check::open(ledger, path);
    if (made) return std::move(*made);
    findings.push_back(made.error().message() +
                       "; remove the directory: it is made again from the records");
    return {};
}

aiaudit::log_policy read_log_policy(std::string const& path) {
    return value_or_fail(aiaudit::log_policy::parse(read_input(path)), path);
}

// By the log's key alone, or as the policy demands it.
aiaudit::verified_checkpoint read_anchor(options const& with) {
    std::string const note = read_input(with.checkpoint);
    if (!with.policy.empty())
        return value_or_fail(read_log_policy(with.policy).open(note), with.checkpoint).state;
    if (with.key.empty())
        throw failure{"--checkpoint needs --key or --policy: whose signature counts"};
    return value_or_fail(aiaudit::open_checkpoint(note, read_verification_key(with.key)),
                         with.checkpoint);
}

// Needs no ledger: who has signed a checkpoint, and whether that is enough for the policy.
void verify_quorum(options const& with, int& status) {
    if (with.policy.empty())
        throw failure{"--checkpoint without --db needs --policy: who must have signed it"};
    auto const policy = read_log_policy(with.policy);
    auto const opened = policy.open(read_input(with.checkpoint));
    if (!opened) {
        auto const code = opened.error().code;
        if (code != aiaudit::errc::verification_failed && code != aiaudit::errc::not_found)
            throw failure{with.checkpoint + ": " + opened.error().message()};
        std::cout << "NOT BELIEVED: " << opened.error().where << '\n';
        status = exit_finding;
        return;
    }
    std::cout << "the log " << aiaudit::detail::printable(opened->state.origin()) << " has "
              << opened->state.size() << " records with root " << opened->state.root().to_string()
              << ", as the policy's quorum says\n";
    for (aiaudit::cosignature const& each : opened->cosigned)
        std::cout
            << "cosigned by " << aiaudit::detail::printable(policy.witnesses()[each.key].name)
            << " at "
            << aiaudit::timestamp::from_seconds(static_cast<std::int64_t>(each.time)).to_string()
            << '\n';
}

void verify_ledger(options const& with, int& status) {
    aiaudit::verification_request request;
    request.only_after_anchor = with.only_after;
    if (!with.checkpoint.empty()) {
        request.anchor = read_anchor(with);
    } else if (with.only_after) {
        throw failure{"--only-after needs --checkpoint"};
    }
    auto ledger = value_or_fail(aiaudit::ledger::open({.path = with.db,
                                                       .create = false,
                                                       .read_only = !with.fold_anew,
                                                       .fold_anew = with.fold_anew}),
                                with.db);
    if (with.fold_anew) value_or_fail(ledger.save(), with.db);
    records_of_files known;
    std::vector<std::string> of_answers;
    auto answers = with.only_after ? std::nullopt : begin_answers(ledger, with.db, of_answers);
    request.visit = [&](aiaudit::sequence number, aiaudit::record_view const& entry) {
        known.see(number, entry);
        if (answers) answers->see(number, entry);
    };
    auto found = value_or_fail(aiaudit::verify(ledger, request), with.db);
    if (with.only_after) {
        found.unvouched.push_back("files beside the ledger");
    } else if (found.sound()) {
        compare_keys(with.db, known, found);
        compare_prices(with.db, known, found);
        if (answers)
            value_or_fail(answers->end(found.dropped, of_answers, found.unvouched), with.db);
        for (std::string& each : of_answers) found.findings.push_back(std::move(each));
    }
    if (!found.sound()) status = exit_finding;
    if (with.format == "json") {
        std::cout << to_json(found) << '\n';
        return;
    }
    std::cout << found.conclusion() << '\n';
    for (std::size_t i = 1; i < found.findings.size(); ++i) std::cout << found.findings[i] << '\n';
    for (std::string const& each : found.unvouched)
        std::cout << "not vouched for: " << each << '\n';
    if (found.saved_differs)
        std::cout << "to make what is saved anew from the records: aiaudit verify --db DIR "
                     "--fold-anew; what is of dropped records is in a copy from before alone\n";
    std::cout << "size " << found.size << " root " << found.root.to_string() << '\n';
}

// The log whose checkpoint a proof ends in, which has the policy's quorum.
aiaudit::result<aiaudit::trusted_log> log_of_proof(std::string const& file, options const& with) {
    auto const policy = read_log_policy(with.policy);
    std::string note;
    if (file.starts_with(aiaudit::detail::consistency_title))
        note = value_or_fail(aiaudit::consistency_proof_file::parse(file), with.proof).newer_note;
    else
        note =
            value_or_fail(aiaudit::inclusion_proof_file::parse(file), with.proof).checkpoint_note;
    auto const opened = policy.open(note);
    if (!opened) return opened.error();
    return policy.log_named(opened->state.origin());
}

// Needs no ledger: what a file and a key show by themselves.
void verify_proof(options const& with, int& status) {
    if (with.key.empty() == with.policy.empty())
        throw failure{"--proof needs --key or --policy: whose signature counts"};
    std::string const file = read_input(with.proof);
    auto const log = with.policy.empty()
                         ? aiaudit::result<aiaudit::trusted_log>(read_verification_key(with.key))
                         : log_of_proof(file, with);
    auto const refuse = [&](aiaudit::error const& why) {
        if (why.code != aiaudit::errc::verification_failed)
            throw failure{with.proof + ": " + why.message()};
        std::cout << "NOT PROVEN: " << why.where << '\n';
        status = exit_finding;
    };
    if (!log) return refuse(log.error());
    if (file.starts_with(aiaudit::detail::consistency_title)) {
        auto const shown = aiaudit::verify_consistency(file, *log);
        if (!shown) return refuse(shown.error());
        std::cout << "the log of " << shown->newer.size() << " records begins with all "
                  << shown->older.size() << " of the older checkpoint\n";
        return;
    }
    auto const shown = aiaudit::verify_inclusion(file, *log);
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
    command->add_option("--policy", with->policy,
                        "In place of --key: a policy (c2sp.org/tlog-policy), whose quorum of "
                        "witnesses is demanded");
    command->add_flag("--only-after", with->only_after,
                      "Read only the records after the checkpoint");
    command->add_flag(
        "--fold-anew", with->fold_anew,
        "First make rollups, budgets and alerts anew from the records, and save them");
    command->add_option("--format", with->format, "text or json")
        ->check(CLI::IsMember({"text", "json"}));
    command->callback([with, &status] {
        if (!with->key.empty() && !with->policy.empty())
            throw failure{"--key and --policy exclude each other"};
        if (with->db.empty() && with->proof.empty() && !with->checkpoint.empty())
            return verify_quorum(*with, status);
        if (with->db.empty() == with->proof.empty())
            throw failure{"verify needs --db DIR, --proof FILE, or --policy and --checkpoint"};
        if (with->db.empty()) {
            verify_proof(*with, status);
        } else {
            verify_ledger(*with, status);
        }
    });
}

}  // namespace aiaudit_tool
