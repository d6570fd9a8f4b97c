// SPDX-License-Identifier: MIT
//
// string_hash.hpp: lets a hash map of strings be searched by a view, without making a string.
//
// Threads: any.
// Floor 1.
#ifndef AIAUDIT_DETAIL_STRING_HASH_HPP
#define AIAUDIT_DETAIL_STRING_HASH_HPP

#include <cstddef>
#include <functional>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

struct string_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
        return std::hash<std::string_view>{}(text);
    }
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_DETAIL_STRING_HASH_HPP
