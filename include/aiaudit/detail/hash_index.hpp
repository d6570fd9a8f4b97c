// SPDX-License-Identifier: MIT
//
// hash_index.hpp: finds the number of a short text, or of anything that has a hash, quicker than a
// map of strings does: the caller keeps the texts, and an entry is eight bytes.
//
// Threads: plain values.
// Floor 1.
#ifndef AIAUDIT_DETAIL_HASH_INDEX_HPP
#define AIAUDIT_DETAIL_HASH_INDEX_HPP

#include <aiaudit/config.hpp>  // uint128

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

[[nodiscard]] std::uint64_t load_word(char const* from) noexcept;
[[nodiscard]] inline std::uint64_t mixed(std::uint64_t a, std::uint64_t b) noexcept {
    uint128 const product = static_cast<uint128>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}
// Quick, and the same for equal texts; whoever searches by it compares the texts.
[[nodiscard]] std::uint64_t hash_of_text(std::string_view text) noexcept;
// Texts are short, so this need not be a call.
[[nodiscard]] bool same_text(std::string_view a, std::string_view b) noexcept;

// Finds the number of something by its hash. `is(number)` tells whether a candidate is it.
class hash_index {
public:
    static constexpr std::uint32_t none = ~std::uint32_t{0};

    template <class Is>
    [[nodiscard]] std::uint32_t find(std::uint64_t hash, Is&& is) const {
        if (slots_.empty()) return none;
        std::size_t const mask = slots_.size() - 1;
        auto const check = static_cast<std::uint32_t>(hash >> 32);
        for (std::size_t at = hash & mask; slots_[at].number != none; at = (at + 1) & mask) {
            if (slots_[at].check == check && is(slots_[at].number)) return slots_[at].number;
        }
        return none;
    }
    // Fetches what find() will look at, for who asks some time before.
    void prefetch(std::uint64_t hash) const noexcept {
        if (!slots_.empty()) __builtin_prefetch(&slots_[hash & (slots_.size() - 1)]);
    }
    // What find() will most likely ask about, or none.
    [[nodiscard]] std::uint32_t guess(std::uint64_t hash) const noexcept {
        return slots_.empty() ? none : slots_[hash & (slots_.size() - 1)].number;
    }
    // `hash_of(number)` gives the hash of one that is there.
    template <class HashOf>
    void insert(std::uint64_t hash, std::uint32_t number, HashOf&& hash_of) {
        if ((count_ + 1) * 2 > slots_.size()) {
            std::vector<slot> const old = std::move(slots_);
            slots_.assign(old.empty() ? 64 : old.size() * 2, slot{});
            for (slot const& each : old) {
                if (each.number != none) put(hash_of(each.number), each.number);
            }
        }
        put(hash, number);
        ++count_;
    }
    // Of one that is there. `hash_of` as above: it is asked of those behind it.
    template <class HashOf>
    void erase(std::uint64_t hash, std::uint32_t number, HashOf&& hash_of) {
        std::size_t const mask = slots_.size() - 1;
        std::size_t gap = hash & mask;
        while (slots_[gap].number != number) gap = (gap + 1) & mask;
        // Moves up what would not be found behind an empty slot.
        for (std::size_t at = (gap + 1) & mask; slots_[at].number != none; at = (at + 1) & mask) {
            std::size_t const home = hash_of(slots_[at].number) & mask;
            if (((at - home) & mask) < ((at - gap) & mask)) continue;
            slots_[gap] = slots_[at];
            gap = at;
        }
        slots_[gap] = {};
        --count_;
    }
    [[nodiscard]] std::size_t size() const noexcept { return count_; }
    [[nodiscard]] std::size_t bytes() const noexcept { return slots_.capacity() * sizeof(slot); }
    void clear() {
        slots_.clear();
        count_ = 0;
    }

private:
    struct slot {
        std::uint32_t check = 0;
        std::uint32_t number = none;
    };
    void put(std::uint64_t hash, std::uint32_t number) noexcept;
    std::vector<slot> slots_{};
    std::size_t count_ = 0;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/detail/hash_index.ipp>
#endif

#endif  // AIAUDIT_DETAIL_HASH_INDEX_HPP
