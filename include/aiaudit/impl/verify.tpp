// SPDX-License-Identifier: MIT
//
// verify.tpp: the templates of verify.hpp, for any policies.
#ifndef AIAUDIT_IMPL_VERIFY_TPP
#define AIAUDIT_IMPL_VERIFY_TPP

#include <aiaudit/codec/record_codec.hpp>  // encode_record
#include <aiaudit/engine/log_reader.hpp>   // log_reader
#include <aiaudit/integrity/merkle.hpp>    // compact_range
#include <aiaudit/storage/lmdb_store.hpp>  // lmdb_store
#include <aiaudit/verify.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {

namespace detail {

template <class Ledger>
class verifier {
public:
    verifier(Ledger& of, verification_request const& request)
        : ledger_(of), log_(of.log()), request_(request) {}

    [[nodiscard]] result<verification> run() {
        auto const stored = log_.tree();
        if (!stored) return stored.error();
        found_.size = stored->size();
        found_.root = stored->root();
        auto const first = log_.first();
        if (!first) return first.error();
        found_.dropped = *first - 1;
        if (auto ok = start(); !ok) return ok.error();
        if (auto ok = check_anchor_so_far(); !ok) return ok.error();
        read_records();
        if (found_.sound() && !(range_ == *stored))
            find("the tree over all records is not the one that was stored");
        if (found_.sound()) compare_rollup();
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
        auto range = log_.tree_of(before);
        if (!range) return range.error();
        range_ = *range;
        if (before != found_.dropped) return {};
        auto const there = ledger_.store().segments();
        if (!there) return there.error();
        auto const base = log_.base_of(there->oldest);
        if (!base) return base.error();
        if (!(*base == range_)) find("the hashes kept of dropped records are not those of the log");
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
        auto const read = log_.views(range_.size() + 1, [&](sequence, record_view const& entry) {
            add(leaf_hash(encode_record(entry, room)));
            if (entry.kind == record_kind::outcome || entry.kind == record_kind::correction) {
                sum_.add(totals::of(entry));
                for (std::size_t i = 0; i < reported_units.size(); ++i)
                    counts_with_bounds_[i] += entry.usage.count(reported_units[i]);
            }
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
        range_.append(leaf, [this](unsigned level, std::uint64_t index, digest const& hash) {
            if (!is_tile_level(level)) return;
            auto const stored = log_.node(level, index);
            if (stored && *stored == hash) return;
            find("records " + std::to_string((index << level) + 1) + " to " +
                 std::to_string((index + 1) << level) +
                 (stored ? " are not those that were committed" : ": " + stored.error().message()));
        });
    }

    // The rollups are a fold of the log: with all records at hand that can be held to it.
    void compare_rollup() {
        if (found_.read != found_.size) return;
        auto const answer = ledger_.report({});
        if (!answer) return find("the rollups cannot be read: " + answer.error().message());
        auto const now = log_.size();
        bool const grew = !now || *now != found_.size;
        if (!grew && !is_sum(answer->sum)) find("the rollups are not the sum of the records");
    }
    // What was saved before estimates were told apart counts them, nobody knows how many.
    [[nodiscard]] bool is_sum(totals const& reported) const {
        if (reported.unsplit == 0) return reported == sum_;
        totals as_split = reported;
        as_split.unsplit = 0;
        as_split.unsure = sum_.unsure;
        as_split.estimated = sum_.estimated;
        as_split.margin = sum_.margin;
        as_split.counts = sum_.counts;
        bool within = as_split == sum_;
        for (std::size_t i = 0; i < sum_.counts.size(); ++i)
            within = within && reported.counts[i] >= sum_.counts[i] &&
                     reported.counts[i] <= counts_with_bounds_[i];
        return within;
    }

    Ledger& ledger_;
    log_reader<typename Ledger::storage> const& log_;
    verification_request const& request_;
    verification found_{};
    compact_range range_{};
    totals sum_{};
    decltype(totals::counts) counts_with_bounds_{};
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
