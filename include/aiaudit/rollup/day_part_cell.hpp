// SPDX-License-Identifier: MIT
//
// day_part_cell.hpp: the cells of one user in a day part, to bytes and back.
//
// Most cells are one attempt that looks like the one before it, so what recurs is not written. A
// cell is: a byte (bit 0: form follows; the rest: step of the slot); the form, if it follows (a
// byte of flags; a varint mask of the reported units, a byte with the power of ten of the cost,
// where the flags say that they change); for an attempt: latency (where timed), counts by the mask,
// cost; for a sum of attempts: the five counts of attempts, then the same, then the histogram.
// Where the flags say so, what is rare follows the cost: a varint mask of the rare numbers, and
// these.
// Numbers are varints, the cost is a signed one in units of its power of ten.
// Threads: plain values.
// Floor 4.
#ifndef AIAUDIT_ROLLUP_DAY_PART_CELL_HPP
#define AIAUDIT_ROLLUP_DAY_PART_CELL_HPP

#include <aiaudit/detail/bytes.hpp>     // varints
#include <aiaudit/rollup/cell_log.hpp>  // logged_cell
#include <aiaudit/rollup/totals.hpp>    // cell

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// What a cell has in common with the one before it.
struct cell_form {
    // The first four are the attempt_bits; the others say what follows.
    static constexpr std::uint8_t mask_follows = 16;
    static constexpr std::uint8_t power_follows = 32;
    static constexpr std::uint8_t sum_follows = 64;
    static constexpr std::uint8_t rare_follows = 128;
    static constexpr std::uint8_t power_max = 12;

    std::uint8_t attempt = attempt_bits::request | attempt_bits::timed;
    std::uint32_t mask = 0;  // of totals::counts
    std::uint8_t power = 0;  // of ten, which the cost is a multiple of
};

inline constexpr std::array<std::uint64_t, cell_form::power_max + 1> powers_of_ten{
    1,
    10,
    100,
    1'000,
    10'000,
    100'000,
    1'000'000,
    10'000'000,
    100'000'000,
    1'000'000'000,
    10'000'000'000,
    100'000'000'000,
    1'000'000'000'000};

// How many zeros the number ends with, at most power_max.
[[nodiscard]] constexpr std::uint8_t trailing_zeros(int128 number) noexcept {
    std::uint8_t zeros = 0;
    for (std::uint8_t const step :
         {std::uint8_t{8}, std::uint8_t{4}, std::uint8_t{2}, std::uint8_t{1}}) {
        if (zeros + step > cell_form::power_max) continue;
        auto const divisor = static_cast<int128>(powers_of_ten[step]);
        auto const narrow = static_cast<std::int64_t>(number);
        bool const fits = narrow == number;
        if (fits ? narrow % static_cast<std::int64_t>(divisor) != 0 : number % divisor != 0)
            continue;
        number = fits ? narrow / static_cast<std::int64_t>(divisor) : number / divisor;
        zeros = static_cast<std::uint8_t>(zeros + step);
    }
    return zeros;
}

void append_latency(std::string& out, latency_histogram const& from);
// False where it cannot be read, or does not count as many durations as were timed.
[[nodiscard]] bool take_latency(byte_reader& in, std::uint64_t timed, latency_histogram& to);

// Writes the cells of one user after another.
class cell_writer {
public:
    // Of the user that is being written.
    [[nodiscard]] std::string_view bytes() const noexcept {
        return {room_.get(), static_cast<std::size_t>(out_.position() - room_.get())};
    }
    void begin_user() noexcept {
        out_ = byte_writer{room_.get()};
        form_ = {};
        profile_ = 0;
    }
    // Profiles and slots ascend.
    void begin_profile(std::uint32_t profile, std::uint64_t cells);
    // Precondition: from.is_attempt(). Adds it to `sum` and `latency` as well.
    void add(logged_cell from, totals& sum, dense_histogram& latency);
    // A sum of attempts or corrections. False where their number has wrapped to none.
    [[nodiscard]] bool add(std::uint32_t slot, cell const& value);

private:
    // What a cell takes at most, but for the entries of its histogram; and what one of these does.
    static constexpr std::size_t cell_bytes =
        16 + varint_bytes * (totals_numbers + 2) + varint128_bytes;
    static constexpr std::size_t entry_bytes = 8;

    // A cost in units of a power of ten.
    struct scaled {
        int128 units = 0;
        std::uint8_t power = 0;
    };

    void need(std::size_t more);
    // Writes how the cell differs from the one before it. Returns the flags.
    std::uint8_t begin(std::uint32_t slot, std::uint8_t flags, std::uint32_t mask,
                       std::uint8_t power) noexcept;
    // A lucky zero is not worth the bytes of a change of the power, there and back.
    [[nodiscard]] scaled scale(int128 cost) const noexcept;
    void put(scaled const& price) noexcept;
    void put_rare(totals const& sum) noexcept;

    std::size_t size_ = std::size_t{1} << 14;
    std::unique_ptr<char[]> room_{new char[size_]};
    byte_writer out_{room_.get()};
    cell_form form_{};
    std::uint32_t profile_ = 0;
    std::uint32_t slot_ = 0;
};

// Reads what cell_writer wrote.
class cell_reader {
public:
    // `rare_most`: how many rare numbers it may have; of those without any all attempts are
    // unsplit.
    cell_reader(std::string_view bytes, std::size_t rare_most) noexcept
        : in_(bytes), rare_most_(rare_most) {}

    // visit(profile, slot, cell const&). False where the bytes cannot be read.
    template <class Visitor>
    [[nodiscard]] bool read_all(std::uint32_t profile_count, Visitor&& visit) {
        cell value;
        std::uint64_t profile = 0;
        for (bool first = true; !in_.at_end(); first = false) {
            std::uint64_t const step = in_.varint();
            std::uint64_t const count = in_.varint();
            if ((step == 0 && !first) || step >= profile_count || count == 0) return false;
            profile += step;
            if (profile >= profile_count) return false;
            std::uint32_t slot = 0;
            for (std::uint64_t i = 0; i < count; ++i) {
                if (!read_cell(i == 0, slot, value)) return false;
                visit(static_cast<std::uint32_t>(profile), slot, std::as_const(value));
            }
        }
        return in_.ok();
    }

private:
    [[nodiscard]] bool read_cell(bool first, std::uint32_t& slot, cell& to);
    [[nodiscard]] bool take_attempt(cell& to);
    [[nodiscard]] bool take_sum(cell& to);
    void take_counts_and_cost(totals& sum);
    void take_rare(totals& sum);

    byte_reader in_;
    std::size_t rare_most_;
    cell_form form_{};
    bool rare_follows_ = false;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/rollup/day_part_cell.ipp>
#endif

#endif  // AIAUDIT_ROLLUP_DAY_PART_CELL_HPP
