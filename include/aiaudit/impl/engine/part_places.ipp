// SPDX-License-Identifier: MIT
//
// part_places.ipp: the definitions of part_places.hpp.
#ifndef AIAUDIT_IMPL_ENGINE_PART_PLACES_IPP
#define AIAUDIT_IMPL_ENGINE_PART_PLACES_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/engine/part_places.hpp>

#include <limits>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::uint64_t segment_bases::before(std::uint64_t records) const noexcept {
    auto const next = std::upper_bound(bases_.begin(), bases_.end(), records);
    return next == bases_.begin() ? 0 : *(next - 1);
}

AIAUDIT_INLINE std::uint64_t segment_bases::after(std::uint64_t records) const noexcept {
    auto const next = std::upper_bound(bases_.begin(), bases_.end(), records);
    return next == bases_.end() ? (std::numeric_limits<std::uint64_t>::max)() : *next;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ENGINE_PART_PLACES_IPP
