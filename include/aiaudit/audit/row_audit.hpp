// SPDX-License-Identifier: MIT
//
// row_audit.hpp: what a sink holds, row by row, against what the log signed: which records are
// missing there, which are not what they were, and which the log never had.
//
// Each row's bytes are hashed, and compared with the leaf in the row and with that in the copy of
// the tree; the leaves of the copy are added up, and must come to the signed root. So neither the
// sink nor the copy can lie alone. Reports read other columns than these bytes: a column_check
// holds those to the record (sinks/held_rows.hpp).
// Threads: pure functions of what they are given. Memory: one tile, and a bounded list of findings.
// Floor 8.
#ifndef AIAUDIT_AUDIT_ROW_AUDIT_HPP
#define AIAUDIT_AUDIT_ROW_AUDIT_HPP

#include <aiaudit/core/digest.hpp>           // digest
#include <aiaudit/error.hpp>                 // result
#include <aiaudit/integrity/checkpoint.hpp>  // verified_checkpoint
#include <aiaudit/integrity/tile.hpp>        // tile_place

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

struct audit_row {
    std::uint64_t sequence = 0;  // from 1 on
    digest leaf{};
    std::string_view record{};  // canonical bytes; until the next row is asked for
};

// Fills the next row, in ascending order of sequences; false at the end. Its errors end the audit.
using row_source = std::function<result<bool>(audit_row&)>;

// A column that has not what the row's record says, both in printable text.
struct column_difference {
    std::string column{};
    std::string held{};      // in the sink
    std::string recorded{};  // by the record
};

// Appends what is otherwise in the columns of the row that came last, whose record is as it was
// signed. Its errors end the audit.
using column_check = std::function<result<void>(audit_row const&, std::vector<column_difference>&)>;

enum class row_kind : std::uint8_t {
    missing,  // the log has it, the sink has not
    changed,  // the row is not what the log signed
    extra,    // the log has no such record, or the sink has it twice
    column,   // the record is as it was signed, and a column of the row says otherwise
};
[[nodiscard]] std::string_view name_of(row_kind kind) noexcept;

struct row_finding {
    row_kind kind{};
    std::uint64_t first = 0;  // records first to last
    std::uint64_t last = 0;
    std::string text{};  // one line
};

struct row_audit_options {
    std::uint64_t from = 1;  // records before it are not looked at
    std::uint64_t to = 0;    // nor those after it; 0: as many as the checkpoint is of
    // Rows after the checkpoint's last record: a sink that goes on being written has some, and the
    // next checkpoint covers them. Else they are extra.
    bool newer_allowed = false;
    std::size_t findings_max = 1'000;
    column_check columns{};  // none: they are not compared
};

struct row_audit {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    std::uint64_t rows = 0;  // that were looked at
    std::uint64_t missing =
        0;  // records, all of them, also where there are more findings than kept
    std::uint64_t changed = 0;
    std::uint64_t extra = 0;
    std::uint64_t differing = 0;  // rows with a column that says otherwise than the record
    std::uint64_t newer = 0;      // rows after the checkpoint, where they are allowed
    std::vector<row_finding> findings{};
    std::uint64_t left_out = 0;  // findings that are not kept

    [[nodiscard]] bool sound() const noexcept { return missing + changed + extra + differing == 0; }
    [[nodiscard]] std::string conclusion() const;
};

// `tiles` are those of a copy of the log, of which the checkpoint is. Errors: verification_failed,
// where they do not lead to the signed root: the copy is damaged; bad_argument for a range that is
// none; bad_input for rows that are not in order; those of rows() and tiles().
[[nodiscard]] result<row_audit> audit_rows(
    verified_checkpoint const& state, std::function<result<std::string>(tile_place)> const& tiles,
    row_source const& rows, row_audit_options const& options = {});

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/audit/row_audit.ipp>
#endif

#endif  // AIAUDIT_AUDIT_ROW_AUDIT_HPP
