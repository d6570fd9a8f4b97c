// SPDX-License-Identifier: MIT
//
// lmdb_pages.ipp: the definitions of lmdb_pages.hpp.
#ifndef AIAUDIT_IMPL_STORAGE_LMDB_PAGES_IPP
#define AIAUDIT_IMPL_STORAGE_LMDB_PAGES_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/storage/lmdb_pages.hpp>

#include <algorithm>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::string_view page_window::page(std::uint64_t number) {
    if (number < first_ || number >= first_ + held_pages()) read_from(number);
    auto const at = static_cast<std::size_t>(number - first_) * page_bytes_;
    auto const there = held_bytes_ > at ? held_bytes_ - at : 0;
    return {bytes_.data() + at, std::min<std::size_t>(there, page_bytes_)};
}

AIAUDIT_INLINE void page_window::read_from(std::uint64_t number) {
    auto const end = first_ + held_pages();
    bool const goes_on = number >= end && number < end + span_;
    span_ = goes_on ? std::min<std::uint64_t>(span_ * 2, window_bytes / page_bytes_)
                    : std::max<std::uint64_t>(span_ / 4, 1);
    auto const wanted = (std::min)(span_, pages_ - (std::min)(number, pages_));
    auto const bytes = static_cast<std::size_t>(std::max<std::uint64_t>(wanted, 1)) * page_bytes_;
    if (bytes_.size() < bytes) bytes_.resize(bytes);
    first_ = number;
    held_bytes_ = read(bytes_.data(), bytes, number * page_bytes_).size();
}

AIAUDIT_INLINE bool page_set::add(std::uint64_t first, std::uint64_t count) noexcept {
    while (count > 0) {
        auto const bit = first % 64;
        auto const here = std::min<std::uint64_t>(64 - bit, count);
        auto const bits = (~std::uint64_t{0} >> (64 - here)) << bit;
        auto& word = words_[static_cast<std::size_t>(first / 64)];
        if ((word & bits) != 0) return false;
        word |= bits;
        first += here;
        count -= here;
    }
    return true;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_STORAGE_LMDB_PAGES_IPP
