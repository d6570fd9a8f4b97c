// SPDX-License-Identifier: MIT
//
// log_reader.hpp: the log as one sequence of records, whatever segments it lies in, and the hashes
// of its Merkle tree.
//
// A block is copied out of the store before it is decoded, so that no read transaction lasts longer
// than that, however slow whoever looks at the records is.
// Threads: any number at once.
// Floor 6.
#ifndef AIAUDIT_ENGINE_LOG_READER_HPP
#define AIAUDIT_ENGINE_LOG_READER_HPP

#include <aiaudit/codec/block.hpp>      // read_block
#include <aiaudit/engine/log_keys.hpp>  // keys

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

template <class Store>
class log_reader {
public:
    explicit log_reader(Store const& store) : store_(&store) {}

    // The tree of all records.
    [[nodiscard]] result<compact_range> tree() const { return read_tree(meta_key::tree, {}); }
    // The tree of the first so many records. Errors: not_found, where there are fewer.
    [[nodiscard]] result<compact_range> tree_of(std::uint64_t size) const {
        return compact_range::from_nodes(size, nodes());
    }
    // The tree of the records before a segment.
    [[nodiscard]] result<compact_range> base_of(segment_number segment) const {
        return read_tree(meta_key::base, segment);
    }
    // The number of records, dropped ones included.
    [[nodiscard]] result<std::uint64_t> size() const {
        auto const all = tree();
        if (!all) return all.error();
        return all->size();
    }

    // The first record that is still there: 1, but for retention. One past the last where none is.
    [[nodiscard]] result<std::uint64_t> first() const {
        auto const there = store_->segments();
        if (!there) return there.error();
        auto const before = records_before(there->oldest);
        if (!before) return before.error();
        return *before + 1;
    }

    // The segment that holds a record, or will.
    [[nodiscard]] result<segment_number> segment_of(std::uint64_t number) const {
        auto const there = store_->segments();
        if (!there) return there.error();
        for (segment_number segment = there->newest; segment > there->oldest; --segment) {
            auto const before = records_before(segment);
            if (!before) return before.error();
            if (*before < number) return segment;
        }
        return there->oldest;
    }

    // Calls visit(bytes of a block) -> result<bool>, from the block that holds that record on,
    // until that is false or the log ends. Errors: not_found, where the record was dropped.
    template <class Visitor>
    [[nodiscard]] result<void> blocks(std::uint64_t from, Visitor&& visit) const {
        std::string block;
        for (std::uint64_t next = from;;) {
            auto const key = block_at(next, block);
            if (!key) return key.error();
            if (!*key) return {};
            auto const header = read_block_header(block);
            if (!header) return header.error();
            std::uint64_t const first = value_of(header->first);
            if (header->last() != **key)
                return fail(errc::corrupt, "the block of record " + std::to_string(first) +
                                               " is not where it belongs");
            if (first > next || (first < next && next != from))
                return fail(errc::corrupt, "record " + std::to_string(next) + " is missing");
            result<bool> const more = visit(std::string_view(block));
            if (!more) return more.error();
            if (!*more) return {};
            next = header->last() + 1;
        }
    }

    // Calls visit(sequence, record_view const&) -> bool for each record from that one on.
    template <class Visitor>
    [[nodiscard]] result<void> views(std::uint64_t from, Visitor&& visit) const {
        return records<std::string_view>(from, visit);
    }
    // The same, visit(sequence, basic_record<String>&); the object is the same each time.
    template <class String, class Visitor>
    [[nodiscard]] result<void> records(std::uint64_t from, Visitor&& visit) const {
        return blocks(from, [&](std::string_view block) -> result<bool> {
            bool more = true;
            auto const all =
                read_block_as<String>(block, [&](sequence number, basic_record<String>& entry) {
                    if (value_of(number) < from) return true;
                    more = visit(number, entry);
                    return more;
                });
            if (!all) return all.error();
            return more;
        });
    }

    // Gives the hashes of complete subtrees. It remembers the group of leaves that it read last,
    // since one proof asks for several nodes of one group.
    class node_source {
    public:
        // Errors: not_found, where the tree is not that large.
        [[nodiscard]] result<digest> operator()(unsigned level, std::uint64_t index) {
            if (is_tile_level(level)) return log_->stored_node(level, index);
            if (level > tile_levels) {
                auto const left = (*this)(level - 1, 2 * index);
                if (!left) return left;
                auto const right = (*this)(level - 1, 2 * index + 1);
                if (!right) return right;
                return node_hash(*left, *right);
            }
            std::uint64_t const first = index << level;
            if (auto ok = read_group(first >> tile_levels); !ok) return ok.error();
            compact_range sum;
            for (std::uint64_t at = first % tile_leaves, end = at + (std::uint64_t{1} << level);
                 at < end; ++at) {
                if (at >= leaves_.size()) return fail(errc::not_found, "the tree has no such node");
                sum.append(leaves_[at]);
            }
            return sum.root();
        }

    private:
        friend class log_reader;
        explicit node_source(log_reader const& log) : log_(&log) {}

        [[nodiscard]] result<void> read_group(std::uint64_t group) {
            if (!leaves_.empty() && group == group_) return {};
            auto leaves = log_->leaves_of_group(group);
            if (!leaves) return leaves.error();
            leaves_ = std::move(*leaves);
            group_ = group;
            return {};
        }

        log_reader const* log_;
        std::uint64_t group_ = 0;
        std::vector<digest> leaves_{};
    };
    [[nodiscard]] node_source nodes() const { return node_source(*this); }
    [[nodiscard]] result<digest> node(unsigned level, std::uint64_t index) const {
        return nodes()(level, index);
    }

    // The hashes of the leaves of one group of 256, as far as there are any: those that retention
    // kept, then those of the records.
    [[nodiscard]] result<std::vector<digest>> leaves_of_group(std::uint64_t group) const {
        auto leaves = kept_leaves(group);
        if (!leaves || leaves->size() == tile_leaves) return leaves;
        std::uint64_t const first = group * tile_leaves + leaves->size() + 1;
        std::string room;
        auto const read = views(first, [&](sequence, record_view const& entry) {
            leaves->push_back(leaf_hash(encode_record(entry, room)));
            return leaves->size() < tile_leaves;
        });
        if (!read) return read.error();
        return leaves;
    }

    // The hashes of the first leaves of a group that retention kept.
    [[nodiscard]] result<std::vector<digest>> kept_leaves(std::uint64_t group) const {
        std::vector<digest> leaves;
        auto const looked = store_->read(history, [&](auto const& view) -> result<void> {
            auto const found = view.get(table::tiles, node_key(0, group));
            if (!found) return found.error();
            if (!*found) return {};
            leaves.resize((*found)->size() / 32);
            for (std::size_t i = 0; i < leaves.size(); ++i)
                std::memcpy(leaves[i].bytes.data(), (*found)->data() + 32 * i, 32);
            return {};
        });
        if (!looked) return looked.error();
        return leaves;
    }

private:
    // Of the newest segment, or of that one.
    [[nodiscard]] result<compact_range> read_tree(std::string_view key,
                                                  std::optional<segment_number> segment) const {
        result<compact_range> found;
        auto const look = [&](auto const& view) -> result<void> {
            found = get_tree(view, key);
            return {};
        };
        auto const looked = segment ? store_->read(*segment, look) : store_->read(look);
        if (!looked) return looked.error();
        return found;
    }

    [[nodiscard]] result<std::uint64_t> records_before(segment_number segment) const {
        {
            std::lock_guard const lock(mutex_);
            auto const known = before_.find(segment);
            if (known != before_.end()) return known->second;
        }
        auto const base = base_of(segment);
        if (!base) return base.error();
        std::lock_guard const lock(mutex_);
        before_[segment] = base->size();
        return base->size();
    }

    // The block that holds a record, or the next where there is none, and its key. Nothing at the
    // end of the log.
    [[nodiscard]] result<std::optional<std::uint64_t>> block_at(std::uint64_t number,
                                                                std::string& block) const {
        auto segment = segment_of(number);
        if (!segment) return segment.error();
        auto const before = records_before(*segment);
        if (!before) return before.error();
        if (number <= *before) {
            return fail(errc::not_found, "record " + std::to_string(number) +
                                             " was dropped; the log begins at record " +
                                             std::to_string(*before + 1));
        }
        std::optional<std::uint64_t> found;
        auto const read = store_->read(*segment, [&](auto const& view) {
            return view.scan(table::blocks, block_key(number),
                             [&](std::string_view key, std::string_view value) {
                                 block.assign(value);
                                 release(view, value);
                                 found = from_big_endian_key(key);
                                 return false;
                             });
        });
        if (!read) return read.error();
        return found;
    }

    [[nodiscard]] result<digest> stored_node(unsigned level, std::uint64_t index) const {
        auto const segment = segment_of((index + 1) << level);
        if (!segment) return segment.error();
        for (segment_number const place : {*segment, history}) {
            std::optional<digest> hash;
            auto const looked = store_->read(place, [&](auto const& view) -> result<void> {
                auto const found = view.get(table::tiles, node_key(level, index));
                if (!found) return found.error();
                if (!*found) return {};
                if ((*found)->size() != 32) return fail(errc::corrupt, "a tree node has no hash");
                std::memcpy(hash.emplace().bytes.data(), (*found)->data(), 32);
                return {};
            });
            // A segment that was dropped since has left its nodes to the history.
            if (!looked && looked.error().code != errc::not_found) return looked.error();
            if (hash) return *hash;
        }
        return fail(errc::not_found, "the tree has no node " + std::to_string(index) +
                                         " of level " + std::to_string(level));
    }

    Store const* store_;
    mutable std::mutex mutex_{};
    mutable std::map<segment_number, std::uint64_t> before_{};  // a segment's base never changes
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_ENGINE_LOG_READER_HPP
