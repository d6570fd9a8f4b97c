// SPDX-License-Identifier: MIT
//
// chunked_array.hpp: an array that grows a chunk at a time: what is in it never moves, and no more
// than a chunk is unused.
//
// Threads: plain values.
// Floor 1.
#ifndef AIAUDIT_DETAIL_CHUNKED_ARRAY_HPP
#define AIAUDIT_DETAIL_CHUNKED_ARRAY_HPP

#include <aiaudit/config.hpp>  // the platforms

#include <cstddef>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

template <class Value, std::size_t ChunkBits = 12>
class chunked_array {
public:
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] Value& operator[](std::size_t at) noexcept {
        return chunks_[at >> ChunkBits][at & mask];
    }
    [[nodiscard]] Value const& operator[](std::size_t at) const noexcept {
        return chunks_[at >> ChunkBits][at & mask];
    }
    template <class... Args>
    Value& emplace_back(Args&&... args) {
        if (size_ >> ChunkBits == chunks_.size()) {
            chunks_.emplace_back();
            // A small array stays small.
            if (size_ != 0) chunks_.back().reserve(mask + 1);
        }
        Value& made = chunks_.back().emplace_back(std::forward<Args>(args)...);
        ++size_;
        return made;
    }

private:
    static constexpr std::size_t mask = (std::size_t{1} << ChunkBits) - 1;
    std::vector<std::vector<Value>> chunks_{};
    std::size_t size_ = 0;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_DETAIL_CHUNKED_ARRAY_HPP
