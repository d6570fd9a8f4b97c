// SPDX-License-Identifier: MIT
//
// retention_record.ipp: the definitions of retention_record.hpp.
#ifndef AIAUDIT_IMPL_ENGINE_RETENTION_RECORD_IPP
#define AIAUDIT_IMPL_ENGINE_RETENTION_RECORD_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/engine/retention_record.hpp>

#include <charconv>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::optional<retention_note> read_retention(record_view const& entry) {
    if (entry.kind != record_kind::retention) return std::nullopt;
    retention_note note;
    std::string_view const last = tag_of(entry, retention_tag::last);
    std::from_chars(last.data(), last.data() + last.size(), note.last);
    if (auto const parts = digest::parse(tag_of(entry, retention_tag::parts))) note.parts = *parts;
    if (auto const gate = digest::parse(tag_of(entry, retention_tag::gate))) note.gate = *gate;
    return note;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ENGINE_RETENTION_RECORD_IPP
