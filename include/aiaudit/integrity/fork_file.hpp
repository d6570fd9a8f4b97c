// SPDX-License-Identifier: MIT
//
// fork_file.hpp: the evidence that a log has signed two histories, as a file that stands alone:
// with the log's key, which the reader has from elsewhere, a file is all that it takes to verify.
//
//     aiaudit fork evidence v1
//     BASE64 of the root that the newer checkpoint has for the size of the older one
//     BASE64 of a hash, none or more lines: the proof of that (RFC 6962, consistency)
//
//     the older checkpoint
//
//     the newer checkpoint
//
// The proof shows which root the tree of the newer checkpoint has at the older one's size. Where
// that is not the root which the older one states, no log can have grown from it to the other,
// whoever made the file. Where the sizes are equal there is no proof: the roots differ.
// Threads: plain values.
// Floor 4.
#ifndef AIAUDIT_INTEGRITY_FORK_FILE_HPP
#define AIAUDIT_INTEGRITY_FORK_FILE_HPP

#include <aiaudit/integrity/checkpoint.hpp>  // verified_checkpoint
#include <aiaudit/integrity/proof_file.hpp>  // consistency_proof_file

#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

// Unverified: what a file says. Nothing in it is to be believed before verify_fork().
struct fork_file {
    digest root{};  // of the newer tree, at the older size
    consistency_proof_file growth{};

    friend bool operator==(fork_file const&, fork_file const&) noexcept = default;
    // parse() reads the same back, if the notes are checkpoints'.
    [[nodiscard]] std::string to_text() const;
    // to_text() writes the same back. Errors: bad_input; too_large.
    [[nodiscard]] static result<fork_file> parse(std::string_view file);
};

struct verified_fork {
    verified_checkpoint older;
    verified_checkpoint newer;
    digest root{};  // that the newer one has where the older has older.root()
};

// Errors: as fork_file::parse and open_checkpoint; verification_failed, where the file shows no
// fork.
[[nodiscard]] result<verified_fork> verify_fork(std::string_view file, trusted_log const& log);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/integrity/fork_file.ipp>
#endif

#endif  // AIAUDIT_INTEGRITY_FORK_FILE_HPP
