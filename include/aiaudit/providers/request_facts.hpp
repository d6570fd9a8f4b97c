// SPDX-License-Identifier: MIT
//
// request_facts.hpp: what the body of a request asks that drives the cost of its attempts.
//
// It is the same for all of them, so it is read once, where the body is parsed anyway.
// Threads: pure functions.
// Floor 4.
#ifndef AIAUDIT_PROVIDERS_REQUEST_FACTS_HPP
#define AIAUDIT_PROVIDERS_REQUEST_FACTS_HPP

#include <aiaudit/core/call.hpp>                 // request_parameters
#include <aiaudit/providers/picture_tokens.hpp>  // picture_wish
#include <aiaudit/providers/usage_bounds.hpp>    // request_shape

#include <boost/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

struct request_facts {
    std::string model{};
    request_parameters parameters{};
    std::string service_tier{};  // as it names it; empty where the account's default is asked for
    std::string region{};        // Anthropic's: where the model is to run
    std::string speed{};         // Anthropic's
    std::optional<std::uint64_t> thinking_tokens{};  // the most of its output that is thought
    // It has OpenAI's newer word for a limit, max_completion_tokens, and not the older.
    bool newer_limit_alone = false;
    bool background = false;  // it goes on without its connection
    bool may_think = true;    // unasked, or unseen
    request_shape shape{};
    picture_wish picture{};  // where it asks the images API for some
};

// Nothing of it is an error: the provider judges the request, and read_strictly() its form.
[[nodiscard]] request_facts facts_of_request(boost::json::value const& body);
// Of one to that API: what is another API's word there says nothing.
[[nodiscard]] request_facts facts_of_request(boost::json::value const& body, dialect which);
// Of one that is no JSON: none.
[[nodiscard]] request_facts facts_of_request(std::string_view body);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/providers/request_facts.ipp>
#endif

#endif  // AIAUDIT_PROVIDERS_REQUEST_FACTS_HPP
