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
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v1 {

// Stored in records: a number is never changed or used again.
enum class record_kind : std::uint8_t {
    intent = 1,   // an attempt is about to be made
    outcome = 2,  // an attempt has ended
};

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

struct record {
    record_kind kind = record_kind::outcome;

    // Who. Names as the caller knows them; the key is named, never given.
    std::string user{};
    std::string project{};
    std::string key_id{};

    // What.
    std::string provider{};
    std::string model_requested{};
    std::string model_served{};  // empty where the provider did not say
    aiaudit::operation operation = aiaudit::operation::chat;
    std::string path{};
    request_parameters parameters{};
    std::string service_tier{};
    std::string region{};
    std::string speed{};

    // When.
    timestamp started_at{};
    std::optional<std::uint64_t> duration_ns{};             // of the attempt
    std::optional<std::uint64_t> time_to_first_token_ns{};  // streams

    // How it ended.
    std::uint16_t http_status = 0;  // 0: no answer came
    std::string finish_reason{};
    std::string error_type{};  // a machine-readable code; empty where it succeeded
    bool complete = true;      // false for a stream that was cut

    // How much.
    aiaudit::usage usage{};
    std::vector<iteration> iterations{};
    aiaudit::cost_status cost_status = aiaudit::cost_status::unknown;
    money cost{};                          // zero where cost_status says it is not known
    std::optional<money> provider_cost{};  // what the provider said it charges
    std::string price_entry{};             // the entry of the price book
    digest price_book{};                   // the revision of the price book; zero for none

    // By what it is found.
    aiaudit::operation_id operation_id{};
    std::uint32_t attempt = 1;  // 1 for the first attempt of the call
    std::string provider_request_id{};
    aiaudit::trace_id trace_id{};
    std::vector<std::pair<std::string, std::string>> tags{};

    [[nodiscard]] bool failed() const noexcept { return !error_type.empty() || http_status >= 400; }
    // The model that is billed and reported by.
    [[nodiscard]] std::string const& model() const noexcept {
        return model_served.empty() ? model_requested : model_served;
    }

    friend bool operator==(record const&, record const&) = default;
};

}  // namespace v1
}  // namespace aiaudit

#endif  // AIAUDIT_CORE_RECORD_HPP
