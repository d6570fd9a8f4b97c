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

#include <array>
#include <cstddef>
#include <cstdint>
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
                                std::size_t group, totals& to) noexcept;
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
    void change(std::vector<totals> const& part, bool negative);
    void make_room_for(std::vector<totals> const& part);

    std::vector<std::uint64_t> words_{};  // by group: the fixed ones, then those of places_
    std::array<std::uint8_t, totals_numbers> places_{};
    std::size_t kept_ = 0;  // of places_
    bool keeps_rare_ = false;
    // By place, for reading: where it stands among a group's words, and all bits where it does.
    std::array<std::uint8_t, totals_numbers> word_at_{};
    std::array<std::uint64_t, totals_numbers> kept_bits_{0, ~std::uint64_t{0}};
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/rollup/packed_totals.ipp>
#endif

#endif  // AIAUDIT_ROLLUP_PACKED_TOTALS_HPP
