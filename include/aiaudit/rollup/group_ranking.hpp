// SPDX-License-Identifier: MIT
//
// group_ranking.hpp: which groups cost the most, of any number of them in bounded memory.
//
// Sums are gathered by name until they take the memory. Then the half with the greater names is
// dropped, and gathered in a pass of its own: each pass takes a range of names, and its groups
// compete with those of the passes before for the places that were asked for.
// Threads: one thread.
// Floor 4.
#ifndef AIAUDIT_ROLLUP_GROUP_RANKING_HPP
#define AIAUDIT_ROLLUP_GROUP_RANKING_HPP

#include <aiaudit/detail/hash_index.hpp>    // hash_index
#include <aiaudit/rollup/group_reader.hpp>  // group_name
#include <aiaudit/rollup/totals.hpp>        // totals

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// A name that holds its texts.
struct held_name {
    std::string provider{};
    std::string text{};

    explicit held_name(group_name from) : provider(from.provider), text(from.text) {}
    [[nodiscard]] group_name view() const noexcept { return {provider, text}; }
};

class group_ranking {
public:
    // `places`: how many of the dearest are kept. `memory_bytes`: what gathering may take.
    group_ranking(std::size_t places, std::uint64_t memory_bytes)
        : places_(places), memory_bytes_(memory_bytes) {}

    // Reads all groups, as often as it takes: read(visit, settle) calls visit(group_name, attempts,
    // cost) for sums of groups, any number of times for each, and settle() before texts of names
    // that it visited go away; read_base(visit, settle) does so once for each group at the most,
    // and these are not gathered. Errors: those of both.
    template <class Read, class ReadBase>
    [[nodiscard]] result<void> rank(Read&& read, ReadBase&& read_base) {
        auto const visit = [this](group_name name, std::uint64_t attempts, money cost) {
            this->take(name, attempts, cost);
        };
        do {
            begin_pass();
            if (auto all = read(visit, [this] { this->settle(); }); !all) return all;
            begin_base();
            if (auto all = read_base(visit, [this] { this->settle_base(); }); !all) return all;
            end_pass();
        } while (low_);
        order();
        return {};
    }

    // The dearest first, then by name.
    struct ranked_group {
        held_name name;
        int128 cost = 0;
    };
    [[nodiscard]] std::vector<ranked_group> const& dearest() const noexcept { return best_; }
    // How many groups have records.
    [[nodiscard]] std::uint64_t group_count() const noexcept { return group_count_; }

private:
    struct gathered {
        group_name name{};
        int128 cost = 0;
        std::uint64_t attempts = 0;
        std::uint64_t hash = 0;  // of the name
    };
    // Holds texts of names; what it handed out stays where it is.
    class text_room {
    public:
        [[nodiscard]] std::string_view hold(std::string_view text);
        [[nodiscard]] std::size_t bytes() const noexcept { return blocks_.size() * block_bytes; }

    private:
        static constexpr std::size_t block_bytes = std::size_t{1} << 16;
        std::deque<std::string> blocks_{};
    };

    void begin_pass();
    void begin_base();
    void end_pass();
    // Some groups are taken before they are settled one after the other, so that their places are
    // fetched from memory at once.
    void take(group_name name, std::uint64_t attempts, money cost) {
        if (!is_in_pass(name)) return;
        if (in_base_ && groups_.empty()) return add_base({name, cost.pico(), attempts, 0});
        std::uint64_t const hash = name.hash();
        if (in_base_)
            __builtin_prefetch(&filter_[filter_bit(hash) / 64]);
        else
            index_.prefetch(hash);
        taken_[taken_count_++] = {name, cost.pico(), attempts, hash};
        if (taken_count_ < taken_.size()) return;
        if (in_base_)
            settle_base();
        else
            settle();
    }
    void settle();
    void settle_base();
    // Fetches what a search for these of taken_ looks at behind the index.
    void prefetch(std::size_t count) const noexcept;
    [[nodiscard]] std::uint32_t find(gathered const& group) const;
    void add(gathered const& group);
    static void add_to(gathered& known, gathered const& group) noexcept;
    // Adds to what is gathered of that name; of a name without any, competes at once.
    void add_base(gathered const& group);
    [[nodiscard]] bool is_in_pass(group_name name) const noexcept {
        return (!low_ || !(name < low_->view())) && (!high_ || name < high_->view());
    }
    // `group` has its hash.
    void insert(gathered const& group);
    // Whether something of that hash may be gathered: most names of a base are not.
    [[nodiscard]] bool may_be_gathered(std::uint64_t hash) const noexcept {
        std::uint64_t const bit = filter_bit(hash);
        return (filter_[bit / 64] >> bit % 64 & 1) != 0;
    }
    [[nodiscard]] std::uint64_t filter_bit(std::uint64_t hash) const noexcept {
        return hash >> 7 & (filter_.size() * 64 - 1);
    }
    void drop_half();
    void compete(gathered const& group);
    [[nodiscard]] static bool before(ranked_group const& a, ranked_group const& b) noexcept {
        if (a.cost != b.cost) return a.cost > b.cost;
        return a.name.view() < b.name.view();
    }
    // Forgets those that have no place.
    void keep_best();
    void order();
    [[nodiscard]] std::uint64_t bytes() const noexcept {
        return groups_.capacity() * sizeof(gathered) + index_.bytes() + filter_.capacity() * 8 +
               texts_.bytes();
    }

    std::size_t places_;
    std::uint64_t memory_bytes_;
    std::optional<held_name> low_{};   // the first name of the pass; none: of the first pass
    std::optional<held_name> high_{};  // the first name behind it
    std::vector<gathered> groups_{};
    hash_index index_{};
    std::vector<std::uint64_t> filter_{};  // bits of the hashes that are gathered
    text_room texts_{};
    std::array<gathered, 32> taken_{};
    std::size_t taken_count_ = 0;
    bool in_base_ = false;
    std::vector<ranked_group> best_{};  // the dearest so far, and some that follow
    std::optional<int128> worst_{};     // what has a place costs at least that
    std::uint64_t group_count_ = 0;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/rollup/group_ranking.ipp>
#endif

#endif  // AIAUDIT_ROLLUP_GROUP_RANKING_HPP
