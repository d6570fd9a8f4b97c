// SPDX-License-Identifier: MIT
//
// rollup.hpp: the fold of the log that answers reports.
//
// The finest grain is a 15-minute slot of UTC for one series (one user, project, key, provider,
// model and status). Every zone's days are sums of whole slots, since every offset in use since
// 1972 is a multiple of 15 minutes; a change of clock within a slot counts whole with the day the
// slot begins in. Records not yet saved stand in memory; the caller saves them now and then as day
// parts (day_part.hpp), which outlive the log. Over both stand sums by day (resident_sums.hpp),
// loaded where a query asks for them and kept up to date record by record: a query reads two rows
// of running sums and what is newer, never a record. One that is first to need days is answered
// from these alone, if the caller says so, and then loads the days since bit by bit (load_more).
//
// Memory: at most `memory_bytes` (as of the last prepare(), saved(), first record of a day, or
// 1,024 records before) for the sums of days, of which those asked for longest ago and then the
// oldest are forgotten and loaded again where asked for. A closed day takes 24 bytes and 8 for each
// count that occurs, of which there are up to 31, for each project, key, provider, model and
// status, and about 2.5 KiB more for each model; a day not yet closed, 272 bytes and 4 KiB. A
// dimension that has over 2^14 groups, users as a rule, is wide: it has no sums in memory, and its
// names are forgotten at each save. Besides, a quarter of `memory_bytes` for what is not saved
// (about 80 bytes a record, 100 for each new name and 150 for each new combination of names without
// the user's): at that, wants_saving(). And what one report itself is made of.
// Threads: const members may run at once; the caller keeps the others apart from all.
// Floor 4.
#ifndef AIAUDIT_ROLLUP_ROLLUP_HPP
#define AIAUDIT_ROLLUP_ROLLUP_HPP

#include <aiaudit/core/record.hpp>              // record_kind
#include <aiaudit/rollup/day_part_writer.hpp>   // day_part_writer
#include <aiaudit/rollup/group_reader.hpp>      // group_reader
#include <aiaudit/rollup/model_limit.hpp>       // model_limit
#include <aiaudit/rollup/resident_loading.hpp>  // resident_sums

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

namespace detail {

// Notes the models that a part names. Errors: corrupt.
[[nodiscard]] result<void> note_models(day_part const& part, model_limit& to);

}  // namespace detail

class rollup {
public:
    explicit rollup(rollup_options options = {})
        : resident_(options.memory_bytes), memory_bytes_(options.memory_bytes) {}
    rollup(rollup&&) noexcept = default;
    rollup& operator=(rollup&&) noexcept = default;

    // Counts an outcome or a correction; other kinds change nothing. `Record` is record, or a view
    // of one with the same members.
    template <class Record>
    void apply(Record const& entry);

    // Whether apply() can tell which models of the day count under their own names; else
    // load_models() comes first, if the day may have stored parts.
    [[nodiscard]] bool knows_models(timestamp instant) const noexcept {
        return models_.knows(detail::utc_day_of_slot(detail::slot_of(instant)));
    }
    // `source` as prepare() has it. Errors: the source's; corrupt; newer_format.
    template <class Source>
    [[nodiscard]] result<void> load_models(timestamp instant, Source&& source);

    // Tells of days of UTC that have stored parts, before the first apply().
    void add_days(std::span<civil_day const> days) {
        for (civil_day const day : days) resident_.add_stored_day(day);
    }
    // Calls store(civil_day, std::string part) -> result<void> for every day of UTC with unsaved
    // cells. Changes nothing: saved() does, when the parts are safe.
    template <class Store>
    [[nodiscard]] result<void> unsaved(Store&& store) const {
        for (auto const& [day, log] : unsaved_) {
            auto part = detail::day_part_writer{day, series_, log}.write();
            if (!part) return part.error();
            result<void> const stored = store(day, std::move(*part));
            if (!stored) return stored;
        }
        return {};
    }
    void saved();
    [[nodiscard]] bool has_unsaved() const noexcept { return !unsaved_.empty(); }

    // Whether the unsaved cells, or names that only they need, take more than their share of the
    // memory: then they should be saved now. As of the last few records.
    [[nodiscard]] bool wants_saving() const noexcept { return wants_saving_; }
    // Whether the query's dimension has more groups than are kept here. Then it is never ready, and
    // its report is made from groups() (ranked_report.hpp).
    [[nodiscard]] bool is_wide(report_query const& query) const noexcept {
        return is_wide(detail::dimension_of(query.kind));
    }
    [[nodiscard]] bool is_wide(dimension by) const noexcept { return resident_.is_wide(by); }
    // Of UTC, that have records; ascending.
    [[nodiscard]] std::vector<civil_day> const& days() const noexcept { return resident_.days(); }
    // What holds the sums of a query's groups, saved and not. `query` and `source`, a source of
    // stored parts, outlive it, and nothing changes meanwhile.
    template <class Source>
    [[nodiscard]] detail::group_reader<Source> groups(report_query const& query,
                                                      Source& source) const {
        return {series_, unsaved_, resident_.days(), query, source};
    }
    // Begins anew with no days, but goes on not to keep what was wide.
    void forget_all();

    // True where prepare() has nothing to do. Records applied since do not change that, unless they
    // are of several days.
    [[nodiscard]] bool ready(report_query const& query) const { return resident_.ready(query); }
    // Loads what the query needs and forgets what is over the memory. source(civil_day, visit) ->
    // result<void> calls visit(std::string_view) for every stored part of that day of UTC, and may
    // find none. Errors: the source's; corrupt; newer_format.
    template <class Source>
    [[nodiscard]] result<void> prepare(report_query const& query, Source&& source,
                                       loading what = loading::all_since) {
        return resident_.prepare(query, what, loader_of(source));
    }
    // After prepare() with loading::asked_alone: loads one day of those that it left out. False:
    // there are no more. Errors: as prepare(); then those are not loaded before they are asked for.
    template <class Source>
    [[nodiscard]] result<bool> load_more(Source&& source) {
        return resident_.load_more(loader_of(source));
    }

    // visit(sums) once, where `sums` has the sums of every group over the query's days, by its
    // number (detail::span_sums). Precondition: ready(query), and a kind other than daily.
    template <class Visitor>
    void with_groups(report_query const& query, Visitor&& visit) const {
        resident_.with_groups(query, visit);
    }
    // visit(civil_day, totals const&, latency_percentiles const&) for each day with records, newest
    // first. Precondition: ready(query).
    template <class Visitor>
    void for_each_day(report_query const& query, Visitor&& visit) const {
        resident_.for_each_day(query, visit);
    }
    [[nodiscard]] group_names names_of(dimension by, std::size_t group) const noexcept {
        return series_.names_of(by, static_cast<std::uint32_t>(group));
    }
    // While it is held, the texts of names_of() stay where they are.
    [[nodiscard]] std::shared_ptr<void const> texts() const noexcept { return series_.texts(); }
    // What the sums of days take at present: of this, memory_bytes is the bound.
    [[nodiscard]] std::uint64_t bytes() const noexcept { return resident_.bytes(); }

private:
    static constexpr std::size_t profiles_max = std::size_t{1} << 16;
    static constexpr std::uint32_t records_between_looks = 1024;
    static constexpr std::size_t models_bytes_max = std::size_t{1} << 20;  // kept over a save

    void open_log(civil_day day);
    [[nodiscard]] std::uint32_t profile_of(civil_day day, detail::profile_names names);
    // Looks after the memory.
    void bound_memory();
    template <class Source>
    [[nodiscard]] detail::part_loader<Source> loader_of(Source& source) {
        return {series_, unsaved_, user_order_, !resident_.is_wide(dimension::user), source};
    }

    detail::series_table series_{};
    detail::model_limit models_{};
    std::vector<civil_day> named_days_{};  // by profile: the last day on which it was admitted
    detail::unsaved_cells unsaved_{};
    detail::resident_sums resident_;
    std::vector<std::uint32_t> user_order_{};  // in which the parts read last had users
    detail::cell_log* log_ = nullptr;          // of log_day_, where there is one
    civil_day log_day_{};
    detail::cell_log spare_{};  // empty; has memory
    std::uint64_t memory_bytes_;
    std::uint32_t records_until_look_ = records_between_looks;
    bool wants_saving_ = false;
};

template <class Source>
result<void> rollup::load_models(timestamp instant, Source&& source) {
    civil_day const day = detail::utc_day_of_slot(detail::slot_of(instant));
    result<void> all;
    auto const sourced = source(day, [&](std::string_view bytes) {
        auto const part = detail::day_part::open(bytes);
        if (!part) {
            all = part.error();
        } else if (auto const noted = detail::note_models(*part, models_); !noted) {
            all = noted;
        }
    });
    if (!sourced) return sourced;
    if (all) models_.begin(day);
    return all;
}

template <class Record>
void rollup::apply(Record const& entry) {
    if (entry.kind != record_kind::outcome && entry.kind != record_kind::correction) return;
    totals const sum = totals::of(entry);
    detail::status_text const status{entry};
    std::int64_t const slot = detail::slot_of(entry.started_at);
    civil_day const day = detail::utc_day_of_slot(slot);
    std::uint32_t const user = series_.user(entry.user);
    std::uint32_t const profile = profile_of(
        day, {std::string_view{entry.project}, std::string_view{entry.key_id},
              std::string_view{entry.provider}, std::string_view{entry.model()}, status.text()});
    if (log_ == nullptr || day != log_day_) open_log(day);
    log_->add(user, profile, static_cast<std::uint32_t>(slot - detail::first_slot_of(day)), sum);
    detail::group_numbers groups = series_.groups_of(profile);
    groups[detail::index_of(dimension::user)] = user;
    resident_.add(groups, entry.user, slot, sum);
    if (--records_until_look_ == 0) bound_memory();
}

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/rollup/rollup.ipp>
#endif

#endif  // AIAUDIT_ROLLUP_ROLLUP_HPP
