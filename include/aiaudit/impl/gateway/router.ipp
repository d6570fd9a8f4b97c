// SPDX-License-Identifier: MIT
//
// router.ipp: the definitions of router.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_ROUTER_IPP
#define AIAUDIT_IMPL_GATEWAY_ROUTER_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/gateway/router.hpp>
#include <aiaudit/gateway/stored_object.hpp>  // stored_path_of

#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Whether two servers read the path alike: no segment is empty, "." or "..", also in escapes, and
// nothing in it is an escape twice over.
AIAUDIT_INLINE bool is_clean_path(std::string_view path) {
    if (!path.starts_with('/')) return false;
    std::string const decoded = percent_decoded(path);
    if (decoded.find_first_of("%\\#? ") != std::string::npos ||
        std::any_of(decoded.begin(), decoded.end(), is_control_byte))
        return false;
    std::string_view rest = std::string_view(decoded).substr(1);
    for (;;) {
        std::string_view const segment = rest.substr(0, rest.find('/'));
        if (segment.empty() || segment == "." || segment == "..") return false;
        if (segment.size() == rest.size()) return true;
        rest.remove_prefix(segment.size() + 1);
    }
}

AIAUDIT_INLINE std::string without_keys(std::string_view query) {
    std::string kept;
    for_each_parameter(query, [&kept](std::string_view parameter) {
        if (parameter.empty() || is_key_parameter(parameter)) return true;
        kept.append(kept.empty() ? "?" : "&").append(parameter);
        return true;
    });
    return kept;
}

// Whose API a path without its version is of. A list of models looks the same in two of them, and
// only the headers tell.
AIAUDIT_INLINE api_family family_of_path(versioned_path const& path, header_list const& headers) {
    if (is_gemini_call(path.rest)) return api_family::gemini;
    if (after(path.rest, "/openai")) return api_family::openai;
    if (path.google) return api_family::gemini;
    if (is_anthropic_call(path.rest)) return api_family::anthropic;
    if (path.rest == "/models" || path.rest.starts_with("/models/")) {
        if (!header_of(headers, "anthropic-version").empty()) return api_family::anthropic;
        if (!header_of(headers, "x-goog-api-key").empty()) return api_family::gemini;
    }
    return api_family::openai;
}

AIAUDIT_INLINE std::optional<path_meaning> meaning_of_get(std::string_view method,
                                                          std::string_view path) {
    constexpr std::string_view models = "/models/";
    if (path == "/models" && method == "GET") return path_meaning{};
    if (path.starts_with(models) && method == "GET" && !is_gemini_call(path))
        return path_meaning{percent_decoded(path.substr(models.size())), false};
    return std::nullopt;
}

AIAUDIT_INLINE std::optional<path_meaning> meaning_of(std::string_view method,
                                                      std::string_view path) {
    // A stored answer was paid for when it was made.
    if (stored_path_of(method, path)) return path_meaning{};
    if (method == "GET" || method == "DELETE") return meaning_of_get(method, path);
    if (method != "POST") return std::nullopt;
    auto const point = endpoint_of({}, path);
    if (!point) return std::nullopt;
    if (point->dialect == dialect::gemini) {
        // Where the model is not to be found, no key and no budget can hold it.
        if (point->model.empty()) return std::nullopt;
        return path_meaning{point->model, point->billable};
    }
    std::string_view call = path;
    if (auto const deployed = after(path, "/deployments")) {  // Azure
        auto const slash = deployed->find('/', 1);
        if (slash == std::string_view::npos) return std::nullopt;
        call = deployed->substr(slash);
    }
    bool const known = call != "/models" &&
                       std::any_of(path_rules.begin(), path_rules.end(),
                                   [call](path_rule const& rule) { return rule.ending == call; });
    if (!known) return std::nullopt;
    return path_meaning{point->model, point->billable};
}

AIAUDIT_INLINE result<endpoint> point_of(route const& of, provider_entry const& at,
                                         std::string_view path) {
    auto point = endpoint_of(at.name, path);
    if (of.billable) return point;
    endpoint free = point ? std::move(*point) : endpoint{};
    free.billable = false;
    return free;
}

// The parts of a path as they are usually written: without empty ones, in small letters but for a
// model's name, in the plural. None where it holds what no address has by mistake.
AIAUDIT_INLINE std::vector<std::string> usual_segments(std::string_view path) {
    constexpr std::size_t longest = 256;
    constexpr std::array<std::string_view, 5> plurals{"completions", "messages", "responses",
                                                      "embeddings", "models"};
    std::vector<std::string> segments;
    bool const plain = path.size() <= longest && path.starts_with('/') &&
                       std::all_of(path.begin(), path.end(), [](char c) {
                           return is_letter_or_digit(c) ||
                                  std::string_view("/-_.:~").find(c) != std::string_view::npos;
                       });
    while (plain && !path.empty()) {
        path.remove_prefix(1);
        std::string segment(path.substr(0, path.find('/')));
        path.remove_prefix(segment.size());
        if (segment == "." || segment == "..") return {};
        if (segment.empty()) continue;
        if (segments.empty() || segments.back() != "models") segment = lower_case(segment);
        for (std::string_view const each : plurals) {
            if (segment == each.substr(0, each.size() - 1)) segment = each;
        }
        segments.push_back(std::move(segment));
    }
    return segments;
}

}  // namespace detail

AIAUDIT_INLINE std::string router::meant_path(std::string_view method,
                                              std::string_view path) const {
    auto const segments = detail::usual_segments(path);
    bool const has_name = segments.size() > 1 && named(segments.front());
    for (std::size_t first = has_name ? 1 : 0; first < segments.size(); ++first) {
        if (segments[first].starts_with("v1")) continue;
        std::string rest;
        for (std::size_t i = first; i < segments.size(); ++i) rest += "/" + segments[i];
        bool const google = detail::is_gemini_call(rest);
        if (google ? !rest.starts_with("/models/") : !detail::meaning_of(method, rest)) continue;
        std::string meant = has_name ? "/" + segments.front() : std::string{};
        meant += (google ? "/v1beta" : "/v1") + rest;
        return meant == path ? std::string{} : meant;
    }
    return {};
}

AIAUDIT_INLINE result<router> router::make(std::vector<gateway_upstream> upstreams) {
    if (upstreams.empty()) return fail(errc::bad_argument, "the gateway has no upstream");
    router made;
    made.upstreams_ = std::move(upstreams);
    for (gateway_upstream const& each : made.upstreams_) {
        if (auto const fit = made.validate(each); !fit) return fit.error();
    }
    for (gateway_upstream const& each : made.upstreams_) {
        auto fallbacks = made.fallbacks_of(each);
        if (!fallbacks) return fallbacks.error();
        made.fallbacks_.push_back(std::move(*fallbacks));
    }
    return made;
}

AIAUDIT_INLINE api_family router::family_of(std::string_view target, header_list const& headers) {
    std::string_view path = detail::path_of(target);
    auto versioned = detail::without_version(path);
    if (!versioned && path.starts_with('/')) {
        auto const slash = path.find('/', 1);
        if (slash != std::string_view::npos)
            versioned = detail::without_version(path.substr(slash));
    }
    if (versioned) return detail::family_of_path(*versioned, headers);
    if (detail::is_gemini_call(path)) return api_family::gemini;
    if (path.ends_with("/messages")) return api_family::anthropic;
    return detail::family_of_path({false, "/models"}, headers);
}

AIAUDIT_INLINE result<route> router::find(std::string_view method, std::string_view target,
                                          std::string_view model,
                                          header_list const& headers) const {
    std::string_view const path = detail::path_of(target);
    std::string_view const query = detail::query_of(target);
    if (!detail::is_clean_path(path) || !detail::is_clean_query(query))
        return detail::no_route(method, target, meant_path(method, path));
    auto found = detail::without_version(path)
                     ? by_model(method, *detail::without_version(path), model, headers)
                     : by_name(method, path, model, headers);
    // An error that does not say why: there is no such path.
    if (!found && found.error().where.empty())
        return detail::no_route(method, target, meant_path(method, path));
    if (found) found->path += detail::without_keys(query);
    return found;
}

AIAUDIT_INLINE bool router::wants_model(std::string_view method, std::string_view target,
                                        header_list const& headers) const {
    return std::any_of(upstreams_.begin(), upstreams_.end(), [&](gateway_upstream const& each) {
        if (each.models.empty()) return false;
        std::string_view model = each.models.front();
        if (model.ends_with('*')) model.remove_suffix(1);
        return find(method, target, model.empty() ? "any" : model, headers).has_value();
    });
}

AIAUDIT_INLINE result<void> router::validate(gateway_upstream const& each) const {
    auto const bad = [&each](std::string const& why) {
        return fail(errc::bad_argument, "upstream '" + detail::printable(each.name) + "': " + why);
    };
    auto const& reserved = detail::reserved_segments;
    if (!detail::is_plain_name(each.name, detail::upstream_name_bytes))
        return bad("a name is 1 to 64 of A-Z a-z 0-9 _ -");
    if (std::find(reserved.begin(), reserved.end(), each.name) != reserved.end())
        return bad("that name is a path of the gateway's own");
    if (std::count_if(upstreams_.begin(), upstreams_.end(), [&each](gateway_upstream const& other) {
            return other.name == each.name;
        }) > 1)
        return bad("there are two of that name");
    std::string const& prefix = each.entry.prefix;
    if (!prefix.empty() && !detail::is_clean_path(prefix))
        return bad("a prefix is empty, or a path such as /v1");
    auto const address = check_request({.origin = each.entry.origin, .target = prefix + "/"});
    if (!address) return bad(address.error().where);
    if (std::any_of(each.key.begin(), each.key.end(), detail::is_control))
        return bad("its key holds control characters");
    for (std::string const& pattern : each.models) {
        if (!detail::is_model_pattern(pattern))
            return bad("'" + detail::printable(pattern) +
                       "' is no model, and no beginning of one with a '*' after it");
    }
    return {};
}

AIAUDIT_INLINE std::optional<std::size_t> router::named(std::string_view name) const noexcept {
    for (std::size_t i = 0; i < upstreams_.size(); ++i) {
        if (upstreams_[i].name == name) return i;
    }
    return std::nullopt;
}

AIAUDIT_INLINE result<std::vector<std::size_t>> router::fallbacks_of(
    gateway_upstream const& each) const {
    std::vector<std::size_t> places;
    for (std::string const& name : each.fallback) {
        auto const bad = [&](std::string_view why) {
            return fail(errc::bad_argument, "upstream '" + each.name + "': fallback '" +
                                                detail::printable(name) + "' " + std::string(why));
        };
        auto const place = named(name);
        if (!place) return bad("is no upstream");
        if (name == each.name) return bad("is itself");
        if (std::find(places.begin(), places.end(), *place) != places.end())
            return bad("stands twice");
        if (upstreams_[*place].entry.family != each.entry.family) return bad("has another API");
        places.push_back(*place);
    }
    return places;
}

AIAUDIT_INLINE result<route> router::by_model(std::string_view method,
                                              detail::versioned_path const& path,
                                              std::string_view model,
                                              header_list const& headers) const {
    api_family const family = detail::family_of_path(path, headers);
    // Google's own imitation of OpenAI's API: "/v1beta/openai/chat/completions".
    auto const imitated = path.google ? detail::after(path.rest, "/openai") : std::nullopt;
    auto const meant = detail::meaning_of(method, imitated.value_or(path.rest));
    if (!meant) return fail(errc::not_found);
    std::string wanted = meant->model.empty() ? std::string(model) : meant->model;
    api_family const wanted_family = path.google ? api_family::gemini : family;
    auto const place = serving(wanted_family, wanted, meant->billable);
    if (!place)
        return fail(errc::not_found, wanted.empty() ? "no upstream of the gateway has that API"
                                                    : "no upstream of the gateway serves model '" +
                                                          detail::printable(wanted) + "'");
    return route{family, *place, std::string(path.rest), std::move(wanted), meant->billable};
}

AIAUDIT_INLINE std::optional<std::size_t> router::serving(api_family family, std::string_view model,
                                                          bool billable) const {
    std::optional<std::size_t> any;      // without patterns
    std::optional<std::size_t> of_them;  // of the family
    for (std::size_t i = 0; i < upstreams_.size(); ++i) {
        gateway_upstream const& each = upstreams_[i];
        if (each.entry.family != family) continue;
        if (!model.empty() && detail::matches_any_model(each.models, model)) return i;
        if (!any && each.models.empty()) any = i;
        if (!of_them) of_them = i;
    }
    return !any && model.empty() && !billable ? of_them : any;
}

AIAUDIT_INLINE result<route> router::by_name(std::string_view method, std::string_view path,
                                             std::string_view model,
                                             header_list const& headers) const {
    std::string_view const name = path.substr(1, path.find('/', 1) - 1);
    auto const place = named(name);
    if (!place || path.size() == name.size() + 1) return fail(errc::not_found);
    provider_entry const& entry = upstreams_[*place].entry;
    path.remove_prefix(name.size() + 1);
    auto rest = entry.prefix.empty() ? std::nullopt : detail::after(path, entry.prefix);
    auto const versioned = detail::without_version(path);
    if (!rest && versioned) rest = versioned->rest;
    if (!rest) return fail(errc::not_found);
    bool const google = entry.family == api_family::gemini;
    auto const imitated = google ? detail::after(*rest, "/openai") : std::nullopt;
    auto const meant = detail::meaning_of(method, imitated.value_or(*rest));
    if (!meant) return fail(errc::not_found);
    api_family family = detail::family_of_path({google, *rest}, headers);
    if (*rest == "/models" || rest->starts_with("/models/")) family = entry.family;
    return route{family,
                 *place,
                 std::string(*rest),
                 meant->model.empty() ? std::string(model) : meant->model,
                 meant->billable,
                 true};
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_ROUTER_IPP
