// SPDX-License-Identifier: MIT
//
// correction.hpp: what a record of kind `correction` says, which stands for records of one minute
// that have all names in common, or for one attempt.
//
// It has those names, the minute's first instant, and by how much their costs change, which may be
// negative. Its own tags come before those of the records, so that none of these is taken for one.
// That of one attempt, whose cost was a bound until the provider's charge was known, has the price
// basis `provider`, and of the attempt also its start, operation, number and the provider's id. Its
// provider's cost is the charge; its least cost, by how much the least that is owed changes.
// Threads: functions without state.
// Floor 2.
#ifndef AIAUDIT_CORE_CORRECTION_HPP
#define AIAUDIT_CORE_CORRECTION_HPP

#include <aiaudit/core/record.hpp>  // tag_of

#include <charconv>
#include <cstdint>
#include <string_view>
#include <system_error>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Names of its own tags, in their order.
struct correction_tag {
    static constexpr std::string_view by = "correction.by";            // who
    static constexpr std::string_view why = "correction.why";          // the reason given
    static constexpr std::string_view records = "correction.records";  // how many have another cost
    // How many had no cost, and have one now. A signed number, since a later book may not know the
    // model.
    static constexpr std::string_view costed = "correction.costed";
    // How many had an unsure cost, and have a sure one. Signed.
    static constexpr std::string_view sure = "correction.sure";
};

// Whether it is of one attempt.
template <class Record>
[[nodiscard]] bool is_late_cost(Record const& entry) noexcept {
    return entry.price_basis == price_basis::provider;
}

// The number of a tag; 0 where there is none. A negative one wraps.
// `entry` is a record, or a view of one with the same members.
template <class Record>
[[nodiscard]] std::uint64_t correction_number(Record const& entry, std::string_view name) noexcept {
    std::string_view const text = tag_of(entry, name);
    std::int64_t number = 0;
    auto const [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (wrong != std::errc{} || end != text.data() + text.size()) return 0;
    return static_cast<std::uint64_t>(number);
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_CORE_CORRECTION_HPP
