// SPDX-License-Identifier: MIT
//
// packed_totals.hpp: many totals that wrap, without the numbers that are zero in all of them.
//
// Few of the units are ever counted, so this takes about half of what totals do.
// Threads: const members may run at once.
// Floor 4.
#ifndef AIAUDIT_ROLLUP_PACKED_TOTALS_HPP
#define AIAUDIT_ROLLUP_PACKED_TOTALS_HPP

#include <aiaudit/rollup/totals.hpp>  // totals

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class packed_totals {
public:
    [[nodiscard]] std::size_t size() const noexcept { return words_.size() / stride(); }
    [[nodiscard]] std::uint64_t attempts(std::size_t group) const noexcept {
        return words_[group * stride()];
    }
    [[nodiscard]] money cost(std::size_t group) const noexcept {
        std::uint64_t const* const words = words_.data() + group * stride();
        return money::from_pico(static_cast<int128>(uint128{words[2]} << 64 | words[1]));
    }
    // The group in `high` less that in `low`; a group that is not there has zeros. Without a branch
    // or a loop of unknown length: a report reads thousands.
    static void read_difference(packed_totals const& high, packed_totals const& low,
                                std::size_t group, totals& to) noexcept {
        std::uint64_t const* const more = high.words_of(group);
        std::uint64_t const* const less = low.words_of(group);
        std::size_t place = 0;
        for_each_number(to, [&](std::uint64_t& number) {
            number = (more[high.word_at_[place]] & high.kept_bits_[place]) -
                     (less[low.word_at_[place]] & low.kept_bits_[place]);
            ++place;
        });
        uint128 const cost =
            (uint128{more[2]} << 64 | more[1]) - (uint128{less[2]} << 64 | less[1]);
        to.cost = money::from_pico(static_cast<int128>(cost));
    }
    // Says that the group will be read soon.
    void prefetch(std::size_t group) const noexcept {
        std::uint64_t const* const words = words_of(group);
        __builtin_prefetch(words);
        __builtin_prefetch(words + 8);
    }

    void add(std::vector<totals> const& part) { change(part, false); }
    void subtract(std::vector<totals> const& part) { change(part, true); }
    [[nodiscard]] std::size_t bytes() const noexcept { return words_.capacity() * 8; }

private:
    using numbers = std::array<std::uint64_t, totals_numbers>;
    static constexpr std::size_t fixed = 3;           // attempts, cost low, cost high
    static constexpr std::size_t attempts_place = 1;  // in for_each_number; its word is 0

    [[nodiscard]] std::size_t stride() const noexcept { return fixed + kept_; }
    [[nodiscard]] std::uint64_t const* words_of(std::size_t group) const noexcept {
        static constexpr std::array<std::uint64_t, fixed + totals_numbers> zeros{};
        return (group + 1) * stride() <= words_.size() ? words_.data() + group * stride()
                                                       : zeros.data();
    }
    void change(std::vector<totals> const& part, bool negative) {
        make_room_for(part);
        std::uint64_t const factor = negative ? ~std::uint64_t{0} : 1;
        std::uint64_t* words = words_.data();
        for (std::size_t group = 0; group < part.size(); ++group, words += stride()) {
            totals const& sum = part[group];
            if (sum.attempts == 0) continue;
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
    void make_room_for(std::vector<totals> const& part) {
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
        }
        wider.words_.resize(groups * wider.stride());
        for (std::size_t group = 0; group < size(); ++group) {
            std::copy_n(words_.begin() + static_cast<std::ptrdiff_t>(group * stride()), stride(),
                        wider.words_.begin() + static_cast<std::ptrdiff_t>(group * wider.stride()));
        }
        *this = std::move(wider);
    }

    std::vector<std::uint64_t> words_{};  // by group: the fixed ones, then those of places_
    std::array<std::uint8_t, totals_numbers> places_{};
    std::size_t kept_ = 0;  // of places_
    // By place, for reading: where it stands among a group's words, and all bits where it does.
    std::array<std::uint8_t, totals_numbers> word_at_{};
    std::array<std::uint64_t, totals_numbers> kept_bits_{0, ~std::uint64_t{0}};
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_ROLLUP_PACKED_TOTALS_HPP
