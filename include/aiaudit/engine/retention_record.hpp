// SPDX-License-Identifier: MIT
//
// retention_record.hpp: what a record of retention says: which segment was dropped, and what the
// log then had of all that was ever dropped. The tree covers the record, so it covers that.
//
// Threads: plain values.
// Floor 6.
#ifndef AIAUDIT_ENGINE_RETENTION_RECORD_HPP
#define AIAUDIT_ENGINE_RETENTION_RECORD_HPP

#include <aiaudit/core/digest.hpp>        // digest
#include <aiaudit/core/record.hpp>        // record
#include <aiaudit/engine/log_reader.hpp>  // log_reader

#include <cstdint>
#include <optional>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

struct retention_tag {
    static constexpr std::string_view segment = "segment";
    static constexpr std::string_view first = "first_sequence";
    static constexpr std::string_view last = "last_sequence";
    // Hexadecimal: of the day parts that begin before the last dropped record (part_list_digest),
    // and SHA-256 of the gate after it. An older version wrote neither.
    static constexpr std::string_view parts = "parts";
    static constexpr std::string_view gate = "gate";
};

struct retention_note {
    std::uint64_t last = 0;  // the last record that was dropped
    std::optional<digest> parts{};
    std::optional<digest> gate{};
};

// Nothing where it is a record of something else.
[[nodiscard]] std::optional<retention_note> read_retention(record_view const& entry);

// What the newest record of retention says. Looks first at the one that the history names; where
// that is none, at all records. Errors: those of reading.
template <class Store>
[[nodiscard]] result<std::optional<retention_note>> newest_retention(Store const& store,
                                                                     log_reader<Store> const& log) {
    auto const named = read_number(store, meta_key::vouched, history);
    if (!named) return named.error();
    auto const first = log.first();
    if (!first) return first.error();
    auto const size = log.size();
    if (!size) return size.error();
    std::optional<retention_note> found;
    if (*named >= *first && *named <= *size) {
        auto const read = log.views(*named, [&found](sequence, record_view const& entry) {
            found = read_retention(entry);
            return false;
        });
        if (!read) return read.error();
        if (found) return found;
    }
    if (*first == 1 || *first > *size) return found;
    auto const read = log.views(*first, [&found](sequence, record_view const& entry) {
        if (auto note = read_retention(entry)) found = note;
        return true;
    });
    if (!read) return read.error();
    return found;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/engine/retention_record.ipp>
#endif

#endif  // AIAUDIT_ENGINE_RETENTION_RECORD_HPP
