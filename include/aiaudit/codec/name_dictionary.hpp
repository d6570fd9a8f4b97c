// SPDX-License-Identifier: MIT
//
// name_dictionary.hpp: the names of one block, each once, numbered in the order of their coming.
//
// Names recur in every record, so finding one must cost little more than hashing it.
// Threads: one dictionary for one thread.
// Floor 3.
#ifndef AIAUDIT_CODEC_NAME_DICTIONARY_HPP
#define AIAUDIT_CODEC_NAME_DICTIONARY_HPP

#include <aiaudit/detail/bytes.hpp>       // varints
#include <aiaudit/detail/hash_index.hpp>  // hash_index

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class name_dictionary {
public:
    [[nodiscard]] std::uint32_t number_of(std::string_view name) {
        std::uint64_t const hash = hash_of_text(name);
        std::uint32_t const found = index_.find(
            hash, [&](std::uint32_t number) { return same_text(name_at(number), name); });
        return found == hash_index::none ? add(name, hash) : found;
    }
    [[nodiscard]] std::uint32_t size() const noexcept {
        return static_cast<std::uint32_t>(places_.size());
    }
    // Each name as a varint length and its bytes, in the order of the numbers.
    [[nodiscard]] std::string_view bytes() const noexcept { return bytes_; }
    void clear() {
        index_.clear();
        places_.clear();
        bytes_.clear();
    }

private:
    struct place {
        std::uint32_t offset = 0;
        std::uint32_t size = 0;
    };

    [[nodiscard]] std::string_view name_at(std::uint32_t number) const noexcept {
        return std::string_view(bytes_).substr(places_[number].offset, places_[number].size);
    }
    std::uint32_t add(std::string_view name, std::uint64_t hash) {
        std::uint32_t const number = size();
        append_varint(bytes_, name.size());
        places_.push_back(
            {static_cast<std::uint32_t>(bytes_.size()), static_cast<std::uint32_t>(name.size())});
        bytes_.append(name);
        index_.insert(hash, number, [this](std::uint32_t of) { return hash_of_text(name_at(of)); });
        return number;
    }

    hash_index index_{};
    std::vector<place> places_{};
    std::string bytes_{};
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_CODEC_NAME_DICTIONARY_HPP
