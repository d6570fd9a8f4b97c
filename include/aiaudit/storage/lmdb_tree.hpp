// SPDX-License-Identifier: MIT
//
// lmdb_tree.hpp: walks the trees of an LMDB file with pread, to say whether every page that they
// reach is there and is what it should be, before LMDB itself follows a pointer in them: it
// believes what it reads, and ends the process where that is wrong.
//
// Reads branch and leaf pages whole, the lists of free pages, and of an overflow run only the head:
// where values are large that is a small part of the file. It does not look at values: their
// checksums are the ledger's.
// The layout is that of data version 1 (LMDB 0.9) on 64-bit little-endian machines.
// Threads: a check belongs to one thread. Processes: a writer may use a page again while it is
// walked, unless a read transaction keeps it; without one a finding counts only when it is found
// once more after a new look at the meta page.
// Floor 5.
#ifndef AIAUDIT_STORAGE_LMDB_TREE_HPP
#define AIAUDIT_STORAGE_LMDB_TREE_HPP

#include <aiaudit/detail/bytes.hpp>        // little-endian integers
#include <aiaudit/error.hpp>               // result
#include <aiaudit/storage/lmdb_pages.hpp>  // reading

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class lmdb_tree_check {
public:
    // The last commit speaks of `pages_said` pages, the first `pages` of them are in the file.
    lmdb_tree_check(int descriptor, std::string path, std::uint32_t page_bytes, std::uint64_t pages,
                    std::uint64_t pages_said)
        : path_(std::move(path)),
          page_bytes_(page_bytes),
          pages_(pages),
          pages_said_(pages_said),
          window_(descriptor, page_bytes, pages),
          met_(pages) {}

    static constexpr std::size_t database_bytes = 48;

    // The trees of a meta page, whose descriptions begin here: first that of the free pages.
    [[nodiscard]] result<void> check_all(char const* descriptions);

    // After check_all: how many pages are in use or listed as free. When sound, all but the metas.
    [[nodiscard]] std::uint64_t pages_accounted_for() const noexcept { return used_ + free_; }

private:
    enum class tree { free_pages, tables, table };
    enum page_flag : std::uint16_t { branch = 0x01, leaf = 0x02, overflow = 0x04 };
    enum node_flag : std::uint16_t { big_data = 0x01, sub_database = 0x02 };
    static constexpr std::uint16_t integer_keys = 0x08;
    static constexpr unsigned depth_most = 32;  // LMDB's own cursors go no deeper
    static constexpr std::size_t head_bytes = 16;
    static constexpr std::size_t node_head_bytes = 8;
    static constexpr std::size_t word = sizeof(std::uint64_t);
    static constexpr std::uint64_t no_page = ~std::uint64_t{0};

    // What a description says of its tree, or a walk has found.
    struct counts {
        std::uint64_t branch_pages = 0;
        std::uint64_t leaf_pages = 0;
        std::uint64_t overflow_pages = 0;
        std::uint64_t entries = 0;
        friend bool operator==(counts const&, counts const&) = default;
    };
    struct node {
        std::uint16_t flags = 0;
        std::uint64_t data_bytes = 0;  // of a leaf
        std::uint64_t child = 0;       // of a branch
        std::string_view key{};
        std::string_view data{};      // what of it is on the page, from behind the key
        std::size_t bytes_taken = 0;  // on the page
    };

    // A tree, by its description as a meta page or a leaf holds it.
    [[nodiscard]] result<void> check_database(char const* description);

    [[nodiscard]] error damaged(std::uint64_t page, std::string_view how) const {
        auto const name = page == no_page ? "no page" : "page " + std::to_string(page);
        return fail(errc::corrupt, path_ + ": " + name + " " + std::string(how) +
                                       " (the file has " + std::to_string(pages_) + " pages)");
    }

    // A page is met once, where it says that it is.
    [[nodiscard]] result<void> check_head(std::uint64_t number, std::string_view page,
                                          std::size_t bytes);
    [[nodiscard]] result<void> meet(std::uint64_t first, std::uint64_t count);

    [[nodiscard]] result<void> check_page(std::uint64_t number, unsigned height);

    // Where the list of entries ends; 0: it cannot be right.
    [[nodiscard]] std::size_t end_of_list(std::string_view page) const noexcept;

    // Entries fill the page from `upper` on: none has a wrong length that is not seen.
    [[nodiscard]] bool is_filled(std::string_view page, std::size_t taken) const noexcept {
        return load_little_endian<std::uint16_t>(page.data() + 14) + taken == page_bytes_;
    }

    [[nodiscard]] result<void> check_branch(std::uint64_t number, std::string_view page,
                                            unsigned height);

    [[nodiscard]] result<void> check_leaf(std::uint64_t number, std::string_view page);

    [[nodiscard]] bool is_before(std::string_view left, std::string_view right) const noexcept;
    // Whether a key may come after all that was met in the tree. A branch names a key that all
    // behind it are at least equal to.
    [[nodiscard]] bool follows(std::string_view key) const noexcept {
        if (in_ == tree::free_pages && key.size() != word) return false;
        if (last_key_.empty()) return true;
        return is_before(last_key_, key) || (may_be_last_key_ && last_key_ == key);
    }

    [[nodiscard]] std::optional<node> read_node(std::string_view page, std::size_t pointer,
                                                bool in_leaf) const noexcept;

    // An entry that is more than a key and its value.
    [[nodiscard]] result<void> check_special_node(std::uint64_t number, node const& found);

    // A list of free pages: how many, then their numbers, the greatest first.
    [[nodiscard]] result<void> check_free_list(std::uint64_t number, node const& found);

    [[nodiscard]] result<void> check_free_list(std::uint64_t number, std::string_view list);

    [[nodiscard]] result<void> check_overflow(std::uint64_t number, std::uint64_t value_bytes);

    std::string path_;
    std::uint32_t page_bytes_;
    std::uint64_t pages_;
    std::uint64_t pages_said_;
    page_window window_;
    page_set met_;
    std::uint64_t used_ = 0;
    std::uint64_t free_ = 0;

    // Of the tree that is walked.
    tree in_ = tree::free_pages;
    counts found_{};
    std::string last_key_{};        // the greatest so far
    bool may_be_last_key_ = false;  // it is a branch's: the next may equal it
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/storage/lmdb_tree.ipp>
#endif

#endif  // AIAUDIT_STORAGE_LMDB_TREE_HPP
