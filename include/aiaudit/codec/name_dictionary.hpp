// SPDX-License-Identifier: MIT
//
// name_dictionary.hpp: the names of one block, each once, numbered in the order of their coming.
//
// An open hash table over the dictionary's own bytes: names recur in every record, so finding one
// must cost no more than hashing it.
// Threads: one dictionary for one thread.
// Floor 3.
#ifndef AIAUDIT_CODEC_NAME_DICTIONARY_HPP
#define AIAUDIT_CODEC_NAME_DICTIONARY_HPP

#include <aiaudit/detail/bytes.hpp>        // varints
#include <aiaudit/detail/string_hash.hpp>  // string_hash

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v1 {
namespace detail {

class name_dictionary {
public:
    [[nodiscard]] std::uint32_t number_of(std::string_view name) {
        auto const hash = static_cast<std::uint32_t>(string_hash{}(name));
        for (std::size_t at = hash;; ++at) {
            slot& here = slots_[at & (slots_.size() - 1)];
            if (here.number == none) return add(name, hash, here);
            if (here.hash == hash && name_at(here.number) == name) return here.number;
        }
    }
    [[nodiscard]] std::uint32_t size() const noexcept {
        return static_cast<std::uint32_t>(places_.size());
    }
    // Each name as a varint length and its bytes, in the order of the numbers.
    [[nodiscard]] std::string_view bytes() const noexcept { return bytes_; }
    void clear() {
        std::fill(slots_.begin(), slots_.end(), slot{});
        places_.clear();
        bytes_.clear();
    }

private:
    static constexpr std::uint32_t none = ~std::uint32_t{0};
    static constexpr std::size_t slots_least = 256;
    struct slot {
        std::uint32_t hash = 0;
        std::uint32_t number = none;
    };
    struct place {
        std::uint32_t offset = 0;
        std::uint32_t size = 0;
    };

    [[nodiscard]] std::string_view name_at(std::uint32_t number) const noexcept {
        return std::string_view(bytes_).substr(places_[number].offset, places_[number].size);
    }
    std::uint32_t add(std::string_view name, std::uint32_t hash, slot& here) {
        std::uint32_t const number = size();
        here = {hash, number};
        append_varint(bytes_, name.size());
        places_.push_back(
            {static_cast<std::uint32_t>(bytes_.size()), static_cast<std::uint32_t>(name.size())});
        bytes_.append(name);
        if (places_.size() * 2 > slots_.size()) grow();
        return number;
    }
    void grow() {
        auto const before = std::exchange(slots_, std::vector<slot>(slots_.size() * 2));
        for (slot const& moved : before) {
            if (moved.number == none) continue;
            std::size_t at = moved.hash;
            while (slots_[at & (slots_.size() - 1)].number != none) ++at;
            slots_[at & (slots_.size() - 1)] = moved;
        }
    }

    std::vector<slot> slots_ = std::vector<slot>(slots_least);  // as many as a power of two
    std::vector<place> places_{};
    std::string bytes_{};
};

}  // namespace detail
}  // namespace v1
}  // namespace aiaudit

#endif  // AIAUDIT_CODEC_NAME_DICTIONARY_HPP
