// SPDX-License-Identifier: MIT
//
// log_keys.hpp: under which keys the engine keeps what in the tables of a store (docs/format.md).
//
// Threads: functions without state.
// Floor 6.
#ifndef AIAUDIT_ENGINE_LOG_KEYS_HPP
#define AIAUDIT_ENGINE_LOG_KEYS_HPP

#include <aiaudit/core/calendar.hpp>     // civil_day
#include <aiaudit/detail/bytes.hpp>      // to_little_endian
#include <aiaudit/integrity/merkle.hpp>  // compact_range
#include <aiaudit/storage/store.hpp>     // table

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Stored: never changed.
namespace meta_key {
inline constexpr std::string_view tree = "tree";    // the compact range of all records
inline constexpr std::string_view base = "base";    // the same, of those before this segment
inline constexpr std::string_view saved = "saved";  // the last record that the rollups hold
inline constexpr std::string_view size = "size";    // bytes of blocks in this segment
inline constexpr std::string_view month = "month";  // in which the segment was made
inline constexpr std::string_view gate = "gate";    // what budgets and alerts have come to
// No record before this one is of a budget or an alert.
inline constexpr std::string_view gate_since = "gate_since";
// Where `gate` stands (fold_stand), and what it was before the segment's first record.
inline constexpr std::string_view gate_stand = "gate_stand";
inline constexpr std::string_view gate_base = "gate_base";
inline constexpr std::string_view parts = "parts";            // where the segment's day parts stand
inline constexpr std::string_view void_parts = "void_parts";  // those that do not count (part_rule)
// In the history: the last segment that was dropped, and the last that a record was written of;
// which record vouches for the history.
inline constexpr std::string_view dropped = "dropped";
inline constexpr std::string_view announced = "announced";
inline constexpr std::string_view vouched = "vouched";
// What users came to over all days: where they stand (fold_stand), users (8 bytes), pieces (4).
inline constexpr std::string_view user_totals = "user_totals";
inline constexpr std::string_view spill_prefix = "spill/";  // and its name: what was taken from it

// All of them. What vouches for each is a line of tests/engine/adversary.cpp.
inline constexpr std::array all{tree,       base,      saved,       size,        month,     gate,
                                gate_since, parts,     gate_stand,  dropped,     announced, vouched,
                                void_parts, gate_base, user_totals, spill_prefix};
}  // namespace meta_key

// Hashes are kept for the subtrees of 256, 65,536, ... records: those below are made again from the
// records.
inline constexpr unsigned tile_levels = 8;
inline constexpr std::uint64_t tile_leaves = std::uint64_t{1} << tile_levels;
[[nodiscard]] constexpr bool is_tile_level(unsigned level) noexcept {
    return level != 0 && level % tile_levels == 0;
}

[[nodiscard]] std::string big_endian_key(std::uint64_t value);
[[nodiscard]] std::uint64_t from_big_endian_key(std::string_view key) noexcept;

// A block is found by its last record, so the first key at or after a sequence is the block that
// holds it.
[[nodiscard]] inline std::string block_key(std::uint64_t last) { return big_endian_key(last); }

// In the table tiles.
[[nodiscard]] inline std::string node_key(unsigned level, std::uint64_t index) {
    return static_cast<char>(level) + big_endian_key(index);
}

[[nodiscard]] std::string day_key(civil_day day);

// The key of a part of a day's rollup, in the table snapshots.
struct part_key {
    static constexpr std::size_t bytes = 20;

    civil_day day{};
    std::uint64_t through = 0;  // the last record that it counts
    std::uint64_t after = 0;    // and the last before it that it does not
    // In the history: the segment that it was in, as 8 bytes more. It counts once that is dropped.
    std::uint64_t segment = 0;

    [[nodiscard]] std::string to_bytes() const {
        std::string key = day_key(day) + big_endian_key(through) + big_endian_key(after);
        if (segment != 0) key += big_endian_key(segment);
        return key;
    }
    [[nodiscard]] static std::optional<part_key> parse(std::string_view key) noexcept;
};

// The keys of pieces of what users came to, in the table snapshots: behind those of all days.
inline constexpr std::string_view user_totals_prefix = "\xFF\xFF\xFF\xFF";
[[nodiscard]] std::string user_totals_key(std::uint64_t through);
[[nodiscard]] std::string user_totals_key(std::uint64_t through, std::uint32_t number);

template <class Integer>
[[nodiscard]] std::string to_little_endian(Integer value) {
    std::string bytes;
    append_little_endian(bytes, value);
    return bytes;
}

// A number in the table meta; `missing` where there is none.
template <class View>
[[nodiscard]] result<std::uint64_t> get_number(View const& view, std::string_view key,
                                               std::uint64_t missing = 0) {
    auto const found = view.get(table::meta, key);
    if (!found) return found.error();
    if (!*found) return missing;
    if ((*found)->size() != sizeof(std::uint64_t))
        return fail(errc::corrupt, "the log's '" + std::string(key) + "' has a wrong length");
    return load_little_endian<std::uint64_t>((*found)->data());
}

// The same of a store, in a transaction of its own: of the newest segment, or of that one.
template <class Store>
[[nodiscard]] result<std::uint64_t> read_number(Store const& store, std::string_view key,
                                                std::optional<segment_number> segment = {}) {
    result<std::uint64_t> number = 0;
    auto const look = [&](auto const& view) -> result<void> {
        number = get_number(view, key);
        return {};
    };
    auto const looked = segment ? store.read(*segment, look) : store.read(look);
    if (!looked) return looked.error();
    return number;
}

// The state of the tree in the table meta. A segment without one has no records before it.
template <class View>
[[nodiscard]] result<compact_range> get_tree(View const& view, std::string_view key) {
    auto const found = view.get(table::meta, key);
    if (!found) return found.error();
    if (!*found) return compact_range{};
    return compact_range::from_bytes(**found);
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/engine/log_keys.ipp>
#endif

#endif  // AIAUDIT_ENGINE_LOG_KEYS_HPP
