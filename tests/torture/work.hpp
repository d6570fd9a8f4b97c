// SPDX-License-Identifier: MIT
//
// work.hpp: what a program does with a ledger and writes down of it: appends that are noted once
// the ledger has answered, checkpoints that are kept elsewhere, retention, and reports against a
// recount.
#ifndef AIAUDIT_TESTS_TORTURE_WORK_HPP
#define AIAUDIT_TESTS_TORTURE_WORK_HPP

#include "identity.hpp"

#include <aiaudit/retain.hpp>
#include <aiaudit/verify.hpp>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace aiaudit_torture {

using namespace aiaudit;

inline constexpr int gave_up = 4;
inline constexpr int contradiction = 5;

// What the work needs of the ledger: by default one segment, and rollups that are seldom saved.
struct shape {
    std::uint64_t segment_bytes = rotation_policy{}.segment_bytes;
    std::uint64_t save_records = ledger_options{}.rollup_save_records;
    std::uint32_t batch_records_max = ledger_options{}.batch_records_max;
    bool spills = false;
};

struct job {
    shape wants;
    std::string path;
    std::string notes;
    promise_file promises;
    std::uint32_t writer;
    std::uint64_t size;
    std::string extra;
};

inline std::atomic<bool> stopping{false};

inline void say(char const* when, error const& what) {
    std::printf("error %s: %s\n", when, what.message().c_str());
    std::fflush(stdout);
}

// Before an error is told of nothing may depend on it, so holes are looked for only without any.
inline void note_failure(job const& of, std::uint32_t writer, char const* when, error const& what) {
    of.promises.note({writer, static_cast<std::uint64_t>(what.code)}, told::failure);
    say(when, what);
}

// The number in a variable of the environment.
inline std::uint64_t number_or(char const* name, std::uint64_t missing) {
    char const* const value = std::getenv(name);
    return value == nullptr ? missing : std::strtoull(value, nullptr, 10);
}

inline std::string spill_directory() {
    char const* const named = std::getenv("TORTURE_SPILL");
    return named == nullptr ? "" : named;
}

// Opens the ledger; once more where that fails, since a passing fault must leave nothing behind.
inline std::optional<ledger> open_ledger(job const& of) {
    for (int tries = 0; tries < 2; ++tries) {
        ledger_options options;
        options.path = of.path;
        options.batch_records_max = of.wants.batch_records_max;
        options.rotation.segment_bytes = number_or("TORTURE_SEGMENT_BYTES", of.wants.segment_bytes);
        options.rollup_save_records = number_or("TORTURE_SAVE_RECORDS", of.wants.save_records);
        if (of.wants.spills) {
            options.log_failure.what = on_log_failure::spill;
            options.log_failure.spill_directory = spill_directory();
        }
        auto opened = ledger::open(options);
        if (opened) return std::move(*opened);
        note_failure(of, of.writer, "open", opened.error());
    }
    return std::nullopt;
}

// One thread's appends, with its own numbers.
class appender {
public:
    appender(job const& of, std::uint32_t writer) : job_(of), who_{writer, 0} {}

    bool committed(ledger& to) {
        ++who_.counter;
        auto const number = to.append(record_of(who_));
        if (number) {
            was_spilled_ = value_of(*number) == 0;
            job_.promises.note(who_, told::committed, value_of(*number));
        } else {
            job_.promises.note(who_, told::refused);
            note_failure(job_, who_.writer, "append", number.error());
        }
        return number.has_value();
    }

    bool relaxed_and_flushed(ledger& to, std::uint64_t count) {
        std::vector<identity> pending;
        bool good = true;
        for (std::uint64_t i = 0; i < count; ++i) {
            ++who_.counter;
            if (auto const queued = to.append(record_of(who_), durability::relaxed); queued) {
                pending.push_back(who_);
            } else {
                good = false;
                job_.promises.note(who_, told::refused);
                note_failure(job_, who_.writer, "relaxed append", queued.error());
                pending.clear();  // that error may have meant any of them
            }
        }
        if (auto const flushed = to.flush(); !flushed) {
            note_failure(job_, who_.writer, "flush", flushed.error());
            return false;
        }
        for (identity const& each : pending) job_.promises.note(each, told::flushed);
        return good;
    }

    // Whether the last committed() was: it is durable, and has no sequence yet.
    [[nodiscard]] bool was_spilled() const { return was_spilled_; }

    // A worker that lies: with it the battery shows that it would see a loss.
    void committed_but_noted_early(ledger& to) {
        ++who_.counter;
        job_.promises.note(who_, told::flushed);
        (void)to.append(record_of(who_));
    }

private:
    job const& job_;
    identity who_;
    bool was_spilled_ = false;
};

// A checkpoint of what is committed, kept where no fault of the ledger's disk reaches it.
inline bool keep_a_checkpoint(job const& of, ledger& opened) {
    auto const state = checkpoint_of(opened, "torture.example/log");
    if (state) {
        keep_checkpoint(of.notes + ".note", *state);
    } else {
        note_failure(of, of.writer, "checkpoint", state.error());
    }
    return state.has_value();
}

// Retention, by a policy that drops all but the newest segment, by the wall clock's leave.
inline retention_policy all_but_the_newest(std::uint32_t segments_max, bool dry_run) {
    retention_policy policy;
    policy.age_min = std::chrono::seconds(-1'000'000'000);
    policy.bytes_max = 0;
    policy.segments_max = segments_max;
    policy.dry_run = dry_run;
    return policy;
}

// Notes who stands in the segments that go, then drops them; one less than was noted, since a run
// also finishes what an earlier one began.
inline bool retain_some(job const& of, ledger& opened) {
    auto const planned = retain(opened, all_but_the_newest(3, true));
    if (!planned) {
        note_failure(of, of.writer, "dry run of retain", planned.error());
        return false;
    }
    if (planned->empty()) return true;
    sequence const last = planned->back().last;
    auto const read = opened.read(planned->front().first, [&](sequence number, record&& entry) {
        if (auto const who = identity_in(entry))
            of.promises.note(*who, told::dropped, value_of(number));
        return number < last;
    });
    if (!read) {
        note_failure(of, of.writer, "read", read.error());
        return false;
    }
    auto const count = static_cast<std::uint32_t>(planned->size()) - 1;
    if (auto const dropped = retain(opened, all_but_the_newest(count, false)); !dropped) {
        note_failure(of, of.writer, "retain", dropped.error());
        return false;
    }
    return true;
}

inline bool has_more_than(ledger const& opened, sequence last) {
    bool found = false;
    auto const read = opened.read(last, [&](sequence number, record&&) {
        found = number > last;
        return !found;
    });
    return read && found;
}

// That the reports of this very process, which saw the fault, equal a recount. Where others append
// in between, both are made again.
inline int check_reports_here(job const& of, ledger& opened) {
    int failed = 0;
    for (int tries = 0; tries < 100 && failed < 2; ++tries) {
        totals sum;
        auto const begins = opened.first_sequence();
        sequence const first = begins ? *begins : sequence{1};
        sequence last = first;
        std::set<std::uint64_t> dropped;
        for (promise const& note : read_promises(of.notes)) {
            bool const is_gone = note.what == told::dropped && note.sequence < value_of(first) &&
                                 note.writer != retention_writer;
            if (is_gone && dropped.insert(note.sequence).second)
                sum.add(totals::of(record_of({note.writer, note.counter})));
        }
        auto const read = opened.read(first, [&](sequence number, record&& entry) {
            last = number;
            if (entry.kind == record_kind::outcome) sum.add(totals::of(entry));
            return true;
        });
        auto const report = opened.report({});
        if (!read || !report) {
            note_failure(of, of.writer, "report", read ? report.error() : read.error());
            ++failed;
            continue;
        }
        if (report->sum == sum) return 0;
        if (has_more_than(opened, last)) continue;
        std::printf("the report differs from a recount in the process that saw the fault\n");
        return contradiction;
    }
    return gave_up;
}

}  // namespace aiaudit_torture

#endif  // AIAUDIT_TESTS_TORTURE_WORK_HPP
