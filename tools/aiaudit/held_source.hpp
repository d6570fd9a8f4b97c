// SPDX-License-Identifier: MIT
//
// held_source.hpp: what a sink holds of a log, by its address, as `audit --rows` gives it.
#ifndef AIAUDIT_TOOLS_HELD_SOURCE_HPP
#define AIAUDIT_TOOLS_HELD_SOURCE_HPP

#include "commands.hpp"

#include <aiaudit/sinks/held_rows.hpp>

#include <memory>
#include <string>

namespace aiaudit_tool {

// What --rows takes, for its help.
inline constexpr char const* held_source_help =
    "a file with lines of JSON, as the shipper writes them or with origin, seq, leaf and record, "
    "in "
    "the order of seq; -: standard input; postgresql://... or clickhouse://..., with $VARIABLE or "
    "@FILE where the address has a password";

// Failures name `option`, and show no password.
std::unique_ptr<aiaudit::held_rows> open_held_source(std::string const& address,
                                                     std::string const& origin,
                                                     aiaudit::held_range range,
                                                     std::string const& option);

}  // namespace aiaudit_tool

#endif  // AIAUDIT_TOOLS_HELD_SOURCE_HPP
