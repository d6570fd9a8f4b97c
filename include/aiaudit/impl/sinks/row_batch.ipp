// SPDX-License-Identifier: MIT
//
// row_batch.ipp: the definitions of row_batch.hpp.
#ifndef AIAUDIT_IMPL_SINKS_ROW_BATCH_IPP
#define AIAUDIT_IMPL_SINKS_ROW_BATCH_IPP

#include <aiaudit/codec/record_codec.hpp>  // encode_record
#include <aiaudit/config.hpp>              // AIAUDIT_INLINE
#include <aiaudit/sinks/row_batch.hpp>

#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE void row_batch::begin(compact_range tree) {
    tree_ = std::move(tree);
    before_ = tree_.size();
    encoded_.clear();
    ends_.clear();
    leaves_.clear();
    rows_.clear();
}

AIAUDIT_INLINE void row_batch::add(record_view const& entry) {
    std::string_view const bytes = encode_record(entry, room_);
    encoded_.append(bytes);
    ends_.push_back(encoded_.size());
    leaves_.push_back(leaf_hash(bytes));
    tree_.append(leaves_.back());
}

AIAUDIT_INLINE result<void> row_batch::end() {
    entries_.assign(ends_.size(), record_view{});
    rows_.clear();
    std::size_t begin = 0;
    for (std::size_t i = 0; i < ends_.size(); ++i) {
        std::string_view const bytes = std::string_view(encoded_).substr(begin, ends_[i] - begin);
        if (auto ok = decode_record(bytes, entries_[i]); !ok) return ok;
        rows_.push_back({sequence{before_ + i + 1}, &entries_[i], leaves_[i], bytes});
        begin = ends_[i];
    }
    return {};
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_SINKS_ROW_BATCH_IPP
