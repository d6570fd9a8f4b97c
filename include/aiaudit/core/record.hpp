// SPDX-License-Identifier: MIT
//
// record.hpp: one immutable entry of the log, with all that an auditor asks: who, what, when, how
// much, how it ended.
//
// Threads: plain values.
// Floor 2.
#ifndef AIAUDIT_CORE_RECORD_HPP
#define AIAUDIT_CORE_RECORD_HPP

#include <aiaudit/core/call.hpp>    // operation, request_parameters, iteration
#include <aiaudit/core/digest.hpp>  // digest
#include <aiaudit/core/ids.hpp>     // operation_id, trace_id

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// Stored in records: a number is never changed or used again.
enum class record_kind : std::uint8_t {
    // An attempt is about to be made. Its cost is what it may cost at the most, its duration the
    // time it is given.
    intent = 1,
    outcome = 2,  // an attempt has ended
    // Of the ledger itself: whole segments were dropped. The tags say which records, by what
    // policy.
    retention = 3,
    // Of the client itself: the circuit to a provider's model opened or closed. The tags say from
    // what to what, and after how many failures.
    circuit = 4,
    // Of the ledger itself: a budget was set or removed (budget/budget.hpp).
    budget = 5,
    // An attempt that a budget did not let through: nothing was sent. The tags say which and why.
    refusal = 6,
    // An alert was raised, taken by who is to deliver it, or delivered (core/alert.hpp).
    alert = 7,
    // Of the ledger itself: what records of a day cost by another price book, beside what they say.
    correction = 8,
    // Of the ledger itself: another price book is in use from now on.
    prices = 9,
    // Of the ledger itself: a key of the gateway was made, changed, rotated or revoked
    // (gateway/key_log.hpp). The tags say what, who did it, and what the file of keys was then.
    key = 10,
    // Of the gateway: what a provider keeps (a stored answer, a conversation) was made, changed,
    // cancelled or deleted at no cost. The tag "change" says which of these.
    storage = 11,
};

[[nodiscard]] constexpr std::string_view name_of(record_kind kind) noexcept {
    switch (kind) {
    case record_kind::intent: return "intent";
    case record_kind::outcome: return "outcome";
    case record_kind::retention: return "retention";
    case record_kind::circuit: return "circuit";
    case record_kind::budget: return "budget";
    case record_kind::refusal: return "refusal";
    case record_kind::alert: return "alert";
    case record_kind::correction: return "correction";
    case record_kind::prices: return "prices";
    case record_kind::key: return "key";
    case record_kind::storage: return "storage";
    }
    return "unknown";
}

// Whether and how the cost was found. Stored in records.
enum class cost_status : std::uint8_t {
    priced = 0,     // usage as reported, priced by the book
    estimated = 1,  // usage not reported in full: the cost is an upper bound
    unpriced = 2,   // no price for the model or something it counted: unknown, never zero
    no_charge = 3,  // nothing was billed (the provider refused, or the answer came from a cache)
    unknown = 4,    // the usage is not known, so neither is the cost
    // The book has no rate for something it counted, or none for its tier, region or speed: that
    // was left out or charged at the standard rate.
    partial = 5,
};

[[nodiscard]] constexpr std::string_view name_of(cost_status status) noexcept {
    switch (status) {
    case cost_status::priced: return "priced";
    case cost_status::estimated: return "estimated";
    case cost_status::unpriced: return "unpriced";
    case cost_status::no_charge: return "no_charge";
    case cost_status::unknown: return "unknown";
    case cost_status::partial: return "partial";
    }
    return "unknown";
}

// How sure the price is. Stored in records.
enum class price_basis : std::uint8_t {
    listed = 0,    // the price book lists the model, and was current when the call began
    assumed = 1,   // found by a prefix, or by an edition ("-latest") that the book does not list
    stale = 2,     // the book is more than 45 days older than the call
    provider = 3,  // no price: the provider's own charge is the cost
};

[[nodiscard]] constexpr std::string_view name_of(price_basis basis) noexcept {
    switch (basis) {
    case price_basis::listed: return "listed";
    case price_basis::assumed: return "assumed";
    case price_basis::stale: return "stale";
    case price_basis::provider: return "provider";
    }
    return "unknown";
}

template <class String>
struct basic_record {
    record_kind kind = record_kind::outcome;

    // Who. Names as the caller knows them; the key is named, never given.
    String user{};
    String project{};
    String key_id{};

    // What.
    String provider{};
    String model_requested{};
    String model_served{};  // empty where the provider did not say
    aiaudit::operation operation = aiaudit::operation::chat;
    String path{};
    request_parameters parameters{};
    String service_tier{};
    String region{};
    String speed{};

    // When.
    timestamp started_at{};
    std::optional<std::uint64_t> duration_ns{};             // of the attempt
    std::optional<std::uint64_t> time_to_first_token_ns{};  // streams

    // How it ended.
    std::uint16_t http_status = 0;  // 0: no answer came
    String finish_reason{};
    String error_type{};   // a machine-readable code; empty where it succeeded
    bool complete = true;  // false for a stream that was cut

    // How much.
    aiaudit::usage usage{};
    std::vector<basic_iteration<String>> iterations{};
    aiaudit::cost_status cost_status = aiaudit::cost_status::unknown;
    money cost{};                          // zero where cost_status says it is not known
    std::optional<money> cost_low{};       // where `cost` is an upper bound: the least it may be
    std::optional<money> saved{};          // what an answer from the cache would have cost
    std::optional<money> provider_cost{};  // what the provider said it charges; it is the cost then
    // The part of provider_cost that another company charges to the caller's own key there.
    std::optional<money> upstream_cost{};
    std::optional<money> computed_cost{};  // by the price book, where provider_cost is the cost
    String price_entry{};                  // the entry of the price book
    digest price_book{};                   // the revision of the price book; zero for none
    aiaudit::price_basis price_basis = aiaudit::price_basis::listed;
    // Counts above zero that no rule reads, or that cannot be right, by their paths, separated by
    // spaces. Bounds: 300 bytes.
    String unread{};

    // By what it is found.
    aiaudit::operation_id operation_id{};
    std::uint32_t attempt = 1;  // 1 for the first attempt of the call
    String provider_request_id{};
    aiaudit::trace_id trace_id{};
    std::vector<std::pair<String, String>> tags{};

    [[nodiscard]] bool failed() const noexcept { return !error_type.empty() || http_status >= 400; }
    // The model that is billed and reported by.
    [[nodiscard]] String const& model() const noexcept {
        return model_served.empty() ? model_requested : model_served;
    }

    friend bool operator==(basic_record const&, basic_record const&) = default;
};

using record = basic_record<std::string>;
// A record whose texts lie in bytes that belong to somebody else, and die with them.
using record_view = basic_record<std::string_view>;

namespace detail {

// A record_view as a parameter beside a record: braces make a record, and no other call is
// ambiguous.
class record_view_argument {
public:
    record_view_argument(record_view const& entry) noexcept : entry_(&entry) {}  // NOLINT: implicit
    [[nodiscard]] record_view const& entry() const noexcept { return *entry_; }

private:
    record_view const* entry_;
};

// The value of the first tag of that name; empty where there is none. `entry` is a record, or a
// view of one with the same members.
template <class Record>
[[nodiscard]] std::string_view tag_of(Record const& entry, std::string_view name) noexcept {
    for (auto const& [key, value] : entry.tags) {
        if (std::string_view(key) == name) return value;
    }
    return {};
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_CORE_RECORD_HPP
