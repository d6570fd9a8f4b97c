// SPDX-License-Identifier: MIT
//
// day_part.hpp: reads the stored cells of one day of UTC.
//
// A part is immutable and stands alone; several parts of one day add up. Layout (integers are
// little-endian; `varint` is detail/bytes.hpp's):
//     "AID", version (1 byte), CRC-32C of the rest of the header, day (4, since 1970),
//     8 counts (4 each): users, projects, keys, providers, models, statuses, pairs, profiles;
//     11 sections (size 4, CRC-32C 4); then the sections one after the other, then 8 zero bytes:
//     names     projects, keys, providers, models, statuses (varint size, bytes), then the pairs of
//               provider and model (varint numbers), which is what is meant by a model below
//     profiles  by column: project, key, pair, status of each; as wide as their counts need
//     users     for each, by name: end of its name, end of its cells, CRC-32C of its cells (4
//               each); then the names
//     cells     for each user: profiles ascending (varint step, varint count of cells), their cells
//               by slot
//     sums      one section a dimension: totals by group, by column (width, 1 byte; then numbers);
//               then, for everything and models, the histogram of each (varint size; varint step of
//               bucket, varint count)
// Each section, and each user's cells, has its own checksum, so sums or one user's cells are read
// without touching the rest. A cell begins with a byte: the step of its slot, and whether it
// differs in form from the cell before it (day_part_cell.hpp).
// Threads: a view of bytes; const members may run at once.
// Floor 4.
#ifndef AIAUDIT_ROLLUP_DAY_PART_HPP
#define AIAUDIT_ROLLUP_DAY_PART_HPP

#include <aiaudit/detail/bytes.hpp>          // byte_reader
#include <aiaudit/detail/crc32c.hpp>         // crc32c
#include <aiaudit/error.hpp>                 // result
#include <aiaudit/rollup/day_part_cell.hpp>  // cell_reader
#include <aiaudit/rollup/query.hpp>          // dimension

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

struct day_part_format {
    static constexpr std::uint8_t version = 1;
    static constexpr std::size_t counts = 8;
    static constexpr std::size_t pairs = 6;  // place of a count; names have those before
    static constexpr std::size_t profiles = 7;
    static constexpr std::size_t sections = 4 + dimension_count;
    enum section : std::size_t { names, profile_columns, users, cells, sums };
    static constexpr std::size_t header_size = 12 + counts * 4 + sections * 8;
    static constexpr std::size_t padding = 8;  // so that a number may be read as eight bytes
    static constexpr std::size_t user_entry = 12;
    static constexpr std::int32_t days_max = 106'750;  // from 1970: what a timestamp holds

    // Bytes that hold any number below `count`.
    [[nodiscard]] static constexpr std::size_t width_for(std::uint32_t count) noexcept {
        std::size_t width = 1;
        while (width < 4 && count > std::uint32_t{1} << (8 * width)) ++width;
        return width;
    }
    [[nodiscard]] static constexpr std::size_t count_place(dimension by) noexcept {
        switch (by) {
        case dimension::project: return 1;
        case dimension::key: return 2;
        case dimension::provider: return 3;
        case dimension::status: return 5;
        case dimension::model: return pairs;
        default: return 0;
        }
    }
};

// Precondition: eight bytes may be read at `from`. width <= 8.
[[nodiscard]] inline std::uint64_t load_number(char const* from, std::size_t width) noexcept {
    if (width == 0) return 0;
    std::uint64_t number = 0;
    if constexpr (std::endian::native == std::endian::little)
        std::memcpy(&number, from, sizeof number);
    else
        number = load_little_endian<std::uint64_t>(from);
    return number & (~std::uint64_t{0} >> (64 - 8 * width));
}

class day_part {
public:
    struct model_pair {
        std::uint32_t provider = 0;
        std::uint32_t model = 0;
    };
    struct names {
        std::array<std::vector<std::string_view>, 6> texts{};  // as series_names; no users
        std::vector<model_pair> pairs{};
    };
    struct profile {
        std::uint32_t project = 0;
        std::uint32_t key = 0;
        std::uint32_t pair = 0;
        std::uint32_t status = 0;
    };

    // Checks the header and the sizes. Errors: corrupt; newer_format.
    [[nodiscard]] static result<day_part> open(std::string_view bytes);

    [[nodiscard]] civil_day day() const noexcept { return day_; }
    [[nodiscard]] std::uint32_t group_count(dimension by) const noexcept {
        return by == dimension::everything ? 1 : counts_[day_part_format::count_place(by)];
    }
    [[nodiscard]] std::uint32_t profile_count() const noexcept {
        return counts_[day_part_format::profiles];
    }
    // The functions below check what they read. Errors: corrupt.
    [[nodiscard]] result<names> read_names() const;
    // Users ascending by name; the views are of the part's bytes.
    [[nodiscard]] result<std::vector<std::string_view>> read_users() const;
    // The user's number in this part.
    [[nodiscard]] result<std::optional<std::uint32_t>> find_user(std::string_view name) const;
    // All profiles' numbers are below their counts when this succeeds.
    [[nodiscard]] result<std::vector<profile>> read_profiles() const;
    // visit(group, totals const&, latency_histogram const&) for each group.
    template <class Visitor>
    [[nodiscard]] result<void> read_sums(dimension by, Visitor&& visit) const;
    // visit(profile number, slot of the day, cell const&) for the cells of a user.
    template <class Visitor>
    [[nodiscard]] result<void> read_cells(std::uint32_t user, Visitor&& visit) const;

private:
    using format = day_part_format;
    struct section {
        std::size_t offset = 0;
        std::uint32_t size = 0;
        std::uint32_t checksum = 0;
    };
    struct user_entry {
        std::string_view name{};
        std::string_view cells{};
        std::uint32_t checksum = 0;
    };
    struct column {
        char const* numbers = nullptr;
        std::size_t width = 0;
    };
    using columns = std::array<column, totals_numbers + 1>;  // the cost is the last
    static constexpr std::size_t rows_at_once = 32;
    using rows = std::array<totals, rows_at_once>;

    [[nodiscard]] error corrupt(std::string_view what) const {
        return fail(errc::corrupt, "the rollup of " + day_.to_string() + ": " + std::string(what));
    }
    [[nodiscard]] result<std::string_view> checked(std::size_t which) const {
        std::string_view const found =
            bytes_.substr(sections_[which].offset, sections_[which].size);
        if (crc32c(found) != sections_[which].checksum) {
            return corrupt("the checksum of section " + std::to_string(which) + " does not match");
        }
        return found;
    }
    [[nodiscard]] result<user_entry> user_at(std::string_view users, std::uint32_t number) const;
    [[nodiscard]] result<columns> columns_of(byte_reader& in, std::uint32_t groups) const;
    static void read_rows(columns const& from, std::size_t first, std::size_t count,
                          rows& to) noexcept;
    static bool take_histogram(byte_reader& in, std::uint64_t timed, latency_histogram& to);

    std::string_view bytes_{};
    civil_day day_{};
    std::array<std::uint32_t, format::counts> counts_{};
    std::array<section, format::sections> sections_{};
};

inline result<day_part> day_part::open(std::string_view bytes) {
    day_part made;
    if (bytes.size() < format::header_size + format::padding || bytes.substr(0, 3) != "AID") {
        return fail(errc::corrupt, "a day of a rollup has no header");
    }
    if (static_cast<std::uint8_t>(bytes[3]) != format::version) {
        return fail(errc::newer_format, "version " +
                                            std::to_string(static_cast<std::uint8_t>(bytes[3])) +
                                            " of a day of a rollup");
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

inline result<day_part::names> day_part::read_names() const {
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

inline result<day_part::user_entry> day_part::user_at(std::string_view users,
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

inline result<std::vector<std::string_view>> day_part::read_users() const {
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

inline result<std::optional<std::uint32_t>> day_part::find_user(std::string_view name) const {
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

inline result<std::vector<day_part::profile>> day_part::read_profiles() const {
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

inline result<day_part::columns> day_part::columns_of(byte_reader& in, std::uint32_t groups) const {
    columns made;
    for (std::size_t i = 0; i < made.size(); ++i) {
        std::size_t const width = in.little_endian<std::uint8_t>();
        if (width > (i == totals_numbers ? 16U : 8U)) in.fail_read();
        made[i] = {in.take(std::uint64_t{groups} * width).data(), width};
    }
    if (!in.ok()) return corrupt("its sums cannot be read");
    return made;
}

// A column at a time. `to` has zeros in the numbers of columns that take no bytes.
inline void day_part::read_rows(columns const& from, std::size_t first, std::size_t count,
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

inline bool day_part::take_histogram(byte_reader& in, std::uint64_t timed, latency_histogram& to) {
    return take_latency(in, timed, to);
}

template <class Visitor>
result<void> day_part::read_sums(dimension by, Visitor&& visit) const {
    auto const bytes = checked(format::sums + index_of(by));
    if (!bytes) return bytes.error();
    std::uint32_t const groups = group_count(by);
    byte_reader in{*bytes};
    auto const from = columns_of(in, groups);
    if (!from) return from.error();
    rows sums{};
    latency_histogram latency;
    for (std::uint32_t group = 0; group < groups; ++group) {
        std::size_t const row = group % rows_at_once;
        if (row == 0)
            read_rows(*from, group, std::min<std::size_t>(groups - group, rows_at_once), sums);
        if (keeps_latency(by) && !take_histogram(in, sums[row].timed, latency))
            return corrupt("its latencies cannot be read");
        visit(group, std::as_const(sums[row]), latency);
    }
    if (!in.at_end()) return corrupt("its sums end too late");
    return {};
}

template <class Visitor>
result<void> day_part::read_cells(std::uint32_t user, Visitor&& visit) const {
    // Whoever has a user's number has checked the section of users.
    section const& users = sections_[format::users];
    auto const entry = user_at(bytes_.substr(users.offset, users.size), user);
    if (!entry) return entry.error();
    if (crc32c(entry->cells) != entry->checksum)
        return corrupt("the checksum of a user's cells does not match");
    cell_reader in{entry->cells};
    if (!in.read_all(profile_count(), visit)) return corrupt("a user's cells cannot be read");
    return {};
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_ROLLUP_DAY_PART_HPP
