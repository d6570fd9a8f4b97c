// SPDX-License-Identifier: MIT
//
// fold_keeper.hpp: keeps the rollup equal to the log, saves it with the log, and answers reports.
//
// The rollup is saved as parts, one a day and a save, in the transaction of a block, together with
// the number of the record up to which they go. So a process that opens the log folds only what
// came after. Whichever process writes saves for all; another one that sees it starts again from
// what was saved.
// Threads: any.
// Floor 6.
#ifndef AIAUDIT_ENGINE_FOLD_KEEPER_HPP
#define AIAUDIT_ENGINE_FOLD_KEEPER_HPP

#include <aiaudit/engine/batch_queue.hpp>  // batch
#include <aiaudit/engine/log_reader.hpp>   // log_reader
#include <aiaudit/rollup/report.hpp>       // report, rollup

#include <cstdint>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v1 {
namespace detail {

template <class Store>
class fold_keeper {
public:
    struct settings {
        rollup_options rollup{};
        std::uint64_t save_records = 0;  // how many may be unsaved before they are saved
    };
    fold_keeper(Store const& store, log_reader<Store> const& log, settings with)
        : store_(&store), log_(&log), settings_(with), fold_(with.rollup) {}

    // Folds what was committed up to now. To be called before anything else, and by who must know
    // that it is. Errors: those of reading the log.
    [[nodiscard]] result<void> catch_up_now() {
        std::unique_lock const lock(mutex_);
        return catch_up();
    }

    [[nodiscard]] result<report> answer(report_query const& query) {
        {
            std::shared_lock const lock(mutex_);
            if (generation_ != 0 && generation_ == store_->generation() && fold_.ready(query))
                return make_report(fold_, query);
        }
        std::unique_lock const lock(mutex_);
        for (int tries = 0;; ++tries) {
            if (auto ok = catch_up(); !ok) return ok.error();
            stale_ = false;
            auto const prepared =
                fold_.prepare(query, [this](civil_day day, auto&& visit) -> result<void> {
                    return for_each_part(day, visit);
                });
            if (prepared) return make_report(fold_, query);
            // Another process saved in between: what was read is not what was folded.
            if (!stale_ || tries == 8) return prepared.error();
            generation_ = 0;
        }
    }

    // Held from save_in() to saved(): meanwhile no report can be made.
    using save = std::unique_lock<std::shared_mutex>;

    // Puts what is unsaved into a transaction, if there are at least so many records; tree: that of
    // the records in the store. Then `held` is held.
    template <class View>
    [[nodiscard]] result<void> save_in(View& view, compact_range const& tree,
                                       std::uint64_t records_least, save& held) {
        save lock(mutex_);
        if (folded_ != tree.size() || folded_ == saved_ || folded_ - saved_ < records_least)
            return {};
        auto const in_store = get_number(view, meta_key::saved);
        if (!in_store) return in_store.error();
        if (*in_store != saved_) return {};  // another process saved; the next report sees it
        auto const put = fold_.unsaved(
            [&](civil_day day, std::string&& part) { return put_part(view, day, part); });
        if (!put) return put;
        held = std::move(lock);
        return view.replace(table::meta, meta_key::saved, to_little_endian(folded_));
    }
    template <class View>
    [[nodiscard]] result<void> save_in(View& view, compact_range const& tree, save& held) {
        return save_in(view, tree, settings_.save_records, held);
    }
    // How the transaction of save_in ended.
    void saved(save& held, bool committed) {
        if (!held.owns_lock()) return;
        if (committed) {
            fold_.saved();
            saved_ = folded_;
        }
        held.unlock();
    }

    // A batch was committed after `before` records.
    void applied(batch const& added, std::uint64_t before) {
        std::unique_lock const lock(mutex_);
        generation_ = 0;  // looked at again by the next query
        if (before != folded_) return;
        auto const all = added.for_each([this](std::string_view encoded) -> result<void> {
            if (auto ok = decode_record(encoded, entry_); !ok) return ok;
            fold_.apply(entry_);
            ++folded_;
            return {};
        });
        AIAUDIT_ASSERT(all.has_value());  // it was decoded once before
    }

    [[nodiscard]] std::uint64_t unsaved() const {
        std::shared_lock const lock(mutex_);
        return folded_ - saved_;
    }

private:
    // Folds what was committed since, by whatever process. Under mutex_.
    [[nodiscard]] result<void> catch_up() {
        std::uint64_t const now = store_->generation();
        if (now != 0 && now == generation_) return {};
        auto const before = look();
        if (!before) return before.error();
        if (before->saved != saved_ || generation_ == never) {
            if (auto ok = start_from(before->saved); !ok) return ok;
        }
        auto const read = log_->views(folded_ + 1, [this](sequence, record_view const& entry) {
            fold_.apply(entry);
            ++folded_;
            return true;
        });
        if (!read) return read;
        auto const after = look();
        if (!after) return after.error();
        if (folded_ < before->size) return missing(folded_ + 1);
        if (folded_ > after->size)
            return fail(errc::corrupt, "record " + std::to_string(after->size + 1) +
                                           " is not in the tree of the log");
        generation_ = now;
        return {};
    }
    [[nodiscard]] static error missing(std::uint64_t number) {
        return fail(errc::corrupt, "record " + std::to_string(number) + " is missing");
    }

    struct state {
        std::uint64_t size = 0;
        std::uint64_t saved = 0;
    };
    [[nodiscard]] result<state> look() const {
        state found;
        auto const looked = store_->read([&found](auto const& view) -> result<void> {
            auto const tree = get_tree(view, meta_key::tree);
            if (!tree) return tree.error();
            auto const saved = get_number(view, meta_key::saved);
            if (!saved) return saved.error();
            found = {tree->size(), *saved};
            return {};
        });
        if (!looked) return looked.error();
        return found;
    }

    [[nodiscard]] result<void> start_from(std::uint64_t saved) {
        fold_ = rollup(settings_.rollup);
        std::vector<civil_day> days;
        auto const listed = for_each_place([&days](auto const& view, place where) -> result<void> {
            std::optional<civil_day> last;
            return view.scan(table::snapshots, {}, [&](std::string_view key, std::string_view) {
                auto const day = day_of_part(key);
                if (day && day != last && where.counts(key)) days.push_back(*day);
                last = day;
                return true;
            });
        });
        if (!listed) return listed;
        fold_.add_days(days);
        folded_ = saved_ = saved;
        generation_ = 0;
        return {};
    }

    // Calls visit(part) for each stored part of a day.
    template <class Visitor>
    [[nodiscard]] result<void> for_each_part(civil_day day, Visitor&& visit) {
        std::string const prefix = day_key(day);
        return for_each_place([&](auto const& view, place where) -> result<void> {
            result<std::uint64_t> saved = saved_;
            if (where.newest) saved = get_number(view, meta_key::saved);
            if (!saved) return saved.error();
            if (*saved != saved_) {
                stale_ = true;
                return fail(errc::storage_failed, "the rollup was saved meanwhile");
            }
            return view.scan(table::snapshots, prefix,
                             [&](std::string_view key, std::string_view part) {
                                 if (!key.starts_with(prefix)) return false;
                                 if (where.counts(key)) visit(part);
                                 return true;
                             });
        });
    }

    // Where parts lie.
    struct place {
        std::uint64_t dropped = 0;  // the last segment that the history stands for
        bool newest = false;        // the segment that is being written
        // A part that the history has of a segment that is still there is not counted twice.
        [[nodiscard]] bool counts(std::string_view key) const noexcept {
            return segment_of_part(key) <= dropped;
        }
    };
    // Calls visit(view, place) for the history and each segment that it does not stand for.
    template <class Visitor>
    [[nodiscard]] result<void> for_each_place(Visitor&& visit) const {
        std::uint64_t dropped = 0;
        auto const past = store_->read(history, [&](auto const& view) -> result<void> {
            auto const number = get_number(view, meta_key::dropped);
            if (!number) return number.error();
            dropped = *number;
            return visit(view, place{dropped, false});
        });
        if (!past) return past;
        auto const there = store_->segments();
        if (!there) return there.error();
        for (segment_number segment = there->oldest; segment <= there->newest; ++segment) {
            if (segment <= dropped) continue;
            auto const read = store_->read(segment, [&](auto const& view) -> result<void> {
                return visit(view, place{dropped, segment == there->newest});
            });
            if (!read) return read;
        }
        return {};
    }

    // A part of a day beside those that the segment has; many are made into one.
    template <class View>
    [[nodiscard]] result<void> put_part(View& view, civil_day day, std::string const& part) const {
        std::string const prefix = day_key(day);
        std::vector<std::string> keys;
        std::vector<std::string> parts;
        auto const scanned =
            view.scan(table::snapshots, prefix, [&](std::string_view key, std::string_view) {
                if (!key.starts_with(prefix)) return false;
                keys.emplace_back(key);
                return true;
            });
        if (!scanned) return scanned;
        std::string const key = part_key(day, folded_);
        if (keys.size() + 1 < parts_most) return view.insert(table::snapshots, key, part);
        for (auto const& old : keys) {
            auto const found = view.get(table::snapshots, old);
            if (!found) return found.error();
            if (*found) parts.emplace_back(**found);
        }
        parts.push_back(part);
        std::vector<std::string_view> const all(parts.begin(), parts.end());
        auto const merged = merge_day_parts(all);
        if (!merged) return merged.error();
        for (auto const& old : keys) {
            if (auto ok = view.erase(table::snapshots, old); !ok) return ok;
        }
        return view.insert(table::snapshots, key, *merged);
    }

    static constexpr std::uint64_t never = ~std::uint64_t{0};
    static constexpr std::size_t parts_most = 8;

    Store const* store_;
    log_reader<Store> const* log_;
    settings settings_;

    mutable std::shared_mutex mutex_{};
    // Under mutex_.
    rollup fold_;
    std::uint64_t folded_ = 0;          // the last record that is in fold_
    std::uint64_t saved_ = 0;           // the last that is in the parts of the store
    std::uint64_t generation_ = never;  // of the store when all was folded; 0 is "look"
    bool stale_ = false;
    record_view entry_{};  // scratch
};

}  // namespace detail
}  // namespace v1
}  // namespace aiaudit

#endif  // AIAUDIT_ENGINE_FOLD_KEEPER_HPP
