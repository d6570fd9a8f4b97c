// SPDX-License-Identifier: MIT
//
// witness.ipp: the definitions of witness.hpp.
#ifndef AIAUDIT_IMPL_AUDIT_WITNESS_IPP
#define AIAUDIT_IMPL_AUDIT_WITNESS_IPP

#include <aiaudit/audit/witness.hpp>
#include <aiaudit/clock/clock.hpp>       // system_clock
#include <aiaudit/config.hpp>            // AIAUDIT_INLINE
#include <aiaudit/integrity/merkle.hpp>  // empty_root
#include <aiaudit/integrity/proof.hpp>   // consistency_holds
#include <aiaudit/limits.hpp>            // note_bytes

#include <array>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE witness_answer witness_says(int status, std::string words) {
    witness_answer made;
    made.status = status;
    made.body = std::move(words);
    made.body += '\n';
    return made;
}

// The three lines of a checkpoint, whatever root an empty tree has: that is refused by a status of
// its own.
AIAUDIT_INLINE std::optional<checkpoint> checkpoint_lines(std::string_view text) {
    auto const origin = take_line(text);
    auto const size = take_line(text);
    auto const root = take_line(text);
    if (!root || origin->empty()) return std::nullopt;
    auto const number = decimal_of(*size);
    auto const hash = digest_of_base64(*root);
    if (!number || *number > limits::tree_size || !hash) return std::nullopt;
    while (!text.empty()) {
        auto const extension = take_line(text);
        if (!extension || extension->empty()) return std::nullopt;
    }
    return checkpoint{std::string(*origin), *number, *hash};
}

}  // namespace detail

AIAUDIT_INLINE result<witness> witness::open(log_policy const& policy, audit_directory in,
                                             cosigner_signing_key key,
                                             std::function<timestamp()> now) {
    auto const point = key.verification_key().point();
    if (!now) now = [] { return system_clock{}.now(); };
    witness made{std::make_unique<shared>(std::move(in), std::move(key), std::move(now))};
    for (auto const& each : policy.logs())
        if (each.key.point() == point)
            return fail(errc::bad_argument, "the witness's key is that of a log too");
    for (trusted_log& each : policy.trusted_logs()) {
        watched_log log{std::move(each)};
        log.directory = made.state_->directory.witness_of(log.log.origin);
        if (auto ok = made.load(log); !ok) return ok.error();
        std::string const origin = log.log.origin;
        made.state_->logs.emplace(origin, std::move(log));
    }
    return made;
}

// What it cosigned last, by its own signature and the log's.
AIAUDIT_INLINE result<void> witness::load(watched_log& of) const {
    std::string const path = of.directory + "/checkpoint";
    auto note = detail::read_whole_file(path, limits::note_bytes);
    if (!note && note.error().code == errc::not_found)
        return detail::make_directories(of.directory);
    if (!note) return note.error();
    auto const damaged = [&path](std::string const& why) {
        return fail(errc::corrupt, path + ": is not what the witness cosigned (" + why +
                                       "); put its copy back, or the log could be rolled back");
    };
    auto const state = open_checkpoint(*note, of.log);
    if (!state) return damaged(state.error().message());
    std::array<cosigner_verification_key, 1> const own{verification_key()};
    auto const by = cosignatures_of(*note, own);
    if (!by || by->empty()) return damaged("the witness's own signature is not on it");
    of.state = state->value();
    of.note = std::move(*note);
    return {};
}

AIAUDIT_INLINE std::optional<witness_answer> witness::refuse_step(watched_log const& log,
                                                                  add_checkpoint_body const& body,
                                                                  checkpoint const& state) {
    using detail::witness_says;
    if (body.old_size > state.size)
        return witness_says(400, "the old size is over that of the checkpoint");
    if (std::uint64_t const known = log.note.empty() ? 0 : log.state.size; body.old_size != known) {
        auto conflict = witness_says(409, std::to_string(known));
        conflict.type = add_checkpoint_body::size_type;
        return conflict;
    }
    if (state.size == 0 && state.root != empty_root())
        return witness_says(422, "the root of an empty tree is the hash of nothing");
    if (body.old_size == 0) {
        if (!body.proof.empty())
            return witness_says(422, "from an old size of 0 there is nothing to prove");
        return std::nullopt;
    }
    if (!detail::consistency_holds(body.old_size, state.size, body.proof, log.state.root,
                                   state.root))
        return witness_says(422, "the proof does not lead from what was cosigned before to this");
    return std::nullopt;
}

AIAUDIT_INLINE witness_answer witness::cosign(watched_log& log, checkpoint const& state,
                                              std::string_view note) {
    using detail::witness_says;
    auto const parts = detail::split_note(note);
    timestamp const now = state_->now();
    std::uint64_t const seconds = now.ns <= 0 ? 1 : static_cast<std::uint64_t>(now.seconds());
    if (!parts) return witness_says(400, "the checkpoint is no note");
    auto const line = state_->key.cosign(parts->text, seconds);
    if (!line) return witness_says(400, "the checkpoint cannot be cosigned: " + line.error().where);
    // With the signatures that were verified, and no stranger's.
    std::string kept = std::string(parts->text) + '\n';
    for (detail::note_signature const& each : parts->signatures)
        for (note_verification_key const& key : log.log.keys)
            if (key.name() == each.name && key.id() == each.id)
                kept += detail::signature_line(each.name, each.id, each.bytes);
    kept += *line;
    if (auto const written = detail::replace_file(log.directory + "/checkpoint", kept); !written)
        return witness_says(500, "the witness cannot write down what it cosigns");
    log.note = std::move(kept);
    log.state = state;
    witness_answer made;
    made.body = *line;
    return made;
}

AIAUDIT_INLINE witness_answer witness::add_checkpoint(std::string_view text) {
    using detail::witness_says;
    auto const body = add_checkpoint_body::parse(text);
    if (!body) return witness_says(400, body.error().where);
    auto const parts = detail::split_note(body->note);
    if (!parts) return witness_says(400, parts.error().where);
    auto const state = detail::checkpoint_lines(parts->text);
    if (!state) return witness_says(400, "what follows the empty line is no checkpoint");
    std::lock_guard const lock(state_->mutex);
    auto const known = state_->logs.find(state->origin);
    if (known == state_->logs.end()) return witness_says(404, "this origin is not known here");
    watched_log& log = known->second;
    if (auto const opened = open_note(body->note, log.log.keys); !opened)
        return witness_says(403, opened.error().where);
    if (auto refused = refuse_step(log, *body, *state)) return std::move(*refused);
    return cosign(log, *state, body->note);
}

AIAUDIT_INLINE witness_answer witness::checkpoint_at(std::string_view origin_hash) {
    std::lock_guard const lock(state_->mutex);
    for (auto const& [origin, log] : state_->logs) {
        if (log.note.empty() || detail::origin_hash(origin) != origin_hash) continue;
        witness_answer made;
        made.body = log.note;
        return made;
    }
    return detail::witness_says(404, "no checkpoint of such a log was cosigned here");
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_AUDIT_WITNESS_IPP
