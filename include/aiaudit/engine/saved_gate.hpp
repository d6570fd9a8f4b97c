// SPDX-License-Identifier: MIT
//
// saved_gate.hpp: what budgets and alerts have come to, as it is stored, and which saved one a log
// is folded on from.
//
// Threads: functions without state.
// Floor 6.
#ifndef AIAUDIT_ENGINE_SAVED_GATE_HPP
#define AIAUDIT_ENGINE_SAVED_GATE_HPP

#include <aiaudit/budget/gate.hpp>              // budget_gate
#include <aiaudit/engine/alert_book.hpp>        // alert_book
#include <aiaudit/engine/fold_stand.hpp>        // fold_stand
#include <aiaudit/engine/retention_record.hpp>  // newest_retention

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

struct saved_gate {
    std::uint64_t through = 0;  // the last record that it counts
    budget_gate gate{};
    alert_book book{};
};

// CRC-32C of what follows; how far it goes; the size of the gate's snapshot; that; the alerts'.
[[nodiscard]] std::string write_gate_of(std::uint64_t through, budget_gate const& gate,
                                        alert_book const& book);
// 0 where the bytes are too few.
[[nodiscard]] std::uint64_t through_of_gate(std::string_view bytes) noexcept;
// Nothing where that is no gate.
[[nodiscard]] std::optional<saved_gate> read_saved_gate(std::string_view bytes);

// Whether a block may have records of budgets or alerts. Precondition: its header can be read.
[[nodiscard]] bool may_have_rules(std::string_view block, block_header const& header) noexcept;

[[nodiscard]] inline fold_stand stand_of_gate(std::string_view bytes, compact_range const& tree) {
    return {tree.size(), tree.root(), {sha256(bytes)}};
}

// Puts a gate, and where it stands. Precondition: the tree is of the records that it counts.
template <class View>
[[nodiscard]] result<void> put_gate(View& view, std::string_view bytes, compact_range const& tree) {
    if (auto ok = view.replace(table::meta, meta_key::gate, bytes); !ok) return ok;
    return view.replace(table::meta, meta_key::gate_stand, stand_of_gate(bytes, tree).to_bytes());
}

// The gates that a segment has.
struct stored_gates {
    std::optional<std::string> gate{};
    std::optional<std::string> stand{};
    std::optional<std::string> base{};  // at the end of the segment before
    std::uint64_t base_size = 0;        // records before the segment
    std::uint64_t since = 0;            // gate_since
};
template <class View>
[[nodiscard]] result<stored_gates> get_gates(View const& view) {
    stored_gates made;
    for (auto const& [key, to] :
         {std::pair{meta_key::gate, &made.gate}, std::pair{meta_key::gate_stand, &made.stand},
          std::pair{meta_key::gate_base, &made.base}}) {
        auto const found = view.get(table::meta, key);
        if (!found) return found.error();
        if (*found) *to = std::string(**found);
    }
    auto const base = get_tree(view, meta_key::base);
    if (!base) return base.error();
    made.base_size = base->size();
    auto const since = get_number(view, meta_key::gate_since);
    if (!since) return since.error();
    made.since = *since;
    return made;
}

// Folds the records up to the definition that was applied last, for the budget that it made, as far
// as the log still has them. Errors: those of reading.
template <class Store>
[[nodiscard]] result<void> fold_gate_history(log_reader<Store> const& log, budget_gate& gate,
                                             std::uint64_t through, std::optional<timestamp> from) {
    budget_gate past = gate.history_gate();
    auto const first = log.first();
    if (!first) return first.error();
    auto const read = log.blocks(*first, [&](std::string_view block) -> result<bool> {
        auto const header = read_block_header(block);
        if (!header) return header.error();
        if (value_of(header->first) > through) return false;
        if (from && header->latest < *from) return header->last() < through;
        result<void> applied;
        auto const all =
            read_block_as<std::string_view>(block, [&](sequence number, record_view const& entry) {
                if (value_of(number) > through) return false;
                applied = past.apply(number, entry);
                return applied.has_value();
            });
        if (!all) return all.error();
        if (!applied) return applied.error();
        return header->last() < through;
    });
    if (!read) return read;
    gate.adopt(past);
    return {};
}

constexpr char const* gate_gone = "what budgets and alerts have come to was saved, and is gone";

// Where folding begins.
struct gate_start {
    saved_gate from{};
    bool is_saved = false;  // as it is in the store
    std::string notice{};   // why what was saved is not used
};

[[nodiscard]] inline auto get_gates_into(stored_gates& to) {
    return [&to](auto const& view) -> result<void> {
        auto found = get_gates(view);
        if (!found) return found.error();
        to = std::move(*found);
        return {};
    };
}

// The gate that was saved last, where it is of this log and not damaged. Else nothing, and `notice`
// says why. Errors: those of reading. Precondition: newest.gate.
template <class Store>
[[nodiscard]] result<std::optional<saved_gate>> find_newest_gate(log_reader<Store> const& log,
                                                                 stored_gates const& newest,
                                                                 std::string& notice) {
    auto const stand = fold_stand::parse(newest.stand.value_or(""));
    bool good = !newest.stand;  // an older version saved it
    if (stand) {
        auto const is_of = is_stand_of(log, *stand);
        bool const damaged = !is_of && is_of.error().code == errc::corrupt;
        if (damaged)
            notice =
                "the log is damaged, and so it is not known whether what budgets and alerts have "
                "come to is of it: " +
                is_of.error().message();
        else if (!is_of)
            return is_of.error();
        good = (damaged || *is_of) && stand->size == through_of_gate(*newest.gate) &&
               stand->content == digest{sha256(*newest.gate)};
    }
    if (auto saved = good ? read_saved_gate(*newest.gate) : std::nullopt) {
        auto const size = log.size();
        if (!size) return size.error();
        if (saved->through <= *size) return saved;
    }
    notice = "what budgets and alerts have come to, as it was saved, is damaged or of another log";
    return std::optional<saved_gate>{};
}

// What budgets had come to before `first`, the log's oldest record, of which some were dropped.
// Errors: those of reading; corrupt, where it is lost.
template <class Store>
[[nodiscard]] result<saved_gate> find_base_gate(Store const& store, log_reader<Store> const& log,
                                                std::uint64_t first, std::uint64_t newest_since) {
    auto const there = store.segments();
    if (!there) return there.error();
    stored_gates oldest;
    auto const read = store.read(there->oldest, get_gates_into(oldest));
    if (!read) return read.error();
    auto const note = newest_retention(store, log);
    if (!note) return note.error();
    bool const known = *note && (*note)->gate;
    auto saved = read_saved_gate(oldest.base.value_or(""));
    if (saved && saved->through == oldest.base_size &&
        (!known || *(*note)->gate == digest{sha256(*oldest.base)}))
        return std::move(*saved);
    // An older version kept none where there was no budget and no alert.
    bool const none_before = !oldest.base && !known && (newest_since == 0 || newest_since >= first);
    if (!none_before)
        return fail(errc::corrupt,
                    "what budgets had come to before record " + std::to_string(first) +
                        " is missing or damaged, and the records that it was made of "
                        "were dropped");
    saved_gate none;
    none.through = first - 1;
    return none;
}

// What was saved last, where it is of this log and not damaged, and is believed. Else what it was
// before the oldest segment: nothing, where no record was dropped. Errors: those of reading;
// corrupt, where that is lost.
template <class Store>
[[nodiscard]] result<gate_start> find_gate_start(Store const& store, log_reader<Store> const& log,
                                                 bool believes) {
    stored_gates newest;
    if (auto read = store.read(get_gates_into(newest)); !read) return read.error();
    gate_start start;
    if (believes && newest.gate) {
        auto saved = find_newest_gate(log, newest, start.notice);
        if (!saved) return saved.error();
        if (*saved) return gate_start{std::move(**saved), true, std::move(start.notice)};
    } else if (believes && newest.stand) {
        start.notice = gate_gone;
    }
    auto const first = log.first();
    if (!first) return first.error();
    if (*first > 1) {
        auto base = find_base_gate(store, log, *first, newest.since);
        if (!base) return base.error();
        start.from = std::move(*base);
    }
    if (!start.notice.empty())
        start.notice += ": it is folded anew from record " + std::to_string(*first);
    return start;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/engine/saved_gate.ipp>
#endif

#endif  // AIAUDIT_ENGINE_SAVED_GATE_HPP
