// SPDX-License-Identifier: MIT
//
// part_shelf.hpp: the day parts that count a log's records, in the store and, where nothing can be
// saved, in memory.
//
// They are held to where they stand: what is not of this log, or was damaged, does not count, if
// its records can be folded anew. Parts are put beside each other, one a day and save. Where a day
// has many of about one size, they are made into one, in a transaction of its own: so each cell is
// written anew a few times at most, a day has few parts, and writers wait only for what is put, not
// for the work. Memory: what is held, and 8 MiB of parts and their cells while some are made into
// one.
// Threads: one at a time. Processes: any; what others save is seen after start().
// Floor 6.
#ifndef AIAUDIT_ENGINE_PART_SHELF_HPP
#define AIAUDIT_ENGINE_PART_SHELF_HPP

#include <aiaudit/engine/log_keys.hpp>         // part_key
#include <aiaudit/engine/part_places.hpp>      // for_each_part_place
#include <aiaudit/engine/part_table.hpp>       // digest_of_parts
#include <aiaudit/rollup/day_part_writer.hpp>  // merge_day_parts

#include <algorithm>
#include <bit>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

using parts_by_day = std::map<civil_day, std::string>;

template <class Store>
class part_shelf {
public:
    part_shelf(Store& store, log_reader<Store> const& log) : store_(&store), log_(&log) {}

    // Begins anew with the parts of the store, which it says go up to the record `stored`. Returns
    // the days of UTC that have some, ascending. What is wrong with them goes to `wrong`, in words.
    // `anew`: they are not believed, whatever they show. Errors: the store's.
    [[nodiscard]] result<std::vector<civil_day>> start(std::uint64_t stored, bool anew,
                                                       std::string& wrong) {
        places_.clear();
        held_.clear();
        stale_ = false;
        stored_parts found;
        auto const listed = for_each_part_place(*store_, rule_, [&](auto const& view) {
            return found.list(view, rule_, [&](part_key const& part) {
                places_.insert({part.day, view.segment()});
            });
        });
        if (!listed) return note(listed).error();
        if (found.saved != stored) {
            stale_ = true;
            return fail(errc::storage_failed, "the rollup was saved meanwhile");
        }
        if (found.newest) {
            auto const is_of = is_stand_of(*log_, *found.newest);
            bool const damaged = !is_of && is_of.error().code == errc::corrupt;
            if (!is_of && !damaged) return note(is_of.error()).error();
            found.good = found.good && found.newest->size == stored && (damaged || *is_of);
        }
        wrong = found.words();
        found.good = found.good && !anew;
        saved_ = stored_ = stored;
        replaces_ = found.can_be_folded_anew();
        if (replaces_) saved_ = *found.begin;
        std::vector<civil_day> days;
        for (auto const& [day, segment] : places_) {
            if (days.empty() || days.back() != day) days.push_back(day);
        }
        return days;
    }
    // The last record that the parts count that count.
    [[nodiscard]] std::uint64_t saved() const noexcept { return saved_; }
    // The same, as the store says: of other parts too, which are to be replaced.
    [[nodiscard]] std::uint64_t stored() const noexcept { return stored_; }
    [[nodiscard]] bool replaces() const noexcept { return replaces_; }
    // Whether something failed because another process saved or dropped meanwhile.
    [[nodiscard]] bool stale() const noexcept { return stale_; }
    void clear_stale() noexcept { stale_ = false; }

    // Whether each part counts records up to `through` alone, or behind it alone.
    [[nodiscard]] result<bool> is_bound(std::uint64_t through) const {
        part_rule rule;
        bool is_bound = through <= saved_;
        auto const listed = for_each_part_place(*store_, rule, [&](auto const& view) {
            return view.scan(table::snapshots, {}, [&](std::string_view key, std::string_view) {
                auto const part = part_key::parse(key);
                if (part && rule.counts(*part, view.segment()))
                    is_bound = is_bound && (part->through <= through || part->after >= through);
                return is_bound;
            });
        });
        if (!listed) return listed.error();
        return is_bound;
    }

    // Calls visit(part) for each part of a day that counts records behind `after`, but for those
    // that other processes saved since: what they count is unsaved here. One that was made of both
    // kinds cannot be told apart. Errors: the store's; storage_failed, and stale() then.
    template <class Visitor>
    [[nodiscard]] result<void> for_each(civil_day day, std::uint64_t after, Visitor&& visit) {
        std::string const prefix = day_key(day);
        for (auto at = places_.lower_bound({day, 0}); at != places_.end() && at->first == day;
             ++at) {
            auto const read = store_->read(at->second, [&](auto const& view) {
                return view.scan(table::snapshots, prefix,
                                 [&](std::string_view key, std::string_view bytes) {
                                     if (!key.starts_with(prefix)) return false;
                                     auto const part = part_key::parse(key);
                                     if (!part || !rule_.counts(*part, at->second)) return true;
                                     if (part->through <= saved_ && part->through > after)
                                         visit(bytes);
                                     release(view, bytes);
                                     stale_ = part->through > saved_ && part->after < saved_;
                                     return !stale_;
                                 });
            });
            if (!read) return note(read);
            if (stale_) return fail(errc::storage_failed, "the rollup was saved meanwhile");
        }
        if (auto const held = held_.find(day); held != held_.end()) {
            for (std::string const& part : held->second) visit(std::string_view(part));
        }
        return {};
    }

    // Holds a part that cannot be saved.
    void hold(civil_day day, std::string&& part) { held_[day].push_back(std::move(part)); }

    // Saves parts, and those that are held, of the records up to `through`, in one segment. False
    // where another process saved meanwhile: then nothing is saved, and start() is next. Errors:
    // the store's.
    [[nodiscard]] result<bool> save(parts_by_day&& parts, std::uint64_t through) {
        auto const tree = log_->tree_of(through);
        if (!tree) return tree.error();
        for (auto& [day, held] : held_) {
            if (auto ok = join(parts[day], held); !ok) return ok.error();
        }
        bool put = false;
        segment_number segment = 0;
        part_rule rule = rule_;
        auto const written = store_->write([&](auto& view) -> result<void> {
            put = false;
            rule = rule_;
            auto const in_store = get_number(view, meta_key::saved);
            if (!in_store) return in_store.error();
            if (*in_store != stored_) return {};
            if (replaces_) {
                if (auto ok = void_parts_after(view, saved_, rule); !ok) return ok;
            }
            for (auto const& [day, part] : parts) {
                part_key const key{day, through, saved_};
                if (auto ok = view.insert(table::snapshots, key.to_bytes(), part); !ok) return ok;
            }
            put = true;
            segment = view.segment();
            if (auto ok = put_stand(view, through, tree->root()); !ok) return ok;
            return view.replace(table::meta, meta_key::saved, to_little_endian(through));
        });
        if (!written) return written.error();
        if (!put) return false;
        for (auto const& [day, part] : parts) places_.insert({day, segment});
        held_.clear();
        saved_ = stored_ = through;
        rule_ = rule;
        replaces_ = false;
        return true;
    }

    // Makes one part of the day's last ones in the newest segment, as often as there are many of
    // about one size. Those that count records up to one of `bounds` are not joined with later
    // ones.
    [[nodiscard]] result<void> merge(civil_day day, std::span<std::uint64_t const> bounds) {
        for (;;) {
            std::vector<std::string> keys;
            std::vector<std::string> parts;
            auto const read = store_->read([&](auto const& view) {
                return this->take_mergeable(view, day_key(day), bounds, keys, parts);
            });
            if (!read || keys.empty()) return read;
            auto const merged =
                merge_day_parts(std::vector<std::string_view>(parts.begin(), parts.end()));
            if (!merged) return merged.error();
            auto const replaced = replace(keys, *merged);
            if (!replaced) return replaced.error();
            if (!*replaced) return {};  // another process did it, or began a new segment
        }
    }

private:
    static constexpr std::size_t parts_of_one_size = 8;
    static constexpr std::size_t merged_bytes_max = std::size_t{8} << 20;

    struct stored_part {
        std::string key{};
        std::uint64_t through = 0;
        std::size_t bytes = 0;

        // Sizes from one power of eight to the next are about one size.
        [[nodiscard]] unsigned level() const noexcept {
            constexpr std::size_t bytes_min = 4096;
            return static_cast<unsigned>(std::bit_width(bytes / bytes_min)) / 3;
        }
    };

    [[nodiscard]] result<void> note(result<void> const& failed) {
        stale_ = stale_ || failed.error().code == errc::not_found;
        return failed;
    }
    // What was held while nothing could be saved becomes a part of what is saved now.
    [[nodiscard]] static result<void> join(std::string& part,
                                           std::vector<std::string> const& held) {
        std::vector<std::string_view> all(held.begin(), held.end());
        if (!part.empty()) all.push_back(part);
        auto joined = merge_day_parts(all);
        if (!joined) return joined.error();
        part = std::move(*joined);
        return {};
    }

    // Where the segment's parts stand, as they are in the view.
    template <class View>
    [[nodiscard]] static result<void> put_stand(View& view, std::uint64_t through,
                                                digest const& root) {
        auto const content = digest_of_parts(view, [](part_key const&) { return true; });
        if (!content) return content.error();
        return view.replace(table::meta, meta_key::parts,
                            fold_stand{through, root, *content}.to_bytes());
    }

    template <class View>
    [[nodiscard]] static result<void> take_mergeable(View const& view, std::string const& prefix,
                                                     std::span<std::uint64_t const> bounds,
                                                     std::vector<std::string>& keys,
                                                     std::vector<std::string>& parts) {
        std::vector<stored_part> all;
        auto const scanned =
            view.scan(table::snapshots, prefix, [&](std::string_view key, std::string_view part) {
                if (!key.starts_with(prefix)) return false;
                if (auto const parsed = part_key::parse(key))
                    all.push_back({std::string(key), parsed->through, part.size()});
                return true;
            });
        if (!scanned) return scanned;
        auto const is_apart = [&bounds](stored_part const& a, stored_part const& b) {
            return std::any_of(bounds.begin(), bounds.end(), [&](std::uint64_t bound) {
                return (a.through <= bound) != (b.through <= bound);
            });
        };
        std::size_t bytes = 0;
        std::size_t first = all.size();
        while (first > 0 && all[first - 1].level() <= all.back().level() &&
               !is_apart(all[first - 1], all.back()) &&
               bytes + all[first - 1].bytes <= merged_bytes_max)
            bytes += all[--first].bytes;
        if (all.size() - first < parts_of_one_size) return {};
        for (; first < all.size(); ++first) {
            auto const part = view.get(table::snapshots, all[first].key);
            if (!part) return part.error();
            if (!*part) return fail(errc::corrupt, "a day part has no value");
            keys.push_back(std::move(all[first].key));
            parts.emplace_back(**part);
        }
        return {};
    }
    // False where not all of them are there any more.
    [[nodiscard]] result<bool> replace(std::vector<std::string> const& keys,
                                       std::string const& merged) {
        auto const key = joined_key(keys);
        if (!key) return key.error();
        bool done = false;
        auto const written = store_->write([&](auto& view) -> result<void> {
            done = false;
            for (std::string const& each : keys) {
                auto const there = view.get(table::snapshots, each);
                if (!there) return there.error();
                if (!*there) return {};
            }
            for (std::string const& each : keys) {
                if (auto ok = view.erase(table::snapshots, each); !ok) return ok;
            }
            done = true;
            if (auto ok = view.insert(table::snapshots, key->to_bytes(), merged); !ok) return ok;
            auto const stored = view.get(table::meta, meta_key::parts);
            if (!stored) return stored.error();
            auto const stand = *stored ? fold_stand::parse(**stored) : std::nullopt;
            return stand ? put_stand(view, stand->size, stand->root) : result<void>{};
        });
        if (!written) return written.error();
        return done;
    }
    [[nodiscard]] static result<part_key> joined_key(std::vector<std::string> const& keys) {
        auto whole = part_key::parse(keys.front());
        for (std::string const& key : keys) {
            auto const part = part_key::parse(key);
            if (!whole || !part) return fail(errc::corrupt, "a day part has no key");
            whole->through = (std::max)(whole->through, part->through);
            whole->after = (std::min)(whole->after, part->after);
        }
        return *whole;
    }

    Store* store_;
    log_reader<Store> const* log_;
    std::set<std::pair<civil_day, segment_number>> places_{};  // where parts of which days lie
    std::map<civil_day, std::vector<std::string>> held_{};     // parts that are not in the store
    std::uint64_t saved_ = 0;
    std::uint64_t stored_ = 0;
    bool replaces_ = false;  // those that go on after saved_ are folded anew
    part_rule rule_{};
    bool stale_ = false;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_ENGINE_PART_SHELF_HPP
