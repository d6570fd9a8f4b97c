// SPDX-License-Identifier: MIT
//
// aiaudit prove: a file that shows, without the ledger, that a record is in the log, or that a log
// only grew between two checkpoints.

#include <aiaudit/codec/record_codec.hpp>
#include <aiaudit/engine/log_reader.hpp>
#include <aiaudit/storage/lmdb_store.hpp>
#include "commands.hpp"

#include <iostream>
#include <memory>

namespace aiaudit_tool {
namespace prove_command {

struct options {
    std::string db{};
    std::string checkpoint{};
    std::string older{};
    std::string key{};
    std::string out{};
    std::uint64_t sequence = 0;
};

struct signed_state {
    std::string note{};
    aiaudit::checkpoint state{};
};

// What a checkpoint's file says. Whether its signature counts is for who reads the proof to decide.
signed_state read_checkpoint(std::string const& path) {
    signed_state read{read_input(path), {}};
    auto const parts = value_or_fail(aiaudit::detail::split_note(read.note), path);
    read.state = value_or_fail(aiaudit::checkpoint::parse(parts.text), path);
    return read;
}

template <class Ledger>
signed_state state_for(Ledger const& ledger, options const& with) {
    if (!with.checkpoint.empty()) return read_checkpoint(with.checkpoint);
    if (with.key.empty()) throw failure{"prove needs --checkpoint, or --key to sign one now"};
    auto const key = read_signing_key(with.key);
    auto const state = value_or_fail(aiaudit::checkpoint_of(ledger, key.name()), with.db);
    return {value_or_fail(aiaudit::sign_checkpoint(state, key), with.key), state};
}

void run(options const& with) {
    if ((with.sequence == 0) == with.older.empty())
        throw failure{"prove needs --sequence N, or --older CHECKPOINT"};
    auto const ledger = value_or_fail(
        aiaudit::ledger::open({.path = with.db, .create = false, .read_only = true}), with.db);
    auto node = ledger.log().nodes();
    signed_state const newer = state_for(ledger, with);
    if (value_of(value_or_fail(ledger.last_sequence(), with.db)) < newer.state.size)
        throw failure{with.db + ": has fewer records than the checkpoint", exit_finding};
    if (!with.older.empty()) {
        signed_state const older = read_checkpoint(with.older);
        aiaudit::consistency_proof_file proof;
        proof.path = value_or_fail(
            aiaudit::consistency_proof(older.state.size, newer.state.size, node), with.older);
        proof.older_note = older.note;
        proof.newer_note = newer.note;
        return write_output(with.out, proof.to_text());
    }
    aiaudit::inclusion_proof_file proof;
    proof.index = with.sequence - 1;
    proof.path =
        value_or_fail(aiaudit::inclusion_proof(proof.index, newer.state.size, node), with.db);
    proof.checkpoint_note = newer.note;
    value_or_fail(ledger.read(aiaudit::sequence{with.sequence},
                              [&](aiaudit::sequence, aiaudit::record&& entry) {
                                  proof.record = aiaudit::encode_record(entry);
                                  return false;
                              }),
                  with.db);
    write_output(with.out, proof.to_text());
}

}  // namespace prove_command

void add_prove(CLI::App& program, int&) {
    using namespace prove_command;
    auto with = std::make_shared<options>();
    CLI::App* const command = program.add_subcommand(
        "prove",
        "A file that shows without the ledger that a record is in it, or that it only grew");
    command->add_option("--db", with->db, "The ledger's directory")->required();
    command->add_option("--sequence", with->sequence, "The record to prove");
    command->add_option("--older", with->older,
                        "A checkpoint: prove that the log only grew since it was signed");
    command->add_option("--checkpoint", with->checkpoint, "The checkpoint that the proof ends in");
    command->add_option("--key", with->key, "Or the file of the secret key, to sign one now");
    command->add_option("--out", with->out, "Where to write; default: standard output");
    command->callback([with] { run(*with); });
}

}  // namespace aiaudit_tool
