// SPDX-License-Identifier: MIT
//
// aiaudit checkpoint: a signed statement of the log's size and root, and the key to sign it with.

#include <aiaudit/engine/log_reader.hpp>
#include <aiaudit/storage/lmdb_store.hpp>
#include "commands.hpp"

#include <fstream>
#include <iostream>
#include <memory>

#include <fcntl.h>
#include <unistd.h>

namespace aiaudit_tool {
namespace checkpoint_command {

struct options {
    std::string db{};
    std::string key{};
    std::string out{};
    std::string new_key{};
};

void make_key(options const& with) {
    if (with.out.empty()) throw failure{"--new-key needs --out: where the secret key is to lie"};
    auto const key = value_or_fail(aiaudit::note_signing_key::generate(with.new_key), "--new-key");
    write_secret(with.out, key.to_secret_string() + "\n");
    std::cout << key.verification_key().to_string() << '\n';
}

// What the file holds already must be of the same log, further back.
template <class Ledger>
void check_grows(Ledger const& ledger, options const& with, aiaudit::note_signing_key const& key) {
    std::ifstream const there(with.out);
    if (!there) return;
    auto const older = value_or_fail(
        aiaudit::open_checkpoint(read_input(with.out), key.verification_key()), with.out);
    auto const size = value_or_fail(ledger.last_sequence(), with.db);
    auto const before = ledger.log().tree_of(older.size());
    if (older.size() <= value_of(size) && before && before->root() == older.root()) return;
    throw failure{with.db + ": is not the log of the checkpoint in " + with.out +
                      " with more records; a new checkpoint would contradict that one",
                  exit_finding};
}

void run(options const& with) {
    if (!with.new_key.empty()) return make_key(with);
    if (with.db.empty() || with.key.empty()) throw failure{"checkpoint needs --db and --key"};
    auto const key = read_signing_key(with.key);
    auto const ledger = value_or_fail(
        aiaudit::ledger::open({.path = with.db, .create = false, .read_only = true}), with.db);
    if (!with.out.empty()) check_grows(ledger, with, key);
    auto const state = value_or_fail(aiaudit::checkpoint_of(ledger, key.name()), with.db);
    auto const note = value_or_fail(aiaudit::sign_checkpoint(state, key), with.key);
    write_output(with.out, note);
}

}  // namespace checkpoint_command

void write_secret(std::string const& path, std::string const& text) {
    int const file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) throw failure{path + ": cannot be made, or is there already"};
    bool const written =
        ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
        ::fsync(file) == 0;
    ::close(file);
    if (!written) throw failure{path + ": cannot be written"};
}

aiaudit::note_signing_key read_signing_key(std::string const& path) {
    std::string text = read_input(path);
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return value_or_fail(aiaudit::note_signing_key::parse(text), path);
}

void add_checkpoint(CLI::App& program, int&) {
    using namespace checkpoint_command;
    auto with = std::make_shared<options>();
    CLI::App* const command = program.add_subcommand(
        "checkpoint",
        "Sign the log's size and root; keep the result where its writer cannot reach it");
    command->add_option("--db", with->db, "The ledger's directory");
    command->add_option("--key", with->key, "The file of the secret key");
    command->add_option("--out", with->out,
                        "Where to write; a checkpoint that is there must be an earlier one of the "
                        "same log. Default: standard output");
    command->add_option("--new-key", with->new_key,
                        "Make a secret key of that name, such as example.com/audit, in the file "
                        "--out, and print its verification key");
    command->callback([with] { run(*with); });
}

}  // namespace aiaudit_tool
