// SPDX-License-Identifier: MIT
//
// answer.hpp: what a model said, in one form for all APIs, and the pieces it comes in.
//
// All of it is the provider's text: untrusted, and never stored by default.
// Threads: plain values.
// Floor 4.
#ifndef AIAUDIT_PROVIDERS_ANSWER_HPP
#define AIAUDIT_PROVIDERS_ANSWER_HPP

#include <cstddef>
#include <string>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// A function that the model wants the caller to run. Tools that the provider runs itself are not
// among them.
struct tool_call {
    // What the result refers to; the name, where the provider gives no id.
    std::string id{};
    std::string name{};
    // An object as JSON text, as the provider wrote it; a model may write JSON that does not parse.
    std::string arguments_json{};
    std::string signature{};  // Gemini's, which wants it back with the call

    friend bool operator==(tool_call const&, tool_call const&) = default;
};

struct answer {
    std::string text{};
    std::string reasoning{};  // thoughts, or a summary of them, where the provider shows any
    std::vector<tool_call> tool_calls{};
    std::string finish_reason{};  // the provider's word: "stop", "end_turn", "MAX_TOKENS"
    std::string refusal{};        // why the model declined, where the provider says so apart
    std::string model{};          // that served it
    bool truncated = false;       // over answer_bytes_max or tool_calls_max: the rest was dropped

    friend bool operator==(answer const&, answer const&) = default;
};

// A piece of a call. Pieces of one index belong together; their arguments follow each other, while
// id and name come once.
struct tool_call_piece {
    std::size_t index = 0;  // in answer::tool_calls
    std::string id{};
    std::string name{};
    std::string arguments_json{};
};

// What one document of a stream adds to the answer.
struct answer_delta {
    std::string text{};
    std::string reasoning{};
    std::string refusal{};
    std::vector<tool_call_piece> tool_calls{};

    [[nodiscard]] bool empty() const noexcept {
        return text.empty() && reasoning.empty() && refusal.empty() && tool_calls.empty();
    }
};

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_PROVIDERS_ANSWER_HPP
