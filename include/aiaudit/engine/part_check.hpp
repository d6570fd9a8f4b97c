// SPDX-License-Identifier: MIT
//
// part_check.hpp: whether the day parts that reports count are the sums of the log's records.
//
// The parts are read first, as they are at one time; then whoever reads the records hands them in.
// Each outcome and correction up to the last that is saved must be in one part of its day, and in
// no other, and each part must have the fingerprint of its records. Parts of records that were
// dropped are held to their digest, which the record of retention has.
// Memory: some 400 bytes a part, 8 MiB, and what the names of one part take.
// Threads: one.
// Floor 6.
#ifndef AIAUDIT_ENGINE_PART_CHECK_HPP
#define AIAUDIT_ENGINE_PART_CHECK_HPP

#include <aiaudit/core/digest.hpp>              // digest
#include <aiaudit/engine/part_places.hpp>       // for_each_part_place
#include <aiaudit/engine/user_totals.hpp>       // user_totals_entry
#include <aiaudit/rollup/model_limit.hpp>       // model_limit
#include <aiaudit/rollup/part_fingerprint.hpp>  // fingerprinter

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// A part that reports count.
struct checked_part {
    part_key key{};                            // without the segment
    std::optional<part_fingerprint> stored{};  // of those that are compared, where it can be read
    std::string unreadable{};
    compared_numbers which = compared_numbers::all;
    bool limits_models = true;  // an older version did not (model_limit.hpp)
    part_fingerprint folded{};
};

// SHA-256 over the keys (20 bytes) and the SHA-256 of the bytes of parts, in the order of the keys.
class part_list_digest {
public:
    void add(part_key key, std::string_view bytes);
    // Of those that begin before a record.
    [[nodiscard]] digest value(std::uint64_t before);
    [[nodiscard]] bool empty() const noexcept { return lines_.empty(); }

private:
    std::vector<std::pair<std::string, std::uint64_t>> lines_{};
};

class part_check {
public:
    explicit part_check(sha256_value const& secret) : fingers_(secret) {}

    // Reads the parts as they are now; compares those that begin before a record. Errors: the
    // store's; not_found, where a segment was dropped meanwhile.
    template <class Store>
    [[nodiscard]] result<void> begin(
        Store const& store, std::uint64_t before = (std::numeric_limits<std::uint64_t>::max)());

    // The next record.
    template <class Record>
    void add(std::uint64_t number, Record const& entry) {
        bool const counts =
            entry.kind == record_kind::outcome || entry.kind == record_kind::correction;
        if (!counts || number <= dropped_ || number > saved_) return;
        std::int64_t const slot = slot_of(entry.started_at);
        civil_day const day = utc_day_of_slot(slot);
        bool const is_in = current_ != nullptr && current_->key.day == day &&
                           current_->key.after < number && number <= current_->key.through;
        if (!is_in && !find_part(day, number)) return;
        std::string_view model = entry.model();
        if (!limited_.empty() && !has_own_row(day, entry.key_id, entry.provider, model))
            model = other_models;
        fingers_.add(entry, model, static_cast<std::uint32_t>(slot - first_slot_of(day)),
                     current_->which, current_->folded);
    }
    // All records from `first` to `last` were added. What is wrong, a line each; what could not be
    // compared goes to `unvouched`.
    void end(std::uint64_t first, std::uint64_t last, std::vector<std::string>& findings,
             std::vector<std::string>& unvouched);

    // Up to which record the parts go, and the last record that was dropped.
    [[nodiscard]] std::uint64_t saved() const noexcept { return saved_; }
    [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }
    // The last that the history stands for: it may be there still.
    [[nodiscard]] std::uint64_t marked() const noexcept { return marked_; }
    // Of the parts of dropped records.
    [[nodiscard]] part_list_digest& past() noexcept { return past_; }

private:
    static constexpr std::size_t findings_most = 20;  // of one kind

    void read_part(part_key const& key, std::string_view bytes, bool is_compared);
    // Of a part that is not compared, what those that are depend on.
    [[nodiscard]] result<void> read_beside(part_key const& key, std::string_view bytes);
    void note_limited(day_part const& part);
    [[nodiscard]] bool has_own_row(civil_day day, std::string_view key, std::string_view provider,
                                   std::string_view model);
    [[nodiscard]] bool counts_totals_of(part_key const& key) const noexcept {
        return totals_.through != 0 && key.through <= totals_.through;
    }
    void check_totals(std::vector<std::string>& findings) const;
    template <class View>
    [[nodiscard]] result<void> find_totals(View const& view, part_rule const& rule);
    // `last`: the greatest user of the pieces before.
    void add_piece(std::string_view bytes, std::string& last);
    template <class Store>
    [[nodiscard]] result<void> read_totals(Store const& store);
    [[nodiscard]] bool find_part(civil_day day, std::uint64_t number);
    void check_ranges(std::vector<std::string>& findings) const;

    // What users came to over all days: a copy of the parts that go up to some record.
    struct totals_fingerprint {
        segment_number segment = 0;
        std::uint64_t through = 0;  // 0: there are none
        std::uint32_t pieces = 0;
        bool bound = true;  // no part goes over `through`: else nobody reads them
        prime_number of_pieces{};
        prime_number of_parts{};
        std::string unreadable{};
    };
    static constexpr std::size_t models_bytes_max = std::size_t{64} << 20;

    fingerprinter fingers_;
    // Keys that have more models on a day than count under their own names, and which do.
    std::set<std::pair<civil_day, std::string>, std::less<>> limited_{};
    std::set<civil_day> limited_days_{};
    model_limit models_{};
    bool too_many_models_ = false;
    totals_fingerprint totals_{};
    std::map<civil_day, std::vector<checked_part>> parts_{};  // by `after`
    checked_part* current_ = nullptr;
    std::vector<std::string> missing_{};
    std::map<civil_day, std::uint64_t> missing_of_{};  // how many records of a day
    part_list_digest past_{};
    std::uint64_t saved_ = 0;
    std::uint64_t dropped_ = 0;
    std::uint64_t marked_ = 0;
};

template <class Store>
result<void> part_check::begin(Store const& store, std::uint64_t before) {
    parts_.clear();
    past_ = {};
    limited_.clear();
    limited_days_.clear();
    models_.clear();
    totals_ = {};
    part_rule rule;
    bool begun = false;
    auto const there = store.segments();
    if (!there) return there.error();
    auto const oldest = store.read(there->oldest, [this](auto const& view) -> result<void> {
        auto const base = get_tree(view, meta_key::base);
        if (!base) return base.error();
        dropped_ = base->size();
        return {};
    });
    if (!oldest) return oldest;
    auto const read = for_each_part_place(store, rule, [&](auto const& view) -> result<void> {
        if (auto ok = find_totals(view, rule); !ok) return ok;
        if (view.segment() != history) {
            if (!begun) {
                auto const base = get_tree(view, meta_key::base);
                if (!base) return base.error();
                marked_ = base->size();
            }
            begun = true;
            auto const saved = get_number(view, meta_key::saved);
            if (!saved) return saved.error();
            saved_ = *saved;
        }
        return view.scan(table::snapshots, {}, [&](std::string_view key, std::string_view bytes) {
            auto part = part_key::parse(key);
            if (!part || !rule.counts(*part, view.segment())) return true;
            part->segment = 0;
            bool const of_dropped = part->after < dropped_;
            if (of_dropped || part->after < marked_ || view.segment() == history)
                past_.add(*part, bytes);
            if (!of_dropped || part->through > dropped_)
                read_part(*part, bytes, !of_dropped && part->after < before);
            release(view, bytes);
            return true;
        });
    });
    if (!read || (limited_.empty() && totals_.through == 0)) return read;
    // A second look, since the first one says at what.
    auto const beside = for_each_part_place(store, rule, [&](auto const& view) -> result<void> {
        result<void> all;
        auto const scanned =
            view.scan(table::snapshots, {}, [&](std::string_view key, std::string_view bytes) {
                auto const part = part_key::parse(key);
                if (part && rule.counts(*part, view.segment())) all = read_beside(*part, bytes);
                release(view, bytes);
                return all.has_value();
            });
        return scanned ? all : scanned;
    });
    return beside ? read_totals(store) : beside;
}

template <class View>
result<void> part_check::find_totals(View const& view, part_rule const& rule) {
    if (rule.voids_in(view.segment())) return {};
    auto const found = view.get(table::meta, meta_key::user_totals);
    if (!found) return found.error();
    if (!*found) return {};
    totals_ = {};
    auto const entry = user_totals_entry::parse(**found);
    if (!entry) return {};  // nobody reads them then
    totals_.segment = view.segment();
    totals_.through = entry->stand.size;
    totals_.pieces = entry->pieces;
    return {};
}

template <class Store>
result<void> part_check::read_totals(Store const& store) {
    if (totals_.through == 0) return {};
    std::string const prefix = user_totals_key(totals_.through);
    std::uint32_t pieces = 0;
    std::string last;
    auto const read = store.read(totals_.segment, [&](auto const& view) {
        return view.scan(table::snapshots, prefix,
                         [&](std::string_view key, std::string_view bytes) {
                             if (!key.starts_with(prefix)) return false;
                             ++pieces;
                             add_piece(bytes, last);
                             release(view, bytes);
                             return true;
                         });
    });
    if (read && pieces != totals_.pieces) totals_.unreadable = "some are missing";
    return read;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/engine/part_check.ipp>
#endif

#endif  // AIAUDIT_ENGINE_PART_CHECK_HPP
