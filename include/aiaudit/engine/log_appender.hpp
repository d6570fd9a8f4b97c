// SPDX-License-Identifier: MIT
//
// log_appender.hpp: batches into the log, and what is done when the log does not take them.
//
// Threads: the ledger's writer alone, but for probe().
// Floor 6.
#ifndef AIAUDIT_ENGINE_LOG_APPENDER_HPP
#define AIAUDIT_ENGINE_LOG_APPENDER_HPP

#include <aiaudit/engine/gate_keeper.hpp>     // gate_keeper
#include <aiaudit/engine/ledger_options.hpp>  // log_failure_policy
#include <aiaudit/engine/log_writer.hpp>      // log_writer
#include <aiaudit/engine/spill_file.hpp>      // spill_file
#include <aiaudit/storage/memory_guard.hpp>   // call_with_memory

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

namespace detail {

template <class Store, class Clock>
class log_appender {
public:
    log_appender(Store& store, Clock const& time, batch_queue& queue, gate_keeper<Store>& gate,
                 std::string ledger, rotation_policy rotation, log_failure_policy failure)
        : writer_(store, rotation),
          store_(&store),
          gate_(&gate),
          time_(&time),
          queue_(&queue),
          ledger_(std::move(ledger)),
          failure_(std::move(failure)) {}

    // Takes up what earlier processes spilled. Errors: those of the spill directory; what the log
    // does not take yet stays for later.
    [[nodiscard]] result<void> open() {
        if (failure_.spill_directory.empty()) {
            if (failure_.what != on_log_failure::spill) return {};
            return fail(errc::bad_argument, "to spill needs a directory to spill to");
        }
        auto found = spill_file::find(failure_.spill_directory, ledger_);
        if (!found) return found.error();
        spilled_ = std::move(*found);
        static_cast<void>(take_up_spilled());
        return {};
    }

    // The sequence of the batch's first record; zero where it was spilled. Takes out of the batch
    // what the gate does not let into the log.
    [[nodiscard]] result<sequence> append(batch& next) {
        return call_with_memory("to write records", [&] { return append_or_wait(next); });
    }

    // What is spilled into the log, as far as it takes it; a file is removed when all of it is.
    [[nodiscard]] result<void> take_up_spilled() {
        while (!spilled_.empty()) {
            spill_file const& file = spilled_.front();
            auto const taken = read_number(*store_, file.key());
            if (!taken) return taken.error();
            auto const all =
                file.for_each(*taken, [&](batch& found, std::uint64_t end) -> result<void> {
                    auto const written = write(found, {file.key(), end});
                    if (!written) return written.error();
                    return {};
                });
            if (!all) return all;
            if (auto ok = file.remove(); !ok) return ok;
            removed_.push_back(file.key());
            spilled_.erase(spilled_.begin());
        }
        return {};
    }

    // Whether the log would take a batch: it took the last one, or takes a number that is written
    // anew as it is. From any thread.
    [[nodiscard]] result<void> probe() {
        if (auto ok = probe_store(*store_); !ok) return ok;
        if (!refused_.load(std::memory_order_acquire)) return {};
        auto const tried = store_->write([](auto& view) -> result<void> {
            auto const bytes = get_number(view, meta_key::size);
            if (!bytes) return bytes.error();
            return view.replace(table::meta, meta_key::size, to_little_endian(*bytes));
        });
        if (tried) refused_.store(false, std::memory_order_release);
        return tried;
    }

private:
    [[nodiscard]] result<sequence> append_or_wait(batch& next) {
        using steady_clock = std::chrono::steady_clock;
        using pause_time = std::chrono::milliseconds;
        auto const until = steady_clock::now() + failure_.wait;
        for (pause_time pause{10};; pause = (std::min)(pause * 2, pause_time{1000})) {
            auto taken = take_up_spilled();
            auto const before = taken ? write(next, {}) : result<std::uint64_t>(taken.error());
            if (before) return sequence{*before + 1};
            // Nothing is told of what would be lost with the files, nor kept twice.
            if (before.error().code == errc::moved) return before.error();
            if (failure_.what == on_log_failure::spill) return spill(next, before.error());
            if (failure_.what != on_log_failure::block) return before.error();
            if (steady_clock::now() + pause > until || queue_->pause(pause)) return before.error();
        }
    }

    // How far a file of spilled batches was taken in by this one.
    struct spilled_mark {
        std::string key{};
        std::uint64_t end = 0;
    };

    // How many records were before it, once it is on disk.
    [[nodiscard]] result<std::uint64_t> write(batch& next, spilled_mark const& mark) {
        auto const prepare = [&](auto& view, std::uint64_t before) -> result<bool> {
            for (std::string const& gone : removed_) {
                if (auto ok = view.erase(table::meta, gone); !ok) return ok.error();
            }
            if (!mark.key.empty()) {
                auto const end = to_little_endian(mark.end);
                if (auto ok = view.replace(table::meta, mark.key, end); !ok) return ok.error();
            }
            return gate_->prepare(view, before, next);
        };
        for (int tries = 0;; ++tries) {
            bool behind = false;
            auto const carry = [&](auto const& old, auto& begun, compact_range const& tree) {
                return gate_->carry(old, begun, tree, behind);
            };
            auto const done = writer_.write(next, time_->now(), prepare, carry);
            refused_.store(!done, std::memory_order_release);
            if (done) {
                removed_.clear();
                gate_->committed(next, done->before);
                return done->before;
            }
            gate_->abandoned(next, false);
            if (!(behind || gate_->is_behind()) || tries == tries_most) return done.error();
            if (auto ok = gate_->catch_up(); !ok) return ok.error();
        }
    }

    // But for what only the log could decide.
    [[nodiscard]] result<sequence> spill(batch& next, error const& why) {
        if (next.conditional != 0) {
            std::vector<batch::left_out_entry> undecided;
            static_cast<void>(next.for_each_entry(
                [&](std::uint32_t place, entry_mark mark, std::string_view) -> result<void> {
                    if (mark == entry_mark::conditional) undecided.push_back({place, {}, why});
                    return {};
                }));
            next.leave_out(std::move(undecided));
        }
        if (next.count == 0) return sequence{0};
        if (spilled_.empty() || !spilled_.back().is_own()) {
            auto made = spill_file::make(failure_.spill_directory, ledger_);
            if (!made) return made.error();
            spilled_.push_back(std::move(*made));
        }
        if (auto ok = spilled_.back().add(next); !ok) return ok.error();
        return sequence{0};
    }

    static constexpr int tries_most = 50;  // while other processes write

    log_writer<Store> writer_;
    Store* store_;
    gate_keeper<Store>* gate_;
    Clock const* time_;
    batch_queue* queue_;
    std::string ledger_;
    log_failure_policy failure_;
    std::atomic<bool> refused_{false};    // the log did not take the last batch
    std::vector<spill_file> spilled_{};   // in the order in which they are to enter the log
    std::vector<std::string> removed_{};  // keys of files that are gone
};

// Begins a segment, whatever the newest holds, unless that is nothing. Errors: those of the store
// and of reading the log.
template <class Store>
[[nodiscard]] result<void> begin_segment(Store& store, gate_keeper<Store>& gate,
                                         rotation_policy const& rotation, timestamp now) {
    constexpr int tries_most = 50;  // while other processes write
    log_writer<Store> writing(store, rotation);
    for (int tries = 0;; ++tries) {
        if (auto ok = gate.catch_up(); !ok) return ok;
        bool behind = false;
        auto const begun =
            writing.rotate(now, true, [&](auto const& old, auto& next, compact_range const& tree) {
                return gate.carry(old, next, tree, behind);
            });
        if (begun || !behind || tries == tries_most) return begun;
    }
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_ENGINE_LOG_APPENDER_HPP
