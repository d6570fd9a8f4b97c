// SPDX-License-Identifier: MIT
//
// day_part_writer.hpp: makes a day part of cells, and one part of several.
//
// Threads: one writer for one thread.
// Floor 4.
#ifndef AIAUDIT_ROLLUP_DAY_PART_WRITER_HPP
#define AIAUDIT_ROLLUP_DAY_PART_WRITER_HPP

#include <aiaudit/rollup/cell_log.hpp>  // cell_log
#include <aiaudit/rollup/day_part.hpp>  // day_part_format
#include <aiaudit/rollup/series.hpp>    // series_table

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v1 {
namespace detail {

// Dense numbers for the numbers that occur in a part.
class local_numbers {
public:
    explicit local_numbers(std::size_t count) : local_(count, none) {}
    // True for a number that is new.
    bool add(std::uint32_t number) {
        if (local_[number] != none) return false;
        local_[number] = static_cast<std::uint32_t>(used_.size());
        used_.push_back(number);
        return true;
    }
    [[nodiscard]] std::uint32_t operator[](std::uint32_t number) const noexcept {
        return local_[number];
    }
    [[nodiscard]] std::vector<std::uint32_t> const& used() const noexcept { return used_; }
    [[nodiscard]] std::uint32_t size() const noexcept {
        return static_cast<std::uint32_t>(used_.size());
    }
    template <class Less>
    void sort(Less&& less) {
        std::sort(used_.begin(), used_.end(), less);
        for (std::uint32_t i = 0; i < used_.size(); ++i) local_[used_[i]] = i;
    }

private:
    static constexpr std::uint32_t none = ~std::uint32_t{0};
    std::vector<std::uint32_t> local_;
    std::vector<std::uint32_t> used_{};
};

class day_part_writer {
public:
    // Precondition: the log is not empty.
    day_part_writer(civil_day day, series_table const& series, cell_log const& log)
        : day_(day), series_(series), log_(log) {}

    // Errors: too_large.
    [[nodiscard]] result<std::string> write() {
        number_names();
        if (profiles_.size() >> profile_bits != 0)
            return fail(errc::too_large, "a day has too many combinations of names");
        order_cells();
        write_cells();
        write_names();
        write_profiles();
        for (std::size_t i = 0; i < dimension_count; ++i) write_sums(static_cast<dimension>(i));
        return seal();
    }

private:
    using format = day_part_format;
    static constexpr unsigned profile_bits = 24;
    static constexpr unsigned slot_bits = 8;
    static constexpr std::size_t ahead = 8;  // cells

    void number_names() {
        for (auto const& entry : log_.entries()) {
            users_.add(entry.user);
            if (!profiles_.add(entry.profile)) continue;
            group_numbers const& groups = series_.groups_of(entry.profile);
            names_[1].add(groups[index_of(dimension::project)]);
            names_[2].add(groups[index_of(dimension::key)]);
            names_[5].add(groups[index_of(dimension::status)]);
            std::uint32_t const pair = groups[index_of(dimension::model)];
            if (!pairs_.add(pair)) continue;
            names_[3].add(series_.model_of(pair).provider);
            names_[4].add(series_.model_of(pair).model);
        }
        name_table const& users = series_.names(0);
        users_.sort([&users](std::uint32_t a, std::uint32_t b) { return users[a] < users[b]; });
        for (std::size_t i = 0; i < dimension_count; ++i)
            sums_[i].resize(group_count(static_cast<dimension>(i)));
        latency_.resize(pairs_.size());
    }

    // Cells by user, then profile, slot and coming: one number each sorts the last three.
    void order_cells() {
        auto const& entries = log_.entries();
        ends_.assign(users_.size() + std::size_t{1}, 0);
        for (auto const& entry : entries) ++ends_[users_[entry.user] + std::size_t{1}];
        for (std::size_t i = 1; i < ends_.size(); ++i) ends_[i] += ends_[i - 1];
        std::vector<std::size_t> next(ends_.begin(), ends_.end() - 1);
        keys_.resize(entries.size());
        for (std::size_t i = 0; i < entries.size(); ++i) {
            keys_[next[users_[entries[i].user]]++] = std::uint64_t{profiles_[entries[i].profile]}
                                                         << (slot_bits + 32) |
                                                     std::uint64_t{entries[i].slot()} << 32 | i;
        }
        for (std::size_t i = 1; i < ends_.size(); ++i) {
            std::sort(keys_.begin() + static_cast<std::ptrdiff_t>(ends_[i - 1]),
                      keys_.begin() + static_cast<std::ptrdiff_t>(ends_[i]));
        }
    }

    void write_cells() {
        std::string index;
        std::string texts;
        std::string& cells = sections_[format::cells];
        for (std::uint32_t user = 0; user < users_.size(); ++user) {
            std::size_t const begin = cells.size();
            write_user(user, std::span{keys_}.subspan(ends_[user], ends_[user + 1] - ends_[user]));
            texts.append(series_.names(0)[users_.used()[user]]);
            append_little_endian(index, static_cast<std::uint32_t>(texts.size()));
            append_little_endian(index, static_cast<std::uint32_t>(cells.size()));
            append_little_endian(index, crc32c(std::string_view(cells).substr(begin)));
        }
        sections_[format::users] = index + texts;
    }
    void write_user(std::uint32_t user, std::span<std::uint64_t const> keys) {
        cell_writer out{sections_[format::cells]};
        for (std::size_t i = 0; i < keys.size();) {
            std::uint64_t const profile = keys[i] >> (slot_bits + 32);
            std::size_t end = i;
            std::uint64_t cells = 0;
            for (; end < keys.size() && keys[end] >> (slot_bits + 32) == profile; ++end) {
                if (end == i || keys[end] >> 32 != keys[end - 1] >> 32) ++cells;
            }
            out.begin_profile(static_cast<std::uint32_t>(profile), cells);
            write_series(out, user, keys.subspan(i, end - i));
            i = end;
        }
    }
    void write_series(cell_writer& out, std::uint32_t user, std::span<std::uint64_t const> keys) {
        auto const& entries = log_.entries();
        group_numbers const& groups = series_.groups_of(entries[keys[0] & 0xFFFF'FFFF].profile);
        std::uint32_t const pair = pairs_[groups[index_of(dimension::model)]];
        totals sum;
        for (std::size_t i = 0; i < keys.size();) {
            // Cells were logged in another order, so their words are seldom near.
            if (keys.data() + i + ahead < keys_.data() + keys_.size())
                log_.prefetch(entries[keys.data()[i + ahead] & 0xFFFF'FFFF]);
            log_.read(entries[keys[i] & 0xFFFF'FFFF], value_);
            std::size_t const first = i;
            for (++i; i < keys.size() && keys[i] >> 32 == keys[first] >> 32; ++i) {
                log_.read(entries[keys[i] & 0xFFFF'FFFF], other_);
                wrapping_add(value_.sum, other_.sum);
                value_.latency.add(other_.latency);
            }
            out.add(static_cast<std::uint32_t>(keys[first] >> 32) & ((1U << slot_bits) - 1),
                    value_);
            wrapping_add(sum, value_.sum);
            for (auto const& e : value_.latency.entries()) latency_[pair].add(e.bucket, e.count);
        }
        auto const add = [&](dimension by, std::uint32_t group) {
            wrapping_add(sums_[index_of(by)][group], sum);
        };
        add(dimension::everything, 0);
        add(dimension::model, pair);
        add(dimension::user, user);
        add(dimension::project, names_[1][groups[index_of(dimension::project)]]);
        add(dimension::key, names_[2][groups[index_of(dimension::key)]]);
        add(dimension::provider, names_[3][groups[index_of(dimension::provider)]]);
        add(dimension::status, names_[5][groups[index_of(dimension::status)]]);
    }

    void write_names() {
        std::string& out = sections_[format::names];
        for (std::size_t i = 1; i < names_.size(); ++i) {
            for (std::uint32_t const number : names_[i].used()) {
                std::string_view const name = series_.names(i)[number];
                append_varint(out, name.size());
                out.append(name);
            }
        }
        for (std::uint32_t const pair : pairs_.used()) {
            append_varint(out, names_[3][series_.model_of(pair).provider]);
            append_varint(out, names_[4][series_.model_of(pair).model]);
        }
    }
    void write_profiles() {
        std::string& out = sections_[format::profile_columns];
        auto const column = [&](local_numbers const& numbers, dimension by) {
            std::size_t const width = format::width_for(numbers.size());
            for (std::uint32_t const profile : profiles_.used()) {
                std::uint32_t const number = numbers[series_.groups_of(profile)[index_of(by)]];
                char bytes[4];
                store_little_endian(bytes, number);
                out.append(bytes, width);
            }
        };
        column(names_[1], dimension::project);
        column(names_[2], dimension::key);
        column(pairs_, dimension::model);
        column(names_[5], dimension::status);
    }

    void write_sums(dimension by) {
        std::string& out = sections_[format::sums + index_of(by)];
        auto& sums = sums_[index_of(by)];
        std::array<std::vector<std::uint64_t>, totals_numbers> columns;
        for (totals const& sum : sums) {
            std::size_t place = 0;
            for_each_number(sum, [&](std::uint64_t number) { columns[place++].push_back(number); });
        }
        for (auto const& column : columns) {
            std::uint64_t all = 0;
            for (std::uint64_t const number : column) all |= number;
            auto const width = static_cast<std::size_t>(std::bit_width(all) + 7) / 8;
            out.push_back(static_cast<char>(width));
            for (std::uint64_t const number : column) append_number(out, number, width);
        }
        std::size_t width = 0;
        for (totals const& sum : sums) width = std::max(width, signed_width(sum.cost.pico()));
        out.push_back(static_cast<char>(width));
        for (totals const& sum : sums)
            append_number(out, static_cast<uint128>(sum.cost.pico()), width);
        if (by == dimension::model) {
            for (auto const& counts : latency_) append_latency(out, sparse(counts));
        } else if (by == dimension::everything) {
            latency_histogram all;
            for (auto const& counts : latency_) all.add(sparse(counts));
            append_latency(out, all);
        }
    }
    static void append_number(std::string& out, uint128 number, std::size_t width) {
        char bytes[16];
        store_little_endian(bytes, static_cast<std::uint64_t>(number));
        store_little_endian(bytes + 8, static_cast<std::uint64_t>(number >> 64));
        out.append(bytes, width);
    }
    // Bytes that hold the number and its sign.
    [[nodiscard]] static std::size_t signed_width(int128 number) noexcept {
        std::size_t width = 0;
        for (; width < 16 && number != 0; ++width) {
            int128 const rest = number >> (8 * width);
            if (width > 0 && (rest == 0 || rest == -1)) {
                bool const negative = (number >> (8 * width - 1) & 1) != 0;
                if (negative == (number < 0)) break;
            }
        }
        return width;
    }
    [[nodiscard]] static latency_histogram sparse(dense_histogram const& from) {
        latency_histogram made;
        for (std::uint32_t i = 0; !from.empty() && i < latency_histogram::bucket_count; ++i) {
            if (from[i] != 0) made.append(i, from[i]);
        }
        return made;
    }

    [[nodiscard]] result<std::string> seal() const {
        std::uint64_t size = format::header_size + format::padding;
        for (std::string const& section : sections_) size += section.size();
        if (size > std::numeric_limits<std::uint32_t>::max())
            return fail(errc::too_large, "the rollup of a day would be over 4 GiB");
        std::string out;
        out.reserve(static_cast<std::size_t>(size));
        out.append("AID");
        out.push_back(static_cast<char>(format::version));
        append_little_endian(out, std::uint32_t{0});  // the checksum's place
        append_little_endian(out, day_.days);
        append_little_endian(out, users_.size());
        for (std::size_t i = 1; i < names_.size(); ++i) append_little_endian(out, names_[i].size());
        append_little_endian(out, pairs_.size());
        append_little_endian(out, profiles_.size());
        for (std::string const& section : sections_) {
            append_little_endian(out, static_cast<std::uint32_t>(section.size()));
            append_little_endian(out, crc32c(section));
        }
        store_little_endian(out.data() + 4, crc32c(std::string_view(out).substr(8)));
        for (std::string const& section : sections_) out.append(section);
        out.append(format::padding, '\0');
        return out;
    }

    [[nodiscard]] std::size_t group_count(dimension by) const noexcept {
        switch (by) {
        case dimension::everything: return 1;
        case dimension::model: return pairs_.size();
        case dimension::user: return users_.size();
        default: return names_[series_table::name_place(by)].size();
        }
    }

    civil_day day_;
    series_table const& series_;
    cell_log const& log_;
    local_numbers users_{series_.names(0).size()};
    std::array<local_numbers, 6> names_{
        local_numbers{0},
        local_numbers{series_.names(1).size()},
        local_numbers{series_.names(2).size()},
        local_numbers{series_.names(3).size()},
        local_numbers{series_.names(4).size()},
        local_numbers{series_.names(5).size()},
    };
    local_numbers pairs_{series_.model_count()};
    local_numbers profiles_{series_.profile_count()};
    std::vector<std::size_t> ends_{};  // of each user's keys, after a zero
    std::vector<std::uint64_t> keys_{};
    std::array<std::vector<totals>, dimension_count> sums_{};
    std::vector<dense_histogram> latency_{};  // by pair
    std::array<std::string, format::sections> sections_{};
    cell value_{};  // scratch
    cell other_{};
};

}  // namespace detail

// One part with the cells of several parts of one day. Errors: corrupt, newer_format; bad_argument
// for no parts, or parts of several days; too_large past 4 GiB.
[[nodiscard]] inline result<std::string> merge_day_parts(std::span<std::string_view const> parts) {
    detail::series_table series;
    detail::cell_log log;
    std::optional<civil_day> day;
    for (std::string_view const bytes : parts) {
        auto const part = detail::day_part::open(bytes);
        if (!part) return part.error();
        if (day && *day != part->day())
            return fail(errc::bad_argument, "parts of several days are not one part");
        day = part->day();
        auto const names = part->read_names();
        if (!names) return names.error();
        auto const users = part->read_users();
        if (!users) return users.error();
        auto const profiles = part->read_profiles();
        if (!profiles) return profiles.error();
        std::vector<std::uint32_t> numbers;
        for (auto const& profile : *profiles) {
            auto const& pair = names->pairs[profile.pair];
            numbers.push_back(
                series.profile({names->texts[1][profile.project], names->texts[2][profile.key],
                                names->texts[3][pair.provider], names->texts[4][pair.model],
                                names->texts[5][profile.status]}));
        }
        for (std::uint32_t user = 0; user < users->size(); ++user) {
            std::uint32_t const number = series.user((*users)[user]);
            auto const read = part->read_cells(
                user, [&](std::uint32_t profile, std::uint32_t slot, cell const& value) {
                    log.add(number, numbers[profile], slot, value);
                });
            if (!read) return read.error();
        }
    }
    if (log.entries().empty()) return fail(errc::bad_argument, "there are no parts to merge");
    return detail::day_part_writer{*day, series, log}.write();
}

}  // namespace v1
}  // namespace aiaudit

#endif  // AIAUDIT_ROLLUP_DAY_PART_WRITER_HPP
