// SPDX-License-Identifier: MIT
//
// lmdb_tree.hpp: walks the trees of an LMDB file with pread, to say whether every page that they
// reach is there and is what it should be, before LMDB itself follows a pointer in them.
//
// Reads branch and leaf pages whole and of an overflow run only the head: where values are large
// that is a small part of the file. It does not look at values: their checksums are the ledger's.
// The layout is that of data version 1 (LMDB 0.9) on 64-bit little-endian machines.
// Threads: a check belongs to one thread. Processes: a writer may use a page again while it is
// walked; a finding counts only when it is found once more after a new look at the meta page.
// Floor 5.
#ifndef AIAUDIT_STORAGE_LMDB_TREE_HPP
#define AIAUDIT_STORAGE_LMDB_TREE_HPP

#include <aiaudit/detail/bytes.hpp>        // little-endian integers
#include <aiaudit/error.hpp>               // result
#include <aiaudit/storage/posix_file.hpp>  // pread

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v1 {
namespace detail {

class lmdb_tree_check {
public:
    // The first `pages` pages of the file may be reached.
    lmdb_tree_check(int descriptor, std::string path, std::uint32_t page_bytes, std::uint64_t pages)
        : descriptor_(descriptor), path_(std::move(path)), page_bytes_(page_bytes), pages_(pages) {}

    static constexpr std::size_t database_bytes = 48;

    // The trees of a meta page, whose descriptions begin here: first that of the free pages.
    [[nodiscard]] result<void> check_all(char const* descriptions) {
        in_free_tree_ = true;
        if (auto ok = check_database(descriptions); !ok) return ok;
        in_free_tree_ = false;
        return check_database(descriptions + database_bytes);
    }

    // After check_all: how many pages are in use or listed as free. When sound, all but the metas.
    [[nodiscard]] std::uint64_t pages_accounted_for() const noexcept { return used_ + free_; }

private:
    // A tree, by its 48-byte description as a meta page or a leaf holds it.
    [[nodiscard]] result<void> check_database(char const* description) {
        constexpr std::uint64_t no_page = ~std::uint64_t{0};
        auto const root = load_little_endian<std::uint64_t>(description + 40);
        if (root == no_page) return {};
        auto const depth = load_little_endian<std::uint16_t>(description + 6);
        if (depth == 0 || depth > depth_most) return damaged(root, "has a wrong depth");
        return check_page(root, depth);
    }

    static constexpr unsigned depth_most = 32;  // LMDB's own cursors go no deeper
    static constexpr std::size_t head_bytes = 16;
    static constexpr std::size_t node_head_bytes = 8;
    enum page_flag : std::uint16_t { branch = 0x01, leaf = 0x02, overflow = 0x04, kinds = 0x6F };
    enum node_flag : std::uint16_t { big_data = 0x01, sub_database = 0x02 };

    struct node {
        std::uint16_t flags = 0;
        std::uint64_t data_bytes = 0;  // of a leaf
        std::uint64_t child = 0;       // of a branch
        std::string_view data{};       // what of it is on the page, from behind the key
    };

    [[nodiscard]] error damaged(std::uint64_t page, std::string_view how) const {
        return fail(errc::corrupt, path_ + ": page " + std::to_string(page) + " " +
                                       std::string(how) + " (the file has " +
                                       std::to_string(pages_) + " pages)");
    }

    // Reads a page, or its head only, and checks that it is there and where it says it is.
    [[nodiscard]] result<std::string> read_page(std::uint64_t number, std::size_t bytes) {
        if (number < 2 || number >= pages_) return damaged(number, "is not in the file");
        if (++used_ > pages_) return damaged(number, "is reached twice");
        std::string page(bytes, '\0');
        auto const got = read_at(descriptor_, page.data(), bytes, number * page_bytes_);
        if (got < 0) return posix_error(errno, "read", path_);
        if (static_cast<std::size_t>(got) < bytes) return damaged(number, "is cut off");
        if (load_little_endian<std::uint64_t>(page.data()) != number) {
            return damaged(number, "is another page");
        }
        return page;
    }

    [[nodiscard]] result<void> check_page(std::uint64_t number, unsigned height) {
        auto const page = read_page(number, page_bytes_);
        if (!page) return page.error();
        auto const kind = load_little_endian<std::uint16_t>(page->data() + 10) & kinds;
        if (kind != (height == 1 ? leaf : branch)) return damaged(number, "is of a wrong kind");
        std::size_t const lower = load_little_endian<std::uint16_t>(page->data() + 12);
        std::size_t const upper = load_little_endian<std::uint16_t>(page->data() + 14);
        if (lower <= head_bytes || lower % 2 != 0 || lower > upper || upper > page_bytes_) {
            return damaged(number, "has wrong bounds");
        }
        for (std::size_t at = head_bytes; at < lower; at += 2) {
            auto const found = read_node(*page, at, upper, kind == leaf);
            if (!found) return damaged(number, "has an entry out of bounds");
            auto ok = kind == leaf ? check_leaf_node(number, *found)
                                   : check_page(found->child, height - 1);
            if (!ok) return ok;
        }
        return {};
    }

    [[nodiscard]] std::optional<node> read_node(std::string_view page, std::size_t pointer,
                                                std::size_t upper, bool in_leaf) const noexcept {
        std::size_t const at = load_little_endian<std::uint16_t>(page.data() + pointer);
        if (at < upper || at + node_head_bytes > page.size()) return {};
        std::uint64_t const low = load_little_endian<std::uint32_t>(page.data() + at);
        std::uint64_t const flags = load_little_endian<std::uint16_t>(page.data() + at + 4);
        std::size_t const key_bytes = load_little_endian<std::uint16_t>(page.data() + at + 6);
        std::size_t const data_at = at + node_head_bytes + key_bytes;
        if (data_at > page.size()) return {};
        node found;
        found.data = page.substr(data_at);
        if (!in_leaf) {
            found.child = low | flags << 32;
            return found;
        }
        found.flags = static_cast<std::uint16_t>(flags);
        found.data_bytes = low;
        std::uint64_t const here = (flags & big_data) != 0 ? sizeof(std::uint64_t) : low;
        if (here > found.data.size()) return {};
        return found;
    }

    [[nodiscard]] result<void> check_leaf_node(std::uint64_t number, node const& found) {
        if (in_free_tree_) return check_free_list(number, found);
        if (found.flags == 0) return {};
        if (found.flags == big_data) {
            return check_overflow(load_little_endian<std::uint64_t>(found.data.data()),
                                  found.data_bytes);
        }
        // A table holds no tables: else a made-up file could lead the walk as deep as it is long.
        if (found.flags == sub_database && found.data_bytes == database_bytes && !in_table_) {
            in_table_ = true;
            auto const checked = check_database(found.data.data());
            in_table_ = false;
            return checked;
        }
        return damaged(number, "has an entry of a wrong kind");
    }

    // A list of free pages: how many, then their numbers.
    [[nodiscard]] result<void> check_free_list(std::uint64_t number, node const& found) {
        constexpr std::size_t word = sizeof(std::uint64_t);
        std::uint64_t count = 0;
        if (found.flags == big_data) {
            auto const run = load_little_endian<std::uint64_t>(found.data.data());
            if (auto ok = check_overflow(run, found.data_bytes); !ok) return ok;
            char bytes[word];
            auto const at = run * page_bytes_ + head_bytes;
            if (read_at(descriptor_, bytes, word, at) != static_cast<std::int64_t>(word)) {
                return damaged(run, "is cut off");
            }
            count = load_little_endian<std::uint64_t>(bytes);
        } else if (found.flags == 0 && found.data_bytes >= word) {
            count = load_little_endian<std::uint64_t>(found.data.data());
        } else {
            return damaged(number, "has an entry of a wrong kind");
        }
        if (count >= found.data_bytes / word) return damaged(number, "has a wrong list");
        free_ += count;
        return {};
    }

    [[nodiscard]] result<void> check_overflow(std::uint64_t number, std::uint64_t value_bytes) {
        auto const head = read_page(number, head_bytes);
        if (!head) return head.error();
        auto const kind = load_little_endian<std::uint16_t>(head->data() + 10) & kinds;
        if (kind != overflow) return damaged(number, "is of a wrong kind");
        std::uint64_t const run = load_little_endian<std::uint32_t>(head->data() + 12);
        auto const needed = (head_bytes + value_bytes + page_bytes_ - 1) / page_bytes_;
        if (run < needed) return damaged(number, "begins a value that is too short");
        if (number + run > pages_) return damaged(number, "begins a value that is cut off");
        used_ += run - 1;  // its head was counted when it was read
        return {};
    }

    int descriptor_;
    std::string path_;
    std::uint32_t page_bytes_;
    std::uint64_t pages_;
    bool in_free_tree_ = false;
    bool in_table_ = false;
    std::uint64_t used_ = 0;  // more than there are: the pages go round in a circle
    std::uint64_t free_ = 0;
};

}  // namespace detail
}  // namespace v1
}  // namespace aiaudit

#endif  // AIAUDIT_STORAGE_LMDB_TREE_HPP
