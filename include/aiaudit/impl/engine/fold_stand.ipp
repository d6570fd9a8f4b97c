// SPDX-License-Identifier: MIT
//
// fold_stand.ipp: the definitions of fold_stand.hpp.
#ifndef AIAUDIT_IMPL_ENGINE_FOLD_STAND_IPP
#define AIAUDIT_IMPL_ENGINE_FOLD_STAND_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/engine/fold_stand.hpp>

#include <cstring>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::string fold_stand::to_bytes() const {
    return to_little_endian(size).append(view_of(root.bytes)).append(view_of(content.bytes));
}

AIAUDIT_INLINE std::optional<fold_stand> fold_stand::parse(std::string_view bytes) {
    fold_stand made;
    constexpr std::size_t head = sizeof made.size;
    if (bytes.size() != head + made.root.bytes.size() + made.content.bytes.size())
        return std::nullopt;
    made.size = load_little_endian<std::uint64_t>(bytes.data());
    std::memcpy(made.root.bytes.data(), bytes.data() + head, made.root.bytes.size());
    std::memcpy(made.content.bytes.data(), bytes.data() + head + made.root.bytes.size(),
                made.content.bytes.size());
    return made;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ENGINE_FOLD_STAND_IPP
