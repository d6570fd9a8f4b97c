// SPDX-License-Identifier: MIT
//
// record_sink.hpp: a store that records are shipped to, behind one interface. shipper.hpp feeds it.
//
// A sink keeps its own cursor for each log, beside the rows: which record is next, and the size and
// root of the log's tree before it. So the shipper has no state, and a sink that was restored from
// a backup goes on where the backup ends.
// Threads: one at a time.
// Floor 9.
#ifndef AIAUDIT_SINKS_RECORD_SINK_HPP
#define AIAUDIT_SINKS_RECORD_SINK_HPP

#include <aiaudit/error.hpp>                 // result
#include <aiaudit/integrity/merkle.hpp>      // empty_root
#include <aiaudit/sinks/record_columns.hpp>  // sink_row

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

// How far a sink has come with one log.
struct sink_cursor {
    std::uint64_t size = 0;      // records that it has: 1 to size, but for those that it never got
    digest root = empty_root();  // of the log's tree over so many
    std::uint64_t first = 1;     // the oldest that it got: retention may have dropped those before

    friend bool operator==(sink_cursor const&, sink_cursor const&) = default;
};

// Consecutive records of one log, at least one.
struct sink_batch {
    std::string_view origin{};
    std::span<sink_row const> rows{};
    sink_cursor before{};
    sink_cursor after{};
    // A signed note of the log at after.size or later, or empty where the log has no key.
    std::string_view checkpoint{};
};

class record_sink {
public:
    record_sink() = default;
    record_sink(record_sink const&) = delete;
    record_sink& operator=(record_sink const&) = delete;
    virtual ~record_sink() = default;

    // For messages: the address without what is secret in it.
    [[nodiscard]] virtual std::string name() const = 0;

    // Records in a batch, where nobody says how many: so many that the cost of a write is small.
    [[nodiscard]] virtual std::uint64_t batch_records() const { return 5000; }

    // Connects, or connects anew, makes what tables are missing, and reads the log's cursor; that
    // of a log that it does not know begins at no record. A sink that cannot write rows and cursor
    // in one transaction mends here what a crash left between them. Errors: connect_failed;
    // storage_failed, where trying again may help; newer_format; verification_failed, where rows
    // and cursor cannot belong together; bad_argument, where no retry helps.
    [[nodiscard]] virtual result<sink_cursor> open(std::string_view origin) = 0;

    // Keeps the rows and the cursor durably before it returns. Precondition: open() succeeded after
    // the last error. Errors: already_open, where the sink's cursor is not at batch.before: another
    // shipper was quicker, and nothing is kept; others, where it is not known whether the rows are
    // there: open() tells.
    [[nodiscard]] virtual result<void> write(sink_batch const& batch) = 0;

    // Called every half minute, also where there is nothing to write, so that the sink's side sees
    // a shipper that is silent: the log has so many records now. Errors: as write().
    [[nodiscard]] virtual result<void> beat(std::uint64_t log_size) {
        (void)log_size;
        return {};
    }
    // Called where the sink's cursor is none of this log's: what this log's tree is at that size.
    // The sink keeps both, if it can, as evidence of a fork; a failure to do so is nobody's.
    virtual void note_other(sink_cursor const& here) { (void)here; }
};

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_SINKS_RECORD_SINK_HPP
