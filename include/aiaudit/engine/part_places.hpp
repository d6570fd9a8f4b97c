// SPDX-License-Identifier: MIT
//
// part_places.hpp: which of the stored day parts reports count, and how a segment's are held to
// what they were when they were saved.
//
// Threads: plain values.
// Floor 6.
#ifndef AIAUDIT_ENGINE_PART_PLACES_HPP
#define AIAUDIT_ENGINE_PART_PLACES_HPP

#include <aiaudit/engine/fold_stand.hpp>  // fold_stand
#include <aiaudit/engine/log_keys.hpp>    // part_key
#include <aiaudit/rollup/day_part.hpp>    // day_part_format

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Which parts count. Parts that were not of the log stay in segments that are sealed: their records
// were folded anew, into parts of later segments.
struct part_rule {
    std::uint64_t dropped = 0;  // the last segment that the history stands for
    // In segments up to one, parts that go on after a record do not count.
    struct void_range {
        std::uint64_t segment = 0;
        std::uint64_t after = 0;
    };
    std::vector<void_range> voids{};  // by segment

    // `place`: the segment in which it lies, or the history.
    [[nodiscard]] bool counts(part_key const& part, segment_number place) const noexcept {
        // A part that the history has of a segment that is still there is not counted twice.
        if (place == history) return part.segment <= dropped;
        return std::none_of(voids.begin(), voids.end(), [&](void_range const& each) {
            return place <= each.segment && part.through > each.after;
        });
    }
    // Whether some of a segment's parts may not count.
    [[nodiscard]] bool voids_in(segment_number place) const noexcept {
        return !voids.empty() && place <= voids.back().segment;
    }
    [[nodiscard]] std::string void_bytes() const {
        std::string bytes;
        for (void_range const& each : voids)
            bytes += to_little_endian(each.segment) + to_little_endian(each.after);
        return bytes;
    }
    // Errors: corrupt.
    template <class View>
    [[nodiscard]] result<void> read_void(View const& view) {
        auto const found = view.get(table::meta, meta_key::void_parts);
        if (!found) return found.error();
        voids.clear();
        byte_reader in{*found ? **found : std::string_view{}};
        while (!in.at_end()) {
            auto const segment = in.little_endian<std::uint64_t>();
            voids.push_back({segment, in.little_endian<std::uint64_t>()});
        }
        if (!in.ok()) return fail(errc::corrupt, "the log's 'void_parts' has a wrong length");
        return {};
    }
};

// Calls visit(view) -> result<void> for the history and each segment that it does not stand for,
// oldest first. `rule` is set before the first call. Errors: the store's; not_found, where a
// segment was dropped meanwhile; visit's.
template <class Store, class Visitor>
[[nodiscard]] result<void> for_each_part_place(Store const& store, part_rule& rule,
                                               Visitor&& visit) {
    auto const newest =
        store.read([&rule](auto const& view) -> result<void> { return rule.read_void(view); });
    if (!newest) return newest;
    auto const past = store.read(history, [&](auto const& view) -> result<void> {
        auto const number = get_number(view, meta_key::dropped);
        if (!number) return number.error();
        rule.dropped = *number;
        return visit(view);
    });
    if (!past) return past;
    auto const there = store.segments();
    if (!there) return there.error();
    for (segment_number segment = there->oldest; segment <= there->newest; ++segment) {
        if (segment <= rule.dropped) continue;
        auto const read = store.read(segment, visit);
        if (!read) return read;
    }
    return {};
}

// The records before each segment that is there, ascending: no part that is saved goes over one.
class segment_bases {
public:
    // As the store is now. Errors: those of reading.
    template <class Store>
    [[nodiscard]] result<void> refresh(Store const& store, log_reader<Store> const& log) {
        auto const there = store.segments();
        if (!there) return there.error();
        for (segment_number segment = (std::max)(newest_ + 1, there->oldest);
             segment <= there->newest; ++segment) {
            auto const base = log.base_of(segment);
            if (!base) return base.error();
            bases_.push_back(base->size());
            newest_ = segment;
        }
        return {};
    }
    // The last base at or before so many records, and the first after them; 0 and the most where
    // there is none.
    [[nodiscard]] std::uint64_t before(std::uint64_t records) const noexcept;
    [[nodiscard]] std::uint64_t after(std::uint64_t records) const noexcept;

private:
    std::vector<std::uint64_t> bases_{};
    segment_number newest_ = 0;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/engine/part_places.ipp>
#endif

#endif  // AIAUDIT_ENGINE_PART_PLACES_HPP
