// SPDX-License-Identifier: MIT
//
// stored_object.hpp: what of a provider's store a request is about: answers, conversations.
//
// Providers keep answers and conversations for whoever has their key, and the gateway's clients all
// have the same one. So each of them is told apart here, and who made which: answer_index.hpp.
// Threads: pure functions.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_STORED_OBJECT_HPP
#define AIAUDIT_GATEWAY_STORED_OBJECT_HPP

#include <aiaudit/gateway/error_body.hpp>  // gateway_problem
#include <aiaudit/providers/dialect.hpp>   // dialect

#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

inline constexpr std::size_t stored_id_bytes = 256;  // as records have them

// What a request does to an object that a provider keeps.
enum class storage_change : std::uint8_t { none, create, change, cancel, remove };

// The word in a record's tag "change".
[[nodiscard]] constexpr std::string_view name_of(storage_change change) noexcept {
    switch (change) {
    case storage_change::none: return "";
    case storage_change::create: return "create";
    case storage_change::change: return "change";
    case storage_change::cancel: return "cancel";
    case storage_change::remove: return "delete";
    }
    return "";
}

// What a path without version and prefix says: "/responses/resp_1/cancel".
struct stored_path {
    std::string kind{};  // "response", "conversation", "interaction"
    std::string id{};    // empty: one is made
    storage_change change = storage_change::none;
};
// Nothing for a path that is not of an API's store, or whose method it does not have.
[[nodiscard]] std::optional<stored_path> stored_path_of(std::string_view method,
                                                        std::string_view path);

// An object that a body goes on from: "previous_response_id".
struct stored_reference {
    std::string kind{};
    std::string id{};
    std::string member{};
};
[[nodiscard]] std::vector<stored_reference> references_of(boost::json::value const& body,
                                                          dialect which);

// Whether an answer of that API is kept by the provider, so that somebody may ask for it by its id.
[[nodiscard]] constexpr bool keeps_answers(dialect which) noexcept {
    return which == dialect::openai_responses || which == dialect::gemini_interactions;
}

// There is none, or it is somebody else's: nobody learns which.
[[nodiscard]] gateway_problem no_object_problem(stored_reference const& of);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/stored_object.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_STORED_OBJECT_HPP
