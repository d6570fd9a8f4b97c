// SPDX-License-Identifier: MIT
//
// group_reader.ipp: the definitions of group_reader.hpp.
#ifndef AIAUDIT_IMPL_ROLLUP_GROUP_READER_IPP
#define AIAUDIT_IMPL_ROLLUP_GROUP_READER_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/rollup/group_reader.hpp>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE result<std::vector<group_name>> names_in(day_part const& part, dimension by) {
    std::vector<group_name> made;
    if (by == dimension::everything) return std::vector<group_name>(1);
    if (by == dimension::user) {
        auto const users = part.read_users();
        if (!users) return users.error();
        made.reserve(users->size());
        for (std::string_view const name : *users) made.push_back({{}, name});
        return made;
    }
    auto const names = part.read_names();
    if (!names) return names.error();
    if (by == dimension::model) {
        made.reserve(names->pairs.size());
        for (auto const& pair : names->pairs)
            made.push_back({names->texts[3][pair.provider], names->texts[4][pair.model]});
        return made;
    }
    for (std::string_view const name : names->texts[series_table::name_place(by)])
        made.push_back({{}, name});
    return made;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ROLLUP_GROUP_READER_IPP
