// SPDX-License-Identifier: MIT
//
// row_batch.hpp: gathers consecutive records into one batch for a sink, with their leaves and the
// tree that they end at.
//
// Records are kept in their canonical bytes, one after the other, and decoded as views of these: a
// batch takes their bytes and some 600 bytes each, and its memory is used again.
// Threads: one at a time.
// Floor 9.
#ifndef AIAUDIT_SINKS_ROW_BATCH_HPP
#define AIAUDIT_SINKS_ROW_BATCH_HPP

#include <aiaudit/integrity/merkle.hpp>   // compact_range
#include <aiaudit/sinks/record_sink.hpp>  // sink_row, sink_cursor

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class row_batch {
public:
    // Empties the batch; the next record comes after those of the tree.
    void begin(compact_range tree);
    void add(record_view const& entry);
    // Ends it: from here on rows() are valid, until begin(). Errors: corrupt.
    [[nodiscard]] result<void> end();

    [[nodiscard]] std::size_t size() const noexcept { return ends_.size(); }
    [[nodiscard]] std::size_t bytes() const noexcept { return encoded_.size(); }
    [[nodiscard]] std::span<sink_row const> rows() const noexcept { return rows_; }
    // Of the log, with the batch's records.
    [[nodiscard]] compact_range const& tree() const noexcept { return tree_; }

private:
    std::uint64_t before_ = 0;
    compact_range tree_{};
    std::string encoded_{};  // of all records
    std::vector<std::size_t> ends_{};
    std::vector<digest> leaves_{};
    std::vector<record_view> entries_{};
    std::vector<sink_row> rows_{};
    std::string room_{};
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/sinks/row_batch.ipp>
#endif

#endif  // AIAUDIT_SINKS_ROW_BATCH_HPP
