// SPDX-License-Identifier: MIT
//
// part_fingerprint.hpp: whether a stored day part is the sum of its records, in memory that does
// not grow with the number of names.
//
// A fingerprint is a sum in the field of 2^127 - 1, which records and stored cells add to alike.
// With random factors B, L and g, which follow from a secret that is drawn for one run, whatever
// counts in a series and slot adds (sum of B[i] * number[i] + sum of L[bucket] * count) times the
// product of g(place, name) over its names and its slot; in each dimension, times the product over
// the names of its group. The difference of two that differ is a polynomial of degree 8 in those
// factors, linear in B, that is not zero. B is of 58 bits, the others of 127: so it goes unseen
// with a probability below 2^-57, and nobody who wrote the part can have known the secret.
// Threads: one thread each.
// Floor 4.
#ifndef AIAUDIT_ROLLUP_PART_FINGERPRINT_HPP
#define AIAUDIT_ROLLUP_PART_FINGERPRINT_HPP

#include <aiaudit/config.hpp>             // int128
#include <aiaudit/detail/hash_index.hpp>  // hash_of_text
#include <aiaudit/detail/sha256.hpp>      // sha256_value
#include <aiaudit/rollup/day_part.hpp>    // day_part
#include <aiaudit/rollup/query.hpp>       // dimension
#include <aiaudit/rollup/series.hpp>      // status_text
#include <aiaudit/rollup/totals.hpp>      // totals

#include <array>
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// A number modulo 2^127 - 1, which may be written as that itself for zero.
class prime_number {
public:
    static constexpr uint128 prime = (uint128{1} << 127) - 1;

    constexpr prime_number() noexcept = default;
    explicit constexpr prime_number(uint128 value) noexcept : value_(folded(value)) {}

    constexpr prime_number& operator+=(prime_number other) noexcept {
        value_ = folded(value_ + other.value_);
        return *this;
    }
    [[nodiscard]] static constexpr prime_number of_signed(int128 value) noexcept {
        if (value >= 0) return prime_number(static_cast<uint128>(value));
        return prime_number(prime - prime_number(~static_cast<uint128>(value) + 1).value_);
    }
    [[nodiscard]] constexpr prime_number operator*(prime_number other) const noexcept {
        auto const low = static_cast<std::uint64_t>(value_);
        auto const other_low = static_cast<std::uint64_t>(other.value_);
        uint128 const middle = uint128{high()} * other_low + uint128{other.high()} * low;
        uint128 const top = uint128{high()} * other.high();
        return sum(folded(uint128{low} * other_low), folded(shifted(middle) + (top << 1)));
    }
    friend constexpr bool operator==(prime_number a, prime_number b) noexcept {
        return a.value_ % prime == b.value_ % prime;
    }

private:
    [[nodiscard]] constexpr std::uint64_t high() const noexcept {
        return static_cast<std::uint64_t>(value_ >> 64);
    }
    // At most the prime.
    [[nodiscard]] static constexpr uint128 folded(uint128 value) noexcept {
        value = (value & prime) + (value >> 127);
        return (value & prime) + (value >> 127);
    }
    // value * 2^64.
    [[nodiscard]] static constexpr uint128 shifted(uint128 value) noexcept {
        constexpr uint128 low = (uint128{1} << 63) - 1;
        return folded(((value & low) << 64) + (value >> 63));
    }
    [[nodiscard]] static constexpr prime_number sum(uint128 a, uint128 b) noexcept {
        prime_number made;
        made.value_ = folded(a + b);
        return made;
    }

    uint128 value_ = 0;
};

// Which numbers of a part can be compared: of one that was saved before estimates were told apart,
// not the counts, which hold bounds, nor what is unsure.
enum class compared_numbers : std::uint8_t { all, without_estimates };

struct part_fingerprint {
    prime_number cells{};
    std::array<prime_number, dimension_count> sums{};
    std::uint64_t bits = 0;     // that any number of a record has
    std::uint64_t records = 0;  // that were added

    // Whether no sum of the records can have wrapped.
    [[nodiscard]] bool is_exact() const noexcept {
        return std::bit_width(bits) + std::bit_width(records) < 64;
    }
    // The first of what differs; nothing where all is the same.
    [[nodiscard]] std::string difference(part_fingerprint const& folded) const;
};

class fingerprinter {
public:
    static constexpr std::size_t secret_bytes = 32;

    // `secret`: random bytes.
    explicit fingerprinter(sha256_value const& secret);

    // Adds an outcome or a correction, in its slot of the day, under the model that it counts as;
    // `to` stays where it is until finish(). `Record` is record, or a view of one with the same
    // members.
    template <class Record>
    AIAUDIT_HOT void add(Record const& entry, std::string_view model, std::uint32_t slot,
                         compared_numbers which, part_fingerprint& to);

    // What was added is in the fingerprints.
    void finish();

    // Of the part as it is stored, all sections of which are read. Errors: corrupt; newer_format.
    [[nodiscard]] result<part_fingerprint> read(day_part const& part, compared_numbers which);
    // Of the sums of users alone, of all their numbers. Errors: corrupt.
    [[nodiscard]] result<prime_number> read_users(day_part const& part);
    // Errors: corrupt.
    [[nodiscard]] static result<compared_numbers> comparable(day_part const& part);

private:
    // Places of names: as series_names, then slots; those of factors go on.
    static constexpr std::uint8_t user_place = 0;
    static constexpr std::uint8_t slot_place = 6;
    static constexpr std::uint8_t number_place = 7;
    static constexpr std::uint8_t bucket_place = 8;

    // By the names of a record but the user's; what was added of it lately is not multiplied yet.
    struct profile_factors {
        std::array<std::string, 5> names{};  // project, key, provider, model, status
        std::array<prime_number, 5> each{};
        prime_number model{};  // with the provider
        prime_number all{};
        bool used = false;
        part_fingerprint* to = nullptr;
        std::uint32_t slot = 0;
        prime_number numbers{};
        prime_number latency{};
        prime_number cells{};  // times the users
    };
    // Of a name, in a line of a cache.
    struct name_factor {
        static constexpr std::size_t name_most = 46;
        static constexpr std::uint8_t unused = 0xFF;
        prime_number factor{};
        std::uint8_t place = unused;
        std::uint8_t size = 0;
        std::array<char, name_most> name{};
    };
    // Factors of names that were asked for lately, each on the line of its hash: as many lines as
    // pay, up to a bound.
    class name_cache {
    public:
        [[nodiscard]] name_factor& line(std::uint64_t hash) noexcept {
            return lines_[hash & (lines_.size() - 1)];
        }
        void prefetch(std::uint64_t hash) const noexcept {
            __builtin_prefetch(&lines_[hash & (lines_.size() - 1)]);
        }
        // A name was not found. Whether it is worth twice the lines.
        [[nodiscard]] bool is_too_small() noexcept {
            return ++missed_ > lines_.size() && lines_.size() < lines_most;
        }
        void grow();

    private:
        static constexpr std::size_t lines_most = std::size_t{1} << 20;  // 64 MiB
        std::vector<name_factor> lines_{std::size_t{1} << 10};
        std::size_t missed_ = 0;  // with so many lines
    };
    static constexpr std::size_t profiles_kept = std::size_t{1} << 12;

    [[nodiscard]] prime_number factor(std::uint8_t place, std::string_view name) const;
    [[nodiscard]] prime_number of_name(std::uint8_t place, std::string_view name) {
        return of_name(place, name, name_hash(place, name));
    }
    [[nodiscard]] prime_number of_name(std::uint8_t place, std::string_view name,
                                       std::uint64_t hash);
    [[nodiscard]] static std::uint64_t name_hash(std::uint8_t place,
                                                 std::string_view name) noexcept {
        return hash_of_text(name) ^ place;
    }
    // Users are many, and would push out the others.
    [[nodiscard]] name_cache& cache_of(std::uint8_t place) noexcept {
        return place == user_place ? users_ : names_;
    }
    [[nodiscard]] profile_factors& of_profile(std::array<std::string_view, 5> const& names);
    void flush(profile_factors& line);
    // `bits` become those that any number has.
    [[nodiscard]] prime_number of_numbers(totals const& sum, compared_numbers which,
                                          std::uint64_t& bits) const noexcept;
    [[nodiscard]] prime_number of_latency(latency_histogram const& latency) const;
    [[nodiscard]] std::vector<prime_number> groups_of(day_part::names const& names, dimension by);
    [[nodiscard]] result<void> read_dimension(day_part const& part,
                                              std::vector<prime_number> const& groups, dimension by,
                                              compared_numbers which, part_fingerprint& to);
    [[nodiscard]] result<void> read_cells(day_part const& part, day_part::names const& names,
                                          std::vector<prime_number> const& users,
                                          compared_numbers which, part_fingerprint& to);

    sha256_value secret_;
    static constexpr unsigned number_bits = 58;
    std::array<std::int64_t, totals_numbers + 1> numbers_{};  // the cost is the last
    std::array<prime_number, latency_histogram::bucket_count> buckets_{};
    std::array<prime_number, static_cast<std::size_t>(slots_per_day)> slots_{};
    name_cache users_{};
    name_cache names_{};
    std::vector<profile_factors> profiles_{profiles_kept};
};

template <class Record>
void fingerprinter::add(Record const& entry, std::string_view model, std::uint32_t slot,
                        compared_numbers which, part_fingerprint& to) {
    std::string_view const name{entry.user};
    std::uint64_t const hash = name_hash(user_place, name);
    users_.prefetch(hash);
    totals const sum = totals::of(entry);
    status_text const status{entry};
    prime_number const user = of_name(user_place, name, hash);
    profile_factors& line =
        of_profile({std::string_view{entry.project}, std::string_view{entry.key_id},
                    std::string_view{entry.provider}, model, status.text()});
    if (line.to != &to || line.slot != slot) {
        flush(line);
        line.to = &to;
        line.slot = slot;
    }
    ++to.records;
    prime_number const numbers = of_numbers(sum, which, to.bits);
    prime_number const of = numbers * user;
    to.sums[index_of(dimension::user)] += of;
    line.numbers += numbers;
    line.cells += of;
    if (sum.timed == 0) return;
    prime_number const bucket = buckets_[latency_histogram::bucket_of(sum.latency_ns)];
    line.latency += bucket;
    line.cells += bucket * user;
}

// Numbers are taken as signed, and so a sum of them as what it is where it has not wrapped: of 33
// factors of 58 bits and as many numbers it has 127 bits at the most.
inline prime_number fingerprinter::of_numbers(totals const& sum, compared_numbers which,
                                              std::uint64_t& bits) const noexcept {
    // Counts, what is unsure, estimated and margin, unsplit: next to each other.
    constexpr std::size_t estimates_begin = 6;
    constexpr std::size_t estimates_end = common_numbers + 6;
    int128 made = 0;
    std::size_t place = 0;
    auto const add = [&](std::uint64_t number) {
        std::size_t const at = place++;
        if (which == compared_numbers::without_estimates && at >= estimates_begin &&
            at < estimates_end)
            return;
        auto const value = static_cast<std::int64_t>(number);
        bits |= number ^ static_cast<std::uint64_t>(value >> 63);
        made += int128{value} * numbers_[at];
    };
    for_each_common_number(sum, add);
    std::uint64_t rare = 0;
    for_each_rare_number(sum, [&rare](std::uint64_t number) { rare |= number; });
    if (rare != 0) for_each_rare_number(sum, add);
    int128 const cost = sum.cost.pico();
    auto const narrow = static_cast<std::int64_t>(cost);
    if (narrow == cost) return prime_number::of_signed(made + cost * numbers_.back());
    // So that a sum of costs that is exact has less than 124 bits.
    bits |= static_cast<std::uint64_t>((cost < 0 ? -cost : cost) >> 60);
    prime_number all = prime_number::of_signed(made);
    all += prime_number::of_signed(cost) * prime_number::of_signed(numbers_.back());
    return all;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/rollup/part_fingerprint.ipp>
#endif

#endif  // AIAUDIT_ROLLUP_PART_FINGERPRINT_HPP
