// SPDX-License-Identifier: MIT
//
// proof_file.ipp: the definitions of proof_file.hpp.
#ifndef AIAUDIT_IMPL_INTEGRITY_PROOF_FILE_IPP
#define AIAUDIT_IMPL_INTEGRITY_PROOF_FILE_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/integrity/proof_file.hpp>
#include <aiaudit/limits.hpp>  // proof_file_bytes

#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Takes lines of hashes up to an empty line, and that.
AIAUDIT_INLINE result<std::vector<digest>> take_hashes(std::string_view& rest) {
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

AIAUDIT_INLINE result<void> take_title(std::string_view& rest, std::string_view title) {
    if (rest.size() > limits::proof_file_bytes)
        return fail(errc::too_large, "a proof file is too long");
    if (take_line(rest) != title)
        return fail(errc::bad_input,
                    "not a proof file: its first line must be " + std::string(title));
    return {};
}

// Checks the form of a checkpoint's note, not what it says.
AIAUDIT_INLINE result<void> check_checkpoint_form(std::string_view note) {
    auto const parts = split_note(note);
    if (!parts) return parts.error();
    auto const state = checkpoint::parse(parts->text);
    if (!state) return state.error();
    return {};
}

}  // namespace detail

AIAUDIT_INLINE std::string inclusion_proof_file::to_text() const {
    std::string text{detail::inclusion_title};
    if (!record.empty()) text.append("\nextra ").append(detail::base64_encode(record));
    text.append("\nindex ").append(std::to_string(index)).append(1, '\n');
    detail::append_hashes(text, path);
    return text.append(1, '\n').append(checkpoint_note);
}

AIAUDIT_INLINE result<inclusion_proof_file> inclusion_proof_file::parse(std::string_view file) {
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

AIAUDIT_INLINE std::string consistency_proof_file::to_text() const {
    std::string text{detail::consistency_title};
    text += '\n';
    detail::append_hashes(text, path);
    return text.append(1, '\n').append(older_note).append(1, '\n').append(newer_note);
}

AIAUDIT_INLINE result<consistency_proof_file> consistency_proof_file::parse(std::string_view file) {
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

AIAUDIT_INLINE result<verified_record> verify_inclusion(std::string_view file,
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

AIAUDIT_INLINE result<verified_growth> verify_consistency(std::string_view file,
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

#endif  // AIAUDIT_IMPL_INTEGRITY_PROOF_FILE_IPP
