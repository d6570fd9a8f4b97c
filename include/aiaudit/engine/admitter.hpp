// SPDX-License-Identifier: MIT
//
// admitter.hpp: lets attempts into the log as far as budgets have room: decided by the log's
// writer, for all processes, or by this process alone, in memory.
//
// Threads: all members may be called from any thread at once.
// Floor 6.
#ifndef AIAUDIT_ENGINE_ADMITTER_HPP
#define AIAUDIT_ENGINE_ADMITTER_HPP

#include <aiaudit/engine/admission_lock.hpp>  // admission_lock
#include <aiaudit/engine/batch_queue.hpp>     // batch_queue
#include <aiaudit/engine/gate_keeper.hpp>     // gate_keeper
#include <aiaudit/engine/ledger_options.hpp>  // budget_mode

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

template <class Store, class Clock>
class admitter {
public:
    admitter(Store& store, Clock const& time, batch_queue& queue, gate_keeper<Store>& gate,
             std::string directory, budget_mode mode)
        : store_(&store),
          time_(&time),
          queue_(&queue),
          gate_(&gate),
          directory_(std::move(directory)),
          mode_(mode) {}

    // Takes the right to decide. A store that has nothing on disk has no other processes. Errors:
    // as admission_lock::take() and probe().
    [[nodiscard]] result<void> take() {
        if (lock_.taken()) return lock_.probe_now_and_then();
        if (store_->bytes_on_disk() == 0) return {};
        return lock_.take(directory_, mode_ == budget_mode::exclusive);
    }

    // Whether that right, if it was taken, is still this process's. Errors: moved; those of the
    // file system.
    [[nodiscard]] result<void> probe() { return lock_.probe(); }

    // Takes that right, and makes an end of what those who are dead held ahead. Errors: as take();
    // those of the log.
    [[nodiscard]] result<void> settle() {
        if (auto ok = take(); !ok) return ok;
        if (looked_.load(std::memory_order_acquire)) return {};
        return abandon_dead();
    }
    // `encoded`: the intent. Errors: as basic_ledger::admit().
    [[nodiscard]] result<admission> admit(record const& intent, std::string_view encoded,
                                          durability when) {
        if (auto ok = settle(); !ok) return ok.error();
        if (mode_ == budget_mode::exclusive) return admit_by_memory(intent, encoded, when);
        return admit_by_log(encoded);
    }

    // Appends an entry if the gate lets it. Nothing: it was left out.
    [[nodiscard]] result<std::optional<sequence>> append_once(std::string_view encoded) {
        std::lock_guard const lock(once_);
        auto const pushed = queue_->push(encoded, true, entry_mark::conditional);
        if (!pushed) return pushed.error();
        auto const became = wait_for_decision(*pushed);
        if (!became) return became.error();
        if (became->left_out != nullptr) return std::optional<sequence>{};
        return std::optional(became->number);
    }

    // Gives back what is held ahead, unless the log did not take what was drawn from it, or another
    // process may decide by now. Nobody is admitted any more.
    void end() {
        if (!gate_->holds_ahead() || !lock_.probe()) return;
        static_cast<void>(queue_->flush());
        auto const entry = gate_->end_of_advances(time_->now());
        if (entry) put(*entry);
    }

private:
    // Who has the right to decide knows that whoever drew from advances is dead. It may have used
    // them in its last moments, so rates count them, and nobody draws from them any more.
    [[nodiscard]] result<void> abandon_dead() {
        std::lock_guard const lock(once_);
        if (looked_.load(std::memory_order_relaxed)) return {};
        auto const drawn = gate_->look([](budget_gate& gate, auto&) { return gate.holder() != 0; });
        if (!drawn) return drawn.error();
        if (*drawn) {
            std::string room;
            record const entry = end_record(advance_end::abandoned, 0, time_->now());
            auto const pushed = queue_->push(encode_record(entry, room), true);
            if (!pushed) return pushed.error();
            if (auto const written = queue_->wait(*pushed->to); !written) return written;
        }
        looked_.store(true, std::memory_order_release);
        return {};
    }
    // A record of what is held ahead into the log: nobody waits for it.
    void put(record const& entry) {
        thread_local std::string room;
        auto const pushed = queue_->push(encode_record(entry, room), false, entry_mark::held);
        if (!pushed) gate_->release_advance(entry);
    }

    // What became of an entry that the writer decides about.
    struct decided {
        sequence number{};
        bool warned = false;
        batch::left_out_entry const* left_out = nullptr;  // the batch's
    };
    [[nodiscard]] result<decided> wait_for_decision(batch_queue::pushed const& of) {
        if (auto const written = queue_->wait(*of.to); !written) return written.error();
        auto const& warned = of.to->warned;
        auto const* const left_out = of.to->left_out_at(of.place);
        if (left_out != nullptr && left_out->failure) return *left_out->failure;
        return decided{of.to->sequence_at(of.place),
                       std::binary_search(warned.begin(), warned.end(), of.place), left_out};
    }

    // Lets the writer decide.
    [[nodiscard]] result<admission> admit_by_log(std::string_view encoded) {
        auto const pushed = queue_->push(encoded, true, entry_mark::conditional);
        if (!pushed) return pushed.error();
        auto const became = wait_for_decision(*pushed);
        if (!became) return became.error();
        if (became->left_out == nullptr) return admission{became->number, {}, became->warned};
        return admission{sequence{}, became->left_out->why, false};
    }
    [[nodiscard]] result<admission> admit_by_memory(record const& intent, std::string_view encoded,
                                                    durability when) {
        auto const said = gate_->hold(intent, when == durability::relaxed);
        if (!said) return said.error();
        for (record const& each : said->before) put(each);
        if (said->refused) return admission{sequence{}, said->refused, false};
        // A budget that is being set now is asked as well.
        if (!said->held) return admit_by_log(encoded);
        auto const pushed =
            said->drawn ? push_drawn(intent) : queue_->push(encoded, true, entry_mark::held);
        if (!pushed) {
            gate_->release(intent);
            return pushed.error();
        }
        admission made{sequence{}, {}, said->warned};
        if (said->drawn) return made;
        if (auto const written = queue_->wait(*pushed->to); !written) return written.error();
        made.number = pushed->to->sequence_at(pushed->place);
        return made;
    }
    [[nodiscard]] result<batch_queue::pushed> push_drawn(record const& intent) {
        thread_local std::string room;
        thread_local record marked;
        marked = intent;
        marked.finish_reason = advance_mark;
        return queue_->push(encode_record(marked, room), false, entry_mark::held);
    }

    Store* store_;
    Clock const* time_;
    batch_queue* queue_;
    gate_keeper<Store>* gate_;
    std::string directory_;
    budget_mode mode_;
    admission_lock lock_{};
    std::atomic<bool> looked_{false};  // whether somebody died who held something ahead
    std::mutex once_{};                // one conditional record of a kind at a time
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_ENGINE_ADMITTER_HPP
