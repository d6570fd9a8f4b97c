// SPDX-License-Identifier: MIT
//
// retain.hpp: drops the oldest segments by a policy, and leaves everything else as it was: reports
// still count what was dropped, checkpoints still hold, proofs can still be made.
//
// For each dropped record the log keeps its hash (32 bytes), and for each day its rollup. What is
// kept goes to the store's history before the segment goes; the run is a record in the log. A crash
// at any point leaves the segment whole or dropped, and the next run finishes what was begun.
// Threads: as the ledger's. Processes: one run at a time; others may read and write meanwhile.
// Floor 8.
#ifndef AIAUDIT_RETAIN_HPP
#define AIAUDIT_RETAIN_HPP

#include <aiaudit/basic_ledger.hpp>   // basic_ledger
#include <aiaudit/storage/store.hpp>  // segment_number

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// A segment's age is that of its youngest record, by the time when that record's attempt began. The
// segment that is being written is never dropped, nor one with the intent of an attempt that holds
// a budget and is under way, nor one that a sink still lacks (engine/sink_mark.hpp).
struct retention_policy {
    std::chrono::seconds age_min{0};                // younger ones stay, whatever the rest says
    std::optional<std::chrono::seconds> age_max{};  // older ones go
    std::optional<std::uint64_t> bytes_max{};       // the oldest go until the ledger is this small
    // Bounds one run: what is due and does not fit is left to the next.
    std::uint32_t segments_max = 4;
    bool dry_run = false;         // says what would be dropped
    bool drop_unshipped = false;  // also what a sink still lacks
};

// What keeps a segment that the policy would drop. Nothing: no sink does.
struct retention_hold {
    std::string sink{};         // its mark's name
    std::uint64_t shipped = 0;  // what it has
};

// The sink that is furthest behind, if it lacks records that the ledger has. Errors: as
// read_sink_marks().
template <class Policies>
[[nodiscard]] result<std::optional<retention_hold>> hold_of_sinks(
    basic_ledger<Policies> const& log);

struct dropped_segment {
    segment_number number = 0;
    sequence first{};
    sequence last{};
    timestamp latest{};  // of its youngest record
};

// What was dropped, oldest first. Errors: those of the store; bad_argument. What was dropped before
// an error stays dropped.
template <class Policies>
[[nodiscard]] result<std::vector<dropped_segment>> retain(basic_ledger<Policies>& log,
                                                          retention_policy const& policy);

#ifdef AIAUDIT_SEPARATE
extern template result<std::vector<dropped_segment>> retain(ledger&, retention_policy const&);
extern template result<std::optional<retention_hold>> hold_of_sinks(ledger const&);
#endif

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/retain.tpp>
#endif

#endif  // AIAUDIT_RETAIN_HPP
