// SPDX-License-Identifier: MIT
//
// call.hpp: what one HTTP exchange with an AI API says about itself, once a dialect has read it.
//
// It is the seam between the rooms of floor 4: dialects fill it, the price book and the ledger read
// it.
// Threads: plain values.
// Floor 2.
#ifndef AIAUDIT_CORE_CALL_HPP
#define AIAUDIT_CORE_CALL_HPP

#include <aiaudit/core/money.hpp>  // money
#include <aiaudit/core/usage.hpp>  // usage

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// What was asked for. Stored in records: a number is never changed or used again.
enum class operation : std::uint8_t {
    other = 0,
    chat = 1,       // a conversation, whatever the API calls it
    responses = 2,  // OpenAI's Responses API
    embeddings = 3,
    count_tokens = 4,  // costs nothing
    images = 5,
    audio = 6,
    rerank = 7,
};

[[nodiscard]] constexpr std::string_view name_of(operation what) noexcept {
    switch (what) {
    case operation::other: return "other";
    case operation::chat: return "chat";
    case operation::responses: return "responses";
    case operation::embeddings: return "embeddings";
    case operation::count_tokens: return "count_tokens";
    case operation::images: return "images";
    case operation::audio: return "audio";
    case operation::rerank: return "rerank";
    }
    return "other";
}

// What the request asked that drives the cost.
struct request_parameters {
    std::optional<std::uint64_t> max_output_tokens{};
    std::optional<std::uint32_t> choices{};  // how many answers ("n")
    bool stream = false;
    bool batch = false;

    friend bool operator==(request_parameters const&, request_parameters const&) = default;
};

// One billed model run that the provider reports inside an attempt. String is std::string, or
// std::string_view where the text belongs to somebody else.
template <class String>
struct basic_iteration {
    String kind{};  // the provider's word: "message", "compaction", "advisor_message"
    String model{};
    aiaudit::usage usage{};

    friend bool operator==(basic_iteration const&, basic_iteration const&) = default;
};
using iteration = basic_iteration<std::string>;

// What one exchange says. Text of the provider's is kept as it came, but for `error_message`, which
// is untrusted.
struct attempt_facts {
    std::string model_requested{};
    std::string model_served{};  // what the provider says it ran; billing goes by this one
    aiaudit::operation operation = operation::other;
    request_parameters parameters{};
    aiaudit::usage usage{};  // of the whole attempt, iterations included
    // Empty where the provider bills the attempt as one run; else every billed run, and `usage` is
    // their sum.
    std::vector<iteration> iterations{};
    std::string service_tier{};  // "batch", "flex", "priority"; empty for the standard tier
    std::string region{};        // where that changes the price: "us"
    std::string speed{};         // "fast"; empty for the standard speed
    std::optional<money> provider_cost{};  // what the provider says it charges, in all
    // The part of provider_cost that another company charges, to the caller's own key there; the
    // rest is the provider's fee.
    std::optional<money> upstream_cost{};
    // Counts above zero that no rule reads, or that cannot be right, by their paths, separated by
    // spaces. Bounds: 300 bytes.
    std::string unread{};
    std::string finish_reason{};
    std::string provider_request_id{};
    std::string error_type{};     // the provider's machine-readable code; empty where it succeeded
    std::string error_message{};  // the provider's words, untrusted, never stored by default
    bool complete = true;         // false for a stream that ended before its end
    // The response has an answer, but no count (or 0) of its input or its output: that count is
    // missing, and `usage` is not whole.
    bool usage_missing = false;
    bool under_way = false;  // a response in the background: whole, but not its usage yet

    friend bool operator==(attempt_facts const&, attempt_facts const&) = default;
};

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_CORE_CALL_HPP
