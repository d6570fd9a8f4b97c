// SPDX-License-Identifier: MIT
//
// verify.tpp: the templates of verify.hpp, for any policies.
#ifndef AIAUDIT_IMPL_VERIFY_TPP
#define AIAUDIT_IMPL_VERIFY_TPP

#include <aiaudit/codec/record_codec.hpp>       // encode_record
#include <aiaudit/engine/gate_check.hpp>        // gate_check
#include <aiaudit/engine/log_reader.hpp>        // log_reader
#include <aiaudit/engine/part_check.hpp>        // part_check
#include <aiaudit/engine/retention_record.hpp>  // read_retention
#include <aiaudit/integrity/merkle.hpp>         // compact_range
#include <aiaudit/integrity/run_secret.hpp>     // draw_secret
#include <aiaudit/storage/lmdb_store.hpp>       // lmdb_store
#include <aiaudit/verify.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {

namespace detail {

template <class Ledger>
class verifier {
public:
    verifier(Ledger& of, verification_request const& request)
        : ledger_(of), log_(of.log()), request_(request), gates_(of.store(), of.log()) {}

    [[nodiscard]] result<verification> run() {
        auto const secret = draw_secret();
        if (!secret) return secret.error();
        parts_.emplace(*secret);
        auto const stored = read_saved();
        if (!stored) return stored.error();
        found_.size = stored->size();
        found_.root = stored->root();
        found_.dropped = parts_->dropped();
        if (auto ok = start(); !ok) return ok.error();
        if (auto ok = check_anchor_so_far(); !ok) return ok.error();
        std::uint64_t const from = range_.size() + 1;
        gates_are_read_ = from == found_.dropped + 1;
        read_records();
        if (found_.sound() && !(range_ == *stored))
            find("the tree over all records is not the one that was stored");
        if (found_.sound()) {
            compare_saved(from);
            found_.saved_differs = !found_.sound();
        }
        return std::move(found_);
    }

private:
    void find(std::string what) { found_.findings.push_back(std::move(what)); }

    // The tree of the records that are not read.
    [[nodiscard]] result<void> start() {
        std::uint64_t before = found_.dropped;
        if (request_.only_after_anchor && request_.anchor) {
            std::uint64_t const whole_tiles = request_.anchor->size() / tile_leaves * tile_leaves;
            before = (std::max)(before,
                                (std::min)(whole_tiles, found_.size / tile_leaves * tile_leaves));
        }
        if (before == 0) return {};
        if (before != found_.dropped) {
            auto range = log_.tree_of(before);
            if (!range) return range.error();
            range_ = *range;
            return {};
        }
        if (auto ok = add_kept_leaves(); !ok) return ok;
        auto const there = ledger_.store().segments();
        if (!there) return there.error();
        auto const base = log_.base_of(there->oldest);
        if (!base) return base.error();
        if (!(*base == range_)) find("the hashes kept of dropped records are not those of the log");
        return {};
    }

    // The tree of dropped records, of the hashes that are kept of them.
    [[nodiscard]] result<void> add_kept_leaves() {
        while (range_.size() < found_.dropped) {
            auto const leaves = log_.kept_leaves(range_.size() >> tile_levels);
            if (!leaves) return leaves.error();
            std::uint64_t const wanted =
                (std::min)(found_.dropped - range_.size(), std::uint64_t{tile_leaves});
            if (leaves->size() < wanted) {
                find("the hashes of dropped records from " + std::to_string(range_.size() + 1) +
                     " on are missing");
                return {};
            }
            for (std::uint64_t i = 0; i < wanted; ++i) {
                append((*leaves)[static_cast<std::size_t>(i)]);
                check_anchor();
            }
        }
        return {};
    }

    // The anchor, where it lies before what is read, or after the end.
    [[nodiscard]] result<void> check_anchor_so_far() {
        if (!request_.anchor) return {};
        std::uint64_t const size = request_.anchor->size();
        if (size > found_.size) {
            find("the checkpoint is of " + std::to_string(size) + " records, the log has " +
                 std::to_string(found_.size) + ": records were cut off");
            return {};
        }
        if (found_.anchored != 0) return {};
        if (size >= range_.size()) {
            check_anchor();
            return {};
        }
        auto const range = log_.tree_of(size);
        if (!range) return range.error();
        compare_with_anchor(*range);
        return {};
    }
    void check_anchor() {
        if (request_.anchor && range_.size() == request_.anchor->size())
            compare_with_anchor(range_);
    }
    void compare_with_anchor(compact_range const& range) {
        if (range.root() == request_.anchor->root()) {
            found_.anchored = range.size();
        } else {
            find("records 1 to " + std::to_string(range.size()) +
                 " are not those that the checkpoint is of");
        }
    }

    void read_records() {
        if (!found_.sound() || range_.size() == found_.size) return;
        std::string room;
        auto const read =
            log_.views(range_.size() + 1, [&](sequence number, record_view const& entry) {
                add(leaf_hash(encode_record(entry, room)));
                parts_->add(value_of(number), entry);
                if (gates_are_read_) gates_.add(value_of(number), entry);
                if (auto note = read_retention(entry)) retained_ = *note;
                if (request_.visit) request_.visit(number, entry);
                check_anchor();
                return found_.sound() && range_.size() < found_.size;
            });
        if (!read) find(read.error().message());
        if (found_.sound() && range_.size() < found_.size)
            find("the log ends at record " + std::to_string(range_.size()) + " of " +
                 std::to_string(found_.size));
    }
    void add(digest const& leaf) {
        ++found_.read;
        append(leaf);
    }
    void append(digest const& leaf) {
        range_.append(leaf, [this](unsigned level, std::uint64_t index, digest const& hash) {
            if (!is_tile_level(level)) return;
            auto const stored = log_.node(level, index);
            if (stored && *stored == hash) return;
            find("records " + std::to_string((index << level) + 1) + " to " +
                 std::to_string((index + 1) << level) +
                 (stored ? " are not those that were committed" : ": " + stored.error().message()));
        });
    }

    // What is saved, then the tree: so that it is of records that the tree has.
    [[nodiscard]] result<compact_range> read_saved() {
        constexpr int tries_most = 50;  // while other processes drop
        for (int tries = 0;; ++tries) {
            auto read = parts_->begin(ledger_.store());
            if (read) read = gates_.begin();
            auto const tree = read ? log_.tree() : result<compact_range>(read.error());
            auto const first = tree ? log_.first() : result<std::uint64_t>(tree.error());
            if (first && *first == parts_->dropped() + 1) return tree;
            bool const dropped = first || first.error().code == errc::not_found;
            if (!dropped || tries == tries_most)
                return first
                           ? fail(errc::storage_failed, "other processes drop records too quickly")
                           : first.error();
        }
    }
    void compare_saved(std::uint64_t from) {
        parts_->end(from, found_.size, found_.findings, found_.unvouched);
        if (!gates_are_read_) {
            found_.unvouched.push_back(
                "what budgets and alerts have come to, which records that "
                "were not read decide too");
            if (found_.dropped != 0)
                found_.unvouched.push_back("the rollups of records that were dropped");
            return;
        }
        gates_.end(found_.size, found_.findings, found_.unvouched);
        if (found_.dropped != 0) compare_dropped();
    }
    // What is kept of dropped records, with what the newest record of retention says of it.
    void compare_dropped() {
        std::uint64_t const told = retained_ ? retained_->last : 0;
        if (told < found_.dropped)
            return find("no record says that records up to " + std::to_string(found_.dropped) +
                        " were dropped");
        std::string const dropped = "records 1 to " + std::to_string(told);
        if (told > parts_->marked())
            found_.unvouched.push_back("the rollups of " + dropped + ", which were being dropped");
        else if (!retained_->parts)
            found_.unvouched.push_back("the rollups of " + dropped +
                                       ", which an older version dropped");
        else if (parts_->past().value(told) != *retained_->parts)
            find("the rollups of " + dropped +
                 ", which were dropped, are not those that the log had then");
        // Of the segment that was dropped and is there still, the base is not that one.
        if (told != found_.dropped) return;
        if (retained_->gate && (!gates_.base() || *gates_.base() != *retained_->gate))
            find("what budgets had come to before record " + std::to_string(told + 1) +
                 " is not what it was when the records before it were dropped");
        else if (!retained_->gate)
            found_.unvouched.push_back("what budgets and alerts had come to before record " +
                                       std::to_string(told + 1));
    }

    Ledger& ledger_;
    log_reader<typename Ledger::storage> const& log_;
    verification_request const& request_;
    verification found_{};
    compact_range range_{};
    std::optional<part_check> parts_{};
    gate_check<typename Ledger::storage> gates_;
    bool gates_are_read_ = false;
    std::optional<retention_note> retained_{};
};

}  // namespace detail

template <class Policies>
result<verification> verify(basic_ledger<Policies>& of, verification_request const& request) {
    return detail::verifier<basic_ledger<Policies>>(of, request).run();
}

template <class Policies>
result<checkpoint> checkpoint_of(basic_ledger<Policies> const& of, std::string origin) {
    auto const tree = of.log().tree();
    if (!tree) return tree.error();
    return checkpoint{std::move(origin), tree->size(), tree->root()};
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_VERIFY_TPP
