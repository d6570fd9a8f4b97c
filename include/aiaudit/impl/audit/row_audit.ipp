// SPDX-License-Identifier: MIT
//
// row_audit.ipp: the definitions of row_audit.hpp.
#ifndef AIAUDIT_IMPL_AUDIT_ROW_AUDIT_IPP
#define AIAUDIT_IMPL_AUDIT_ROW_AUDIT_IPP

#include <aiaudit/audit/row_audit.hpp>
#include <aiaudit/config.hpp>            // AIAUDIT_INLINE
#include <aiaudit/integrity/merkle.hpp>  // leaf_hash, compact_range
#include <aiaudit/integrity/proof.hpp>   // consistency_proof

#include <cstring>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE std::string_view name_of(row_kind kind) noexcept {
    switch (kind) {
    case row_kind::missing: return "missing";
    case row_kind::changed: return "changed";
    case row_kind::extra: return "extra";
    case row_kind::column: return "column";
    }
    return "unknown";
}

namespace detail {

AIAUDIT_INLINE std::string records_text(std::uint64_t first, std::uint64_t last) {
    return first == last ? "record " + std::to_string(first)
                         : "records " + std::to_string(first) + " to " + std::to_string(last);
}

// Walks the copy's leaves beside the rows.
class row_auditor {
public:
    using tile_fetch = std::function<result<std::string>(tile_place)>;

    row_auditor(verified_checkpoint const& state, tile_fetch const& tiles,
                row_audit_options const& options)
        : state_(state), tiles_(tiles), options_(options), node_(state.size(), tiles) {
        found_.from = options.from;
        found_.to = options.to == 0 ? state.size() : options.to;
    }

    [[nodiscard]] result<row_audit> run(row_source const& rows) {
        if (found_.from < 1 || found_.to > state_.size() || found_.from > found_.to + 1)
            return fail(errc::bad_argument, "the records to compare are not among the " +
                                                std::to_string(state_.size()) +
                                                " of the checkpoint");
        auto range = compact_range::from_nodes(found_.from - 1, node_);
        if (!range) return range.error();
        range_ = *range;
        next_ = found_.from;
        audit_row row;
        for (;;) {
            result<bool> const more = rows(row);
            if (!more) return more.error();
            if (!*more) break;
            if (auto ok = take(row); !ok) return ok.error();
        }
        if (auto ok = skip_to(found_.to + 1, true); !ok) return ok.error();
        if (auto ok = check_root(); !ok) return ok.error();
        return std::move(found_);
    }

private:
    void find(row_kind kind, std::uint64_t first, std::uint64_t last, std::string text) {
        if (found_.findings.size() == options_.findings_max)
            ++found_.left_out;
        else
            found_.findings.push_back({kind, first, last, std::move(text)});
    }

    // The leaf that the copy has of the next record, which is added to the tree.
    [[nodiscard]] result<digest> take_leaf() {
        std::uint64_t const place = next_ - 1;
        std::uint64_t const index = place / tile_width;
        if (tile_.empty() || index != tile_index_) {
            auto bytes = tiles_({0, index, tile_width_of(0, index, state_.size()), false});
            if (!bytes) return bytes.error();
            if (bytes->size() != std::size_t{tile_width_of(0, index, state_.size())} * 32)
                return fail(errc::verification_failed, "a tile of the copy has a wrong length");
            tile_ = std::move(*bytes);
            tile_index_ = index;
        }
        digest leaf;
        std::memcpy(leaf.bytes.data(), tile_.data() + place % tile_width * 32, 32);
        range_.append(leaf);
        ++next_;
        return leaf;
    }

    // Records up to that one, which the rows do not have.
    [[nodiscard]] result<void> skip_to(std::uint64_t number, bool at_end) {
        std::uint64_t const first = next_;
        while (next_ < number) {
            if (auto leaf = take_leaf(); !leaf) return leaf.error();
        }
        if (first == next_) return {};
        found_.missing += next_ - first;
        find(row_kind::missing, first, next_ - 1,
             records_text(first, next_ - 1) + (next_ - first == 1 ? " is" : " are") + " missing" +
                 (at_end ? ": the newest ones, which the sink may still get" : ""));
        return {};
    }

    [[nodiscard]] result<void> take(audit_row const& row) {
        std::uint64_t const number = row.sequence;
        if (number != 0 && number < found_.from) return {};
        if (number > found_.to) return take_newer(row);
        ++found_.rows;
        if (number == 0 || number == last_) {
            ++found_.extra;
            find(row_kind::extra, number, number,
                 number == 0 ? "a row has sequence 0 or less, which no record has"
                             : records_text(number, number) + " is there more than once");
            return {};
        }
        if (number < next_)
            return fail(errc::bad_input, "the row of record " + std::to_string(number) +
                                             " comes after that of record " +
                                             std::to_string(last_) +
                                             ": rows must be in the order of their sequences");
        if (auto ok = skip_to(number, false); !ok) return ok;
        last_ = number;
        auto const leaf = take_leaf();
        if (!leaf) return leaf.error();
        return compare(row, *leaf);
    }

    [[nodiscard]] result<void> take_newer(audit_row const& row) {
        if (row.sequence <= state_.size()) return {};  // after options.to
        if (options_.newer_allowed) {
            ++found_.newer;
            return {};
        }
        ++found_.rows;
        ++found_.extra;
        find(row_kind::extra, row.sequence, row.sequence,
             records_text(row.sequence, row.sequence) + " is there, and the log signed only " +
                 std::to_string(state_.size()));
        return {};
    }

    [[nodiscard]] result<void> compare(audit_row const& row, digest const& leaf) {
        bool const holds = leaf_hash(row.record) == leaf;
        if (!holds || row.leaf != leaf) find_changed(row, leaf, holds);
        // Columns are held to nothing but a record that was signed.
        return holds && options_.columns ? compare_columns(row) : result<void>{};
    }

    void find_changed(audit_row const& row, digest const& leaf, bool holds) {
        ++found_.changed;
        std::string text = records_text(row.sequence, row.sequence);
        if (holds)
            text += ": the row's leaf is not that of its record, which is as it was signed";
        else if (row.leaf == leaf)
            text += ": the row's record is not the one that was signed; its leaf is";
        else if (leaf_hash(row.record) == row.leaf)
            text += ": the row's record and leaf were changed together";
        else
            text += ": neither the row's record nor its leaf is what was signed";
        find(row_kind::changed, row.sequence, row.sequence, std::move(text));
    }

    [[nodiscard]] result<void> compare_columns(audit_row const& row) {
        differences_.clear();
        if (auto ok = options_.columns(row, differences_); !ok) return ok;
        if (!differences_.empty()) ++found_.differing;
        for (column_difference const& each : differences_)
            find(row_kind::column, row.sequence, row.sequence,
                 records_text(row.sequence, row.sequence) + ": the column " + each.column + " is " +
                     each.held + "; its record, as it was signed, says " + each.recorded);
        return {};
    }

    // The leaves that were compared are those under the signed root.
    [[nodiscard]] result<void> check_root() {
        auto const damaged = [] {
            return fail(errc::verification_failed,
                        "the copy's tiles do not lead to the signed root: the copy is damaged, "
                        "and says nothing of the rows");
        };
        if (range_.size() == state_.size()) {
            if (range_.root() != state_.root()) return damaged();
            return {};
        }
        if (range_.size() == 0) return {};
        auto const path = consistency_proof(range_.size(), state_.size(), node_);
        if (!path) return path.error();
        if (!consistency_holds(range_.size(), state_.size(), *path, range_.root(), state_.root()))
            return damaged();
        return {};
    }

    verified_checkpoint const& state_;
    tile_fetch const& tiles_;
    row_audit_options const& options_;
    tile_nodes<tile_fetch> node_;
    row_audit found_{};
    compact_range range_{};
    std::uint64_t next_ = 1;  // the record whose leaf comes next
    std::uint64_t last_ = 0;  // that of the row before
    std::string tile_{};
    std::uint64_t tile_index_ = 0;
    std::vector<column_difference> differences_{};
};

}  // namespace detail

AIAUDIT_INLINE std::string row_audit::conclusion() const {
    std::string const which =
        from > to ? std::string("no records") : detail::records_text(from, to);
    if (sound())
        return which + ": the " + std::to_string(rows) +
               " rows are what the log signed, and none is missing" +
               (newer == 0 ? "" : "; " + std::to_string(newer) + " newer ones are not covered yet");
    return which + ": " + std::to_string(missing) + " missing, " + std::to_string(changed) +
           " changed, " + std::to_string(extra) + " too many" +
           (differing == 0 ? "" : ", " + std::to_string(differing) + " with other columns") +
           ", of " + std::to_string(rows) + " rows";
}

AIAUDIT_INLINE result<row_audit> audit_rows(
    verified_checkpoint const& state, std::function<result<std::string>(tile_place)> const& tiles,
    row_source const& rows, row_audit_options const& options) {
    return detail::row_auditor(state, tiles, options).run(rows);
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_AUDIT_ROW_AUDIT_IPP
