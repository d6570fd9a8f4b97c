// SPDX-License-Identifier: MIT
//
// part_check.ipp: the definitions of part_check.hpp.
#ifndef AIAUDIT_IMPL_ENGINE_PART_CHECK_IPP
#define AIAUDIT_IMPL_ENGINE_PART_CHECK_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/engine/part_check.hpp>
#include <aiaudit/rollup/rollup.hpp>  // note_models

#include <algorithm>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::string words_of(part_key const& key) {
    return "the rollup of " + key.day.to_string() + ", records " + std::to_string(key.after + 1) +
           " to " + std::to_string(key.through);
}

AIAUDIT_INLINE void part_list_digest::add(part_key key, std::string_view bytes) {
    key.segment = 0;
    lines_.emplace_back(key.to_bytes().append(view_of(sha256(bytes))), key.after);
}

AIAUDIT_INLINE digest part_list_digest::value(std::uint64_t before) {
    std::sort(lines_.begin(), lines_.end());
    std::string all;
    for (auto const& [line, after] : lines_)
        if (after < before) all += line;
    return {sha256(all)};
}

AIAUDIT_INLINE void part_check::read_part(part_key const& key, std::string_view bytes,
                                          bool is_compared) {
    std::vector<checked_part>& of_day = parts_[key.day];
    auto const place = std::find_if(of_day.begin(), of_day.end(), [&](checked_part const& each) {
        return key.after < each.key.after;
    });
    checked_part& made = *of_day.emplace(place);
    made.key = key;
    auto const opened = day_part::open(bytes);
    if (opened) {
        made.limits_models = opened->version() >= 4;
        note_limited(*opened);
    }
    if (!is_compared) return;
    if (opened && opened->day() != key.day) {
        made.unreadable = "it is that of " + opened->day().to_string();
        return;
    }
    auto const which =
        opened ? fingerprinter::comparable(*opened) : result<compared_numbers>(opened.error());
    auto read = which ? fingers_.read(*opened, *which) : result<part_fingerprint>(which.error());
    if (!read) {
        made.unreadable = read.error().message();
        return;
    }
    made.which = *which;
    made.stored = *read;
}

AIAUDIT_INLINE void part_check::note_limited(day_part const& part) {
    auto const names = part.read_names();
    auto const profiles = part.read_profiles();
    if (!names || !profiles) return;  // whoever compares it says so
    for (auto const& profile : *profiles) {
        if (names->texts[4][names->pairs[profile.pair].model] != other_models) continue;
        limited_.emplace(part.day(), names->texts[2][profile.key]);
        limited_days_.insert(part.day());
    }
}

AIAUDIT_INLINE result<void> part_check::read_beside(part_key const& key, std::string_view bytes) {
    auto const of_day = parts_.find(key.day);
    checked_part const* known = nullptr;
    if (of_day != parts_.end()) {
        for (checked_part const& each : of_day->second)
            if (each.key.after == key.after && each.key.through == key.through) known = &each;
    }
    bool const is_compared = known != nullptr && known->stored.has_value();
    if (totals_.through != 0 && key.after < totals_.through && key.through > totals_.through)
        totals_.bound = false;
    bool const has_sum = is_compared && known->which == compared_numbers::all;
    if (counts_totals_of(key) && has_sum)
        totals_.of_parts += known->stored->sums[index_of(dimension::user)];
    bool const names_models = !is_compared && limited_days_.contains(key.day);
    bool const adds_users = counts_totals_of(key) && !has_sum;
    if (!names_models && !adds_users) return {};
    auto const part = day_part::open(bytes);
    if (!part) return {};  // a finding of its own, where it is compared
    if (names_models) static_cast<void>(note_models(*part, models_));
    if (!adds_users) return {};
    auto const sum = fingers_.read_users(*part);
    if (sum)
        totals_.of_parts += *sum;
    else
        totals_.unreadable = sum.error().message();
    return {};
}

AIAUDIT_INLINE bool part_check::has_own_row(civil_day day, std::string_view key,
                                            std::string_view provider, std::string_view model) {
    if (!limited_days_.contains(day) || !limited_.contains(std::pair{day, std::string(key)}))
        return true;
    if (models_.bytes() > models_bytes_max) too_many_models_ = true;
    if (too_many_models_) return true;
    if (current_->limits_models) return models_.admit(day, key, provider, model);
    models_.note(day, key, provider, model);
    return true;
}

// Users ascend over all pieces: each is found once.
AIAUDIT_INLINE void part_check::add_piece(std::string_view bytes, std::string& last) {
    auto const piece = day_part::open(bytes);
    auto const users = piece ? piece->read_users() : piece.error();
    auto const sum = users ? fingers_.read_users(*piece) : users.error();
    if (!sum) {
        totals_.unreadable = sum.error().message();
        return;
    }
    for (std::size_t i = 0; i < users->size(); ++i) {
        bool const is_first = i == 0 && last.empty();
        if (!is_first && (*users)[i] <= (i == 0 ? std::string_view(last) : (*users)[i - 1]))
            totals_.unreadable = "users are out of order";
    }
    if (!users->empty()) last = users->back();
    totals_.of_pieces += *sum;
}

AIAUDIT_INLINE void part_check::check_totals(std::vector<std::string>& findings) const {
    if (totals_.through == 0 || !totals_.bound) return;
    std::string const name =
        "the totals of users over records 1 to " + std::to_string(totals_.through);
    if (!totals_.unreadable.empty())
        findings.push_back(name + ": " + totals_.unreadable);
    else if (!(totals_.of_pieces == totals_.of_parts))
        findings.push_back(name + " are not those of the rollups");
}

AIAUDIT_INLINE bool part_check::find_part(civil_day day, std::uint64_t number) {
    auto const of_day = parts_.find(day);
    if (of_day != parts_.end()) {
        for (checked_part& each : of_day->second) {
            if (each.key.after < number && number <= each.key.through) {
                current_ = &each;
                return true;
            }
        }
    }
    if (missing_of_[day]++ == 0 && missing_.size() < findings_most)
        missing_.push_back("the rollup of " + day.to_string() + " does not count record " +
                           std::to_string(number));
    return false;
}

AIAUDIT_INLINE void part_check::check_ranges(std::vector<std::string>& findings) const {
    for (auto const& [day, of_day] : parts_) {
        std::uint64_t end = 0;
        for (checked_part const& each : of_day) {
            if (each.key.after < end || each.key.after >= each.key.through)
                findings.push_back(words_of(each.key) + ": some are counted twice");
            else if (each.key.through > saved_)
                findings.push_back(words_of(each.key) + ": it goes on after record " +
                                   std::to_string(saved_) + ", the last that is saved");
            end = (std::max)(end, each.key.through);
        }
    }
}

AIAUDIT_INLINE void part_check::end(std::uint64_t first, std::uint64_t last,
                                    std::vector<std::string>& findings,
                                    std::vector<std::string>& unvouched) {
    std::vector<std::string> found = missing_;
    check_ranges(found);
    check_totals(found);
    std::uint64_t not_read = 0;
    fingers_.finish();
    for (auto const& [day, of_day] : parts_) {
        for (checked_part const& each : of_day) {
            if (!each.unreadable.empty())
                found.push_back(words_of(each.key) + ": " + each.unreadable);
            if (!each.stored) continue;
            if (each.key.after + 1 < first || each.key.through > last) {
                ++not_read;
                continue;
            }
            if (too_many_models_ && limited_days_.contains(day)) {
                unvouched.push_back(words_of(each.key) +
                                    ": too many models are counted as other to compare it");
                continue;
            }
            if (!each.folded.is_exact()) {
                unvouched.push_back(words_of(each.key) + ": sums over 2^63 are not compared");
                continue;
            }
            std::string const differs = each.stored->difference(each.folded);
            if (!differs.empty())
                found.push_back(words_of(each.key) + ": " + differs +
                                " are not those of the records");
            else if (each.which == compared_numbers::without_estimates)
                unvouched.push_back(words_of(each.key) +
                                    ": token counts, which an older version saved with bounds "
                                    "among them, are not compared");
        }
    }
    if (not_read != 0)
        unvouched.push_back("the rollups of records before " + std::to_string(first) + " (" +
                            std::to_string(not_read) + " parts), which were not read");
    if (found.size() > findings_most) {
        std::size_t const more = found.size() - findings_most;
        found.resize(findings_most);
        found.push_back("and " + std::to_string(more) + " more of the rollups");
    }
    findings.insert(findings.end(), found.begin(), found.end());
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ENGINE_PART_CHECK_IPP
