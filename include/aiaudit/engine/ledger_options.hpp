// SPDX-License-Identifier: MIT
//
// ledger_options.hpp: how a ledger is opened.
//
// Threads: plain values.
// Floor 6.
#ifndef AIAUDIT_ENGINE_LEDGER_OPTIONS_HPP
#define AIAUDIT_ENGINE_LEDGER_OPTIONS_HPP

#include <aiaudit/rollup/query.hpp>  // rollup_options

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace aiaudit {
inline namespace v0_1_0 {

// When append() returns.
enum class durability : std::uint8_t {
    committed,  // the record is on disk: no crash of the process or of the machine loses it
    relaxed,    // the record is queued: a crash may lose what was not yet written, which was handed
                // over within 100 ms and is at most two batches; flush() waits for it
};

// Where budgets are decided about.
enum class budget_mode : std::uint8_t {
    // In the log's write transaction: several processes share them. admit() waits for the disk.
    shared,
    // In this process's memory. No other process may admit() meanwhile; they may append, report
    // and set budgets.
    exclusive,
};

// When a segment is full: the next record goes to a new one.
struct rotation_policy {
    std::uint64_t segment_bytes = std::uint64_t{1} << 30;  // of blocks
    bool monthly = true;  // by the clock, UTC: so that whole months can be dropped
};

// What happens to records that the log does not take (a full disk, a failing one).
enum class on_log_failure : std::uint8_t {
    // Those who wait get the error; a relaxed append's error goes to the next caller.
    fail_call,
    // They are tried again for as long as log_failure_wait says, while callers wait; then as
    // fail_call.
    block,
    // They go to a file in spill_directory, durably, and are acknowledged without a sequence. They
    // enter the log, in their order, before the next record that it takes, or when the ledger is
    // opened again with that directory. Until then reports do not count them. What needs the log to
    // be decided (a budget shared by processes) fails.
    spill,
};

struct log_failure_policy {
    on_log_failure what = on_log_failure::fail_call;
    std::chrono::milliseconds wait{30'000};  // for on_log_failure::block
    std::string spill_directory{};           // there already, best on another disk than the ledger
};

struct ledger_options {
    // The directory. Made if it does not exist and `create` says so.
    std::string path{};
    bool create = true;
    bool read_only = false;
    // Believes nothing that is saved beside the records: rollups, budgets and alerts are folded
    // anew of those that are there, and saved.
    bool fold_anew = false;

    // What a block holds at most, and what gathers while one is written; append() waits for room.
    // More make commits cheaper and memory dearer.
    std::uint32_t batch_records_max = 16'384;
    std::size_t batch_bytes_max = std::size_t{16} << 20;

    rotation_policy rotation{};
    log_failure_policy log_failure{};
    budget_mode budgets = budget_mode::shared;

    // Address space that each open segment reserves, and so the most that it can hold; nothing is
    // allocated ahead. 0: 64 GiB, or less where the process has no room for that (RLIMIT_AS, an
    // emulator). The least is 1 MiB. A segment that is full is followed by the next.
    std::uint64_t map_bytes = 0;

    // Memory for sums of past days, which are loaded again where it is not enough.
    std::size_t rollup_memory_bytes = rollup_options{}.memory_bytes;
    // Records after which the rollups are saved; what is not saved is folded again at opening.
    std::uint64_t rollup_save_records = 131'072;
};

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_ENGINE_LEDGER_OPTIONS_HPP
