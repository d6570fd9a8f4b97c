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

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

[[nodiscard]] inline std::uint64_t load_word(char const* from) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, from, sizeof word);
    return word;
}
[[nodiscard]] inline std::uint64_t mixed(std::uint64_t a, std::uint64_t b) noexcept {
    uint128 const product = static_cast<uint128>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}
// Quick, and the same for equal texts; whoever searches by it compares the texts.
[[nodiscard]] inline std::uint64_t hash_of_text(std::string_view text) noexcept {
    constexpr std::uint64_t odd = 0x9E37'79B9'7F4A'7C15ULL;
    constexpr std::uint64_t other = 0xC2B2'AE3D'27D4'EB4FULL;
    std::uint64_t state = text.size() * other;
    if (text.size() < 8) {
        std::uint64_t word = 0;
        for (char const c : text) word = word << 8 | static_cast<std::uint8_t>(c);
        return mixed(state ^ word ^ odd, other);
    }
    char const* at = text.data();
    char const* const last = at + text.size() - 8;
    for (; last - at > 8; at += 16)
        state = mixed(state ^ load_word(at) ^ odd, load_word(at + 8) ^ other);
    return mixed(state ^ load_word((std::min)(at, last)) ^ odd, load_word(last) ^ other);
}
// Texts are short, so this need not be a call.
[[nodiscard]] inline bool same_text(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    std::size_t const size = a.size();
    if (size >= 8) {
        for (std::size_t at = 0; at + 8 < size; at += 8) {
            if (load_word(a.data() + at) != load_word(b.data() + at)) return false;
        }
        return load_word(a.data() + size - 8) == load_word(b.data() + size - 8);
    }
    for (std::size_t at = 0; at < size; ++at) {
        if (a[at] != b[at]) return false;
    }
    return true;
}

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
    void clear() {
        slots_.clear();
        count_ = 0;
    }

private:
    struct slot {
        std::uint32_t check = 0;
        std::uint32_t number = none;
    };
    void put(std::uint64_t hash, std::uint32_t number) noexcept {
        std::size_t const mask = slots_.size() - 1;
        std::size_t at = hash & mask;
        while (slots_[at].number != none) at = (at + 1) & mask;
        slots_[at] = {static_cast<std::uint32_t>(hash >> 32), number};
    }
    std::vector<slot> slots_{};
    std::size_t count_ = 0;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_DETAIL_HASH_INDEX_HPP
