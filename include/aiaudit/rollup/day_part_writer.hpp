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
inline namespace v0_1_0 {
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
        out_.reserve(format::header_size + cells_.size() * usual_cell_bytes + room_for_names);
        out_.resize(format::header_size);
        write_names();
        end_section(format::names);
        write_profiles();
        end_section(format::profile_columns);
        write_cells();
        if (wrapped_) return fail(errc::too_large, "a day has too many attempts of one kind");
        sum_dimensions();
        for (std::size_t i = 0; i < dimension_count; ++i) {
            write_sums(static_cast<dimension>(i));
            end_section(format::sums + i);
        }
        return seal();
    }

private:
    using format = day_part_format;
    static constexpr unsigned profile_bits = 24;
    static constexpr unsigned slot_bits = 8;
    static constexpr std::size_t ahead = 12;  // cells
    static constexpr std::size_t usual_cell_bytes = 20;
    static constexpr std::size_t room_for_names = std::size_t{1} << 16;

    struct ordered_cell {
        std::uint32_t user = 0;
        std::uint32_t profile_and_slot = 0;
        logged_cell from;
    };

    void number_names() {
        cells_.reserve(log_.size());
        log_.for_each([this](logged_cell from) {
            users_.add(from.user());
            if (profiles_.add(from.profile())) number_profile(from.profile());
            cells_.push_back(
                {from.user(), profiles_[from.profile()] << slot_bits | from.slot(), from});
        });
        name_table const& users = series_.names(0);
        users_.sort([&users](std::uint32_t a, std::uint32_t b) { return users[a] < users[b]; });
        for (std::size_t i = 0; i < dimension_count; ++i)
            sums_[i].resize(group_count(static_cast<dimension>(i)));
        profile_sums_.resize(profiles_.size());
        latency_.resize(pairs_.size());
    }
    void number_profile(std::uint32_t profile) {
        group_numbers const& groups = series_.groups_of(profile);
        names_[1].add(groups[index_of(dimension::project)]);
        names_[2].add(groups[index_of(dimension::key)]);
        names_[5].add(groups[index_of(dimension::status)]);
        std::uint32_t const pair = groups[index_of(dimension::model)];
        if (!pairs_.add(pair)) return;
        names_[3].add(series_.model_of(pair).provider);
        names_[4].add(series_.model_of(pair).model);
    }

    // Cells by user, then profile, slot and coming. Each pass keeps the order of what is equal in
    // what it orders by, so the last ordered by comes first. Slots mostly come in their order.
    void order_cells() {
        auto const slot = [](ordered_cell const& of) {
            return of.profile_and_slot & ((1U << slot_bits) - 1);
        };
        bool const slots_ascend =
            std::is_sorted(cells_.begin(), cells_.end(),
                           [&](auto const& a, auto const& b) { return slot(a) < slot(b); });
        if (!slots_ascend) order_by(1U << slot_bits, slot);
        order_by(profiles_.size(),
                 [](ordered_cell const& of) { return of.profile_and_slot >> slot_bits; });
        for (ordered_cell& each : cells_) each.user = users_[each.user];
        order_by(users_.size(), [](ordered_cell const& of) { return of.user; });
    }
    template <class NumberOf>
    void order_by(std::uint32_t count, NumberOf&& number_of) {
        constexpr unsigned digit_bits = 11;
        constexpr std::uint32_t digits = 1U << digit_bits;
        std::vector<ordered_cell> to(cells_);
        for (unsigned shift = 0; shift < 32 && (count - 1) >> shift != 0; shift += digit_bits) {
            std::array<std::size_t, digits + 1> next{};
            auto const digit = [&](ordered_cell const& of) {
                return number_of(of) >> shift & (digits - 1);
            };
            for (ordered_cell const& each : cells_) ++next[digit(each) + std::size_t{1}];
            for (std::size_t i = 1; i < next.size(); ++i) next[i] += next[i - 1];
            for (ordered_cell const& each : cells_) to[next[digit(each)]++] = each;
            cells_.swap(to);
        }
    }

    void write_cells() {
        std::string index;
        std::string texts;
        for (std::uint32_t const user : users_.used()) texts.append(series_.names(0)[user]);
        std::size_t const index_at = out_.size();
        out_.resize(index_at + users_.size() * format::user_entry);
        out_.append(texts);
        std::size_t const cells_at = out_.size();
        std::size_t name_end = 0;
        std::size_t at = 0;
        for (std::uint32_t user = 0; user < users_.size(); ++user) {
            at = write_user(user, at);
            out_.append(writer_.bytes());
            name_end += series_.names(0)[users_.used()[user]].size();
            append_little_endian(index, static_cast<std::uint32_t>(name_end));
            append_little_endian(index, static_cast<std::uint32_t>(out_.size() - cells_at));
            append_little_endian(index, crc32c(writer_.bytes()));
        }
        std::copy(index.begin(), index.end(), out_.begin() + static_cast<std::ptrdiff_t>(index_at));
        ends_[format::users] = cells_at;
        ends_[format::cells] = out_.size();
    }
    // Returns where the next user's cells begin.
    std::size_t write_user(std::uint32_t user, std::size_t at) {
        writer_.begin_user();
        totals& of_user = sums_[index_of(dimension::user)][user];
        while (at < cells_.size() && cells_[at].user == user) {
            std::uint32_t const profile = cells_[at].profile_and_slot >> slot_bits;
            std::size_t end = at + 1;
            std::uint64_t count = 1;
            for (; end < cells_.size() && cells_[end].user == user &&
                   cells_[end].profile_and_slot >> slot_bits == profile;
                 ++end) {
                if (cells_[end].profile_and_slot != cells_[end - 1].profile_and_slot) ++count;
            }
            writer_.begin_profile(profile, count);
            totals const sum = write_series(profile, at, end);
            wrapping_add(of_user, sum);
            wrapping_add(profile_sums_[profile], sum);
            at = end;
        }
        return at;
    }
    totals write_series(std::uint32_t profile, std::size_t at, std::size_t end) {
        group_numbers const& groups = series_.groups_of(profiles_.used()[profile]);
        dense_histogram& latency = latency_[pairs_[groups[index_of(dimension::model)]]];
        totals sum;
        while (at < end) {
            // Cells were logged in another order, so their words are seldom near.
            if (at + ahead < cells_.size()) cells_[at + ahead].from.prefetch();
            std::uint32_t const key = cells_[at].profile_and_slot;
            std::size_t const first = at++;
            if ((at == end || cells_[at].profile_and_slot != key) &&
                cells_[first].from.is_attempt()) {
                writer_.add(cells_[first].from, sum, latency);
                continue;
            }
            value_.clear();
            cells_[first].from.add_to(value_);
            for (; at < end && cells_[at].profile_and_slot == key; ++at)
                cells_[at].from.add_to(value_);
            if (!writer_.add(key & ((1U << slot_bits) - 1), value_)) wrapped_ = true;
            wrapping_add(sum, value_.sum);
            for (auto const& e : value_.latency.entries()) latency.add(e.bucket, e.count);
        }
        return sum;
    }
    void sum_dimensions() {
        for (std::uint32_t profile = 0; profile < profiles_.size(); ++profile) {
            group_numbers const& groups = series_.groups_of(profiles_.used()[profile]);
            auto const add = [&](dimension by, std::uint32_t group) {
                wrapping_add(sums_[index_of(by)][group], profile_sums_[profile]);
            };
            add(dimension::everything, 0);
            add(dimension::model, pairs_[groups[index_of(dimension::model)]]);
            add(dimension::project, names_[1][groups[index_of(dimension::project)]]);
            add(dimension::key, names_[2][groups[index_of(dimension::key)]]);
            add(dimension::provider, names_[3][groups[index_of(dimension::provider)]]);
            add(dimension::status, names_[5][groups[index_of(dimension::status)]]);
        }
    }

    void write_names() {
        std::string& out = out_;
        for (std::size_t i = 1; i < names_.size(); ++i) {
            for (std::uint32_t const number : names_[i].used()) {
                append_text(out, series_.names(i)[number]);
            }
        }
        for (std::uint32_t const pair : pairs_.used()) {
            append_varint(out, names_[3][series_.model_of(pair).provider]);
            append_varint(out, names_[4][series_.model_of(pair).model]);
        }
    }
    void write_profiles() {
        std::string& out = out_;
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
        std::string& out = out_;
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
        for (totals const& sum : sums) width = (std::max)(width, signed_width(sum.cost.pico()));
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

    void end_section(std::size_t which) noexcept { ends_[which] = out_.size(); }
    // Fills the header in.
    [[nodiscard]] result<std::string> seal() {
        if (out_.size() + format::padding > (std::numeric_limits<std::uint32_t>::max)())
            return fail(errc::too_large, "the rollup of a day would be over 4 GiB");
        std::string header("AID");
        header.push_back(static_cast<char>(format::version));
        append_little_endian(header, std::uint32_t{0});  // the checksum's place
        append_little_endian(header, day_.days);
        append_little_endian(header, users_.size());
        for (std::size_t i = 1; i < names_.size(); ++i)
            append_little_endian(header, names_[i].size());
        append_little_endian(header, pairs_.size());
        append_little_endian(header, profiles_.size());
        std::size_t begin = format::header_size;
        for (std::size_t const end : ends_) {
            append_little_endian(header, static_cast<std::uint32_t>(end - begin));
            append_little_endian(header, crc32c(std::string_view(out_).substr(begin, end - begin)));
            begin = end;
        }
        store_little_endian(header.data() + 4, crc32c(std::string_view(header).substr(8)));
        std::copy(header.begin(), header.end(), out_.begin());
        out_.append(format::padding, '\0');
        return std::move(out_);
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
    std::vector<ordered_cell> cells_{};
    std::array<std::vector<totals>, dimension_count> sums_{};
    std::vector<totals> profile_sums_{};
    std::vector<dense_histogram> latency_{};  // by pair
    std::string out_{};
    std::array<std::size_t, format::sections> ends_{};  // of sections, in out_
    cell_writer writer_{};
    bool wrapped_ = false;
    cell value_{};  // scratch
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
    if (log.size() == 0) return fail(errc::bad_argument, "there are no parts to merge");
    return detail::day_part_writer{*day, series, log}.write();
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_ROLLUP_DAY_PART_WRITER_HPP
