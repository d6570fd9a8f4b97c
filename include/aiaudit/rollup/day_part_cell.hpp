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

#include <aiaudit/detail/bytes.hpp>   // varints
#include <aiaudit/rollup/query.hpp>   // slots_per_day
#include <aiaudit/rollup/totals.hpp>  // cell

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v1 {
namespace detail {

// What a cell has in common with the one before it.
struct cell_form {
    // The first four are the attempt's own 0 or 1; the others say what follows.
    static constexpr std::uint8_t request = 1;
    static constexpr std::uint8_t error = 2;
    static constexpr std::uint8_t uncosted = 4;
    static constexpr std::uint8_t timed = 8;
    static constexpr std::uint8_t attempt_bits = 15;
    static constexpr std::uint8_t mask_follows = 16;
    static constexpr std::uint8_t power_follows = 32;
    static constexpr std::uint8_t sum_follows = 64;
    static constexpr std::uint8_t known = 127;
    static constexpr std::uint8_t power_max = 12;

    std::uint8_t attempt = request | timed;
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
        auto const small = static_cast<std::int64_t>(number);
        bool const fits = small == number;
        if (fits ? small % static_cast<std::int64_t>(divisor) != 0 : number % divisor != 0)
            continue;
        number = fits ? small / static_cast<std::int64_t>(divisor) : number / divisor;
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
            count > std::numeric_limits<std::uint32_t>::max() || count == 0) {
            return false;
        }
        to.append(static_cast<std::uint32_t>(bucket), static_cast<std::uint32_t>(count));
    }
    return in.ok() && sum == timed;
}

// Writes the cells of one user.
class cell_writer {
public:
    explicit cell_writer(std::string& out) noexcept : out_(out) {}

    // Profiles and slots ascend.
    void begin_profile(std::uint32_t profile, std::uint64_t cells) {
        append_varint(out_, profile - profile_);
        append_varint(out_, cells);
        profile_ = profile;
        slot_ = 0;
    }
    void add(std::uint32_t slot, cell const& value) {
        totals const& sum = value.sum;
        cell_form now = form_of(sum);
        bool const single = is_single(value);
        std::uint8_t flags = single ? now.attempt : cell_form::sum_follows;
        if (now.mask != form_.mask) flags |= cell_form::mask_follows;
        if (now.power != form_.power) flags |= cell_form::power_follows;
        bool const differs = !single || flags != form_.attempt;
        out_.push_back(static_cast<char>(((slot - slot_) << 1) | (differs ? 1U : 0U)));
        if (differs) {
            out_.push_back(static_cast<char>(flags));
            if (now.mask != form_.mask) append_varint(out_, now.mask);
            if (now.power != form_.power) out_.push_back(static_cast<char>(now.power));
        }
        slot_ = slot;
        if (!single) now.attempt = form_.attempt;
        form_ = now;
        append_numbers(value, single);
    }

private:
    // A single attempt's latency tells its histogram.
    [[nodiscard]] static bool is_single(cell const& value) noexcept {
        totals const& sum = value.sum;
        if (sum.attempts != 1 || sum.requests > 1 || sum.errors > 1 || sum.uncosted > 1)
            return false;
        if (sum.timed == 0) return sum.latency_ns == 0;
        return sum.timed == 1 && value.latency.entries().front().bucket ==
                                     latency_histogram::bucket_of(sum.latency_ns);
    }
    [[nodiscard]] cell_form form_of(totals const& sum) const noexcept {
        cell_form made;
        made.attempt = static_cast<std::uint8_t>((sum.requests == 1 ? cell_form::request : 0) |
                                                 (sum.errors == 1 ? cell_form::error : 0) |
                                                 (sum.uncosted == 1 ? cell_form::uncosted : 0) |
                                                 (sum.timed == 1 ? cell_form::timed : 0));
        for (std::size_t i = 0; i < sum.counts.size(); ++i)
            made.mask |= (sum.counts[i] != 0 ? 1U : 0U) << i;
        made.power = form_.power;
        if (sum.cost.pico() != 0) {
            std::uint8_t const zeros = trailing_zeros(sum.cost.pico());
            // A lucky zero is not worth the bytes of a change, there and back.
            if (zeros < form_.power || zeros >= form_.power + 3) made.power = zeros;
        }
        return made;
    }
    void append_numbers(cell const& value, bool single) {
        totals const& sum = value.sum;
        if (!single) {
            for (std::uint64_t const number :
                 {sum.requests, sum.attempts, sum.errors, sum.uncosted, sum.timed}) {
                append_varint(out_, number);
            }
        }
        if (!single || sum.timed == 1) append_varint(out_, sum.latency_ns);
        for (std::uint64_t const count : sum.counts) {
            if (count != 0) append_varint(out_, count);
        }
        auto const unit_of_cost = static_cast<int128>(powers_of_ten[form_.power]);
        int128 const cost = sum.cost.pico();
        auto const small = static_cast<std::int64_t>(cost);
        if (small == cost) {
            append_varint(out_, zigzag(small / static_cast<std::int64_t>(unit_of_cost)));
        } else {
            append_varint128(out_, cost / unit_of_cost);
        }
        if (!single) append_latency(out_, value.latency);
    }

    std::string& out_;
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
            if (!sum_follows) form_.attempt = flags & cell_form::attempt_bits;
        }
        to.clear();
        return sum_follows ? take_sum(to) : take_attempt(to);
    }
    [[nodiscard]] bool take_attempt(cell& to) {
        totals& sum = to.sum;
        sum.attempts = 1;
        sum.requests = (form_.attempt & cell_form::request) != 0 ? 1 : 0;
        sum.errors = (form_.attempt & cell_form::error) != 0 ? 1 : 0;
        sum.uncosted = (form_.attempt & cell_form::uncosted) != 0 ? 1 : 0;
        if ((form_.attempt & cell_form::timed) != 0) {
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
}  // namespace v1
}  // namespace aiaudit

#endif  // AIAUDIT_ROLLUP_DAY_PART_CELL_HPP
