// SPDX-License-Identifier: MIT
//
// gate_check.hpp: whether what budgets and alerts have come to, as it is saved, is what the records
// come to.
//
// It begins with the gate before the first record that is there (nothing, where none was dropped),
// folds record after record, and compares wherever a gate is saved: at the begin of each segment,
// and the newest.
// Memory: two gates.
// Threads: one.
// Floor 6.
#ifndef AIAUDIT_ENGINE_GATE_CHECK_HPP
#define AIAUDIT_ENGINE_GATE_CHECK_HPP

#include <aiaudit/engine/saved_gate.hpp>  // saved_gate

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// What a saved gate is that is not the one that was folded. Lives of runs follow the order in which
// calls asked, which need not be that of their records; so did rates, as they once were saved.
struct gate_difference {
    bool differs = false;
    std::string where{};  // empty: in what follows the order of asking alone
};
[[nodiscard]] gate_difference compare_gates(saved_gate const& saved, saved_gate const& folded);

template <class Store>
class gate_check {
public:
    gate_check(Store const& store, log_reader<Store> const& log) : store_(&store), log_(&log) {}

    // Reads which gates are saved now. Errors: those of reading; not_found, where a segment was
    // dropped meanwhile.
    [[nodiscard]] result<void> begin();
    // The next record, from the first on that is there.
    void add(std::uint64_t number, record_view const& entry) {
        bool const rules = entry.kind == record_kind::budget || entry.kind == record_kind::alert;
        bool const quiet = folded_.gate.empty() && folded_.book.empty();
        if (!lost_ && (rules || !quiet)) apply(number, entry);
        if (number == next_) compare(number);
    }
    // Those after the last record that was read are not compared.
    void end(std::uint64_t last, std::vector<std::string>& findings,
             std::vector<std::string>& unvouched);

    // SHA-256 of what it began with, where records were dropped before.
    [[nodiscard]] std::optional<digest> const& base() const noexcept { return base_; }

private:
    void apply(std::uint64_t number, record_view const& entry);
    [[nodiscard]] result<void> fold_history(std::uint64_t number, std::optional<timestamp> from);
    void compare(std::uint64_t number);
    void compare(std::string const& what, std::string_view bytes, std::uint64_t number);
    [[nodiscard]] std::string bytes_of(segment_number segment) const;
    void find_next() { next_ = waiting_.empty() ? 0 : waiting_.begin()->first; }

    Store const* store_;
    log_reader<Store> const* log_;
    saved_gate folded_{};
    std::optional<digest> base_{};
    bool lost_ = false;  // nothing can be compared from here on
    // By how far they go: of a segment, its begin; 0: the newest.
    std::multimap<std::uint64_t, segment_number> waiting_{};
    std::uint64_t next_ = 0;
    std::optional<std::string> newest_{};
    std::vector<std::string> findings_{};
    std::vector<std::string> unvouched_{};
};

template <class Store>
result<void> gate_check<Store>::begin() {
    auto const there = store_->segments();
    if (!there) return there.error();
    *this = gate_check(*store_, *log_);
    for (segment_number segment = there->oldest; segment <= there->newest; ++segment) {
        stored_gates found;
        auto const read = store_->read(segment, [&found](auto const& view) -> result<void> {
            auto gates = get_gates(view);
            if (!gates) return gates.error();
            found = std::move(*gates);
            return {};
        });
        if (!read) return read;
        if (segment == there->oldest && found.base_size != 0) {
            auto saved = read_saved_gate(found.base.value_or(""));
            lost_ = !saved || saved->through != found.base_size;
            if (found.base) base_ = digest{sha256(*found.base)};
            if (!lost_) folded_ = std::move(*saved);
            if (lost_ && found.base)
                findings_.push_back("what budgets had come to before record " +
                                    std::to_string(found.base_size + 1) + " cannot be read");
            else if (lost_)
                unvouched_.push_back("what budgets and alerts had come to before record " +
                                     std::to_string(found.base_size + 1) +
                                     ", which an older version did not save");
        } else if (found.base) {
            waiting_.emplace(found.base_size, segment);
        }
        if (segment != there->newest) continue;
        newest_ = std::move(found.gate);
        if (!newest_ && found.stand) findings_.emplace_back(gate_gone);
        if (newest_) waiting_.emplace(through_of_gate(*newest_), history);
    }
    find_next();
    // Saved before any record, or up to the last that was dropped.
    while (next_ == folded_.through && !waiting_.empty()) compare(folded_.through);
    return {};
}

template <class Store>
void gate_check<Store>::apply(std::uint64_t number, record_view const& entry) {
    auto applied = folded_.gate.apply(sequence{number}, entry);
    folded_.book.apply(entry);
    if (applied) {
        if (auto const past = folded_.gate.needs_history())
            applied = fold_history(number, past->from);
    }
    if (applied) return;
    lost_ = true;
    unvouched_.push_back("what budgets have come to from record " + std::to_string(number) +
                         " on: " + applied.error().message());
}

template <class Store>
result<void> gate_check<Store>::fold_history(std::uint64_t number, std::optional<timestamp> from) {
    auto const first = log_->first();
    if (!first) return first.error();
    if (*first > 1)
        return fail(errc::not_found,
                    "the budget that was set there may count records that were dropped since");
    return fold_gate_history(*log_, folded_.gate, number, from);
}

template <class Store>
std::string gate_check<Store>::bytes_of(segment_number segment) const {
    if (segment == history) return newest_.value_or("");
    std::string bytes;
    // Where it was dropped meanwhile, there is nothing to compare any more.
    static_cast<void>(store_->read(segment, [&bytes](auto const& view) -> result<void> {
        auto const found = view.get(table::meta, meta_key::gate_base);
        if (!found) return found.error();
        if (*found) bytes.assign(**found);
        return {};
    }));
    return bytes;
}

template <class Store>
void gate_check<Store>::compare(std::uint64_t number) {
    while (!waiting_.empty() && waiting_.begin()->first == number) {
        segment_number const segment = waiting_.begin()->second;
        waiting_.erase(waiting_.begin());
        std::string const bytes = bytes_of(segment);
        if (lost_ || bytes.empty()) continue;
        compare(segment == history ? "what budgets and alerts have come to"
                                   : "what budgets and alerts had come to when segment " +
                                         std::to_string(segment) + " began",
                bytes, number);
    }
    find_next();
}

template <class Store>
void gate_check<Store>::compare(std::string const& what, std::string_view bytes,
                                std::uint64_t number) {
    folded_.through = number;
    auto const saved = read_saved_gate(bytes);
    std::string const end = " (at record " + std::to_string(number) + ")";
    if (!saved) {
        findings_.push_back(what + ", as it is saved, cannot be read" + end);
        return;
    }
    auto const found = compare_gates(*saved, folded_);
    if (!found.differs) return;
    if (found.where.empty())
        unvouched_.push_back("rates and budgets of runs" + end +
                             ": they follow the order in which calls asked");
    else
        findings_.push_back(
            what + ", as it is saved, is not what the records come to: " + found.where + end);
}

template <class Store>
void gate_check<Store>::end(std::uint64_t last, std::vector<std::string>& findings,
                            std::vector<std::string>& unvouched) {
    for (auto const& [through, segment] : waiting_) {
        if (through > last && segment == history)
            findings_.push_back(
                "what budgets and alerts have come to, as it is saved, goes on to "
                "record " +
                std::to_string(through) + "; the log has " + std::to_string(last));
    }
    findings.insert(findings.end(), findings_.begin(), findings_.end());
    unvouched.insert(unvouched.end(), unvouched_.begin(), unvouched_.end());
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/engine/gate_check.ipp>
#endif

#endif  // AIAUDIT_ENGINE_GATE_CHECK_HPP
