// SPDX-License-Identifier: MIT
//
// part_loader.hpp: what a day holds in stored parts and unsaved cells together, under the numbers
// that a rollup gives to names.
//
// Threads: one thread; it adds names to the table.
// Floor 4.
#ifndef AIAUDIT_ROLLUP_PART_LOADER_HPP
#define AIAUDIT_ROLLUP_PART_LOADER_HPP

#include <aiaudit/rollup/cell_log.hpp>  // cell_log
#include <aiaudit/rollup/day_part.hpp>  // day_part
#include <aiaudit/rollup/series.hpp>    // series_table

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

using unsaved_cells = std::map<civil_day, cell_log>;  // by day of UTC

// `source(day, visit)` calls visit(std::string_view) for every stored part of that day of UTC.
template <class Source>
class part_loader {
public:
    // `user_order`: numbers of users by name, as the last day of many had them; kept up to date.
    // `numbers_users`: whether read_cells() tells users apart.
    part_loader(series_table& names, unsaved_cells const& unsaved,
                std::vector<std::uint32_t>& user_order, bool numbers_users, Source& source)
        : names_(names),
          unsaved_(unsaved),
          user_order_(user_order),
          numbers_users_(numbers_users),
          source_(source) {}

    // How many groups of the dimension have numbers.
    [[nodiscard]] std::size_t group_count(dimension by) const noexcept {
        return names_.group_count(by);
    }
    // Of the dimension that has the most, users aside where they are not numbered.
    [[nodiscard]] std::size_t group_count_max() const noexcept {
        std::size_t most = 0;
        for (std::size_t i = 0; i < dimension_count; ++i) {
            auto const by = static_cast<dimension>(i);
            if (by != dimension::user || numbers_users_) most = (std::max)(most, group_count(by));
        }
        return most;
    }
    // visit(group, totals const&, latency_histogram const&) for parts of sums of the day.
    template <class Visitor>
    [[nodiscard]] result<void> read_sums(civil_day day, dimension by, Visitor&& visit) {
        read_unsaved(day, [&](group_numbers const& groups, std::int64_t, cell const& value) {
            visit(groups[index_of(by)], value.sum, value.latency);
        });
        return for_each_part(day, [&](day_part const& part) -> result<void> {
            auto const groups = groups_of(part, by);
            if (!groups) return groups.error();
            return part.read_sums(
                by, [&](std::uint32_t group, totals const& sum, latency_histogram const& latency) {
                    visit((*groups)[group], sum, latency);
                });
        });
    }
    // visit(group_numbers const&, slot since 1970, cell const&) for each cell of the day.
    template <class Visitor>
    [[nodiscard]] result<void> read_cells(civil_day day, Visitor&& visit) {
        read_unsaved(day, visit);
        return for_each_part(day, [&](day_part const& part) -> result<void> {
            auto const profiles = profiles_of(part);
            if (!profiles) return profiles.error();
            std::vector<std::uint32_t> users(part.group_count(dimension::user), 0);
            if (numbers_users_) {
                auto numbered = groups_of(part, dimension::user);
                if (!numbered) return numbered.error();
                users = std::move(*numbered);
            } else if (auto const readable = part.read_users(); !readable) {
                return readable.error();
            }
            std::int64_t const first = first_slot_of(day);
            group_numbers groups{};
            for (std::uint32_t user = 0; user < users.size(); ++user) {
                auto const read = part.read_cells(
                    user, [&](std::uint32_t profile, std::uint32_t slot, cell const& value) {
                        groups = (*profiles)[profile];
                        groups[index_of(dimension::user)] = users[user];
                        visit(std::as_const(groups), first + slot, value);
                    });
                if (!read) return read;
            }
            return {};
        });
    }
    // visit(model's group, slot since 1970, cell const&) for each cell of that user on the day.
    template <class Visitor>
    [[nodiscard]] result<void> read_user(civil_day day, std::string_view user, Visitor&& visit) {
        if (auto const known = names_.names(0).find(user)) {
            auto const of_user = [&](group_numbers const& groups, std::int64_t slot,
                                     cell const& value) {
                if (groups[index_of(dimension::user)] == *known)
                    visit(groups[index_of(dimension::model)], slot, value);
            };
            read_unsaved(day, of_user);
        }
        return for_each_part(day, [&](day_part const& part) -> result<void> {
            auto const number = part.find_user(user);
            if (!number) return number.error();
            if (!*number) return {};
            auto const models = groups_of(part, dimension::model);
            if (!models) return models.error();
            auto const profiles = part.read_profiles();
            if (!profiles) return profiles.error();
            std::int64_t const first = first_slot_of(day);
            return part.read_cells(
                **number, [&](std::uint32_t profile, std::uint32_t slot, cell const& value) {
                    visit((*models)[(*profiles)[profile].pair], first + slot, value);
                });
        });
    }

private:
    template <class Visitor>
    void read_unsaved(civil_day day, Visitor&& visit) {
        auto const found = unsaved_.find(day);
        if (found == unsaved_.end()) return;
        std::int64_t const first = first_slot_of(day);
        found->second.for_each([&](logged_cell from) {
            value_.clear();
            from.add_to(value_);
            group_numbers groups = names_.groups_of(from.profile());
            groups[index_of(dimension::user)] = from.user();
            visit(std::as_const(groups), first + from.slot(), std::as_const(value_));
        });
    }
    // The first failure of `visit` is the result; later parts are then passed over.
    template <class Visitor>
    [[nodiscard]] result<void> for_each_part(civil_day day, Visitor&& visit) {
        result<void> all{};
        auto const sourced = source_(day, [&](std::string_view bytes) {
            if (!all) return;
            auto const part = day_part::open(bytes);
            if (!part)
                all = part.error();
            else if (part->day() != day)
                all = fail(errc::corrupt, "the rollup of " + day.to_string() + " is another day's");
            else
                all = visit(*part);
        });
        if (!sourced) return sourced.error();
        return all;
    }

    [[nodiscard]] result<std::vector<std::uint32_t>> groups_of(day_part const& part, dimension by) {
        if (by == dimension::everything) return std::vector<std::uint32_t>{0};
        std::vector<std::uint32_t> made;
        if (by == dimension::user) {
            auto const users = part.read_users();
            if (!users) return users.error();
            number_users(*users, made);
            return made;
        }
        auto const names = part.read_names();
        if (!names) return names.error();
        if (by == dimension::model) {
            for (auto const& pair : names->pairs) made.push_back(pair_of(*names, pair));
            return made;
        }
        std::size_t const place = series_table::name_place(by);
        for (std::string_view const name : names->texts[place])
            made.push_back(names_.names(place).number_of(name));
        return made;
    }
    // Days have much the same users, in the same order: so a name is first looked for where the
    // part before had it. Not those of a small part, between whose users many would be passed over.
    void number_users(std::vector<std::string_view> const& users, std::vector<std::uint32_t>& to) {
        name_table& table = names_.names(0);
        to.reserve(users.size());
        if (users.size() < user_order_.size() / 2) {
            for (std::string_view const name : users) to.push_back(table.number_of(name));
            return;
        }
        std::size_t place = 0;
        for (std::string_view const name : users) {
            auto const is_next = [&] {
                return place < user_order_.size() && same_text(table[user_order_[place]], name);
            };
            bool found = is_next();
            if (!found) {
                while (place < user_order_.size() && table[user_order_[place]] < name) ++place;
                found = is_next();
            }
            to.push_back(found ? user_order_[place++] : table.number_of(name));
        }
        user_order_ = to;
    }
    [[nodiscard]] std::uint32_t pair_of(day_part::names const& names,
                                        day_part::model_pair const& pair) {
        return names_.model_group(names.texts[3][pair.provider], names.texts[4][pair.model]);
    }
    // By the part's profile: the groups of it, but for the user's.
    [[nodiscard]] result<std::vector<group_numbers>> profiles_of(day_part const& part) {
        auto const names = part.read_names();
        if (!names) return names.error();
        auto const profiles = part.read_profiles();
        if (!profiles) return profiles.error();
        std::array<std::vector<std::uint32_t>, 6> numbers;
        for (std::size_t i = 1; i < numbers.size(); ++i) {
            for (std::string_view const name : names->texts[i])
                numbers[i].push_back(names_.names(i).number_of(name));
        }
        std::vector<std::uint32_t> pairs;
        for (auto const& pair : names->pairs) pairs.push_back(pair_of(*names, pair));
        std::vector<group_numbers> made;
        made.reserve(profiles->size());
        for (auto const& profile : *profiles) {
            auto const& pair = names->pairs[profile.pair];
            group_numbers groups{};
            groups[index_of(dimension::project)] = numbers[1][profile.project];
            groups[index_of(dimension::key)] = numbers[2][profile.key];
            groups[index_of(dimension::provider)] = numbers[3][pair.provider];
            groups[index_of(dimension::model)] = pairs[profile.pair];
            groups[index_of(dimension::status)] = numbers[5][profile.status];
            made.push_back(groups);
        }
        return made;
    }

    series_table& names_;
    unsaved_cells const& unsaved_;
    std::vector<std::uint32_t>& user_order_;
    bool numbers_users_;
    Source& source_;
    cell value_{};  // scratch
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_ROLLUP_PART_LOADER_HPP
