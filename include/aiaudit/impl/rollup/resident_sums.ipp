// SPDX-License-Identifier: MIT
//
// resident_sums.ipp: the definitions of resident_sums.hpp.
#ifndef AIAUDIT_IMPL_ROLLUP_RESIDENT_SUMS_IPP
#define AIAUDIT_IMPL_ROLLUP_RESIDENT_SUMS_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/rollup/resident_sums.hpp>

#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE void resident_sums::add_stored_day(civil_day day) {
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

AIAUDIT_INLINE void resident_sums::add(group_numbers const& groups, std::string_view user,
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
            group_sums* const to = wide_[i] ? nullptr : each->tables[i].open(each->day);
            if (to == nullptr) continue;
            to->add(groups[i], sum);
            if (timed && keeps_latency(static_cast<dimension>(i)))
                to->add_duration(groups[i], bucket);
            grown_bytes_ += std::exchange(to->grown_bytes, 0);
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
    if (new_day || grown_bytes_ > memory_bytes_ / 16) make_room();
}

AIAUDIT_INLINE void resident_sums::set_wide(dimension by) {
    wide_[index_of(by)] = true;
    for (auto const& each : views_) {
        each->tables[index_of(by)] = {};
        each->load_from[index_of(by)] = no_day;
    }
    std::erase_if(extracts_, [by](auto const& part) { return part->by == by; });
}

AIAUDIT_INLINE void resident_sums::forget_days() {
    auto const wide = wide_;
    *this = resident_sums(memory_bytes_);
    wide_ = wide;
}

AIAUDIT_INLINE void resident_sums::forget_sums() {
    users_by_name_.clear();
    users_.clear();
    extracts_.clear();
    civil_day const next = days_.empty() ? first_of_all_days : days_.back().plus(2);
    for (auto const& each : views_) {
        for (std::size_t i = 0; i < dimension_count; ++i) {
            each->tables[i] = {};
            each->tables[i].set_covered_from(next);
            each->load_from[i] = no_day;
        }
    }
}

AIAUDIT_INLINE resident_sums::view const* resident_sums::find_view(
    time_zone const& zone) const noexcept {
    for (auto const& known : views_) {
        if (known->zone.name() == zone.name()) return known.get();
    }
    return nullptr;
}

// A new view covers nothing yet: not even the unsaved cells.
AIAUDIT_INLINE resident_sums::view& resident_sums::view_of(time_zone const& zone) {
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

AIAUDIT_INLINE user_days const* resident_sums::find_user(report_query const& query) const noexcept {
    for (auto const& known : users_) {
        if (known->name() == query.user && known->zone().name() == query.zone.name())
            return known.get();
    }
    return nullptr;
}

AIAUDIT_INLINE resident_sums::extract const* resident_sums::find_extract(
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

AIAUDIT_INLINE std::vector<civil_day> resident_sums::utc_days_of(time_zone const& zone,
                                                                 day_range days) const {
    auto const begin =
        std::lower_bound(days_.begin(), days_.end(), utc_day_before(zone, days.first));
    auto const end = std::upper_bound(days_.begin(), days_.end(), utc_day_after(zone, days.last));
    if (begin >= end) return {};
    return {begin, end};
}

AIAUDIT_INLINE std::optional<civil_day> resident_sums::newest_utc_day_of(time_zone const& zone,
                                                                         day_range days) const {
    auto const end = std::upper_bound(days_.begin(), days_.end(), utc_day_after(zone, days.last));
    if (days.first > days.last || end == days_.begin()) return std::nullopt;
    civil_day const newest = *std::prev(end);
    if (newest < utc_day_before(zone, days.first)) return std::nullopt;
    return newest;
}

// A few days of long ago are not worth all days since; but daily sums are small.
AIAUDIT_INLINE bool resident_sums::is_worth_loading(report_query const& query,
                                                    day_table const& table) const {
    if (query.kind == report_kind::daily) return true;
    civil_day const until = table.covered_from().plus(-1);
    auto const missing = utc_days_of(query.zone, {query.days.first, until}).size();
    auto const needed =
        utc_days_of(query.zone, {query.days.first, (std::min)(query.days.last, until)}).size();
    return missing <= 64 + needed * 4;
}

AIAUDIT_INLINE bool resident_sums::ready(report_query const& query) const {
    if (query.kind == report_kind::user) {
        user_days const* const found = find_user(query);
        return found != nullptr && covers(found->covered_from(), query.zone, query.days);
    }
    view const* const found = find_view(query.zone);
    if (found == nullptr || is_wide(dimension_of(query.kind))) return false;
    day_table const& table = found->tables[index_of(dimension_of(query.kind))];
    if (table.open_days() > open_days_max) return false;
    return covers(table.covered_from(), query.zone, query.days) ||
           find_extract(query, table.covered_from()) != nullptr;
}

AIAUDIT_INLINE void resident_sums::forget_user(std::size_t place) {
    auto const [begin, end] = users_by_name_.equal_range(users_[place]->name());
    for (auto each = begin; each != end; ++each) {
        if (each->second != users_[place].get()) continue;
        users_by_name_.erase(each);
        break;
    }
    users_.erase(users_.begin() + static_cast<std::ptrdiff_t>(place));
}

AIAUDIT_INLINE std::uint64_t resident_sums::bytes() const noexcept {
    std::uint64_t sum = 0;
    for (auto const& each : views_) {
        for (day_table const& table : each->tables) sum += table.bytes();
    }
    for (auto const& each : users_) sum += each->bytes();
    for (auto const& each : extracts_) sum += each->sums.bytes();
    return sum;
}

// Forgets what was asked for longest ago, and of what the query asks for as much as may be.
AIAUDIT_INLINE void resident_sums::make_room(std::uint64_t bound, kept keep,
                                             report_query const& query) {
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
AIAUDIT_INLINE bool resident_sums::forget_oldest(std::uint64_t now) {
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

#endif  // AIAUDIT_IMPL_ROLLUP_RESIDENT_SUMS_IPP
