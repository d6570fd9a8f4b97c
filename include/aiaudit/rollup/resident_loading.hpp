// SPDX-License-Identifier: MIT
//
// resident_loading.hpp: what resident_sums loads so that a query can be answered within the memory.
//
// Days are put in front of those that are there, for as long as there is room; what then is still
// missing, or is too long ago to be worth all days since, is added up for that query alone. So is
// all that is missing where the caller loads the days since at leisure (load_more).
// Threads: one at a time.
// Floor 4.
#ifndef AIAUDIT_ROLLUP_RESIDENT_LOADING_HPP
#define AIAUDIT_ROLLUP_RESIDENT_LOADING_HPP

#include <aiaudit/rollup/part_loader.hpp>    // part_loader
#include <aiaudit/rollup/resident_sums.hpp>  // resident_sums

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

template <class Source>
result<void> resident_sums::prepare(report_query const& query, loading what,
                                    part_loader<Source> loader) {
    ++clock_;
    if (query.kind == report_kind::user) {
        auto const made = prepare_user(query, loader);
        if (!made) return made;
        make_room(memory_bytes_, kept::all_asked, query);
        return {};
    }
    dimension const by = dimension_of(query.kind);
    note_wide(loader);
    if (is_wide(by)) return {};
    view& of = view_of(query.zone);
    day_table& table = of.tables[index_of(by)];
    of.last_used[index_of(by)] = clock_;
    table.settle();
    if (!covers(table.covered_from(), query.zone, query.days) && is_worth_loading(query, table)) {
        civil_day& first = of.load_from[index_of(by)];
        first = (std::min)(first, query.days.first);
        while (what == loading::all_since || by == dimension::everything) {
            auto const more = extend(of, by, first, chunk_days, loader);
            if (!more) return more.error();
            if (!*more) break;
        }
        if (is_wide(by)) return {};
    }
    make_room(memory_bytes_, by == dimension::everything ? kept::days_asked : kept::none_asked,
              query);
    if (covers(table.covered_from(), query.zone, query.days)) return {};
    if (find_extract(query, table.covered_from()) != nullptr) return {};
    make_room(memory_bytes_ / 2, kept::none_asked, query);
    auto const made = make_extract(query, table.covered_from(), loader);
    if (!made) return made;
    make_room(memory_bytes_, kept::all_asked, query);
    return {};
}

template <class Source>
void resident_sums::note_wide(part_loader<Source> const& loader) {
    for (std::size_t i = 0; i < dimension_count; ++i) {
        auto const by = static_cast<dimension>(i);
        if (!wide_[i] && loader.group_count(by) > groups_max) set_wide(by);
    }
}

template <class Source>
result<void> resident_sums::prepare_user(report_query const& query, part_loader<Source>& loader) {
    auto found = std::find_if(users_.begin(), users_.end(), [&query](auto const& known) {
        return known->name() == query.user && known->zone().name() == query.zone.name();
    });
    if (found == users_.end()) {
        if (users_.size() >= users_max) {
            auto const oldest = std::min_element(
                users_.begin(), users_.end(),
                [](auto const& a, auto const& b) { return a->last_used < b->last_used; });
            forget_user(static_cast<std::size_t>(oldest - users_.begin()));
        }
        users_.push_back(std::make_unique<user_days>(query.zone, query.user));
        found = std::prev(users_.end());
        users_by_name_.emplace((*found)->name(), found->get());
        if (!days_.empty()) (*found)->set_covered_from(days_.back().plus(2));
    }
    user_days& user = **found;
    user.last_used = clock_;
    if (covers(user.covered_from(), query.zone, query.days)) return {};
    day_range const missing{query.days.first, user.covered_from().plus(-1)};
    for (civil_day const utc_day : utc_days_of(query.zone, missing)) {
        auto const read = loader.read_user(
            utc_day, query.user, [&](std::uint32_t model, std::int64_t slot, cell const& value) {
                civil_day const day = day_of_slot(query.zone, slot);
                if (missing.holds(day)) user.add(day, model, value.sum, value.latency);
            });
        if (!read) {
            forget_user(static_cast<std::size_t>(found - users_.begin()));
            return read;
        }
    }
    user.set_covered_from(query.days.first);
    return {};
}

// Loads a few of the days that some query asked for, for queries to come. False: there are no more.
template <class Source>
result<bool> resident_sums::load_more(part_loader<Source> loader) {
    for (auto const& each : views_) {
        for (std::size_t i = 0; i < dimension_count; ++i) {
            if (each->load_from[i] == no_day) continue;
            auto const more =
                extend(*each, static_cast<dimension>(i), each->load_from[i], 1, loader);
            if (!more) return more.error();
            make_room();
            return true;
        }
    }
    return false;
}

// Loads the newest of the days since `first` that are missing; of a zone, `chunk` days. False:
// there are no more, or they do not fit in half of the memory; but daily sums, which are small,
// always do.
template <class Source>
result<bool> resident_sums::extend(view& to, dimension by, civil_day first, std::int32_t chunk,
                                   part_loader<Source>& loader) {
    day_table& table = to.tables[index_of(by)];
    civil_day const covered_from = table.covered_from();
    auto const has_room = [&] {
        if (by == dimension::everything) return true;
        std::uint64_t sum = 0;
        for (day_table const& each : to.tables) {
            if (&each == &table || !is_utc(to.zone)) sum += each.bytes();
        }
        return sum < memory_bytes_ / 2;
    };
    bool const covered = covers(covered_from, to.zone, {first, day_range{}.last});
    if (covered || !has_room()) {
        to.load_from[index_of(by)] = no_day;
        if (!covered) return false;
        table.set_covered_from((std::min)(covered_from, first));
        std::erase_if(extracts_, [&](auto const& part) {
            return part->by == by && part->days.first >= first &&
                   part->zone.name() == to.zone.name();
        });
        return false;
    }
    civil_day const newest = *newest_utc_day_of(to.zone, {first, covered_from.plus(-1)});
    auto loaded = result<void>{};
    if (is_utc(to.zone)) {
        loaded = load_utc_day(table, by, newest, loader);
    } else {
        // What is loaded at one time is kept plain: fewer days where each has many groups.
        constexpr std::size_t usual_groups = 1024;
        auto const fewer = static_cast<std::int32_t>(loader.group_count_max() / usual_groups);
        if (chunk > 1) chunk = (std::max)(chunk / (fewer + 1), 1);
        civil_day const last = (std::min)(covered_from.plus(-1), newest.plus(1));
        loaded = load_zone_days(to, {(std::max)(last.plus(1 - chunk), first), last}, loader);
    }
    note_wide(loader);
    if (loaded) return !is_wide(by);
    to.load_from[index_of(by)] = no_day;
    return loaded.error();
}

template <class Source>
result<void> resident_sums::load_utc_day(day_table& to, dimension by, civil_day day,
                                         part_loader<Source>& loader) {
    scratch_.clear();
    scratch_.day = day;
    auto const read = loader.read_sums(
        day, by, [&](std::uint32_t group, totals const& sum, latency_histogram const& latency) {
            scratch_.add(group, sum);
            if (keeps_latency(by)) scratch_.add(group, latency);
        });
    if (!read) return read;
    to.prepend(scratch_);
    return {};
}

template <class Source>
result<void> resident_sums::load_zone_days(view& to, day_range days, part_loader<Source>& loader) {
    std::map<civil_day, std::array<group_sums, dimension_count>> sums;
    for (civil_day const utc_day : utc_days_of(to.zone, days)) {
        std::int64_t slot = (std::numeric_limits<std::int64_t>::min)();
        std::array<group_sums, dimension_count>* of = nullptr;
        auto const read = loader.read_cells(
            utc_day, [&](group_numbers const& groups, std::int64_t at, cell const& value) {
                if (at != slot) {
                    slot = at;
                    civil_day const day = day_of_slot(to.zone, at);
                    of = days.holds(day) ? &sums[day] : nullptr;
                }
                if (of == nullptr) return;
                for (std::size_t i = 0; i < dimension_count; ++i) {
                    if (wide_[i]) continue;
                    (*of)[i].add(groups[i], value.sum);
                    if (keeps_latency(static_cast<dimension>(i)))
                        (*of)[i].add(groups[i], value.latency);
                }
            });
        if (!read) return read;
        note_wide(loader);
    }
    for (std::size_t i = 0; i < dimension_count; ++i) {
        if (wide_[i]) continue;
        // Tables that begin later have other days missing between these and theirs.
        day_table& table = to.tables[i];
        if (!covers(table.covered_from(), to.zone, {days.last.plus(1), day_range{}.last})) continue;
        for (auto day = sums.rbegin(); day != sums.rend(); ++day) {
            if (day->first >= table.covered_from()) continue;
            day->second[i].day = day->first;
            table.prepend(day->second[i]);
        }
        table.set_covered_from((std::min)(table.covered_from(), days.first));
    }
    return {};
}

template <class Source>
result<void> resident_sums::make_extract(report_query const& query, civil_day covered_from,
                                         part_loader<Source>& loader) {
    auto made = std::make_unique<extract>();
    made->zone = query.zone;
    made->by = dimension_of(query.kind);
    made->days = {query.days.first, (std::min)(query.days.last, covered_from.plus(-1))};
    made->last_used = clock_;
    auto const add = [&](std::uint32_t group, totals const& sum, latency_histogram const& latency) {
        made->sums.add(group, sum);
        if (keeps_latency(made->by)) made->sums.add(group, latency);
    };
    for (civil_day const utc_day : utc_days_of(query.zone, made->days)) {
        day_overlap const overlap = overlap_of(query.zone, utc_day, made->days);
        if (overlap == day_overlap::none) continue;
        auto const read =
            overlap == day_overlap::whole
                ? loader.read_sums(utc_day, made->by, add)
                : loader.read_cells(utc_day, [&](group_numbers const& groups, std::int64_t slot,
                                                 cell const& value) {
                      if (made->days.holds(day_of_slot(query.zone, slot)))
                          add(groups[index_of(made->by)], value.sum, value.latency);
                  });
        if (!read) return read;
        note_wide(loader);
        if (is_wide(made->by)) return {};
    }
    if (extracts_.size() >= extracts_max) {
        extracts_.erase(std::min_element(
            extracts_.begin(), extracts_.end(),
            [](auto const& a, auto const& b) { return a->last_used < b->last_used; }));
    }
    extracts_.push_back(std::move(made));
    return {};
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_ROLLUP_RESIDENT_LOADING_HPP
