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
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

template <class Store>
class admitter {
public:
    admitter(Store& store, batch_queue& queue, gate_keeper<Store>& gate, std::string directory,
             budget_mode mode)
        : store_(&store),
          queue_(&queue),
          gate_(&gate),
          directory_(std::move(directory)),
          mode_(mode) {}

    // Takes the right to decide. A store that has nothing on disk has no other processes. Errors:
    // as admission_lock::take().
    [[nodiscard]] result<void> take() {
        if (lock_.taken() || store_->bytes_on_disk() == 0) return {};
        return lock_.take(directory_, mode_ == budget_mode::exclusive);
    }

    // `encoded`: the intent. Errors: as basic_ledger::admit().
    [[nodiscard]] result<admission> admit(record const& intent, std::string_view encoded,
                                          durability when) {
        if (auto ok = take(); !ok) return ok.error();
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

private:
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
        auto const said = gate_->hold(intent);
        if (!said) return said.error();
        if (said->refused) return admission{sequence{}, said->refused, false};
        // A budget that is being set now is asked as well.
        if (!said->held) return admit_by_log(encoded);
        auto const pushed = queue_->push(encoded, when == durability::committed, entry_mark::held);
        if (!pushed) {
            gate_->release(intent);
            return pushed.error();
        }
        admission made{sequence{}, {}, said->warned};
        if (when == durability::relaxed) return made;
        if (auto const written = queue_->wait(*pushed->to); !written) return written.error();
        made.number = pushed->to->sequence_at(pushed->place);
        return made;
    }

    Store* store_;
    batch_queue* queue_;
    gate_keeper<Store>* gate_;
    std::string directory_;
    budget_mode mode_;
    admission_lock lock_{};
    std::mutex once_{};  // one conditional record of a kind at a time
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_ENGINE_ADMITTER_HPP
