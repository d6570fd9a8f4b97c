// SPDX-License-Identifier: MIT
//
// day_part.ipp: the definitions of day_part.hpp.
#ifndef AIAUDIT_IMPL_ROLLUP_DAY_PART_IPP
#define AIAUDIT_IMPL_ROLLUP_DAY_PART_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/rollup/day_part.hpp>

#include <bit>
#include <cstring>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Precondition: eight bytes may be read at `from`. width <= 8.
AIAUDIT_INLINE std::uint64_t load_number(char const* from, std::size_t width) noexcept {
    if (width == 0) return 0;
    std::uint64_t number = 0;
    if constexpr (std::endian::native == std::endian::little)
        std::memcpy(&number, from, sizeof number);
    else
        number = load_little_endian<std::uint64_t>(from);
    return number & (~std::uint64_t{0} >> (64 - 8 * width));
}

AIAUDIT_INLINE result<std::string_view> day_part::checked(std::size_t which) const {
    std::string_view const found = bytes_.substr(sections_[which].offset, sections_[which].size);
    if (crc32c(found) != sections_[which].checksum) {
        return corrupt("the checksum of section " + std::to_string(which) + " does not match");
    }
    return found;
}

AIAUDIT_INLINE result<day_part> day_part::open(std::string_view bytes) {
    day_part made;
    if (bytes.size() < format::header_size + format::padding || bytes.substr(0, 3) != "AID") {
        return fail(errc::corrupt, "a day of a rollup has no header");
    }
    auto const version = static_cast<std::uint8_t>(bytes[3]);
    if (version == 0 || version > format::version) {
        return fail(errc::newer_format,
                    "version " + std::to_string(version) + " of a day of a rollup");
    }
    byte_reader in{bytes.substr(4, format::header_size - 4)};
    auto const checksum = in.little_endian<std::uint32_t>();
    if (checksum != crc32c(in.rest()))
        return fail(errc::corrupt, "the header's checksum of a day of a rollup does not match");
    made.bytes_ = bytes;
    made.day_.days = in.little_endian<std::int32_t>();
    if (made.day_.days < -format::days_max || made.day_.days > format::days_max)
        return fail(errc::corrupt, "a day of a rollup is none that has records");
    for (auto& count : made.counts_) count = in.little_endian<std::uint32_t>();
    std::size_t offset = format::header_size;
    for (section& each : made.sections_) {
        each.offset = offset;
        each.size = in.little_endian<std::uint32_t>();
        each.checksum = in.little_endian<std::uint32_t>();
        offset += each.size;
    }
    // What is counted takes at least a byte, so no count can ask for more memory than the bytes.
    bool fits = offset + format::padding == bytes.size();
    for (std::uint32_t const count : made.counts_) fits = fits && count <= bytes.size();
    if (!fits) return made.corrupt("its sizes do not match");
    return made;
}

AIAUDIT_INLINE result<day_part::names> day_part::read_names() const {
    auto const bytes = checked(format::names);
    if (!bytes) return bytes.error();
    names made;
    byte_reader in{*bytes};
    for (std::size_t i = 1; i < made.texts.size(); ++i) {
        made.texts[i].reserve(counts_[i]);
        for (std::uint32_t left = counts_[i]; left > 0; --left)
            made.texts[i].push_back(in.take(in.varint()));
    }
    made.pairs.reserve(counts_[format::pairs]);
    for (std::uint32_t left = counts_[format::pairs]; left > 0 && in.ok(); --left) {
        std::uint64_t const provider = in.varint();
        std::uint64_t const model = in.varint();
        if (provider >= counts_[3] || model >= counts_[4]) in.fail_read();
        made.pairs.push_back(
            {static_cast<std::uint32_t>(provider), static_cast<std::uint32_t>(model)});
    }
    if (!in.ok() || !in.at_end()) return corrupt("its names cannot be read");
    return made;
}

AIAUDIT_INLINE result<day_part::user_entry> day_part::user_at(std::string_view users,
                                                              std::uint32_t number) const {
    std::size_t const names_at = std::size_t{counts_[0]} * format::user_entry;
    std::string_view const texts = users.substr(names_at);
    auto const load = [&](std::size_t place, std::size_t offset) {
        return load_little_endian<std::uint32_t>(users.data() + place * format::user_entry +
                                                 offset);
    };
    std::uint32_t const name_begin = number == 0 ? 0 : load(number - std::size_t{1}, 0);
    std::uint32_t const name_end = load(number, 0);
    std::uint32_t const cells_begin = number == 0 ? 0 : load(number - std::size_t{1}, 4);
    std::uint32_t const cells_end = load(number, 4);
    section const& all = sections_[format::cells];
    if (name_begin > name_end || name_end > texts.size() || cells_begin > cells_end ||
        cells_end > all.size) {
        return corrupt("its index of users cannot be read");
    }
    return user_entry{texts.substr(name_begin, name_end - name_begin),
                      bytes_.substr(all.offset + cells_begin, cells_end - cells_begin),
                      load(number, 8)};
}

AIAUDIT_INLINE result<std::vector<std::string_view>> day_part::read_users() const {
    auto const bytes = checked(format::users);
    if (!bytes) return bytes.error();
    if (bytes->size() / format::user_entry < counts_[0]) return corrupt("it has too few users");
    std::string_view const texts = bytes->substr(std::size_t{counts_[0]} * format::user_entry);
    std::vector<std::string_view> made;
    made.reserve(counts_[0]);
    std::uint32_t begin = 0;
    for (std::size_t i = 0; i < counts_[0]; ++i) {
        auto const end = load_little_endian<std::uint32_t>(bytes->data() + i * format::user_entry);
        if (end < begin || end > texts.size()) return corrupt("its users cannot be read");
        made.push_back(texts.substr(begin, end - begin));
        begin = end;
    }
    return made;
}

AIAUDIT_INLINE result<std::optional<std::uint32_t>> day_part::find_user(
    std::string_view name) const {
    auto const bytes = checked(format::users);
    if (!bytes) return bytes.error();
    if (bytes->size() / format::user_entry < counts_[0]) return corrupt("it has too few users");
    std::uint32_t low = 0;
    std::uint32_t high = counts_[0];
    while (low < high) {
        std::uint32_t const middle = low + (high - low) / 2;
        auto const entry = user_at(*bytes, middle);
        if (!entry) return entry.error();
        if (entry->name == name) return std::optional{middle};
        if (entry->name < name)
            low = middle + 1;
        else
            high = middle;
    }
    return std::optional<std::uint32_t>{};
}

AIAUDIT_INLINE result<std::vector<day_part::profile>> day_part::read_profiles() const {
    auto const bytes = checked(format::profile_columns);
    if (!bytes) return bytes.error();
    std::uint32_t const count = profile_count();
    std::vector<profile> made(count);
    byte_reader in{*bytes};
    auto const take_column = [&](std::uint32_t below, std::uint32_t profile::*member) {
        std::size_t const width = format::width_for(below);
        std::string_view const numbers = in.take(std::uint64_t{count} * width);
        for (std::size_t i = 0; i < count && in.ok(); ++i) {
            auto const number =
                static_cast<std::uint32_t>(load_number(numbers.data() + i * width, width));
            if (number >= below) in.fail_read();
            made[i].*member = number;
        }
    };
    take_column(counts_[1], &profile::project);
    take_column(counts_[2], &profile::key);
    take_column(counts_[format::pairs], &profile::pair);
    take_column(counts_[5], &profile::status);
    if (!in.ok() || !in.at_end()) return corrupt("its profiles cannot be read");
    return made;
}

AIAUDIT_INLINE result<day_part::columns> day_part::columns_of(byte_reader& in,
                                                              std::uint32_t groups) const {
    columns made;
    for (std::size_t i = 0; i < made.size(); ++i) {
        if (i >= common_numbers + rare_count() && i < totals_numbers) continue;
        std::size_t const width = in.little_endian<std::uint8_t>();
        if (width > (i == totals_numbers ? 16U : 8U)) in.fail_read();
        made[i] = {in.take(std::uint64_t{groups} * width).data(), width};
    }
    if (!in.ok()) return corrupt("its sums cannot be read");
    return made;
}

// A column at a time. `to` has zeros in the numbers of columns that take no bytes.
AIAUDIT_INLINE void day_part::read_rows(columns const& from, std::size_t first, std::size_t count,
                                        rows& to) noexcept {
    for (std::size_t place = 0; place < totals_numbers; ++place) {
        std::size_t const width = from[place].width;
        if (width == 0) continue;
        char const* at = from[place].numbers + first * width;
        for (std::size_t i = 0; i < count; ++i, at += width)
            set_number(to[i], place, load_number(at, width));
    }
    column const& costs = from[totals_numbers];
    if (costs.width == 0) return;
    // The sign is the highest bit that is stored.
    unsigned const unused = 128 - 8 * static_cast<unsigned>(costs.width);
    char const* at = costs.numbers + first * costs.width;
    for (std::size_t i = 0; i < count; ++i, at += costs.width) {
        uint128 cost = load_number(at, std::min<std::size_t>(costs.width, 8));
        if (costs.width > 8) cost |= uint128{load_number(at + 8, costs.width - 8)} << 64;
        to[i].cost = money::from_pico(static_cast<int128>(cost << unused) >> unused);
    }
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ROLLUP_DAY_PART_IPP
