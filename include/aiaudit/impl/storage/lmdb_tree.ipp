// SPDX-License-Identifier: MIT
//
// lmdb_tree.ipp: the definitions of lmdb_tree.hpp.
#ifndef AIAUDIT_IMPL_STORAGE_LMDB_TREE_IPP
#define AIAUDIT_IMPL_STORAGE_LMDB_TREE_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/storage/lmdb_tree.hpp>

#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE result<void> lmdb_tree_check::check_all(char const* descriptions) {
    in_ = tree::free_pages;
    if (auto ok = check_database(descriptions); !ok) return ok;
    in_ = tree::tables;
    return check_database(descriptions + database_bytes);
}

AIAUDIT_INLINE result<void> lmdb_tree_check::check_database(char const* description) {
    auto const flags = load_little_endian<std::uint16_t>(description + 4);
    auto const depth = load_little_endian<std::uint16_t>(description + 6);
    counts const said{load_little_endian<std::uint64_t>(description + 8),
                      load_little_endian<std::uint64_t>(description + 16),
                      load_little_endian<std::uint64_t>(description + 24),
                      load_little_endian<std::uint64_t>(description + 32)};
    auto const root = load_little_endian<std::uint64_t>(description + 40);
    if (flags != (in_ == tree::free_pages ? integer_keys : 0)) {
        return damaged(root, "is the root of a tree of a wrong kind");
    }
    if ((root == no_page) != (depth == 0) || depth > depth_most) {
        return damaged(root, "has a wrong depth");
    }
    found_ = {};
    last_key_.clear();
    may_be_last_key_ = false;
    if (root != no_page) {
        if (auto ok = check_page(root, depth); !ok) return ok;
    }
    if (said == found_) return {};
    return damaged(root, "is the root of a tree of another size");
}

AIAUDIT_INLINE result<void> lmdb_tree_check::check_head(std::uint64_t number, std::string_view page,
                                                        std::size_t bytes) {
    if (window_.failed() != 0) return posix_error(window_.failed(), "read", path_);
    if (page.size() < bytes) return damaged(number, "is cut off");
    if (load_little_endian<std::uint64_t>(page.data()) != number) {
        return damaged(number, "is another page");
    }
    return {};
}

AIAUDIT_INLINE result<void> lmdb_tree_check::meet(std::uint64_t first, std::uint64_t count) {
    if (first < 2 || first >= pages_) return damaged(first, "is not in the file");
    if (count > pages_ - first) return damaged(first, "begins a value that is cut off");
    if (!met_.add(first, count)) return damaged(first, "is reached twice");
    used_ += count;
    return {};
}

AIAUDIT_INLINE result<void> lmdb_tree_check::check_page(std::uint64_t number, unsigned height) {
    if (auto ok = meet(number, 1); !ok) return ok;
    auto page = window_.page(number);
    if (auto ok = check_head(number, page, page_bytes_); !ok) return ok;
    auto const kind = load_little_endian<std::uint16_t>(page.data() + 10);
    // All of its flags: LMDB writes into a page that calls itself dirty.
    if (kind != (height == 1 ? leaf : branch)) return damaged(number, "is of a wrong kind");
    ++(kind == leaf ? found_.leaf_pages : found_.branch_pages);
    if (kind == leaf && in_ != tree::tables) return check_leaf(number, page);
    // The window moves on to other pages while this one is looked at.
    std::string const kept(page);
    return kind == leaf ? check_leaf(number, kept) : check_branch(number, kept, height);
}

AIAUDIT_INLINE std::size_t lmdb_tree_check::end_of_list(std::string_view page) const noexcept {
    std::size_t const lower = load_little_endian<std::uint16_t>(page.data() + 12);
    std::size_t const upper = load_little_endian<std::uint16_t>(page.data() + 14);
    bool const wrong =
        lower <= head_bytes || lower % 2 != 0 || lower > upper || upper > page_bytes_;
    return wrong ? 0 : lower;
}

AIAUDIT_INLINE result<void> lmdb_tree_check::check_branch(std::uint64_t number,
                                                          std::string_view page, unsigned height) {
    auto const lower = end_of_list(page);
    // A branch to one page only is found in the free pages' tree, and LMDB bears it only there.
    auto const least = head_bytes + (in_ == tree::free_pages ? 2 : 4);
    if (lower < least) return damaged(number, "has wrong bounds");
    std::size_t taken = 0;
    for (std::size_t at = head_bytes; at < lower; at += 2) {
        auto const found = read_node(page, at, false);
        if (!found) return damaged(number, "has an entry out of bounds");
        taken += found->bytes_taken;
        if (at != head_bytes) {
            if (!follows(found->key)) return damaged(number, "is out of order");
            last_key_ = found->key;
            may_be_last_key_ = true;
        }
        if (auto ok = check_page(found->child, height - 1); !ok) return ok;
    }
    return is_filled(page, taken) ? result<void>{} : damaged(number, "has wrong bounds");
}

AIAUDIT_INLINE result<void> lmdb_tree_check::check_leaf(std::uint64_t number,
                                                        std::string_view page) {
    auto const lower = end_of_list(page);
    if (lower == 0) return damaged(number, "has wrong bounds");
    std::size_t taken = 0;
    std::string_view before;
    for (std::size_t at = head_bytes; at < lower; at += 2) {
        auto const found = read_node(page, at, true);
        if (!found) return damaged(number, "has an entry out of bounds");
        taken += found->bytes_taken;
        bool const in_order =
            at == head_bytes ? follows(found->key) : is_before(before, found->key);
        if (!in_order) return damaged(number, "is out of order");
        before = found->key;
        if (found->flags == 0 && in_ == tree::table) continue;
        if (auto ok = check_special_node(number, *found); !ok) return ok;
    }
    if (!is_filled(page, taken)) return damaged(number, "has wrong bounds");
    found_.entries += (lower - head_bytes) / 2;
    last_key_ = before;
    may_be_last_key_ = false;
    return {};
}

AIAUDIT_INLINE bool lmdb_tree_check::is_before(std::string_view left,
                                               std::string_view right) const noexcept {
    if (in_ != tree::free_pages) return left < right;
    if (left.size() != word || right.size() != word) return false;
    return load_little_endian<std::uint64_t>(left.data()) <
           load_little_endian<std::uint64_t>(right.data());
}

AIAUDIT_INLINE std::optional<lmdb_tree_check::node> lmdb_tree_check::read_node(
    std::string_view page, std::size_t pointer, bool in_leaf) const noexcept {
    std::size_t const upper = load_little_endian<std::uint16_t>(page.data() + 14);
    std::size_t const at = load_little_endian<std::uint16_t>(page.data() + pointer);
    if (at < upper || at + node_head_bytes > page.size()) return {};
    std::uint64_t const low = load_little_endian<std::uint32_t>(page.data() + at);
    auto const flags = load_little_endian<std::uint16_t>(page.data() + at + 4);
    std::size_t const key_bytes = load_little_endian<std::uint16_t>(page.data() + at + 6);
    std::size_t const data_at = at + node_head_bytes + key_bytes;
    if (data_at > page.size()) return {};
    node found;
    found.key = page.substr(at + node_head_bytes, key_bytes);
    found.bytes_taken = (node_head_bytes + key_bytes + 1) & ~std::size_t{1};
    if (!in_leaf) {
        found.child = low | std::uint64_t{flags} << 32;
        return found;
    }
    std::uint64_t const here = (flags & big_data) != 0 ? word : low;
    if (here > page.size() - data_at) return {};
    found.flags = flags;
    found.data_bytes = low;
    found.data = page.substr(data_at, here);
    found.bytes_taken = (node_head_bytes + key_bytes + here + 1) & ~std::size_t{1};
    return found;
}

AIAUDIT_INLINE result<void> lmdb_tree_check::check_special_node(std::uint64_t number,
                                                                node const& found) {
    if (in_ == tree::free_pages) return check_free_list(number, found);
    if (in_ == tree::table && found.flags == big_data) {
        return check_overflow(load_little_endian<std::uint64_t>(found.data.data()),
                              found.data_bytes);
    }
    // A table holds no tables: else a made-up file could lead the walk as deep as it is long.
    if (in_ == tree::tables && found.flags == sub_database && found.data_bytes == database_bytes) {
        auto const here = std::exchange(found_, {});
        in_ = tree::table;
        auto const checked = check_database(found.data.data());
        in_ = tree::tables;
        found_ = here;
        return checked;
    }
    return damaged(number, "has an entry of a wrong kind");
}

AIAUDIT_INLINE result<void> lmdb_tree_check::check_free_list(std::uint64_t number,
                                                             node const& found) {
    if (found.flags == big_data) {
        auto const run = load_little_endian<std::uint64_t>(found.data.data());
        if (auto ok = check_overflow(run, found.data_bytes); !ok) return ok;
        std::vector<char> bytes(static_cast<std::size_t>(found.data_bytes));
        auto const list = window_.read(bytes.data(), bytes.size(), run * page_bytes_ + head_bytes);
        if (list.size() < bytes.size()) return damaged(run, "is cut off");
        return check_free_list(run, list);
    }
    if (found.flags == 0) return check_free_list(number, found.data);
    return damaged(number, "has an entry of a wrong kind");
}

AIAUDIT_INLINE result<void> lmdb_tree_check::check_free_list(std::uint64_t number,
                                                             std::string_view list) {
    auto const words = list.size() / word;
    auto const count = words == 0 ? 0 : load_little_endian<std::uint64_t>(list.data());
    if (count >= words) return damaged(number, "has a wrong list");
    auto before = pages_said_;
    for (std::size_t i = 1; i <= count; ++i) {
        auto const page = load_little_endian<std::uint64_t>(list.data() + i * word);
        // Those past the end of the file were never written.
        bool const is_new = page >= pages_ || (page >= 2 && met_.add(page, 1));
        if (page >= before || !is_new) return damaged(number, "has a wrong list");
        before = page;
    }
    free_ += count;
    return {};
}

AIAUDIT_INLINE result<void> lmdb_tree_check::check_overflow(std::uint64_t number,
                                                            std::uint64_t value_bytes) {
    if (number < 2 || number >= pages_) return damaged(number, "is not in the file");
    char bytes[head_bytes];
    auto const head = window_.head(number, bytes, head_bytes);
    if (auto ok = check_head(number, head, head_bytes); !ok) return ok;
    auto const kind = load_little_endian<std::uint16_t>(head.data() + 10);
    if (kind != overflow) return damaged(number, "is of a wrong kind");
    std::uint64_t const run = load_little_endian<std::uint32_t>(head.data() + 12);
    auto const needed = (head_bytes + value_bytes + page_bytes_ - 1) / page_bytes_;
    if (run < needed) return damaged(number, "begins a value that is too short");
    found_.overflow_pages += run;
    return meet(number, run);
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_STORAGE_LMDB_TREE_IPP
