// SPDX-License-Identifier: MIT
//
// late_costs.tpp: the templates of late_costs.hpp, for any policies.
#ifndef AIAUDIT_IMPL_LATE_COSTS_TPP
#define AIAUDIT_IMPL_LATE_COSTS_TPP

#include <aiaudit/codec/block.hpp>             // view_block
#include <aiaudit/core/correction.hpp>         // correction_tag
#include <aiaudit/engine/correction_lock.hpp>  // lock_corrections
#include <aiaudit/late_costs.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

namespace detail {

// The corrections of a run, and the calls that they are of.
template <class Ledger>
class cost_corrector {
public:
    cost_corrector(Ledger& log, std::vector<late_cost> const& costs,
                   late_cost_options const& options)
        : ledger_(log), costs_(costs), options_(options) {}

    [[nodiscard]] result<late_cost_result> run() {
        if (ledger_.bytes_on_disk() != 0) {
            auto held = lock_corrections(ledger_.path());
            if (!held) return held.error();
            lock_ = std::move(*held);
        }
        if (auto ok = note_ids(); !ok) return ok.error();
        if (auto ok = read_records(); !ok) return ok.error();
        for (std::size_t i = 0; i < costs_.size(); ++i) {
            if (auto ok = resolve(i); !ok) return ok.error();
        }
        auto const first = append();
        if (!first) return first.error();
        found_.first = *first;
        return std::move(found_);
    }

private:
    using attempt_id = std::pair<operation_id, std::uint32_t>;
    // An outcome that an id is of, and what the log says of it.
    struct attempt {
        record entry{};
        money cost{};           // with corrections
        bool has_range = true;  // no correction has said its charge
        std::size_t named_by = none;
    };
    // What was found for one of the costs.
    struct finding {
        std::vector<attempt_id> bounds{};
        std::optional<cost_status> other{};  // of an outcome whose cost is no bound
        bool is_charge = false;              // and which is the provider's own
        bool is_open = false;                // there is an intent
    };
    static constexpr std::size_t none = ~std::size_t{0};

    [[nodiscard]] error wrong(std::size_t which, std::string const& what) const {
        late_cost const& cost = costs_[which];
        std::string name = cost.response;
        if (!cost.operation_id.is_zero()) name = cost.operation_id.to_string();
        if (cost.attempt != 0) name += ":" + std::to_string(cost.attempt);
        return fail(errc::bad_argument,
                    (cost.place.empty() ? "" : cost.place + ": ") + printable(name) + " " + what);
    }

    [[nodiscard]] result<void> note_ids() {
        if (costs_.size() > late_costs_max)
            return fail(errc::too_large, "more than " + std::to_string(late_costs_max) +
                                             " costs: give fewer at a time");
        findings_.resize(costs_.size());
        for (std::size_t i = 0; i < costs_.size(); ++i) {
            late_cost const& cost = costs_[i];
            if (cost.cost.pico() < 0) return wrong(i, "has a cost below 0: give what it costs");
            if (!cost.operation_id.is_zero())
                by_operation_[cost.operation_id].push_back(i);
            else if (!cost.response.empty())
                by_response_[cost.response].push_back(i);
            else
                return wrong(i, "is no id: name an operation or a response");
        }
        return {};
    }

    [[nodiscard]] result<void> read_records() {
        auto const first = ledger_.log().first();
        if (!first) return first.error();
        first_ = *first;
        std::vector<sequence> wanted;
        auto const read = ledger_.log().blocks(first_, [&](std::string_view block) -> result<bool> {
            wanted.clear();
            auto const looked = view_block(block, [&](sequence number, record_view const& entry) {
                if (is_wanted(entry)) wanted.push_back(number);
                return true;
            });
            if (!looked) return looked.error();
            if (wanted.empty()) return true;
            auto next = wanted.begin();
            auto const taken = read_block(block, [&](sequence number, record&& entry) {
                if (number != *next) return true;
                take(std::move(entry));
                return ++next != wanted.end();
            });
            if (!taken) return taken.error();
            return true;
        });
        if (!read && read.error().code != errc::not_found) return read.error();
        return {};
    }
    [[nodiscard]] bool is_wanted(record_view const& entry) const {
        if (entry.kind == record_kind::outcome)
            return by_operation_.contains(entry.operation_id) ||
                   by_response_.contains(entry.provider_request_id);
        if (entry.kind == record_kind::intent) return by_operation_.contains(entry.operation_id);
        return entry.kind == record_kind::correction && is_late_cost(entry) &&
               attempts_.contains(attempt_id{entry.operation_id, entry.attempt});
    }
    void take(record entry) {
        attempt_id const id{entry.operation_id, entry.attempt};
        if (entry.kind == record_kind::correction) {
            attempt& of = attempts_.at(id);
            of.cost += entry.cost;
            of.has_range = false;
            return;
        }
        if (entry.kind == record_kind::outcome) ++ended_[id];
        bool is_bound = false;
        auto const note = [&](std::vector<std::size_t> const& all) {
            for (std::size_t const which : all) {
                if (costs_[which].attempt != 0 && costs_[which].attempt != entry.attempt) continue;
                is_bound = note_found(findings_[which], id, entry) || is_bound;
            }
        };
        if (auto const at = by_operation_.find(entry.operation_id); at != by_operation_.end())
            note(at->second);
        if (auto const at = by_response_.find(entry.provider_request_id); at != by_response_.end())
            note(at->second);
        if (!is_bound) return;
        money const cost = entry.cost;
        attempts_.insert_or_assign(id, attempt{std::move(entry), cost});
    }
    // Whether its cost is a bound.
    static bool note_found(finding& to, attempt_id const& id, record const& entry) {
        if (entry.kind == record_kind::intent) {
            to.is_open = true;
            return false;
        }
        bool const is_bound =
            entry.cost_status == cost_status::estimated && !entry.operation_id.is_zero();
        if (is_bound) {
            if (std::find(to.bounds.begin(), to.bounds.end(), id) == to.bounds.end())
                to.bounds.push_back(id);
        } else {
            to.other = entry.cost_status;
            to.is_charge = entry.price_basis == price_basis::provider;
        }
        return is_bound;
    }

    // Of one of the costs: the attempt, and what is to be said of it.
    [[nodiscard]] result<void> resolve(std::size_t which) {
        finding const& of = findings_[which];
        if (of.bounds.empty()) {
            if (!options_.bounds_alone) return wrong(which, why_none(of));
            ++found_.left;
            return {};
        }
        if (of.bounds.size() > 1) {
            std::string all;
            for (auto const& [operation, number] : of.bounds)
                all += " " + operation.to_string() + ":" + std::to_string(number);
            return wrong(which, "is the id of several attempts; name one of them:" + all);
        }
        attempt& found = attempts_.at(of.bounds.front());
        if (ended_.at(of.bounds.front()) != 1)
            return wrong(
                which, "has two outcomes, since it was settled before it ended; both are charged");
        if (found.named_by != none) {
            std::string const& before = costs_[found.named_by].place;
            return wrong(which, "is named twice" + (before.empty() ? "" : ", before at " + before));
        }
        found.named_by = which;
        money const cost = costs_[which].cost;
        if (cost == found.cost && !found.has_range) {
            ++found_.unchanged;
            return {};
        }
        if (found.has_range) {
            auto const told_apart = check_day(found.entry.started_at);
            if (!told_apart) return told_apart.error();
            if (!*told_apart)
                return wrong(which,
                             "is of a day of which an earlier version saved bounds among the rest; "
                             "its range cannot be taken out");
        }
        if (cost < found.entry.cost_low.value_or(money{}))
            found_.below.push_back(costs_[which].place.empty() ? of.bounds.front().first.to_string()
                                                               : costs_[which].place);
        found_.change += cost - found.cost;
        changed_.push_back(&found);
        return {};
    }
    [[nodiscard]] std::string why_none(finding const& of) const {
        if (of.other && of.is_charge)
            return "has the provider's own charge as its cost: there is nothing to narrow";
        if (of.other) {
            switch (*of.other) {
            case cost_status::no_charge: return "cost nothing, and that is no bound";
            case cost_status::unknown:
            case cost_status::unpriced:
                return "has no known cost, and so no bound; `aiaudit reprice` may price it";
            case cost_status::estimated: return "has no operation that a correction could name";
            default: break;
            }
            return "has an exact usage, and its cost is no bound; `aiaudit reprice` prices it anew";
        }
        if (of.is_open)
            return "is still open: it has a cost once it ends, or once `aiaudit budget reconcile` "
                   "settles it";
        return first_ > 1 ? "is not in the log (or of the records that retention dropped)"
                          : "is not in the log";
    }
    // Whether bounds are told apart in all that is saved of the day.
    [[nodiscard]] result<bool> check_day(timestamp instant) {
        civil_day const day = time_zone{}.day_of(instant);
        auto const known = days_.find(day);
        if (known != days_.end()) return known->second;
        auto const daily = ledger_.report({report_kind::daily, {}, {day, day}, {}});
        if (!daily) return daily.error();
        return days_[day] = daily->sum.unsplit == 0;
    }

    // By time, so that one run makes the same records as another.
    [[nodiscard]] result<sequence> append() {
        found_.corrections = changed_.size();
        std::sort(changed_.begin(), changed_.end(), [](attempt const* a, attempt const* b) {
            record const& one = a->entry;
            record const& other = b->entry;
            return std::tuple(one.started_at, one.operation_id, one.attempt) <
                   std::tuple(other.started_at, other.operation_id, other.attempt);
        });
        std::size_t next = 0;
        return ledger_.append_all([&](record& entry) {
            if (next == changed_.size()) return false;
            entry = correction_of(*changed_[next++]);
            return true;
        });
    }
    [[nodiscard]] record correction_of(attempt const& of) const {
        money const charge = costs_[of.named_by].cost;
        record entry;
        entry.kind = record_kind::correction;
        entry.operation = operation::other;
        entry.operation_id = of.entry.operation_id;
        entry.attempt = of.entry.attempt;
        entry.provider_request_id = of.entry.provider_request_id;
        entry.user = of.entry.user;
        entry.project = of.entry.project;
        entry.key_id = of.entry.key_id;
        entry.provider = of.entry.provider;
        entry.model_requested = of.entry.model_requested;
        entry.model_served = of.entry.model_served;
        entry.http_status = of.entry.http_status;
        entry.error_type = of.entry.error_type;
        entry.started_at = of.entry.started_at;
        entry.cost_status = cost_status::priced;
        entry.price_basis = price_basis::provider;
        entry.provider_cost = charge;
        entry.cost = charge - of.cost;
        entry.cost_low =
            of.has_range ? charge - of.entry.cost_low.value_or(money{}) : charge - of.cost;
        entry.tags = {{std::string(correction_tag::by), options_.by},
                      {std::string(correction_tag::why), options_.why},
                      {std::string(correction_tag::records), "1"},
                      {std::string(correction_tag::costed), "0"},
                      {std::string(correction_tag::sure), of.has_range ? "1" : "0"}};
        entry.tags.insert(entry.tags.end(), of.entry.tags.begin(), of.entry.tags.end());
        return entry;
    }

    Ledger& ledger_;
    std::vector<late_cost> const& costs_;
    late_cost_options const& options_;
    file_handle lock_{};
    std::uint64_t first_ = 1;  // record that is still there
    std::map<operation_id, std::vector<std::size_t>> by_operation_{};
    std::unordered_map<std::string, std::vector<std::size_t>, string_hash, std::equal_to<>>
        by_response_{};
    std::vector<finding> findings_{};  // by the place of the cost
    std::map<attempt_id, attempt> attempts_{};
    std::map<attempt_id, std::uint32_t> ended_{};  // outcomes
    std::map<civil_day, bool> days_{};
    std::vector<attempt*> changed_{};
    late_cost_result found_{};
};

}  // namespace detail

template <class Policies>
result<late_cost_result> correct_costs(basic_ledger<Policies>& log,
                                       std::vector<late_cost> const& costs,
                                       late_cost_options const& options) {
    return detail::cost_corrector<basic_ledger<Policies>>(log, costs, options).run();
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_LATE_COSTS_TPP
