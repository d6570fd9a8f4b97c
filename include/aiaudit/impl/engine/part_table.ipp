// SPDX-License-Identifier: MIT
//
// part_table.ipp: the definitions of part_table.hpp.
#ifndef AIAUDIT_IMPL_ENGINE_PART_TABLE_IPP
#define AIAUDIT_IMPL_ENGINE_PART_TABLE_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/engine/part_table.hpp>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::string stored_parts::words() const {
    if (can_be_folded_anew())
        return "the rollups, as they were saved, are damaged or of another log: they are folded "
               "anew from record " +
               std::to_string(begin.value_or(0) + 1);
    if (good && past_good) return {};
    return "the rollups, as they were saved, are damaged or of another log, and cannot be folded "
           "anew, since some of their records were dropped: reports of their days are not to be "
           "trusted; aiaudit verify says more";
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ENGINE_PART_TABLE_IPP
