// SPDX-License-Identifier: MIT
//
// part_table.hpp: how the day parts of a segment are held to what they were when they were saved.
//
// Threads: functions without state; plain values.
// Floor 6.
#ifndef AIAUDIT_ENGINE_PART_TABLE_HPP
#define AIAUDIT_ENGINE_PART_TABLE_HPP

#include <aiaudit/engine/fold_stand.hpp>   // fold_stand
#include <aiaudit/engine/part_places.hpp>  // part_rule

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// SHA-256 over the keys and headers of a segment's parts, which hold the checksums of all the rest:
// cheap, and against accidents. `counts(part_key)` says which.
template <class View, class Counts>
[[nodiscard]] result<digest> digest_of_parts(View const& view, Counts&& counts) {
    std::string all;
    auto const scanned =
        view.scan(table::snapshots, {}, [&](std::string_view key, std::string_view bytes) {
            auto const part = part_key::parse(key);
            if (!part || !counts(*part)) return true;
            append_field(all, key);
            append_field(all, bytes.substr(0, day_part_format::header_size));
            return true;
        });
    if (!scanned) return scanned.error();
    return digest{sha256(all)};
}

// What the parts of all places show when they are listed.
struct stored_parts {
    bool good = true;                      // those of the segments, as far as is known
    bool past_good = true;                 // those of dropped records
    bool spans = false;                    // one has records that were dropped, and others
    std::optional<std::uint64_t> begin{};  // records before the oldest segment
    std::uint64_t saved = 0;               // as the newest segment says
    std::optional<fold_stand> newest{};

    // Calls visit(part_key) for each of a place that counts; oldest place first.
    template <class View, class Visitor>
    [[nodiscard]] result<void> list(View const& view, part_rule const& rule, Visitor&& visit);
    [[nodiscard]] bool can_be_folded_anew() const noexcept { return !good && !spans; }
    // What is wrong with them; empty where nothing is.
    [[nodiscard]] std::string words() const;
};

template <class View, class Visitor>
result<void> stored_parts::list(View const& view, part_rule const& rule, Visitor&& visit) {
    bool const is_past = view.segment() == history;
    if (!is_past) {
        auto const number = get_number(view, meta_key::saved);
        if (!number) return number.error();
        saved = *number;
    }
    if (!is_past && !begin) {
        auto const base = get_tree(view, meta_key::base);
        if (!base) return base.error();
        begin = base->size();
    }
    auto const content = digest_of_parts(view, [&](part_key const& part) {
        if (!rule.counts(part, view.segment())) return false;
        visit(part);
        if (!is_past && part.after < *begin && part.through > *begin) spans = true;
        return true;
    });
    if (!content) return content.error();
    auto const stored = view.get(table::meta, meta_key::parts);
    if (!stored) return stored.error();
    // Without it, an older version saved them.
    if (!*stored || (!is_past && rule.voids_in(view.segment()))) return {};
    auto const stand = fold_stand::parse(**stored);
    if (!stand || stand->content != *content) (is_past ? past_good : good) = false;
    if (!is_past && stand) newest = stand;
    return {};
}

// Takes out the parts that go on after a record, which are folded anew, and the totals of users
// that were made of them; those of segments that are sealed do not count any more.
template <class View>
[[nodiscard]] result<void> void_parts_after(View& view, std::uint64_t after, part_rule& rule) {
    std::vector<std::string> keys;
    auto const scanned =
        view.scan(table::snapshots, {}, [&](std::string_view key, std::string_view) {
            auto const part = part_key::parse(key);
            if (!part || part->through > after) keys.emplace_back(key);
            return true;
        });
    if (!scanned) return scanned;
    for (std::string const& key : keys) {
        if (auto ok = view.erase(table::snapshots, key); !ok) return ok;
    }
    if (auto ok = view.erase(table::meta, meta_key::user_totals); !ok) return ok;
    rule.voids.push_back({view.segment() - std::uint64_t{1}, after});
    return view.replace(table::meta, meta_key::void_parts, rule.void_bytes());
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/engine/part_table.ipp>
#endif

#endif  // AIAUDIT_ENGINE_PART_TABLE_HPP
