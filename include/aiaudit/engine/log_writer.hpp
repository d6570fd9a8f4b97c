// SPDX-License-Identifier: MIT
//
// log_writer.hpp: a batch of records into the log: one block (of a large one several), its Merkle
// leaves, one transaction.
//
// What does not depend on the place in the log (the block's bytes, the hashes of the leaves) is
// made before the transaction begins, since only one process at a time can have one.
// Threads: one writer for one thread. Processes: any number, each with its own.
// Floor 6.
#ifndef AIAUDIT_ENGINE_LOG_WRITER_HPP
#define AIAUDIT_ENGINE_LOG_WRITER_HPP

#include <aiaudit/codec/block.hpp>            // block_builder
#include <aiaudit/core/calendar.hpp>          // month_of
#include <aiaudit/engine/batch_queue.hpp>     // batch
#include <aiaudit/engine/ledger_options.hpp>  // rotation_policy
#include <aiaudit/engine/log_keys.hpp>        // meta_key, block_key

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

namespace detail {

// The month of UTC as it is stored.
[[nodiscard]] inline std::uint64_t month_of(timestamp at) {
    return static_cast<std::uint64_t>(month_of(time_zone{}.day_of(at)));
}

template <class Store>
class log_writer {
public:
    log_writer(Store& store, rotation_policy rotation) : store_(&store), rotation_(rotation) {}

    struct written {
        std::uint64_t before = 0;  // records that the log had
        std::uint64_t count = 0;
    };
    // Durable when it returns. `prepare(view, records before) -> result<bool>` is called in the
    // transaction, before the block is put; it says whether it took entries out of the batch.
    // `carry` as in rotate(). Errors: those of the store, of prepare() and carry(); nothing of the
    // batch is in the log.
    template <class Prepare, class Carry>
    [[nodiscard]] result<written> write(batch const& from, timestamp now, Prepare&& prepare,
                                        Carry&& carry) {
        if (auto ok = seal(from); !ok) return ok.error();
        for (bool rotated = false;; rotated = true) {
            auto done = commit(from, now, prepare);
            bool const full = !done && done.error().code == errc::log_full;
            if (done && *done) return **done;
            if (!done && (!full || rotated)) return done.error();
            // The segment is full, or is that of a past month.
            if (auto ok = rotate(now, full, carry); !ok) return ok.error();
        }
    }

    // Begins a new segment, if the present one is full or `always` says so. `carry(old view, next
    // view, compact_range const&) -> result<void>` puts into it what was folded of all before it.
    template <class Carry>
    [[nodiscard]] result<void> rotate(timestamp now, bool always, Carry&& carry) {
        bool declined = false;
        auto const rotated = store_->rotate([&](auto const& old, auto& next) -> result<void> {
            auto const bytes = get_number(old, meta_key::size);
            if (!bytes) return bytes.error();
            // An empty segment is as good as a new one.
            auto const due = always ? result<bool>(*bytes != 0) : is_due(old, now);
            if (!due) return due.error();
            auto const tree = old.get(table::meta, meta_key::tree);
            if (!tree) return tree.error();
            if (!*due || !*tree) {  // another process was quicker
                declined = true;
                return fail(errc::bad_argument, "no new segment is due");
            }
            auto const saved = get_number(old, meta_key::saved);
            if (!saved) return saved.error();
            for (auto const key : {meta_key::tree, meta_key::base}) {
                if (auto ok = next.replace(table::meta, key, **tree); !ok) return ok;
            }
            auto const put_saved =
                next.replace(table::meta, meta_key::saved, to_little_endian(*saved));
            if (!put_saved) return put_saved;
            if (auto ok = carry_spilled(old, next); !ok) return ok;
            auto const void_parts = old.get(table::meta, meta_key::void_parts);
            if (!void_parts) return void_parts.error();
            if (*void_parts) {
                auto const put = next.replace(table::meta, meta_key::void_parts, **void_parts);
                if (!put) return put;
            }
            auto const range = compact_range::from_bytes(**tree);
            if (!range) return range.error();
            if (auto ok = carry(old, next, *range); !ok) return ok;
            return next.replace(table::meta, meta_key::month, to_little_endian(month_of(now)));
        });
        if (!rotated && !declined) return rotated.error();
        return {};
    }

private:
    // How far files of spilled records were taken in.
    template <class From, class To>
    [[nodiscard]] static result<void> carry_spilled(From const& old, To& next) {
        result<void> put;
        auto const scanned = old.scan(table::meta, meta_key::spill_prefix,
                                      [&](std::string_view key, std::string_view value) {
                                          if (!key.starts_with(meta_key::spill_prefix))
                                              return false;
                                          put = next.replace(table::meta, key, value);
                                          return put.has_value();
                                      });
        return scanned ? put : scanned;
    }

    // Of a block that would hold more, another one is begun.
    static constexpr std::uint32_t block_records_most = 65'536;
    static constexpr std::size_t block_bytes_most = std::size_t{32} << 20;

    // The blocks and the leaves.
    [[nodiscard]] result<void> seal(batch const& from) {
        builders_.resize(1);
        builders_.front().clear();
        leaves_.clear();
        leaves_.reserve(from.count);
        return from.for_each([this](std::string_view encoded) -> result<void> {
            if (builders_.back().count() >= block_records_most ||
                builders_.back().size() >= block_bytes_most)
                builders_.emplace_back();
            builders_.back().add_encoded(encoded);
            leaves_.push_back(leaf_hash(encoded));
            return {};
        });
    }

    template <class View>
    [[nodiscard]] result<bool> is_due(View const& view, timestamp now) const {
        auto const bytes = get_number(view, meta_key::size);
        if (!bytes) return bytes.error();
        if (*bytes == 0) return false;
        if (*bytes >= rotation_.segment_bytes) return true;
        auto const month = get_number(view, meta_key::month);
        if (!month) return month.error();
        return rotation_.monthly && *month < month_of(now);
    }

    // False where a new segment is due first.
    template <class Prepare>
    [[nodiscard]] result<std::optional<written>> commit(batch const& from, timestamp now,
                                                        Prepare&& prepare) {
        std::optional<written> done;
        auto const committed = store_->write([&](auto& view) -> result<void> {
            auto const due = is_due(view, now);
            if (!due) return due.error();
            if (*due) return {};
            auto tree = get_tree(view, meta_key::tree);
            if (!tree) return tree.error();
            std::uint64_t const before = tree->size();
            auto const taken_out = prepare(view, before);
            if (!taken_out) return taken_out.error();
            if (*taken_out) {
                if (auto ok = seal(from); !ok) return ok;
            }
            if (from.count == 0) {
                done = written{before, 0};
                return {};
            }
            if (auto ok = put_blocks(view, before); !ok) return ok;
            if (auto ok = put_tree(view, *tree); !ok) return ok;
            if (auto ok = count_block(view, now); !ok) return ok;
            done = written{before, leaves_.size()};
            return {};
        });
        if (!committed) return committed.error();
        return done;
    }

    template <class View>
    [[nodiscard]] result<void> put_blocks(View& view, std::uint64_t before) {
        for (block_builder& each : builders_) {
            auto const room =
                view.reserve(table::blocks, block_key(before + each.count()), each.size());
            if (!room) return room.error();
            each.write(sequence{before + 1}, room->data());
            before += each.count();
        }
        return {};
    }
    template <class View>
    [[nodiscard]] result<void> put_tree(View& view, compact_range& tree) const {
        result<void> put;
        for (digest const& leaf : leaves_) {
            tree.append(leaf, [&](unsigned level, std::uint64_t index, digest const& hash) {
                if (!is_tile_level(level) || !put) return;
                put = view.insert(table::tiles, node_key(level, index), view_of(hash.bytes));
            });
        }
        if (!put) return put;
        return view.replace(table::meta, meta_key::tree, tree.to_bytes());
    }
    template <class View>
    [[nodiscard]] result<void> count_block(View& view, timestamp now) const {
        auto const bytes = get_number(view, meta_key::size);
        if (!bytes) return bytes.error();
        if (*bytes == 0) {
            auto const month = to_little_endian(month_of(now));
            if (auto ok = view.replace(table::meta, meta_key::month, month); !ok) return ok;
        }
        std::uint64_t sum = *bytes;
        for (block_builder const& each : builders_) sum += each.size();
        return view.replace(table::meta, meta_key::size, to_little_endian(sum));
    }

    Store* store_;
    rotation_policy rotation_;
    std::vector<block_builder> builders_{};  // at least one, once sealed
    std::vector<digest> leaves_{};
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_ENGINE_LOG_WRITER_HPP
