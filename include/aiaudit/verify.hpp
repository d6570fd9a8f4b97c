// SPDX-License-Identifier: MIT
//
// verify.hpp: whether the log is what it was, and whether what is told of it is true. Every record
// is read, encoded and hashed again, and the Merkle tree over them compared with the hashes that
// were stored when they were committed. Rollups, budgets and alerts are folded anew from the same
// records, and compared with what is saved; what is kept of dropped records is compared with the
// record that says that they were dropped. What cannot be compared is named.
//
// The stored hashes alone show damage and careless edits. Somebody who can write the files can also
// write a new tree over other records, or cut the log short; only a checkpoint that was kept
// elsewhere shows that. So a verification without one never ends in plain success: it says up to
// which record the log agrees with itself.
// Threads: as the ledger's; a log that is being written meanwhile is verified up to where it was.
// Floor 8.
#ifndef AIAUDIT_VERIFY_HPP
#define AIAUDIT_VERIFY_HPP

#include <aiaudit/basic_ledger.hpp>          // basic_ledger
#include <aiaudit/integrity/checkpoint.hpp>  // verified_checkpoint

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

struct verification_request {
    // What the log is held to: a checkpoint that was kept where the log's writer cannot reach it.
    std::optional<verified_checkpoint> anchor{};
    // Reads only the records after the anchor. Those before it are then known to be as the anchor
    // says by their stored hashes; that the records still match those is left to a full run.
    bool only_after_anchor = false;
    // Called with each record that is read, in order: for who holds files beside the ledger to it.
    std::function<void(sequence, record_view const&)> visit{};
};

struct verification {
    std::uint64_t size = 0;      // records that the log ever had, when the verification began
    digest root{};               // of the tree over them, as stored
    std::uint64_t dropped = 0;   // records that retention dropped: their hashes are kept
    std::uint64_t read = 0;      // records that were read and hashed
    std::uint64_t anchored = 0;  // records that the anchor vouches for; 0 without one
    std::vector<std::string> findings{};  // one line each; the first is the earliest in the log
    // What reports tell that nothing here vouches for, one line each: no sign of anything wrong.
    std::vector<std::string> unvouched{};

    // Whether the records are sound, and what is saved of them is not: a ledger that is opened with
    // ledger_options::fold_anew makes it anew, but for what is of records that were dropped.
    bool saved_differs = false;

    [[nodiscard]] bool sound() const noexcept { return findings.empty(); }
    // What may be concluded, in one line.
    [[nodiscard]] std::string conclusion() const;
};

// Errors: those of reading; what is wrong with the log itself is a finding.
template <class Policies>
[[nodiscard]] result<verification> verify(basic_ledger<Policies>& log,
                                          verification_request const& request = {});

// The log as it is now, for signing. Errors: those of reading.
template <class Policies>
[[nodiscard]] result<checkpoint> checkpoint_of(basic_ledger<Policies> const& log,
                                               std::string origin);

#ifdef AIAUDIT_SEPARATE
extern template result<verification> verify(ledger&, verification_request const&);
extern template result<checkpoint> checkpoint_of(ledger const&, std::string);
#endif

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/verify.ipp>
#include <aiaudit/impl/verify.tpp>
#endif

#endif  // AIAUDIT_VERIFY_HPP
