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
#include <utility>
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

    [[nodiscard]] bool ready(report_query const& query) const;
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
    group_sums scratch_{};
    std::uint64_t clock_ = 1;  // counts prepare()
};

inline void resident_sums::add_stored_day(civil_day day) {
    auto const place = std::lower_bound(days_.begin(), days_.end(), day);
    if (place != days_.end() && *place == day) return;
    days_.insert(place, day);
    users_by_name_.clear();
    users_.clear();
    extracts_.clear();
    for (auto const& each : views_) {
        for (day_table& table : each->tables) {
            civil_day const next = utc_day_after(each->zone, day).plus(1);
            if (table.covered_from() < next) table.drop_before(next);
        }
    }
}

inline void resident_sums::add(group_numbers const& groups, std::string_view user,
                               std::int64_t slot, totals const& sum) {
    bool const timed = sum.timed != 0;
    std::uint32_t const bucket = latency_histogram::bucket_of(sum.latency_ns);
    civil_day const utc_day = utc_day_of_slot(slot);
    bool new_day = false;
    if (days_.empty() || days_.back() != utc_day) {
        auto const place = std::lower_bound(days_.begin(), days_.end(), utc_day);
        new_day = place == days_.end() || *place != utc_day;
        if (new_day) days_.insert(place, utc_day);
    }
    for (auto const& each : views_) {
        if (slot != each->slot) {
            each->slot = slot;
            each->day = day_of_slot(each->zone, slot);
        }
        for (std::size_t i = 0; i < dimension_count; ++i) {
            group_sums* const to = each->tables[i].open(each->day);
            if (to == nullptr) continue;
            to->add(groups[i], sum);
            if (timed && keeps_latency(static_cast<dimension>(i)))
                to->add_duration(groups[i], bucket);
        }
    }
    if (!users_.empty()) {
        latency_histogram latency;
        if (timed) latency.append(bucket, 1);
        auto const [begin, end] = users_by_name_.equal_range(user);
        for (auto each = begin; each != end; ++each) {
            user_days& of = *each->second;
            civil_day const day = day_of_slot(of.zone(), slot);
            if (day >= of.covered_from())
                of.add(day, groups[index_of(dimension::model)], sum, latency);
        }
    }
    for (auto const& each : extracts_) {
        civil_day const day = day_of_slot(each->zone, slot);
        if (!each->days.holds(day)) continue;
        each->sums.add(groups[index_of(each->by)], sum);
        if (timed && keeps_latency(each->by))
            each->sums.add_duration(groups[index_of(each->by)], bucket);
    }
    if (new_day) make_room();
}

inline resident_sums::view const* resident_sums::find_view(time_zone const& zone) const noexcept {
    for (auto const& known : views_) {
        if (known->zone.name() == zone.name()) return known.get();
    }
    return nullptr;
}

// A new view covers nothing yet: not even the unsaved cells.
inline resident_sums::view& resident_sums::view_of(time_zone const& zone) {
    for (auto const& known : views_) {
        if (known->zone.name() == zone.name()) return *known;
    }
    if (views_.size() > views_max) {
        auto const last_use = [](std::unique_ptr<view> const& of) {
            return *std::max_element(of->last_used.begin(), of->last_used.end());
        };
        views_.erase(std::min_element(
            views_.begin() + 1, views_.end(),
            [&](auto const& a, auto const& b) { return last_use(a) < last_use(b); }));
    }
    auto made = std::make_unique<view>();
    made->zone = zone;
    if (!days_.empty()) {
        for (day_table& table : made->tables) table.set_covered_from(days_.back().plus(2));
    }
    views_.push_back(std::move(made));
    return *views_.back();
}

inline user_days const* resident_sums::find_user(report_query const& query) const noexcept {
    for (auto const& known : users_) {
        if (known->name() == query.user && known->zone().name() == query.zone.name())
            return known.get();
    }
    return nullptr;
}

inline resident_sums::extract const* resident_sums::find_extract(
    report_query const& query, civil_day covered_from) const noexcept {
    if (covers(covered_from, query.zone, query.days)) return nullptr;
    for (auto const& known : extracts_) {
        if (known->by != dimension_of(query.kind) || known->days.first != query.days.first ||
            known->days.last > query.days.last || known->zone.name() != query.zone.name()) {
            continue;
        }
        if (covers(covered_from, query.zone, days_after(*known, query))) return known.get();
    }
    return nullptr;
}

inline std::vector<civil_day> resident_sums::utc_days_of(time_zone const& zone,
                                                         day_range days) const {
    auto const begin =
        std::lower_bound(days_.begin(), days_.end(), utc_day_before(zone, days.first));
    auto const end = std::upper_bound(days_.begin(), days_.end(), utc_day_after(zone, days.last));
    if (begin >= end) return {};
    return {begin, end};
}

inline std::optional<civil_day> resident_sums::newest_utc_day_of(time_zone const& zone,
                                                                 day_range days) const {
    auto const end = std::upper_bound(days_.begin(), days_.end(), utc_day_after(zone, days.last));
    if (days.first > days.last || end == days_.begin()) return std::nullopt;
    civil_day const newest = *std::prev(end);
    if (newest < utc_day_before(zone, days.first)) return std::nullopt;
    return newest;
}

// A few days of long ago are not worth all days since; but daily sums are small.
inline bool resident_sums::is_worth_loading(report_query const& query,
                                            day_table const& table) const {
    if (query.kind == report_kind::daily) return true;
    civil_day const until = table.covered_from().plus(-1);
    auto const missing = utc_days_of(query.zone, {query.days.first, until}).size();
    auto const needed =
        utc_days_of(query.zone, {query.days.first, (std::min)(query.days.last, until)}).size();
    return missing <= 64 + needed * 4;
}

inline bool resident_sums::ready(report_query const& query) const {
    if (query.kind == report_kind::user) {
        user_days const* const found = find_user(query);
        return found != nullptr && covers(found->covered_from(), query.zone, query.days);
    }
    view const* const found = find_view(query.zone);
    if (found == nullptr) return false;
    day_table const& table = found->tables[index_of(dimension_of(query.kind))];
    if (table.open_days() > open_days_max) return false;
    return covers(table.covered_from(), query.zone, query.days) ||
           find_extract(query, table.covered_from()) != nullptr;
}

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

inline void resident_sums::forget_user(std::size_t place) {
    auto const [begin, end] = users_by_name_.equal_range(users_[place]->name());
    for (auto each = begin; each != end; ++each) {
        if (each->second != users_[place].get()) continue;
        users_by_name_.erase(each);
        break;
    }
    users_.erase(users_.begin() + static_cast<std::ptrdiff_t>(place));
}

inline std::uint64_t resident_sums::bytes() const noexcept {
    std::uint64_t sum = 0;
    for (auto const& each : views_) {
        for (day_table const& table : each->tables) sum += table.bytes();
    }
    for (auto const& each : users_) sum += each->bytes();
    for (auto const& each : extracts_) sum += each->sums.bytes();
    return sum;
}

// Forgets what was asked for longest ago, and of what the query asks for as much as may be.
inline void resident_sums::make_room(std::uint64_t bound, kept keep, report_query const& query) {
    while (bytes() > bound) {
        if (forget_oldest(clock_)) continue;
        if (keep == kept::all_asked) return;
        view& of = view_of(query.zone);
        std::size_t const by = index_of(dimension_of(query.kind));
        if (of.tables[by].empty()) return;
        civil_day const middle = of.tables[by].middle_day();
        if (keep == kept::days_asked && middle > query.days.first) return;
        of.forget_before(by, middle);
    }
}

// Forgets something that was last used before `now`. False where there is nothing.
inline bool resident_sums::forget_oldest(std::uint64_t now) {
    auto const older = [](auto const& a, auto const& b) { return a->last_used < b->last_used; };
    auto const user = std::min_element(users_.begin(), users_.end(), older);
    auto const cut = std::min_element(extracts_.begin(), extracts_.end(), older);
    view* of = nullptr;
    std::size_t by = 0;
    std::uint64_t table_used = now;
    for (auto const& each : views_) {
        for (std::size_t i = 0; i < dimension_count; ++i) {
            if (!each->tables[i].empty() && each->last_used[i] < table_used) {
                of = each.get();
                by = i;
                table_used = each->last_used[i];
            }
        }
    }
    std::uint64_t const user_used = user == users_.end() ? now : (*user)->last_used;
    std::uint64_t const cut_used = cut == extracts_.end() ? now : (*cut)->last_used;
    if (user_used < now && user_used <= cut_used && user_used <= table_used) {
        forget_user(static_cast<std::size_t>(user - users_.begin()));
    } else if (cut_used < now && cut_used <= table_used) {
        extracts_.erase(cut);
    } else if (of != nullptr) {
        of->forget_before(by, of->tables[by].middle_day());
    } else {
        return false;
    }
    return true;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_ROLLUP_RESIDENT_SUMS_HPP
