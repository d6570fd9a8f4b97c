// SPDX-License-Identifier: MIT
//
// alerts.hpp: watches a ledger, and tells people what they should know: budgets that pass their
// thresholds, what is far from usual, models without a price, open circuits, a disk that fills.
//
// Each alert is raised once and delivered once to each sink, over restarts and over any number of
// processes that watch the same ledger, because the log says which were raised, claimed and
// delivered (engine/alert_book.hpp). A claim is in the log before the delivery begins; it expires,
// so that the death of who made it does not lose the alert. A crash between a delivery and its
// record delivers again: with the same Idempotency-Key or Message-ID, by which receivers tell.
// Calls never wait for any of this: it has a thread of its own.
// Threads: all members may be called from any thread at once.
// Processes: a forked child's copy has no thread and answers errc::closed.
// Floor 8.
#ifndef AIAUDIT_ALERTS_HPP
#define AIAUDIT_ALERTS_HPP

#include <aiaudit/alerts/alert_sink.hpp>     // alert_sink
#include <aiaudit/alerts/usual_days.hpp>     // usual_days_options
#include <aiaudit/basic_ledger.hpp>          // ledger
#include <aiaudit/engine/alert_book.hpp>     // alert_failure
#include <aiaudit/storage/process_mark.hpp>  // process_owned

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

struct alert_watch_options {
    std::vector<alert_sink> sinks{};  // names differ
    // How often budgets are asked and alerts delivered. 0: there is no thread, and the caller calls
    // poll_once().
    std::chrono::milliseconds poll_every{5'000};
    std::chrono::milliseconds look_every{300'000};  // for anomalies, which costs some reports

    // How long a claim keeps others from delivering: longer than any delivery takes.
    std::chrono::milliseconds claim_for{300'000};
    // After a failure, doubled after each further one.
    std::chrono::milliseconds retry_first{30'000};
    std::chrono::milliseconds retry_most{3'600'000};

    bool budgets = true;   // alert_percents of each
    bool prices = true;    // outcomes without a price
    bool circuits = true;  // that opened in the last hour
    bool clocks = true;    // that jumped, or stand behind records
    // How far a clock may step between two polls of the thread, and a record be ahead of it.
    std::chrono::milliseconds clock_step_most{300'000};
    // How far two records that follow each other may be apart: longer than no call is made.
    std::chrono::milliseconds records_apart_most{30LL * 86'400'000};
    bool anomalies = true;  // today against the days before
    usual_days_options usual{};
    // The ledger's directory, for the room on its file system; empty: not watched.
    std::string directory{};
    std::uint64_t free_bytes_least = std::uint64_t{1} << 30;
};

// What a poll did.
struct alert_poll {
    std::uint64_t raised = 0;
    std::uint64_t delivered = 0;
    std::uint64_t failed = 0;
};

template <class Ledger = ledger>
class basic_alert_watch {
public:
    // The log stays open for as long as the watch lives. Errors: bad_argument for sinks without a
    // name or a function, or of the same name, and for times that cannot be; no_thread.
    [[nodiscard]] static result<basic_alert_watch> open(Ledger& of, alert_watch_options options);

    basic_alert_watch(basic_alert_watch&&) noexcept;
    basic_alert_watch& operator=(basic_alert_watch&&) noexcept;
    // Waits for the delivery that is under way, if any.
    ~basic_alert_watch();

    // Looks and delivers now, by the ledger's clock, in the caller's thread. It goes on after an
    // error and answers the first one; what could not be raised is tried again by the next poll.
    // A sink that fails is tried again by a later poll, and the rest of its alerts with it.
    [[nodiscard]] result<alert_poll> poll_once();
    // An alert of the application's. False: one of that key was raised before. It is delivered by
    // the next poll. Errors: those of append_once(); bad_argument for a key that is none.
    [[nodiscard]] result<bool> raise(alert const& of);
    // What was tried in vain and has not arrived yet, of the last seven days, whoever tried.
    [[nodiscard]] result<std::vector<alert_failure>> failures() const;
    // Why the last poll could not do all that it should, where that was not a sink's fault.
    [[nodiscard]] std::optional<error> last_error() const;

private:
    struct state;
    explicit basic_alert_watch(detail::process_owned<state> opened) noexcept;
    detail::process_owned<state> state_;
};

using alert_watch = basic_alert_watch<>;

#ifdef AIAUDIT_SEPARATE
extern template class basic_alert_watch<ledger>;
#endif

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/alerts.tpp>
#endif

#endif  // AIAUDIT_ALERTS_HPP
