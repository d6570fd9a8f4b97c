// SPDX-License-Identifier: MIT
//
// group_reader.hpp: the sums of a query's groups with their names, as stored parts and unsaved
// cells have them, without numbers for all names at once.
//
// A group comes several times: once or more for each part that has it. What a query asks of a
// calendar day of another zone than UTC is read from the cells of the day's parts.
// Threads: one thread.
// Floor 4.
#ifndef AIAUDIT_ROLLUP_GROUP_READER_HPP
#define AIAUDIT_ROLLUP_GROUP_READER_HPP

#include <aiaudit/detail/hash_index.hpp>   // hash_index
#include <aiaudit/rollup/cell_log.hpp>     // cell_log
#include <aiaudit/rollup/day_part.hpp>     // day_part
#include <aiaudit/rollup/part_loader.hpp>  // unsaved_cells
#include <aiaudit/rollup/query.hpp>        // report_query
#include <aiaudit/rollup/series.hpp>       // series_table

#include <algorithm>
#include <compare>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// What names a group: provider and model, or a text alone. A view.
struct group_name {
    std::string_view provider{};  // empty but for models
    std::string_view text{};

    [[nodiscard]] std::uint64_t hash() const noexcept {
        return hash_of_text(provider) * 3 + hash_of_text(text);
    }
    friend auto operator<=>(group_name const&, group_name const&) noexcept = default;
};

// Names as a report's row has them.
[[nodiscard]] constexpr group_names row_names(dimension by, group_name name) noexcept {
    group_names made;
    switch (by) {
    case dimension::everything: break;
    case dimension::model:
        made.provider = name.provider;
        made.model = name.text;
        break;
    case dimension::user: made.user = name.text; break;
    case dimension::project: made.project = name.text; break;
    case dimension::key: made.key_id = name.text; break;
    case dimension::provider: made.provider = name.text; break;
    case dimension::status: made.status = name.text; break;
    }
    return made;
}

// By their numbers in a part. The texts are the part's.
[[nodiscard]] result<std::vector<group_name>> names_in(day_part const& part, dimension by);

// visit(group_name, totals const&) for each group of a part, as read_costs() has them.
template <class Visitor>
[[nodiscard]] result<void> read_part_costs(day_part const& part, dimension by, Visitor&& visit) {
    if (by == dimension::user) {
        auto const users = part.read_users();
        if (!users) return users.error();
        return part.read_costs(by, [&](std::uint32_t user, totals const& sum) {
            visit(group_name{{}, (*users)[user]}, sum);
        });
    }
    auto const names = names_in(part, by);
    if (!names) return names.error();
    return part.read_costs(
        by, [&](std::uint32_t group, totals const& sum) { visit((*names)[group], sum); });
}
// visit(place in `wanted`, totals const&, latency_histogram const&) for users of a part. Users
// ascend, so some of them are found without a look at the others.
template <class Visitor>
[[nodiscard]] result<void> read_part_users(day_part const& part, std::span<group_name const> wanted,
                                           Visitor&& visit) {
    auto const users = part.read_users();
    if (!users) return users.error();
    std::vector<std::uint32_t> rows;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        auto const found = std::lower_bound(users->begin(), users->end(), wanted[i].text);
        if (found == users->end() || *found != wanted[i].text) continue;
        rows.push_back(static_cast<std::uint32_t>(found - users->begin()));
        places.push_back(i);
    }
    std::size_t next = 0;
    latency_histogram const none;
    return part.read_some_sums(dimension::user, rows,
                               [&](totals const& sum) { visit(places[next++], sum, none); });
}

// `source(day, visit)` calls visit(std::string_view) for stored parts of that day of UTC.
template <class Source>
class group_reader {
public:
    // `days`: of UTC, that have records. What is handed in outlives this.
    group_reader(series_table const& names, unsaved_cells const& unsaved,
                 std::vector<civil_day> const& days, report_query const& query, Source& source)
        : names_(names), unsaved_(unsaved), days_(days), query_(query), source_(source) {}

    [[nodiscard]] dimension by() const noexcept { return dimension_of(query_.kind); }

    // visit(group_name, totals const&), where the totals have at least what ranks a group
    // (day_part::read_costs). Names are valid until settle() returns, which comes after each part.
    // Errors: the source's; corrupt; newer_format.
    template <class Visitor, class Settle>
    [[nodiscard]] result<void> read_costs(Visitor&& visit, Settle&& settle) {
        auto const costs = [&visit](group_name name, totals const& sum, latency_histogram const&) {
            visit(name, sum);
        };
        return for_each_day(
            [&](day_part const& part, bool whole) -> result<void> {
                auto all = whole ? read_part_costs(part, by(), visit) : read_cells(part, costs);
                settle();
                return all;
            },
            costs);
    }
    // The same of these groups alone, which ascend; visit(place in `wanted`, totals, latency).
    template <class Visitor>
    [[nodiscard]] result<void> read_some(std::span<group_name const> wanted, Visitor&& visit) {
        hash_index places;
        auto const hash_of = [&wanted](std::uint32_t place) { return wanted[place].hash(); };
        for (std::uint32_t place = 0; place < wanted.size(); ++place)
            places.insert(wanted[place].hash(), place, hash_of);
        auto const filter = [&](group_name name, totals const& sum,
                                latency_histogram const& latency) {
            std::uint32_t const found = places.find(
                name.hash(), [&](std::uint32_t place) { return wanted[place] == name; });
            if (found != hash_index::none) visit(std::size_t{found}, sum, latency);
        };
        return for_each_day(
            [&](day_part const& part, bool whole) -> result<void> {
                if (!whole) return read_cells(part, filter);
                if (by() != dimension::user) return read_sums(part, filter);
                return read_part_users(part, wanted, visit);
            },
            filter);
    }

private:
    template <class PartReader, class Visitor>
    [[nodiscard]] result<void> for_each_day(PartReader&& read_part, Visitor&& visit) {
        for (civil_day const day : days_) {
            day_overlap const overlap = overlap_of(query_.zone, day, query_.days);
            if (overlap == day_overlap::none) continue;
            bool const whole = overlap == day_overlap::whole;
            read_unsaved(day, whole, visit);
            result<void> all{};
            auto const sourced = source_(day, [&](std::string_view bytes) {
                if (!all) return;
                auto const part = day_part::open(bytes);
                if (!part)
                    all = part.error();
                else
                    all = read_part(*part, whole);
            });
            if (!sourced) return sourced.error();
            if (!all) return all;
        }
        return {};
    }
    template <class Visitor>
    void read_unsaved(civil_day day, bool whole, Visitor&& visit) {
        auto const found = unsaved_.find(day);
        if (found == unsaved_.end()) return;
        std::int64_t const first = first_slot_of(day);
        found->second.for_each([&](logged_cell from) {
            if (!whole && !holds(first + from.slot())) return;
            value_.clear();
            from.add_to(value_);
            visit(name_of(from), std::as_const(value_.sum), std::as_const(value_.latency));
        });
    }
    [[nodiscard]] bool holds(std::int64_t slot) {
        if (slot != slot_) {
            slot_ = slot;
            slot_holds_ = query_.days.holds(day_of_slot(query_.zone, slot));
        }
        return slot_holds_;
    }
    [[nodiscard]] group_name name_of(logged_cell from) const noexcept {
        if (by() == dimension::user) return {{}, names_.names(0)[from.user()]};
        std::uint32_t const group = names_.groups_of(from.profile())[index_of(by())];
        group_names const names = names_.names_of(by(), group);
        switch (by()) {
        case dimension::model: return {names.provider, names.model};
        case dimension::project: return {{}, names.project};
        case dimension::key: return {{}, names.key_id};
        case dimension::provider: return {{}, names.provider};
        case dimension::status: return {{}, names.status};
        default: return {};
        }
    }

    template <class Visitor>
    [[nodiscard]] result<void> read_sums(day_part const& part, Visitor&& visit) {
        auto const names = names_in(part, by());
        if (!names) return names.error();
        return part.read_sums(
            by(), [&](std::uint32_t group, totals const& sum, latency_histogram const& latency) {
                visit((*names)[group], sum, latency);
            });
    }
    template <class Visitor>
    [[nodiscard]] result<void> read_cells(day_part const& part, Visitor&& visit) {
        auto const users = part.read_users();
        if (!users) return users.error();
        auto const profiles = part.read_profiles();
        if (!profiles) return profiles.error();
        std::vector<group_name> names;
        if (by() != dimension::user) {
            auto found = names_in(part, by());
            if (!found) return found.error();
            names = std::move(*found);
        }
        auto const texts = part.read_names();
        if (!texts) return texts.error();
        std::int64_t const first = first_slot_of(part.day());
        for (std::uint32_t user = 0; user < users->size(); ++user) {
            auto const read = part.read_cells(user, [&](std::uint32_t profile, std::uint32_t slot,
                                                        cell const& value) {
                if (!holds(first + slot)) return;
                group_name const name = by() == dimension::user
                                            ? group_name{{}, (*users)[user]}
                                            : names[group_in(*texts, (*profiles)[profile], by())];
                visit(name, value.sum, value.latency);
            });
            if (!read) return read;
        }
        return {};
    }
    [[nodiscard]] static std::uint32_t group_in(day_part::names const& texts,
                                                day_part::profile const& of,
                                                dimension by) noexcept {
        switch (by) {
        case dimension::model: return of.pair;
        case dimension::project: return of.project;
        case dimension::key: return of.key;
        case dimension::provider: return texts.pairs[of.pair].provider;
        case dimension::status: return of.status;
        default: return 0;
        }
    }

    series_table const& names_;
    unsaved_cells const& unsaved_;
    std::vector<civil_day> const& days_;
    report_query const& query_;
    Source& source_;
    std::int64_t slot_ = -1;  // that slot_holds_ is about
    bool slot_holds_ = false;
    cell value_{};  // scratch
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/rollup/group_reader.ipp>
#endif

#endif  // AIAUDIT_ROLLUP_GROUP_READER_HPP
