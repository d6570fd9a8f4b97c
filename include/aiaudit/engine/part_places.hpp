// SPDX-License-Identifier: MIT
//
// part_places.hpp: where the day parts lie that reports count.
//
// Threads: functions without state.
// Floor 6.
#ifndef AIAUDIT_ENGINE_PART_PLACES_HPP
#define AIAUDIT_ENGINE_PART_PLACES_HPP

#include <aiaudit/engine/log_keys.hpp>  // part_key

#include <cstdint>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Calls visit(view) -> result<void> for the history and each segment that it does not stand for,
// oldest first. `dropped` is the last segment that the history stands for, and is set before the
// first call. Errors: the store's; not_found, where one was dropped meanwhile; visit's.
template <class Store, class Visitor>
[[nodiscard]] result<void> for_each_part_place(Store const& store, std::uint64_t& dropped,
                                               Visitor&& visit) {
    auto const past = store.read(history, [&](auto const& view) -> result<void> {
        auto const number = get_number(view, meta_key::dropped);
        if (!number) return number.error();
        dropped = *number;
        return visit(view);
    });
    if (!past) return past;
    auto const there = store.segments();
    if (!there) return there.error();
    for (segment_number segment = there->oldest; segment <= there->newest; ++segment) {
        if (segment <= dropped) continue;
        auto const read = store.read(segment, visit);
        if (!read) return read;
    }
    return {};
}

// A part that the history has of a segment that is still there is not counted twice.
[[nodiscard]] inline bool counts_there(part_key const& part, std::uint64_t dropped) noexcept {
    return part.segment <= dropped;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_ENGINE_PART_PLACES_HPP
