// SPDX-License-Identifier: MIT
//
// batch_queue.hpp: where records gather while the batch before them is being written.
//
// Callers encode their record themselves and only copy its bytes in here, so that what is done
// under the mutex takes some tens of nanoseconds.
// Threads: push, wait and flush from any; take and finish from the writer's only.
// Floor 6.
#ifndef AIAUDIT_ENGINE_BATCH_QUEUE_HPP
#define AIAUDIT_ENGINE_BATCH_QUEUE_HPP

#include <aiaudit/budget/decision.hpp>        // budget_refusal
#include <aiaudit/core/ids.hpp>               // sequence
#include <aiaudit/core/record.hpp>            // record_kind
#include <aiaudit/detail/bytes.hpp>           // little-endian integers
#include <aiaudit/engine/one_time_event.hpp>  // one_time_event
#include <aiaudit/error.hpp>                  // result

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

namespace detail {

// What the writer is to do about an entry of a batch. In the upper bits of its length.
enum class entry_mark : std::uint32_t {
    none = 0,
    conditional = std::uint32_t{1} << 31,  // it enters the log if the gate lets it
    held = std::uint32_t{1} << 30,         // the gate let it, and holds its cost
};

// Records that are written together, and how that ended.
struct batch {
    enum end : std::uint32_t { written = 1, failed = 2 };

    // Each record as a 32-bit length with its mark, and its canonical encoding.
    std::string bytes{};
    std::uint32_t count = 0;
    std::uint32_t conditional = 0;  // of these entries
    bool has_rules = false;         // budgets or alerts are among them
    // Who handed over records that nobody may wait for.
    std::vector<std::thread::id> relaxed{};
    std::uint32_t awaited = 0;  // callers that wait for it; under the queue's mutex

    // An entry that the gate did not let into the log, by the place at which it was pushed.
    struct left_out_entry {
        std::uint32_t place = 0;
        std::optional<budget_refusal> why{};  // none: it was there already
        std::optional<error> failure{};       // there was no log to decide in
    };
    // What follows is set before `ended`, and constant from then on.
    std::vector<left_out_entry> left_out{};  // by place
    std::vector<std::uint32_t> warned{};     // places of entries that are over a limit
    one_time_event ended{};                  // written or failed
    sequence first{};                        // zero where the records were spilled
    std::optional<error> failure{};

    void add(std::string_view encoded, entry_mark mark = entry_mark::none);
    // Of neither anything was left out.
    void add_all(batch&& more);
    void note_relaxed(std::thread::id by) {
        if (std::find(relaxed.rbegin(), relaxed.rend(), by) == relaxed.rend())
            relaxed.push_back(by);
    }
    // Calls visit(encoded record) for each, until it returns an error.
    template <class Visitor>
    [[nodiscard]] result<void> for_each(Visitor&& visit) const {
        return for_each_entry(
            [&visit](std::uint32_t, entry_mark, std::string_view encoded) -> result<void> {
                return visit(encoded);
            });
    }
    // The same, visit(the place at which it was pushed, its mark, encoded record).
    template <class Visitor>
    [[nodiscard]] result<void> for_each_entry(Visitor&& visit) const {
        byte_reader in{bytes};
        auto gone = left_out.begin();
        for (std::uint32_t place = 0; !in.at_end(); ++place) {
            for (; gone != left_out.end() && gone->place == place; ++gone) ++place;
            auto const head = in.little_endian<std::uint32_t>();
            auto const mark = static_cast<entry_mark>(head & marks);
            result<void> const visited = visit(place, mark, in.take(head & ~marks));
            if (!visited) return visited;
        }
        return {};
    }
    // Takes entries out, before any of them is in the log. `more` by place, of entries that are
    // still there.
    void leave_out(std::vector<left_out_entry>&& more);
    // What was left out of it at that place; null where it was let in.
    [[nodiscard]] left_out_entry const* left_out_at(std::uint32_t place) const noexcept {
        auto const found = first_left_out(place);
        return found != left_out.end() && found->place == place ? &*found : nullptr;
    }
    // Of the entry that was pushed there, once all is written; zero where it was spilled.
    [[nodiscard]] sequence sequence_at(std::uint32_t place) const noexcept {
        if (value_of(first) == 0) return first;
        auto const before = first_left_out(place) - left_out.begin();
        return sequence{value_of(first) + place - static_cast<std::uint64_t>(before)};
    }

private:
    static constexpr std::uint32_t marks = static_cast<std::uint32_t>(entry_mark::conditional) |
                                           static_cast<std::uint32_t>(entry_mark::held);

    [[nodiscard]] static bool is_rule(std::string_view encoded) noexcept {
        auto const kind = static_cast<record_kind>(static_cast<std::uint8_t>(encoded.front()));
        return kind == record_kind::budget || kind == record_kind::alert;
    }
    [[nodiscard]] std::vector<left_out_entry>::const_iterator first_left_out(
        std::uint32_t place) const noexcept {
        return std::lower_bound(
            left_out.begin(), left_out.end(), place,
            [](left_out_entry const& entry, std::uint32_t at) { return entry.place < at; });
    }
};

// When the writer takes what has gathered. A batch that somebody waits for goes as soon as as many
// wait as waited for the one before, since those that were woken together come back together; one
// that nobody waits for goes when it is half full. Neither stays longer than this.
struct gathering_times {
    std::chrono::microseconds awaited{150};
    std::chrono::microseconds unawaited{2000};
    // Who does not wait for a record waits where an older one has not been written for so long. So
    // what a crash loses was handed over within this time.
    std::chrono::microseconds unwritten{100'000};
};

class batch_queue {
public:
    batch_queue(std::uint32_t records_most, std::size_t bytes_most, gathering_times times = {})
        : records_most_(records_most), bytes_most_(bytes_most), times_(times) {}

    struct pushed {
        std::shared_ptr<batch> to{};
        std::uint32_t place = 0;
    };
    // Puts a record into the batch that gathers, and waits for room there. `awaited`: the caller
    // will wait for it. Errors: closed; a failure of what this thread handed over before, and was
    // not told of. The record is then not in the queue.
    [[nodiscard]] result<pushed> push(std::string_view encoded, bool awaited,
                                      entry_mark mark = entry_mark::none);

    // Moves all entries of a batch that was filled elsewhere into the one that gathers, whatever
    // room there is: so they are written together. The place is that of the first. The caller will
    // wait for it. Errors: as push().
    [[nodiscard]] result<pushed> push_all(batch&& more);

    // Until the batch was written or has failed.
    [[nodiscard]] result<void> wait(batch const& of);
    // Says that somebody waits for a batch that was not awaited when it was pushed.
    void await(batch const& of);
    // Until all that was pushed before is written. Errors: a failure of what this thread handed
    // over and was not told of; else one of another thread's that no flush() has told of.
    [[nodiscard]] result<void> flush();

    // For the writer: the next batch; none once the queue was stopped and is empty.
    [[nodiscard]] std::shared_ptr<batch> take();
    // Tells those who wait. `first`: the sequence of the batch's first record. With a batch that
    // failed the one that gathers fails too, if it holds later records of the same threads: so the
    // records of one thread enter the log without a hole. The one that failed with it is returned.
    std::shared_ptr<batch> finish(batch& done, result<sequence> const& first);
    // The bytes of a batch that nobody reads any more, for the next one.
    void recycle(std::string&& bytes) {
        bytes.clear();
        std::lock_guard const lock(mutex_);
        spare_ = std::move(bytes);
    }
    // What was pushed is still written; nothing more is taken in.
    void stop();
    // Sleeps, but not beyond stop(). True where it was stopped.
    [[nodiscard]] bool pause(std::chrono::milliseconds time) {
        std::unique_lock lock(mutex_);
        return work_.wait_for(lock, time, [this] { return stopping_; });
    }

private:
    enum class writer_state : std::uint8_t { busy, idle, gathering };

    // A failure of a thread's records that it was not told of.
    struct untold {
        error why{};
        bool told_by_flush = false;  // to another thread
    };

    // All under mutex_.
    void note_failure(batch& of, error const& why) {
        of.failure = why;
        for (std::thread::id const thread : of.relaxed)
            untold_.try_emplace(thread, untold{why, false});
    }
    [[nodiscard]] static bool share_a_thread(batch const& a, batch const& b) noexcept {
        return std::find_first_of(a.relaxed.begin(), a.relaxed.end(), b.relaxed.begin(),
                                  b.relaxed.end()) != a.relaxed.end();
    }
    [[nodiscard]] std::optional<error> take_untold();
    [[nodiscard]] bool has_room(std::size_t bytes) const noexcept {
        return gathering_->count < records_most_ &&
               (gathering_->count == 0 || gathering_->bytes.size() + bytes <= bytes_most_);
    }
    [[nodiscard]] bool ready() const noexcept {
        return stopping_ || hurried_ || gathering_->count >= records_most_ / 2 ||
               gathering_->bytes.size() >= bytes_most_ / 2 ||
               (gathering_->awaited != 0 && gathering_->awaited >= expected_);
    }
    [[nodiscard]] bool wakes_writer(bool awaited) noexcept;
    [[nodiscard]] bool is_late() const noexcept {
        return writing_ && std::chrono::steady_clock::now() - writing_since_ > times_.unwritten;
    }

    std::uint32_t const records_most_;
    std::size_t const bytes_most_;
    gathering_times const times_;

    std::mutex mutex_{};
    std::condition_variable work_{};
    std::condition_variable room_{};
    // Under mutex_.
    std::shared_ptr<batch> gathering_ = std::make_shared<batch>();
    std::shared_ptr<batch> writing_{};
    // When the first of their records came.
    std::chrono::steady_clock::time_point gathering_since_{};
    std::chrono::steady_clock::time_point writing_since_{};
    std::map<std::thread::id, untold> untold_{};
    std::string spare_{};
    std::uint32_t expected_ = 1;  // callers that will wait for the next batch, it seems
    writer_state writer_ = writer_state::busy;
    bool hurried_ = false;
    bool stopping_ = false;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/engine/batch_queue.ipp>
#endif

#endif  // AIAUDIT_ENGINE_BATCH_QUEUE_HPP
