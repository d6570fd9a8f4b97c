// SPDX-License-Identifier: MIT
//
// sink_address.hpp: a sink by its address, as --to and --ship give it.
#ifndef AIAUDIT_TOOLS_SINK_ADDRESS_HPP
#define AIAUDIT_TOOLS_SINK_ADDRESS_HPP

#include "commands.hpp"

#include <aiaudit/sinks/record_sink.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace aiaudit_tool {

// What --to takes, for its help.
inline constexpr char const* sink_address_help =
    "postgresql://..., mongodb://..., clickhouse://... or file:PATH; $VARIABLE or @FILE where the "
    "address has a password";

// A sink that was not connected yet. "-" is none of these: where a stream begins, only its command
// knows. Failures name `option`, and show no password.
std::unique_ptr<aiaudit::record_sink> make_sink(std::string const& address,
                                                std::string const& option);

// Under which retention knows a sink that was given no name: "postgresql-" and 8 digits that stand
// for its address.
std::string mark_name_of(aiaudit::record_sink const& sink);

}  // namespace aiaudit_tool

#endif  // AIAUDIT_TOOLS_SINK_ADDRESS_HPP
