// SPDX-License-Identifier: MIT
//
// user_days.hpp: one user's days by model, kept for whoever asks again.
//
// Threads: const members may run at once.
// Floor 4.
#ifndef AIAUDIT_ROLLUP_USER_DAYS_HPP
#define AIAUDIT_ROLLUP_USER_DAYS_HPP

#include <aiaudit/rollup/day_table.hpp>  // group_sums

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class user_days {
public:
    user_days(time_zone zone, std::string name) : zone_(std::move(zone)), name_(std::move(name)) {}

    [[nodiscard]] time_zone const& zone() const noexcept { return zone_; }
    [[nodiscard]] std::string const& name() const noexcept { return name_; }
    [[nodiscard]] civil_day covered_from() const noexcept { return covered_from_; }
    void set_covered_from(civil_day day) noexcept { covered_from_ = day; }

    // Whether the day is covered or not.
    void add(civil_day day, std::uint32_t model, totals const& sum,
             latency_histogram const& latency);
    // By model, what the days add up to.
    [[nodiscard]] group_sums sums_of(day_range days) const;
    [[nodiscard]] std::size_t bytes() const noexcept { return sizeof(*this) + bytes_; }

    std::uint64_t last_used = 0;

private:
    struct model_cell {
        std::uint32_t model = 0;
        cell value{};
    };
    struct day_cells {
        civil_day day{};
        std::vector<model_cell> models{};
    };
    day_cells& at(civil_day day);

    time_zone zone_;
    std::string name_;
    civil_day covered_from_ = first_of_all_days;
    std::vector<day_cells> days_{};
    std::size_t bytes_ = 0;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/rollup/user_days.ipp>
#endif

#endif  // AIAUDIT_ROLLUP_USER_DAYS_HPP
