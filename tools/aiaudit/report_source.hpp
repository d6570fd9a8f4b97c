// SPDX-License-Identifier: MIT
//
// report_source.hpp: what a report is made from: a ledger, or a database that many were shipped to.
#ifndef AIAUDIT_TOOLS_REPORT_SOURCE_HPP
#define AIAUDIT_TOOLS_REPORT_SOURCE_HPP

#include "commands.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace aiaudit_tool {

// What providers charged, and what the price book says of the same calls.
struct drift_line {
    std::string provider{};
    std::string model{};
    std::uint64_t records = 0;
    aiaudit::money charged{};
    aiaudit::money computed{};
};

// Failures are thrown, and name the source.
class report_source {
public:
    report_source() = default;
    report_source(report_source const&) = delete;
    report_source& operator=(report_source const&) = delete;
    virtual ~report_source() = default;

    virtual aiaudit::report report(aiaudit::report_query const& query) = 0;
    // Of the query, zone and days count. Dearest first, then by the tag's value.
    virtual std::vector<std::pair<std::string, aiaudit::totals>> tag_sums(
        std::string const& tag, aiaudit::report_query const& query) = 0;
    // By provider and model.
    virtual std::vector<drift_line> drift(aiaudit::report_query const& query) = 0;
    // The oldest record that tag_sums() and drift() read.
    virtual std::uint64_t first() = 0;
};

std::unique_ptr<report_source> open_ledger_source(std::string const& path);

// Whether a text is the address of a database, or says where that is ($VARIABLE, @FILE).
bool is_collection_address(std::string const& text);
// `log`: only that one; empty: all.
std::unique_ptr<report_source> open_collection_source(std::string const& address,
                                                      std::string const& log,
                                                      std::string const& option);

}  // namespace aiaudit_tool

#endif  // AIAUDIT_TOOLS_REPORT_SOURCE_HPP
