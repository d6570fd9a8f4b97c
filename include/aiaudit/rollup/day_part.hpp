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
//               bucket, varint count). Empty for users if they have few cells each: then their sums
//               are those of their cells
// Each section, and each user's cells, has its own checksum, so sums or one user's cells are read
// without touching the rest. A cell begins with a byte: the step of its slot, and whether it
// differs in form from the cell before it (day_part_cell.hpp). Version 1 had none of the rare
// numbers: no cell says that they follow, the sums have no columns of them, and all attempts count
// as `unsplit`. Version 2 had but the first eleven, from before an attempt's cost could come late.
// Up to version 3 the sums of users were always there, and every model had its own name
// (model_limit.hpp).
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
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

struct day_part_format {
    static constexpr std::uint8_t version = 4;
    // How many rare numbers each version has.
    static constexpr std::array<std::size_t, version + 1> rare{0, 0, 11, rare_numbers,
                                                               rare_numbers};
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
    [[nodiscard]] std::uint8_t version() const noexcept {
        return static_cast<std::uint8_t>(bytes_[3]);
    }
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
    // visit(group, totals const&) for each group, with its attempts, its cost and how much of that
    // was corrected: what ranks it.
    template <class Visitor>
    [[nodiscard]] result<void> read_costs(dimension by, Visitor&& visit) const;
    // visit(totals const&) for each of these groups, whose numbers ascend.
    template <class Visitor>
    [[nodiscard]] result<void> read_some_sums(dimension by,
                                              std::vector<std::uint32_t> const& groups,
                                              Visitor&& visit) const;
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
    [[nodiscard]] result<std::string_view> checked(std::size_t which) const;
    [[nodiscard]] result<user_entry> user_at(std::string_view users, std::uint32_t number) const;
    [[nodiscard]] result<columns> columns_of(byte_reader& in, std::uint32_t groups) const;
    static void read_rows(columns const& from, std::size_t first, std::size_t count,
                          rows& to) noexcept;
    static bool take_histogram(byte_reader& in, std::uint64_t timed, latency_histogram& to);
    // Whether the sums of a dimension are those of cells.
    [[nodiscard]] bool is_summed_from_cells(dimension by) const noexcept {
        return by == dimension::user && bytes_[3] >= 4 && counts_[0] != 0 &&
               sections_[format::sums + index_of(by)].size == 0;
    }
    // visit(user, totals const&) for each.
    template <class Visitor>
    [[nodiscard]] result<void> sum_cells(Visitor&& visit) const;
    [[nodiscard]] result<void> sum_cells_of(std::uint32_t user, totals& to) const {
        return read_cells(user, [&to](std::uint32_t, std::uint32_t, cell const& value) {
            wrapping_add(to, value.sum);
        });
    }

    [[nodiscard]] std::size_t rare_count() const noexcept {
        return format::rare[static_cast<std::uint8_t>(bytes_[3])];
    }

    std::string_view bytes_{};
    civil_day day_{};
    std::array<std::uint32_t, format::counts> counts_{};
    std::array<section, format::sections> sections_{};
};

inline bool day_part::take_histogram(byte_reader& in, std::uint64_t timed, latency_histogram& to) {
    return take_latency(in, timed, to);
}

template <class Visitor>
result<void> day_part::sum_cells(Visitor&& visit) const {
    if (auto const users = checked(format::users); !users) return users.error();
    for (std::uint32_t user = 0; user < counts_[0]; ++user) {
        totals sum;
        if (auto read = sum_cells_of(user, sum); !read) return read;
        visit(user, std::as_const(sum));
    }
    return {};
}

template <class Visitor>
result<void> day_part::read_sums(dimension by, Visitor&& visit) const {
    if (is_summed_from_cells(by)) {
        latency_histogram const none;
        return sum_cells([&](std::uint32_t user, totals const& sum) { visit(user, sum, none); });
    }
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
        if (rare_count() == 0) sums[row].unsplit = sums[row].attempts;
        visit(group, std::as_const(sums[row]), latency);
    }
    if (!in.at_end()) return corrupt("its sums end too late");
    return {};
}

template <class Visitor>
result<void> day_part::read_costs(dimension by, Visitor&& visit) const {
    if (is_summed_from_cells(by)) return sum_cells(visit);
    auto const bytes = checked(format::sums + index_of(by));
    if (!bytes) return bytes.error();
    std::uint32_t const groups = group_count(by);
    byte_reader in{*bytes};
    auto const all = columns_of(in, groups);
    if (!all) return all.error();
    columns from{};
    constexpr std::size_t corrected = offsetof(totals, corrected) / sizeof(std::uint64_t);
    constexpr std::size_t attempts = offsetof(totals, attempts) / sizeof(std::uint64_t);
    for (std::size_t const place : {attempts, corrected, corrected + 1, totals_numbers})
        from[place] = (*all)[place];
    rows sums{};
    for (std::uint32_t group = 0; group < groups; ++group) {
        std::size_t const row = group % rows_at_once;
        if (row == 0)
            read_rows(from, group, std::min<std::size_t>(groups - group, rows_at_once), sums);
        visit(group, std::as_const(sums[row]));
    }
    return {};
}

template <class Visitor>
result<void> day_part::read_some_sums(dimension by, std::vector<std::uint32_t> const& groups,
                                      Visitor&& visit) const {
    if (groups.empty()) return {};
    if (is_summed_from_cells(by)) {
        if (auto const users = checked(format::users); !users) return users.error();
        for (std::uint32_t const user : groups) {
            totals sum;
            if (auto read = sum_cells_of(user, sum); !read) return read;
            visit(std::as_const(sum));
        }
        return {};
    }
    auto const bytes = checked(format::sums + index_of(by));
    if (!bytes) return bytes.error();
    byte_reader in{*bytes};
    auto const from = columns_of(in, group_count(by));
    if (!from) return from.error();
    rows sums{};
    for (std::uint32_t const group : groups) {
        read_rows(*from, group, 1, sums);
        if (rare_count() == 0) sums[0].unsplit = sums[0].attempts;
        visit(std::as_const(sums[0]));
    }
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
    cell_reader in{entry->cells, rare_count()};
    if (!in.read_all(profile_count(), visit)) return corrupt("a user's cells cannot be read");
    return {};
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/rollup/day_part.ipp>
#endif

#endif  // AIAUDIT_ROLLUP_DAY_PART_HPP
