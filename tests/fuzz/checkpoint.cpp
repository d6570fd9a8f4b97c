// SPDX-License-Identifier: MIT
//
// checkpoint.cpp: any bytes as a key, a note, a checkpoint and the state of a tree. What is read
// must be written back the same; nothing opens that the key did not sign.
#include "require.hpp"

#include <aiaudit/integrity/checkpoint.hpp>
#include <aiaudit/integrity/merkle.hpp>
#include <aiaudit/limits.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace {

using namespace aiaudit;
using namespace aiaudit_fuzz;

void read_keys(std::string_view bytes) {
    if (auto const key = note_verification_key::parse(bytes); told(key))
        require(key->to_string() == bytes);
    if (auto const key = note_signing_key::parse(bytes); told(key))
        require(key->to_secret_string() == bytes);
}

// A text that can be signed opens again; one that is a checkpoint's comes back equal.
void read_texts(std::string_view bytes, note_signing_key const& key) {
    trusted_log const log{key.verification_key()};
    if (auto const note = sign_note(bytes, std::span(&key, 1)); told(note))
        require(open_note(*note, log.keys).value().text == bytes);
    auto const state = checkpoint::parse(bytes);
    if (!told(state)) return;
    std::string const text = state->to_text().value();
    require(bytes.starts_with(text));
    require(checkpoint::parse(text).value() == *state);
    trusted_log const named{state->origin, {key.verification_key()}};
    require(open_checkpoint(sign_checkpoint(*state, key).value(), named).value().value() == *state);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const bytes{reinterpret_cast<char const*>(data), size};
    // The seed's bytes are 1: the fuzzer could make its signatures only by breaking Ed25519.
    static note_signing_key const key = [] {
        detail::ed25519_seed seed;
        seed.bytes.fill(1);
        auto const point = detail::ed25519_public_of(detail::ed25519_from_seed(seed));
        return note_signing_key::parse("PRIVATE+KEY+log+" +
                                       detail::to_hex(detail::note_key_id_of("log", point)) + '+' +
                                       detail::base64_encode(std::string(33, '\1')))
            .value();
    }();
    read_keys(bytes);
    read_texts(bytes, key);
    auto const parts = detail::split_note(bytes);
    if (told(parts)) {
        std::string again{parts->text};
        again += '\n';
        for (detail::note_signature const& signature : parts->signatures) {
            std::string blob{detail::view_of(signature.id)};
            blob += signature.bytes;
            again.append(detail::note_signature_mark).append(signature.name).append(1, ' ');
            again.append(detail::base64_encode(blob)).append(1, '\n');
        }
        require(again == bytes);
        auto const opened = open_note(bytes, std::span(&key.verification_key(), 1));
        // Signatures are deterministic: what opens is what the key makes of that text.
        if (told(opened)) {
            std::string const note = sign_note(opened->text, std::span(&key, 1)).value();
            std::string_view const line = std::string_view(note).substr(opened->text.size() + 1);
            require(bytes.find(line) != std::string_view::npos);
        }
    }
    if (auto range = compact_range::from_bytes(bytes); told(range)) {
        require(range->to_bytes() == bytes);
        static_cast<void>(range->root());
        if (range->size() < limits::tree_size) range->append(leaf_hash(bytes));
    }
    if (auto const decoded = detail::base64_decode(bytes))
        require(detail::base64_encode(*decoded) == bytes);
    return 0;
}
