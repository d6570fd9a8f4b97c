// SPDX-License-Identifier: MIT
//
// late_costs.hpp: what calls cost whose record has but a bound, once their provider has said so.
//
// A call that was cut costs what a bound says, and reports show a range. Its charge may be known
// later, by the provider's usage page, an export, or a request of its own. A correction of the call
// (core/correction.hpp) says it: the record stays as it is, and reports and budgets say the charge
// and no range. What corrections said of the call before is counted, so that the same charge again
// changes nothing, and another one changes it to that. All of a run enter the log in one
// transaction: a crash leaves all of them, or none.
// Threads: as the ledger's. Processes: one run at a time corrects (reprice() as well).
// Floor 8.
#ifndef AIAUDIT_LATE_COSTS_HPP
#define AIAUDIT_LATE_COSTS_HPP

#include <aiaudit/basic_ledger.hpp>  // basic_ledger

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// A call by its operation, or, where that is zero, by the provider's id of its answer.
struct late_cost {
    aiaudit::operation_id operation_id{};
    std::uint32_t attempt = 0;  // of the operation; 0: the only one that costs a bound
    std::string response{};
    money cost{};         // what the provider charges for it
    std::string place{};  // where it was said, such as "costs.csv:12": errors name it
};
struct late_cost_options {
    std::string by{};  // who: goes into the corrections
    std::string why{};
    // Leaves costs of what is not in the log, or is no bound, and counts them; else they are
    // errors.
    bool bounds_alone = false;
};
struct late_cost_result {
    std::uint64_t corrections = 0;  // records that were appended
    sequence first{};               // of them; zero where there are none
    std::uint64_t unchanged = 0;    // that the log had said before
    std::uint64_t left = 0;         // of no bound, with late_cost_options::bounds_alone
    money change{};                 // of what reports say, over all
    // Places of charges below what was taken for the least: the provider is right, and the records
    // are not.
    std::vector<std::string> below{};
};

// Bounds: late_costs_max, each of about 2 KiB of memory. Time: that of reading the log once.
// Errors: bad_argument, with the place: a call that is not in the log, that is still open, whose
// cost is no bound, that is named twice or by an id of several, that has two outcomes, of a day of
// which an earlier version saved bounds among the rest; a negative cost. Then nothing is appended.
// too_large, for more than the bound; already_open, where another process corrects; as append_all()
// and read().
inline constexpr std::size_t late_costs_max = std::size_t{1} << 18;
template <class Policies>
[[nodiscard]] result<late_cost_result> correct_costs(basic_ledger<Policies>& log,
                                                     std::vector<late_cost> const& costs,
                                                     late_cost_options const& options);

#ifdef AIAUDIT_SEPARATE
extern template result<late_cost_result> correct_costs(ledger&, std::vector<late_cost> const&,
                                                       late_cost_options const&);
#endif

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/late_costs.tpp>
#endif

#endif  // AIAUDIT_LATE_COSTS_HPP
