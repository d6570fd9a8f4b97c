// SPDX-License-Identifier: MIT
//
// rollup.hpp: the fold of the log that answers reports.
//
// The finest grain is a 15-minute slot of UTC for one series (one user, project, key, provider,
// model and status). Every zone's days are sums of whole slots, since every offset in use since
// 1972 is a multiple of 15 minutes; a change of clock within a slot counts whole with the day the
// slot begins in. Slots are kept as compact bytes for each series. Over them stand views, one a
// zone: sums by day for each dimension, kept up to date record by record; the view of a zone first
// asked for is built from the slots. A query adds up the days it covers; it reads no record.
// Threads: const members may run at once; the caller keeps apply() and learn() apart from all.
// Floor 4.
#ifndef AIAUDIT_ROLLUP_ROLLUP_HPP
#define AIAUDIT_ROLLUP_ROLLUP_HPP

#include <aiaudit/core/calendar.hpp>       // time_zone, civil_day
#include <aiaudit/detail/string_hash.hpp>  // string_hash
#include <aiaudit/rollup/totals.hpp>       // cell, totals

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v1 {

// By what a view adds up.
enum class dimension : std::uint8_t { everything, model, user, project, key, provider, status };
inline constexpr std::size_t dimension_count = 7;

// The names a group stands for; only those of its dimension are filled.
struct group_names {
    std::string user{};
    std::string project{};
    std::string key_id{};
    std::string provider{};
    std::string model{};
    std::string status{};
};

// A span of calendar days, both ends included.
struct day_range {
    civil_day first{std::numeric_limits<std::int32_t>::min()};
    civil_day last{std::numeric_limits<std::int32_t>::max()};

    [[nodiscard]] constexpr bool holds(civil_day day) const noexcept {
        return first <= day && day <= last;
    }
};

namespace detail {

inline constexpr std::int64_t slot_seconds = 900;

[[nodiscard]] constexpr std::int64_t slot_of(timestamp at) noexcept {
    return floor_divide(at.seconds(), slot_seconds);
}
[[nodiscard]] constexpr timestamp start_of_slot(std::int64_t slot) noexcept {
    return timestamp::from_seconds(slot * slot_seconds);
}

// Gives names dense numbers, in the order of their coming.
class name_table {
public:
    std::uint32_t number_of(std::string_view name) {
        auto const found = numbers_.find(name);
        if (found != numbers_.end()) return found->second;
        auto const number = static_cast<std::uint32_t>(numbers_.size());
        numbers_.emplace(std::string(name), number);
        return number;
    }
    [[nodiscard]] std::size_t size() const noexcept { return numbers_.size(); }

private:
    std::unordered_map<std::string, std::uint32_t, string_hash, std::equal_to<>> numbers_{};
};

// The slots of one series as bytes, merged now and then so that they stay as many as there are
// distinct slots.
class slot_list {
public:
    void add(std::int64_t slot, cell const& part) {
        append(slot, part);
        if (++count_ >= merge_at_) merge();
    }
    // Calls visit(slot, cell) for every entry; a slot may come more than once.
    template <class Visitor>
    void for_each(Visitor&& visit) const {
        byte_reader in{bytes_};
        std::int64_t slot = 0;
        while (!in.at_end()) {
            slot += unzigzag(in.varint());
            visit(slot, take_cell(in));
        }
    }

private:
    static constexpr std::size_t merge_at_least = 64;

    void append(std::int64_t slot, cell const& part) {
        append_varint(bytes_, zigzag(slot - last_slot_));
        append_cell(bytes_, part);
        last_slot_ = slot;
    }
    void merge() {
        std::vector<std::pair<std::int64_t, cell>> cells;
        for_each(
            [&](std::int64_t slot, cell&& part) { cells.emplace_back(slot, std::move(part)); });
        std::stable_sort(cells.begin(), cells.end(),
                         [](auto const& a, auto const& b) { return a.first < b.first; });
        bytes_.clear();
        last_slot_ = 0;
        count_ = 0;
        for (std::size_t i = 0; i < cells.size();) {
            std::size_t next = i + 1;
            for (; next < cells.size() && cells[next].first == cells[i].first; ++next) {
                cells[i].second.add(cells[next].second);
            }
            append(cells[i].first, cells[i].second);
            ++count_;
            i = next;
        }
        merge_at_ = std::max(merge_at_least, count_ * 2);
    }

    std::string bytes_{};
    std::int64_t last_slot_ = 0;
    std::size_t count_ = 0;
    std::size_t merge_at_ = merge_at_least;
};

// The days of one group, ascending, only those with records.
class day_list {
public:
    struct day_cell {
        civil_day day{};
        cell value{};
    };

    cell& at(civil_day day) {
        if (!days_.empty() && days_.back().day == day) return days_.back().value;
        auto place = std::lower_bound(
            days_.begin(), days_.end(), day,
            [](day_cell const& have, civil_day wanted) { return have.day < wanted; });
        if (place == days_.end() || place->day != day)
            place = days_.insert(place, day_cell{day, {}});
        return place->value;
    }
    template <class Visitor>
    void for_each_in(day_range days, Visitor&& visit) const {
        auto at = std::lower_bound(
            days_.begin(), days_.end(), days.first,
            [](day_cell const& have, civil_day wanted) { return have.day < wanted; });
        for (; at != days_.end() && at->day <= days.last; ++at) visit(at->day, at->value);
    }

private:
    std::vector<day_cell> days_{};
};

// The text under which a record's outcome is grouped.
[[nodiscard]] inline std::string status_of(record const& entry) {
    if (!entry.error_type.empty()) return entry.error_type;
    return entry.http_status == 0 ? "ok" : std::to_string(entry.http_status);
}

}  // namespace detail

class rollup {
public:
    // Views of other zones than UTC that are kept; the one asked for longest ago goes first.
    static constexpr std::size_t views_max = 8;

    rollup() { views_.push_back(std::make_unique<view>()); }

    // Counts outcomes; other kinds change nothing.
    void apply(record const& entry);

    // True where the zone's view is there, so that the queries below may run at the same time as
    // others.
    [[nodiscard]] bool knows(time_zone const& zone) const noexcept { return find(zone) != nullptr; }
    // Builds the zone's view from the slots, if it is not there.
    void learn(time_zone const& zone);

    // visit(civil_day, cell const&) for each day of the range that has records, ascending.
    // Precondition: knows(zone).
    template <class Visitor>
    void daily(time_zone const& zone, day_range days, Visitor&& visit) const {
        auto const& lists = find(zone)->lists[index(dimension::everything)];
        if (!lists.empty()) lists[0].for_each_in(days, visit);
    }
    // visit(group_names const&, totals const&, latency_sum const&) for each group with records in
    // the range. Latencies are kept by model, and for everything; elsewhere the sum is empty.
    // Precondition: knows(zone).
    template <class Visitor>
    void groups(time_zone const& zone, dimension by, day_range days, Visitor&& visit) const;
    // One user's groups by provider and model, from that user's slots: needs no view.
    template <class Visitor>
    void user(time_zone const& zone, std::string_view name, day_range days, Visitor&& visit) const;

    [[nodiscard]] std::size_t series_count() const noexcept { return series_.size(); }

private:
    struct series {
        std::array<std::uint32_t, dimension_count> groups{};  // its number in each dimension
        group_names names{};
        detail::slot_list slots{};
    };
    struct view {
        time_zone zone{};
        std::array<std::vector<detail::day_list>, dimension_count> lists{};  // by group number
    };

    static constexpr std::size_t index(dimension by) noexcept {
        return static_cast<std::size_t>(by);
    }
    static constexpr bool keeps_latency(std::size_t dimension_index) noexcept {
        return dimension_index == index(dimension::everything) ||
               dimension_index == index(dimension::model);
    }
    [[nodiscard]] view const* find(time_zone const& zone) const noexcept {
        for (auto const& known : views_) {
            if (known->zone.name() == zone.name()) return known.get();
        }
        return nullptr;
    }
    std::uint32_t series_of(record const& entry);
    void set_groups(series& made);
    static void add_to(view& to, series const& of, std::int64_t slot, cell const& part);

    std::vector<std::unique_ptr<view>> views_{};  // the first is UTC's
    std::vector<series> series_{};
    detail::name_table series_numbers_{};
    std::array<detail::name_table, dimension_count> group_numbers_{};
    std::array<std::vector<group_names>, dimension_count> group_names_{};
    std::unordered_map<std::string, std::vector<std::uint32_t>> series_by_user_{};
    std::string key_{};  // scratch
};

inline void rollup::apply(record const& entry) {
    if (entry.kind != record_kind::outcome) return;
    series& of = series_[series_of(entry)];
    cell const part = cell::of(entry);
    std::int64_t const slot = detail::slot_of(entry.started_at);
    of.slots.add(slot, part);
    for (auto const& known : views_) add_to(*known, of, slot, part);
}

inline void rollup::learn(time_zone const& zone) {
    if (knows(zone)) return;
    if (views_.size() > views_max) views_.erase(views_.begin() + 1);
    auto made = std::make_unique<view>();
    made->zone = zone;
    for (series const& of : series_) {
        of.slots.for_each(
            [&](std::int64_t slot, cell const& part) { add_to(*made, of, slot, part); });
    }
    views_.push_back(std::move(made));
}

inline void rollup::add_to(view& to, series const& of, std::int64_t slot, cell const& part) {
    civil_day const day = to.zone.day_of(detail::start_of_slot(slot));
    for (std::size_t i = 0; i < dimension_count; ++i) {
        auto& lists = to.lists[i];
        if (lists.size() <= of.groups[i]) lists.resize(of.groups[i] + 1);
        cell& sum = lists[of.groups[i]].at(day);
        sum.sum.add(part.sum);
        if (keeps_latency(i)) sum.latency.add(part.latency);
    }
}

inline std::uint32_t rollup::series_of(record const& entry) {
    std::string const status = detail::status_of(entry);
    key_.clear();
    for (std::string_view const part :
         {std::string_view{entry.user}, std::string_view{entry.project},
          std::string_view{entry.key_id}, std::string_view{entry.provider},
          std::string_view{entry.model()}, std::string_view{status}}) {
        detail::append_varint(key_, part.size());
        key_.append(part);
    }
    std::uint32_t const number = series_numbers_.number_of(key_);
    if (number < series_.size()) return number;
    series& made = series_.emplace_back();
    made.names = {entry.user, entry.project, entry.key_id, entry.provider, entry.model(), status};
    set_groups(made);
    series_by_user_[entry.user].push_back(number);
    return number;
}

inline void rollup::set_groups(series& made) {
    group_names const& n = made.names;
    std::array<group_names, dimension_count> const groups{{
        {},
        {.provider = n.provider, .model = n.model},
        {.user = n.user},
        {.project = n.project},
        {.key_id = n.key_id},
        {.provider = n.provider},
        {.status = n.status},
    }};
    for (std::size_t i = 0; i < dimension_count; ++i) {
        group_names const& g = groups[i];
        key_.clear();
        for (std::string const* const part :
             {&g.user, &g.project, &g.key_id, &g.provider, &g.model, &g.status}) {
            detail::append_varint(key_, part->size());
            key_.append(*part);
        }
        made.groups[i] = group_numbers_[i].number_of(key_);
        if (made.groups[i] == group_names_[i].size()) group_names_[i].push_back(g);
    }
}

template <class Visitor>
void rollup::groups(time_zone const& zone, dimension by, day_range days, Visitor&& visit) const {
    auto const& lists = find(zone)->lists[index(by)];
    for (std::size_t group = 0; group < lists.size(); ++group) {
        totals sum;
        latency_sum latency;
        lists[group].for_each_in(days, [&](civil_day, cell const& day) {
            sum.add(day.sum);
            latency.add(day.latency);
        });
        if (sum.attempts != 0) visit(group_names_[index(by)][group], sum, latency);
    }
}

template <class Visitor>
void rollup::user(time_zone const& zone, std::string_view name, day_range days,
                  Visitor&& visit) const {
    struct model_sum {
        totals sum{};
        latency_sum latency{};
    };
    std::unordered_map<std::uint32_t, model_sum> models;  // by the model's group number
    auto const found = series_by_user_.find(std::string(name));
    if (found == series_by_user_.end()) return;
    for (std::uint32_t const number : found->second) {
        series const& of = series_[number];
        model_sum& to = models[of.groups[index(dimension::model)]];
        of.slots.for_each([&](std::int64_t slot, cell const& part) {
            if (!days.holds(zone.day_of(detail::start_of_slot(slot)))) return;
            to.sum.add(part.sum);
            to.latency.add(part.latency);
        });
    }
    for (auto const& [group, to] : models) {
        if (to.sum.attempts != 0)
            visit(group_names_[index(dimension::model)][group], to.sum, to.latency);
    }
}

}  // namespace v1
}  // namespace aiaudit

#endif  // AIAUDIT_ROLLUP_ROLLUP_HPP
