// SPDX-License-Identifier: MIT
//
// lmdb_pages.hpp: the pages of a file, read in few calls, and a note of those that were met.
//
// Threads: an object belongs to one thread.
// Floor 5.
#ifndef AIAUDIT_STORAGE_LMDB_PAGES_HPP
#define AIAUDIT_STORAGE_LMDB_PAGES_HPP

#include <aiaudit/storage/posix_file.hpp>  // pread

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Reads ahead for as long as pages are asked for that lie behind one another.
class page_window {
public:
    page_window(int descriptor, std::uint32_t page_bytes, std::uint64_t pages)
        : descriptor_(descriptor), page_bytes_(page_bytes), pages_(pages) {}

    // A page, until the next is asked for; shorter where the file ends in it, or cannot be read:
    // then failed() has the number of the error.
    [[nodiscard]] std::string_view page(std::uint64_t number);
    // The first bytes of a page that is not worth a window; the view lasts like the other.
    [[nodiscard]] std::string_view head(std::uint64_t number, char* to, std::size_t bytes) {
        if (number >= first_ && number < first_ + held_pages())
            return page(number).substr(0, bytes);
        return read(to, bytes, number * page_bytes_);
    }
    // What stands anywhere in the file.
    [[nodiscard]] std::string_view read(char* to, std::size_t bytes, std::uint64_t offset) {
        auto const got = read_at(descriptor_, to, bytes, offset);
        if (got < 0) failed_ = errno;
        return {to, got < 0 ? 0 : static_cast<std::size_t>(got)};
    }
    [[nodiscard]] int failed() const noexcept { return failed_; }

private:
    static constexpr std::size_t window_bytes = std::size_t{256} << 10;  // fits the cache

    [[nodiscard]] std::uint64_t held_pages() const noexcept { return held_bytes_ / page_bytes_; }

    void read_from(std::uint64_t number);

    int descriptor_;
    std::uint32_t page_bytes_;
    std::uint64_t pages_;
    std::uint64_t span_ = 4;  // pages read at one time
    std::uint64_t first_ = 0;
    std::size_t held_bytes_ = 0;
    std::vector<char> bytes_{};
    int failed_ = 0;
};

// Which pages were met.
class page_set {
public:
    explicit page_set(std::uint64_t pages) : words_(static_cast<std::size_t>(pages / 64 + 1)) {}

    // Whether none of them was met before. They are in the file.
    [[nodiscard]] bool add(std::uint64_t first, std::uint64_t count) noexcept;

private:
    std::vector<std::uint64_t> words_;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/storage/lmdb_pages.ipp>
#endif

#endif  // AIAUDIT_STORAGE_LMDB_PAGES_HPP
