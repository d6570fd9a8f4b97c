// SPDX-License-Identifier: MIT
//
// part_fingerprint.ipp: the definitions of part_fingerprint.hpp.
#ifndef AIAUDIT_IMPL_ROLLUP_PART_FINGERPRINT_IPP
#define AIAUDIT_IMPL_ROLLUP_PART_FINGERPRINT_IPP

#include <aiaudit/config.hpp>        // AIAUDIT_INLINE
#include <aiaudit/detail/bytes.hpp>  // view_of
#include <aiaudit/rollup/part_fingerprint.hpp>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::string part_fingerprint::difference(part_fingerprint const& folded) const {
    constexpr std::array<char const*, dimension_count> names{
        "the sums of everything", "the sums by model", "the sums by user",
        "the sums by project",    "the sums by key",   "the sums by provider",
        "the sums by status"};
    for (std::size_t i = 0; i < dimension_count; ++i)
        if (!(sums[i] == folded.sums[i])) return names[i];
    return cells == folded.cells ? std::string{} : "the cells of 15 minutes";
}

AIAUDIT_INLINE fingerprinter::fingerprinter(sha256_value const& secret) : secret_(secret) {
    auto const fill = [this](auto& factors, std::uint8_t place) {
        for (std::size_t i = 0; i < factors.size(); ++i) {
            std::string number;
            append_little_endian(number, static_cast<std::uint32_t>(i));
            factors[i] = factor(place, number);
        }
    };
    fill(slots_, slot_place);
    fill(buckets_, bucket_place);
    for (std::size_t i = 0; i < numbers_.size(); ++i) {
        char const mark[2] = {static_cast<char>(number_place), static_cast<char>(i)};
        auto const hash = sha256_joined({view_of(secret_), std::string_view(mark, 2)});
        numbers_[i] = static_cast<std::int64_t>(
            load_little_endian<std::uint64_t>(view_of(hash).data()) >> (64 - number_bits));
    }
}

AIAUDIT_INLINE prime_number fingerprinter::factor(std::uint8_t place, std::string_view name) const {
    std::array<char, 1 + secret_bytes + name_factor::name_most> bytes;  // one piece is quickest
    std::string_view rest = name;
    std::memcpy(bytes.data(), secret_.data(), secret_bytes);
    bytes[secret_bytes] = static_cast<char>(place);
    std::size_t size = secret_bytes + 1;
    if (name.size() <= name_factor::name_most && !name.empty()) {
        std::memcpy(bytes.data() + size, name.data(), name.size());
        size += name.size();
        rest = {};
    }
    sha256_value const hash = sha256_joined({std::string_view(bytes.data(), size), rest});
    uint128 value = 0;
    std::memcpy(&value, hash.data(), sizeof value);
    return prime_number(value & prime_number::prime);
}

AIAUDIT_INLINE void fingerprinter::name_cache::grow() {
    std::vector<name_factor> const old =
        std::exchange(lines_, std::vector<name_factor>(lines_.size() * 2));
    missed_ = 0;
    for (name_factor const& each : old) {
        if (each.place != name_factor::unused)
            line(name_hash(each.place, {each.name.data(), each.size})) = each;
    }
}

AIAUDIT_INLINE prime_number fingerprinter::of_name(std::uint8_t place, std::string_view name,
                                                   std::uint64_t hash) {
    if (name.size() > name_factor::name_most) return factor(place, name);
    name_cache& cache = cache_of(place);
    name_factor* found = &cache.line(hash);
    if (found->place == place && same_text({found->name.data(), found->size}, name))
        return found->factor;
    if (cache.is_too_small()) {
        cache.grow();
        found = &cache.line(hash);
    }
    name_factor& line = *found;
    line.factor = factor(place, name);
    line.place = place;
    line.size = static_cast<std::uint8_t>(name.size());
    if (!name.empty()) std::memcpy(line.name.data(), name.data(), name.size());
    return line.factor;
}

AIAUDIT_INLINE fingerprinter::profile_factors& fingerprinter::of_profile(
    std::array<std::string_view, 5> const& names) {
    // Names of one block that are the same are mostly at the same place; what is found is compared.
    std::uint64_t hash = 0x9E37'79B9'7F4A'7C15ULL;
    for (std::size_t i = 0; i + 1 < names.size(); ++i)
        hash = mixed(hash ^ reinterpret_cast<std::uintptr_t>(names[i].data()),
                     names[i].size() + 0xC2B2'AE3D'27D4'EB4FULL);
    hash = mixed(hash ^ hash_of_text(names.back()), 0xC2B2'AE3D'27D4'EB4FULL);
    profile_factors& line = profiles_[hash % profiles_kept];
    bool const is_it = line.used && std::equal(names.begin(), names.end(), line.names.begin(),
                                               [](std::string_view a, std::string const& b) {
                                                   return same_text(a, b);
                                               });
    if (is_it) return line;
    flush(line);
    line.used = true;
    for (std::size_t i = 0; i < names.size(); ++i) {
        line.names[i].assign(names[i]);
        line.each[i] = of_name(static_cast<std::uint8_t>(i + 1), names[i]);
    }
    line.model = line.each[2] * line.each[3];
    line.all = line.each[0] * line.each[1] * line.model * line.each[4];
    return line;
}

AIAUDIT_INLINE void fingerprinter::flush(profile_factors& line) {
    if (line.to == nullptr) return;
    part_fingerprint& to = *line.to;
    prime_number both = line.numbers;
    both += line.latency;
    to.cells += line.cells * (slots_[line.slot] * line.all);
    auto const count = [&to](dimension by, prime_number value) { to.sums[index_of(by)] += value; };
    count(dimension::everything, both);
    count(dimension::model, both * line.model);
    count(dimension::project, line.numbers * line.each[0]);
    count(dimension::key, line.numbers * line.each[1]);
    count(dimension::provider, line.numbers * line.each[2]);
    count(dimension::status, line.numbers * line.each[4]);
    line.to = nullptr;
    line.numbers = line.latency = line.cells = {};
}

AIAUDIT_INLINE void fingerprinter::finish() {
    for (profile_factors& line : profiles_) flush(line);
}

AIAUDIT_INLINE prime_number fingerprinter::of_latency(latency_histogram const& latency) const {
    prime_number made;
    for (auto const& each : latency.entries())
        made += each.count == 1 ? buckets_[each.bucket]
                                : buckets_[each.bucket] * prime_number(each.count);
    return made;
}

AIAUDIT_INLINE result<compared_numbers> fingerprinter::comparable(day_part const& part) {
    bool split = true;
    auto const read = part.read_sums(
        dimension::everything, [&split](std::uint32_t, totals const& sum,
                                        latency_histogram const&) { split = sum.unsplit == 0; });
    if (!read) return read.error();
    return split ? compared_numbers::all : compared_numbers::without_estimates;
}

AIAUDIT_INLINE std::vector<prime_number> fingerprinter::groups_of(day_part::names const& names,
                                                                  dimension by) {
    std::vector<prime_number> made;
    if (by == dimension::model) {
        for (auto const& pair : names.pairs)
            made.push_back(of_name(3, names.texts[3][pair.provider]) *
                           of_name(4, names.texts[4][pair.model]));
        return made;
    }
    std::size_t const place = series_table::name_place(by);
    for (std::string_view const name : names.texts[place])
        made.push_back(of_name(static_cast<std::uint8_t>(place), name));
    return made;
}

// Costs that are the same but for a multiple of the prime.
[[nodiscard]] constexpr bool is_too_large(money cost) noexcept {
    constexpr int128 most = int128{1} << 124;
    return cost.pico() > most || cost.pico() < -most;
}
AIAUDIT_INLINE error too_large(day_part const& part) {
    return fail(errc::corrupt,
                "the rollup of " + part.day().to_string() + " has a cost that no records come to");
}

AIAUDIT_INLINE result<void> fingerprinter::read_dimension(day_part const& part,
                                                          std::vector<prime_number> const& groups,
                                                          dimension by, compared_numbers which,
                                                          part_fingerprint& to) {
    bool empty = false;
    bool large = false;
    std::uint64_t bits = 0;
    auto const read = part.read_sums(
        by, [&](std::uint32_t group, totals const& sum, latency_histogram const& latency) {
            empty = empty || (sum.attempts | sum.corrections) == 0;
            large = large || is_too_large(sum.cost);
            prime_number value = of_numbers(sum, which, bits);
            if (keeps_latency(by)) value += of_latency(latency);
            to.sums[index_of(by)] += by == dimension::everything ? value : value * groups[group];
        });
    if (!read) return read;
    if (empty)
        return fail(errc::corrupt,
                    "the rollup of " + part.day().to_string() + " has a group without a record");
    return {};
}

AIAUDIT_INLINE AIAUDIT_HOT result<void> fingerprinter::read_cells(
    day_part const& part, day_part::names const& names, std::vector<prime_number> const& users,
    compared_numbers which, part_fingerprint& to) {
    auto const profiles = part.read_profiles();
    if (!profiles) return profiles.error();
    auto const projects = groups_of(names, dimension::project);
    auto const keys = groups_of(names, dimension::key);
    auto const models = groups_of(names, dimension::model);
    auto const statuses = groups_of(names, dimension::status);
    std::vector<prime_number> factors;
    for (auto const& each : *profiles)
        factors.push_back(projects[each.project] * keys[each.key] * models[each.pair] *
                          statuses[each.status]);
    std::uint64_t bits = 0;
    for (std::uint32_t user = 0; user < users.size(); ++user) {
        prime_number of;
        prime_number of_profile;
        std::uint32_t at = 0;
        bool large = false;
        auto const read = part.read_cells(
            user, [&](std::uint32_t profile, std::uint32_t slot, cell const& value) {
                if (profile != at) {
                    of += std::exchange(of_profile, {}) * factors[at];
                    at = profile;
                }
                large = large || is_too_large(value.sum.cost);
                prime_number both = of_numbers(value.sum, which, bits);
                both += of_latency(value.latency);
                of_profile += both * slots_[slot];
            });
        if (!read) return read;
        if (large) return too_large(part);
        of += of_profile * (factors.empty() ? prime_number{} : factors[at]);
        to.cells += of * users[user];
    }
    return {};
}

AIAUDIT_INLINE result<prime_number> fingerprinter::read_users(day_part const& part) {
    auto const users = part.read_users();
    if (!users) return users.error();
    prime_number made;
    std::uint64_t bits = 0;
    auto const read = part.read_sums(dimension::user, [&](std::uint32_t user, totals const& sum,
                                                          latency_histogram const&) {
        made += of_numbers(sum, compared_numbers::all, bits) * of_name(user_place, (*users)[user]);
    });
    if (!read) return read.error();
    return made;
}

AIAUDIT_INLINE result<part_fingerprint> fingerprinter::read(day_part const& part,
                                                            compared_numbers which) {
    auto const names = part.read_names();
    if (!names) return names.error();
    auto const users = part.read_users();
    if (!users) return users.error();
    // A user is searched for by halves.
    bool const ascend = std::adjacent_find(users->begin(), users->end(),
                                           [](auto a, auto b) { return a >= b; }) == users->end();
    if (!ascend)
        return fail(errc::corrupt,
                    "the rollup of " + part.day().to_string() + " has users out of order");
    std::vector<prime_number> of_users;
    of_users.reserve(users->size());
    constexpr std::size_t ahead = 8;
    for (std::size_t i = 0; i < users->size(); ++i) {
        if (i + ahead < users->size()) users_.prefetch(name_hash(user_place, (*users)[i + ahead]));
        of_users.push_back(of_name(user_place, (*users)[i]));
    }
    part_fingerprint made;
    for (std::size_t i = 0; i < dimension_count; ++i) {
        auto const by = static_cast<dimension>(i);
        auto const all = read_dimension(
            part, by == dimension::user ? of_users : groups_of(*names, by), by, which, made);
        if (!all) return all.error();
    }
    if (auto ok = read_cells(part, *names, of_users, which, made); !ok) return ok.error();
    return made;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ROLLUP_PART_FINGERPRINT_IPP
