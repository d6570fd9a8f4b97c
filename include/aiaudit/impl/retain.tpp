// SPDX-License-Identifier: MIT
//
// retain.tpp: the templates of retain.hpp, for any policies.
#ifndef AIAUDIT_IMPL_RETAIN_TPP
#define AIAUDIT_IMPL_RETAIN_TPP

#include <aiaudit/codec/record_codec.hpp>  // encode_record
#include <aiaudit/engine/log_keys.hpp>     // meta_key
#include <aiaudit/engine/log_reader.hpp>   // log_reader
#include <aiaudit/integrity/merkle.hpp>    // leaf_hash
#include <aiaudit/retain.hpp>
#include <aiaudit/storage/lmdb_store.hpp>  // lmdb_store

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

namespace detail {

template <class Ledger>
class retention {
public:
    using store_type = typename Ledger::storage;
    retention(Ledger& from, retention_policy const& policy)
        : ledger_(from), store_(from.store()), log_(from.log()), policy_(policy) {}

    [[nodiscard]] result<std::vector<dropped_segment>> run() {
        if (policy_.age_max && *policy_.age_max < policy_.age_min)
            return fail(errc::bad_argument, "the greatest age is less than the least");
        if (!policy_.dry_run) {
            if (auto ok = finish_what_was_begun(); !ok) return ok.error();
        }
        auto const there = store_.segments();
        if (!there) return there.error();
        std::vector<dropped_segment> dropped;
        for (segment_number segment = there->oldest; segment < there->newest; ++segment) {
            auto const next = due(segment);
            if (!next) return next.error();
            if (!*next || dropped.size() == policy_.segments_max) break;
            if (!policy_.dry_run) {
                auto const settled = settle_what_is_over(**next);
                if (!settled) return settled.error();
                if (!*settled) break;
                if (auto ok = drop(**next); !ok) return ok.error();
            }
            dropped.push_back(**next);
        }
        return dropped;
    }

private:
    // Which records a segment has that is not the newest.
    [[nodiscard]] result<dropped_segment> outline(segment_number segment) const {
        auto const base = log_.base_of(segment);
        if (!base) return base.error();
        auto const end = log_.base_of(segment + 1);
        if (!end) return end.error();
        return dropped_segment{segment, sequence{base->size() + 1}, sequence{end->size()}, {}};
    }

    [[nodiscard]] result<std::optional<dropped_segment>> due(segment_number segment) {
        auto outlined = outline(segment);
        if (!outlined) return outlined.error();
        dropped_segment& found = *outlined;
        found.latest.ns = (std::numeric_limits<std::int64_t>::min)();
        auto const headers = log_.blocks(value_of(found.first), [&](std::string_view block) {
            auto const header = read_block_header(block);
            if (!header) return result<bool>(header.error());
            found.latest = (std::max)(found.latest, header->latest);
            return result<bool>(header->last() < value_of(found.last));
        });
        if (!headers) return headers.error();
        auto const age = ledger_.time().now().ns / nanoseconds_per_second - found.latest.seconds();
        bool const old = policy_.age_max && age > policy_.age_max->count();
        bool const large = policy_.bytes_max && ledger_.bytes_on_disk() > *policy_.bytes_max;
        if (age < policy_.age_min.count() || !(old || large))
            return std::optional<dropped_segment>{};
        return std::optional(found);
    }

    // Attempts whose time is over are settled, since what they hold is told by their intents. False
    // where one of the segment's is under way.
    [[nodiscard]] result<bool> settle_what_is_over(dropped_segment const& segment) {
        auto const settled = ledger_.reconcile(ledger_.time().now());
        if (!settled) return settled.error();
        auto const open = ledger_.open_reservations();
        if (!open) return open.error();
        return open->empty() || open->front().intent > segment.last;
    }

    [[nodiscard]] result<void> drop(dropped_segment const& segment) {
        // From here on no part of the rollup may depend on the segment's records.
        if (auto ok = save_through(value_of(segment.last)); !ok) return ok;
        if (auto ok = keep_parts_and_nodes(segment.number); !ok) return ok;
        if (auto ok = keep_leaves(segment); !ok) return ok;
        if (auto ok = mark(meta_key::dropped, segment.number); !ok) return ok;
        if (auto ok = announce(segment); !ok) return ok;
        return store_.drop_oldest(segment.number);
    }

    [[nodiscard]] result<void> save_through(std::uint64_t last) {
        for (int tries = 0; tries < 100; ++tries) {
            if (auto ok = ledger_.save(); !ok) return ok;
            auto const saved = read_number(store_, meta_key::saved);
            if (!saved) return saved.error();
            if (*saved >= last) return {};  // else another process saved less than that meanwhile
        }
        return fail(errc::storage_failed, "the rollups of record " + std::to_string(last) +
                                              " are not saved; nothing was dropped");
    }

    // A run that was cut off after a segment had been marked: it is as good as dropped.
    [[nodiscard]] result<void> finish_what_was_begun() {
        for (;;) {
            auto const there = store_.segments();
            if (!there) return there.error();
            auto const dropped = read_number(store_, meta_key::dropped, history);
            if (!dropped) return dropped.error();
            if (there->oldest > *dropped) return {};
            auto const announced = read_number(store_, meta_key::announced, history);
            if (!announced) return announced.error();
            if (*announced < there->oldest) {
                auto const cut_off = outline(there->oldest);
                if (!cut_off) return cut_off.error();
                if (auto ok = announce(*cut_off); !ok) return ok;
            }
            if (auto ok = store_.drop_oldest(there->oldest); !ok) return ok;
        }
    }

    // Says in the log what was dropped.
    [[nodiscard]] result<void> announce(dropped_segment const& segment) {
        record entry;
        entry.kind = record_kind::retention;
        entry.cost_status = cost_status::no_charge;
        entry.operation = operation::other;
        entry.started_at = ledger_.time().now();
        entry.tags = {{"segment", std::to_string(segment.number)},
                      {"first_sequence", std::to_string(value_of(segment.first))},
                      {"last_sequence", std::to_string(value_of(segment.last))}};
        auto const text = [](auto number) { return std::to_string(number); };
        if (policy_.age_min.count() != 0)
            entry.tags.emplace_back("age_min_seconds", text(policy_.age_min.count()));
        if (policy_.age_max)
            entry.tags.emplace_back("age_max_seconds", text(policy_.age_max->count()));
        if (policy_.bytes_max) entry.tags.emplace_back("bytes_max", text(*policy_.bytes_max));
        auto const appended = ledger_.append(entry);
        if (!appended) return appended.error();
        return mark(meta_key::announced, segment.number);
    }

    [[nodiscard]] result<void> mark(std::string_view key, segment_number segment) {
        return store_.write_history([&](auto& view) {
            return view.replace(table::meta, key, to_little_endian(std::uint64_t{segment}));
        });
    }
    struct kept_entry {
        table in{};
        std::string key{};
        std::string value{};
    };
    // In slices, so that no transaction grows with the segment. The keys in the history follow from
    // those in the segment, so what a crash cut off can be done again.
    [[nodiscard]] result<void> keep_parts_and_nodes(segment_number segment) {
        for (table const in : {table::snapshots, table::tiles}) {
            for (std::string from(1, '\0');;) {
                std::vector<kept_entry> slice;
                std::size_t bytes = 0;
                auto const read = store_.read(segment, [&](auto const& view) {
                    return view.scan(in, from, [&](std::string_view key, std::string_view value) {
                        if (in == table::snapshots && key.starts_with(user_totals_prefix))
                            return false;  // they are made anew
                        slice.push_back({in, std::string(key), std::string(value)});
                        bytes += value.size();
                        return bytes < slice_bytes && slice.size() < slice_entries;
                    });
                });
                if (!read) return read;
                if (slice.empty()) break;
                from = slice.back().key + '\0';
                if (in == table::snapshots) {
                    for (kept_entry& part : slice) part.key += big_endian_key(segment);
                }
                if (auto ok = put(slice); !ok) return ok;
            }
        }
        return {};
    }
    [[nodiscard]] result<void> put(std::vector<kept_entry> const& slice) {
        return store_.write_history([&slice](auto& view) -> result<void> {
            for (kept_entry const& kept : slice) {
                if (auto ok = view.replace(kept.in, kept.key, kept.value); !ok) return ok;
            }
            return {};
        });
    }

    // The hashes of the segment's records, by groups of 256; of its last group the hashes up to its
    // end, to which those of the next segment will be added when that one goes.
    [[nodiscard]] result<void> keep_leaves(dropped_segment const& segment) {
        std::vector<kept_entry> slice;
        std::uint64_t const last = value_of(segment.last);
        std::uint64_t next = value_of(segment.first);
        std::string room;
        std::string group;
        auto const kept = log_.kept_leaves((next - 1) >> tile_levels);
        if (!kept) return kept.error();
        // More are there where a run was cut off after it had written them.
        std::uint64_t const before = (next - 1) % tile_leaves;
        if (kept->size() < before)
            return fail(errc::corrupt, "hashes of dropped records before record " +
                                           std::to_string(next) + " are missing");
        for (std::uint64_t i = 0; i < before; ++i) group.append(view_of((*kept)[i].bytes));
        result<void> done;
        auto const flush_group = [&] {
            std::uint64_t const number = (next - 2) >> tile_levels;
            slice.push_back({table::tiles, node_key(0, number), std::exchange(group, {})});
            if (slice.size() < slice_entries) return;
            done = put(slice);
            slice.clear();
        };
        auto const read = log_.views(next, [&](sequence, record_view const& entry) {
            group.append(view_of(leaf_hash(encode_record(entry, room)).bytes));
            ++next;
            if ((next - 1) % tile_leaves == 0 || next > last) flush_group();
            return next <= last && done.has_value();
        });
        if (!read) return read;
        if (!done) return done;
        return slice.empty() ? result<void>{} : put(slice);
    }

    static constexpr std::size_t slice_bytes = std::size_t{16} << 20;
    static constexpr std::size_t slice_entries = 256;

    Ledger& ledger_;
    store_type& store_;
    log_reader<store_type> const& log_;
    retention_policy const& policy_;
};

}  // namespace detail

template <class Policies>
result<std::vector<dropped_segment>> retain(basic_ledger<Policies>& from,
                                            retention_policy const& policy) {
    return detail::retention<basic_ledger<Policies>>(from, policy).run();
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_RETAIN_TPP
