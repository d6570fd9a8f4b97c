// SPDX-License-Identifier: MIT
//
// name_dictionary.ipp: the definitions of name_dictionary.hpp.
#ifndef AIAUDIT_IMPL_CODEC_NAME_DICTIONARY_IPP
#define AIAUDIT_IMPL_CODEC_NAME_DICTIONARY_IPP

#include <aiaudit/codec/name_dictionary.hpp>
#include <aiaudit/config.hpp>        // AIAUDIT_INLINE
#include <aiaudit/detail/bytes.hpp>  // varints

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::uint32_t name_dictionary::number_of(std::string_view name) {
    std::uint64_t const hash = hash_of_text(name);
    std::uint32_t const found =
        index_.find(hash, [&](std::uint32_t number) { return same_text(name_at(number), name); });
    return found == hash_index::none ? add(name, hash) : found;
}

AIAUDIT_INLINE std::uint32_t name_dictionary::add(std::string_view name, std::uint64_t hash) {
    std::uint32_t const number = size();
    append_varint(bytes_, name.size());
    places_.push_back(
        {static_cast<std::uint32_t>(bytes_.size()), static_cast<std::uint32_t>(name.size())});
    bytes_.append(name);
    index_.insert(hash, number, [this](std::uint32_t of) { return hash_of_text(name_at(of)); });
    return number;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_CODEC_NAME_DICTIONARY_IPP
