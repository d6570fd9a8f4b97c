// SPDX-License-Identifier: MIT
//
// named_models.hpp: every model that a request may have a provider run, and whether its key may use
// them all.
//
// A key with a list of models is worth as much as the list of places where an API lets its caller
// name one: the body's "model", the path, the query, a header, "models" and "fallbacks" of routers,
// their presets, tools that run a model of their own. A key that has a list names one model, in the
// place that the API has for it; whatever else is named is in the list too.
// Threads: pure functions.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_NAMED_MODELS_HPP
#define AIAUDIT_GATEWAY_NAMED_MODELS_HPP

#include <aiaudit/gateway/error_body.hpp>     // gateway_problem
#include <aiaudit/gateway/gateway_key.hpp>    // gateway_key
#include <aiaudit/gateway/http_messages.hpp>  // gateway_request

#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// What of a request is known when its models are looked at.
struct model_question {
    gateway_request const& request;
    boost::json::value const& body;  // an object, or null where there is none
    std::string_view model_in_path{};
    bool needs_model = false;  // it has a model run, or would
};

// "models/gemini-2.5-pro" is "gemini-2.5-pro".
[[nodiscard]] constexpr std::string_view without_collection(std::string_view model) noexcept {
    constexpr std::string_view collection = "models/";
    return model.starts_with(collection) ? model.substr(collection.size()) : model;
}

[[nodiscard]] gateway_problem missing_model_problem();

// A problem, 403 model_not_allowed: the key may not use what is named, or must name what is not.
// A key without a list may use whatever is named.
[[nodiscard]] std::optional<gateway_problem> check_models(gateway_key const& key,
                                                          model_question const& of);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/named_models.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_NAMED_MODELS_HPP
