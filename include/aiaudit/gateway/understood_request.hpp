// SPDX-License-Identifier: MIT
//
// understood_request.hpp: who asks, and for what: a request's key, route and body, or why it is
// refused.
//
// Threads: plain functions; the core is shared.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_UNDERSTOOD_REQUEST_HPP
#define AIAUDIT_GATEWAY_UNDERSTOOD_REQUEST_HPP

#include <aiaudit/client/raw_request.hpp>          // raw_request
#include <aiaudit/gateway/caller.hpp>              // caller_of
#include <aiaudit/gateway/error_body.hpp>          // gateway_problem
#include <aiaudit/gateway/gateway_key.hpp>         // may_use
#include <aiaudit/gateway/http_messages.hpp>       // gateway_request
#include <aiaudit/gateway/named_models.hpp>        // check_models
#include <aiaudit/gateway/router.hpp>              // route
#include <aiaudit/gateway/stored_object.hpp>       // stored_path_of
#include <aiaudit/providers/deciding_members.hpp>  // read_strictly
#include <aiaudit/providers/json_fields.hpp>       // parse_json

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/value.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

struct understood_request {
    std::shared_ptr<gateway_key const> key{};
    call_options who{};
    route to{};
    raw_request raw{};
    std::optional<stored_path> stored{};     // what it asks for, at a provider's store
    std::vector<stored_reference> refers{};  // what its body goes on from
    // Whether it came without a key of the gateway's.
    [[nodiscard]] bool is_nobodys() const noexcept { return key->id.empty(); }
};

// Finds the key that a request comes with. A problem: it opens nothing.
template <class Core>
[[nodiscard]] std::optional<gateway_problem> identify(Core& core, gateway_request const& request,
                                                      understood_request& made) {
    static auto const nobody = std::make_shared<gateway_key const>([] {
        gateway_key key;
        key.names_users = true;
        return key;
    }());
    made.key = nobody;
    if (!core.keys) return std::nullopt;
    std::string const secret = secret_in(request.headers, request.target);
    if (!secret.empty()) made.key = core.keys->find(secret);
    if (made.key && made.key != nobody) return std::nullopt;
    if (!core.options.keys_required) {
        made.key = nobody;
        return std::nullopt;
    }
    core.metrics.refused("unauthorised");
    return secret.empty() ? missing_key_problem(header_of(request.headers, "authorization"))
                          : wrong_key_problem();
}

// Reads what decides in a body. A problem: it cannot be read in one way alone.
template <class Core>
[[nodiscard]] std::optional<gateway_problem> read_body(Core& core, gateway_request const& request,
                                                       boost::json::value const& body,
                                                       understood_request& made) {
    auto const strict = read_strictly(request.body, made.raw.point.dialect);
    if (!strict.fault.empty()) {
        core.metrics.refused("member");
        return member_problem(strict.member, strict.fault);
    }
    made.raw.facts = facts_of_request(body, made.raw.point.dialect);
    if (!strict.ambiguous) return std::nullopt;
    request_shape& shape = made.raw.facts.shape;
    shape.rates = all_rate_words;
    if (std::exchange(shape.bounded, false)) shape.outside = "a name that stands twice";
    return std::nullopt;
}

// The body as JSON; null where there is none. Errors: bad_json.
[[nodiscard]] inline result<boost::json::value> json_body(gateway_request const& request,
                                                          boost::json::storage_ptr memory) {
    if (request.method != "POST" || request.body.empty())
        return boost::json::value(std::move(memory));
    auto parsed = parse_json(request.body, "the body", memory);
    if (parsed && !parsed->is_object())
        return fail(errc::bad_json, "the body is not a JSON object");
    return parsed;
}

// The models that a request names, against those of its key.
template <class Core>
[[nodiscard]] std::optional<gateway_problem> check_rights(Core& core,
                                                          gateway_request const& request,
                                                          boost::json::value const& body,
                                                          understood_request const& made) {
    bool const posts = request.method == "POST";
    std::string_view const in_path = posts ? made.raw.point.model : made.to.model;
    auto problem = check_models(*made.key, {request, body, in_path, posts && !made.stored});
    if (problem) core.metrics.refused("model");
    return problem;
}

// `request` outlives what is made of it. A problem: it is refused, and this is why.
template <class Core>
[[nodiscard]] std::optional<gateway_problem> understand(Core& core, gateway_request const& request,
                                                        understood_request& made) {
    if (auto problem = identify(core, request, made)) return problem;
    boost::json::monotonic_resource memory;
    auto const parsed = json_body(request, &memory);
    if (!parsed) return problem_of(parsed.error(), {});
    boost::json::value const& body = *parsed;
    auto found =
        core.routes.find(request.method, request.target, text_at(&body, "model"), request.headers);
    if (!found) {
        // Where models have upstreams of their own, none has one that is not named.
        bool const names_none = request.method == "POST" && text_at(&body, "model").empty();
        if (!names_none || !has_model_list(*made.key) ||
            !core.routes.wants_model(request.method, request.target, request.headers))
            return problem_of(found.error(), {});
        core.metrics.refused("model");
        return missing_model_problem();
    }
    made.to = std::move(*found);
    auto const& entry = core.routes.upstreams()[made.to.upstream].entry;
    auto point = point_of(made.to, entry, made.to.path);
    if (!point) return problem_of(point.error(), {});
    made.raw.point = std::move(*point);
    std::string_view const path = path_of(made.to.path);
    // Google's imitation of OpenAI's API.
    made.stored = stored_path_of(request.method, after(path, "/openai").value_or(path));
    if (request.method == "POST") {
        // Only what does something to what is stored needs none.
        if (body.is_null() && !made.stored)
            return problem_of(fail(errc::bad_json, "the body is empty"), {});
        if (auto problem = read_body(core, request, body, made)) return problem;
    }
    made.raw.model_in_path = !made.raw.point.model.empty();
    made.raw.model = made.raw.model_in_path ? made.raw.point.model : made.raw.facts.model;
    made.raw.stream = made.raw.point.stream || made.raw.facts.parameters.stream;
    made.raw.body = request.body;
    if (auto fit = check_client_name("a model", made.raw.model); !fit)
        return problem_of(fit.error(), {});
    if (auto problem = check_rights(core, request, body, made)) return problem;
    made.refers = references_of(body, made.raw.point.dialect);
    auto who = caller_of(request, *made.key, body);
    if (!who) return problem_of(who.error(), {});
    made.who = std::move(*who);
    return std::nullopt;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_GATEWAY_UNDERSTOOD_REQUEST_HPP
