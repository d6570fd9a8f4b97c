// SPDX-License-Identifier: MIT
//
// day_part_cell.hpp: the cells of one user in a day part, to bytes and back.
//
// Most cells are one attempt that looks like the one before it, so what recurs is not written. A
// cell is: a byte (bit 0: form follows; the rest: step of the slot); the form, if it follows (a
// byte of flags; a varint mask of the reported units, a byte with the power of ten of the cost,
// where the flags say that they change); for an attempt: latency (where timed), counts by the mask,
// cost; for a sum of attempts: the five counts of attempts, then the same, then the histogram.
// Numbers are varints, the cost is a signed one in units of its power of ten.
// Threads: plain values.
// Floor 4.
#ifndef AIAUDIT_ROLLUP_DAY_PART_CELL_HPP
#define AIAUDIT_ROLLUP_DAY_PART_CELL_HPP

#include <aiaudit/detail/bytes.hpp>     // varints
#include <aiaudit/rollup/cell_log.hpp>  // logged_cell
#include <aiaudit/rollup/query.hpp>     // slots_per_day
#include <aiaudit/rollup/totals.hpp>    // cell

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>
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
    static constexpr std::uint8_t known = 127;
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

inline void append_latency(std::string& out, latency_histogram const& from) {
    append_varint(out, from.entries().size());
    std::uint32_t before = 0;
    for (auto const& e : from.entries()) {
        append_varint(out, e.bucket - before);
        append_varint(out, e.count);
        before = e.bucket;
    }
}
// False where it cannot be read, or does not count as many durations as were timed.
[[nodiscard]] inline bool take_latency(byte_reader& in, std::uint64_t timed,
                                       latency_histogram& to) {
    to.clear();
    std::uint64_t const size = in.varint();
    std::uint64_t bucket = 0;
    std::uint64_t sum = 0;
    if (size > latency_histogram::bucket_count) return false;
    for (std::uint64_t i = 0; i < size; ++i) {
        std::uint64_t const step = in.varint();
        std::uint64_t const count = in.varint();
        if (!in.ok() || step >= latency_histogram::bucket_count || (i > 0 && step == 0))
            return false;
        bucket += step;
        sum += count;
        if (bucket >= latency_histogram::bucket_count ||
            count > (std::numeric_limits<std::uint32_t>::max)() || count == 0) {
            return false;
        }
        to.append(static_cast<std::uint32_t>(bucket), static_cast<std::uint32_t>(count));
    }
    return in.ok() && sum == timed;
}

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
    void begin_profile(std::uint32_t profile, std::uint64_t cells) {
        need(cell_bytes);
        out_.varint(profile - profile_);
        out_.varint(cells);
        profile_ = profile;
        slot_ = 0;
    }
    // Precondition: from.is_attempt(). Adds it to `sum` and `latency` as well.
    void add(logged_cell from, totals& sum, dense_histogram& latency) {
        need(cell_bytes);
        std::uint64_t const* next = from.numbers();
        std::uint8_t const attempt = from.attempt();
        std::uint32_t const mask = from.mask();
        std::uint64_t const timed = attempt >> 3;
        std::uint64_t const* costs = next + timed + static_cast<std::size_t>(std::popcount(mask));
        int128 const cost = from.take_cost(costs);
        scaled const price = scale(cost);
        std::uint8_t const flags = begin(from.slot(), attempt, mask, price.power);
        form_.attempt = flags & attempt_bits::all;
        sum.attempts += 1;
        sum.requests += attempt & 1U;
        sum.errors += attempt >> 1 & 1U;
        sum.uncosted += attempt >> 2 & 1U;
        sum.timed += timed;
        if (timed != 0) {
            sum.latency_ns += *next;
            latency.add(latency_histogram::bucket_of(*next), 1);
            out_.varint(*next++);
        }
        for (std::uint32_t rest = mask; rest != 0; rest &= rest - 1, ++next) {
            sum.counts[static_cast<std::size_t>(std::countr_zero(rest))] += *next;
            out_.varint(*next);
        }
        put(price);
        sum.cost = wrapping_sum(sum.cost, money::from_pico(cost));
    }
    // A sum of attempts. False where their number has wrapped to none.
    [[nodiscard]] bool add(std::uint32_t slot, cell const& value) {
        totals const& sum = value.sum;
        need(cell_bytes + value.latency.entries().size() * entry_bytes);
        std::uint32_t mask = 0;
        for (std::size_t i = 0; i < sum.counts.size(); ++i)
            mask |= (sum.counts[i] != 0 ? 1U : 0U) << i;
        scaled const price = scale(sum.cost.pico());
        static_cast<void>(begin(slot, cell_form::sum_follows, mask, price.power));
        for (std::uint64_t const number :
             {sum.requests, sum.attempts, sum.errors, sum.uncosted, sum.timed, sum.latency_ns}) {
            out_.varint(number);
        }
        for (std::uint64_t const count : sum.counts) {
            if (count != 0) out_.varint(count);
        }
        put(price);
        out_.varint(value.latency.entries().size());
        std::uint32_t before = 0;
        for (auto const& e : value.latency.entries()) {
            out_.varint(e.bucket - before);
            out_.varint(e.count);
            before = e.bucket;
        }
        return sum.attempts != 0;
    }

private:
    // What a cell takes at most, but for the entries of its histogram; and what one of these does.
    static constexpr std::size_t cell_bytes =
        16 + varint_bytes * (totals_numbers + 1) + varint128_bytes;
    static constexpr std::size_t entry_bytes = 8;

    // A cost in units of a power of ten.
    struct scaled {
        int128 units = 0;
        std::uint8_t power = 0;
    };

    void need(std::size_t more) {
        std::size_t const used = bytes().size();
        if (used + more <= size_) return;
        std::size_t const size = (std::max)(size_ * 2, used + more);
        std::unique_ptr<char[]> larger(new char[size]);
        std::copy_n(room_.get(), used, larger.get());
        room_ = std::move(larger);
        size_ = size;
        out_ = byte_writer{room_.get() + used};
    }
    // Writes how the cell differs from the one before it. Returns the flags.
    std::uint8_t begin(std::uint32_t slot, std::uint8_t flags, std::uint32_t mask,
                       std::uint8_t power) noexcept {
        if (mask != form_.mask) flags |= cell_form::mask_follows;
        if (power != form_.power) flags |= cell_form::power_follows;
        bool const differs = flags != form_.attempt;
        out_.byte(static_cast<std::uint8_t>((slot - slot_) << 1 | (differs ? 1U : 0U)));
        if (differs) {
            out_.byte(flags);
            if (mask != form_.mask) out_.varint(mask);
            if (power != form_.power) out_.byte(power);
        }
        slot_ = slot;
        form_.mask = mask;
        form_.power = power;
        return flags;
    }
    // A lucky zero is not worth the bytes of a change of the power, there and back.
    [[nodiscard]] scaled scale(int128 cost) const noexcept {
        auto const narrow = static_cast<std::int64_t>(cost);
        if (narrow == cost) {
            auto const unit_of_cost = static_cast<std::int64_t>(powers_of_ten[form_.power]);
            std::int64_t const units = narrow / unit_of_cost;
            if (units * unit_of_cost == narrow && (units % 1000 != 0 || units == 0))
                return {units, form_.power};
        }
        std::uint8_t const zeros = trailing_zeros(cost);
        std::uint8_t const power =
            zeros < form_.power || zeros >= form_.power + 3 ? zeros : form_.power;
        return {cost / static_cast<int128>(powers_of_ten[power]), power};
    }
    void put(scaled const& price) noexcept {
        auto const narrow = static_cast<std::int64_t>(price.units);
        if (narrow == price.units)
            out_.varint(zigzag(narrow));
        else
            out_.varint128(price.units);
    }

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
    explicit cell_reader(std::string_view bytes) noexcept : in_(bytes) {}

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
    [[nodiscard]] bool read_cell(bool first, std::uint32_t& slot, cell& to) {
        auto const head = in_.little_endian<std::uint8_t>();
        std::uint32_t const step = head >> 1;
        slot += step;
        if (slot >= slots_per_day || (step == 0 && !first)) return false;
        bool sum_follows = false;
        if ((head & 1) != 0) {
            auto const flags = in_.little_endian<std::uint8_t>();
            if (flags > cell_form::known) return false;
            if ((flags & cell_form::mask_follows) != 0) {
                std::uint64_t const mask = in_.varint();
                if (mask >> reported_units.size() != 0) return false;
                form_.mask = static_cast<std::uint32_t>(mask);
            }
            if ((flags & cell_form::power_follows) != 0) {
                form_.power = in_.little_endian<std::uint8_t>();
                if (form_.power > cell_form::power_max) return false;
            }
            sum_follows = (flags & cell_form::sum_follows) != 0;
            if (!sum_follows) form_.attempt = flags & attempt_bits::all;
        }
        to.clear();
        return sum_follows ? take_sum(to) : take_attempt(to);
    }
    [[nodiscard]] bool take_attempt(cell& to) {
        totals& sum = to.sum;
        sum.attempts = 1;
        sum.requests = (form_.attempt & attempt_bits::request) != 0 ? 1 : 0;
        sum.errors = (form_.attempt & attempt_bits::error) != 0 ? 1 : 0;
        sum.uncosted = (form_.attempt & attempt_bits::uncosted) != 0 ? 1 : 0;
        if ((form_.attempt & attempt_bits::timed) != 0) {
            sum.timed = 1;
            sum.latency_ns = in_.varint();
            to.latency.append(latency_histogram::bucket_of(sum.latency_ns), 1);
        }
        take_counts_and_cost(sum);
        return in_.ok();
    }
    [[nodiscard]] bool take_sum(cell& to) {
        totals& sum = to.sum;
        for (std::uint64_t* const number :
             {&sum.requests, &sum.attempts, &sum.errors, &sum.uncosted, &sum.timed}) {
            *number = in_.varint();
        }
        sum.latency_ns = in_.varint();
        take_counts_and_cost(sum);
        return in_.ok() && sum.attempts > 0 && take_latency(in_, sum.timed, to.latency);
    }
    void take_counts_and_cost(totals& sum) {
        std::size_t place = 0;
        for (std::uint32_t mask = form_.mask; mask != 0; mask >>= 1, ++place) {
            if ((mask & 1) != 0) sum.counts[place] = in_.varint();
        }
        auto const cost = static_cast<uint128>(in_.varint128()) * powers_of_ten[form_.power];
        sum.cost = money::from_pico(static_cast<int128>(cost));
    }

    byte_reader in_;
    cell_form form_{};
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_ROLLUP_DAY_PART_CELL_HPP
