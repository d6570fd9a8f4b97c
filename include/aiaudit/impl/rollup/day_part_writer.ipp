// SPDX-License-Identifier: MIT
//
// day_part_writer.ipp: the definitions of day_part_writer.hpp.
#ifndef AIAUDIT_IMPL_ROLLUP_DAY_PART_WRITER_IPP
#define AIAUDIT_IMPL_ROLLUP_DAY_PART_WRITER_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/rollup/day_part_writer.hpp>

#include <bit>
#include <limits>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Bytes that hold the number and its sign.
[[nodiscard]] AIAUDIT_INLINE std::size_t signed_width(int128 number) noexcept {
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

AIAUDIT_INLINE void append_sums(std::string& out, std::span<totals const> sums) {
    totals any;
    std::size_t cost_width = 0;
    for (totals const& sum : sums) {
        for (std::size_t place = 0; place < totals_numbers; ++place)
            set_number(any, place, number_at(any, place) | number_at(sum, place));
        cost_width = (std::max)(cost_width, signed_width(sum.cost.pico()));
    }
    struct column {
        std::size_t place = 0;
        std::size_t width = 0;
        std::size_t at = 0;  // in `out`, of the next number
    };
    std::vector<column> columns;
    for (std::size_t place = 0; place <= totals_numbers; ++place) {
        std::size_t const width =
            place == totals_numbers
                ? cost_width
                : static_cast<std::size_t>(std::bit_width(number_at(any, place)) + 7) / 8;
        out.push_back(static_cast<char>(width));
        if (width == 0) continue;
        columns.push_back({place, width, out.size()});
        out.resize(out.size() + width * sums.size());
    }
    // A row at a time, since the rows are far larger than what is written of them.
    char bytes[16];
    for (totals const& sum : sums) {
        for (column& to : columns) {
            bool const is_cost = to.place == totals_numbers;
            auto const number =
                is_cost ? static_cast<uint128>(sum.cost.pico()) : uint128{number_at(sum, to.place)};
            store_little_endian(bytes, static_cast<std::uint64_t>(number));
            store_little_endian(bytes + 8, static_cast<std::uint64_t>(number >> 64));
            std::copy_n(bytes, to.width, out.data() + to.at);
            to.at += to.width;
        }
    }
}

AIAUDIT_INLINE result<std::string> seal_day_part(
    std::string&& body, civil_day day,
    std::array<std::uint32_t, day_part_format::counts> const& counts,
    std::array<std::size_t, day_part_format::sections> const& ends) {
    using format = day_part_format;
    if (body.size() + format::padding > (std::numeric_limits<std::uint32_t>::max)())
        return fail(errc::too_large, "the rollup of a day would be over 4 GiB");
    std::string header("AID");
    header.push_back(static_cast<char>(format::version));
    append_little_endian(header, std::uint32_t{0});  // the checksum's place
    append_little_endian(header, day.days);
    for (std::uint32_t const count : counts) append_little_endian(header, count);
    std::size_t begin = format::header_size;
    for (std::size_t const end : ends) {
        append_little_endian(header, static_cast<std::uint32_t>(end - begin));
        append_little_endian(header, crc32c(std::string_view(body).substr(begin, end - begin)));
        begin = end;
    }
    store_little_endian(header.data() + 4, crc32c(std::string_view(header).substr(8)));
    std::copy(header.begin(), header.end(), body.begin());
    body.append(format::padding, '\0');
    return std::move(body);
}

AIAUDIT_INLINE bool local_numbers::add(std::uint32_t number) {
    if (local_[number] != none) return false;
    local_[number] = static_cast<std::uint32_t>(used_.size());
    used_.push_back(number);
    return true;
}

AIAUDIT_INLINE result<std::string> day_part_writer::write() {
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

AIAUDIT_INLINE void day_part_writer::number_names() {
    cells_.reserve(log_.size());
    log_.for_each([this](logged_cell from) {
        users_.add(from.user());
        if (profiles_.add(from.profile())) number_profile(from.profile());
        cells_.push_back({from.user(), profiles_[from.profile()] << slot_bits | from.slot(), from});
    });
    name_table const& users = series_.names(0);
    users_.sort([&users](std::uint32_t a, std::uint32_t b) { return users[a] < users[b]; });
    for (std::size_t i = 0; i < dimension_count; ++i)
        sums_[i].resize(group_count(static_cast<dimension>(i)));
    profile_sums_.resize(profiles_.size());
    latency_.resize(pairs_.size());
}

AIAUDIT_INLINE void day_part_writer::number_profile(std::uint32_t profile) {
    group_numbers const& groups = series_.groups_of(profile);
    names_[1].add(groups[index_of(dimension::project)]);
    names_[2].add(groups[index_of(dimension::key)]);
    names_[5].add(groups[index_of(dimension::status)]);
    std::uint32_t const pair = groups[index_of(dimension::model)];
    if (!pairs_.add(pair)) return;
    names_[3].add(series_.model_of(pair).provider);
    names_[4].add(series_.model_of(pair).model);
}

AIAUDIT_INLINE void day_part_writer::order_cells() {
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

AIAUDIT_INLINE void day_part_writer::write_cells() {
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

AIAUDIT_INLINE std::size_t day_part_writer::write_user(std::uint32_t user, std::size_t at) {
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

// Cells were logged in another order, and many profiles follow each other at random: neither their
// words nor the sums are near.
AIAUDIT_INLINE void day_part_writer::prefetch(std::size_t cell) const noexcept {
    constexpr std::size_t line = 64;
    if (cell >= cells_.size()) return;
    cells_[cell].from.prefetch();
    std::uint32_t const profile = cells_[cell].profile_and_slot >> slot_bits;
    auto const* const sum = reinterpret_cast<char const*>(&profile_sums_[profile]);
    for (std::size_t i = 0; i < sizeof(totals); i += line) __builtin_prefetch(sum + i, 1);
}

AIAUDIT_INLINE totals day_part_writer::write_series(std::uint32_t profile, std::size_t at,
                                                    std::size_t end) {
    group_numbers const& groups = series_.groups_of(profiles_.used()[profile]);
    dense_histogram& latency = latency_[pairs_[groups[index_of(dimension::model)]]];
    totals sum;
    while (at < end) {
        prefetch(at + ahead);
        std::uint32_t const key = cells_[at].profile_and_slot;
        std::size_t const first = at++;
        if ((at == end || cells_[at].profile_and_slot != key) && cells_[first].from.is_attempt()) {
            writer_.add(cells_[first].from, sum, latency);
            continue;
        }
        value_.clear();
        cells_[first].from.add_to(value_);
        for (; at < end && cells_[at].profile_and_slot == key; ++at) cells_[at].from.add_to(value_);
        if (!writer_.add(key & ((1U << slot_bits) - 1), value_)) wrapped_ = true;
        wrapping_add(sum, value_.sum);
        for (auto const& e : value_.latency.entries()) latency.add(e.bucket, e.count);
    }
    return sum;
}

AIAUDIT_INLINE void day_part_writer::sum_dimensions() {
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

AIAUDIT_INLINE void day_part_writer::write_names() {
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

AIAUDIT_INLINE void day_part_writer::write_profiles() {
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

AIAUDIT_INLINE void day_part_writer::write_sums(dimension by) {
    constexpr std::size_t few_cells = 2;  // a user: their sums would take about as much
    if (by == dimension::user && cells_.size() < few_cells * users_.size()) return;
    append_sums(out_, sums_[index_of(by)]);
    if (by == dimension::model) {
        for (auto const& counts : latency_) append_latency(out_, sparse(counts));
    } else if (by == dimension::everything) {
        latency_histogram all;
        for (auto const& counts : latency_) all.add(sparse(counts));
        append_latency(out_, all);
    }
}

AIAUDIT_INLINE latency_histogram day_part_writer::sparse(dense_histogram const& from) {
    latency_histogram made;
    for (std::uint32_t i = 0; !from.empty() && i < latency_histogram::bucket_count; ++i) {
        if (from[i] != 0) made.append(i, from[i]);
    }
    return made;
}

AIAUDIT_INLINE result<std::string> day_part_writer::seal() {
    std::array<std::uint32_t, format::counts> counts{};
    counts[0] = users_.size();
    for (std::size_t i = 1; i < names_.size(); ++i) counts[i] = names_[i].size();
    counts[format::pairs] = pairs_.size();
    counts[format::profiles] = profiles_.size();
    return seal_day_part(std::move(out_), day_, counts, ends_);
}

AIAUDIT_INLINE std::size_t day_part_writer::group_count(dimension by) const noexcept {
    switch (by) {
    case dimension::everything: return 1;
    case dimension::model: return pairs_.size();
    case dimension::user: return users_.size();
    default: return names_[series_table::name_place(by)].size();
    }
}

}  // namespace detail

AIAUDIT_INLINE result<std::string> merge_day_parts(std::span<std::string_view const> parts) {
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

#endif  // AIAUDIT_IMPL_ROLLUP_DAY_PART_WRITER_IPP
