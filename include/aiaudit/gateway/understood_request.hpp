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
#include <aiaudit/gateway/router.hpp>              // route
#include <aiaudit/providers/deciding_members.hpp>  // read_strictly
#include <aiaudit/providers/json_fields.hpp>       // parse_json

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/value.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

struct understood_request {
    std::shared_ptr<gateway_key const> key{};
    call_options who{};
    route to{};
    raw_request raw{};
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
    if (strict.ambiguous && made.raw.facts.shape.bounded) {
        made.raw.facts.shape.bounded = false;
        made.raw.facts.shape.outside = "a name that stands twice";
    }
    return std::nullopt;
}

// `request` outlives what is made of it. A problem: it is refused, and this is why.
template <class Core>
[[nodiscard]] std::optional<gateway_problem> understand(Core& core, gateway_request const& request,
                                                        understood_request& made) {
    if (auto problem = identify(core, request, made)) return problem;
    boost::json::monotonic_resource memory;
    boost::json::value body(boost::json::storage_ptr{&memory});
    if (request.method == "POST") {
        auto parsed = parse_json(request.body, "the body", &memory);
        if (!parsed) return problem_of(parsed.error(), {});
        if (!parsed->is_object())
            return problem_of(fail(errc::bad_json, "the body is not a JSON object"), {});
        body = std::move(*parsed);
    }
    auto found =
        core.routes.find(request.method, request.target, text_at(&body, "model"), request.headers);
    if (!found) return problem_of(found.error(), {});
    made.to = std::move(*found);
    auto const& entry = core.routes.upstreams()[made.to.upstream].entry;
    auto point = point_of(made.to, entry, made.to.path);
    if (!point) return problem_of(point.error(), {});
    made.raw.point = std::move(*point);
    if (request.method == "POST") {
        if (auto problem = read_body(core, request, body, made)) return problem;
    }
    made.raw.model_in_path = !made.raw.point.model.empty();
    made.raw.model = made.raw.model_in_path ? made.raw.point.model : made.raw.facts.model;
    made.raw.stream = made.raw.point.stream || made.raw.facts.parameters.stream;
    made.raw.body = request.body;
    if (auto fit = check_client_name("a model", made.raw.model); !fit)
        return problem_of(fit.error(), {});
    if (!made.raw.model.empty() && !may_use(*made.key, made.raw.model)) {
        core.metrics.refused("model");
        return model_refused_problem(made.raw.model);
    }
    auto who = caller_of(request, *made.key, body);
    if (!who) return problem_of(who.error(), {});
    made.who = std::move(*who);
    return std::nullopt;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_GATEWAY_UNDERSTOOD_REQUEST_HPP
