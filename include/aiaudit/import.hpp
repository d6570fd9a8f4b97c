// SPDX-License-Identifier: MIT
//
// import.hpp: exchanges and rows of tables from elsewhere, made into priced records.
//
// Threads: plain functions; a csv_importer belongs to one thread.
// Floor 8.
#ifndef AIAUDIT_IMPORT_HPP
#define AIAUDIT_IMPORT_HPP

#include <aiaudit/core/record.hpp>            // record
#include <aiaudit/pricing/priced_record.hpp>  // set_cost, set_facts
#include <aiaudit/providers/exchange.hpp>     // exchange
#include <aiaudit/providers/reading.hpp>      // describe_exchange

#include <array>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// A record, and why its cost is not known where it is not.
struct import_result {
    record entry{};
    std::optional<error> problem{};
};

namespace detail {

// When and by whom, as the exchange's own line says.
[[nodiscard]] result<void> set_context(record& entry, exchange_context const& from, timestamp at);

}  // namespace detail

// Reads and prices an exchange. Where it does not say when it happened, it is taken to be at `at`.
// An exchange that cannot be billed is a record all the same, and the result says why; errors
// (bad_input) are of its context alone.
template <pricing_policy Prices>
[[nodiscard]] result<import_result> record_of(exchange const& from, Prices const& prices,
                                              timestamp at, typename Prices::lookup_cache& cache) {
    reading read = describe_exchange(from);
    attempt_facts& facts = read.facts;
    import_result made;
    record& entry = made.entry;
    if (auto const set = detail::set_context(entry, from.context, at); !set) return set.error();
    entry.provider = from.provider;
    entry.path = from.path.substr(0, from.path.find('?'));  // a query may carry a key
    set_facts(entry, facts);
    entry.http_status = static_cast<std::uint16_t>(from.status);
    made.problem = std::move(read.problem);
    if (!made.problem) {
        made.problem = set_cost(entry, facts, prices, cache);
    } else {
        entry.cost_status = status_without_usage(made.problem->code, from.status);
    }
    return made;
}
template <pricing_policy Prices>
[[nodiscard]] result<import_result> record_of(exchange const& from, Prices const& prices,
                                              timestamp at) {
    typename Prices::lookup_cache cache;
    return record_of(from, prices, at, cache);
}

// The cells of one line of comma-separated values (RFC 4180, but a cell does not span lines),
// without their quotes.
[[nodiscard]] result<void> split_csv_line(std::string_view line, std::vector<std::string>& cells);

// Which column, or which constant, fills which field of a record.
class csv_importer {
public:
    // `map` is "field=COLUMN" or "field==constant", separated by commas; `header` is the first line
    // of the file. A field is one of fields(), or the name of a unit of usage. Errors:
    // bad_argument, naming the field or the column.
    [[nodiscard]] static result<csv_importer> make(std::string_view map, std::string_view header);

    // "timestamp, user, ...": the fields that are no units.
    [[nodiscard]] static std::string fields();

    // Errors: bad_input, naming the column.
    template <pricing_policy Prices>
    [[nodiscard]] result<import_result> record_of(std::string_view line, Prices const& prices,
                                                  typename Prices::lookup_cache& cache);
    // For a price_book the importer has a cache of its own.
    template <pricing_policy Prices>
    [[nodiscard]] result<import_result> record_of(std::string_view line, Prices const& prices) {
        if constexpr (std::same_as<typename Prices::lookup_cache, price_lookup_cache>) {
            return record_of(line, prices, cache_);
        } else {
            typename Prices::lookup_cache cache;
            return record_of(line, prices, cache);
        }
    }

private:
    enum class field : std::uint8_t {
        timestamp,
        user,
        project,
        key,
        provider,
        model,
        operation_id,
        request_id,
        status,
        error,
        finish_reason,
        duration_ms,
        ttft_ms,
        cost_usd,
        path
    };
    // In the order of the enumeration.
    static constexpr std::array<std::string_view, 15> field_names{
        "timestamp",     "user",         "project",    "key",      "provider",
        "model",         "operation_id", "request_id", "status",   "error",
        "finish_reason", "duration_ms",  "ttft_ms",    "cost_usd", "path"};
    struct source {
        field to{};
        std::optional<unit> counts{};  // set where the field is a unit
        std::size_t column = 0;
        std::optional<std::string> constant{};
        std::string name{};
    };

    [[nodiscard]] result<void> read_row(record& entry, attempt_facts& facts, std::string_view line);
    [[nodiscard]] static result<void> fill(record& entry, attempt_facts& facts, source const& from,
                                           std::string const& text);

    std::vector<source> sources_{};
    std::size_t columns_ = 0;
    std::vector<std::string> cells_{};  // scratch
    price_lookup_cache cache_{};
};

template <pricing_policy Prices>
result<import_result> csv_importer::record_of(std::string_view line, Prices const& prices,
                                              typename Prices::lookup_cache& cache) {
    import_result made;
    record& entry = made.entry;
    attempt_facts facts;
    if (auto const read = read_row(entry, facts, line); !read) return read.error();
    if (facts.usage.empty()) {
        entry.cost_status = entry.failed() ? cost_status::no_charge : cost_status::unknown;
        if (!entry.failed()) made.problem = fail(errc::no_usage, "the row counts nothing");
    } else {
        made.problem = set_cost(entry, facts, prices, cache);
    }
    return made;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/import.ipp>
#endif

#endif  // AIAUDIT_IMPORT_HPP
