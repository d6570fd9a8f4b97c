// SPDX-License-Identifier: MIT
//
// proof_file.hpp: proofs as files that stand alone: with the log's key, which the reader has from
// elsewhere, a file is all that it takes to verify.
//
// An inclusion proof is a c2sp.org/tlog-proof whose extra data are the record's canonical bytes. A
// consistency proof, of which there is no standard, is written in the same manner:
//
//     c2sp.org/tlog-proof@v1          aiaudit consistency proof v1
//     extra BASE64                    BASE64 of a hash, none or more lines
//     index 7
//     BASE64 of a hash, or none       the older checkpoint
//
//     a checkpoint                    the newer checkpoint
//
// with an empty line before each checkpoint. A checkpoint has exactly one empty line of its own, so
// where a part ends is never in doubt.
// Threads: plain values.
// Floor 4.
#ifndef AIAUDIT_INTEGRITY_PROOF_FILE_HPP
#define AIAUDIT_INTEGRITY_PROOF_FILE_HPP

#include <aiaudit/integrity/checkpoint.hpp>  // checkpoint, open_checkpoint
#include <aiaudit/integrity/proof.hpp>       // verify_inclusion, verify_consistency
#include <aiaudit/limits.hpp>                // proof_file_bytes

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// Unverified: what a file says. Nothing in it is to be believed before verify_inclusion().
struct inclusion_proof_file {
    std::string record{};  // the extra data; empty is none
    std::uint64_t index = 0;
    std::vector<digest> path{};
    std::string checkpoint_note{};

    friend bool operator==(inclusion_proof_file const&,
                           inclusion_proof_file const&) noexcept = default;
    // parse() reads the same back, if the note is a checkpoint's.
    [[nodiscard]] std::string to_text() const;
    // to_text() writes the same back. Errors: bad_input; too_large.
    [[nodiscard]] static result<inclusion_proof_file> parse(std::string_view file);
};

// Unverified, as above, before verify_consistency().
struct consistency_proof_file {
    std::vector<digest> path{};
    std::string older_note{};
    std::string newer_note{};

    friend bool operator==(consistency_proof_file const&,
                           consistency_proof_file const&) noexcept = default;
    [[nodiscard]] std::string to_text() const;
    [[nodiscard]] static result<consistency_proof_file> parse(std::string_view file);
};

namespace detail {

inline constexpr std::string_view inclusion_title = "c2sp.org/tlog-proof@v1";
inline constexpr std::string_view consistency_title = "aiaudit consistency proof v1";

// The longest path of a tree of limits::tree_size leaves, and the start of a consistency proof.
inline constexpr std::size_t proof_hashes_max = 64;

inline void append_hashes(std::string& text, std::vector<digest> const& hashes) {
    for (digest const& hash : hashes) text.append(base64_of(hash)).append(1, '\n');
}

// Takes lines of hashes up to an empty line, and that.
[[nodiscard]] inline result<std::vector<digest>> take_hashes(std::string_view& rest) {
    std::vector<digest> hashes;
    for (;;) {
        auto const line = take_line(rest);
        if (!line) return fail(errc::bad_input, "a proof file ends before its checkpoint");
        if (line->empty()) return hashes;
        auto const hash = digest_of_base64(*line);
        if (!hash) return fail(errc::bad_input, "a proof file has a line that is not a hash");
        if (hashes.size() == proof_hashes_max)
            return fail(errc::too_large, "a proof file has too many hashes");
        hashes.push_back(*hash);
    }
}

[[nodiscard]] inline result<void> take_title(std::string_view& rest, std::string_view title) {
    if (rest.size() > limits::proof_file_bytes)
        return fail(errc::too_large, "a proof file is too long");
    if (take_line(rest) != title)
        return fail(errc::bad_input,
                    "not a proof file: its first line must be " + std::string(title));
    return {};
}

// Checks the form of a checkpoint's note, not what it says.
[[nodiscard]] inline result<void> check_checkpoint_form(std::string_view note) {
    auto const parts = split_note(note);
    if (!parts) return parts.error();
    auto const state = checkpoint::parse(parts->text);
    if (!state) return state.error();
    return {};
}

}  // namespace detail

inline std::string inclusion_proof_file::to_text() const {
    std::string text{detail::inclusion_title};
    if (!record.empty()) text.append("\nextra ").append(detail::base64_encode(record));
    text.append("\nindex ").append(std::to_string(index)).append(1, '\n');
    detail::append_hashes(text, path);
    return text.append(1, '\n').append(checkpoint_note);
}

inline result<inclusion_proof_file> inclusion_proof_file::parse(std::string_view file) {
    constexpr std::string_view extra = "extra ";
    constexpr std::string_view index = "index ";
    std::string_view rest = file;
    if (auto const title = detail::take_title(rest, detail::inclusion_title); !title)
        return title.error();
    inclusion_proof_file proof;
    auto line = detail::take_line(rest);
    if (line && line->starts_with(extra)) {
        auto data = detail::base64_decode(line->substr(extra.size()));
        if (!data || data->empty())
            return fail(errc::bad_input, "the extra data of a proof file are not base64");
        proof.record = std::move(*data);
        line = detail::take_line(rest);
    }
    if (!line || !line->starts_with(index))
        return fail(errc::bad_input, "a proof file has no line 'index'");
    auto const number = detail::decimal_of(line->substr(index.size()));
    if (!number) return fail(errc::bad_input, "the index of a proof file is not a number");
    proof.index = *number;
    auto path = detail::take_hashes(rest);
    if (!path) return path.error();
    proof.path = std::move(*path);
    if (auto const form = detail::check_checkpoint_form(rest); !form) return form.error();
    proof.checkpoint_note = rest;
    return proof;
}

inline std::string consistency_proof_file::to_text() const {
    std::string text{detail::consistency_title};
    text += '\n';
    detail::append_hashes(text, path);
    return text.append(1, '\n').append(older_note).append(1, '\n').append(newer_note);
}

inline result<consistency_proof_file> consistency_proof_file::parse(std::string_view file) {
    std::string_view rest = file;
    if (auto const title = detail::take_title(rest, detail::consistency_title); !title)
        return title.error();
    consistency_proof_file proof;
    auto path = detail::take_hashes(rest);
    if (!path) return path.error();
    proof.path = std::move(*path);
    // The older note ends at the second empty line from here; the first is its own.
    std::size_t const own = rest.find("\n\n");
    std::size_t const end =
        own == std::string_view::npos ? std::string_view::npos : rest.find("\n\n", own + 2);
    if (end == std::string_view::npos)
        return fail(errc::bad_input, "a consistency proof has two checkpoints");
    proof.older_note = rest.substr(0, end + 1);
    proof.newer_note = rest.substr(end + 2);
    for (std::string const* const note : {&proof.older_note, &proof.newer_note}) {
        if (auto const form = detail::check_checkpoint_form(*note); !form) return form.error();
    }
    return proof;
}

// What a proof file has shown.
struct verified_record {
    std::string record{};  // its canonical bytes
    std::uint64_t index = 0;
    verified_checkpoint state;  // of the log that it is in
};

// Errors: as inclusion_proof_file::parse and open_checkpoint; bad_input for a file without a
// record; verification_failed.
[[nodiscard]] inline result<verified_record> verify_inclusion(std::string_view file,
                                                              trusted_log const& log) {
    auto proof = inclusion_proof_file::parse(file);
    if (!proof) return proof.error();
    if (proof->record.empty()) return fail(errc::bad_input, "a proof file holds no record");
    auto state = open_checkpoint(proof->checkpoint_note, log);
    if (!state) return state.error();
    auto const held = verify_inclusion(*state, proof->index, leaf_hash(proof->record), proof->path);
    if (!held) return held.error();
    return verified_record{std::move(proof->record), proof->index, std::move(*state)};
}

struct verified_growth {
    verified_checkpoint older;
    verified_checkpoint newer;
};

// Errors: as consistency_proof_file::parse and open_checkpoint; verification_failed.
[[nodiscard]] inline result<verified_growth> verify_consistency(std::string_view file,
                                                                trusted_log const& log) {
    auto const proof = consistency_proof_file::parse(file);
    if (!proof) return proof.error();
    auto older = open_checkpoint(proof->older_note, log);
    if (!older) return older.error();
    auto newer = open_checkpoint(proof->newer_note, log);
    if (!newer) return newer.error();
    auto const held = verify_consistency(*older, *newer, proof->path);
    if (!held) return held.error();
    return verified_growth{std::move(*older), std::move(*newer)};
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_INTEGRITY_PROOF_FILE_HPP
