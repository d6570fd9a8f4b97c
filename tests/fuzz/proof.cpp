// SPDX-License-Identifier: MIT
//
// proof.cpp: any bytes as a proof file. What is read must be written back the same, a file is
// accepted only with a checkpoint that we signed and a record that is in its log, and any numbers
// as a tree's are followed without a fault.
#include "require.hpp"

#include <aiaudit/integrity/proof_file.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace {

using namespace aiaudit;
using namespace aiaudit_fuzz;

// A log of 11 records that are one byte each, its key and two checkpoints.
struct known_log {
    note_signing_key key = note_signing_key::generate("log").value();
    trusted_log trusted{key.verification_key()};
    std::vector<digest> leaves{};
    std::string notes[2]{};

    known_log() {
        compact_range range;
        for (char record = 'a'; record < 'a' + 11; ++record) {
            leaves.push_back(leaf_hash(std::string_view(&record, 1)));
            range.append(leaves.back());
            if (range.size() == 6) notes[0] = note_of(range);
        }
        notes[1] = note_of(range);
    }
    [[nodiscard]] std::string note_of(compact_range const& range) const {
        return sign_checkpoint({"log", range.size(), range.root()}, key).value();
    }
};

// Fills the places of the notes, which the fuzzer cannot make, with good ones.
void with_good_notes(std::string_view bytes, known_log const& log) {
    if (auto file = inclusion_proof_file::parse(bytes)) {
        file->checkpoint_note = log.notes[1];
        auto const shown = verify_inclusion(file->to_text(), log.trusted);
        if (told(shown)) require(leaf_hash(shown->record) == log.leaves.at(shown->index));
    }
    if (auto file = consistency_proof_file::parse(bytes)) {
        file->older_note = log.notes[0];
        file->newer_note = log.notes[1];
        static_cast<void>(told(verify_consistency(file->to_text(), log.trusted)));
        file->newer_note = log.notes[0];
        require(verify_consistency(file->to_text(), log.trusted).has_value() == file->path.empty());
    }
}

// A proof built over any tree has the length that its numbers say, and a leaf's own tree holds it.
void any_numbers(std::string_view bytes) {
    detail::byte_reader in{bytes};
    auto const index = in.little_endian<std::uint64_t>();
    auto const size = in.little_endian<std::uint64_t>();
    if (!in.ok()) return;
    auto const nodes = [](unsigned level, std::uint64_t place) -> result<digest> {
        require(((place + 1) << level) <= limits::tree_size);
        digest hash;
        hash.bytes[0] = static_cast<std::uint8_t>(level);
        detail::store_little_endian(reinterpret_cast<char*>(hash.bytes.data()) + 1, place);
        return hash;
    };
    auto const inclusion = inclusion_proof(index, size, nodes);
    require(inclusion.has_value() == (index < size && size <= limits::tree_size));
    if (inclusion) {
        require(inclusion->size() == detail::inclusion_proof_length(index, size));
        // Only in a tree of one leaf is the leaf the root.
        require(detail::inclusion_holds(index, size, {}, *inclusion, {}) == (size == 1));
    }
    auto const consistency = consistency_proof(index, size, nodes);
    require(consistency.has_value() == (index > 0 && index <= size && size <= limits::tree_size));
    if (consistency) {
        require(consistency->size() == detail::consistency_proof_length(index, size));
        require(detail::consistency_holds(index, size, *consistency, {}, {}) == (index == size));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const bytes{reinterpret_cast<char const*>(data), size};
    static known_log const log;
    if (auto const file = inclusion_proof_file::parse(bytes); told(file))
        require(file->to_text() == bytes);
    if (auto const file = consistency_proof_file::parse(bytes); told(file))
        require(file->to_text() == bytes);
    require(!told(verify_inclusion(bytes, log.trusted)));
    require(!told(verify_consistency(bytes, log.trusted)));
    with_good_notes(bytes, log);
    any_numbers(bytes);
    return 0;
}
