// SPDX-License-Identifier: MIT
//
// What addresses of sinks there are, and the definitions of those sinks, but of PostgreSQL's, which
// fleet.cpp has.

#include "sink_address.hpp"

#include <aiaudit/detail/sha256.hpp>
#include <aiaudit/impl/clickhouse.hpp>
#include <aiaudit/impl/sinks.hpp>
#include <aiaudit/sinks/clickhouse_sink.hpp>
#include <aiaudit/sinks/json_lines_sink.hpp>

#ifdef AIAUDIT_TOOL_POSTGRES
#include <aiaudit/sinks/postgres_sink.hpp>
#endif
#ifdef AIAUDIT_TOOL_MONGODB
#include <aiaudit/impl/mongodb.hpp>
#include <aiaudit/sinks/mongodb_sink.hpp>
#endif

namespace aiaudit_tool {
namespace {

struct sink_scheme {
    std::string_view prefix;
    std::unique_ptr<aiaudit::record_sink> (*make)(std::string const& address);
    char const* needs;  // of a program that was built without it
};

#ifdef AIAUDIT_TOOL_POSTGRES
std::unique_ptr<aiaudit::record_sink> make_postgres(std::string const& address) {
    return aiaudit::postgres_sink(address);
}
#else
constexpr decltype(sink_scheme::make) make_postgres = nullptr;
#endif
constexpr char const* needs_postgres = "libpq (Debian: libpq-dev); build it anew with it";

std::unique_ptr<aiaudit::record_sink> make_clickhouse(std::string const& address) {
    return value_or_fail(aiaudit::clickhouse_sink(address));
}

#ifdef AIAUDIT_TOOL_MONGODB
std::unique_ptr<aiaudit::record_sink> make_mongodb(std::string const& address) {
    return value_or_fail(aiaudit::mongodb_sink(address));
}
#else
constexpr decltype(sink_scheme::make) make_mongodb = nullptr;
#endif
constexpr char const* needs_mongodb = "libmongoc (Debian: libmongoc-dev); build it anew with it";

constexpr sink_scheme schemes[] = {
    {"postgresql://", make_postgres, needs_postgres},
    {"postgres://", make_postgres, needs_postgres},
    {"file:", [](std::string const& address) { return aiaudit::json_file_sink(address.substr(5)); },
     ""},
    {"clickhouse://", make_clickhouse, ""},
    {"clickhouses://", make_clickhouse, ""},
    {"mongodb://", make_mongodb, needs_mongodb},
    {"mongodb+srv://", make_mongodb, needs_mongodb},
};

}  // namespace

std::unique_ptr<aiaudit::record_sink> make_sink(std::string const& address,
                                                std::string const& option) {
    bool const elsewhere = address.starts_with('$') || address.starts_with('@');
    std::string const place = elsewhere ? secret_at(address, option) : address;
    for (sink_scheme const& known : schemes) {
        if (!place.starts_with(known.prefix)) continue;
        if (known.make == nullptr)
            throw failure{option + ": this program was built without " + known.needs};
        return known.make(place);
    }
    throw failure{option + ": no sink has such an address; it is " + sink_address_help};
}

std::string mark_name_of(aiaudit::record_sink const& sink) {
    std::string const name = sink.name();
    auto const hash = aiaudit::detail::sha256(name);
    std::string digits = aiaudit::detail::to_hex(hash).substr(0, 8);
    return name.substr(0, name.find(':')) + "-" + digits;
}

}  // namespace aiaudit_tool
