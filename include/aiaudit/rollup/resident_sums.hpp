// SPDX-License-Identifier: MIT
//
// resident_sums.hpp: the sums of days that are in memory, for each zone that was asked for, and
// what of them to forget. How they are loaded is resident_loading.hpp.
//
// A table has all days since some day. For a query over days before that, what they add up to is
// kept as an extract, for that query and those that begin as it does.
// Threads: const members may run at once; the caller keeps the others apart from all.
// Floor 4.
#ifndef AIAUDIT_ROLLUP_RESIDENT_SUMS_HPP
#define AIAUDIT_ROLLUP_RESIDENT_SUMS_HPP

#include <aiaudit/detail/string_hash.hpp>  // string_hash
#include <aiaudit/rollup/day_table.hpp>    // day_table
#include <aiaudit/rollup/part_loader.hpp>  // part_loader
#include <aiaudit/rollup/user_days.hpp>    // user_days

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// What a query that needs days which are not in memory loads: them and all days since, or them
// alone, and load_more() the others later.
enum class loading : std::uint8_t { all_since, asked_alone };

namespace detail {

class resident_sums {
public:
    explicit resident_sums(std::uint64_t memory_bytes) : memory_bytes_(memory_bytes) {
        views_.push_back(std::make_unique<view>());
    }

    // Tells of a day of UTC that has stored parts, of which nothing is counted here.
    void add_stored_day(civil_day day);
    // Counts an attempt, as totals::of makes it.
    void add(group_numbers const& groups, std::string_view user, std::int64_t slot,
             totals const& sum);

    // A dimension with more groups than that is wide: it has no sums here.
    static constexpr std::size_t groups_max = std::size_t{1} << 14;
    [[nodiscard]] bool is_wide(dimension by) const noexcept { return wide_[index_of(by)]; }
    // For good. Forgets what there is of it.
    void set_wide(dimension by);
    // Forgets all sums, but not which days there are.
    void forget_sums();
    // Forgets all but what is wide.
    void forget_days();
    // Of UTC, that have records.
    [[nodiscard]] std::vector<civil_day> const& days() const noexcept { return days_; }

    [[nodiscard]] bool ready(report_query const& query) const;
    // Where the query's dimension is wide then, nothing is ready.
    template <class Source>
    [[nodiscard]] result<void> prepare(report_query const& query, loading what,
                                       part_loader<Source> loader);
    template <class Source>
    [[nodiscard]] result<bool> load_more(part_loader<Source> loader);

    // Precondition of these: ready(query).
    template <class Visitor>
    void with_groups(report_query const& query, Visitor&& visit) const;
    template <class Visitor>
    void for_each_day(report_query const& query, Visitor&& visit) const {
        find_view(query.zone)->tables[0].for_each_day(query.days, visit);
    }

    [[nodiscard]] std::uint64_t bytes() const noexcept;
    void make_room() {
        grown_bytes_ = 0;
        while (bytes() > memory_bytes_ && forget_oldest(clock_ + 1)) {
        }
    }

private:
    // Each costs every record some time.
    static constexpr std::size_t views_max = 8;  // of other zones than UTC
    static constexpr std::size_t extracts_max = 8;
    static constexpr std::size_t users_max = 1024;
    static constexpr std::size_t open_days_max = 3;  // added up one by one by a query
    static constexpr std::int32_t chunk_days = 16;   // of a zone, loaded at one time
    static constexpr civil_day no_day{(std::numeric_limits<std::int32_t>::max)()};

    struct view {
        view() { load_from.fill(no_day); }

        time_zone zone{};
        std::array<day_table, dimension_count> tables{};
        std::array<civil_day, dimension_count> load_from{};  // what load_more() is to load
        std::array<std::uint64_t, dimension_count> last_used{};
        std::int64_t slot = (std::numeric_limits<std::int64_t>::min)();  // of the last record
        civil_day day{};                                                 // its day in the zone

        // And loads no more: else that would go on and on.
        void forget_before(std::size_t by, civil_day first) {
            tables[by].drop_before(first);
            load_from[by] = no_day;
        }
    };
    // Sums over days that are not resident.
    struct extract {
        time_zone zone{};
        dimension by{};
        day_range days{};
        group_sums sums{};
        std::uint64_t last_used = 0;
    };

    // What of the days in the table that a query asks for is not forgotten.
    enum class kept : std::uint8_t { all_asked, days_asked, none_asked };

    [[nodiscard]] static bool is_utc(time_zone const& zone) noexcept {
        return zone.name() == "UTC";
    }
    [[nodiscard]] view const* find_view(time_zone const& zone) const noexcept;
    view& view_of(time_zone const& zone);
    [[nodiscard]] user_days const* find_user(report_query const& query) const noexcept;
    // Null where the table needs none.
    [[nodiscard]] extract const* find_extract(report_query const& query,
                                              civil_day covered_from) const noexcept;
    // What of the query's days an extract leaves to the table.
    [[nodiscard]] static day_range days_after(extract const& part,
                                              report_query const& query) noexcept {
        return {part.days.last.plus(1), query.days.last};
    }
    // The first day of UTC from which all slots of the zone's day and later ones lie.
    [[nodiscard]] static civil_day utc_day_before(time_zone const& zone, civil_day day) noexcept {
        if (is_utc(zone) || day == first_of_all_days) return day;
        return day.plus(-1);
    }
    [[nodiscard]] static civil_day utc_day_after(time_zone const& zone, civil_day day) noexcept {
        if (is_utc(zone) || day.days == (std::numeric_limits<std::int32_t>::max)()) return day;
        return day.plus(1);
    }
    // Days of UTC, that have records, with slots of those days of the zone.
    [[nodiscard]] std::vector<civil_day> utc_days_of(time_zone const& zone, day_range days) const;
    // Whether nothing of these days is missing where all from `covered_from` on is there.
    [[nodiscard]] bool covers(civil_day covered_from, time_zone const& zone, day_range days) const {
        return covered_from <= days.first ||
               !has_records(zone, {days.first, (std::min)(days.last, covered_from.plus(-1))});
    }
    [[nodiscard]] bool has_records(time_zone const& zone, day_range days) const {
        return newest_utc_day_of(zone, days).has_value();
    }
    // The last of utc_days_of.
    [[nodiscard]] std::optional<civil_day> newest_utc_day_of(time_zone const& zone,
                                                             day_range days) const;
    // Whether it is worth it to have all days since in memory.
    [[nodiscard]] bool is_worth_loading(report_query const& query, day_table const& table) const;

    template <class Source>
    void note_wide(part_loader<Source> const& loader);
    template <class Source>
    result<void> prepare_user(report_query const& query, part_loader<Source>& loader);
    template <class Source>
    result<bool> extend(view& to, dimension by, civil_day first, std::int32_t chunk,
                        part_loader<Source>& loader);
    template <class Source>
    result<void> load_utc_day(day_table& to, dimension by, civil_day day,
                              part_loader<Source>& loader);
    template <class Source>
    result<void> load_zone_days(view& to, day_range days, part_loader<Source>& loader);
    template <class Source>
    result<void> make_extract(report_query const& query, civil_day covered_from,
                              part_loader<Source>& loader);
    void make_room(std::uint64_t bound, kept keep, report_query const& query);
    bool forget_oldest(std::uint64_t now);
    void forget_user(std::size_t place);

    std::uint64_t memory_bytes_;
    std::vector<civil_day> days_{};               // of UTC, that have records
    std::vector<std::unique_ptr<view>> views_{};  // the first is UTC's
    std::vector<std::unique_ptr<user_days>> users_{};
    std::unordered_multimap<std::string_view, user_days*, string_hash> users_by_name_{};
    std::vector<std::unique_ptr<extract>> extracts_{};
    std::array<bool, dimension_count> wide_{};
    group_sums scratch_{};
    std::uint64_t clock_ = 1;        // counts prepare()
    std::uint64_t grown_bytes_ = 0;  // by add(), since make_room()
};

template <class Visitor>
void resident_sums::with_groups(report_query const& query, Visitor&& visit) const {
    if (query.kind == report_kind::user) {
        running_sums const zero;
        group_sums const sums = find_user(query)->sums_of(query.days);
        span_sums of{zero, zero};
        of.add(sums);
        visit(of);
        return;
    }
    day_table const& table = find_view(query.zone)->tables[index_of(dimension_of(query.kind))];
    extract const* const found = find_extract(query, table.covered_from());
    span_sums of = table.sums_of(found == nullptr ? query.days : days_after(*found, query));
    if (found != nullptr) of.add(found->sums);
    visit(of);
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/rollup/resident_sums.ipp>
#endif

#endif  // AIAUDIT_ROLLUP_RESIDENT_SUMS_HPP
