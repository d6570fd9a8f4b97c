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
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Dense numbers for the numbers that occur in a part.
class local_numbers {
public:
    explicit local_numbers(std::size_t count) : local_(count, none) {}
    // True for a number that is new.
    bool add(std::uint32_t number);
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

// Sums by group, column by column, as each section of sums has them.
void append_sums(std::string& out, std::span<totals const> sums);

// Fills in the header of a part whose sections end there in `body`, which begins with room for the
// header. `counts` as the header has them. Errors: too_large.
[[nodiscard]] result<std::string> seal_day_part(
    std::string&& body, civil_day day,
    std::array<std::uint32_t, day_part_format::counts> const& counts,
    std::array<std::size_t, day_part_format::sections> const& ends);

class day_part_writer {
public:
    // Precondition: the log is not empty.
    day_part_writer(civil_day day, series_table const& series, cell_log const& log)
        : day_(day), series_(series), log_(log) {}

    // Errors: too_large.
    [[nodiscard]] result<std::string> write();

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

    void number_names();
    void number_profile(std::uint32_t profile);

    // Cells by user, then profile, slot and coming. Each pass keeps the order of what is equal in
    // what it orders by, so the last ordered by comes first. Slots mostly come in their order.
    void order_cells();
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

    void write_cells();
    // Returns where the next user's cells begin.
    std::size_t write_user(std::uint32_t user, std::size_t at);
    totals write_series(std::uint32_t profile, std::size_t at, std::size_t end);
    void prefetch(std::size_t cell) const noexcept;
    void sum_dimensions();

    void write_names();
    void write_profiles();

    void write_sums(dimension by);
    [[nodiscard]] static latency_histogram sparse(dense_histogram const& from);

    void end_section(std::size_t which) noexcept { ends_[which] = out_.size(); }
    // Fills the header in.
    [[nodiscard]] result<std::string> seal();

    [[nodiscard]] std::size_t group_count(dimension by) const noexcept;

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
[[nodiscard]] result<std::string> merge_day_parts(std::span<std::string_view const> parts);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/rollup/day_part_writer.ipp>
#endif

#endif  // AIAUDIT_ROLLUP_DAY_PART_WRITER_HPP
