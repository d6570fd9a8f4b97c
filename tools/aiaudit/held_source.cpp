// SPDX-License-Identifier: MIT
//
// From what rows an audit is made.

#include "held_source.hpp"

#include <aiaudit/sinks/clickhouse_held_rows.hpp>
#include <aiaudit/sinks/line_rows.hpp>

#ifdef AIAUDIT_TOOL_POSTGRES
#include <aiaudit/sinks/postgres_held_rows.hpp>
#endif

#include <chrono>
#include <fstream>
#include <iostream>
#include <utility>

namespace aiaudit_tool {
namespace held_sources {

// Lines of a file that is open for as long as they are read.
class file_rows final : public aiaudit::held_rows {
public:
    file_rows(std::string const& path, std::string origin) : file_(path, std::ios::binary) {
        if (!file_) throw failure{path + ": cannot be opened"};
        lines_ = aiaudit::line_rows(file_, std::move(origin));
    }

    aiaudit::result<bool> next(aiaudit::audit_row& row) override { return lines_->next(row); }
    aiaudit::result<void> compare(aiaudit::audit_row const& row,
                                  std::vector<aiaudit::column_difference>& found) override {
        return lines_->compare(row, found);
    }
    std::vector<std::string> uncompared() const override { return lines_->uncompared(); }

private:
    std::ifstream file_;
    std::unique_ptr<aiaudit::held_rows> lines_{};
};

std::unique_ptr<aiaudit::held_rows> open_postgres(std::string url, std::string const& origin,
                                                  aiaudit::held_range range,
                                                  std::string const& option) {
#ifdef AIAUDIT_TOOL_POSTGRES
    aiaudit::pq_options options;
    options.url = std::move(url);
    options.application = "aiaudit audit";
    options.answer_max = std::chrono::minutes(15);
    return value_or_fail(aiaudit::postgres_held_rows(std::move(options), origin, range), option);
#else
    (void)url;
    (void)origin;
    (void)range;
    throw failure{option + ": this program was built without libpq"};
#endif
}

}  // namespace held_sources

std::unique_ptr<aiaudit::held_rows> open_held_source(std::string const& address,
                                                     std::string const& origin,
                                                     aiaudit::held_range range,
                                                     std::string const& option) {
    if (address == "-") return aiaudit::line_rows(std::cin, origin);
    bool const elsewhere = address.starts_with('$') || address.starts_with('@');
    std::string const place = elsewhere ? secret_at(address, option) : address;
    auto const begins = [&place](char const* scheme) { return place.starts_with(scheme); };
    if (begins("postgresql://") || begins("postgres://"))
        return held_sources::open_postgres(place, origin, range, option);
    if (begins("clickhouse://") || begins("clickhouses://"))
        return value_or_fail(aiaudit::clickhouse_held_rows(place, origin, range), option);
    if (begins("mongodb://") || begins("mongodb+srv://"))
        throw failure{option +
                      ": rows are not read out of MongoDB; give lines of JSON with origin, seq, "
                      "leaf and encoded, in the order of seq"};
    std::string const path = begins("file:") ? place.substr(5) : place;
    if (elsewhere || path.find("://") != std::string::npos)
        throw failure{option + ": no rows are read from such an address; it is " +
                      held_source_help};
    return std::make_unique<held_sources::file_rows>(path, origin);
}

}  // namespace aiaudit_tool
