// SPDX-License-Identifier: MIT
//
// series.hpp: numbers for the names that records are grouped by, and for the combinations in which
// they come.
//
// Names are never forgotten: they take memory by how many distinct ones there are. Series are, when
// the caller says so.
// Threads: const members may run at once. The text of a name stays where it is for as long as a
// pointer to the texts is held, so a report may outlive what it was made from.
// Floor 4.
#ifndef AIAUDIT_ROLLUP_SERIES_HPP
#define AIAUDIT_ROLLUP_SERIES_HPP

#include <aiaudit/detail/string_hash.hpp>  // string_hash
#include <aiaudit/rollup/query.hpp>        // dimension

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace aiaudit {
inline namespace v1 {

// The names that a group of a report stands for; only those of its dimension are filled.
struct group_names {
    std::string_view user{};
    std::string_view project{};
    std::string_view key_id{};
    std::string_view provider{};
    std::string_view model{};
    std::string_view status{};
};

namespace detail {

// The text under which a record's outcome is grouped, and the room for its digits.
class status_text {
public:
    template <class Record>
    explicit status_text(Record const& entry) noexcept {
        if (!entry.error_type.empty()) {
            text_ = entry.error_type;
        } else if (entry.http_status != 0) {
            auto const end =
                std::to_chars(digits_.data(), digits_.data() + digits_.size(), entry.http_status);
            text_ = {digits_.data(), static_cast<std::size_t>(end.ptr - digits_.data())};
        }
    }
    status_text(status_text const&) = delete;
    status_text& operator=(status_text const&) = delete;
    [[nodiscard]] std::string_view text() const noexcept { return text_; }

private:
    std::array<char, 8> digits_{};
    std::string_view text_ = "ok";
};

using name_texts = std::deque<std::string>;

// Gives names dense numbers, in the order of their coming.
class name_table {
public:
    explicit name_table(std::shared_ptr<name_texts> texts) : texts_(std::move(texts)) {}

    std::uint32_t number_of(std::string_view name) {
        auto const found = numbers_.find(name);
        if (found != numbers_.end()) return found->second;
        auto const number = static_cast<std::uint32_t>(names_.size());
        std::string_view const kept = texts_->emplace_back(name);
        numbers_.emplace(kept, number);
        names_.push_back(kept);
        return number;
    }
    [[nodiscard]] std::optional<std::uint32_t> find(std::string_view name) const {
        auto const found = numbers_.find(name);
        if (found == numbers_.end()) return std::nullopt;
        return found->second;
    }
    [[nodiscard]] std::string_view operator[](std::uint32_t number) const noexcept {
        return names_[number];
    }
    [[nodiscard]] std::size_t size() const noexcept { return names_.size(); }

private:
    std::shared_ptr<name_texts> texts_;
    std::unordered_map<std::string_view, std::uint32_t, string_hash, std::equal_to<>> numbers_{};
    std::vector<std::string_view> names_{};
};

// Six names of a record, in the order user, project, key, provider, model, status.
using series_names = std::array<std::string_view, 6>;

// The group of a series in each dimension: a name's number, but for everything (0) and the model (a
// number of its pair of provider and model).
using group_numbers = std::array<std::uint32_t, dimension_count>;

struct group_numbers_hash {
    std::size_t operator()(group_numbers const& groups) const noexcept {
        std::uint64_t state = 0;
        for (std::uint32_t const group : groups) {
            state = (state ^ group) * 0x9E37'79B9'7F4A'7C15ULL;
            state ^= state >> 29;
        }
        return state;
    }
};

// Quick, and the same for equal names; a table that is searched by it compares the names.
[[nodiscard]] inline std::uint64_t hash_of(series_names const& names) noexcept {
    constexpr std::uint64_t odd = 0x9E37'79B9'7F4A'7C15ULL;
    std::uint64_t state = odd;
    auto const mix = [&state](std::uint64_t word) {
        uint128 const product = static_cast<uint128>(state ^ word) * odd;
        state = static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
    };
    for (std::string_view text : names) {
        std::uint64_t word = 0;
        mix(text.size() + 1);
        for (; text.size() >= 8; text.remove_prefix(8)) {
            std::memcpy(&word, text.data(), 8);
            mix(word);
        }
        if (text.empty()) continue;
        word = 0;
        std::memcpy(&word, text.data(), text.size());
        mix(word);
    }
    return state;
}

class series_table {
public:
    std::uint32_t number_of(series_names const& names) {
        std::uint64_t const hash = hash_of(names);
        if (!places_.empty()) {
            std::size_t const mask = places_.size() - 1;
            for (std::size_t at = hash & mask; places_[at].number != none; at = (at + 1) & mask) {
                if (places_[at].hash == hash && is(groups_[places_[at].number], names)) {
                    return places_[at].number;
                }
            }
        }
        return insert(hash, names);
    }
    [[nodiscard]] group_numbers const& operator[](std::uint32_t number) const noexcept {
        return groups_[number];
    }
    // A number for all of a series but its user.
    [[nodiscard]] std::uint32_t profile_of(std::uint32_t number) const noexcept {
        return profiles_of_[number];
    }
    [[nodiscard]] std::size_t profile_count() const noexcept { return profile_numbers_.size(); }
    [[nodiscard]] std::size_t size() const noexcept { return groups_.size(); }
    // Forgets the series, not the names. Their numbers begin anew.
    void forget_series() {
        groups_.clear();
        profiles_of_.clear();
        profile_numbers_.clear();
        places_.clear();
    }

    std::uint32_t model_group(std::uint32_t provider, std::uint32_t model) {
        std::uint64_t const key = std::uint64_t{provider} << 32 | model;
        auto const [place, added] =
            model_numbers_.try_emplace(key, static_cast<std::uint32_t>(models_.size()));
        if (added) models_.push_back({provider, model});
        return place->second;
    }

    struct model_pair {
        std::uint32_t provider = 0;
        std::uint32_t model = 0;
    };
    [[nodiscard]] model_pair model_of(std::uint32_t group) const noexcept { return models_[group]; }
    // By the place in series_names.
    [[nodiscard]] name_table& names(std::size_t which) noexcept { return names_[which]; }
    [[nodiscard]] name_table const& names(std::size_t which) const noexcept {
        return names_[which];
    }
    [[nodiscard]] std::size_t group_count(dimension by) const noexcept {
        if (by == dimension::everything) return 1;
        if (by == dimension::model) return models_.size();
        return names_[name_place(by)].size();
    }
    [[nodiscard]] group_names names_of(dimension by, std::uint32_t group) const noexcept {
        group_names made;
        switch (by) {
        case dimension::everything: break;
        case dimension::model:
            made.provider = names_[3][models_[group].provider];
            made.model = names_[4][models_[group].model];
            break;
        case dimension::user: made.user = names_[0][group]; break;
        case dimension::project: made.project = names_[1][group]; break;
        case dimension::key: made.key_id = names_[2][group]; break;
        case dimension::provider: made.provider = names_[3][group]; break;
        case dimension::status: made.status = names_[5][group]; break;
        }
        return made;
    }
    // Holding it keeps every name_of's text where it is.
    [[nodiscard]] std::shared_ptr<name_texts const> texts() const noexcept { return texts_; }

    // Where the dimension's names stand in series_names. Precondition: neither everything nor
    // model.
    [[nodiscard]] static constexpr std::size_t name_place(dimension by) noexcept {
        switch (by) {
        case dimension::project: return 1;
        case dimension::key: return 2;
        case dimension::provider: return 3;
        case dimension::status: return 5;
        default: return 0;
        }
    }

private:
    static constexpr std::uint32_t none = ~std::uint32_t{0};
    struct slot {
        std::uint64_t hash = 0;
        std::uint32_t number = none;
    };

    [[nodiscard]] bool is(group_numbers const& groups, series_names const& names) const noexcept {
        model_pair const pair = models_[groups[index_of(dimension::model)]];
        return names_[0][groups[index_of(dimension::user)]] == names[0] &&
               names_[4][pair.model] == names[4] && names_[3][pair.provider] == names[3] &&
               names_[1][groups[index_of(dimension::project)]] == names[1] &&
               names_[2][groups[index_of(dimension::key)]] == names[2] &&
               names_[5][groups[index_of(dimension::status)]] == names[5];
    }
    std::uint32_t insert(std::uint64_t hash, series_names const& names) {
        group_numbers groups{};
        std::uint32_t const provider = names_[3].number_of(names[3]);
        groups[index_of(dimension::model)] = model_group(provider, names_[4].number_of(names[4]));
        groups[index_of(dimension::user)] = names_[0].number_of(names[0]);
        groups[index_of(dimension::project)] = names_[1].number_of(names[1]);
        groups[index_of(dimension::key)] = names_[2].number_of(names[2]);
        groups[index_of(dimension::provider)] = provider;
        groups[index_of(dimension::status)] = names_[5].number_of(names[5]);
        if ((groups_.size() + 1) * 2 > places_.size()) grow();
        auto const number = static_cast<std::uint32_t>(groups_.size());
        groups_.push_back(groups);
        group_numbers profile = groups;
        profile[index_of(dimension::user)] = 0;
        profiles_of_.push_back(
            profile_numbers_
                .try_emplace(profile, static_cast<std::uint32_t>(profile_numbers_.size()))
                .first->second);
        put({hash, number});
        return number;
    }
    void grow() {
        std::vector<slot> const old = std::move(places_);
        places_.assign(old.empty() ? 256 : old.size() * 2, slot{});
        for (slot const& each : old) {
            if (each.number != none) put(each);
        }
    }
    void put(slot what) noexcept {
        std::size_t const mask = places_.size() - 1;
        std::size_t at = what.hash & mask;
        while (places_[at].number != none) at = (at + 1) & mask;
        places_[at] = what;
    }

    std::shared_ptr<name_texts> texts_ = std::make_shared<name_texts>();
    std::array<name_table, 6> names_{name_table{texts_}, name_table{texts_}, name_table{texts_},
                                     name_table{texts_}, name_table{texts_}, name_table{texts_}};
    std::unordered_map<std::uint64_t, std::uint32_t> model_numbers_{};
    std::vector<model_pair> models_{};
    std::vector<group_numbers> groups_{};
    std::vector<std::uint32_t> profiles_of_{};
    std::unordered_map<group_numbers, std::uint32_t, group_numbers_hash> profile_numbers_{};
    std::vector<slot> places_{};
};

}  // namespace detail
}  // namespace v1
}  // namespace aiaudit

#endif  // AIAUDIT_ROLLUP_SERIES_HPP
