// SPDX-License-Identifier: MIT
//
// fork_file.ipp: the definitions of fork_file.hpp.
#ifndef AIAUDIT_IMPL_INTEGRITY_FORK_FILE_IPP
#define AIAUDIT_IMPL_INTEGRITY_FORK_FILE_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/integrity/fork_file.hpp>
#include <aiaudit/limits.hpp>  // proof_file_bytes

#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

inline constexpr std::string_view fork_title = "aiaudit fork evidence v1";

}  // namespace detail

AIAUDIT_INLINE std::string fork_file::to_text() const {
    std::string const proof = growth.to_text();
    std::string text{detail::fork_title};
    text.append(1, '\n').append(detail::base64_of(root)).append(1, '\n');
    return text.append(proof, proof.find('\n') + 1);  // without the title of its own
}

AIAUDIT_INLINE result<fork_file> fork_file::parse(std::string_view file) {
    std::string_view rest = file;
    if (rest.size() > limits::proof_file_bytes)
        return fail(errc::too_large, "a file of evidence is too long");
    if (detail::take_line(rest) != detail::fork_title)
        return fail(errc::bad_input, "not a file of evidence: its first line must be " +
                                         std::string(detail::fork_title));
    auto const line = detail::take_line(rest);
    auto const root = line ? detail::digest_of_base64(*line) : std::nullopt;
    if (!root) return fail(errc::bad_input, "the second line of a file of evidence is a root");
    auto growth = consistency_proof_file::parse(std::string(detail::consistency_title) + '\n' +
                                                std::string(rest));
    if (!growth) return growth.error();
    return fork_file{*root, std::move(*growth)};
}

AIAUDIT_INLINE result<verified_fork> verify_fork(std::string_view file, trusted_log const& log) {
    auto const read = fork_file::parse(file);
    if (!read) return read.error();
    auto older = open_checkpoint(read->growth.older_note, log);
    if (!older) return older.error();
    auto newer = open_checkpoint(read->growth.newer_note, log);
    if (!newer) return newer.error();
    if (!detail::consistency_holds(older->size(), newer->size(), read->growth.path, read->root,
                                   newer->root()))
        return fail(errc::verification_failed,
                    "the proof does not lead from that root to the newer checkpoint's");
    if (read->root == older->root())
        return fail(errc::verification_failed,
                    "the newer checkpoint continues the older one: this is no fork");
    return verified_fork{std::move(*older), std::move(*newer), read->root};
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_INTEGRITY_FORK_FILE_IPP
