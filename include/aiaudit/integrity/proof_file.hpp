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

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
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

}  // namespace detail

// What a proof file has shown.
struct verified_record {
    std::string record{};  // its canonical bytes
    std::uint64_t index = 0;
    verified_checkpoint state;  // of the log that it is in
};

// Errors: as inclusion_proof_file::parse and open_checkpoint; bad_input for a file without a
// record; verification_failed.
[[nodiscard]] result<verified_record> verify_inclusion(std::string_view file,
                                                       trusted_log const& log);

struct verified_growth {
    verified_checkpoint older;
    verified_checkpoint newer;
};

// Errors: as consistency_proof_file::parse and open_checkpoint; verification_failed.
[[nodiscard]] result<verified_growth> verify_consistency(std::string_view file,
                                                         trusted_log const& log);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/integrity/proof_file.ipp>
#endif

#endif  // AIAUDIT_INTEGRITY_PROOF_FILE_HPP
