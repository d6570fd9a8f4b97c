// SPDX-License-Identifier: MIT
//
// name_dictionary.hpp: the names of one block, each once, numbered in the order of their coming.
//
// Names recur in every record, so finding one must cost little more than hashing it.
// Threads: one dictionary for one thread.
// Floor 3.
#ifndef AIAUDIT_CODEC_NAME_DICTIONARY_HPP
#define AIAUDIT_CODEC_NAME_DICTIONARY_HPP

#include <aiaudit/detail/hash_index.hpp>  // hash_index

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class name_dictionary {
public:
    [[nodiscard]] std::uint32_t number_of(std::string_view name);
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
    std::uint32_t add(std::string_view name, std::uint64_t hash);

    hash_index index_{};
    std::vector<place> places_{};
    std::string bytes_{};
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/codec/name_dictionary.ipp>
#endif

#endif  // AIAUDIT_CODEC_NAME_DICTIONARY_HPP
