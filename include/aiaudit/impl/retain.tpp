// SPDX-License-Identifier: MIT
//
// retain.tpp: the templates of retain.hpp, for any policies.
#ifndef AIAUDIT_IMPL_RETAIN_TPP
#define AIAUDIT_IMPL_RETAIN_TPP

#include <aiaudit/codec/record_codec.hpp>       // encode_record
#include <aiaudit/engine/gate_check.hpp>        // gate_check
#include <aiaudit/engine/log_keys.hpp>          // meta_key
#include <aiaudit/engine/log_reader.hpp>        // log_reader
#include <aiaudit/engine/part_check.hpp>        // part_check
#include <aiaudit/engine/part_table.hpp>        // digest_of_parts
#include <aiaudit/engine/retention_record.hpp>  // retention_tag
#include <aiaudit/engine/sink_mark.hpp>         // read_sink_marks
#include <aiaudit/integrity/merkle.hpp>         // leaf_hash
#include <aiaudit/integrity/run_secret.hpp>     // draw_secret
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
        if (!policy_.drop_unshipped) {
            auto const hold = hold_of_sinks(ledger_);
            if (!hold) return hold.error();
            if (*hold) shipped_ = (*hold)->shipped;
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
        if (value_of(found.last) > shipped_) return std::optional<dropped_segment>{};
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
        // What is kept is vouched for by the record: so it is held to the records that go, first.
        auto const secret = draw_secret();
        if (!secret) return secret.error();
        part_check parts(*secret);
        if (auto ok = parts.begin(store_, value_of(segment.last)); !ok) return ok;
        gate_check<store_type> gates(store_, log_);
        if (auto ok = gates.begin(); !ok) return ok;
        if (auto ok = check_past(parts, gates); !ok) return ok;
        if (auto ok = keep_leaves(segment, parts, gates); !ok) return ok;
        std::vector<std::string> wrong;
        std::vector<std::string> unvouched;
        parts.end(value_of(segment.first), value_of(segment.last), wrong, unvouched);
        gates.end((std::numeric_limits<std::uint64_t>::max)(), wrong, unvouched);
        if (!wrong.empty())
            return fail(errc::corrupt, "nothing is dropped: " + wrong.front() +
                                           "; aiaudit verify says what else is wrong");
        if (auto ok = keep_parts_and_nodes(segment.number); !ok) return ok;
        if (auto ok = mark_dropped(segment); !ok) return ok;
        if (auto ok = announce(segment); !ok) return ok;
        return store_.drop_oldest(segment.number);
    }
    // What was kept of earlier segments, with what the record of the last one says.
    [[nodiscard]] result<void> check_past(part_check& parts, gate_check<store_type> const& gates) {
        auto const note = newest_retention(store_, log_);
        if (!note) return note.error();
        if (!*note) return {};
        bool const same_parts =
            !(*note)->parts || parts.past().value((*note)->last) == *(*note)->parts;
        bool const same_gate = !(*note)->gate || gates.base() == (*note)->gate;
        if (same_parts && same_gate) return {};
        return fail(errc::corrupt,
                    std::string("nothing is dropped: ") +
                        (same_parts ? "what budgets had come to before the oldest record"
                                    : "the rollups of dropped records") +
                        ", as it is kept, is not what the log had when those were dropped; aiaudit "
                        "verify says more");
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
        auto const text = [](auto number) { return std::to_string(number); };
        auto const name = [](std::string_view tag) { return std::string(tag); };
        entry.tags = {{name(retention_tag::segment), text(segment.number)},
                      {name(retention_tag::first), text(value_of(segment.first))},
                      {name(retention_tag::last), text(value_of(segment.last))}};
        part_check parts(sha256_value{});
        if (auto ok = parts.begin(store_, 0); !ok) return ok;
        entry.tags.emplace_back(retention_tag::parts,
                                parts.past().value(value_of(segment.last)).to_string());
        auto const gate = gate_after(segment.number);
        if (!gate) return gate.error();
        if (*gate) entry.tags.emplace_back(retention_tag::gate, (*gate)->to_string());
        if (policy_.age_min.count() != 0)
            entry.tags.emplace_back("age_min_seconds", text(policy_.age_min.count()));
        if (policy_.age_max)
            entry.tags.emplace_back("age_max_seconds", text(policy_.age_max->count()));
        if (policy_.bytes_max) entry.tags.emplace_back("bytes_max", text(*policy_.bytes_max));
        auto const appended = ledger_.append(entry);
        if (!appended) return appended.error();
        return store_.write_history([&](auto& view) -> result<void> {
            auto const number = to_little_endian(std::uint64_t{segment.number});
            if (auto ok = view.replace(table::meta, meta_key::announced, number); !ok) return ok;
            return view.replace(table::meta, meta_key::vouched,
                                to_little_endian(value_of(*appended)));
        });
    }
    // What budgets had come to when the next segment began.
    [[nodiscard]] result<std::optional<digest>> gate_after(segment_number segment) const {
        std::optional<digest> found;
        auto const read = store_.read(segment + 1, [&found](auto const& view) -> result<void> {
            auto const base = view.get(table::meta, meta_key::gate_base);
            if (!base) return base.error();
            if (*base) found = digest{sha256(**base)};
            return {};
        });
        if (!read) return read.error();
        return found;
    }

    // The history stands for the segment from now on, and says where its parts stand.
    [[nodiscard]] result<void> mark_dropped(dropped_segment const& segment) {
        auto const tree = log_.base_of(segment.number + 1);
        if (!tree) return tree.error();
        part_rule const rule{segment.number, {}};
        return store_.write_history([&](auto& view) -> result<void> {
            auto const content = digest_of_parts(
                view, [&rule](part_key const& part) { return rule.counts(part, history); });
            if (!content) return content.error();
            fold_stand const stand{tree->size(), tree->root(), *content};
            if (auto ok = view.replace(table::meta, meta_key::parts, stand.to_bytes()); !ok)
                return ok;
            return view.replace(table::meta, meta_key::dropped,
                                to_little_endian(std::uint64_t{segment.number}));
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
        part_rule rule;
        auto const newest =
            store_.read([&rule](auto const& view) -> result<void> { return rule.read_void(view); });
        if (!newest) return newest;
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
                    std::erase_if(slice, [&](kept_entry const& each) {
                        auto const part = part_key::parse(each.key);
                        return !part || !rule.counts(*part, segment);
                    });
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
    [[nodiscard]] result<void> keep_leaves(dropped_segment const& segment, part_check& parts,
                                           gate_check<store_type>& gates) {
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
        auto const read = log_.views(next, [&](sequence number, record_view const& entry) {
            parts.add(value_of(number), entry);
            gates.add(value_of(number), entry);
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
    // What all sinks have.
    std::uint64_t shipped_ = (std::numeric_limits<std::uint64_t>::max)();
};

}  // namespace detail

template <class Policies>
result<std::optional<retention_hold>> hold_of_sinks(basic_ledger<Policies> const& log) {
    auto const size = log.last_sequence();
    if (!size) return size.error();
    auto const marks = read_sink_marks(log.path());
    if (!marks) return marks.error();
    std::optional<retention_hold> hold;
    for (sink_mark const& mark : *marks) {
        if (mark.shipped >= value_of(*size) || (hold && hold->shipped <= mark.shipped)) continue;
        hold = retention_hold{mark.name, mark.shipped};
    }
    return hold;
}

template <class Policies>
result<std::vector<dropped_segment>> retain(basic_ledger<Policies>& from,
                                            retention_policy const& policy) {
    return detail::retention<basic_ledger<Policies>>(from, policy).run();
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_RETAIN_TPP
