// SPDX-License-Identifier: MIT
//
// reading.hpp: what an exchange says about its attempt.
//
// Threads: pure functions.
// Floor 4.
#ifndef AIAUDIT_PROVIDERS_READING_HPP
#define AIAUDIT_PROVIDERS_READING_HPP

#include <aiaudit/core/call.hpp>           // attempt_facts
#include <aiaudit/error.hpp>               // error
#include <aiaudit/providers/exchange.hpp>  // exchange

#include <optional>

namespace aiaudit {
inline namespace v0_1_0 {

// Which terms of its price an answer tells, be they the standard ones.
struct terms_told {
    bool tier = false;
    bool region = false;
    bool speed = false;
};

// The facts, as far as they go, and what keeps them from being billed. A failed attempt is recorded
// like any other, so the facts are there even where there is a problem.
struct reading {
    attempt_facts facts{};
    std::optional<error> problem{};
    terms_told told{};
};

// Reads a whole exchange; the facts are there even where there is a problem. Who calls it without
// AIAUDIT_SEPARATE includes reader.hpp, which defines it.
[[nodiscard]] reading describe_exchange(exchange const& from);

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_PROVIDERS_READING_HPP
