// SPDX-License-Identifier: MIT
//
// packed_totals.ipp: the definitions of packed_totals.hpp.
#ifndef AIAUDIT_IMPL_ROLLUP_PACKED_TOTALS_IPP
#define AIAUDIT_IMPL_ROLLUP_PACKED_TOTALS_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/rollup/packed_totals.hpp>

#include <algorithm>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE void packed_totals::read_difference(packed_totals const& high,
                                                   packed_totals const& low, std::size_t group,
                                                   totals& to) noexcept {
    std::uint64_t const* const more = high.words_of(group);
    std::uint64_t const* const less = low.words_of(group);
    std::size_t place = 0;
    auto const read = [&](std::uint64_t& number) {
        number = (more[high.word_at_[place]] & high.kept_bits_[place]) -
                 (less[low.word_at_[place]] & low.kept_bits_[place]);
        ++place;
    };
    for_each_common_number(to, read);
    if (high.keeps_rare_ || low.keeps_rare_)
        for_each_rare_number(to, read);
    else
        for_each_rare_number(to, [](std::uint64_t& number) { number = 0; });
    uint128 const cost = (uint128{more[2]} << 64 | more[1]) - (uint128{less[2]} << 64 | less[1]);
    to.cost = money::from_pico(static_cast<int128>(cost));
}

AIAUDIT_INLINE void packed_totals::change(std::vector<totals> const& part, bool negative) {
    make_room_for(part);
    std::uint64_t const factor = negative ? ~std::uint64_t{0} : 1;
    std::uint64_t* words = words_.data();
    for (std::size_t group = 0; group < part.size(); ++group, words += stride()) {
        totals const& sum = part[group];
        if (sum.attempts == 0 && sum.corrections == 0) continue;
        words[0] += sum.attempts * factor;
        for (std::size_t i = 0; i < kept_; ++i)
            words[fixed + i] += number_at(sum, places_[i]) * factor;
        auto const cost_now =
            static_cast<uint128>(cost(group).pico()) +
            static_cast<uint128>(sum.cost.pico()) * (negative ? ~uint128{0} : uint128{1});
        words[1] = static_cast<std::uint64_t>(cost_now);
        words[2] = static_cast<std::uint64_t>(cost_now >> 64);
    }
}

AIAUDIT_INLINE void packed_totals::make_room_for(std::vector<totals> const& part) {
    numbers any{};
    for (totals const& sum : part) {
        std::size_t place = 0;
        for_each_number(sum, [&](std::uint64_t number) { any[place++] |= number; });
    }
    any[attempts_place] = 0;
    for (std::size_t i = 0; i < kept_; ++i) any[places_[i]] = 0;
    std::size_t const groups = (std::max)(size(), part.size());
    if (any == numbers{}) {
        words_.resize(groups * stride());
        return;
    }
    packed_totals wider;
    wider.places_ = places_;
    wider.kept_ = kept_;
    for (std::size_t i = 0; i < any.size(); ++i) {
        if (any[i] != 0) wider.places_[wider.kept_++] = static_cast<std::uint8_t>(i);
    }
    for (std::size_t i = 0; i < wider.kept_; ++i) {
        wider.word_at_[wider.places_[i]] = static_cast<std::uint8_t>(fixed + i);
        wider.kept_bits_[wider.places_[i]] = ~std::uint64_t{0};
        wider.keeps_rare_ = wider.keeps_rare_ || wider.places_[i] >= common_numbers;
    }
    wider.words_.resize(groups * wider.stride());
    for (std::size_t group = 0; group < size(); ++group) {
        std::copy_n(words_.begin() + static_cast<std::ptrdiff_t>(group * stride()), stride(),
                    wider.words_.begin() + static_cast<std::ptrdiff_t>(group * wider.stride()));
    }
    *this = std::move(wider);
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ROLLUP_PACKED_TOTALS_IPP
