// SPDX-License-Identifier: MIT
//
// series.hpp: numbers for the names that records are grouped by, and for the combinations in which
// they come.
//
// Names take memory by how many distinct ones there are, some 100 bytes each, until the caller
// forgets those of a table, which begins anew then; so are combinations.
// Threads: const members may run at once. The text of a name stays where it is for as long as a
// pointer to the texts is held, so a report may outlive what it was made from.
// Floor 4.
#ifndef AIAUDIT_ROLLUP_SERIES_HPP
#define AIAUDIT_ROLLUP_SERIES_HPP

#include <aiaudit/detail/hash_index.hpp>  // hash_index
#include <aiaudit/rollup/query.hpp>       // dimension

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

namespace detail {

// The text under which a record's outcome is grouped, and the room for its digits.
class status_text {
public:
    template <class Record>
    explicit status_text(Record const& entry) noexcept {
        if (!entry.error_type.empty()) {
            text_ = entry.error_type;
        } else if (entry.http_status != 0) {
            text_ = {digits_.data(), write(entry.http_status)};
        }
    }
    status_text(status_text const&) = delete;
    status_text& operator=(status_text const&) = delete;
    [[nodiscard]] std::string_view text() const noexcept { return text_; }

private:
    [[nodiscard]] std::size_t write(std::uint16_t status) noexcept;

    std::array<char, 8> digits_{};
    std::string_view text_ = "ok";
};

using name_texts = std::deque<std::string>;

// Gives names dense numbers, in the order of their coming.
class name_table {
public:
    std::uint32_t number_of(std::string_view name);
    [[nodiscard]] std::optional<std::uint32_t> find(std::string_view name) const {
        std::uint32_t const found = find(hash_of_text(name), name);
        if (found == hash_index::none) return std::nullopt;
        return found;
    }
    [[nodiscard]] std::string_view operator[](std::uint32_t number) const noexcept {
        return names_[number];
    }
    [[nodiscard]] std::size_t size() const noexcept { return names_.size(); }
    // Numbers begin anew; the texts live for as long as somebody holds them.
    void forget();
    [[nodiscard]] std::shared_ptr<name_texts const> texts() const noexcept { return texts_; }
    [[nodiscard]] std::size_t bytes() const noexcept {
        return text_bytes_ + names_.size() * sizeof(std::string) +
               names_.capacity() * sizeof(std::string_view) + index_.bytes();
    }

private:
    [[nodiscard]] std::uint32_t find(std::uint64_t hash, std::string_view name) const {
        return index_.find(hash,
                           [&](std::uint32_t number) { return same_text(names_[number], name); });
    }

    std::shared_ptr<name_texts> texts_ = std::make_shared<name_texts>();
    std::vector<std::string_view> names_{};
    hash_index index_{};
    std::size_t text_bytes_ = 0;  // of texts too long for the string itself
};

// The group of a series in each dimension: a name's number, but for everything (0) and the model (a
// number of its pair of provider and model).
using group_numbers = std::array<std::uint32_t, dimension_count>;

// Names of a record without its user's.
struct profile_names {
    std::string_view project{};
    std::string_view key_id{};
    std::string_view provider{};
    std::string_view model{};
    std::string_view status{};
};

// A series is a user and a profile, which is all the rest: few profiles are searched quicker than
// many series.
class series_table {
public:
    struct model_pair {
        std::uint32_t provider = 0;
        std::uint32_t model = 0;
    };

    std::uint32_t user(std::string_view name) { return names_[0].number_of(name); }
    std::uint32_t profile(profile_names const& names);
    // The number of one that is there, or hash_index::none.
    [[nodiscard]] std::uint32_t find_profile(profile_names const& names) const;
    std::uint32_t model_group(std::string_view provider, std::string_view model);

    // Of all dimensions but the user.
    [[nodiscard]] group_numbers const& groups_of(std::uint32_t profile) const noexcept {
        return profiles_[profile];
    }
    [[nodiscard]] std::size_t profile_count() const noexcept { return profiles_.size(); }
    // Forgets the profiles, not the names. Their numbers begin anew.
    void forget_profiles();
    void forget_users();
    void forget_all();
    [[nodiscard]] std::size_t bytes() const noexcept;
    [[nodiscard]] model_pair model_of(std::uint32_t group) const noexcept { return models_[group]; }

    // Tables by place: users, projects, keys, providers, models, statuses.
    [[nodiscard]] name_table& names(std::size_t which) noexcept { return names_[which]; }
    [[nodiscard]] name_table const& names(std::size_t which) const noexcept {
        return names_[which];
    }
    // Where the dimension's names stand. Precondition: neither everything nor model.
    [[nodiscard]] static constexpr std::size_t name_place(dimension by) noexcept {
        switch (by) {
        case dimension::project: return 1;
        case dimension::key: return 2;
        case dimension::provider: return 3;
        case dimension::status: return 5;
        default: return 0;
        }
    }
    [[nodiscard]] std::size_t model_count() const noexcept { return models_.size(); }
    [[nodiscard]] group_names names_of(dimension by, std::uint32_t group) const noexcept;
    // How many groups the dimension has.
    [[nodiscard]] std::size_t group_count(dimension by) const noexcept {
        if (by == dimension::everything) return 1;
        return by == dimension::model ? models_.size() : names_[name_place(by)].size();
    }
    // Holding it keeps the texts of names where they are.
    [[nodiscard]] std::shared_ptr<void const> texts() const noexcept { return texts_; }

private:
    // The texts are hashed apart, so that none waits for another.
    [[nodiscard]] static std::uint64_t hash_of(profile_names const& names) noexcept;
    [[nodiscard]] static bool same(profile_names const& a, profile_names const& b) noexcept {
        return same_text(a.model, b.model) && same_text(a.provider, b.provider) &&
               same_text(a.project, b.project) && same_text(a.key_id, b.key_id) &&
               same_text(a.status, b.status);
    }
    std::uint32_t insert(std::uint64_t hash, profile_names const& names);
    using name_tables = std::array<name_table, 6>;
    using table_texts = std::array<std::shared_ptr<name_texts const>, 6>;
    [[nodiscard]] static std::shared_ptr<table_texts const> texts_of(name_tables const& tables);

    name_tables names_{};
    std::shared_ptr<table_texts const> texts_ = texts_of(names_);
    std::unordered_map<std::uint64_t, std::uint32_t> model_numbers_{};
    std::vector<model_pair> models_{};
    std::vector<group_numbers> profiles_{};
    std::vector<profile_names> profile_names_{};  // by profile: views of the texts
    hash_index profile_index_{};
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/rollup/series.ipp>
#endif

#endif  // AIAUDIT_ROLLUP_SERIES_HPP
