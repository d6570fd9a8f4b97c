// SPDX-License-Identifier: MIT
//
// shipper.hpp: follows a log and delivers each record to a sink exactly once, in order.
//
// It only reads the log, so no call waits for it, and it holds no state of its own: the cursor is
// the sink's (record_sink.hpp). Before the first write it proves that what the sink has is the
// beginning of this log; where it is not (another ledger, one that was restored or forked), it
// stops and says so, and never starts over.
// A batch ends at a multiple of `batch_records`, or at `batch_bytes`, or where the log ends and
// `linger` has passed: so a batch that is sent again begins where it began.
// Threads: step() and run() from one thread, status() from any.
// Floor 9.
#ifndef AIAUDIT_SINKS_SHIPPER_HPP
#define AIAUDIT_SINKS_SHIPPER_HPP

#include <aiaudit/basic_ledger.hpp>        // basic_ledger
#include <aiaudit/clock/timer.hpp>         // steady_timer
#include <aiaudit/engine/ship_status.hpp>  // ship_status
#include <aiaudit/integrity/note.hpp>      // note_signing_key
#include <aiaudit/sinks/record_sink.hpp>   // record_sink
#include <aiaudit/sinks/row_batch.hpp>     // row_batch

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

struct ship_options {
    // The log's name in the sink, one line of at most 200 bytes. Empty: log_name().
    std::string origin{};
    std::uint64_t batch_records = 5000;                  // 1 to 100,000
    std::uint64_t batch_bytes = std::uint64_t{8} << 20;  // of encoded records
    std::chrono::milliseconds linger{1000};              // how long a record may wait
    std::chrono::milliseconds retry_wait_min{100};       // doubles with each failure
    std::chrono::milliseconds retry_wait_max{30'000};
    // Signs the log's state after each batch, for the sink.
    std::shared_ptr<note_signing_key const> key{};
    // Under which retention knows the sink (engine/sink_mark.hpp). Empty: retention is not told.
    std::string mark_name{};
    // Goes on behind records that retention dropped before the sink got them; else they are an
    // error.
    bool skip_dropped = false;
};

// The name of a log that was given none: "log-" and 16 hexadecimal digits of its first record's
// leaf. Errors: not_found, while the log is empty.
template <class Policies>
[[nodiscard]] result<std::string> log_name(basic_ledger<Policies> const& log);

template <class Policies>
class basic_shipper {
public:
    using timer = typename Policies::timer;

    // The ledger outlives it. Errors: bad_argument.
    [[nodiscard]] static result<std::unique_ptr<basic_shipper>> make(
        basic_ledger<Policies> const& log, std::unique_ptr<record_sink> sink, ship_options options);

    // Ships one batch, or nothing where none is due; how many records. `all`: what there is,
    // without waiting for more. Errors: the sink's and the log's.
    [[nodiscard]] result<std::uint64_t> step(bool all = false);
    // Ships until the token is stopped, and tries again after failures that may pass. Retention
    // waits for the sink from the start, also if it cannot be reached yet. Errors: what no retry
    // mends.
    [[nodiscard]] result<void> run(std::stop_token const& stop);
    // Ships what the log has now. Errors: as run(); where the sink cannot be reached for
    // `patience`, its error.
    [[nodiscard]] result<void> run_once(std::stop_token const& stop,
                                        std::chrono::milliseconds patience);

    [[nodiscard]] ship_status status() const;

private:
    basic_shipper(basic_ledger<Policies> const& log, std::unique_ptr<record_sink> sink,
                  ship_options options)
        : log_(&log), sink_(std::move(sink)), options_(std::move(options)) {}

    [[nodiscard]] result<void> open();
    [[nodiscard]] result<void> prove(sink_cursor const& cursor) const;
    [[nodiscard]] result<void> pass_dropped();
    [[nodiscard]] result<void> gather(std::uint64_t last);
    [[nodiscard]] result<void> send();
    [[nodiscard]] bool is_due(std::uint64_t size, bool all);
    // The last record of the batch that is gathered now, if the log has it.
    [[nodiscard]] std::uint64_t border() const noexcept {
        return (tree_.size() / options_.batch_records + 1) * options_.batch_records;
    }
    [[nodiscard]] bool pause(error const& reason, std::chrono::milliseconds& wait,
                             steady_time deadline, std::stop_token const& stop);
    [[nodiscard]] result<void> beat(std::uint64_t size);
    void claim();
    void mark(bool now);
    void note_mark_failure(error const& reason);
    void note_failure(error const& reason, bool lasting);
    void note_stand(std::uint64_t size);

    basic_ledger<Policies> const* log_;
    std::unique_ptr<record_sink> sink_;
    ship_options options_;
    timer timer_{};
    bool open_ = false;
    sink_cursor cursor_{};
    compact_range tree_{};  // of the records before the next
    detail::row_batch batch_{};
    std::optional<steady_time> behind_since_{};
    std::uint64_t marked_ = 0;
    steady_time marked_at_{};
    std::optional<steady_time> beaten_at_{};
    mutable std::mutex mutex_{};
    ship_status status_{};
};

using shipper = basic_shipper<default_policies>;

#ifdef AIAUDIT_SEPARATE
extern template class basic_shipper<default_policies>;
extern template result<std::string> log_name(ledger const&);
#endif

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/sinks/shipper.tpp>
#endif

#endif  // AIAUDIT_SINKS_SHIPPER_HPP
