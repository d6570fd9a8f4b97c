// SPDX-License-Identifier: MIT
//
// day_part_cell.ipp: the definitions of day_part_cell.hpp.
#ifndef AIAUDIT_IMPL_ROLLUP_DAY_PART_CELL_IPP
#define AIAUDIT_IMPL_ROLLUP_DAY_PART_CELL_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/rollup/day_part_cell.hpp>
#include <aiaudit/rollup/query.hpp>  // slots_per_day

#include <algorithm>
#include <bit>
#include <limits>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE void append_latency(std::string& out, latency_histogram const& from) {
    append_varint(out, from.entries().size());
    std::uint32_t before = 0;
    for (auto const& e : from.entries()) {
        append_varint(out, e.bucket - before);
        append_varint(out, e.count);
        before = e.bucket;
    }
}

AIAUDIT_INLINE bool take_latency(byte_reader& in, std::uint64_t timed, latency_histogram& to) {
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

AIAUDIT_INLINE void cell_writer::begin_profile(std::uint32_t profile, std::uint64_t cells) {
    need(cell_bytes);
    out_.varint(profile - profile_);
    out_.varint(cells);
    profile_ = profile;
    slot_ = 0;
}

AIAUDIT_INLINE void cell_writer::add(logged_cell from, totals& sum, dense_histogram& latency) {
    need(cell_bytes);
    std::uint64_t const* next = from.numbers();
    std::uint8_t const attempt = from.attempt();
    std::uint32_t const mask = from.mask();
    std::uint64_t const timed = attempt >> 3;
    std::uint64_t const* costs = next + timed + static_cast<std::size_t>(std::popcount(mask));
    int128 const cost = from.take_cost(costs);
    scaled const price = scale(cost);
    bool const has_rare = from.has_rare();
    std::uint8_t const flags = begin(
        from.slot(), static_cast<std::uint8_t>(attempt | (has_rare ? cell_form::rare_follows : 0)),
        mask, price.power);
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
    if (!has_rare) return;
    totals rare;
    logged_cell::take_rare(costs, rare);
    put_rare(rare);
    add_rare_numbers(sum, rare);
}

AIAUDIT_INLINE bool cell_writer::add(std::uint32_t slot, cell const& value) {
    totals const& sum = value.sum;
    need(cell_bytes + value.latency.entries().size() * entry_bytes);
    std::uint32_t mask = 0;
    for (std::size_t i = 0; i < sum.counts.size(); ++i) mask |= (sum.counts[i] != 0 ? 1U : 0U) << i;
    scaled const price = scale(sum.cost.pico());
    bool const has_rare = !sum.plain();
    static_cast<void>(begin(slot,
                            static_cast<std::uint8_t>(cell_form::sum_follows |
                                                      (has_rare ? cell_form::rare_follows : 0)),
                            mask, price.power));
    for (std::uint64_t const number :
         {sum.requests, sum.attempts, sum.errors, sum.uncosted, sum.timed, sum.latency_ns}) {
        out_.varint(number);
    }
    for (std::uint64_t const count : sum.counts) {
        if (count != 0) out_.varint(count);
    }
    put(price);
    if (has_rare) put_rare(sum);
    out_.varint(value.latency.entries().size());
    std::uint32_t before = 0;
    for (auto const& e : value.latency.entries()) {
        out_.varint(e.bucket - before);
        out_.varint(e.count);
        before = e.bucket;
    }
    return sum.attempts != 0 || sum.corrections != 0;
}

AIAUDIT_INLINE void cell_writer::need(std::size_t more) {
    std::size_t const used = bytes().size();
    if (used + more <= size_) return;
    std::size_t const size = (std::max)(size_ * 2, used + more);
    std::unique_ptr<char[]> larger(new char[size]);
    std::copy_n(room_.get(), used, larger.get());
    room_ = std::move(larger);
    size_ = size;
    out_ = byte_writer{room_.get() + used};
}

AIAUDIT_INLINE std::uint8_t cell_writer::begin(std::uint32_t slot, std::uint8_t flags,
                                               std::uint32_t mask, std::uint8_t power) noexcept {
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

AIAUDIT_INLINE cell_writer::scaled cell_writer::scale(int128 cost) const noexcept {
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

AIAUDIT_INLINE void cell_writer::put(scaled const& price) noexcept {
    auto const narrow = static_cast<std::int64_t>(price.units);
    if (narrow == price.units)
        out_.varint(zigzag(narrow));
    else
        out_.varint128(price.units);
}

AIAUDIT_INLINE void cell_writer::put_rare(totals const& sum) noexcept {
    std::uint64_t mask = 0;
    std::size_t place = 0;
    for_each_rare_number(sum, [&](std::uint64_t number) {
        mask |= std::uint64_t{number != 0 ? 1U : 0U} << place++;
    });
    out_.varint(mask);
    for_each_rare_number(sum, [&](std::uint64_t number) {
        if (number != 0) out_.varint(number);
    });
}

AIAUDIT_INLINE bool cell_reader::read_cell(bool first, std::uint32_t& slot, cell& to) {
    auto const head = in_.little_endian<std::uint8_t>();
    std::uint32_t const step = head >> 1;
    slot += step;
    if (slot >= slots_per_day || (step == 0 && !first)) return false;
    bool sum_follows = false;
    rare_follows_ = false;
    if ((head & 1) != 0) {
        auto const flags = in_.little_endian<std::uint8_t>();
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
        rare_follows_ = (flags & cell_form::rare_follows) != 0;
        if (rare_follows_ && rare_most_ == 0) return false;
        if (!sum_follows) form_.attempt = flags & attempt_bits::all;
    }
    to.clear();
    return sum_follows ? take_sum(to) : take_attempt(to);
}

AIAUDIT_INLINE bool cell_reader::take_attempt(cell& to) {
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

AIAUDIT_INLINE bool cell_reader::take_sum(cell& to) {
    totals& sum = to.sum;
    for (std::uint64_t* const number :
         {&sum.requests, &sum.attempts, &sum.errors, &sum.uncosted, &sum.timed}) {
        *number = in_.varint();
    }
    sum.latency_ns = in_.varint();
    take_counts_and_cost(sum);
    bool const any = sum.attempts > 0 || sum.corrections > 0;
    return in_.ok() && any && take_latency(in_, sum.timed, to.latency);
}

AIAUDIT_INLINE void cell_reader::take_counts_and_cost(totals& sum) {
    std::size_t place = 0;
    for (std::uint32_t mask = form_.mask; mask != 0; mask >>= 1, ++place) {
        if ((mask & 1) != 0) sum.counts[place] = in_.varint();
    }
    auto const cost = static_cast<uint128>(in_.varint128()) * powers_of_ten[form_.power];
    sum.cost = money::from_pico(static_cast<int128>(cost));
    if (rare_follows_) take_rare(sum);
    if (rare_most_ == 0) sum.unsplit = sum.attempts;
}

AIAUDIT_INLINE void cell_reader::take_rare(totals& sum) {
    std::uint64_t const mask = in_.varint();
    if (mask >> rare_most_ != 0) in_.fail_read();
    std::size_t place = 0;
    for_each_rare_number(sum, [&](std::uint64_t& number) {
        if ((mask >> place++ & 1) != 0) number = in_.varint();
    });
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ROLLUP_DAY_PART_CELL_IPP
